//! Going back: replays and forks of earlier checkpoints, copies, searches and what is forgotten.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use medha_graph::prelude::*;
use medha_graph::store::retention::Retention;
use medha_graph::store::{Cause, HistoryQuery};
use medha_graph::{CheckpointId, RunError, Thread};

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Log {
    #[state(append)]
    seen: Vec<String>,
    #[state(add)]
    total: i64,
}

#[derive(Default)]
struct Runs([AtomicU32; 2]);

async fn a(runs: Context<Runs>) -> LogUpdate {
    runs.0.0[0].fetch_add(1, Ordering::Relaxed);
    Log::update().seen(["a"]).total(1)
}

async fn b(runs: Context<Runs>) -> LogUpdate {
    runs.0.0[1].fetch_add(1, Ordering::Relaxed);
    Log::update().seen(["b"]).total(100)
}

fn graph() -> (CompiledGraph<Log>, Arc<Runs>) {
    let runs = Arc::new(Runs::default());
    let graph = StateGraph::new("travel")
        .node("a", a)
        .node("b", b)
        .edge(START, "a")
        .edge("a", "b")
        .edge("b", END)
        .compile()
        .unwrap()
        .with_context(Arc::clone(&runs))
        .with_checkpointer(MemorySaver::default());
    (graph, runs)
}

const BEFORE_A: CheckpointId = CheckpointId(1);
const BEFORE_B: CheckpointId = CheckpointId(2);
const DONE: CheckpointId = CheckpointId(3);

async fn done() -> (Thread<Log>, Arc<Runs>) {
    let (graph, runs) = graph();
    let thread = graph.thread("t");
    thread.invoke(Log::update()).await.unwrap();
    (thread, runs)
}

// C44
#[tokio::test]
async fn a_replay_runs_what_comes_after_the_checkpoint_and_nothing_before() {
    let (thread, runs) = done().await;
    let again = thread.clone().at(BEFORE_B).resume(Resume::next()).await.unwrap();
    assert_eq!(again.state().seen, ["a", "b"]);
    assert_eq!(runs.0.each_ref().map(|runs| runs.load(Ordering::Relaxed)), [1, 2]);
    let history = thread.history(10).await.unwrap();
    let shape: Vec<_> = history.iter().map(|one| (one.id.0, one.parent.map(|id| id.0), one.cause)).collect();
    assert_eq!(
        shape,
        [
            (5, Some(4), Cause::Superstep),
            (4, Some(2), Cause::Fork),
            (3, Some(2), Cause::Superstep),
            (2, Some(1), Cause::Superstep),
            (1, None, Cause::Input),
        ]
    );
}

// C45
#[tokio::test]
async fn a_replay_of_the_last_checkpoint_runs_nothing() {
    let (thread, runs) = done().await;
    let again = thread.at(DONE).resume(Resume::next()).await.unwrap();
    assert!(again.is_done());
    assert_eq!(again.state().seen, ["a", "b"]);
    assert_eq!(runs.0.each_ref().map(|runs| runs.load(Ordering::Relaxed)), [1, 1]);
}

// C46
#[tokio::test]
async fn a_fork_goes_on_with_what_was_put_in() {
    let (thread, _) = done().await;
    let id = thread.clone().at(BEFORE_B).update(Log::update().seen(["x"])).await.unwrap();
    let snapshot = thread.state().await.unwrap().unwrap();
    assert_eq!((snapshot.id, snapshot.parent, snapshot.cause), (id, Some(BEFORE_B), Cause::Update));
    assert_eq!(thread.resume(Resume::next()).await.unwrap().state().seen, ["a", "x", "b"]);
}

// C47
#[tokio::test]
async fn two_forks_of_one_checkpoint_do_not_mix() {
    let (thread, _) = done().await;
    for number in ["x", "y"] {
        thread.clone().at(BEFORE_B).update(Log::update().seen([number])).await.unwrap();
        assert_eq!(thread.resume(Resume::next()).await.unwrap().state().seen, ["a", number, "b"]);
    }
    // Also where nothing was appended before the fork, and its writes lie behind those of the other line.
    let input = Log::update().seen(["new"]);
    let forked = thread.clone().at(BEFORE_A).invoke(input).await.unwrap();
    assert_eq!(forked.state().seen, ["new", "a", "b"]);
    assert_eq!(thread.state().await.unwrap().unwrap().state.seen, ["new", "a", "b"]);
    let first = thread.clone().at(DONE).state().await.unwrap().unwrap();
    assert_eq!(first.state.seen, ["a", "b"], "the first line is as it was");
}

// C48
#[tokio::test]
async fn a_fork_does_not_see_what_came_after_on_the_old_line() {
    let (thread, _) = done().await;
    thread.clone().at(BEFORE_A).update_as("a", Log::update().total(21)).await.unwrap();
    assert_eq!(thread.resume(Resume::next()).await.unwrap().state().total, 121);
}

#[tokio::test]
async fn a_copy_of_a_checkpoint_becomes_the_head() {
    let (thread, runs) = done().await;
    let id = thread.clone().at(BEFORE_B).fork().await.unwrap();
    let snapshot = thread.state().await.unwrap().unwrap();
    assert_eq!((snapshot.id, snapshot.cause, snapshot.step), (id, Cause::Fork, 1));
    assert_eq!(snapshot.next_nodes().collect::<Vec<_>>(), ["b"]);
    // What wrote it is found behind the fork.
    thread.update(Log::update().seen(["x"])).await.unwrap();
    assert_eq!(thread.resume(Resume::next()).await.unwrap().state().seen, ["a", "x", "b"]);
    assert_eq!(runs.0[0].load(Ordering::Relaxed), 1);
    let missing = thread.clone().at(CheckpointId(99)).fork().await.unwrap_err();
    assert_eq!(missing.to_string(), r#"thread "t" has no checkpoint 99; it may have been pruned"#);
}

#[tokio::test]
async fn a_fork_gives_tasks_new_ids_and_asks_again() {
    async fn ask(ctx: Ctx) -> LogUpdate {
        let answer: String = ctx.interrupt("which?").await;
        Log::update().seen([answer])
    }
    let graph = StateGraph::new("ask")
        .node("ask", ask)
        .edge(START, "ask")
        .edge("ask", END)
        .compile()
        .unwrap()
        .with_checkpointer(MemorySaver::default());
    let thread = graph.thread("t");
    let first = thread.invoke(Log::update()).await.unwrap().interrupts()[0].id;
    thread.resume(Resume::answer("this")).await.unwrap();
    let past = thread.clone().at(BEFORE_A);
    let error = past.resume(Resume::answer("that")).await.unwrap_err();
    assert!(matches!(error, RunError::AnswerToThePast { .. }), "{error}");
    let second = past.resume(Resume::next()).await.unwrap().interrupts()[0].id;
    assert_ne!(first, second);
    assert_eq!(thread.resume(Resume::answer("that")).await.unwrap().state().seen, ["that"]);
}

#[tokio::test]
async fn a_copied_thread_goes_its_own_way() {
    let (graph, _) = graph();
    let thread = graph.thread("t").with_interrupt_before(["b"]);
    let error = thread.copy_to("nothing").await.unwrap_err();
    assert!(matches!(error, RunError::NothingToResume { .. }), "{error}");
    thread.invoke(Log::update()).await.unwrap();
    let copy = thread.copy_to("copy").await.unwrap();
    assert!(copy.resume(Resume::next()).await.unwrap().is_done());
    assert_eq!(copy.history(10).await.unwrap().len(), 3);
    assert_eq!(thread.history(10).await.unwrap().len(), 2);
    let error = thread.copy_to("copy").await.unwrap_err();
    assert!(matches!(error, RunError::Checkpoint(_)), "{error}");

    copy.delete().await.unwrap();
    assert!(copy.state().await.unwrap().is_none());
    copy.delete().await.unwrap();
    assert!(thread.state().await.unwrap().is_some());
}

#[tokio::test]
async fn a_pruned_thread_stands_where_it_stood() {
    let (thread, _) = done().await;
    let pruned = thread.prune(&Retention::head()).await.unwrap();
    assert_eq!(pruned.checkpoints, 2);
    assert_eq!(thread.state().await.unwrap().unwrap().state.seen, ["a", "b"]);
    assert_eq!(thread.history(10).await.unwrap().len(), 1);
    let error = thread.clone().at(BEFORE_B).state().await.unwrap_err();
    assert!(matches!(error, RunError::NoSuchCheckpoint { .. }), "{error}");
    assert_eq!(thread.invoke(Log::update()).await.unwrap().state().seen, ["a", "b", "a", "b"]);
}

#[tokio::test]
async fn a_history_is_searched_by_what_its_checkpoints_carry() {
    let (graph, _) = graph();
    let thread = graph.thread("t");
    thread.clone().with_metadata("user", "ada").invoke(Log::update()).await.unwrap();
    thread.clone().with_metadata("user", "bob").invoke(Log::update()).await.unwrap();
    let ids = async |query: &HistoryQuery| {
        let found = thread.history_of(query).await.unwrap().into_iter();
        found.map(|one| one.unwrap().id.0).collect::<Vec<_>>()
    };
    let last = thread.state().await.unwrap().unwrap();
    assert_eq!(ids(&HistoryQuery::default()).await, [6, 5, 4, 3, 2, 1]);
    assert_eq!(ids(&HistoryQuery::last(2).before(CheckpointId(4))).await, [3, 2]);
    assert_eq!(ids(&HistoryQuery::default().with_metadata("user", "ada")).await, [3, 2, 1]);
    assert_eq!(ids(&HistoryQuery::default().with_cause(Cause::Input)).await, [4, 1]);
    assert_eq!(ids(&HistoryQuery::default().of_run(last.run)).await, [6, 5, 4]);
    assert_eq!(ids(&HistoryQuery::default().with_metadata("user", "eve")).await, [0; 0]);
}

#[tokio::test]
async fn a_checkpoint_that_cannot_be_read_does_not_hide_the_others() {
    let saver = MemorySaver::default();
    let build = |version| {
        let graph =
            StateGraph::<Log>::new("travel").version(version).node("b", b).edge(START, "b").edge("b", END);
        graph.compile().unwrap().with_context(Arc::new(Runs::default())).with_checkpointer(saver.clone())
    };
    build(1).thread("t").invoke(Log::update()).await.unwrap();
    let newer = StateGraph::<Log>::new("travel").version(2).migrate(1, |_| {}).node("b", b);
    let newer = newer.edge(START, "b").edge("b", END).compile().unwrap();
    let newer = newer.with_context(Arc::new(Runs::default())).with_checkpointer(saver.clone());
    newer.thread("t").invoke(Log::update()).await.unwrap();
    let found = build(1).thread("t").history_of(&HistoryQuery::default()).await.unwrap();
    assert_eq!(found.iter().map(Result::is_ok).collect::<Vec<_>>(), [false, false, true, true]);
    let error = found[0].as_ref().unwrap_err().to_string();
    assert!(
        error.contains("its state has version 2, and graph \"travel\" has version 1; run the newer program"),
        "{error}"
    );
    assert!(build(1).thread("t").history(10).await.is_err());
    assert_eq!(newer.thread("t").history(10).await.unwrap().len(), 4);
}

#[tokio::test]
async fn a_snapshot_shows_how_far_each_task_has_come() {
    static TRIES: AtomicU32 = AtomicU32::new(0);
    async fn fails_once() -> Result<LogUpdate, NodeError> {
        match TRIES.fetch_add(1, Ordering::Relaxed) {
            0 => Err(NodeError::new("once").terminal()),
            _ => Ok(Log::update().seen(["twice"])),
        }
    }
    async fn ask(ctx: Ctx) -> LogUpdate {
        let answer: String = ctx.interrupt("which?").await;
        Log::update().seen([answer])
    }
    let graph = StateGraph::new("tasks")
        .node("a", a)
        .node("fails once", fails_once)
        .node("ask", ask)
        .edge(START, "a")
        .edge(START, "fails once")
        .edge(START, "ask")
        .edge("a", END)
        .edge("fails once", END)
        .edge("ask", END)
        .compile()
        .unwrap()
        .with_context(Arc::new(Runs::default()))
        .with_checkpointer(MemorySaver::default());
    let thread = graph.thread("t");
    thread.invoke(Log::update()).await.unwrap_err();
    let snapshot = thread.state().await.unwrap().unwrap();
    let [done, failed, asked] = snapshot.tasks.as_slice() else { panic!("{:?}", snapshot.tasks) };
    assert_eq!((done.node.as_str(), done.outcome.is_some(), &done.failure), ("a", true, &None));
    assert_eq!(failed.failure.as_ref().unwrap().error, "once");
    assert_eq!((asked.interrupts.len(), asked.outcome.is_some()), (1, false));
    assert_eq!(snapshot.interrupts, asked.interrupts);
    assert!(snapshot.state.seen.is_empty(), "the state is that of the checkpoint");
    assert_eq!(snapshot.with_progress().unwrap().seen, ["a"]);

    // Defect 19: an error is gone once its task has succeeded.
    thread.resume(Resume::next()).await.unwrap();
    let snapshot = thread.state().await.unwrap().unwrap();
    assert_eq!(snapshot.tasks.iter().filter(|task| task.failure.is_some()).count(), 0);
    assert_eq!(snapshot.with_progress().unwrap().seen, ["a", "twice"]);

    // A checkpoint of the past is shown as it was stored.
    let past = thread.clone().at(snapshot.id).state().await.unwrap().unwrap();
    assert!(past.tasks.iter().all(|task| task.outcome.is_none() && task.interrupts.is_empty()));
    assert_eq!(
        past.tasks.iter().map(|task| task.id).collect::<Vec<_>>(),
        snapshot.tasks.iter().map(|task| task.id).collect::<Vec<_>>()
    );
}
