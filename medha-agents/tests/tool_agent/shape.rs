//! Structured answers.

use medha_agents::chat::{ScriptedModel, Turn};
use medha_agents::tool_agent::ToolAgent;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::kit::{add, answer, call, said};

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Sum {
    total: i64,
}

fn turns(answers: &[&str]) -> ScriptedModel {
    let adds = Turn::calls([call("1", "add", json!({"a": 20, "b": 22}))]);
    let answers = answers.iter().map(|answer| Turn::text(*answer));
    ScriptedModel::new([adds, Turn::text("It is 42.")].into_iter().chain(answers))
}

#[tokio::test]
async fn the_answer_is_put_into_the_shape_of_a_type() {
    let model = turns(&["```json\n{\"total\": 42}\n```"]);
    let agent = ToolAgent::new(model.clone()).tool(add()).respond_with::<Sum>();
    let done = answer(agent, "20 + 22?").await;
    assert_eq!(done.answer_as::<Sum>().unwrap(), Some(Sum { total: 42 }));
    assert_eq!(done.last_text(), "It is 42.", "the conversation keeps what was said");
    let last = model.requests().pop().unwrap();
    assert_eq!((last.tools.len(), last.messages.len()), (0, 5));
    let schema = last.answer_schema.unwrap();
    assert_eq!((&*schema.name, &schema.schema["required"]), ("Sum", &json!(["total"])));
}

#[tokio::test]
async fn an_answer_of_another_shape_may_be_mended_once() {
    let model = turns(&["{\"total\": \"42\"}", "{\"total\": 42}"]);
    let agent = ToolAgent::new(model.clone()).tool(add()).respond_with::<Sum>().compile().unwrap();
    let done = agent.invoke(said("20 + 22?")).await.unwrap().into_state();
    assert_eq!(done.answer, Some(json!({"total": 42})));
    let asked = model.requests().pop().unwrap();
    let text = asked.messages.last().unwrap().text();
    assert!(text.contains("invalid type: string \"42\", expected i64"), "{text}");

    let agent = ToolAgent::new(turns(&["{", "forty-two"])).tool(add()).respond_with::<Sum>();
    let error = agent.compile().unwrap().invoke(said("20 + 22?")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "node \"respond\" failed in step 4: the answer does not fit the schema of \"Sum\", and could not be mended: not \
         JSON: expected ident at line 1 column 2"
    );
}

#[tokio::test]
async fn an_answer_of_an_earlier_run_does_not_stay() {
    let model = ScriptedModel::new([Turn::text("one"), Turn::text("{\"total\": 1}"), Turn::text("two")]);
    let agent = ToolAgent::new(model).respond_with::<Sum>().compile().unwrap();
    let thread = agent.with_checkpointer(medha_graph::MemorySaver::default()).thread("t");
    assert!(thread.invoke(said("1?")).await.unwrap().state().answer.is_some());
    thread.invoke(said("2?")).await.unwrap_err();
    assert_eq!(thread.state().await.unwrap().unwrap().state.answer, None);
}
