//! What an error edge hands over: the stored description of a node that gave up.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A node that failed its last attempt, as the node behind its error edge receives it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Failure {
    /// The node that failed.
    pub node: String,
    /// What went wrong, with its causes.
    pub error: String,
    /// How the last attempt ended.
    pub kind: FailureKind,
    /// How often it was tried.
    pub attempts: u32,
    /// The payload it was started with, if it was started with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Value>,
    /// The value attached with [`NodeError::with_detail`](crate::NodeError::with_detail).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Value>,
}

impl Failure {
    /// A description of a failure, for tests of the nodes and routers that handle one.
    pub fn new(node: impl Into<String>, error: impl Into<String>) -> Self {
        Self {
            node: node.into(),
            error: error.into(),
            kind: FailureKind::Error,
            attempts: 1,
            payload: None,
            detail: None,
        }
    }

    /// Adds a detail, as [`NodeError::with_detail`](crate::NodeError::with_detail) does.
    #[must_use]
    pub fn with_detail(mut self, detail: Value) -> Self {
        self.detail = Some(detail);
        self
    }

    /// The detail the node attached, if there is one and it has this type.
    pub fn detail<T: DeserializeOwned>(&self) -> Option<T> {
        self.detail.as_ref().and_then(|value| T::deserialize(value).ok())
    }
}

/// How the last attempt of a failed node ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailureKind {
    /// It returned an error.
    Error,
    /// It took longer than one of its timeouts.
    Timeout,
    /// It panicked.
    Panic,
}
