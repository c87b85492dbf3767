//! Whether a conversation can be sent: providers refuse one with a tool call that has no result.

use std::collections::HashSet;

use super::message::{AssistantMessage, Message};

/// A conversation no model can go on with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the conversation cannot be sent to a model: {}", .problems.join("; "))]
#[non_exhaustive]
pub struct HistoryError {
    /// Everything that is wrong with it.
    pub problems: Vec<String>,
}

/// Says what keeps a conversation from being sent: calls without a result before anybody else speaks, results without a
/// call, and two calls of one message with the same id.
///
/// ```
/// use medha_agents::chat::{Message, ToolCall, check_history};
///
/// let call = ToolCall::new("c1", "clock", serde_json::json!({}));
/// let error = check_history(&[Message::calls([call]), Message::user("and?")]).unwrap_err();
/// assert!(error.to_string().contains(r#"call "c1" of tool "clock" has no result"#));
/// ```
pub fn check_history(messages: &[Message]) -> Result<(), HistoryError> {
    let mut problems = Vec::new();
    let mut open = Open::default();
    for message in messages {
        match message {
            Message::Assistant(message) => {
                open.close(&mut problems);
                open.begin(message, &mut problems);
            }
            Message::Tool(result) => {
                if !open.take(&result.call_id) {
                    problems.push(format!(
                        "the result {:?} of tool {:?} belongs to no call of the message before it; remove it",
                        result.call_id, result.tool
                    ));
                }
            }
            Message::System(_) | Message::User(_) => open.close(&mut problems),
        }
    }
    open.close(&mut problems);
    if problems.is_empty() { Ok(()) } else { Err(HistoryError { problems }) }
}

/// The calls that wait for their results, in order.
#[derive(Default)]
struct Open<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Open<'a> {
    fn begin(&mut self, message: &'a AssistantMessage, problems: &mut Vec<String>) {
        let mut seen = HashSet::new();
        for call in &message.calls {
            if !seen.insert(&*call.id) {
                problems.push(format!("two calls have the id {:?}; give each its own", call.id));
                continue;
            }
            self.0.push((&call.id, &call.name));
        }
    }

    fn take(&mut self, id: &str) -> bool {
        let place = self.0.iter().position(|(open, _)| *open == id);
        place.map(|place| self.0.remove(place)).is_some()
    }

    fn close(&mut self, problems: &mut Vec<String>) {
        for (id, tool) in self.0.drain(..) {
            problems.push(format!(
                "call {id:?} of tool {tool:?} has no result; add a tool message for it or remove the call"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::chat::ToolCall;

    #[test]
    fn every_problem_of_a_conversation_is_reported() {
        let (a, b) = (ToolCall::new("a", "look", json!({})), ToolCall::new("b", "look", json!({})));
        let messages = [
            Message::user("hi"),
            Message::calls([a.clone(), b.clone()]),
            Message::result(&a, "1"),
            Message::user("hello?"),
            Message::result(&b, "2"),
        ];
        assert_eq!(
            check_history(&messages).unwrap_err().to_string(),
            "the conversation cannot be sent to a model: call \"b\" of tool \"look\" has no result; add a tool message \
             for it or remove the call; the result \"b\" of tool \"look\" belongs to no call of the message before it; \
             remove it"
        );
        assert_eq!(check_history(&messages[..2]).unwrap_err().problems.len(), 2);
    }

    #[test]
    fn results_may_come_in_any_order() {
        let (a, b) = (ToolCall::new("a", "look", json!({})), ToolCall::new("b", "look", json!({})));
        let all =
            [Message::calls([a.clone(), b.clone()]), Message::result(&b, "2"), Message::result(&a, "1")];
        assert_eq!(check_history(&all), Ok(()));
    }
}
