//! Who is next: decided from the conversation alone.

use medha_graph::Route;

use super::state::ToolAgentState;
use crate::chat::{AfterTool, AssistantMessage, Message, ToolCall};

/// Whether the tools a model calls at once run at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Order {
    #[default]
    AtOnce,
    OneByOne,
}

#[derive(Debug, PartialEq, Route)]
pub(super) enum ToTools {
    #[route("tools")]
    Call(Box<ToolCall>),
}

#[derive(Debug, PartialEq, Route)]
pub(super) enum ToModel {
    #[route("model")]
    Model,
}

#[derive(Debug, PartialEq, Route)]
pub(super) enum ToBeforeModel {
    #[route("before_model")]
    BeforeModel,
}

#[derive(Debug, PartialEq, Route)]
pub(super) enum ToRespond {
    #[route("respond")]
    Respond,
}

#[derive(Debug, PartialEq, Route)]
pub(super) enum ToEnd {
    #[route(END)]
    Done,
}

/// What comes after the model and its hook, or after tools.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Next {
    /// These calls.
    Tools(Vec<ToolCall>),
    /// The model, to read results.
    Model,
    /// Nothing more is to be found out.
    Finish,
    /// The result of a tool is the answer.
    Answered,
    /// A tool went to a node of its own choice.
    Elsewhere,
}

/// What comes after the model, and after its hook: the hook may have answered calls itself, or asked for another turn.
pub(super) fn after_model(state: &ToolAgentState, order: Order) -> Next {
    let Some((_, calls)) = open_calls(&state.messages) else { return Next::Finish };
    if !calls.is_empty() {
        return Next::Tools(take(calls, order));
    }
    match state.messages.last() {
        Some(Message::Tool(_) | Message::User(_)) => Next::Model,
        Some(Message::Assistant(_) | Message::System(_)) | None => Next::Finish,
    }
}

/// What comes after tools.
pub(super) fn after_tools(state: &ToolAgentState, order: Order) -> Next {
    let Some((place, calls)) = open_calls(&state.messages) else { return Next::Model };
    // Run at once, all calls have their result now; if one was taken away, the model node says so.
    if order == Order::OneByOne && !calls.is_empty() {
        return Next::Tools(take(calls, order));
    }
    let results = state.messages[place..].iter().filter_map(Message::as_tool);
    let (mut is_answer, mut is_elsewhere) = (false, false);
    for result in results {
        match result.then {
            AfterTool::Answer => is_answer = true,
            AfterTool::Elsewhere => is_elsewhere = true,
            AfterTool::Model => {}
        }
    }
    match (is_elsewhere, is_answer) {
        (true, _) => Next::Elsewhere,
        (false, true) => Next::Answered,
        (false, false) => Next::Model,
    }
}

/// How often the model has spoken since a person last did, this time included.
pub(super) fn turn_after(state: &ToolAgentState) -> u32 {
    match state.messages.last() {
        Some(Message::User(_)) | None => 1,
        Some(Message::Assistant(_) | Message::System(_) | Message::Tool(_)) => state.turns.saturating_add(1),
    }
}

fn take(mut calls: Vec<ToolCall>, order: Order) -> Vec<ToolCall> {
    match order {
        Order::AtOnce => {}
        Order::OneByOne => calls.truncate(1),
    }
    calls
}

/// The place of the last message of the model, and its calls that have no result yet.
fn open_calls(messages: &[Message]) -> Option<(usize, Vec<ToolCall>)> {
    let last = |message: &Message| message.as_assistant().is_some();
    let place = messages.iter().rposition(last)?;
    let calls = messages[place].as_assistant().map_or(&[][..], |message: &AssistantMessage| &message.calls);
    let is_open = |call: &&ToolCall| {
        let mut results = messages[place..].iter().filter_map(Message::as_tool);
        !results.any(|result| result.call_id == call.id)
    };
    Some((place, calls.iter().filter(is_open).cloned().collect()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn state(messages: impl IntoIterator<Item = Message>) -> ToolAgentState {
        ToolAgentState { messages: messages.into_iter().collect(), ..ToolAgentState::default() }
    }

    fn call(id: &str) -> ToolCall {
        ToolCall::new(id, "look", json!({}))
    }

    #[test]
    fn open_calls_run_at_once_or_one_by_one() {
        let open = state([Message::user("hi"), Message::calls([call("a"), call("b")])]);
        assert_eq!(after_model(&open, Order::AtOnce), Next::Tools(vec![call("a"), call("b")]));
        assert_eq!(after_model(&open, Order::OneByOne), Next::Tools(vec![call("a")]));
        let half = state([Message::calls([call("a"), call("b")]), Message::result(&call("a"), "1")]);
        assert_eq!(after_tools(&half, Order::OneByOne), Next::Tools(vec![call("b")]));
    }

    #[test]
    fn a_hook_that_answers_or_asks_sends_the_model_on() {
        let answered = state([Message::calls([call("a")]), Message::result(&call("a"), "1")]);
        assert_eq!(after_model(&answered, Order::AtOnce), Next::Model);
        let asked = state([Message::assistant("42"), Message::user("are you sure?")]);
        assert_eq!(after_model(&asked, Order::AtOnce), Next::Model);
        assert_eq!(after_model(&state([Message::assistant("42")]), Order::AtOnce), Next::Finish);
    }

    #[test]
    fn turns_are_counted_from_what_a_person_said() {
        let mut talk = state([Message::user("hi")]);
        talk.turns = 7;
        assert_eq!(turn_after(&talk), 1);
        talk.messages.push(Message::calls([call("a")]));
        talk.messages.push(Message::result(&call("a"), "1"));
        assert_eq!(turn_after(&talk), 8);
    }
}
