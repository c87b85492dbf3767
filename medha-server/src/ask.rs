//! `medha ask`: one question, one answer.

use std::io;

use medha_agents::analyst::{Answer, AnswerOutcome};
use medha_connectors::ResultSet;

use crate::audit;
use crate::choice::{Choice, choose};
use crate::cli::AskArgs;
use crate::clock;
use crate::config;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::format::{Format, csv, json_lines, markdown};
use crate::progress::Progress;
use crate::question::QuestionText;
use crate::render::answer::{Shown, View, cut_note, explanation, no_answer, notes, panels};
use crate::session::{Asked, Session};
use crate::signals::Signals;
use crate::source::Source;
use crate::terminal::{Paint, Terminal, print, tell};

/// Answers the question of the command line. Ctrl-C stops the database's work and ends it.
pub(crate) async fn ask(args: AskArgs, terminal: Terminal) -> Result<Exit, CommandError> {
    let mut signals = Signals::listen();
    tokio::select! {
        ended = converse(args, terminal) => ended,
        () = signals.next() => {
            tell("Interrupted.");
            Ok(Exit::Interrupted)
        }
    }
}

/// Asks, and asks again with what the user chose where the question could mean several things.
async fn converse(args: AskArgs, terminal: Terminal) -> Result<Exit, CommandError> {
    let started = clock::start();
    let words = args.question.clone();
    let read = tokio::task::spawn_blocking(move || QuestionText::read(&words, io::stdin())).await;
    let mut question = read.map_err(|error| CommandError::Output(io::Error::other(error)))??;
    let config = config::load(args.database.config.as_deref())?;
    let source = Source::open(&args.database, &config).await?;
    if !args.quiet {
        for remark in &source.remarks {
            tell(&terminal.paint_errors.dim(remark));
        }
    }
    let audit = audit::trail(&source)?;
    let session = Session::new(source, audit)?;
    let mut choice = None;
    let answer = loop {
        let asked = Asked {
            question: question.as_str().to_owned(),
            now: args.now,
            dry_run: args.dry_run,
            max_rows: args.max_rows.map(Into::into),
            choice: choice.take(),
            ..Asked::default()
        };
        let answer = follow(&session, asked, &args, terminal).await?;
        let AnswerOutcome::NeedsChoice(clarification) = &answer.outcome else { break answer };
        let is_conversation = terminal.can_ask && !args.events && args.format == Format::Table;
        if !is_conversation {
            break answer;
        }
        match choose(clarification.prompt.clone(), clarification.options.clone()).await {
            Choice::Option(option) => choice = Some(option),
            Choice::Other(words) => question = QuestionText::new(&words)?,
            Choice::None => return Ok(Exit::NeedsChoice),
        }
    };
    if !args.events {
        show(&session, &answer, &args, terminal)?;
    }
    if terminal.shows_progress && !args.quiet {
        tell(&terminal.paint_errors.dim(&format!("{:.1} s", started.elapsed().as_secs_f64())));
    }
    Ok(exit_of(&answer))
}

/// Runs one request and shows its events as they happen.
async fn follow(
    session: &Session,
    asked: Asked,
    args: &AskArgs,
    terminal: Terminal,
) -> Result<Answer, CommandError> {
    let mut progress = match args.quiet || args.events || !terminal.shows_progress {
        true => Progress::hidden(),
        false => Progress::on_terminal(terminal.paint_errors),
    };
    let mut unwritten = Ok(());
    let answer = session
        .ask(asked, |event| {
            progress.see(event);
            if args.events && unwritten.is_ok() {
                let line = serde_json::to_string(event).map_err(io::Error::other);
                unwritten = line.and_then(|line| print(&(line + "\n")));
            }
        })
        .await;
    unwritten.map_err(CommandError::Output)?;
    Ok(answer)
}

/// Writes the answer to standard output and what surrounds it to standard error.
fn show(session: &Session, answer: &Answer, args: &AskArgs, terminal: Terminal) -> Result<(), CommandError> {
    let results: Vec<&ResultSet> = answer.panels.iter().map(|panel| &*panel.result).collect();
    if !args.quiet {
        for note in notes(&answer.notes) {
            tell(&terminal.paint_errors.dim(&note));
        }
    }
    let explain = |paint: Paint| -> Vec<Option<String>> {
        answer
            .panels
            .iter()
            .map(|panel| {
                args.explain.then(|| {
                    explanation(&session.in_words(&panel.step.plan), &session.in_lines(&panel.sql), paint)
                })
            })
            .collect()
    };
    if args.dry_run && args.format != Format::Json {
        let words = if args.explain {
            answer.panels.iter().map(|panel| session.in_words(&panel.step.plan)).collect()
        } else {
            vec![]
        };
        print(&statements(answer, &words)).map_err(CommandError::Output)?;
    } else {
        let text = match args.format {
            Format::Table => {
                let view = View { space: terminal.width, paint: terminal.paint, charts: args.chart };
                let shown: Vec<Shown<'_>> = answer
                    .panels
                    .iter()
                    .zip(explain(terminal.paint))
                    .map(|(panel, explanation)| Shown { panel, explanation })
                    .collect();
                panels(&shown, &answer.follow_ups, view)
            }
            Format::Json => format!("{:#}\n", answer.to_json()),
            Format::Jsonl => json_lines(&results),
            Format::Csv if results.is_empty() => String::new(),
            Format::Csv => csv(&results),
            Format::Md => {
                let titled: Vec<(&str, &ResultSet)> =
                    answer.panels.iter().map(|panel| (panel.step.title.as_str(), &*panel.result)).collect();
                markdown(&titled)
            }
        };
        if args.format != Format::Table {
            // Standard output belongs to the rows; nothing is cut without a word.
            for line in explain(terminal.paint_errors).into_iter().flatten() {
                tell(line.trim_end());
            }
            for result in &results {
                if let Some(truncated) = result.truncated {
                    tell(&cut_note(result.rows.len(), truncated));
                }
            }
        }
        print(&text).map_err(CommandError::Output)?;
    }
    for line in no_answer(answer) {
        tell(&line);
    }
    Ok(())
}

/// The SQL of a dry run, as a script.
fn statements(answer: &Answer, words: &[String]) -> String {
    let mut out = String::new();
    for (index, panel) in answer.panels.iter().enumerate() {
        for line in words.get(index).into_iter().flat_map(|words| words.lines()) {
            out.push_str(&format!("-- {line}\n"));
        }
        out.push_str(&format!("{};\n", panel.sql.trim_end().trim_end_matches(';')));
    }
    out
}

fn exit_of(answer: &Answer) -> Exit {
    match answer.outcome {
        AnswerOutcome::Answered => Exit::Done,
        AnswerOutcome::NeedsChoice(_) | AnswerOutcome::Abstained(_) => Exit::NeedsChoice,
        AnswerOutcome::Refused { .. } => Exit::Refused,
        AnswerOutcome::Failed { .. } => Exit::Failed,
        AnswerOutcome::Cancelled => Exit::Interrupted,
    }
}
