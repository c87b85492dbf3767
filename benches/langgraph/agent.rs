//! `react_agent`: a model that asks for a tool on every turn, over a conversation merged by message id.

use std::sync::Arc;

use medha_graph::prelude::*;
use medha_graph::reducer::Message;

use crate::row::{Row, Saver};

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for turns in [10, 100] {
        for (end, saver) in Saver::SUITE {
            rows.push(Row::of(
                format!("react_agent_{turns}x{end}"),
                saver,
                move || agent(turns),
                || Chat::update().messages([ChatMessage::new(Role::Human, "hi?")]),
            ));
        }
    }
    rows
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Role {
    Human,
    Ai,
    Tool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct ToolCall {
    id: String,
    name: String,
    query: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct ChatMessage {
    id: Option<String>,
    role: Role,
    content: String,
    tool_calls: Vec<ToolCall>,
    tool_call_id: Option<String>,
}

impl ChatMessage {
    fn new(role: Role, content: impl Into<String>) -> Self {
        Self { id: None, role, content: content.into(), tool_calls: Vec::new(), tool_call_id: None }
    }
}

impl Message for ChatMessage {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    fn set_id(&mut self, id: String) {
        self.id = Some(id);
    }
}

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Chat {
    #[state(messages)]
    messages: Vec<ChatMessage>,
}

/// Says what it was told to say, turn by turn.
struct ScriptedModel(Vec<ChatMessage>);

async fn model(chat: &Chat, script: Context<ScriptedModel>) -> Command<Chat> {
    let turn = chat.messages.iter().filter(|message| matches!(message.role, Role::Ai)).count();
    let answer = script.0.0[turn].clone();
    let calls = answer.tool_calls.clone();
    let said = Command::from_update(Chat::update().messages([answer]));
    calls.iter().fold(said, |command, call| command.send("tools", call))
}

async fn tools(Payload(call): Payload<ToolCall>) -> ChatUpdate {
    let mut message = ChatMessage::new(Role::Tool, format!("result for query: {}", call.query).repeat(10));
    message.tool_call_id = Some(call.id);
    Chat::update().messages([message])
}

fn agent(turns: usize) -> CompiledGraph<Chat> {
    let id = || format!("{:032x}", fastrand::u128(..));
    let mut script: Vec<ChatMessage> = Vec::new();
    for _ in 0..turns {
        let mut message = ChatMessage::new(Role::Ai, "");
        // A query of 3,600 characters, and a result of ten times that.
        let query = "0123456789abcdef0123456789abcdef0123".repeat(100);
        message.id = Some(id());
        message.tool_calls.push(ToolCall { id: id(), name: "search".to_owned(), query });
        script.push(message);
    }
    let mut last = ChatMessage::new(Role::Ai, "answer".repeat(100));
    last.id = Some(id());
    script.push(last);
    StateGraph::new("react agent")
        .node("model", model.goes_to(["tools", END]))
        .node("tools", tools)
        .edge(START, "model")
        .edge("tools", "model")
        .compile()
        .unwrap()
        .with_context(Arc::new(ScriptedModel(script)))
}
