//! Messages of a conversation, in the form states keep and store them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::request::{FinishReason, Usage};

/// One message of a conversation; its id tells it from others, and a state draws one where it is missing.
///
/// As JSON it is an object with its `role`. Exhaustive on purpose: an adapter must say what becomes of every kind.
///
/// ```
/// use medha_agents::chat::Message;
///
/// let hello = Message::user("hello");
/// assert_eq!(serde_json::to_string(&hello).unwrap(), r#"{"role":"user","text":"hello"}"#);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum Message {
    /// An instruction to the model.
    System(TextMessage),
    /// What a person said.
    User(TextMessage),
    /// What the model said, and the tools it calls.
    Assistant(AssistantMessage),
    /// What a tool call came to.
    Tool(ToolMessage),
}

/// A message that is only text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TextMessage {
    /// Its id, once it is in a state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The text.
    pub text: String,
}

/// What a model said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AssistantMessage {
    /// Its id, once it is in a state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The text; may be empty beside tool calls.
    #[serde(default)]
    pub text: String,
    /// The tools it calls; each call must be followed by its result.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<ToolCall>,
    /// What it cost, if the provider says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// Why it ended, if the provider says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish: Option<FinishReason>,
}

/// A tool the model calls.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ToolCall {
    /// Names the call; its result carries the same id.
    pub id: String,
    /// The tool.
    pub name: String,
    /// The arguments, an object that should fit the schema of the tool.
    #[serde(default)]
    pub arguments: Value,
    /// The arguments as the model wrote them, if they are not JSON; `arguments` is then null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
}

/// What a tool call came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ToolMessage {
    /// Its id, once it is in a state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The call it is the result of.
    pub call_id: String,
    /// The tool.
    pub tool: String,
    /// What the model reads.
    pub text: String,
    /// Whether the call failed, and `text` says why.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_error: bool,
    /// What the program gets and the model does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<Value>,
    /// Who goes on after it.
    #[serde(default, skip_serializing_if = "AfterTool::is_model")]
    pub then: AfterTool,
}

/// Who goes on after a tool call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AfterTool {
    /// The model reads the result.
    #[default]
    Model,
    /// Nobody: the result is the answer.
    Answer,
    /// The node the tool went to.
    Elsewhere,
}

impl AfterTool {
    fn is_model(&self) -> bool {
        *self == Self::Model
    }
}

fn is_false(value: &bool) -> bool {
    !value
}

impl Message {
    /// An instruction to the model.
    pub fn system(text: impl Into<String>) -> Self {
        Self::System(TextMessage { id: None, text: text.into() })
    }

    /// What a person said.
    pub fn user(text: impl Into<String>) -> Self {
        Self::User(TextMessage { id: None, text: text.into() })
    }

    /// What the model said, without calling tools.
    pub fn assistant(text: impl Into<String>) -> Self {
        Self::Assistant(AssistantMessage { text: text.into(), ..AssistantMessage::default() })
    }

    /// The tools the model calls.
    pub fn calls(calls: impl IntoIterator<Item = ToolCall>) -> Self {
        Self::Assistant(AssistantMessage {
            calls: calls.into_iter().collect(),
            ..AssistantMessage::default()
        })
    }

    /// What a tool call came to.
    pub fn result(call: &ToolCall, text: impl Into<String>) -> Self {
        let (call_id, tool) = (call.id.clone(), call.name.clone());
        Self::Tool(ToolMessage { call_id, tool, text: text.into(), ..ToolMessage::default() })
    }

    /// The text of the message.
    pub fn text(&self) -> &str {
        match self {
            Self::System(message) | Self::User(message) => &message.text,
            Self::Assistant(message) => &message.text,
            Self::Tool(message) => &message.text,
        }
    }

    /// Its id, once it is in a state.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::System(message) | Self::User(message) => message.id.as_deref(),
            Self::Assistant(message) => message.id.as_deref(),
            Self::Tool(message) => message.id.as_deref(),
        }
    }

    /// The same message with this id.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        medha_graph::reducer::Message::set_id(&mut self, id.into());
        self
    }

    /// The assistant's part of it, if it is the assistant's.
    pub fn as_assistant(&self) -> Option<&AssistantMessage> {
        match self {
            Self::Assistant(message) => Some(message),
            Self::System(_) | Self::User(_) | Self::Tool(_) => None,
        }
    }

    /// The result of a tool call, if it is one.
    pub fn as_tool(&self) -> Option<&ToolMessage> {
        match self {
            Self::Tool(message) => Some(message),
            Self::System(_) | Self::User(_) | Self::Assistant(_) => None,
        }
    }
}

impl medha_graph::reducer::Message for Message {
    fn id(&self) -> Option<&str> {
        Self::id(self)
    }

    fn set_id(&mut self, id: String) {
        let place = match self {
            Self::System(message) | Self::User(message) => &mut message.id,
            Self::Assistant(message) => &mut message.id,
            Self::Tool(message) => &mut message.id,
        };
        *place = Some(id);
    }
}

impl ToolCall {
    /// A call with arguments that are JSON already.
    pub fn new(id: impl Into<String>, name: impl Into<String>, arguments: Value) -> Self {
        Self { id: id.into(), name: name.into(), arguments, unreadable: None }
    }

    /// A call as a model wrote it: arguments that are not JSON are kept, so that the model can be told.
    pub fn from_text(id: impl Into<String>, name: impl Into<String>, arguments: &str) -> Self {
        // Models that call a tool without parameters often write nothing.
        let written = if arguments.trim().is_empty() { "{}" } else { arguments };
        let (arguments, unreadable) = match serde_json::from_str(written) {
            Ok(arguments) => (arguments, None),
            Err(_) => (Value::Null, Some(arguments.to_owned())),
        };
        Self { id: id.into(), name: name.into(), arguments, unreadable }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn messages_keep_the_json_they_are_stored_in() {
        let call = ToolCall::new("c1", "add", json!({"a": 1}));
        let stored = [
            (
                Message::system("be brief").with_id("m1"),
                json!({"role": "system", "id": "m1", "text": "be brief"}),
            ),
            (Message::user("hi"), json!({"role": "user", "text": "hi"})),
            (
                Message::calls([call.clone()]),
                json!({"role": "assistant", "text": "", "calls": [{"id": "c1", "name": "add", "arguments": {"a": 1}}]}),
            ),
            (
                Message::result(&call, "2"),
                json!({"role": "tool", "call_id": "c1", "tool": "add", "text": "2"}),
            ),
        ];
        for (message, json) in stored {
            assert_eq!(serde_json::to_value(&message).unwrap(), json);
            assert_eq!(serde_json::from_value::<Message>(json).unwrap(), message);
        }
    }

    #[test]
    fn arguments_that_are_not_json_are_kept_as_they_were_written() {
        let call = ToolCall::from_text("c1", "add", "{a: 1");
        assert_eq!((call.arguments, call.unreadable.as_deref()), (Value::Null, Some("{a: 1")));
        assert_eq!(ToolCall::from_text("c2", "now", " ").arguments, json!({}));
    }
}
