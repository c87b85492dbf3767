//! Interceptors around tool calls: to look at them, change them, answer in their place, or make them again.

use std::sync::atomic::AtomicU32;

use futures_util::future::BoxFuture;
use medha_graph::NodeError;

use super::context::ToolContext;
use super::outcome::ToolOutcome;
use super::toolbox::Toolbox;
use crate::chat::ToolCall;

/// Wraps every tool call of an agent; the first one given is the outermost.
///
/// ```
/// use futures_util::future::BoxFuture;
/// use medha_agents::chat::ToolCall;
/// use medha_agents::tool_agent::{AroundTool, NextTool, ToolContext, ToolOutcome};
/// use medha_graph::NodeError;
///
/// struct Announce;
///
/// impl AroundTool for Announce {
///     fn around<'a>(
///         &'a self,
///         call: ToolCall,
///         ctx: ToolContext<'a>,
///         next: NextTool<'a>,
///     ) -> BoxFuture<'a, Result<ToolOutcome, NodeError>> {
///         Box::pin(async move {
///             ctx.emit(format!("calling {}", call.name));
///             next.run(call).await
///         })
///     }
/// }
/// ```
pub trait AroundTool: Send + Sync + 'static {
    /// One call: hand it on with `next.run(call)`, as it is or changed, or answer in its place. An unknown tool's call comes
    /// here too.
    fn around<'a>(
        &'a self,
        call: ToolCall,
        ctx: ToolContext<'a>,
        next: NextTool<'a>,
    ) -> BoxFuture<'a, Result<ToolOutcome, NodeError>>;
}

/// The rest of the way to a tool: further interceptors, then the tool with its retries.
#[derive(Clone, Debug)]
pub struct NextTool<'a> {
    pub(super) toolbox: &'a Toolbox,
    /// How many interceptors the call has passed.
    pub(super) passed: usize,
    pub(super) ctx: ToolContext<'a>,
    /// Tells the calls of a tool apart if an interceptor makes several.
    pub(super) calls: &'a AtomicU32,
}

impl<'a> NextTool<'a> {
    /// Hands the call on.
    pub fn run(&self, call: ToolCall) -> BoxFuture<'a, Result<ToolOutcome, NodeError>> {
        let mut next = self.clone();
        next.ctx.call = call.clone().into();
        match self.toolbox.around.get(self.passed) {
            Some(around) => {
                next.passed += 1;
                around.around(call, next.ctx.clone(), next)
            }
            None => Box::pin(next.toolbox.call(next.ctx, next.calls)),
        }
    }
}
