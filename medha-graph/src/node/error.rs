//! The error of a node: opaque, made by `?` from any error, with a say on whether trying again helps.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::parent::ParentCommand;
use crate::engine::pause::Pause;
use crate::node::context::Question;

/// Why an attempt of a node failed. Any error converts with `?` and may then be retried.
///
/// ```
/// use medha_graph::{NodeError, OrTerminal};
///
/// fn parse(text: &str) -> Result<u32, NodeError> {
///     Ok(text.parse::<u32>().terminal()?)      // trying again would not help
/// }
/// assert!(!parse("seven").unwrap_err().is_retryable());
/// ```
pub struct NodeError(Box<Inner>);

struct Inner {
    source: Box<dyn Error + Send + Sync>,
    retryable: bool,
    retry_after: Option<Duration>,
    detail: Option<Value>,
    stop: Option<Stop>,
}

/// Why an attempt ended without an update and without having failed. It travels as an error, since nothing of the node
/// is to run after it; the attempt takes it out before anybody sees it.
#[derive(Debug)]
pub(crate) enum Stop {
    /// A subgraph has questions.
    Asked(Vec<Question>),
    /// A subgraph was stopped between two of its supersteps.
    Paused(Pause),
    /// The rest is for the graph this one is a node of.
    ToParent(ParentCommand),
}

impl NodeError {
    /// An error made of a sentence.
    pub fn new(message: impl Into<String>) -> Self {
        Self::from_box(Box::new(Message(message.into())))
    }

    /// Makes it final: the node is not tried again, whatever its retry policy says.
    #[must_use]
    pub fn terminal(mut self) -> Self {
        self.0.retryable = false;
        self
    }

    /// Asks for a pause of this length before the next attempt, in place of the policy's.
    #[must_use]
    pub fn retry_after(mut self, pause: Duration) -> Self {
        self.0.retry_after = Some(pause);
        self
    }

    /// Adds a value for whoever handles the failure; [`Failure::detail`](crate::Failure::detail) reads it.
    ///
    /// A value that cannot be written as JSON is replaced by the reason why.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Serialize) -> Self {
        self.0.detail =
            Some(serde_json::to_value(detail).unwrap_or_else(|why| Value::String(why.to_string())));
        self
    }

    /// Whether another attempt may help.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// The pause the failed call asked for.
    pub fn pause(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The error underneath, if it is of this type.
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        self.0.source.downcast_ref()
    }

    pub(crate) fn into_parts(self) -> (Box<dyn Error + Send + Sync>, Option<Value>) {
        (self.0.source, self.0.detail)
    }

    pub(crate) fn stop(stop: Stop) -> Self {
        let mut error = Self::new("the node stopped before it was done").terminal();
        error.0.stop = Some(stop);
        error
    }

    pub(crate) fn take_stop(&mut self) -> Option<Stop> {
        self.0.stop.take()
    }

    fn from_box(source: Box<dyn Error + Send + Sync>) -> Self {
        Self(Box::new(Inner { source, retryable: true, retry_after: None, detail: None, stop: None }))
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for NodeError {
    fn from(error: E) -> Self {
        Self::from_box(Box::new(error))
    }
}

impl fmt::Display for NodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.source, f)
    }
}

impl fmt::Debug for NodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeError")
            .field("source", &self.0.source)
            .field("retryable", &self.0.retryable)
            .field("retry_after", &self.0.retry_after)
            .field("detail", &self.0.detail)
            .finish()
    }
}

/// `.terminal()` and `.retry_after(..)` on any result, before `?`.
pub trait OrTerminal<T> {
    /// Makes the error final: trying again would not help.
    fn terminal(self) -> Result<T, NodeError>;
    /// Asks for a pause before the next attempt.
    fn retry_after(self, pause: Duration) -> Result<T, NodeError>;
}

impl<T, E: Into<NodeError>> OrTerminal<T> for Result<T, E> {
    fn terminal(self) -> Result<T, NodeError> {
        self.map_err(|error| error.into().terminal())
    }

    fn retry_after(self, pause: Duration) -> Result<T, NodeError> {
        self.map_err(|error| error.into().retry_after(pause))
    }
}

/// An error that is a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Message(String);

/// The text of an error and of everything under it, each cause once.
pub(crate) fn full_text(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}
