//! What a history of checkpoints is called: the thread, and where in its graph the history belongs.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Names one history of checkpoints: a thread's own, or that of a subgraph in it.
///
/// The namespace of a thread itself is empty; that of a subgraph is the path of the tasks that run it, as in
/// `"research:4.0/draft:2.1"` (node, superstep and position), or of the nodes alone where its history outlives a run.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ThreadKey {
    thread: Arc<str>,
    namespace: Arc<str>,
}

impl ThreadKey {
    /// The history of a thread itself.
    pub fn root(thread: impl Into<Arc<str>>) -> Self {
        Self { thread: thread.into(), namespace: Arc::from("") }
    }

    /// The history of a subgraph, by the path from the thread's own graph.
    pub fn new(thread: impl Into<Arc<str>>, namespace: impl Into<Arc<str>>) -> Self {
        Self { thread: thread.into(), namespace: namespace.into() }
    }

    /// The name of the thread.
    pub fn thread(&self) -> &str {
        &self.thread
    }

    /// The path of the subgraph; empty for the thread itself.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The history of a subgraph one level down.
    #[must_use]
    pub fn child(&self, segment: &str) -> Self {
        let namespace = match &*self.namespace {
            "" => Arc::from(segment),
            above => Arc::from(format!("{above}/{segment}")),
        };
        Self { thread: Arc::clone(&self.thread), namespace }
    }
}

impl From<&str> for ThreadKey {
    fn from(thread: &str) -> Self {
        Self::root(thread)
    }
}

impl fmt::Display for ThreadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.namespace {
            "" => f.write_str(&self.thread),
            namespace => write!(f, "{}/{namespace}", self.thread),
        }
    }
}
