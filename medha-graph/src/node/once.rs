//! Side effects that happen once: the journal of a task, and the key that names one effect for the outside.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_core::future::BoxFuture;
use xxhash_rust::xxh3::xxh3_128;

use super::error::{NodeError, OrTerminal};
use crate::engine::checkpoint::{Line, TaskId};
use crate::engine::record::{Effect, Json};

/// Names one side effect for whoever carries it out: the same on every attempt and after every crash, and never the same
/// for two effects. Hand it to services that take an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    pub(crate) fn new(task: TaskId, effect: &str) -> Self {
        Self(format!("{:032x}", xxh3_128(format!("{task}\0{effect}").as_bytes())))
    }

    /// The key: 32 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a run keeps the effects of its tasks.
pub(crate) trait EffectLog: Send + Sync {
    /// What was recorded under this key.
    fn find(&self, step: u64, position: usize, key: &str) -> Option<Json>;
    /// Waits until the checkpoint that the superstep stands on is stored: what an effect follows from must not be lost
    /// while the effect stays.
    fn footing(&self) -> BoxFuture<'_, Result<(), Unrecorded>>;
    /// Records an effect; it is durable when this returns. If it cannot be, the run fails, whatever the node makes of it.
    fn record(&self, effect: Effect) -> BoxFuture<'_, Result<(), Unrecorded>>;
    /// Waits, for retries and timeouts inside a node.
    fn sleep(&self, pause: Duration) -> BoxFuture<'static, ()>;
}

/// An effect could not be recorded; the run knows why, and fails with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the storage failed; the run ends with its error")]
pub(crate) struct Unrecorded;

/// The effects of one task.
#[derive(Clone)]
pub(crate) struct TaskEffects {
    pub(crate) log: Arc<dyn EffectLog>,
    pub(crate) line: Line,
    pub(crate) step: u64,
    pub(crate) position: usize,
}

impl TaskEffects {
    pub(crate) fn find(&self, key: &str) -> Option<Json> {
        self.log.find(self.step, self.position, key)
    }

    pub(crate) async fn footing(&self) -> Result<(), NodeError> {
        self.log.footing().await.terminal()
    }

    pub(crate) async fn record(&self, key: String, json: Json) -> Result<(), NodeError> {
        let Self { line, step, position, .. } = *self;
        let effect = Effect { line, step, position, key, json };
        self.log.record(effect).await.terminal()
    }
}
