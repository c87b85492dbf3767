//! Threads over time: history, resumed and dropped runs, conflicts, changed graphs, stored bytes.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use medha_graph::RunError;
use medha_graph::prelude::*;
use medha_graph::store::{
    CheckpointErrorKind, Checkpointer, HistoryQuery, Line, RunId, StoredCheckpoint, ThreadKey,
};

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Count {
    #[state(add)]
    n: u32,
    best: u32,
}

async fn one() -> CountUpdate {
    Count::update().n(1)
}

fn chain(saver: &MemorySaver) -> CompiledGraph<Count> {
    StateGraph::new("count")
        .node("first", one)
        .node("second", one)
        .edge(START, "first")
        .edge("first", "second")
        .edge("second", END)
        .compile()
        .unwrap()
        .with_checkpointer(saver.clone())
}

#[tokio::test]
async fn a_thread_keeps_its_state_and_every_checkpoint() {
    let saver = MemorySaver::default();
    let thread = chain(&saver).thread("t");
    assert!(thread.state().await.unwrap().is_none());
    thread.invoke(Count::update()).await.unwrap();
    let again = thread.invoke(Count::update()).await.unwrap();
    assert_eq!(again.state().n, 4);
    let history = thread.history(10).await.unwrap();
    let seen: Vec<(u64, u64, u32)> = history.iter().map(|one| (one.id.0, one.step, one.state.n)).collect();
    assert_eq!(seen, [(6, 4, 4), (5, 3, 3), (4, 2, 2), (3, 2, 2), (2, 1, 1), (1, 0, 0)]);
    assert_eq!(history[1].next_nodes().collect::<Vec<_>>(), ["second"]);
    assert_eq!(history[1].writes[0].node, "first");
}

#[tokio::test]
async fn invoke_and_stream_store_the_same() {
    let (watched, unwatched) = (MemorySaver::default(), MemorySaver::default());
    chain(&unwatched).thread("t").invoke(Count::update()).await.unwrap();
    chain(&watched).thread("t").stream(Count::update()).outcome().await.unwrap();
    // All but what no two runs share: their names, their lines, the time.
    let all = |saver: MemorySaver| async move {
        let mut stored = saver.history(&ThreadKey::root("t"), &HistoryQuery::default()).await.unwrap();
        for checkpoint in &mut stored {
            (checkpoint.run, checkpoint.line, checkpoint.saved_at) = (RunId(0), Line(0), 0);
            checkpoint.written.tasks.iter_mut().for_each(|task| task.task = "0".repeat(32).parse().unwrap());
        }
        stored
    };
    assert_eq!(all(watched).await, all(unwatched).await);
}

#[tokio::test]
async fn dropping_a_run_leaves_the_thread_at_its_last_checkpoint() {
    async fn hang(is_free: Context<AtomicBool>) -> CountUpdate {
        if !is_free.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        Count::update().n(10)
    }
    let is_free = Arc::new(AtomicBool::new(false));
    let graph = StateGraph::<Count>::new("count")
        .node("first", one)
        .node("hang", hang)
        .edge(START, "first")
        .edge("first", "hang")
        .edge("hang", END)
        .compile()
        .unwrap()
        .with_context(Arc::clone(&is_free))
        .with_checkpointer(MemorySaver::default());
    let thread = graph.thread("t");
    {
        let mut run = pin!(thread.invoke(Count::update()));
        poll_fn(|cx| {
            assert!(run.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
    }
    let snapshot = thread.state().await.unwrap().unwrap();
    assert_eq!((snapshot.state.n, snapshot.next_nodes().collect::<Vec<_>>()), (1, vec!["hang"]));
    is_free.store(true, Ordering::SeqCst);
    assert_eq!(thread.resume(Resume::next()).await.unwrap().state().n, 11);
    assert_eq!(
        thread.resume(Resume::next()).await.unwrap().state().n,
        11,
        "a finished thread stays as it is"
    );
}

#[tokio::test]
async fn a_second_writer_of_a_thread_gets_a_conflict() {
    let saver = MemorySaver::default();
    let thread = chain(&saver).thread("t");
    let mut stream = thread.stream(Count::update());
    stream.next().await.unwrap().unwrap();
    stream.next().await.unwrap().unwrap();
    let other = thread.resume(Resume::next()).await.unwrap();
    assert_eq!(other.state().n, 2);
    let error = stream.outcome().await.unwrap_err();
    let RunError::Checkpoint(error) = error else { panic!("{error}") };
    assert!(matches!(error.kind, CheckpointErrorKind::Conflict { .. }));
    assert_eq!(
        error.to_string(),
        r#"cannot save the checkpoint of thread "t": another run has moved it on from checkpoint 1 to checkpoint 3; load it again"#
    );
}

#[tokio::test]
async fn a_conflict_never_poisons_a_thread() {
    async fn pick(ctx: Ctx) -> CountUpdate {
        let is_fixed: Arc<AtomicBool> = ctx.context().unwrap();
        let best: u32 = ctx.interrupt("which?").await;
        if is_fixed.load(Ordering::SeqCst) { Count::update().n(best) } else { Count::update().best(best) }
    }
    async fn fixed() -> CountUpdate {
        Count::update().best(1)
    }
    let is_fixed = Arc::new(AtomicBool::new(false));
    let graph = StateGraph::<Count>::new("count")
        .node("pick", pick)
        .node("fixed", fixed)
        .edge(START, "pick")
        .edge(START, "fixed")
        .edge("pick", END)
        .edge("fixed", END)
        .compile()
        .unwrap()
        .with_context(Arc::clone(&is_fixed))
        .with_checkpointer(MemorySaver::default());
    let thread = graph.thread("t");
    thread.invoke(Count::update()).await.unwrap();
    let error = thread.resume(Resume::answer(7)).await.unwrap_err();
    assert!(matches!(error, RunError::Conflict { ref field, .. } if field == "best"), "{error}");
    assert_eq!(thread.state().await.unwrap().unwrap().state, Count::default());
    is_fixed.store(true, Ordering::SeqCst);
    let done = thread.resume(Resume::next()).await.unwrap();
    assert_eq!(done.into_state(), Count { n: 7, best: 1 });
}

#[tokio::test]
async fn a_checkpoint_of_another_graph_or_version_is_refused() {
    let saver = MemorySaver::default();
    chain(&saver).thread("t").invoke(Count::update()).await.unwrap();
    let graph = |name: &str, version| {
        let graph = StateGraph::<Count>::new(name).version(version).node("first", one);
        graph.edge(START, "first").edge("first", END).compile().unwrap().with_checkpointer(saver.clone())
    };
    let error = graph("count", 2).thread("t").invoke(Count::update()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"cannot load the checkpoint of thread "t": its state has version 1, and graph "count" has version 2; add the migrations in between with `migrate`"#
    );
    let error = graph("sum", 1).thread("t").invoke(Count::update()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"cannot load the checkpoint of thread "t": it belongs to graph "count", not to "sum""#
    );
}

#[tokio::test]
async fn stored_bytes_of_format_2_can_be_read_and_resumed() {
    let bytes = r#"{"format":2,"id":2,"parent":1,"line":"00000000000000aa","run":"00000000000000bb","graph":"count",
        "version":1,"fingerprint":"00","cause":"superstep","step":1,"saved_at":1700000000000,
        "fields":[{"name":"n","storage":"whole","base":2,"last":2,"base_bytes":2}],
        "next":[{"node":"second","input":"state"}],
        "written":{"tasks":[{"task":"0123456789abcdef0123456789abcdef","node":"first",
        "outcome":{"done":{"writes":[{"field":"n","json":[41]}]}}}],"values":[{"field":"n","json":41}]}}"#;
    let stored: StoredCheckpoint = serde_json::from_str(bytes).unwrap();
    let saver = MemorySaver::default();
    saver.commit(&ThreadKey::root("t"), None, stored).await.unwrap();
    let done = chain(&saver).thread("t").resume(Resume::next()).await.unwrap();
    assert_eq!(done.state().n, 42);
}

#[tokio::test]
async fn resuming_without_a_saver_says_what_is_missing() {
    let graph = StateGraph::<Count>::new("count").node("first", one).edge(START, "first").edge("first", END);
    let error = graph.compile().unwrap().thread("t").state().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "reading the state of a thread needs stored checkpoints; add a saver with `with_checkpointer`"
    );
}
