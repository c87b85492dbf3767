//! The trait of savers: few calls, each one transaction.

use std::fmt;
use std::sync::Arc;

use futures_core::future::BoxFuture;
use serde_json::{Map, Value};

use super::error::CheckpointError;
use super::key::ThreadKey;
use super::retention::{Pruned, Retention};
use crate::engine::checkpoint::{CheckpointId, HeadRef, Line, RunId};
use crate::engine::record::{Cause, Effect, Progress, StoredCheckpoint, Written};

/// The answer of a saver, when it is there.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, CheckpointError>>;

/// Stores the checkpoints of threads. Implement it for a database; [`MemorySaver`](crate::MemorySaver) is the model, and
/// [`conformance`](super::conformance) the test.
///
/// Each call is one transaction. The head of a history and the progress since it move by compare-and-swap, so two runs
/// of one thread cannot both write: the second gets a [`Conflict`](super::CheckpointErrorKind::Conflict).
pub trait Checkpointer: fmt::Debug + Send + Sync + 'static {
    /// A checkpoint with what was written since its parent: the last one, with the progress since and the effects of
    /// later supersteps of its line, or the one of this number, with neither. Nothing if there is none.
    fn load<'a>(&'a self, key: &'a ThreadKey, at: Option<CheckpointId>) -> Answer<'a, Option<Head>>;

    /// What was written by the checkpoints in these ranges (ends included), ascending. Those that were pruned and are
    /// still needed count, those that are gone are left out.
    fn written<'a>(
        &'a self,
        key: &'a ThreadKey,
        ranges: &'a [(CheckpointId, CheckpointId)],
    ) -> Answer<'a, Vec<(CheckpointId, Written)>>;

    /// Appends a checkpoint if the head is still `expected`, and forgets the progress since that head.
    fn commit<'a>(
        &'a self,
        key: &'a ThreadKey,
        expected: Option<HeadRef>,
        checkpoint: StoredCheckpoint,
    ) -> Answer<'a, ()>;

    /// Replaces the progress since `head`, if `head` is still the head and the revision of `progress` is one more than
    /// that of the progress it replaces (a head without progress has revision 0).
    fn save_progress<'a>(&'a self, key: &'a ThreadKey, head: HeadRef, progress: Progress) -> Answer<'a, ()>;

    /// Records an effect. One of the same line, superstep, position and key that is there already is a conflict.
    fn save_effect<'a>(&'a self, key: &'a ThreadKey, effect: Effect) -> Answer<'a, ()>;

    /// Checkpoints, newest first. A saver may leave what they have [written](StoredCheckpoint::written) empty.
    fn history<'a>(
        &'a self,
        key: &'a ThreadKey,
        query: &'a HistoryQuery,
    ) -> Answer<'a, Vec<StoredCheckpoint>>;

    /// The histories of a thread, its own and those of subgraphs, by namespace; empty if it was never run.
    fn namespaces<'a>(&'a self, thread: &'a str) -> Answer<'a, Vec<ThreadKey>>;

    /// Names of threads after this one, in ascending order of their bytes.
    fn threads<'a>(&'a self, after: Option<&'a str>, limit: usize) -> Answer<'a, Vec<String>>;

    /// Copies everything of a thread to one that does not exist yet (a conflict if it does). `salt` is xor-ed into every
    /// line, so that what the copy does next is not taken for what the original does.
    fn copy<'a>(&'a self, from: &'a str, to: &'a str, salt: Line) -> Answer<'a, ()>;

    /// Forgets checkpoints of a thread, in each of its histories, that the retention does not keep. What kept ones need
    /// of them stays; heads always stay.
    fn prune<'a>(&'a self, thread: &'a str, retention: &'a Retention) -> Answer<'a, Pruned>;

    /// Forgets a thread with all its histories; one that does not exist is no error.
    fn delete<'a>(&'a self, thread: &'a str) -> Answer<'a, ()>;
}

/// Where a thread stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// The checkpoint.
    pub checkpoint: StoredCheckpoint,
    /// How far the superstep after it has come; empty unless a run stopped in the middle of it.
    pub progress: Progress,
    /// Effects recorded on its line in supersteps after it.
    pub effects: Vec<Effect>,
}

/// Which checkpoints of a history are wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HistoryQuery {
    /// Only those with smaller numbers.
    pub before: Option<CheckpointId>,
    /// At most so many; all if not given.
    pub limit: Option<usize>,
    /// Only those with all of this metadata.
    pub metadata: Map<String, Value>,
    /// Only those written for this reason.
    pub cause: Option<Cause>,
    /// Only those of this run.
    pub run: Option<RunId>,
}

impl HistoryQuery {
    /// Up to so many, newest first.
    #[must_use]
    pub fn last(limit: usize) -> Self {
        Self { limit: Some(limit), ..Self::default() }
    }

    /// Only those with smaller numbers.
    #[must_use]
    pub fn before(mut self, id: CheckpointId) -> Self {
        self.before = Some(id);
        self
    }

    /// Only those with this metadata.
    #[must_use]
    pub fn with_metadata(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Only those written for this reason.
    #[must_use]
    pub fn with_cause(mut self, cause: Cause) -> Self {
        self.cause = Some(cause);
        self
    }

    /// Only those of this run.
    #[must_use]
    pub fn of_run(mut self, run: RunId) -> Self {
        self.run = Some(run);
        self
    }

    /// Whether this checkpoint is wanted, the limit aside. For savers that cannot ask their storage.
    pub fn matches(&self, checkpoint: &StoredCheckpoint) -> bool {
        self.before.is_none_or(|before| checkpoint.id < before)
            && self.cause.is_none_or(|cause| checkpoint.cause == cause)
            && self.run.is_none_or(|run| checkpoint.run == run)
            && self.metadata.iter().all(|(key, value)| checkpoint.metadata.get(key) == Some(value))
    }
}

impl<C: Checkpointer + ?Sized> Checkpointer for Arc<C> {
    fn load<'a>(&'a self, key: &'a ThreadKey, at: Option<CheckpointId>) -> Answer<'a, Option<Head>> {
        (**self).load(key, at)
    }

    fn written<'a>(
        &'a self,
        key: &'a ThreadKey,
        ranges: &'a [(CheckpointId, CheckpointId)],
    ) -> Answer<'a, Vec<(CheckpointId, Written)>> {
        (**self).written(key, ranges)
    }

    fn commit<'a>(
        &'a self,
        key: &'a ThreadKey,
        expected: Option<HeadRef>,
        checkpoint: StoredCheckpoint,
    ) -> Answer<'a, ()> {
        (**self).commit(key, expected, checkpoint)
    }

    fn save_progress<'a>(&'a self, key: &'a ThreadKey, head: HeadRef, progress: Progress) -> Answer<'a, ()> {
        (**self).save_progress(key, head, progress)
    }

    fn save_effect<'a>(&'a self, key: &'a ThreadKey, effect: Effect) -> Answer<'a, ()> {
        (**self).save_effect(key, effect)
    }

    fn history<'a>(
        &'a self,
        key: &'a ThreadKey,
        query: &'a HistoryQuery,
    ) -> Answer<'a, Vec<StoredCheckpoint>> {
        (**self).history(key, query)
    }

    fn namespaces<'a>(&'a self, thread: &'a str) -> Answer<'a, Vec<ThreadKey>> {
        (**self).namespaces(thread)
    }

    fn threads<'a>(&'a self, after: Option<&'a str>, limit: usize) -> Answer<'a, Vec<String>> {
        (**self).threads(after, limit)
    }

    fn copy<'a>(&'a self, from: &'a str, to: &'a str, salt: Line) -> Answer<'a, ()> {
        (**self).copy(from, to, salt)
    }

    fn prune<'a>(&'a self, thread: &'a str, retention: &'a Retention) -> Answer<'a, Pruned> {
        (**self).prune(thread, retention)
    }

    fn delete<'a>(&'a self, thread: &'a str) -> Answer<'a, ()> {
        (**self).delete(thread)
    }
}
