//! What tells a task from others, and what it sends while it runs.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::call::CallPhase;
use crate::engine::checkpoint::TaskId;
use crate::engine::name::Name;

/// Sends what a node emits to whoever watches.
pub(crate) type Emit = Arc<dyn Fn(TaskRef, Emission) + Send + Sync>;

/// What a node emits while it runs.
#[derive(Debug)]
pub(crate) enum Emission {
    Custom(Value),
    Message(Value),
    Call {
        name: String,
        phase: CallPhase,
    },
    /// The cache of the graph failed.
    CacheFailed(String),
}

/// Which attempt of which task of which superstep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TaskRef {
    /// The id of the task: the same whenever the same checkpoint is resumed.
    pub id: TaskId,
    /// The node.
    #[serde(serialize_with = "as_text")]
    pub node: Arc<str>,
    /// The superstep, counted over the life of the thread, from 1.
    pub step: u64,
    /// The attempt, from 1.
    pub attempt: u32,
}

fn as_text<W: serde::Serializer>(text: &Arc<str>, serializer: W) -> Result<W::Ok, W::Error> {
    serializer.serialize_str(text)
}

/// A graph as caches know it: what is kept of another one, or of another version of it, is not used.
#[derive(Clone, Debug)]
pub(crate) struct GraphRef {
    pub(crate) name: Arc<str>,
    pub(crate) version: u32,
    pub(crate) fingerprint: Name,
}
