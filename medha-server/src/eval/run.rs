//! Answers the questions, as many at a time as there are jobs, and writes the predictions in the order of the questions.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use futures_util::StreamExt as _;
use medha_agents::planner::Turn;
use tokio::sync::OnceCell;

use super::pack::{Models, Pack, PackError, PackQuestion};
use super::prediction::{Prediction, Tally};
use crate::cli::EvalQuestionsArgs;
use crate::clock;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::session::{Asked, Session};
use crate::signals::Signals;
use crate::source::Source;
use crate::terminal::tell;

/// Each database is opened once, when its first question comes, and shared by all of them.
struct Sessions {
    pack: Pack,
    opened: BTreeMap<String, OnceCell<Result<Session, String>>>,
}

/// Answers a pack's questions and writes the predictions. Ctrl-C ends it with nothing written.
pub(crate) async fn eval(args: EvalQuestionsArgs) -> Result<Exit, CommandError> {
    let mut signals = Signals::listen();
    tokio::select! {
        ended = predict(args) => ended,
        () = signals.next() => {
            tell("Interrupted; no predictions were written.");
            Ok(Exit::Interrupted)
        }
    }
}

async fn predict(args: EvalQuestionsArgs) -> Result<Exit, CommandError> {
    let started = clock::start();
    let models = if args.no_models { Models::Inferred } else { Models::OfPack };
    let pack = Pack::new(args.pack, models).with_databases(args.database);
    let questions = pack.questions(&args.questions)?;
    let opened = questions.iter().map(|question| (question.db.clone(), OnceCell::new())).collect();
    let sessions = Arc::new(Sessions { pack, opened });
    let jobs = args.jobs.or_else(|| std::thread::available_parallelism().ok()).map_or(1, Into::into);

    let predictions: Vec<(String, Prediction)> = futures_util::stream::iter(questions)
        .map(|question| one(Arc::clone(&sessions), question))
        .buffered(jobs)
        .collect()
        .await;
    let lines: String =
        predictions.iter().map(|(id, prediction)| format!("{}\n", prediction.line(id))).collect();
    write(&args.out, &lines).map_err(|source| PackError::Write { path: args.out.clone(), source })?;
    let tally = Tally::of(predictions.iter().map(|(_, prediction)| prediction));
    tell(&tally.summary(started.elapsed().as_secs_f64()));
    Ok(Exit::Done)
}

/// Answers one question on a thread of the runtime, since planning is work for a processor.
#[allow(clippy::disallowed_methods, reason = "the task is awaited right here and ends with the process")]
async fn one(sessions: Arc<Sessions>, question: PackQuestion) -> (String, Prediction) {
    let id = question.id.clone();
    let task = tokio::spawn(async move {
        match sessions.session(&question.db).await {
            Ok(session) => answer(session, &question).await,
            Err(reason) => Prediction::Failed { reason },
        }
    });
    let prediction = task.await.unwrap_or_else(|error| Prediction::Failed { reason: error.to_string() });
    (id, prediction)
}

async fn answer(session: &Session, question: &PackQuestion) -> Prediction {
    // What came before in the dialog is planned again, turn by turn, as a person would have asked it.
    let mut history: Vec<Turn> = Vec::new();
    for earlier in &question.history {
        let asked = Asked {
            question: earlier.clone(),
            now: question.now,
            dry_run: true,
            history: history.clone(),
            ..Asked::default()
        };
        let answer = session.ask(asked, |_| {}).await;
        history.push(answer.turn());
    }
    tracing::debug!(id = question.id, dialog = question.dialog, turn = question.turn, "asking");
    let asked = Asked {
        question: question.question.clone(),
        instructions: question.instructions.clone(),
        now: question.now,
        history,
        ..Asked::default()
    };
    Prediction::of(&session.ask(asked, |_| {}).await)
}

impl Sessions {
    async fn session(&self, database: &str) -> Result<&Session, String> {
        let Some(cell) = self.opened.get(database) else { return Err(format!("no database {database:?}")) };
        let opened = cell.get_or_init(|| async {
            let source =
                Source::connect(&self.pack.database(database), self.pack.model(database), None).await;
            let source = source.map_err(|error| error.to_string())?;
            Session::new(source, None).map_err(|error| error.to_string())
        });
        opened.await.as_ref().map_err(Clone::clone)
    }
}

/// Writes the file whole or not at all.
pub(super) fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    fs::write(&part, text)?;
    fs::rename(&part, path)
}
