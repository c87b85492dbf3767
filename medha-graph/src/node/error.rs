//! The error of a node: opaque, made by `?` from any error, with a say on whether trying again helps.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::parent::ParentCommand;
use crate::engine::pause::Pause;
use crate::node::context::Question;

/// Why an attempt of a node failed. Any error converts with `?` and may then be retried; boxed errors and those of
/// `anyhow` do so with [`or_retry`](OrRetry::or_retry).
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

    /// An error of any type that is or becomes a boxed one: `Box<dyn Error + Send + Sync>`, `anyhow::Error`, a text.
    ///
    /// These have no `From`, since a box of an error is no error itself; before `?` there is
    /// [`or_retry`](OrRetry::or_retry). The error in the box can be found by its type as usual; `anyhow` hides
    /// the one it was made of, unless a context was put on it.
    pub fn from_boxed(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::from_box(error.into())
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

    /// The error underneath.
    pub(crate) fn as_error(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.0.source
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

/// `.or_retry()` and `.or_terminal()` on results whose errors `?` does not convert, before `?`.
///
/// That is anything that becomes a `Box<dyn Error + Send + Sync>`: such a box itself, `anyhow::Error`, a text.
///
/// ```
/// use std::error::Error;
/// use medha_graph::{NodeError, OrRetry};
///
/// fn fetch() -> Result<u32, Box<dyn Error + Send + Sync>> { Ok("7".parse::<u32>()?) }
/// fn parse(text: &str) -> Result<u32, String> { text.parse().map_err(|_| format!("{text:?} is no number")) }
///
/// fn node() -> Result<u32, NodeError> {
///     let fetched = fetch().or_retry()?;
///     Ok(fetched + parse("eight").or_terminal()?)
/// }
/// let error = node().unwrap_err();
/// assert_eq!((error.to_string().as_str(), error.is_retryable()), ("\"eight\" is no number", false));
/// ```
pub trait OrRetry<T> {
    /// Makes it the error of a node, which may be tried again.
    fn or_retry(self) -> Result<T, NodeError>;
    /// Makes it the error of a node, and final: trying again would not help.
    fn or_terminal(self) -> Result<T, NodeError>;
}

impl<T, E: Into<Box<dyn Error + Send + Sync>>> OrRetry<T> for Result<T, E> {
    fn or_retry(self) -> Result<T, NodeError> {
        self.map_err(NodeError::from_boxed)
    }

    fn or_terminal(self) -> Result<T, NodeError> {
        self.map_err(|error| NodeError::from_boxed(error).terminal())
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
