//! What nodes work with: the dependencies of an analyst and of one run, and the events of a step.

use std::sync::{Arc, PoisonError, RwLock};

use jiff::{SignedDuration, Timestamp};
use medha_connectors::{Connector, ConnectorError, Guard, PolicyError, QueryOptions, Schema};
use medha_graph::Ctx;
use tokio_util::sync::CancellationToken;

use super::audit::{AuditTrail, Noting};
use super::clock::Clock;
use super::event::EventPayload;
use super::planning::QuestionPlanner;
use super::rights::{Rights, guard_for};
use crate::semantic::SemanticModel;

/// What all runs of an analyst share.
#[derive(Debug)]
pub(crate) struct Tools {
    pub(crate) connector: Arc<dyn Connector>,
    pub(crate) model: Arc<SemanticModel>,
    pub(crate) planner: Arc<dyn QuestionPlanner>,
    pub(crate) query: QueryOptions,
    pub(crate) audit: Option<AuditTrail>,
    pub(crate) rights: Option<Rights>,
    /// Over the schema as it was last read; read again when the database says that a name is gone.
    guard: RwLock<Arc<Guard>>,
}

impl Tools {
    pub(crate) fn new(
        connector: Arc<dyn Connector>,
        model: Arc<SemanticModel>,
        planner: Arc<dyn QuestionPlanner>,
        (query, audit, rights): (QueryOptions, Option<AuditTrail>, Option<Rights>),
        schema: Arc<Schema>,
    ) -> Result<Self, PolicyError> {
        let guard = guard_for(rights.as_ref(), &*connector, schema)?;
        let guard = RwLock::new(Arc::new(guard));
        Ok(Self { connector, model, planner, query, audit, rights, guard })
    }

    /// As whoever asks may know it.
    pub(crate) fn schema(&self) -> Arc<Schema> {
        Arc::clone(self.guard().shown())
    }

    pub(crate) async fn read_schema_again(&self) -> Result<Arc<Schema>, ConnectorError> {
        let schema = Arc::new(self.connector.fresh_schema().await?);
        match guard_for(self.rights.as_ref(), &*self.connector, schema) {
            Ok(guard) => *self.guard.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(guard),
            // What was allowed before is all that is allowed.
            Err(error) => tracing::error!(%error, "the policy no longer fits the database"),
        }
        Ok(self.schema())
    }

    /// Begins the line of a statement in the audit record, if there is one.
    pub(crate) fn note(&self, run: &RunTools, question: Option<&str>, asked: &str) -> Option<Noting> {
        self.audit.as_ref().map(|trail| trail.begin(&run.clock, question, asked))
    }

    /// The guard of whoever asks.
    pub(crate) fn guard(&self) -> Arc<Guard> {
        self.guard.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What belongs to one run alone.
#[derive(Debug, Clone)]
pub(crate) struct RunTools {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) cancel: CancellationToken,
}

/// A step that is told as it happens.
pub(crate) struct Step<'a> {
    ctx: &'a Ctx,
    run: &'a RunTools,
    name: &'static str,
    panel: Option<usize>,
    started: Timestamp,
}

impl<'a> Step<'a> {
    pub(crate) fn begin(
        ctx: &'a Ctx,
        run: &'a RunTools,
        name: &'static str,
        panel: Option<usize>,
        title: &str,
    ) -> Self {
        ctx.emit(EventPayload::StepStarted { step: name.into(), panel, title: title.to_owned() });
        Self { ctx, run, name, panel, started: run.clock.now() }
    }

    pub(crate) fn done(self, detail: impl Into<String>) {
        self.end(detail.into(), true);
    }

    pub(crate) fn failed(self, detail: impl Into<String>) {
        self.end(detail.into(), false);
    }

    fn end(self, detail: String, ok: bool) {
        let ms = milliseconds(self.started, self.run.clock.now());
        self.ctx.emit(EventPayload::StepFinished {
            step: self.name.into(),
            panel: self.panel,
            detail,
            ok,
            ms,
        });
    }
}

/// The time between two moments; a clock that was set back does not make it negative.
pub(crate) fn milliseconds(from: Timestamp, to: Timestamp) -> f64 {
    let passed = to.duration_since(from).max(SignedDuration::ZERO);
    (passed.as_secs_f64() * 1_000_000.0).round() / 1000.0
}
