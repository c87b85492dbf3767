//! Tools that change the state and go elsewhere.

use medha_agents::chat::{Message, ScriptedModel, Turn};
use medha_agents::tool_agent::{ToolAgent, ToolAgentState, ToolAgentStateUpdate, ToolOutcome, tool};
use medha_graph::{END, RunError};
use serde_json::json;

use crate::kit::{Nothing, add, call, results, said};

async fn hand_over(_: Nothing) -> ToolOutcome {
    ToolOutcome::text("handed over")
        .with_artifact(json!({"desk": 4}))
        .update(ToolAgentState::update().values([("desk".to_owned(), json!(4))]))
        .goto("person")
}

async fn person(state: &ToolAgentState) -> ToolAgentStateUpdate {
    ToolAgentState::update().messages([Message::assistant(format!("Desk {} here.", state.values["desk"]))])
}

fn clerk(model: ScriptedModel) -> ToolAgent {
    ToolAgent::new(model).tools([add(), tool("hand_over", "Hands over.", hand_over)]).goes_to(["person"])
}

#[tokio::test]
async fn a_tool_changes_the_state_and_goes_to_another_node_in_place_of_the_model() {
    let calls = [call("1", "hand_over", json!({})), call("2", "add", json!({"a": 1, "b": 1}))];
    let model = ScriptedModel::new([Turn::calls(calls), Turn::text("never said")]);
    let graph = clerk(model.clone()).graph().unwrap().node("person", person).edge("person", END);
    let agent = graph.compile().unwrap();
    let done = agent.invoke(said("a person, please")).await.unwrap().into_state();
    assert_eq!(done.last_text(), "Desk 4 here.");
    assert_eq!(results(&done)[0].artifact, Some(json!({"desk": 4})));
    assert_eq!(model.turns_left(), 1);
    assert!(agent.mermaid().contains("person"), "{}", agent.mermaid());
}

#[tokio::test]
async fn a_node_a_tool_goes_to_must_be_there() {
    let error = clerk(ScriptedModel::new([])).compile().unwrap_err();
    assert!(error.to_string().contains("\"person\""), "{error}");

    let model = ScriptedModel::new([Turn::calls([call("1", "hand_over", json!({}))])]);
    let agent = ToolAgent::new(model).tool(tool("hand_over", "Hands over.", hand_over)).compile().unwrap();
    let error = agent.invoke(said("a person, please")).await.unwrap_err();
    assert!(matches!(error, RunError::UnknownTarget { .. }), "{error}");
}
