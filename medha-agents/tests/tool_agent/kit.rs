//! Tools and shortcuts the tests share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::future::BoxFuture;
use medha_agents::chat::{Message, ToolCall, ToolMessage, ToolSpec};
use medha_agents::tool_agent::{
    FunctionTool, IntoToolOutcome, Tool, ToolAgent, ToolAgentState, ToolAgentStateUpdate, ToolContext,
    ToolOutcome, ToolSettings, tool,
};
use medha_graph::NodeError;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

/// What a person says.
pub(crate) fn said(text: &str) -> ToolAgentStateUpdate {
    ToolAgentState::update().messages([Message::user(text)])
}

/// Runs the agent on what a person says, to its end.
pub(crate) async fn answer(agent: ToolAgent, question: &str) -> ToolAgentState {
    agent.compile().unwrap().invoke(said(question)).await.unwrap().into_state()
}

pub(crate) fn call(id: &str, tool: &str, arguments: Value) -> ToolCall {
    ToolCall::new(id, tool, arguments)
}

/// The results of tool calls, in the order of the conversation.
pub(crate) fn results(state: &ToolAgentState) -> Vec<&ToolMessage> {
    state.messages.iter().filter_map(Message::as_tool).collect()
}

/// What the tools told the model.
pub(crate) fn told(state: &ToolAgentState) -> Vec<&str> {
    results(state).iter().map(|one| &*one.text).collect()
}

pub(crate) fn texts(state: &ToolAgentState) -> Vec<&str> {
    state.messages.iter().map(Message::text).collect()
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Pair {
    a: i64,
    b: i64,
}

pub(crate) fn add() -> FunctionTool {
    tool("add", "Adds two numbers.", |pair: Pair| async move { (pair.a + pair.b).to_string() })
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Nothing {}

/// A tool of any behaviour that counts how often it is called.
pub(crate) struct Counting<F> {
    name: &'static str,
    count: Arc<AtomicU32>,
    act: F,
    settings: ToolSettings,
}

pub(crate) fn counting<F, R>(name: &'static str, count: &Arc<AtomicU32>, act: F) -> Counting<F>
where
    F: Fn(u32, &Value) -> R,
{
    Counting { name, count: Arc::clone(count), act, settings: ToolSettings::default() }
}

impl<F> Counting<F> {
    pub(crate) fn set(mut self, settings: ToolSettings) -> Self {
        self.settings = settings;
        self
    }
}

impl<F, R> Tool for Counting<F>
where
    F: Fn(u32, &Value) -> R + Send + Sync + 'static,
    R: IntoToolOutcome,
{
    fn spec(&self) -> ToolSpec {
        let (description, parameters) = ("Counts.".to_owned(), json!({"type": "object"}));
        ToolSpec { name: self.name.to_owned(), description, parameters }
    }

    fn call<'a>(
        &'a self,
        arguments: Value,
        _: ToolContext<'a>,
    ) -> BoxFuture<'a, Result<ToolOutcome, NodeError>> {
        let number = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        let outcome = (self.act)(number, &arguments).into_outcome();
        Box::pin(std::future::ready(outcome))
    }

    fn settings(&self) -> ToolSettings {
        self.settings.clone()
    }
}

pub(crate) fn counter() -> Arc<AtomicU32> {
    Arc::default()
}

pub(crate) fn count(counter: &AtomicU32) -> u32 {
    counter.load(Ordering::SeqCst)
}
