//! What a tool may ask of the run it is called in.

use std::ops::Deref;
use std::sync::Arc;

use medha_graph::{Ctx, IdempotencyKey};

use super::state::ToolAgentState;
use crate::chat::ToolCall;

/// The run a tool is called in: take it as the second parameter of a tool function (`ctx: ToolContext<'_>`).
///
/// It is a [`Ctx`] too: a tool may ask a person (`ctx.interrupt`), tell how far it is (`ctx.emit`), do something once
/// (`ctx.once`), and take the store (`ctx.store`) and other dependencies (`ctx.context`).
///
/// ```
/// use medha_agents::tool_agent::{ToolContext, tool};
/// use schemars::JsonSchema;
/// use serde::Deserialize;
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Delete { file: String }
///
/// async fn delete(args: Delete, ctx: ToolContext<'_>) -> String {
///     let is_sure: bool = ctx.interrupt(format!("delete {:?}?", args.file)).await;
///     if is_sure { format!("{} is gone", args.file) } else { "the user said no".to_owned() }
/// }
/// let delete = tool("delete", "Deletes a file.", delete);
/// # let _ = delete;
/// ```
#[derive(Clone, Debug)]
pub struct ToolContext<'a> {
    pub(super) ctx: Ctx,
    pub(super) state: &'a ToolAgentState,
    pub(super) call: Arc<ToolCall>,
    pub(super) key: Option<IdempotencyKey>,
}

impl<'a> ToolContext<'a> {
    /// The state of the agent when the model called the tool; it is no part of the arguments, so the model never sees it.
    pub fn state(&self) -> &'a ToolAgentState {
        self.state
    }

    /// The call.
    pub fn call(&self) -> &ToolCall {
        &self.call
    }

    /// Names this call for the outside, if the tool has side effects: the same however often it is tried.
    pub fn idempotency_key(&self) -> Option<&IdempotencyKey> {
        self.key.as_ref()
    }
}

impl Deref for ToolContext<'_> {
    type Target = Ctx;

    fn deref(&self) -> &Ctx {
        &self.ctx
    }
}
