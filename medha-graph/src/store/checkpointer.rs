//! The trait of savers: few calls, each one transaction.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use futures_core::future::BoxFuture;

use crate::engine::checkpoint::CheckpointId;
use crate::engine::record::{Progress, StoredCheckpoint, Unusable};

/// Stores the checkpoints of threads. Implement it for a database; [`MemorySaver`](crate::MemorySaver) is the model.
///
/// Each call is one transaction. The head of a thread and the progress since it move by compare-and-swap, so two runs
/// of one thread cannot both write: the second gets a [`Conflict`](CheckpointErrorKind::Conflict).
pub trait Checkpointer: fmt::Debug + Send + Sync + 'static {
    /// The last checkpoint of a thread and the progress since; nothing for a thread that was never run.
    fn load<'a>(&'a self, thread: &'a str) -> BoxFuture<'a, Result<Option<Head>, CheckpointError>>;

    /// Appends a checkpoint if the head is still `expected`, and forgets the progress since that head.
    fn commit<'a>(
        &'a self,
        thread: &'a str,
        expected: Option<CheckpointId>,
        checkpoint: StoredCheckpoint,
    ) -> BoxFuture<'a, Result<(), CheckpointError>>;

    /// Replaces the progress since `head`, if `head` is still the head and the revision of `progress` is one more than
    /// that of the progress it replaces (a head without progress has revision 0).
    fn save_progress<'a>(
        &'a self,
        thread: &'a str,
        head: CheckpointId,
        progress: Progress,
    ) -> BoxFuture<'a, Result<(), CheckpointError>>;

    /// Up to `limit` checkpoints with numbers below `before`, newest first.
    fn history<'a>(
        &'a self,
        thread: &'a str,
        before: Option<CheckpointId>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<StoredCheckpoint>, CheckpointError>>;

    /// Forgets a thread; one that does not exist is no error.
    fn delete<'a>(&'a self, thread: &'a str) -> BoxFuture<'a, Result<(), CheckpointError>>;
}

impl<C: Checkpointer + ?Sized> Checkpointer for Arc<C> {
    fn load<'a>(&'a self, thread: &'a str) -> BoxFuture<'a, Result<Option<Head>, CheckpointError>> {
        (**self).load(thread)
    }

    fn commit<'a>(
        &'a self,
        thread: &'a str,
        expected: Option<CheckpointId>,
        checkpoint: StoredCheckpoint,
    ) -> BoxFuture<'a, Result<(), CheckpointError>> {
        (**self).commit(thread, expected, checkpoint)
    }

    fn save_progress<'a>(
        &'a self,
        thread: &'a str,
        head: CheckpointId,
        progress: Progress,
    ) -> BoxFuture<'a, Result<(), CheckpointError>> {
        (**self).save_progress(thread, head, progress)
    }

    fn history<'a>(
        &'a self,
        thread: &'a str,
        before: Option<CheckpointId>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<StoredCheckpoint>, CheckpointError>> {
        (**self).history(thread, before, limit)
    }

    fn delete<'a>(&'a self, thread: &'a str) -> BoxFuture<'a, Result<(), CheckpointError>> {
        (**self).delete(thread)
    }
}

/// Where a thread stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// The last checkpoint.
    pub checkpoint: StoredCheckpoint,
    /// How far the superstep after it has come; empty unless a run stopped in the middle of it.
    pub progress: Progress,
}

/// Why a saver could not do what was asked, or why what it returned cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation} the checkpoint of thread {thread:?}: {kind}{}", cause(source))]
#[non_exhaustive]
pub struct CheckpointError {
    /// The thread.
    pub thread: String,
    /// What was being done.
    pub operation: Operation,
    /// What went wrong.
    pub kind: CheckpointErrorKind,
    /// The error of the storage underneath.
    #[source]
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

/// What was being done with a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Reading it.
    Load,
    /// Writing it.
    Save,
    /// Removing it.
    Delete,
}

/// What went wrong with a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointErrorKind {
    /// Another run has moved the thread on.
    #[error("{}; load it again", moved(expected, found))]
    Conflict {
        /// The head this run knows.
        expected: Option<CheckpointId>,
        /// The head there is.
        found: Option<CheckpointId>,
    },
    /// This program cannot use it: another format, graph or version, or a node that is gone.
    #[error("{0}")]
    Unusable(String),
    /// It is damaged.
    #[error("it is damaged: {0}")]
    Corrupt(String),
    /// The state or an update cannot be written as JSON, or would not read back.
    #[error("it has no JSON form that can be loaded again: {0}")]
    Unwritable(String),
    /// The storage failed.
    #[error("the storage failed")]
    Storage,
}

impl CheckpointError {
    /// The head was not what the run expected.
    pub fn conflict(thread: &str, expected: Option<CheckpointId>, found: Option<CheckpointId>) -> Self {
        Self::new(thread, Operation::Save, CheckpointErrorKind::Conflict { expected, found })
    }

    /// The storage failed.
    pub fn storage(
        thread: &str,
        operation: Operation,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        let error = Self::new(thread, operation, CheckpointErrorKind::Storage);
        Self { source: Some(source.into()), ..error }
    }

    /// What was stored cannot be read back.
    pub fn corrupt(thread: &str, why: impl fmt::Display) -> Self {
        Self::new(thread, Operation::Load, CheckpointErrorKind::Corrupt(why.to_string()))
    }

    pub(crate) fn unusable(thread: &str, why: &Unusable) -> Self {
        Self::new(thread, Operation::Load, CheckpointErrorKind::Unusable(why.to_string()))
    }

    pub(crate) fn unwritable(thread: &str, why: impl fmt::Display) -> Self {
        Self::new(thread, Operation::Save, CheckpointErrorKind::Unwritable(why.to_string()))
    }

    fn new(thread: &str, operation: Operation, kind: CheckpointErrorKind) -> Self {
        Self { thread: thread.to_owned(), operation, kind, source: None }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Load => "load",
            Self::Save => "save",
            Self::Delete => "delete",
        })
    }
}

fn cause(source: &Option<Box<dyn Error + Send + Sync>>) -> String {
    source.as_ref().map(|source| format!(": {source}")).unwrap_or_default()
}

fn moved(expected: &Option<CheckpointId>, found: &Option<CheckpointId>) -> String {
    if expected == found {
        return format!("another run has written progress since {}", number(found));
    }
    format!("another run has moved it on from {} to {}", number(expected), number(found))
}

fn number(id: &Option<CheckpointId>) -> String {
    id.map_or_else(|| "nothing".to_owned(), |id| format!("checkpoint {id}"))
}
