//! What a tool comes to: a text for the model, and if it wishes, a change of the state and where to go.

use medha_graph::NodeError;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::state::ToolAgentStateUpdate;

/// What a tool comes to. Most tools return a text; this is for those that do more.
///
/// ```
/// use medha_agents::tool_agent::{ToolAgentState, ToolOutcome};
///
/// let booked = ToolOutcome::text("table 4 is booked")
///     .with_artifact(serde_json::json!({"table": 4}))                                // for the program, not the model
///     .update(ToolAgentState::update().values([("table".to_owned(), 4.into())]))
///     .goto("confirm");                                                              // instead of back to the model
/// # let _ = booked;
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ToolOutcome {
    /// What the model reads.
    pub text: String,
    /// Whether the call failed, and `text` says why.
    #[serde(default)]
    pub is_error: bool,
    /// What the program gets and the model does not.
    #[serde(default)]
    pub artifact: Option<Value>,
    /// A change of the state, merged after the message of the call.
    #[serde(default)]
    pub update: Option<ToolAgentStateUpdate>,
    /// Nodes to go to. If there are any, the model is not asked again unless they lead back to it.
    #[serde(default)]
    pub goto: Vec<String>,
}

impl ToolOutcome {
    /// A text for the model.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// A text for the model that says why the call failed.
    pub fn error(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_error: true, ..Self::default() }
    }

    /// Adds a value for the program.
    #[must_use]
    pub fn with_artifact(mut self, artifact: Value) -> Self {
        self.artifact = Some(artifact);
        self
    }

    /// Changes the state.
    #[must_use]
    pub fn update(mut self, update: ToolAgentStateUpdate) -> Self {
        self.update = Some(update);
        self
    }

    /// Goes to a node of the graph, with [`ToolAgent::graph`](super::ToolAgent::graph) any that was added to it.
    #[must_use]
    pub fn goto(mut self, node: impl Into<String>) -> Self {
        self.goto.push(node.into());
        self
    }
}

/// What a tool function may return: a text, a JSON value, nothing, a [`ToolOutcome`], or a `Result` of these.
#[diagnostic::on_unimplemented(
    message = "a tool cannot return `{Self}`",
    note = "a tool returns `String`, `&'static str`, `serde_json::Value`, `()`, `ToolOutcome`, or a `Result` of these"
)]
pub trait IntoToolOutcome {
    /// The outcome, or why the call failed.
    fn into_outcome(self) -> Result<ToolOutcome, NodeError>;
}

impl IntoToolOutcome for ToolOutcome {
    fn into_outcome(self) -> Result<ToolOutcome, NodeError> {
        Ok(self)
    }
}

impl IntoToolOutcome for String {
    fn into_outcome(self) -> Result<ToolOutcome, NodeError> {
        Ok(ToolOutcome::text(self))
    }
}

impl IntoToolOutcome for &'static str {
    fn into_outcome(self) -> Result<ToolOutcome, NodeError> {
        Ok(ToolOutcome::text(self))
    }
}

impl IntoToolOutcome for () {
    fn into_outcome(self) -> Result<ToolOutcome, NodeError> {
        Ok(ToolOutcome::text("done"))
    }
}

/// The model reads the JSON.
impl IntoToolOutcome for Value {
    fn into_outcome(self) -> Result<ToolOutcome, NodeError> {
        Ok(ToolOutcome::text(self.to_string()))
    }
}

impl<T: IntoToolOutcome, E: Into<NodeError>> IntoToolOutcome for Result<T, E> {
    fn into_outcome(self) -> Result<ToolOutcome, NodeError> {
        self.map_err(Into::into)?.into_outcome()
    }
}
