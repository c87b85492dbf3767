//! What a model is asked, and what it answers: whole or in pieces.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::message::{AssistantMessage, Message, ToolCall};

/// What a model is asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChatRequest {
    /// Instructions that come before the conversation.
    pub system: Option<String>,
    /// The conversation.
    pub messages: Vec<Message>,
    /// The tools the model may call.
    pub tools: Vec<ToolSpec>,
    /// Whether the model should call one tool at a time.
    pub one_call_at_a_time: bool,
    /// The shape the answer must have; a provider that can hold the model to it should.
    pub answer_schema: Option<AnswerSchema>,
    /// Anything else an adapter understands: a temperature, a limit of tokens.
    pub options: Map<String, Value>,
}

/// A tool as a model sees it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// The name it is called by: letters, digits, `_` and `-`.
    pub name: String,
    /// What it does and when to use it.
    pub description: String,
    /// The JSON schema of its arguments.
    pub parameters: Value,
}

/// The shape an answer must have.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AnswerSchema {
    /// The name of the shape.
    pub name: String,
    /// Its JSON schema.
    pub schema: Value,
}

/// What a model answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChatResponse {
    /// The message; its usage and the reason it ended are part of it.
    pub message: AssistantMessage,
}

/// What an answer cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Usage {
    /// Tokens the model read.
    pub input_tokens: u64,
    /// Tokens the model wrote.
    pub output_tokens: u64,
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FinishReason {
    /// The model had said what it had to say.
    Stop,
    /// It waits for tools.
    ToolCalls,
    /// It reached a limit of tokens.
    Length,
    /// The provider held it back.
    ContentFilter,
    /// The agent had no turns or steps left and spoke for it.
    OutOfTurns,
}

/// A piece of an answer that comes in pieces.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ChatDelta {
    /// More text.
    Text(String),
    /// More of a tool call.
    Call(CallPiece),
    /// The whole answer; the last piece.
    Done(ChatResponse),
}

/// A piece of a tool call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CallPiece {
    /// Which call of the message it is a piece of.
    pub index: usize,
    /// The id of the call, with its first piece.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The tool, with its first piece.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// More of the arguments, as text.
    #[serde(default)]
    pub arguments: String,
}

/// A piece of a message as an agent sends it to whoever watches the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessagePiece {
    /// The id of the message it is a piece of.
    pub id: String,
    /// More text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// More of a tool call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallPiece>,
}

impl ChatRequest {
    /// A request that is only a conversation.
    pub fn new(messages: impl IntoIterator<Item = Message>) -> Self {
        Self { messages: messages.into_iter().collect(), ..Self::default() }
    }
}

impl ChatResponse {
    /// An answer that is only text.
    pub fn text(text: impl Into<String>) -> Self {
        let finish = Some(FinishReason::Stop);
        Self { message: AssistantMessage { text: text.into(), finish, ..AssistantMessage::default() } }
    }

    /// An answer that calls tools.
    pub fn calls(calls: impl IntoIterator<Item = ToolCall>) -> Self {
        let (calls, finish) = (calls.into_iter().collect(), Some(FinishReason::ToolCalls));
        Self { message: AssistantMessage { calls, finish, ..AssistantMessage::default() } }
    }

    /// Says what it cost.
    #[must_use]
    pub fn with_usage(mut self, usage: Usage) -> Self {
        self.message.usage = Some(usage);
        self
    }
}
