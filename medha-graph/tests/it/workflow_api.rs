//! Workflows: one function that calls others, whose results are journalled.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use medha_graph::node::CallPhase;
use medha_graph::prelude::*;
use medha_graph::store::ManualClock;
use medha_graph::workflow::{
    CompiledWorkflow, Ended, Final, Held, Previous, Unsaved, Workflow, WorkflowState,
};
use medha_graph::{Durability, Event, MemoryCache};

/// Counts how often the functions of a test ran.
#[derive(Default)]
struct Counts {
    runs: AtomicU32,
}

impl Counts {
    fn count(&self) -> u32 {
        self.runs.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn so_far(&self) -> u32 {
        self.runs.load(Ordering::Relaxed)
    }
}

type Ready<I, O> = (CompiledWorkflow<I, O>, Arc<Counts>);

fn ready<I, O>(workflow: Workflow<I, O>) -> Ready<I, O>
where
    I: Serialize + serde::de::DeserializeOwned + Send + 'static,
    O: serde::de::DeserializeOwned,
{
    let counts = Arc::new(Counts::default());
    let compiled = workflow.compile().unwrap().with_checkpointer(MemorySaver::default());
    (compiled.with_context(Arc::clone(&counts)), counts)
}

#[tokio::test(start_paused = true)]
async fn calls_run_side_by_side_and_not_again_after_an_answer() {
    async fn graph(items: Vec<u32>, ctx: Ctx, counts: Context<Counts>) -> Result<Vec<String>, NodeError> {
        let counts = &counts;
        let mapper = |item: u32| async move {
            counts.count();
            tokio::time::sleep(Duration::from_millis(100 - u64::from(item))).await;
            Ok::<_, NodeError>(format!("{item}{item}"))
        };
        let calls = items.iter().map(|item| ctx.call("mapper", *item, mapper));
        let mapped = futures_util::future::try_join_all(calls).await?;
        let answer: String = ctx.interrupt("question").await;
        Ok(mapped.into_iter().map(|mapped| mapped + &answer).collect())
    }
    let (workflow, counts) = ready(Workflow::new("map", graph));
    let thread = workflow.thread("t");
    let start = tokio::time::Instant::now();
    let asked = thread.invoke(vec![0, 1]).await.unwrap();
    assert_eq!(asked.interrupts()[0].question, "question");
    assert_eq!(start.elapsed(), Duration::from_millis(100), "the two waited at once");
    let done = thread.resume(Resume::answer("answer")).await.unwrap();
    assert_eq!(done, Ended::Done(vec!["00answer".to_owned(), "11answer".to_owned()]));
    assert_eq!(counts.so_far(), 2);
}

#[tokio::test]
async fn a_run_finds_what_the_last_one_on_its_thread_returned() {
    async fn remember(input: String, Previous(previous): Previous<String>) -> Result<String, NodeError> {
        Ok(format!("{} {input}", previous.unwrap_or_else(|| "nothing".to_owned())))
    }
    let (workflow, _) = ready(Workflow::new("remember", remember));
    let thread = workflow.thread("t");
    for (input, output) in [("a", "nothing a"), ("b", "nothing a b"), ("c", "nothing a b c")] {
        assert_eq!(thread.invoke(input.to_owned()).await.unwrap().into_output().unwrap(), output);
    }
    let corrected = WorkflowState::update().saved(Some(Held { value: "a correction".into() }));
    thread.thread().update(corrected).await.unwrap();
    assert_eq!(thread.invoke("d".to_owned()).await.unwrap().into_output().unwrap(), "a correction d");
    let elsewhere = workflow.thread("u").invoke("a".to_owned()).await.unwrap();
    assert_eq!(elsewhere.into_output().unwrap(), "nothing a");
    let alone = workflow.invoke("a".to_owned()).await.unwrap();
    assert_eq!(alone.into_output().unwrap(), "nothing a");
}

#[tokio::test]
async fn what_is_saved_may_differ_from_what_is_returned() {
    async fn last(
        input: u32,
        Previous(previous): Previous<u32>,
    ) -> Result<Final<Option<u32>, u32>, NodeError> {
        Ok(Final::new(previous).save(input * 10))
    }
    async fn peek(
        _: (),
        Previous(previous): Previous<u32>,
    ) -> Result<Final<Option<u32>, Unsaved>, NodeError> {
        Ok(Final::new(previous))
    }
    let saver = MemorySaver::default();
    let writer = Workflow::new("last", last).compile().unwrap().with_checkpointer(saver.clone());
    assert_eq!(writer.thread("t").invoke(1).await.unwrap().into_output(), Some(None));
    assert_eq!(writer.thread("t").invoke(2).await.unwrap().into_output(), Some(Some(10)));
    let reader = Workflow::new("last", peek).compile().unwrap().with_checkpointer(saver);
    for _ in 0..2 {
        assert_eq!(reader.thread("t").invoke(()).await.unwrap().into_output(), Some(Some(20)));
    }
}

async fn three_rounds(items: Vec<u32>, ctx: Ctx, counts: Context<Counts>) -> Result<Vec<String>, NodeError> {
    let mut all = Vec::new();
    for item in items {
        let counts = &counts;
        let double = move |item: u32| async move {
            counts.count();
            Ok::<_, NodeError>(item * 2)
        };
        all.push(ctx.call("double", item, double).await?.to_string());
        all.push(ctx.interrupt(format!("after {item}?")).await);
    }
    Ok(all)
}

#[tokio::test]
async fn rounds_of_calls_and_questions_call_each_function_once() {
    for durability in [Durability::Sync, Durability::Async, Durability::Exit] {
        let (workflow, counts) = ready(Workflow::new("rounds", three_rounds));
        let thread = workflow.with_durability(durability).thread("t");
        let mut ended = thread.invoke(vec![1, 2, 3]).await.unwrap();
        for answer in ["a", "b", "c"] {
            assert_eq!(ended.interrupts().len(), 1);
            ended = thread.resume(Resume::answer(answer)).await.unwrap();
        }
        assert_eq!(ended.into_output().unwrap(), ["2", "a", "4", "b", "6", "c"]);
        assert_eq!(counts.so_far(), 3, "{durability:?}");
    }
}

#[tokio::test]
async fn rounds_of_cached_calls_and_questions_call_each_function_once_for_all_threads() {
    async fn rounds(items: Vec<u32>, ctx: Ctx, counts: Context<Counts>) -> Result<Vec<String>, NodeError> {
        let mut all = Vec::new();
        for item in items {
            let counts = &counts;
            let double = move |item: u32| async move {
                counts.count();
                Ok::<_, NodeError>(item * 2)
            };
            all.push(ctx.call("double", item, double).cache().await?.to_string());
            all.push(ctx.interrupt(format!("after {item}?")).await);
        }
        Ok(all)
    }
    let (workflow, counts) = ready(Workflow::new("rounds", rounds));
    let workflow = workflow.with(|graph| graph.with_cache(MemoryCache::new()));
    let run = async |thread: &str| {
        let thread = workflow.thread(thread);
        let mut ended = thread.invoke(vec![1, 2, 3]).await.unwrap();
        for answer in ["a", "b", "c"] {
            ended = thread.resume(Resume::answer(answer)).await.unwrap();
        }
        assert_eq!(ended.into_output().unwrap(), ["2", "a", "4", "b", "6", "c"]);
    };
    run("first").await;
    assert_eq!(counts.so_far(), 3);
    run("second").await;
    assert_eq!(counts.so_far(), 3, "another thread is given what the first has found out");
    workflow.graph().clear_cache(["rounds"]).await.unwrap();
    run("third").await;
    assert_eq!(counts.so_far(), 6);
}

#[tokio::test]
async fn a_cached_call_is_made_again_when_its_time_is_over_or_its_arguments_differ() {
    async fn look(what: String, ctx: Ctx, counts: Context<Counts>) -> Result<u32, NodeError> {
        let counts = &counts;
        let look = move |_: String| async move { Ok::<_, NodeError>(counts.count()) };
        ctx.call("look", what, look).cache_for(Duration::from_secs(60)).await
    }
    let (workflow, counts) = ready(Workflow::new("look", look));
    let clock = ManualClock::default();
    let workflow = workflow.with(|graph| graph.with_cache(MemoryCache::new().with_clock(clock.clone())));
    let look = async |thread: &str, what: &str| {
        workflow.thread(thread).invoke(what.to_owned()).await.unwrap().into_output().unwrap()
    };
    assert_eq!([look("a", "sky").await, look("b", "sky").await, look("c", "sea").await], [1, 1, 2]);
    clock.advance(Duration::from_secs(60));
    assert_eq!([look("d", "sky").await, look("d", "sea").await], [3, 4]);
    assert_eq!(counts.so_far(), 4);
}

/// The second call fails, and the workflow goes on without it.
async fn shrugs(fails: u32, ctx: Ctx, counts: Context<Counts>) -> Result<Vec<String>, NodeError> {
    let counts = &counts;
    let mut all = Vec::new();
    for number in 0..3 {
        let work = move |number: u32| async move {
            counts.count();
            if number == fails {
                Err(NodeError::new("no").with_detail(number))
            } else {
                Ok(format!("got {number}"))
            }
        };
        match ctx.call("work", number, work).await {
            Ok(text) => all.push(text),
            Err(error) => all.push(format!("missed {number}: {error}")),
        }
    }
    all.push(ctx.interrupt("enough?").await);
    Ok(all)
}

#[tokio::test]
async fn a_failure_that_the_workflow_caught_is_caught_again_and_not_tried_again() {
    for fails in 0..3 {
        let (workflow, counts) = ready(Workflow::new("shrugs", shrugs));
        let thread = workflow.thread("t");
        let mut events = thread.stream(fails).unwrap();
        let mut calls = Vec::new();
        while let Some(event) = events.next().await {
            if let Event::Call { name, phase, .. } = event.unwrap() {
                calls.push((name, phase));
            }
        }
        let good = calls.iter().filter(|(_, phase)| matches!(phase, CallPhase::Finished { .. })).count();
        let bad = calls.iter().filter(|(_, phase)| matches!(phase, CallPhase::Failed { .. })).count();
        assert_eq!((good, bad, calls.len()), (2, 1, 6), "{calls:?}");

        let mut events = thread.stream_resume(Resume::answer("yes"));
        while let Some(event) = events.next().await {
            assert!(!matches!(event.unwrap(), Event::Call { .. }), "nothing is called again");
        }
        let state = thread.thread().state().await.unwrap().unwrap().state;
        let output: Vec<String> = serde_json::from_value(state.output.unwrap().value).unwrap();
        let expected = (0..3).map(|number| match number == fails {
            true => format!("missed {number}: no"),
            false => format!("got {number}"),
        });
        assert_eq!(output, expected.chain(["yes".to_owned()]).collect::<Vec<_>>());
        assert_eq!(counts.so_far(), 3);
    }
}

#[tokio::test]
async fn a_failure_that_ended_the_run_is_tried_again_by_the_next_one() {
    async fn twice(_: (), ctx: Ctx, counts: Context<Counts>) -> Result<u32, NodeError> {
        let counts = &counts;
        let one = |()| async move { Ok::<_, NodeError>(counts.count()) };
        let flaky = |()| async move {
            let count = counts.count();
            if count < 4 { Err(NodeError::new("not yet")) } else { Ok(count) }
        };
        ctx.call("one", (), one).await?;
        let flaky = ctx.call("flaky", (), flaky);
        let other = ctx.call("other", (), |()| async { Ok::<_, NodeError>(()) });
        let (flaky, other) = tokio::join!(flaky, other);
        other?;
        flaky
    }
    let (workflow, counts) = ready(Workflow::new("twice", twice));
    let thread = workflow.thread("t");
    let error = thread.invoke(()).await.unwrap_err();
    assert_eq!(error.failure().unwrap().error, "not yet");
    thread.resume(Resume::next()).await.unwrap_err();
    assert_eq!(thread.resume(Resume::next()).await.unwrap().into_output(), Some(4));
    assert_eq!(counts.so_far(), 4, "`one` ran once");
}

#[tokio::test(start_paused = true)]
async fn a_call_has_retries_and_a_timeout_of_its_own() {
    async fn patient(_: (), ctx: Ctx, counts: Context<Counts>) -> Result<u32, NodeError> {
        let counts = &counts;
        let slow_at_first = |()| async move {
            let count = counts.count();
            if count < 3 {
                tokio::time::sleep(Duration::from_secs(60)).await;
            }
            Ok::<_, NodeError>(count)
        };
        let policy = RetryPolicy::attempts(3).initial(Duration::from_secs(1)).jitter(0.0);
        ctx.call("slow", (), slow_at_first).timeout(Duration::from_secs(5)).retry(policy).await
    }
    let (workflow, _) = ready(Workflow::new("patient", patient));
    let start = tokio::time::Instant::now();
    assert_eq!(workflow.thread("t").invoke(()).await.unwrap().into_output(), Some(3));
    assert_eq!(start.elapsed(), Duration::from_secs(5 + 1 + 5 + 2));
}

#[tokio::test(start_paused = true)]
async fn the_whole_function_is_retried_and_its_calls_are_not() {
    async fn fragile(_: (), ctx: Ctx, counts: Context<Counts>) -> Result<u32, NodeError> {
        let counts = &counts;
        let count = ctx.call("count", (), |()| async move { Ok::<_, NodeError>(counts.count()) }).await?;
        if ctx.task().attempt < 3 { Err(NodeError::new("fragile")) } else { Ok(count) }
    }
    let (workflow, counts) = ready(Workflow::new("fragile", fragile).retry(RetryPolicy::attempts(3)));
    assert_eq!(workflow.thread("t").invoke(()).await.unwrap().into_output(), Some(1));
    assert_eq!(counts.so_far(), 1);
    async fn never(_: (), _: Ctx) -> Result<u32, NodeError> {
        std::future::pending().await
    }
    let (workflow, _) = ready(Workflow::new("never", never).timeout(Duration::from_secs(3)));
    let error = workflow.thread("t").invoke(()).await.unwrap_err();
    assert_eq!(error.failure().unwrap().error, "took longer than its timeout of 3s");
    let error = Workflow::new("none", never).retry(RetryPolicy::attempts(0)).compile().unwrap_err();
    assert!(error.to_string().contains("at least one attempt"), "{error}");
}

#[tokio::test]
async fn a_changed_order_of_calls_is_an_error_and_not_wrong_data() {
    async fn call(ctx: &Ctx, name: &str, number: u32) -> Result<u32, NodeError> {
        ctx.call(name, number, |number| async move { Ok::<_, NodeError>(number) }).await
    }
    async fn deployed(_: (), ctx: Ctx) -> Result<u32, NodeError> {
        let sum = call(&ctx, "first", 1).await? + call(&ctx, "second", 2).await?;
        Ok(sum + ctx.interrupt::<u32>("more?").await)
    }
    async fn swapped(_: (), ctx: Ctx) -> Result<u32, NodeError> {
        let sum = call(&ctx, "second", 2).await? + call(&ctx, "first", 1).await?;
        Ok(sum + ctx.interrupt::<u32>("more?").await)
    }
    async fn other_argument(_: (), ctx: Ctx) -> Result<u32, NodeError> {
        let sum = call(&ctx, "first", 1).await? + call(&ctx, "second", 3).await?;
        Ok(sum + ctx.interrupt::<u32>("more?").await)
    }
    let rule = "a node must make the same calls in the same order whenever it runs; give calls that run side by side \
                one after the other a `ctx.branch()` each";
    let saver = MemorySaver::default();
    let build = |workflow: Workflow<(), u32>| {
        workflow
            .retry(RetryPolicy::attempts(5))
            .compile()
            .unwrap()
            .with_checkpointer(saver.clone())
            .thread("t")
    };
    build(Workflow::new("w", deployed)).invoke(()).await.unwrap();
    let error = build(Workflow::new("w", swapped)).resume(Resume::answer(3)).await.unwrap_err();
    let expected = format!(r#"call 0 is "second", and was "first" when it was recorded; {rule}"#);
    assert_eq!(error.failure().unwrap().error, expected);
    let error = build(Workflow::new("w", other_argument)).resume(Resume::next()).await.unwrap_err();
    let expected = format!(r#"call 1, "second", has other arguments than when it was recorded; {rule}"#);
    assert_eq!(error.failure().unwrap().error, expected);
    let done = build(Workflow::new("w", deployed)).resume(Resume::next()).await.unwrap();
    assert_eq!(done.into_output(), Some(6), "the answer was kept");
}

#[tokio::test(start_paused = true)]
async fn chains_that_run_side_by_side_keep_apart_in_branches() {
    async fn chains(items: Vec<u64>, ctx: Ctx, counts: Context<Counts>) -> Result<Vec<u64>, NodeError> {
        let counts = &counts;
        let mut running = FuturesUnordered::new();
        for (number, item) in items.into_iter().enumerate() {
            let ctx = ctx.branch();
            running.push(async move {
                let wait = move |item: u64| async move {
                    counts.count();
                    tokio::time::sleep(Duration::from_secs(item)).await;
                    Ok::<_, NodeError>(item)
                };
                let once = ctx.call("wait", item, wait).await?;
                Ok::<_, NodeError>((number, once + ctx.call("wait again", once * 2, wait).await?))
            });
        }
        let mut all = vec![0; running.len()];
        while let Some(ended) = running.next().await {
            let (number, sum) = ended?;
            all[number] = sum;
        }
        let extra: u64 = ctx.interrupt("add?").await;
        Ok(all.into_iter().map(|sum| sum + extra).collect())
    }
    let (workflow, counts) = ready(Workflow::new("chains", chains));
    let thread = workflow.thread("t");
    thread.invoke(vec![5, 1, 3]).await.unwrap();
    assert_eq!(thread.resume(Resume::answer(100)).await.unwrap().into_output(), Some(vec![115, 103, 109]));
    assert_eq!(counts.so_far(), 6);
}

#[tokio::test]
async fn a_workflow_is_a_graph_with_a_state_and_a_history() {
    let (workflow, _) = ready(Workflow::new("rounds", three_rounds));
    let thread = workflow.thread("t");
    thread.invoke(vec![1]).await.unwrap();
    let snapshot = thread.thread().state().await.unwrap().unwrap();
    assert_eq!(snapshot.next_nodes().collect::<Vec<_>>(), ["rounds"]);
    assert_eq!(snapshot.interrupts.len(), 1);
    assert_eq!(snapshot.state.output, None);
    thread.resume(Resume::answer("a")).await.unwrap();
    assert_eq!(thread.thread().history(9).await.unwrap().len(), 2);
    let error = thread.thread().invoke(WorkflowState::update()).await.unwrap();
    assert_eq!(error.interrupts().len(), 1, "what it was given last is its input still");
}

#[tokio::test]
async fn an_input_that_no_longer_fits_says_so() {
    async fn number(input: u32) -> Result<u32, NodeError> {
        Ok(input)
    }
    async fn text(input: String, ctx: Ctx) -> Result<u32, NodeError> {
        Ok(input.len() as u32 + ctx.interrupt::<u32>("more?").await)
    }
    let saver = MemorySaver::default();
    let old = Workflow::new("w", text).compile().unwrap().with_checkpointer(saver.clone());
    old.thread("t").invoke("abc".to_owned()).await.unwrap();
    let new = Workflow::new("w", number).compile().unwrap().with_checkpointer(saver);
    let error = new.thread("t").resume(Resume::answer(1)).await.unwrap_err();
    assert_eq!(
        error.failure().unwrap().error,
        r#"the input of the workflow is not a `u32`: invalid type: string "abc", expected u32"#
    );
}
