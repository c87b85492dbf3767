//! The loop of model and tools, and what tools are given.

use std::time::Duration;

use futures_util::future::BoxFuture;
use medha_agents::chat::{ChatError, MessagePiece, ScriptedModel, ToolCall, Turn};
use medha_agents::tool_agent::{
    AroundTool, NextTool, ToolAgent, ToolContext, ToolOutcome, ToolSettings, tool,
};
use medha_graph::store::Put;
use medha_graph::{MemorySaver, MemoryStore, Mode, Namespace, NodeError, PartContent, RetryPolicy, Store};
use serde_json::{Value, json};

use crate::kit::{Nothing, add, answer, call, count, counter, counting, results, said, texts, told};

#[tokio::test]
async fn the_model_is_asked_until_it_calls_no_more_tools() {
    let model = ScriptedModel::new([
        Turn::calls([call("1", "add", json!({"a": 1, "b": 2}))]),
        Turn::calls([call("2", "add", json!({"a": 3, "b": 4}))]),
        Turn::text("3 and 7"),
    ]);
    let agent = ToolAgent::new(model.clone()).system("You add.").tools([add()]);
    let done = answer(agent, "add them").await;
    assert_eq!(texts(&done), ["add them", "", "3", "", "7", "3 and 7"]);
    assert_eq!(done.turns, 3);
    let requests = model.requests();
    assert_eq!(requests.len(), 3);
    assert_eq!(requests[2].system.as_deref(), Some("You add."));
    assert_eq!(requests[2].messages.len(), 5);
    assert_eq!(requests[0].tools[0].parameters["properties"]["a"]["type"], "integer");
}

#[tokio::test(start_paused = true)]
async fn tools_that_are_called_at_once_run_at_once() {
    async fn slow(_: Nothing) -> &'static str {
        tokio::time::sleep(Duration::from_secs(10)).await;
        "slept"
    }
    let turns = || [Turn::calls(["1", "2", "3"].map(|id| call(id, "slow", json!({})))), Turn::text("done")];
    let started = tokio::time::Instant::now();
    let agent = ToolAgent::new(ScriptedModel::new(turns())).tool(tool("slow", "Sleeps.", slow));
    let done = answer(agent, "go").await;
    assert_eq!(started.elapsed(), Duration::from_secs(10));
    assert_eq!(results(&done).iter().map(|one| &*one.call_id).collect::<Vec<_>>(), ["1", "2", "3"]);

    let started = tokio::time::Instant::now();
    let model = ScriptedModel::new(turns());
    let agent = ToolAgent::new(model.clone()).tool(tool("slow", "Sleeps.", slow)).one_tool_at_a_time();
    let done = answer(agent, "go").await;
    assert_eq!(started.elapsed(), Duration::from_secs(30));
    assert_eq!(results(&done).len(), 3);
    assert!(model.requests()[0].one_call_at_a_time);
    assert_eq!(model.requests().len(), 2, "the model is asked when all of its calls are made");
}

#[tokio::test]
async fn the_result_of_a_direct_tool_is_the_answer_unless_it_failed() {
    let calls = counter();
    let direct =
        counting(
            "look",
            &calls,
            |number, _: &Value| {
                if number == 1 { Err(NodeError::new("not yet")) } else { Ok("42") }
            },
        );
    let direct = direct.set(ToolSettings::default().return_direct());
    let turn = |id| Turn::calls([call(id, "look", json!({}))]);
    let model = ScriptedModel::new([turn("1"), turn("2"), Turn::text("never said")]);
    let agent = ToolAgent::new(model.clone()).tool(direct);
    let done = answer(agent, "look").await;
    assert_eq!(texts(&done), ["look", "", "tool \"look\" failed: not yet", "", "42"]);
    assert_eq!(model.turns_left(), 1);
}

#[tokio::test]
async fn tools_see_the_state_and_the_store_and_the_model_sees_neither() {
    async fn recall(_: Nothing, ctx: ToolContext<'_>) -> Result<String, NodeError> {
        let guests = Namespace::new(["guests"])?;
        let item = ctx.store()?.get(&guests, "ann").await?;
        let known = item.map_or(Value::Null, |item| item.value);
        Ok(format!("{known} after {} messages, call {}", ctx.state().messages.len(), ctx.call().id))
    }
    let store = MemoryStore::new();
    store.put(Put::new(&Namespace::new(["guests"]).unwrap(), "ann", "likes tea")).await.unwrap();
    let model = ScriptedModel::new([Turn::calls([call("1", "recall", json!({}))]), Turn::text("tea")]);
    let agent = ToolAgent::new(model.clone()).tool(tool("recall", "Recalls.", recall)).compile().unwrap();
    let done = agent.with_store(store).invoke(said("what does ann like?")).await.unwrap().into_state();
    assert_eq!(results(&done)[0].text, "\"likes tea\" after 2 messages, call 1");
    assert_eq!(model.requests()[0].tools[0].parameters["properties"], json!({}));
}

#[tokio::test]
async fn a_watched_answer_comes_word_by_word_and_once() {
    let model = ScriptedModel::new([Turn::text("one two three")]);
    let agent = ToolAgent::new(model).compile().unwrap();
    let mut parts = agent.thread("t").stream(said("count")).modes([Mode::Messages]);
    let mut words = Vec::new();
    while let Some(part) = parts.next().await {
        if let PartContent::Messages { message, field: None, .. } = part.unwrap().content {
            let piece: MessagePiece = serde_json::from_value(message).unwrap();
            words.push((piece.id, piece.text.unwrap()));
        }
    }
    let done = parts.outcome().await.unwrap().into_state();
    let id = done.messages[1].id().unwrap().to_owned();
    assert_eq!(words, ["one ", "two ", "three"].map(|word| (id.clone(), word.to_owned())));
    assert_eq!(done.last_text(), "one two three");
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_asked_for_again() {
    let model = ScriptedModel::new([Turn::break_off("one "), Turn::text("one two")]);
    let retry = RetryPolicy::attempts(2).initial(Duration::ZERO);
    let agent = ToolAgent::new(model).model_retry(retry).compile().unwrap();
    let done = agent.thread("t").stream(said("count")).outcome().await.unwrap().into_state();
    assert_eq!(done.last_text(), "one two");
}

#[tokio::test(start_paused = true)]
async fn a_model_that_asks_for_a_pause_gets_it_and_a_refusal_is_final() {
    let limited = ChatError::RateLimited { model: "m".to_owned(), retry_after: Some(Duration::from_secs(7)) };
    let refused = ChatError::Refused { model: "m".to_owned(), reason: "too long".to_owned() };
    let model = ScriptedModel::new([Turn::fail(limited), Turn::fail(refused), Turn::text("never said")]);
    let agent = ToolAgent::new(model.clone()).model_retry(RetryPolicy::attempts(5)).compile().unwrap();
    let started = tokio::time::Instant::now();
    let error = agent.invoke(said("hi")).await.unwrap_err();
    assert_eq!(started.elapsed(), Duration::from_secs(7));
    let text = "node \"model\" failed in step 1: model \"m\" refused the request: too long";
    assert_eq!(error.to_string(), text);
    assert_eq!(model.turns_left(), 1);
}

struct Twice;

impl AroundTool for Twice {
    fn around<'a>(
        &'a self,
        call: ToolCall,
        _: ToolContext<'a>,
        next: NextTool<'a>,
    ) -> BoxFuture<'a, Result<ToolOutcome, NodeError>> {
        Box::pin(async move {
            let first = next.run(call.clone()).await?;
            let second =
                next.run(ToolCall { arguments: json!({"a": first.text.len(), "b": 1}), ..call }).await?;
            Ok(ToolOutcome::text(format!("{} then {}", first.text, second.text)))
        })
    }
}

struct Brackets;

impl AroundTool for Brackets {
    fn around<'a>(
        &'a self,
        call: ToolCall,
        _: ToolContext<'a>,
        next: NextTool<'a>,
    ) -> BoxFuture<'a, Result<ToolOutcome, NodeError>> {
        Box::pin(async move {
            if call.name == "ghost" {
                return Ok(ToolOutcome::text("boo"));
            }
            Ok(ToolOutcome::text(format!("[{}]", next.run(call).await?.text)))
        })
    }
}

#[tokio::test]
async fn interceptors_wrap_calls_from_the_outside_in() {
    let calls = [call("1", "add", json!({"a": 20, "b": 3})), call("2", "ghost", json!({}))];
    let model = ScriptedModel::new([Turn::calls(calls), Turn::text("ok")]);
    let agent = ToolAgent::new(model).tool(add()).around_tools(Brackets).around_tools(Twice);
    let done = answer(agent, "go").await;
    assert_eq!(told(&done), ["[23 then 3]", "boo"]);
}

#[tokio::test]
async fn a_call_with_side_effects_is_recorded_before_its_task_ends() {
    struct FailOnce(std::sync::atomic::AtomicBool);
    impl AroundTool for FailOnce {
        fn around<'a>(
            &'a self,
            call: ToolCall,
            _: ToolContext<'a>,
            next: NextTool<'a>,
        ) -> BoxFuture<'a, Result<ToolOutcome, NodeError>> {
            Box::pin(async move {
                let outcome = next.run(call).await?;
                if self.0.swap(false, std::sync::atomic::Ordering::SeqCst) {
                    return Err(NodeError::new("the machine went down"));
                }
                Ok(outcome)
            })
        }
    }
    let charged = counter();
    let charge = counting("charge", &charged, |number, _: &Value| format!("receipt {number}"))
        .set(ToolSettings::default().side_effects());
    let model = ScriptedModel::new([Turn::calls([call("1", "charge", json!({}))]), Turn::text("paid")]);
    let agent = ToolAgent::new(model)
        .tool(charge)
        .around_tools(FailOnce(true.into()))
        .tool_errors(medha_agents::tool_agent::ToolErrors::Fail)
        .compile()
        .unwrap()
        .with_checkpointer(MemorySaver::default());
    let thread = agent.thread("t");
    thread.invoke(said("pay")).await.unwrap_err();
    let done = thread.resume(medha_graph::Resume::next()).await.unwrap().into_state();
    assert_eq!((count(&charged), &*results(&done)[0].text), (1, "receipt 1"));
}
