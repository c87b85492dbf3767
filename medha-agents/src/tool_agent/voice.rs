//! Whom an agent asks, and how it puts the question: the model, the system prompt, the shape of requests.

use std::sync::Arc;

use medha_graph::NodeError;

use super::state::ToolAgentState;
use crate::chat::{ChatModel, ChatRequest, check_history};

/// A function of the state.
pub(super) type ByState<T> = Arc<dyn Fn(&ToolAgentState) -> T + Send + Sync>;
/// A function that changes a request.
pub(super) type Shape = Arc<dyn Fn(&ToolAgentState, &mut ChatRequest) + Send + Sync>;

/// Whom an agent asks, and how it puts the question.
#[derive(Clone)]
pub(super) struct Voice {
    pub(super) model: ByState<Arc<dyn ChatModel>>,
    pub(super) system: Option<ByState<String>>,
    pub(super) shapes: Vec<Shape>,
}

impl Voice {
    /// The request for this state, completed by `with` before the program's own shapes; refused if no model could go on
    /// with its conversation.
    pub(super) fn request(
        &self,
        state: &ToolAgentState,
        with: impl FnOnce(&mut ChatRequest),
    ) -> Result<ChatRequest, NodeError> {
        let mut request = ChatRequest::new(state.messages.iter().cloned());
        request.system = self.system.as_ref().map(|system| system(state));
        with(&mut request);
        for shape in &self.shapes {
            shape(state, &mut request);
        }
        check_history(&request.messages).map_err(|error| NodeError::from(error).terminal())?;
        Ok(request)
    }
}
