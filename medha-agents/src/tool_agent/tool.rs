//! The trait of tools, and how a tool wants to be called.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use medha_graph::{NodeError, RetryPolicy};
use serde_json::Value;

use super::context::ToolContext;
use super::outcome::ToolOutcome;
use crate::chat::ToolSpec;

/// Something a model can call. For an async function there is [`tool`](super::tool); implement this for tools that are
/// found at run time.
///
/// ```
/// use futures_util::future::BoxFuture;
/// use medha_agents::chat::ToolSpec;
/// use medha_agents::tool_agent::{Tool, ToolContext, ToolOutcome};
/// use medha_graph::NodeError;
/// use serde_json::{Value, json};
///
/// struct Clock;
///
/// impl Tool for Clock {
///     fn spec(&self) -> ToolSpec {
///         let parameters = json!({"type": "object", "properties": {}});
///         ToolSpec { name: "clock".to_owned(), description: "Tells the time.".to_owned(), parameters }
///     }
///     fn call<'a>(&'a self, _: Value, _: ToolContext<'a>) -> BoxFuture<'a, Result<ToolOutcome, NodeError>> {
///         Box::pin(async { Ok(ToolOutcome::text("noon")) })
///     }
/// }
/// ```
pub trait Tool: Send + Sync + 'static {
    /// What the model is told about it; asked once, when the agent is compiled.
    fn spec(&self) -> ToolSpec;

    /// One call. An error that is a [`ToolMistake`](super::ToolMistake) tells the model what it did wrong.
    fn call<'a>(
        &'a self,
        arguments: Value,
        ctx: ToolContext<'a>,
    ) -> BoxFuture<'a, Result<ToolOutcome, NodeError>>;

    /// How it wants to be called.
    fn settings(&self) -> ToolSettings {
        ToolSettings::default()
    }
}

impl<T: Tool + ?Sized> Tool for Arc<T> {
    fn spec(&self) -> ToolSpec {
        (**self).spec()
    }

    fn call<'a>(
        &'a self,
        arguments: Value,
        ctx: ToolContext<'a>,
    ) -> BoxFuture<'a, Result<ToolOutcome, NodeError>> {
        (**self).call(arguments, ctx)
    }

    fn settings(&self) -> ToolSettings {
        (**self).settings()
    }
}

/// How a tool wants to be called.
#[derive(Clone, Debug, Default)]
pub struct ToolSettings {
    pub(super) retry: Option<RetryPolicy>,
    pub(super) timeout: Option<Duration>,
    pub(super) is_direct: bool,
    pub(super) has_side_effects: bool,
    pub(super) needs_approval: bool,
}

impl ToolSettings {
    /// Tries again after a failure, as the policy says.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(policy);
        self
    }

    /// Fails a call that takes longer.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Makes its result the answer: the model does not read it first. A failed call goes to the model all the same.
    #[must_use]
    pub fn return_direct(mut self) -> Self {
        self.is_direct = true;
        self
    }

    /// Says that a call changes something outside: one that came to its end is recorded, and not made again when the
    /// run is resumed after a crash.
    #[must_use]
    pub fn side_effects(mut self) -> Self {
        self.has_side_effects = true;
        self
    }

    /// Asks a person before each call.
    #[must_use]
    pub fn approval(mut self) -> Self {
        self.needs_approval = true;
        self
    }
}
