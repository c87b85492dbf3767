//! The analyst: one database, its semantic model, and the graph that answers questions over them.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use medha_connectors::{Connector, ConnectorError, PolicyError, QueryOptions, Schema};
use medha_graph::{BuildError, CompiledGraph, Durability, MemorySaver, Resume, Thread};

use super::answer::Answer;
use super::audit::AuditTrail;
use super::clock::{Clock, SystemClock};
use super::graph::workflow;
use super::planning::QuestionPlanner;
use super::request::AskRequest;
use super::rights::{Rights, guard_for};
use super::state::{AnalystState, Asked};
use super::stream::AnswerStream;
use super::tools::{RunTools, Tools};
use crate::planner::Planner;
use crate::semantic::SemanticModel;

/// Runs that wait for a choice; older ones are forgotten.
const MOST_WAITING: usize = 256;

/// How an analyst works.
#[derive(Debug, Clone)]
pub struct AnalystOptions {
    /// What tells the time.
    pub clock: Arc<dyn Clock>,
    /// What one query may cost, by default no more than ten billion rows gone through where the database can tell; its
    /// cancellation token is replaced by that of each request.
    pub query: QueryOptions,
    /// Where every statement is noted; nowhere unless it is given.
    pub audit: Option<AuditTrail>,
    /// Whom it answers and what that user may read; everything unless it is given.
    pub rights: Option<Rights>,
}

/// No server gets through so many rows within the deadline, so it need not begin.
const MAX_PLANNED_ROWS: u64 = 10_000_000_000;

impl Default for AnalystOptions {
    fn default() -> Self {
        let query = QueryOptions { max_planned_rows: Some(MAX_PLANNED_ROWS), ..QueryOptions::default() };
        Self { clock: Arc::new(SystemClock), query, audit: None, rights: None }
    }
}

/// Why an analyst could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnalystError {
    /// The database could not be described.
    #[error(transparent)]
    Database(#[from] ConnectorError),
    /// The policy does not fit the database or the user.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The workflow does not hold together.
    #[error(transparent)]
    Graph(#[from] BuildError),
}

/// Why a run cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResumeError {
    /// No run of this name waits for a choice.
    #[error("no run {run_id:?} waits for a choice; it was answered, or too many were asked since")]
    NotWaiting {
        /// As it was given.
        run_id: String,
    },
}

/// Answers questions about one database. It is cheap to clone; clones share everything.
#[derive(Debug, Clone)]
pub struct Analyst {
    shared: Arc<Shared>,
}

struct Shared {
    graph: CompiledGraph<AnalystState>,
    tools: Arc<Tools>,
    clock: Arc<dyn Clock>,
    runs: AtomicU64,
    waiting: Mutex<VecDeque<Waiting>>,
}

/// A run that was interrupted by a question to the user.
pub(crate) struct Waiting {
    run_id: String,
    question: String,
    thread: Thread<AnalystState>,
}

impl Debug for Shared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Shared").field("tools", &self.tools).finish_non_exhaustive()
    }
}

impl Analyst {
    /// An analyst over a database, with the offline planner.
    ///
    /// Where there is no model of the database, [`infer`](crate::semantic::infer) makes one; to a model from a file,
    /// [`observe`](SemanticModel::observe) adds the values that the database has.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use medha_agents::analyst::{Analyst, AnalystOptions, AnswerOutcome, AskRequest};
    /// use medha_agents::semantic::infer;
    /// use medha_connectors::{Connector, SqliteConnector};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("shop.sqlite");
    /// # let pool = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1).connect_with(
    /// #     sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true)).await?;
    /// # sqlx::raw_sql("CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO customers VALUES (1, 'Ada')")
    /// #     .execute(&pool).await?;
    /// # pool.close().await;
    /// let connector = SqliteConnector::open(&path).await?;
    /// let model = infer(&connector.schema().await?);
    /// let analyst = Analyst::new(Arc::new(connector), model, AnalystOptions::default()).await?;
    /// let answer = analyst.ask(AskRequest::new("How many customers are there?")).await;
    /// assert_eq!(answer.outcome, AnswerOutcome::Answered);
    /// # Ok(()) }
    /// ```
    ///
    /// Under a policy the model is cut down to what the user may know.
    ///
    /// # Errors
    /// If the database cannot be described, or the policy does not fit it.
    pub async fn new(
        connector: Arc<dyn Connector>,
        model: SemanticModel,
        options: AnalystOptions,
    ) -> Result<Self, AnalystError> {
        let schema = Arc::new(connector.schema().await?);
        let model = match &options.rights {
            None => model,
            Some(_) => {
                let guard = guard_for(options.rights.as_ref(), &*connector, Arc::clone(&schema))?;
                model.within(guard.shown())
            }
        };
        let model = Arc::new(model);
        let planner = Arc::new(Planner::new(Arc::clone(&model)));
        Self::with_planner(connector, schema, model, planner, options)
    }

    /// An analyst with a planner of your own.
    ///
    /// `schema` is the database's, from [`Connector::schema`]; it is read again when a name turns out to be gone. Under a policy
    /// the model must know no more than the user may: [`SemanticModel::within`] cuts one down.
    ///
    /// # Errors
    /// If the policy does not fit the database, or the workflow does not hold together, which is a mistake in this crate.
    pub fn with_planner(
        connector: Arc<dyn Connector>,
        schema: Arc<Schema>,
        model: Arc<SemanticModel>,
        planner: Arc<dyn QuestionPlanner>,
        options: AnalystOptions,
    ) -> Result<Self, AnalystError> {
        let tools = Arc::new(Tools::new(
            connector,
            model,
            planner,
            (options.query, options.audit, options.rights),
            schema,
        )?);
        let graph = workflow().compile()?.with_context(Arc::clone(&tools));
        let shared = Shared {
            graph,
            tools,
            clock: options.clock,
            runs: AtomicU64::new(0),
            waiting: Mutex::new(VecDeque::new()),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The semantic model questions are read with.
    #[must_use]
    pub fn model(&self) -> &SemanticModel {
        &self.shared.tools.model
    }

    /// The database that is asked.
    #[must_use]
    pub fn connector(&self) -> &Arc<dyn Connector> {
        &self.shared.tools.connector
    }

    /// Answers a question.
    ///
    /// It never fails: what went wrong is the [outcome](super::AnswerOutcome). Dropping the future stops the
    /// database's work.
    pub async fn ask(&self, request: AskRequest) -> Answer {
        self.stream(request).answer().await
    }

    /// Answers a question and tells what happens on the way.
    pub fn stream(&self, request: AskRequest) -> AnswerStream {
        let run_id = request.run_id.clone().unwrap_or_else(|| self.next_run_id());
        let run = RunTools { clock: Arc::clone(&self.shared.clock), cancel: request.cancel.clone() };
        // The checkpoint of a run lives as long as the run, and longer only while it waits for a choice.
        let graph = self
            .shared
            .graph
            .clone()
            .with_checkpointer(MemorySaver::default())
            .with_durability(Durability::Exit);
        let thread = graph.thread(run_id.clone()).with_context(Arc::new(run));
        let asked = Asked {
            now: request.now.unwrap_or_else(|| self.now()),
            instructions: request.instructions,
            history: request.history,
            dry_run: request.dry_run,
            max_rows: request.max_rows.unwrap_or(self.shared.tools.query.max_rows),
            choice: request.choice,
            question: request.question,
        };
        let question = asked.question.clone();
        let events = thread.stream(AnalystState::update().asked(asked));
        AnswerStream::new(self.clone(), Waiting { run_id, question, thread }, request.cancel, events)
    }

    /// Goes on with a run that waits for a choice: the number of an option from 1, its words, or words of one's own.
    ///
    /// # Errors
    /// If no such run waits.
    pub fn resume(&self, run_id: &str, choice: &str) -> Result<AnswerStream, ResumeError> {
        let waiting = {
            let mut waiting = self.shared.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            let place = waiting.iter().position(|waiting| waiting.run_id == run_id);
            place.and_then(|place| waiting.remove(place))
        };
        let Some(mut waiting) = waiting else {
            return Err(ResumeError::NotWaiting { run_id: run_id.to_owned() });
        };
        let cancel = tokio_util::sync::CancellationToken::new();
        let run = RunTools { clock: Arc::clone(&self.shared.clock), cancel: cancel.clone() };
        waiting.thread = waiting.thread.with_context(Arc::new(run));
        let events = waiting.thread.stream(Resume::answer(choice));
        Ok(AnswerStream::new(self.clone(), waiting, cancel, events))
    }

    /// The workflow as a Mermaid diagram.
    #[must_use]
    pub fn mermaid() -> String {
        match workflow().compile() {
            Ok(graph) => graph.mermaid(),
            Err(error) => error.to_string(),
        }
    }

    pub(crate) fn tools(&self) -> &Tools {
        &self.shared.tools
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.clock
    }

    /// Keeps an interrupted run until its choice is made.
    pub(crate) fn keep_waiting(&self, run: Waiting) {
        let mut waiting = self.shared.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() == MOST_WAITING {
            waiting.pop_front();
        }
        waiting.push_back(run);
    }

    /// The clock's time in the model's zone, or the model's frozen time.
    fn now(&self) -> DateTime {
        let calendar = &self.model().calendar;
        if let Some(now) = calendar.now {
            return now;
        }
        let zone = TimeZone::get(&calendar.timezone).unwrap_or(TimeZone::UTC);
        zone.to_datetime(self.shared.clock.now())
    }

    fn next_run_id(&self) -> String {
        let number = self.shared.runs.fetch_add(1, Ordering::Relaxed) + 1;
        format!("run-{:x}-{number}", self.shared.clock.now().as_millisecond())
    }
}

impl Waiting {
    pub(crate) fn run_id(&self) -> &str {
        &self.run_id
    }

    pub(crate) fn question(&self) -> &str {
        &self.question
    }
}
