//! The node that asks the model, and stops it when turns or steps run out.

use std::collections::HashSet;
use std::sync::Arc;

use medha_graph::{Ctx, Node, NodeError};

use super::next::{Order, turn_after};
use super::state::{ToolAgentState, ToolAgentStateUpdate};
use super::toolbox::Toolbox;
use super::voice::Voice;
use crate::chat::{AssistantMessage, FinishReason, Message, ToolCall, ToolSpec, ask};

/// The node "model".
pub(super) struct ModelNode {
    pub(super) voice: Voice,
    pub(super) specs: Vec<ToolSpec>,
    pub(super) toolbox: Arc<Toolbox>,
    pub(super) limits: Limits,
    /// What the agent says when it has to stop.
    pub(super) closing: String,
}

/// How far an agent may go, and how many supersteps it takes to go on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) turns: u32,
    pub(super) order: Order,
    /// Supersteps between tools and the model.
    pub(super) before: u64,
    /// Supersteps between the model and what comes after it.
    pub(super) after: u64,
    /// Supersteps from the last words of the model to the end, the hook after it left out.
    pub(super) ending: u64,
}

impl Limits {
    /// How many supersteps the run needs to make this many calls and, unless their results are the answer, have the
    /// model answer.
    fn steps_for(&self, calls: usize, are_direct: bool) -> u64 {
        let rounds = match self.order {
            Order::AtOnce => 1,
            Order::OneByOne => calls as u64,
        };
        let results = self.after + rounds;
        if are_direct { results } else { results + self.before + 1 + self.after + self.ending }
    }
}

impl Node<ToolAgentState> for ModelNode {
    type Output = Result<ToolAgentStateUpdate, NodeError>;

    async fn run(&self, state: &ToolAgentState, ctx: Ctx) -> Self::Output {
        let request = self.voice.request(state, |request| {
            request.tools.clone_from(&self.specs);
            request.one_call_at_a_time = self.limits.order == Order::OneByOne;
        })?;
        let id = ctx.task().id.to_string();
        let answer = ask(&*(self.voice.model)(state), &request, &ctx, &id).await?;
        let turn = turn_after(state);
        let mut message = self.stopped(answer.message, turn, ctx.steps_left());
        name_calls(&mut message.calls, &state.messages, &id);
        message.id = Some(id);
        let update = ToolAgentState::update().messages([Message::Assistant(message)]).turns(turn);
        // An answer of an earlier run is not the answer of this one.
        Ok(if state.answer.is_some() { update.answer(None) } else { update })
    }
}

impl ModelNode {
    /// The message, or the closing words if the calls of it could not be made and read any more.
    fn stopped(&self, message: AssistantMessage, turn: u32, steps_left: u64) -> AssistantMessage {
        if message.calls.is_empty() {
            return message;
        }
        let are_direct = message.calls.iter().all(|call| self.toolbox.is_direct(call));
        let has_turns = turn < self.limits.turns || are_direct;
        if has_turns && steps_left >= self.limits.steps_for(message.calls.len(), are_direct) {
            return message;
        }
        let finish = Some(FinishReason::OutOfTurns);
        AssistantMessage { text: self.closing.clone(), calls: Vec::new(), finish, ..message }
    }
}

/// Gives calls without an id, or with one that was used before, an id of their own: results are told apart by it.
fn name_calls(calls: &mut [ToolCall], messages: &[Message], message_id: &str) {
    if calls.is_empty() {
        return;
    }
    let earlier = messages.iter().filter_map(Message::as_assistant).flat_map(|message| &message.calls);
    let mut used: HashSet<String> = earlier.map(|call| call.id.clone()).collect();
    for (number, call) in calls.iter_mut().enumerate() {
        if call.id.is_empty() || used.contains(&call.id) {
            call.id = format!("{message_id}-{}", number + 1);
        }
        used.insert(call.id.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_an_answer_takes_are_counted_to_its_end() {
        let bare = Limits { turns: 9, order: Order::AtOnce, before: 0, after: 0, ending: 0 };
        let full = Limits { turns: 9, order: Order::OneByOne, before: 1, after: 1, ending: 1 };
        let counted = [(bare, 3, false, 2), (bare, 3, true, 1), (full, 3, false, 8), (full, 3, true, 4)];
        for (limits, calls, are_direct, steps) in counted {
            assert_eq!(limits.steps_for(calls, are_direct), steps, "{limits:?}");
        }
    }
}
