//! What is stored when: each superstep before the next, beside the next, or all at the end; and what a storage that fails
//! leaves behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use medha_graph::prelude::*;
use medha_graph::run::TaskId;
use medha_graph::store::{Call, CheckpointErrorKind, FaultySaver};
use medha_graph::{Durability, IdempotencyKey, RunError};

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Log {
    #[state(append)]
    seen: Vec<String>,
    plain: u32,
}

const ALL: [Durability; 3] = [Durability::Sync, Durability::Async, Durability::Exit];

/// How often its nodes have run.
#[derive(Debug, Default)]
struct Runs(AtomicU32);

async fn one(runs: Context<Runs>, ctx: Ctx) -> LogUpdate {
    runs.0.0.fetch_add(1, Ordering::Relaxed);
    tokio::task::yield_now().await;
    Log::update().seen([&*ctx.task().node])
}

async fn fails_once(runs: Context<Runs>, ctx: Ctx) -> Result<LogUpdate, NodeError> {
    match runs.0.0.fetch_add(1, Ordering::Relaxed) {
        0..=1 => Err(NodeError::new("once").terminal()),
        _ => Ok(Log::update().seen([&*ctx.task().node])),
    }
}

fn chain() -> StateGraph<Log> {
    (1..=5).fold(StateGraph::new("chain"), |graph, number| {
        let graph = graph.node(format!("n{number}"), one);
        match number {
            1 => graph.edge(START, "n1"),
            _ => graph.edge(format!("n{}", number - 1).as_str(), format!("n{number}")),
        }
    })
}

/// Saves in memory, and counts what is stored to break some of it.
type Saver = FaultySaver<MemorySaver>;

fn build(graph: &StateGraph<Log>, durability: Durability) -> (CompiledGraph<Log>, Saver, Arc<Runs>) {
    let saver = FaultySaver::sound(MemorySaver::default()).only(STORING);
    let runs = Arc::new(Runs::default());
    let graph = graph.compile().unwrap().with_checkpointer(saver.clone()).with_context(Arc::clone(&runs));
    (graph.with_durability(durability), saver, runs)
}

const STORING: [Call; 3] = [Call::Commit, Call::SaveProgress, Call::SaveEffect];

/// What was stored, or was to be.
fn stored(saver: &Saver) -> Vec<Call> {
    saver.calls().into_iter().filter(|call| STORING.contains(call)).collect()
}

#[tokio::test]
async fn a_run_stores_its_input_and_each_superstep_or_its_end_alone() {
    for (durability, commits) in ALL.into_iter().zip([6, 6, 1]) {
        let (graph, saver, _) = build(&chain().edge("n5", END), durability);
        assert!(graph.thread("t").invoke(Log::update()).await.unwrap().is_done());
        assert_eq!(stored(&saver), vec![Call::Commit; commits], "{durability:?}");
        assert_eq!(graph.thread("t").state().await.unwrap().unwrap().state.seen.len(), 5);
    }
}

// C40
#[tokio::test]
async fn a_failed_call_and_a_new_one_leave_as_much_as_they_should() {
    // There: 6, and 2 with exit durability. Ours stores the input once, and abandons with the new input.
    for (durability, count) in ALL.into_iter().zip([4, 4, 2]) {
        let graph = StateGraph::new("two").node("node1", fails_once).node("node2", one);
        let graph = graph.edge(START, "node1").edge("node1", "node2").edge("node2", END);
        let (graph, _, runs) = build(&graph, durability);
        runs.0.store(1, Ordering::Relaxed);
        let thread = graph.thread("t").with_unfinished(medha_graph::Unfinished::Discard);
        thread.invoke(Log::update().seen(["start"])).await.unwrap_err();
        let snapshot = thread.state().await.unwrap().unwrap();
        assert_eq!(snapshot.state.seen, ["start"], "the input is kept");
        assert_eq!(snapshot.next_nodes().collect::<Vec<_>>(), ["node1"]);
        assert_eq!(snapshot.tasks[0].failure.as_ref().unwrap().error, "once", "{durability:?}");
        let done = thread.invoke(Log::update().seen(["start"])).await.unwrap();
        assert_eq!(done.state().seen, ["start", "start", "node1", "node2"]);
        assert_eq!(thread.history(10).await.unwrap().len(), count, "{durability:?}");
        thread.delete().await.unwrap();
        assert!(thread.history(10).await.unwrap().is_empty());
    }
}

// Defect 13: there, five nodes run on after a checkpoint that was not stored.
#[tokio::test]
async fn a_storage_that_fails_stops_the_run_one_superstep_later_at_most() {
    for (durability, ran) in [(Durability::Sync, 2), (Durability::Async, 3)] {
        let (graph, saver, runs) = build(&chain().edge("n5", END), durability);
        saver.break_at(2);
        let error = graph.thread("t").invoke(Log::update()).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot save the checkpoint of thread \"t\": the storage failed: the connection was lost"
        );
        assert_eq!(runs.0.load(Ordering::Relaxed), ran, "{durability:?}");
        assert_eq!(stored(&saver), [Call::Commit; 3], "nothing is stored after what could not be");
        let done = graph.thread("t").resume(Resume::next()).await.unwrap();
        assert_eq!(done.state().seen, ["n1", "n2", "n3", "n4", "n5"]);
    }
}

#[tokio::test]
async fn the_last_checkpoint_is_stored_before_the_run_is_done() {
    for durability in ALL {
        let (graph, saver, _) = build(&chain().edge("n5", END), durability);
        saver.break_at(if durability == Durability::Exit { 0 } else { 5 });
        let error = graph.thread("t").invoke(Log::update()).await.unwrap_err();
        assert!(error.to_string().contains("the connection was lost"), "{durability:?}: {error}");
    }
}

// Defect 24: what finished beside a failure is there whatever the durability.
#[tokio::test]
async fn a_failure_leaves_the_last_good_checkpoint_and_what_had_finished() {
    for durability in ALL {
        let graph = StateGraph::new("wide")
            .node("first", one)
            .node("good", one)
            .node("bad", async || Err::<LogUpdate, _>(NodeError::new("no").terminal()))
            .edge(START, "first")
            .edge("first", "good")
            .edge("first", "bad")
            .edge("good", END)
            .edge("bad", END);
        let (graph, _, _) = build(&graph, durability);
        graph.thread("t").invoke(Log::update()).await.unwrap_err();
        let snapshot = graph.thread("t").state().await.unwrap().unwrap();
        assert_eq!((snapshot.state.seen.as_slice(), snapshot.step), (&["first".to_owned()][..], 1));
        assert_eq!(snapshot.with_progress().unwrap().seen, ["first", "good"], "{durability:?}");
        assert_eq!(snapshot.tasks[1].failure.as_ref().unwrap().error, "no", "{durability:?}");
    }
}

#[tokio::test]
async fn a_run_that_reaches_its_step_limit_stores_where_it_stands() {
    for durability in ALL {
        let (graph, _, _) = build(&chain().edge("n5", END), durability);
        let thread = graph.clone().with_step_limit(2).thread("t");
        let error = thread.invoke(Log::update()).await.unwrap_err();
        assert!(matches!(error, RunError::StepLimit { limit: 2, .. }), "{error}");
        // Defect 1: the limit is exact, and a resumed run has the same.
        assert_eq!(thread.state().await.unwrap().unwrap().state.seen, ["n1", "n2"], "{durability:?}");
        thread.resume(Resume::next()).await.unwrap_err();
        assert_eq!(thread.state().await.unwrap().unwrap().state.seen, ["n1", "n2", "n3", "n4"]);
        assert!(thread.resume(Resume::next()).await.unwrap().is_done());
    }
}

// Defect 5 and C41: a merge that fails leaves the thread readable and able to go on.
#[tokio::test]
async fn a_merge_that_fails_does_not_poison_the_thread() {
    async fn plain() -> LogUpdate {
        Log::update().plain(1)
    }
    let graph = StateGraph::new("conflict")
        .node("first", one)
        .node("a", plain)
        .node("b", plain)
        .edge(START, "first")
        .edge("first", "a")
        .edge("first", "b")
        .edge("a", END)
        .edge("b", END);
    for durability in ALL {
        let (graph, _, _) = build(&graph, durability);
        let thread = graph.thread("t");
        thread.invoke(Log::update()).await.unwrap_err();
        let error = thread.resume(Resume::next()).await.unwrap_err();
        assert!(matches!(error, RunError::Conflict { .. }), "{error}");
        let snapshot = thread.state().await.unwrap().unwrap();
        assert_eq!(snapshot.state.seen, ["first"], "{durability:?}");
        assert_eq!(snapshot.next_nodes().collect::<Vec<_>>(), ["a", "b"]);
        thread.update_as("a", Log::update().plain(7)).await.unwrap();
        assert_eq!(thread.state().await.unwrap().unwrap().state.plain, 7);
    }
}

/// The keys and ids its task was given.
#[derive(Debug, Default)]
struct Given(std::sync::Mutex<Vec<(TaskId, Option<IdempotencyKey>)>>);

#[tokio::test]
async fn a_task_that_is_resumed_keeps_its_id_and_its_effects() {
    async fn pay(given: Context<Given>, ctx: Ctx) -> Result<LogUpdate, NodeError> {
        let mut key = None;
        let receipt: String = ctx
            .once("charge", |idempotency| {
                key = Some(idempotency);
                async { Ok::<_, NodeError>("r-1".to_owned()) }
            })
            .await?;
        given.0.0.lock().unwrap().push((ctx.task().id, key));
        let sure: bool = ctx.interrupt("sure?").await;
        Ok(Log::update().seen([format!("{receipt} {sure}")]))
    }
    for durability in ALL {
        let given = Arc::new(Given::default());
        let graph = StateGraph::new("pay").node("first", one).node("pay", pay);
        let graph = graph.edge(START, "first").edge("first", "pay").edge("pay", END);
        let (graph, _, _) = build(&graph, durability);
        let graph = graph.with_context(Arc::clone(&given));
        let asked = graph.thread("t").invoke(Log::update()).await.unwrap();
        assert_eq!(asked.interrupts().len(), 1);
        let task = graph.thread("t").state().await.unwrap().unwrap().tasks[0].id;
        let done = graph.thread("t").resume(Resume::answer(true)).await.unwrap();
        assert_eq!(done.state().seen, ["first", "r-1 true"]);
        let given = std::mem::take(&mut *given.0.lock().unwrap());
        assert_eq!(given.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [task, task], "{durability:?}");
        assert_eq!(given.iter().map(|(_, key)| key.is_some()).collect::<Vec<_>>(), [true, false]);
    }
}

#[tokio::test]
async fn a_run_that_is_cancelled_waits_for_the_checkpoint_on_its_way() {
    async fn cancels(control: Context<medha_graph::RunControl>) -> LogUpdate {
        control.cancel();
        std::future::pending().await
    }
    let graph = StateGraph::new("cancel")
        .node("first", one)
        .node("last", cancels)
        .edge(START, "first")
        .edge("first", "last")
        .edge("last", END);
    let (graph, saver, _) = build(&graph, Durability::Async);
    let control = medha_graph::RunControl::new();
    let thread = graph.with_context(Arc::new(control.clone())).thread("t").with_control(&control);
    let error = thread.invoke(Log::update()).await.unwrap_err();
    assert!(matches!(error, RunError::Cancelled { step: 2 }), "{error}");
    assert_eq!(stored(&saver), [Call::Commit; 2]);
    assert_eq!(thread.state().await.unwrap().unwrap().state.seen, ["first"]);
}

fn is_conflict(error: &RunError) -> bool {
    matches!(error, RunError::Checkpoint(error) if matches!(error.kind, CheckpointErrorKind::Conflict { .. }))
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Deed {
    Invoke,
    Resume,
    Answer,
    Update,
    Fork,
    Abandon,
}

/// What two processes do with one thread at once, in an order of storage calls that a number stands for.
async fn at_once(saver: &MemorySaver, mut order: u32, deeds: [Deed; 2]) -> [Result<(), RunError>; 2] {
    async fn ask(log: &Log, ctx: Ctx) -> LogUpdate {
        let by: String = if log.plain == 0 { ctx.interrupt("by?").await } else { "nobody".to_owned() };
        Log::update().seen([by])
    }
    let graph = StateGraph::new("two")
        .node("ask", ask)
        .node("last", async || Log::update().seen(["last"]))
        .edge(START, "ask")
        .edge("ask", "last")
        .edge("last", END);
    // Sound as it is, it gives the other process a turn at every call.
    let graph = graph.compile().unwrap().with_checkpointer(FaultySaver::sound(saver.clone()));
    let process = |deed: Deed, name: &'static str| {
        let thread = graph.thread("t").with_unfinished(medha_graph::Unfinished::Discard);
        async move {
            let wrote = Log::update().seen([name]).plain(1);
            match deed {
                Deed::Invoke => thread.invoke(wrote).await.map(|_| ()),
                Deed::Resume => thread.resume(Resume::next()).await.map(|_| ()),
                Deed::Answer => thread.resume(Resume::answer(name)).await.map(|_| ()),
                Deed::Update => thread.update_as("ask", wrote).await.map(|_| ()),
                Deed::Fork => thread.fork().await.map(|_| ()),
                Deed::Abandon => thread.abandon().await,
            }
        }
    };
    graph.thread("t").invoke(Log::update()).await.unwrap();
    let (mut left, mut right) = (Box::pin(process(deeds[0], "left")), Box::pin(process(deeds[1], "right")));
    let (mut one, mut two) = (None, None);
    std::future::poll_fn(|cx| {
        let is_left = order & 1 == 0;
        order = order.rotate_right(1);
        if one.is_none() && (is_left || two.is_some()) {
            if let std::task::Poll::Ready(end) = left.as_mut().poll(cx) {
                one = Some(end);
            }
        } else if two.is_none()
            && let std::task::Poll::Ready(end) = right.as_mut().poll(cx)
        {
            two = Some(end);
        }
        match (&one, &two) {
            (Some(_), Some(_)) => std::task::Poll::Ready(()),
            _ => {
                cx.waker().wake_by_ref();
                std::task::Poll::Pending
            }
        }
    })
    .await;
    [one.unwrap(), two.unwrap()]
}

// Defect 14: there, two runs of one thread fork it silently, and the last wins.
#[tokio::test]
async fn two_processes_on_one_thread_never_fork_it_and_never_lose_a_write() {
    let all = [Deed::Invoke, Deed::Resume, Deed::Answer, Deed::Update, Deed::Fork, Deed::Abandon];
    let pairs = all.iter().flat_map(|one| all.iter().map(move |two| [*one, *two]));
    let mut conflicts = 0;
    for deeds in pairs {
        for order in (0..32_u32).map(|order| order.wrapping_mul(0x9E37_79B9)) {
            let saver = MemorySaver::default();
            let ends = at_once(&saver, order, deeds).await;
            let graph = StateGraph::<Log>::new("two").node("ask", one).node("last", one);
            let graph = graph.edge(START, "ask").edge("ask", "last").edge("last", END).compile().unwrap();
            let thread = graph.with_checkpointer(saver).thread("t");
            let mut history = thread.history(100).await.unwrap();
            history.reverse();
            let ids: Vec<u64> = history.iter().map(|one| one.id.0).collect();
            assert_eq!(ids, (1..=ids.len() as u64).collect::<Vec<_>>(), "{deeds:?} {order}");
            let parents: Vec<u64> = history.iter().filter_map(|one| one.parent).map(|id| id.0).collect();
            assert_eq!(parents, ids[..ids.len() - 1], "one line: {deeds:?} {order}");
            conflicts += ends.iter().filter(|end| end.as_ref().is_err_and(is_conflict)).count();
            let seen = &history.last().unwrap().state.seen;
            for ((deed, end), name) in deeds.iter().zip(&ends).zip(["left", "right"]) {
                let times = seen.iter().filter(|seen| *seen == name).count();
                let writes = matches!(deed, Deed::Invoke | Deed::Answer | Deed::Update);
                assert!(times <= 1, "{deeds:?} {order}: {seen:?}");
                if writes && end.is_ok() {
                    assert_eq!(times, 1, "{deeds:?} {order}: what {name} wrote is lost: {seen:?}");
                }
            }
        }
    }
    assert!(conflicts > 100, "the deeds did get in each other's way: {conflicts}");
}
