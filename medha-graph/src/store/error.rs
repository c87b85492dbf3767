//! What can go wrong with a saver.

use std::error::Error;
use std::fmt;

use super::key::ThreadKey;
use crate::engine::checkpoint::HeadRef;
use crate::engine::restore::Unusable;

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
        expected: Option<HeadRef>,
        /// The head there is.
        found: Option<HeadRef>,
    },
    /// Another run has recorded the same effect.
    #[error("another run has recorded effect {effect:?} meanwhile; load it again")]
    EffectConflict {
        /// Its name in the task.
        effect: String,
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
    /// It is larger than the saver is set to read.
    #[error("it has {bytes} bytes and the saver reads at most {limit}; raise its limit if that is right")]
    TooLarge {
        /// How large it is.
        bytes: u64,
        /// How much the saver reads.
        limit: u64,
    },
    /// The storage failed.
    #[error("the storage failed")]
    Storage,
}

impl CheckpointError {
    /// The head was not what the run expected.
    pub fn conflict(key: &ThreadKey, expected: Option<HeadRef>, found: Option<HeadRef>) -> Self {
        Self::new(key, Operation::Save, CheckpointErrorKind::Conflict { expected, found })
    }

    /// The effect was recorded by another run.
    pub fn effect_conflict(key: &ThreadKey, effect: &str) -> Self {
        Self::new(key, Operation::Save, CheckpointErrorKind::EffectConflict { effect: effect.to_owned() })
    }

    /// The storage failed.
    pub fn storage(
        key: &ThreadKey,
        operation: Operation,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        let error = Self::new(key, operation, CheckpointErrorKind::Storage);
        Self { source: Some(source.into()), ..error }
    }

    /// What was stored cannot be read back.
    pub fn corrupt(key: &ThreadKey, why: impl fmt::Display) -> Self {
        Self::new(key, Operation::Load, CheckpointErrorKind::Corrupt(why.to_string()))
    }

    /// What was stored is larger than the saver is set to read.
    pub fn too_large(key: &ThreadKey, bytes: u64, limit: u64) -> Self {
        Self::new(key, Operation::Load, CheckpointErrorKind::TooLarge { bytes, limit })
    }

    pub(crate) fn unusable(key: &ThreadKey, why: &Unusable) -> Self {
        Self::new(key, Operation::Load, CheckpointErrorKind::Unusable(why.to_string()))
    }

    pub(crate) fn unwritable(key: &ThreadKey, why: impl fmt::Display) -> Self {
        Self::new(key, Operation::Save, CheckpointErrorKind::Unwritable(why.to_string()))
    }

    fn new(key: &ThreadKey, operation: Operation, kind: CheckpointErrorKind) -> Self {
        Self { thread: key.to_string(), operation, kind, source: None }
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

fn moved(expected: &Option<HeadRef>, found: &Option<HeadRef>) -> String {
    if expected == found {
        return format!("another run has written progress since {}", number(found));
    }
    format!("another run has moved it on from {} to {}", number(expected), number(found))
}

fn number(head: &Option<HeadRef>) -> String {
    head.map_or_else(|| "nothing".to_owned(), |head| format!("checkpoint {}", head.id))
}
