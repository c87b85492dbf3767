//! A failed attempt: what is known of it, whether it is tried again, and what is left after the last one.

use std::error::Error;
use std::time::Duration;

use fastrand::Rng;
use serde_json::Value;

use super::checkpoint::{Task, TaskInput};
use super::retry::{Attempted, Retry, RetryPolicy, after_failure};
use super::timer::Expired;
use crate::graph::topology::Topology;
use crate::node::error::{NodeError, full_text};
use crate::node::failure::{Failure, FailureKind};
use crate::state::State;

/// A failed attempt, before the decision.
pub(crate) struct Failed {
    pub(crate) text: String,
    kind: FailureKind,
    is_retryable: bool,
    pause: Option<Duration>,
    detail: Option<Value>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Failed {
    pub(crate) fn from_error(error: NodeError) -> Self {
        let (is_retryable, pause) = (error.is_retryable(), error.pause());
        let (source, detail) = error.into_parts();
        let text = full_text(source.as_ref());
        Self { text, kind: FailureKind::Error, is_retryable, pause, detail, source: Some(source) }
    }

    pub(crate) fn from_timeout(expired: Expired) -> Self {
        let text = expired.to_string();
        Self { text, kind: FailureKind::Timeout, is_retryable: true, pause: None, detail: None, source: None }
    }

    pub(crate) fn from_panic(text: &str) -> Self {
        let text = format!("panicked: {text}");
        Self { text, kind: FailureKind::Panic, is_retryable: true, pause: None, detail: None, source: None }
    }

    /// Lets the policies decide whether to try again. A terminal error is final, whatever they say.
    pub(crate) fn decide(
        &mut self,
        policies: &[RetryPolicy],
        attempt: u32,
        counts: &mut Vec<u32>,
        rng: &mut Rng,
    ) -> Retry {
        if !self.is_retryable {
            return Retry::GiveUp;
        }
        let (source, kind, text) = (self.source.as_deref(), self.kind, self.text.as_str());
        let attempted = Attempted { source, kind, text, attempt };
        after_failure(policies, &attempted, self.pause, counts, rng).unwrap_or_else(|why| {
            self.text = format!("{}; and {why}", self.text);
            Retry::GiveUp
        })
    }

    /// What is left after the last attempt, and who takes over.
    pub(crate) fn give_up<S: State>(self, topology: &Topology<S>, task: &Task, attempts: u32) -> GaveUp {
        let payload = match task.input() {
            TaskInput::Payload(payload) => payload.read().ok(),
            TaskInput::State | TaskInput::Failure(_) => None,
        };
        let node = topology.name_of(task.node).to_string();
        let (error, kind, detail) = (self.text, self.kind, self.detail);
        let mut failure = Failure { node, error, kind, attempts, payload, detail };
        let handlers = topology.handlers(task.node, &failure).unwrap_or_else(|why| {
            failure.error = format!("{}; and the router of its error edge {why}", failure.error);
            None
        });
        GaveUp { failure, source: self.source, handlers }
    }
}

/// A task after its last attempt.
#[derive(Debug)]
pub(crate) struct GaveUp {
    pub(crate) failure: Failure,
    pub(crate) source: Option<Box<dyn Error + Send + Sync>>,
    /// The tasks that take over; `None` if nobody does.
    pub(crate) handlers: Option<Vec<Task>>,
}
