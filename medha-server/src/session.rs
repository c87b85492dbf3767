//! One database and its analyst: the one place that calls the library.

use std::sync::Arc;

use futures_util::Stream;
use jiff::civil::DateTime;
use medha_agents::analyst::{
    Analyst, AnalystEvent, AnalystOptions, Answer, AskRequest, AuditTrail, Ran, StatementError,
};
use medha_agents::plan::{AnalysisPlan, describe};
use medha_agents::planner::{Planner, Turn};
use medha_connectors::{ConnectorError, GuardedSql, Schema};
use tokio_util::sync::CancellationToken;

use crate::render::sql::broken_into_lines;
use crate::source::{Source, SourceError};

/// What is asked, as it comes from a command line, a request or a pack.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Asked {
    /// The words.
    pub(crate) question: String,
    /// Hints that come with them.
    pub(crate) instructions: Option<String>,
    /// The moment "today" is taken from; the present if it is not given.
    pub(crate) now: Option<DateTime>,
    /// Whether to stop before the database is asked.
    pub(crate) dry_run: bool,
    /// At most this many rows.
    pub(crate) max_rows: Option<usize>,
    /// The option to take if the question could mean several things.
    pub(crate) choice: Option<String>,
    /// Earlier turns, oldest first.
    pub(crate) history: Vec<Turn>,
}

/// A database that answers questions.
#[derive(Debug)]
pub(crate) struct Session {
    name: String,
    analyst: Analyst,
}

impl Session {
    /// Makes an analyst for a source.
    pub(crate) fn new(source: Source, audit: Option<AuditTrail>) -> Result<Self, SourceError> {
        let model = Arc::new(source.model);
        let planner = Arc::new(Planner::new(Arc::clone(&model)));
        let usual = AnalystOptions::default();
        let query = source.limits.put_on(usual.query.clone());
        let options = AnalystOptions { query, audit, rights: source.rights, ..usual };
        // The source has read the schema already, so it is not read a second time.
        let analyst = Analyst::with_planner(source.connector, source.schema, model, planner, options)?;
        Ok(Self { name: source.name, analyst })
    }

    /// What the database is called.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Asks the database for a sign of life.
    pub(crate) async fn ping(&self) -> Result<(), ConnectorError> {
        self.analyst.connector().ping().await
    }

    /// The database as whoever asks may know it.
    pub(crate) fn schema(&self) -> Arc<Schema> {
        self.analyst.schema()
    }

    /// Runs a statement that somebody wrote. Dropping the future stops the database's work.
    pub(crate) async fn run(&self, statement: &str, max_rows: Option<usize>) -> Result<Ran, StatementError> {
        self.analyst.run(statement, max_rows, CancellationToken::new()).await
    }

    /// The statement as it would be sent, and how the database would run it.
    pub(crate) async fn explain(
        &self,
        statement: &str,
        max_rows: Option<usize>,
    ) -> Result<(GuardedSql, String), StatementError> {
        self.analyst.explain(statement, max_rows).await
    }

    /// A plan in plain words.
    pub(crate) fn in_words(&self, plan: &AnalysisPlan) -> String {
        describe(plan, self.analyst.model())
    }

    /// A statement of its database with a clause a line.
    pub(crate) fn in_lines(&self, sql: &str) -> String {
        broken_into_lines(sql, self.analyst.connector().dialect())
    }

    /// Answers, and shows each event as it happens. Dropping the future stops the database's work.
    pub(crate) async fn ask(&self, asked: Asked, mut see: impl FnMut(&AnalystEvent)) -> Answer {
        let mut run = self.analyst.stream(asked.into());
        while let Some(event) = run.next().await {
            see(&event);
        }
        run.answer().await
    }

    /// The events of an answer, the last of which holds it. Dropping the stream stops the database's work.
    pub(crate) fn events(&self, asked: Asked) -> impl Stream<Item = AnalystEvent> + Send + use<> {
        self.analyst.stream(asked.into())
    }
}

impl From<Asked> for AskRequest {
    fn from(asked: Asked) -> Self {
        Self {
            instructions: asked.instructions,
            now: asked.now,
            dry_run: asked.dry_run,
            max_rows: asked.max_rows,
            choice: asked.choice,
            history: asked.history,
            ..Self::new(asked.question)
        }
    }
}
