//! Mistakes of the model, failures of tools, and agents that do not compile.

use std::time::Duration;

use medha_agents::chat::{Message, ScriptedModel, ToolCall, Turn};
use medha_agents::tool_agent::{ToolAgent, ToolAgentState, ToolErrors, ToolSettings, tool};
use medha_graph::{NodeError, RetryPolicy};
use serde_json::{Value, json};

use crate::kit::{Nothing, add, answer, call, count, counter, counting, results, said, told};

fn once(calls: impl IntoIterator<Item = ToolCall>) -> ScriptedModel {
    ScriptedModel::new([Turn::calls(calls), Turn::text("sorry")])
}

#[tokio::test]
async fn the_model_is_told_what_it_did_wrong_even_where_failures_fail_the_run() {
    let calls = [
        call("1", "ad", json!({})),
        call("2", "add", json!({"a": 1})),
        ToolCall::from_text("3", "add", "{a: 1}"),
    ];
    let agent = ToolAgent::new(once(calls)).tool(add()).tool(tool("now", "Tells the time.", noon));
    let done = answer(agent.tool_errors(ToolErrors::Fail), "go").await;
    let told: Vec<(&str, bool)> = results(&done).iter().map(|one| (&*one.text, one.is_error)).collect();
    assert_eq!(
        told,
        [
            ("there is no tool \"ad\"; the tools are \"add\", \"now\"", true),
            (
                "the arguments of tool \"add\" do not fit its schema: missing field `b`; call it again with arguments \
                 that do",
                true
            ),
            (
                "the arguments of tool \"add\" are not JSON: key must be a string at line 1 column 2; send an object \
                 that fits its schema",
                true
            ),
        ]
    );
    assert_eq!(done.last_text(), "sorry");
}

async fn noon(_: Nothing) -> &'static str {
    "noon"
}

async fn broken(_: Nothing) -> Result<(), NodeError> {
    Err(NodeError::new("the disk is full"))
}

#[tokio::test]
async fn a_failing_tool_is_told_fails_the_run_or_is_explained() {
    let agent = |errors: ToolErrors| {
        let model = once([call("1", "save", json!({}))]);
        ToolAgent::new(model).tool(tool("save", "Saves.", broken)).tool_errors(errors).compile().unwrap()
    };
    let told = agent(ToolErrors::Tell).invoke(said("go")).await.unwrap().into_state();
    let result = results(&told)[0].clone();
    assert_eq!((&*result.text, result.is_error), ("tool \"save\" failed: the disk is full", true));

    let error = agent(ToolErrors::Fail).invoke(said("go")).await.unwrap_err();
    assert_eq!(error.to_string(), "node \"tools\" failed in step 2: the disk is full");

    let explain = ToolErrors::explain(|tool, error| Some(format!("{tool} says: {error}")));
    let explained = agent(explain).invoke(said("go")).await.unwrap().into_state();
    assert_eq!(results(&explained)[0].text, "save says: the disk is full");
    agent(ToolErrors::explain(|_, _| None)).invoke(said("go")).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn each_tool_has_its_own_retries_and_its_own_timeout() {
    let calls = counter();
    let flaky =
        counting(
            "flaky",
            &calls,
            |number, _: &Value| {
                if number < 3 { Err(NodeError::new("busy")) } else { Ok("here you are") }
            },
        );
    let policy = RetryPolicy::attempts(3).initial(Duration::from_secs(1)).jitter(0.0);
    let flaky = flaky.set(ToolSettings::default().retry(policy));
    async fn endless(_: Nothing) {
        std::future::pending().await
    }
    let endless = tool("endless", "Never ends.", endless).timeout(Duration::from_secs(5));
    let model = once([call("1", "flaky", json!({})), call("2", "endless", json!({}))]);
    let started = tokio::time::Instant::now();
    let agent = ToolAgent::new(model).tool(flaky).tool(endless);
    let done = answer(agent, "go").await;
    assert_eq!(count(&calls), 3);
    assert_eq!(told(&done), ["here you are", "tool \"endless\" failed: it took longer than 5s"]);
    assert_eq!(started.elapsed(), Duration::from_secs(5), "the waits of one tool are not those of another");
}

#[tokio::test]
async fn a_conversation_with_an_unanswered_call_is_refused_before_the_model_is_asked() {
    let model = ScriptedModel::new([Turn::text("never said")]);
    let agent = ToolAgent::new(model.clone()).tool(add()).compile().unwrap();
    let messages = [Message::calls([call("1", "add", json!({}))]), Message::user("well?")];
    let error = agent.invoke(ToolAgentState::update().messages(messages)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "node \"model\" failed in step 1: the conversation cannot be sent to a model: call \"1\" of tool \"add\" has no \
         result; add a tool message for it or remove the call"
    );
    assert_eq!(model.requests().len(), 0);
}

#[tokio::test]
async fn calls_without_an_id_of_their_own_are_given_one() {
    let same = || call("", "add", json!({"a": 1, "b": 1}));
    let model = ScriptedModel::new([Turn::calls([same(), same()]), Turn::text("2 and 2")]);
    let agent = ToolAgent::new(model).tool(add());
    let done = answer(agent, "go").await;
    let ids: Vec<&str> = results(&done).iter().map(|one| &*one.call_id).collect();
    assert_ne!(ids[0], ids[1]);
    assert_eq!(done.last_text(), "2 and 2");
}

#[test]
fn everything_that_is_wrong_with_an_agent_is_reported_at_once() {
    let odd = tool("look up", "Looks up.", noon);
    let agent = ToolAgent::new(ScriptedModel::new([])).named("clerk").tools([add(), add(), odd]);
    let error = agent.approve(["ad"]).max_turns(0).compile().unwrap_err();
    assert_eq!(
        error.to_string(),
        "agent \"clerk\" cannot be compiled: two tools have the name \"add\"; the model could not tell them apart; a \
         tool cannot have the name \"look up\"; use 1 to 64 letters, digits, `_` and `-`; calls of \"ad\" are to be \
         approved, and there is no tool of that name; did you mean \"add\"?; an agent needs at least one turn; give \
         `max_turns` a larger number"
    );
}
