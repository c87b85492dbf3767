//! Effects that happen once: over retries, answers, crashes and lost races.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard};

use medha_graph::node::IntoNode;
use medha_graph::prelude::*;
use medha_graph::store::{Break, Call, CheckpointErrorKind, Checkpointer, FaultySaver, Line};
use medha_graph::{Durability, IdempotencyKey, RunError};

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Log {
    #[state(append)]
    seen: Vec<String>,
}

/// The world outside: remembers what was done to it, under which key.
#[derive(Default)]
struct World {
    done: Mutex<Vec<(String, IdempotencyKey)>>,
    tries: AtomicU32,
}

impl World {
    fn done(&self) -> MutexGuard<'_, Vec<(String, IdempotencyKey)>> {
        self.done.lock().unwrap()
    }

    async fn act(&self, what: &str, key: IdempotencyKey) -> Result<usize, NodeError> {
        tokio::task::yield_now().await;
        self.done().push((what.to_owned(), key));
        Ok(self.done().len())
    }

    fn names(&self) -> Vec<String> {
        self.done().iter().map(|(name, _)| name.clone()).collect()
    }

    fn keys(&self) -> Vec<IdempotencyKey> {
        self.done().iter().map(|(_, key)| key.clone()).collect()
    }
}

fn graph<M>(node: impl IntoNode<Log, M>) -> (CompiledGraph<Log>, Arc<World>) {
    let world = Arc::new(World::default());
    let graph = StateGraph::new("pay").node("pay", node).edge(START, "pay").edge("pay", END);
    (graph.compile().unwrap().with_context(Arc::clone(&world)), world)
}

/// Charges, then fails twice, then asks.
async fn pay(ctx: Ctx, world: Context<World>) -> Result<LogUpdate, NodeError> {
    let receipt = ctx.once("charge", |key| world.act("charge", key)).await?;
    if world.tries.fetch_add(1, Ordering::Relaxed) < 2 {
        return Err(NodeError::new("the line broke"));
    }
    let word: String = ctx.interrupt("is it all right?").await;
    Ok(Log::update().seen([format!("{receipt} {word}")]))
}

#[tokio::test(start_paused = true)]
async fn an_effect_happens_once_over_retries_and_an_answer_whenever_checkpoints_are_stored() {
    for durability in [Durability::Sync, Durability::Async, Durability::Exit] {
        let (graph, world) = graph(pay.retry(RetryPolicy::attempts(3)));
        let graph = graph.with_checkpointer(MemorySaver::default()).with_durability(durability);
        let thread = graph.thread("t");
        thread.invoke(Log::update()).await.unwrap();
        let done = thread.resume(Resume::answer("yes")).await.unwrap();
        assert_eq!(done.state().seen, ["1 yes"], "{durability:?}");
        assert_eq!(world.names(), ["charge"], "{durability:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_saver_an_effect_happens_once_in_its_run() {
    let (graph, world) = graph(pay.retry(RetryPolicy::attempts(3)));
    assert_eq!(graph.invoke(Log::update()).await.unwrap().interrupts().len(), 1);
    assert_eq!(world.names(), ["charge"]);
}

#[tokio::test]
async fn a_failed_run_that_is_resumed_finds_its_effects() {
    let (graph, world) = graph(pay);
    let thread = graph.with_checkpointer(MemorySaver::default()).thread("t");
    thread.invoke(Log::update()).await.unwrap_err();
    thread.resume(Resume::next()).await.unwrap_err();
    assert_eq!(thread.resume(Resume::next()).await.unwrap().interrupts().len(), 1);
    assert_eq!(world.names(), ["charge"]);
}

#[tokio::test]
async fn an_effect_that_fails_is_not_recorded_and_keeps_its_key() {
    async fn flaky(ctx: Ctx, world: Context<World>) -> Result<LogUpdate, NodeError> {
        let sent = |key| async {
            world.act("send", key).await?;
            if world.done().len() < 3 { Err(NodeError::new("no answer")) } else { Ok("sent") }
        };
        let sent: String = ctx.once("send", |key| async { sent(key).await.map(str::to_owned) }).await?;
        Ok(Log::update().seen([sent]))
    }
    let (graph, world) = graph(flaky);
    let thread = graph.with_checkpointer(MemorySaver::default()).thread("t");
    thread.invoke(Log::update()).await.unwrap_err();
    thread.resume(Resume::next()).await.unwrap_err();
    assert_eq!(thread.resume(Resume::next()).await.unwrap().state().seen, ["sent"]);
    assert_eq!(world.names(), ["send", "send", "send"]);
    assert!(world.keys().iter().all(|key| *key == world.keys()[0]), "{:?}", world.keys());
}

#[tokio::test]
async fn effects_may_run_side_by_side_and_each_has_its_own_key() {
    async fn both(ctx: Ctx, world: Context<World>) -> Result<LogUpdate, NodeError> {
        let left = ctx.once("left", |key| world.act("left", key));
        let right = ctx.once("right", |key| world.act("right", key));
        let (left, right) = tokio::try_join!(biased; left, right)?;
        let word: String = ctx.interrupt("go on?").await;
        Ok(Log::update().seen([format!("{left} {right} {word}")]))
    }
    let (graph, world) = graph(both);
    let thread = graph.with_checkpointer(MemorySaver::default()).thread("t");
    thread.invoke(Log::update()).await.unwrap();
    assert_eq!(thread.resume(Resume::answer("yes")).await.unwrap().state().seen, ["1 2 yes"]);
    assert_eq!(world.names(), ["left", "right"]);
    assert_ne!(world.keys()[0], world.keys()[1]);
}

#[tokio::test]
async fn two_effects_of_one_name_at_once_are_refused() {
    async fn twice(ctx: Ctx, world: Context<World>) -> Result<LogUpdate, NodeError> {
        let one = ctx.once("send", |key| world.act("send", key));
        let other = ctx.once("send", |key| world.act("send", key));
        tokio::try_join!(one, other)?;
        Ok(Log::update())
    }
    let (graph, world) = graph(twice.retry(RetryPolicy::attempts(5)));
    let error = graph.invoke(Log::update()).await.unwrap_err();
    assert_eq!(
        error.failure().unwrap().error,
        r#"effect "send" is under way already; give each effect of a node a name of its own"#
    );
    assert_eq!(world.tries.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn one_name_in_turn_gives_the_first_result_again() {
    async fn twice(ctx: Ctx, world: Context<World>) -> Result<LogUpdate, NodeError> {
        let one = ctx.once("send", |key| world.act("send", key)).await?;
        let other = ctx.once("send", |key| world.act("send", key)).await?;
        Ok(Log::update().seen([format!("{one} {other}")]))
    }
    let (graph, _) = graph(twice);
    assert_eq!(graph.invoke(Log::update()).await.unwrap().state().seen, ["1 1"]);
}

#[tokio::test]
async fn a_recorded_result_of_another_type_is_an_error_that_says_so() {
    async fn old(ctx: Ctx, world: Context<World>) -> Result<LogUpdate, NodeError> {
        ctx.once("charge", |key| world.act("charge", key)).await?;
        Err(NodeError::new("stop"))
    }
    async fn new(ctx: Ctx) -> Result<LogUpdate, NodeError> {
        let receipt = ctx.once("charge", |_| async { Ok::<_, NodeError>("r-1".to_owned()) }).await?;
        Ok(Log::update().seen([receipt]))
    }
    let saver = MemorySaver::default();
    let deployed = graph(old).0.with_checkpointer(saver.clone());
    deployed.thread("t").invoke(Log::update()).await.unwrap_err();
    let changed = graph(new.retry(RetryPolicy::attempts(9))).0.with_checkpointer(saver);
    let error = changed.thread("t").resume(Resume::next()).await.unwrap_err();
    let failure = error.failure().unwrap();
    assert_eq!(failure.attempts, 1, "trying again would not help");
    assert_eq!(
        failure.error,
        r#"the recorded result of effect "charge" does not fit: invalid type: integer `1`, expected a string at line 1 column 1"#
    );
}

#[tokio::test]
async fn a_fork_and_a_copy_of_a_thread_do_it_again_under_another_key() {
    let (graph, world) = graph(pay);
    world.tries.store(9, Ordering::Relaxed);
    let saver = MemorySaver::default();
    let graph = graph.with_checkpointer(saver.clone());
    let thread = graph.thread("t");
    thread.invoke(Log::update()).await.unwrap();
    saver.copy("t", "copy", Line(7)).await.unwrap();
    // The effect of a question that is open was recorded with it; the copy does not repeat it.
    graph.thread("copy").resume(Resume::answer("copied")).await.unwrap();
    assert_eq!(world.names().len(), 1);
    let begun = graph.thread("copy").history(9).await.unwrap();
    let first = begun.last().unwrap().id;
    graph.thread("copy").at(first).resume(Resume::next()).await.unwrap();
    thread.clone().at(first).resume(Resume::next()).await.unwrap();
    assert_eq!(world.names().len(), 3);
    let keys: std::collections::BTreeSet<_> = world.keys().into_iter().collect();
    assert_eq!(keys.len(), 3, "each line of history has keys of its own");
}

#[tokio::test]
async fn what_was_given_up_does_not_answer_for_what_is_begun_after_it() {
    for durability in [Durability::Sync, Durability::Async, Durability::Exit] {
        let (graph, world) = graph(pay);
        let graph = graph.with_checkpointer(MemorySaver::default()).with_durability(durability);
        let thread = graph.thread("t");
        thread.invoke(Log::update()).await.unwrap_err();
        thread.abandon().await.unwrap();
        thread.invoke(Log::update()).await.unwrap_err();
        assert_eq!(world.names().len(), 2, "the second order is charged as well");
        assert_ne!(world.keys()[0], world.keys()[1], "and not as the first one");
    }
}

#[tokio::test]
async fn a_crashed_run_that_stored_nothing_does_not_answer_for_the_next_one() {
    let (graph, world) = graph(pay);
    world.tries.store(9, Ordering::Relaxed);
    let saver = FaultySaver::sound(MemorySaver::default()).only([Call::Commit]).for_good();
    let graph = graph.with_checkpointer(saver.clone()).with_durability(Durability::Exit);
    let thread = graph.thread("t");
    thread.invoke(Log::update()).await.unwrap();
    thread.resume(Resume::answer("first")).await.unwrap();
    saver.break_at(0);
    thread.invoke(Log::update().seen(["second"])).await.unwrap_err();
    assert!(saver.mend());
    thread.invoke(Log::update().seen(["third"])).await.unwrap();
    assert_eq!(world.names().len(), 3, "each run charges: {:?}", world.keys());
}

#[tokio::test]
async fn an_effect_that_cannot_be_recorded_fails_the_run_whatever_the_node_makes_of_it() {
    async fn swallows(ctx: Ctx, world: Context<World>) -> LogUpdate {
        let receipt = ctx.once("charge", |key| world.act("charge", key)).await;
        Log::update().seen([format!("{}", receipt.is_ok())])
    }
    async fn sorry(failure: Failure) -> LogUpdate {
        Log::update().seen([failure.error])
    }
    let world = Arc::new(World::default());
    let handled = StateGraph::new("pay")
        .node("pay", pay.retry(RetryPolicy::attempts(3)))
        .node("sorry", sorry)
        .edge(START, "pay")
        .edge("pay", END)
        .error_edge("pay", "sorry")
        .edge("sorry", END);
    let handled = handled.compile().unwrap().with_context(Arc::clone(&world));
    let (careless, other_world) = graph(swallows);
    for (graph, world) in [(handled, world), (careless, other_world)] {
        let saver = FaultySaver::new(MemorySaver::default(), 0, Break::Before).only([Call::SaveEffect]);
        let thread = graph.with_checkpointer(saver).thread("t");
        let error = thread.invoke(Log::update()).await.unwrap_err();
        let RunError::Checkpoint(error) = &error else { panic!("{error}") };
        assert_eq!(error.kind, CheckpointErrorKind::Storage);
        assert_eq!(world.names().len(), 1);
        assert!(
            thread.state().await.unwrap().unwrap().state.seen.is_empty(),
            "the last good checkpoint stands"
        );
        world.tries.store(9, Ordering::Relaxed);
        thread.resume(Resume::next()).await.unwrap();
        assert_eq!(world.keys()[0], world.keys()[1], "the second try comes under the same key");
    }
}

#[tokio::test]
async fn of_two_runs_that_do_the_same_at_once_one_loses_and_both_use_one_key() {
    async fn slow(ctx: Ctx, world: Context<World>) -> Result<LogUpdate, NodeError> {
        let nth = ctx.once("charge", |key| world.act("charge", key)).await?;
        Ok(Log::update().seen([nth.to_string()]))
    }
    async fn stop(world: Context<World>) -> Result<(), NodeError> {
        if world.tries.fetch_add(1, Ordering::Relaxed) == 0 { Err(NodeError::new("stop")) } else { Ok(()) }
    }
    let world = Arc::new(World::default());
    let graph = StateGraph::new("pay").node("stop", stop).node("pay", slow);
    let graph = graph.edge(START, "stop").edge("stop", "pay").edge("pay", END);
    let graph = graph.compile().unwrap().with_context(Arc::clone(&world));
    let thread = graph.with_checkpointer(MemorySaver::default()).with_interrupt_before(["pay"]).thread("t");
    thread.invoke(Log::update()).await.unwrap_err();
    thread.resume(Resume::next()).await.unwrap();
    let (one, other) = tokio::join!(thread.resume(Resume::next()), thread.resume(Resume::next()));
    let lost = [&one, &other].into_iter().filter_map(|end| end.as_ref().err()).collect::<Vec<_>>();
    assert_eq!(lost.len(), 1);
    let RunError::Checkpoint(error) = lost[0] else { panic!("{}", lost[0]) };
    assert!(error.to_string().contains("\"charge\""), "{error}");
    assert_eq!(world.keys().len(), 2);
    assert_eq!(world.keys()[0], world.keys()[1], "a service that knows keys does it once");
    assert_eq!(thread.state().await.unwrap().unwrap().state.seen, ["1"]);
}

#[tokio::test]
async fn no_effect_begins_before_what_it_follows_from_is_stored() {
    async fn first() -> LogUpdate {
        Log::update().seen(["first"])
    }
    let world = Arc::new(World::default());
    let graph = StateGraph::new("pay").node("first", first).node("pay", pay);
    let graph = graph.edge(START, "first").edge("first", "pay").edge("pay", END);
    let graph = graph.compile().unwrap().with_context(Arc::clone(&world));
    let saver = FaultySaver::new(MemorySaver::default(), 1, Break::Before).only([Call::Commit]).for_good();
    let graph = graph.with_checkpointer(saver.clone()).with_durability(Durability::Async);
    let error = graph.thread("t").invoke(Log::update()).await.unwrap_err();
    assert!(matches!(error, RunError::Checkpoint(_)), "{error}");
    assert!(
        world.names().is_empty(),
        "the superstep it follows from is lost, and may run otherwise next time"
    );
    assert!(saver.mend());
    world.tries.store(9, Ordering::Relaxed);
    graph.thread("t").resume(Resume::next()).await.unwrap();
    assert_eq!(world.names(), ["charge"]);
}
