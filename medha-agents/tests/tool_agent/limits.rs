//! Turns and steps that run out, hooks, prompts and models that depend on the state.

use std::sync::Arc;

use medha_agents::chat::{ChatModel, FinishReason, Message, ScriptedModel, Turn};
use medha_agents::tool_agent::{ToolAgent, ToolAgentState, ToolAgentStateUpdate, ToolSettings};
use serde_json::{Value, json};

use crate::kit::{add, call, count, counter, counting, said};

fn adding(turns: usize) -> Vec<Turn> {
    (0..turns).map(|turn| Turn::calls([call(&turn.to_string(), "add", json!({"a": 1, "b": 1}))])).collect()
}

#[tokio::test]
async fn an_agent_out_of_turns_says_so_and_the_thread_goes_on() {
    let model = ScriptedModel::new(adding(3).into_iter().chain([Turn::text("hello again")]));
    let agent = ToolAgent::new(model).tool(add()).max_turns(3).closing("out of turns").compile().unwrap();
    let thread = agent.with_checkpointer(medha_graph::MemorySaver::default()).thread("t");
    let stopped = thread.invoke(said("go")).await.unwrap().into_state();
    let last = stopped.messages.last().unwrap().as_assistant().unwrap();
    assert_eq!((&*last.text, last.calls.len()), ("out of turns", 0));
    assert_eq!((last.finish, stopped.turns), (Some(FinishReason::OutOfTurns), 3));

    let done = thread.invoke(said("and now?")).await.unwrap().into_state();
    assert_eq!((done.last_text(), done.turns), ("hello again", 1));
}

#[tokio::test]
async fn an_agent_whose_steps_run_out_closes_before_the_limit_fails_it() {
    // model, tools, model: after the third step a call could not be made and read any more.
    for (steps, expected) in [(2, "closed"), (3, "two"), (4, "two")] {
        let model = ScriptedModel::new(adding(1).into_iter().chain([Turn::text("two")]));
        let agent = ToolAgent::new(model).tool(add()).closing("closed").compile().unwrap();
        let done = agent.with_step_limit(steps).invoke(said("go")).await.unwrap().into_state();
        assert_eq!(done.last_text(), expected, "{steps} steps");
    }
    let called = counter();
    let direct = counting("look", &called, |_, _: &Value| "42").set(ToolSettings::default().return_direct());
    let model = ScriptedModel::new([Turn::calls([call("1", "look", json!({}))])]);
    let agent = ToolAgent::new(model).tool(direct).compile().unwrap().with_step_limit(2);
    let done = agent.invoke(said("go")).await.unwrap().into_state();
    assert_eq!((done.last_text(), count(&called)), ("42", 1), "a direct result needs no turn of the model");
}

async fn forget(state: &ToolAgentState) -> ToolAgentStateUpdate {
    let old = state.messages.len().saturating_sub(2);
    let ids = state.messages[..old].iter().filter_map(Message::id);
    ToolAgentState::update().remove_messages(ids)
}

async fn censor(state: &ToolAgentState) -> ToolAgentStateUpdate {
    if state.last_text() != "a secret" {
        return ToolAgentState::update();
    }
    ToolAgentState::update().messages([Message::user("without secrets, please")])
}

#[tokio::test]
async fn hooks_change_the_conversation_before_and_after_the_model() {
    let model = ScriptedModel::new(
        adding(2).into_iter().chain([Turn::text("a secret"), Turn::text("nothing to see")]),
    );
    let agent = ToolAgent::new(model.clone()).tool(add()).before_model(forget).after_model(censor);
    let agent = agent.compile().unwrap();
    let drawn: Vec<&str> = agent.node_names().collect();
    assert_eq!(drawn, ["model", "tools", "before_model", "after_model"]);
    let done = agent.invoke(said("go")).await.unwrap().into_state();
    assert_eq!(done.last_text(), "nothing to see");
    let asked: Vec<usize> = model.requests().iter().map(|request| request.messages.len()).collect();
    assert_eq!(asked, [1, 2, 2, 2], "the hook keeps two messages");
}

#[tokio::test]
async fn prompt_request_and_model_depend_on_the_state() {
    let small = ScriptedModel::new(adding(1));
    let large = ScriptedModel::new([Turn::text("two")]);
    let models: [Arc<dyn ChatModel>; 2] = [Arc::new(small.clone()), Arc::new(large.clone())];
    let agent = ToolAgent::choosing(move |state| Arc::clone(&models[usize::from(state.turns > 0)]))
        .system_by(|state| format!("{} messages so far", state.messages.len()))
        .shape_request(|_, request| {
            request.messages.retain(|message| message.text() != "noise");
            request.options.insert("temperature".to_owned(), 0.into());
        })
        .tool(add())
        .compile()
        .unwrap();
    let input = ToolAgentState::update().messages([Message::user("noise"), Message::user("1 + 1?")]);
    let done = agent.invoke(input).await.unwrap().into_state();
    assert_eq!((done.last_text(), done.messages.len()), ("two", 5));
    let (first, second) = (&small.requests()[0], &large.requests()[0]);
    assert_eq!((first.system.as_deref(), first.messages.len()), (Some("2 messages so far"), 1));
    assert_eq!((second.system.as_deref(), second.messages.len()), (Some("4 messages so far"), 3));
    assert_eq!(second.options["temperature"], 0);
}
