//! Questions from inside tools, and approval before them.

use medha_agents::chat::{ScriptedModel, Turn};
use medha_agents::tool_agent::{Approval, ApprovalRequest, ToolAgent, ToolContext, ToolSettings, tool};
use medha_graph::{Interrupt, MemorySaver, Resume};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::kit::{add, call, count, counter, counting, results, said, told};

#[derive(Deserialize, JsonSchema)]
struct Room {
    number: u32,
}

async fn book(room: Room, ctx: ToolContext<'_>) -> String {
    let name: String = ctx.interrupt(format!("a name for room {}?", room.number)).await;
    format!("room {} is for {name}", room.number)
}

fn asking(interrupts: &[Interrupt], word: &str) -> Interrupt {
    let asks = |one: &&Interrupt| one.question.to_string().contains(word);
    interrupts.iter().find(asks).unwrap().clone()
}

#[tokio::test]
async fn two_tools_ask_at_once_and_are_answered_by_id_while_finished_ones_do_not_run_again() {
    let counted = counter();
    let calls = [
        call("1", "book", json!({"number": 1})),
        call("2", "book", json!({"number": 2})),
        call("3", "count", json!({})),
    ];
    let model = ScriptedModel::new([Turn::calls(calls), Turn::text("booked")]);
    let agent = ToolAgent::new(model.clone())
        .tool(tool("book", "Books a room.", book))
        .tool(counting("count", &counted, |number, _: &Value| number.to_string()))
        .compile()
        .unwrap()
        .with_checkpointer(MemorySaver::default());
    let thread = agent.thread("t");
    let asked = thread.invoke(said("two rooms")).await.unwrap();
    let open = asked.interrupts().to_vec();
    assert_eq!((open.len(), count(&counted)), (2, 1));

    let half = thread.resume(Resume::answer_to(asking(&open, "room 2").id, "bob")).await.unwrap();
    assert_eq!(half.interrupts().len(), 1);
    let last = asking(half.interrupts(), "room 1");
    let done = thread.resume(Resume::answer_to(last.id, "ann")).await.unwrap();
    assert!(done.is_done());
    assert_eq!(told(done.state()), ["room 1 is for ann", "room 2 is for bob", "1"]);
    assert_eq!((count(&counted), model.requests().len()), (1, 2));
}

#[tokio::test]
async fn a_call_runs_when_a_person_approves_it_perhaps_edited_and_not_when_they_reject_it() {
    let calls = ["1", "2", "3", "4"].map(|id| call(id, "add", json!({"a": 1, "b": id.len()})));
    let model = ScriptedModel::new([Turn::calls(calls), Turn::text("ok")]);
    let agent = ToolAgent::new(model).tool(add()).approve(["add"]);
    let thread = agent.compile().unwrap().with_checkpointer(MemorySaver::default()).thread("t");
    let asked = thread.invoke(said("add")).await.unwrap();
    let id = |call_id: &str| {
        let is_of = |one: &&Interrupt| one.question["call_id"] == call_id;
        asked.interrupts().iter().find(is_of).unwrap().id
    };
    let request: ApprovalRequest = serde_json::from_value(asked.interrupts()[0].question.clone()).unwrap();
    assert_eq!((&*request.tool, &request.arguments), ("add", &json!({"a": 1, "b": 1})));
    assert_eq!(asked.interrupts()[0].question["ask"], "tool_approval");

    let edited = Approval::Edit { arguments: json!({"a": 5, "b": 5}) };
    let answers = Resume::answer_to(id("1"), Approval::Approve)
        .and(id("2"), edited)
        .and(id("3"), Approval::reject("no sums today"))
        .and(id("4"), json!({"decision": "reject"}));
    let done = thread.resume(answers).await.unwrap().into_state();
    let told: Vec<(&str, bool)> = results(&done).iter().map(|one| (&*one.text, one.is_error)).collect();
    assert_eq!(
        told,
        [
            ("2", false),
            ("(a person changed the arguments to {\"a\":5,\"b\":5})\n10", false),
            ("a person rejected this call of tool \"add\": no sums today", true),
            ("a person rejected this call of tool \"add\"", true),
        ]
    );
}

#[tokio::test]
async fn an_answer_that_is_no_approval_is_refused_and_the_call_does_not_run() {
    let called = counter();
    let model = ScriptedModel::new([Turn::calls([call("1", "drop", json!({}))]), Turn::text("ok")]);
    let drop = counting("drop", &called, |_, _: &Value| "gone").set(ToolSettings::default().approval());
    let agent = ToolAgent::new(model).tool(drop).compile().unwrap();
    let thread = agent.with_checkpointer(MemorySaver::default()).thread("t");
    thread.invoke(said("drop it")).await.unwrap();
    thread.resume(Resume::answer("sure")).await.unwrap_err();
    assert_eq!(count(&called), 0);
    let done = thread.resume(Resume::answer(Approval::Approve)).await.unwrap();
    assert!(done.is_done());
    assert_eq!(count(&called), 1);
}
