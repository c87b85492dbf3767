//! `medha sql`: a statement somebody wrote, under the same guard, policy and audit record as a question.

use std::io::{self, Read as _};

use medha_connectors::{GuardedSql, ResultSet};
use serde_json::{Value as Json, json};

use crate::audit;
use crate::cli::SqlArgs;
use crate::config;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::format::{Format, csv, json as json_value, json_lines, markdown};
use crate::render::answer::cut_note;
use crate::render::table::exact_table;
use crate::render::text::harmless;
use crate::session::Session;
use crate::signals::Signals;
use crate::source::Source;
use crate::terminal::{Paint, Terminal, print, tell};

/// Runs the statement of the command line. Ctrl-C stops the database's work and ends it.
pub(crate) async fn sql(args: SqlArgs, terminal: Terminal) -> Result<Exit, CommandError> {
    let mut signals = Signals::listen();
    tokio::select! {
        ended = run(args, terminal) => ended,
        () = signals.next() => {
            tell("Interrupted.");
            Ok(Exit::Interrupted)
        }
    }
}

async fn run(args: SqlArgs, terminal: Terminal) -> Result<Exit, CommandError> {
    let words = args.statement.clone();
    let read = tokio::task::spawn_blocking(move || statement(&words)).await;
    let statement = read.map_err(io::Error::other).and_then(|read| read).map_err(CommandError::Statements)?;
    let config = config::load(args.database.config.as_deref())?;
    let source = Source::open(&args.database, &config).await?;
    let audit = audit::trail(&source)?;
    let session = Session::new(source, audit)?;
    let max_rows = args.max_rows.map(Into::into);
    let ran = session.run(&statement, max_rows).await?;
    let plan = match args.explain {
        true => Some(session.explain(&statement, max_rows).await?.1),
        false => None,
    };
    let explanation = |paint: Paint| {
        let plan = plan.as_deref()?;
        Some(explained(&session.in_lines(&ran.sent.without_salts(ran.sent.as_str())), &ran.sent, plan, paint))
    };
    let text = match args.format {
        Format::Table => {
            let before = explanation(terminal.paint).map(|text| text + "\n").unwrap_or_default();
            before + &exact_table(&ran.result, terminal.width) + &count(&ran.result)
        }
        Format::Json => format!("{:#}\n", as_json(&ran.sent, &ran.result, plan.as_deref())),
        Format::Jsonl => json_lines(&[&ran.result]),
        Format::Csv => csv(&[&ran.result]),
        Format::Md => markdown(&[("", &ran.result)]),
    };
    if args.format != Format::Table && args.format != Format::Json {
        // Standard output belongs to the rows.
        if let Some(explanation) = explanation(terminal.paint_errors) {
            tell(explanation.trim_end());
        }
    }
    print(&text).map_err(CommandError::Output)?;
    if let Some(truncated) = ran.result.truncated {
        tell(&cut_note(ran.result.rows.len(), truncated));
    }
    Ok(Exit::Done)
}

fn statement(words: &[String]) -> io::Result<String> {
    if words != ["-"] {
        return Ok(words.join(" "));
    }
    // The guard refuses what is longer, so no more of it is read.
    const MOST: u64 = 1 << 20;
    let mut text = String::new();
    io::stdin().take(MOST).read_to_string(&mut text)?;
    Ok(text)
}

fn count(result: &ResultSet) -> String {
    match result.rows.len() {
        1 => "1 row\n".to_owned(),
        rows => format!("{rows} rows\n"),
    }
}

/// What was sent, with which rules, what it reads and how.
fn explained(lines: &str, sent: &GuardedSql, plan: &str, paint: Paint) -> String {
    let mut out = String::new();
    let mut part = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            out.push_str(&format!("{}\n", paint.bold(title)));
            lines.iter().for_each(|line| out.push_str(&format!("  {}\n", harmless(line))));
        }
    };
    part("Sent", lines.lines().map(str::to_owned).collect());
    part("Rules", sent.rules().to_vec());
    part("Tables", vec![sent.tables().join(", ")].into_iter().filter(|tables| !tables.is_empty()).collect());
    part("Plan", plan.lines().map(str::to_owned).collect());
    out
}

fn as_json(sent: &GuardedSql, result: &ResultSet, plan: Option<&str>) -> Json {
    let columns: Vec<Json> =
        result.columns.iter().map(|column| json!({"name": column.name, "kind": column.kind})).collect();
    let rows: Vec<Vec<Json>> = result.rows.iter().map(|row| row.iter().map(json_value).collect()).collect();
    let mut out = json!({
        "columns": columns,
        "rows": rows,
        "row_count": result.rows.len(),
        "truncated": result.truncated.is_some(),
    });
    if let Some(plan) = plan {
        out["sent"] = Json::from(sent.without_salts(sent.as_str()));
        out["rules"] = Json::from(sent.rules());
        out["tables"] = Json::from(sent.tables());
        out["plan"] = Json::from(plan);
    }
    out
}
