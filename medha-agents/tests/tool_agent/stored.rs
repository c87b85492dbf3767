//! What a conversation costs to store.

use medha_agents::chat::{ScriptedModel, ToolCall, Turn};
use medha_agents::tool_agent::ToolAgent;
use medha_graph::MemorySaver;
use serde_json::json;

use crate::kit::{add, said};

#[tokio::test]
async fn a_hundred_turns_store_each_message_once() {
    let turns = (0..100).flat_map(|turn| {
        let call = ToolCall::new(format!("c{turn}"), "add", json!({"a": turn, "b": 1}));
        [Turn::calls([call]), Turn::text(format!("answer {turn}"))]
    });
    let agent = ToolAgent::new(ScriptedModel::new(turns)).tool(add()).compile().unwrap();
    let thread = agent.with_checkpointer(MemorySaver::default()).thread("t");
    for turn in 0..100 {
        thread.invoke(said(&format!("question {turn}"))).await.unwrap();
    }
    let history = thread.history(1000).await.unwrap();
    assert_eq!(history[0].state.messages.len(), 400);
    // Four checkpoints a turn: the question, the call, its result, the answer.
    assert_eq!(history.len(), 400);
    let stored: String =
        history.iter().map(|checkpoint| serde_json::to_string(&checkpoint.writes).unwrap()).collect();
    let writes = history.iter().map(|checkpoint| serde_json::to_string(&checkpoint.writes).unwrap().len());
    assert!(writes.max().unwrap() < 1000, "no checkpoint stores more than its own message");
    assert_eq!(stored.matches("answer 57").count(), 1);
}
