//! The state of a tool agent.

use std::collections::BTreeMap;

use medha_graph::State;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::chat::Message;

/// The state of a tool agent: its conversation, and what its tools and hooks keep beside it.
///
/// ```
/// use medha_agents::chat::Message;
/// use medha_agents::tool_agent::ToolAgentState;
///
/// let question = ToolAgentState::update().messages([Message::user("what is 2 + 2?")]);
/// # let _ = question;
/// ```
#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolAgentState {
    /// The conversation.
    #[state(messages)]
    pub messages: Vec<Message>,
    /// What tools and hooks keep, by name.
    #[state(merge)]
    pub values: BTreeMap<String, Value>,
    /// How often the model has spoken since a person last did.
    pub turns: u32,
    /// The structured answer, if the agent was told to give one.
    pub answer: Option<Value>,
}

impl ToolAgentState {
    /// The text of the last message: the answer, when the agent is done.
    pub fn last_text(&self) -> &str {
        self.messages.last().map_or("", Message::text)
    }

    /// The structured answer as a value of its type; nothing if there is none yet.
    pub fn answer_as<T: DeserializeOwned>(&self) -> Result<Option<T>, serde_json::Error> {
        self.answer.as_ref().map(T::deserialize).transpose()
    }
}
