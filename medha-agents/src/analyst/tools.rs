//! What nodes work with: the dependencies of an analyst and of one run, and the events of a step.

use std::sync::{Arc, PoisonError, RwLock};

use jiff::{SignedDuration, Timestamp};
use medha_connectors::{Connector, ConnectorError, Guard, QueryOptions, Schema};
use medha_graph::Ctx;
use tokio_util::sync::CancellationToken;

use super::audit::{AuditTrail, Noting};
use super::clock::Clock;
use super::event::EventPayload;
use super::planning::QuestionPlanner;
use crate::semantic::SemanticModel;

/// What all runs of an analyst share.
#[derive(Debug)]
pub(crate) struct Tools {
    pub(crate) connector: Arc<dyn Connector>,
    pub(crate) model: Arc<SemanticModel>,
    pub(crate) planner: Arc<dyn QuestionPlanner>,
    pub(crate) query: QueryOptions,
    pub(crate) audit: Option<AuditTrail>,
    /// As it was last read; read again when the database says that a name is gone.
    schema: RwLock<Arc<Schema>>,
}

impl Tools {
    pub(crate) fn new(
        connector: Arc<dyn Connector>,
        model: Arc<SemanticModel>,
        planner: Arc<dyn QuestionPlanner>,
        (query, audit): (QueryOptions, Option<AuditTrail>),
        schema: Arc<Schema>,
    ) -> Self {
        Self { connector, model, planner, query, audit, schema: RwLock::new(schema) }
    }

    pub(crate) fn schema(&self) -> Arc<Schema> {
        self.schema.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) async fn read_schema_again(&self) -> Result<Arc<Schema>, ConnectorError> {
        let schema = Arc::new(self.connector.schema().await?);
        *self.schema.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&schema);
        Ok(schema)
    }

    /// Begins the line of a statement in the audit record, if there is one.
    pub(crate) fn note(&self, run: &RunTools, question: &str, asked: &str) -> Option<Noting> {
        self.audit.as_ref().map(|trail| trail.begin(&run.clock, question, asked))
    }

    pub(crate) fn guard(&self) -> Guard {
        Guard::new(self.connector.dialect(), self.schema())
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
