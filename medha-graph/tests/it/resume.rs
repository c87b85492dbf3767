//! Runs that stopped in awkward places, and how they go on.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use medha_graph::prelude::*;
use medha_graph::{OnFailure, RunError};

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Log {
    #[state(append)]
    seen: Vec<String>,
    plain: u32,
}

async fn one() -> LogUpdate {
    Log::update().seen(["one"])
}

async fn two() -> LogUpdate {
    Log::update().seen(["two"])
}

async fn last() -> LogUpdate {
    Log::update().seen(["last"])
}

async fn mend(failure: Failure) -> LogUpdate {
    Log::update().seen([format!("mended {}", failure.node)])
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_kept_over_retries_and_over_a_failed_run() {
    static TRIES: AtomicU32 = AtomicU32::new(0);
    async fn ask(ctx: Ctx) -> Result<LogUpdate, NodeError> {
        let answer: String = ctx.interrupt("which?").await;
        match TRIES.fetch_add(1, Ordering::Relaxed) {
            0..3 => Err(NodeError::new("not yet")),
            _ => Ok(Log::update().seen([answer])),
        }
    }
    let graph = StateGraph::new("ask")
        .node("ask", ask.retry(RetryPolicy::attempts(2)))
        .edge(START, "ask")
        .edge("ask", END)
        .compile()
        .unwrap()
        .with_checkpointer(MemorySaver::default());
    let thread = graph.thread("t");
    assert_eq!(thread.invoke(Log::update()).await.unwrap().interrupts().len(), 1);
    let error = thread.resume(Resume::answer("this")).await.unwrap_err();
    assert_eq!(error.failure().unwrap().attempts, 2);
    assert_eq!(TRIES.load(Ordering::Relaxed), 2, "a question is not an attempt that failed");
    let error = thread.resume(Resume::answer("that")).await.unwrap_err();
    assert!(matches!(error, RunError::NothingAsked { .. }), "{error}");
    assert_eq!(thread.resume(Resume::next()).await.unwrap().state().seen, ["this"]);
}

#[tokio::test]
async fn a_half_full_join_survives_a_stop() {
    let graph = StateGraph::new("join")
        .node("one", one)
        .node("two", two)
        .node("between", two)
        .node("last", last)
        .edge(START, "one")
        .edge(START, "between")
        .edge("between", "two")
        .edge(["one", "two"], "last")
        .edge("last", END)
        .compile()
        .unwrap()
        .with_checkpointer(MemorySaver::default())
        .with_step_limit(1);
    let thread = graph.thread("t");
    thread.invoke(Log::update()).await.unwrap_err();
    let waiting = thread.state().await.unwrap().unwrap().waiting_joins;
    assert_eq!(
        (waiting[0].arrived.as_slice(), waiting[0].missing.as_slice()),
        (&["one".into()][..], &["two".into()][..])
    );
    thread.resume(Resume::next()).await.unwrap_err();
    let done = thread.resume(Resume::next()).await.unwrap();
    assert_eq!(done.state().seen, ["one", "two", "two", "last"]);
    assert!(thread.state().await.unwrap().unwrap().waiting_joins.is_empty());
}

#[tokio::test]
async fn of_a_fan_out_only_the_tasks_that_failed_run_again() {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    async fn item(Payload(item): Payload<u32>) -> Result<LogUpdate, NodeError> {
        match (item, RUNS.fetch_add(1, Ordering::Relaxed)) {
            (1, 0..3) => Err(NodeError::new("no")),
            _ => Ok(Log::update().seen([item.to_string()])),
        }
    }
    let graph = StateGraph::new("items")
        .node("one", one)
        .node("item", item)
        .edge(START, "one")
        .fan_out("one", "item", |_| 0..3_u32)
        .edge("item", END)
        .compile()
        .unwrap()
        .with_checkpointer(MemorySaver::default());
    let thread = graph.thread("t");
    let error = thread.invoke(Log::update()).await.unwrap_err();
    assert_eq!(error.failure().unwrap().payload, Some(1.into()));
    let done = thread.resume(Resume::next()).await.unwrap();
    assert_eq!(done.state().seen, ["one", "0", "1", "2"]);
    assert_eq!(RUNS.load(Ordering::Relaxed), 4);
}

#[tokio::test]
async fn a_handled_failure_beside_one_that_is_not_is_handled_after_the_resume() {
    static BROKEN: AtomicU32 = AtomicU32::new(0);
    static FAILS: AtomicU32 = AtomicU32::new(0);
    async fn broken() -> Result<LogUpdate, NodeError> {
        BROKEN.fetch_add(1, Ordering::Relaxed);
        Err(NodeError::new("broken"))
    }
    async fn fails_once() -> Result<LogUpdate, NodeError> {
        match FAILS.fetch_add(1, Ordering::Relaxed) {
            0 => Err(NodeError::new("once")),
            _ => Ok(Log::update().seen(["second time"])),
        }
    }
    for on_failure in [OnFailure::Drain, OnFailure::FailFast] {
        BROKEN.store(0, Ordering::Relaxed);
        FAILS.store(0, Ordering::Relaxed);
        let graph = StateGraph::new("both")
            .node("broken", broken)
            .node("fails once", fails_once)
            .node("mend", mend)
            .edge(START, "broken")
            .edge(START, "fails once")
            .edge("broken", END)
            .edge("fails once", END)
            .error_edge("broken", "mend")
            .edge("mend", END)
            .compile()
            .unwrap()
            .with_checkpointer(MemorySaver::default())
            .with_on_failure(on_failure);
        let thread = graph.thread("t");
        thread.invoke(Log::update()).await.unwrap_err();
        let done = thread.resume(Resume::next()).await.unwrap();
        assert_eq!(done.state().seen, ["second time", "mended broken"]);
        assert_eq!(BROKEN.load(Ordering::Relaxed), 1, "{on_failure:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_dropped_anywhere_goes_on_from_its_last_checkpoint() {
    async fn nap() -> LogUpdate {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Log::update().seen(["nap"])
    }
    async fn fails_twice(ctx: Ctx) -> Result<LogUpdate, NodeError> {
        match ctx.task().attempt {
            1 | 2 => Err(NodeError::new("no")),
            _ => Ok(Log::update().seen(["third time"])),
        }
    }
    let policy = RetryPolicy::attempts(3).initial(Duration::from_secs(1)).jitter(0.0);
    let build = || {
        StateGraph::new("drop")
            .node("first", nap)
            .node("nap", nap.timeout(Duration::from_secs(9)))
            .node("flaky", fails_twice.retry(policy.clone()))
            .node("last", last)
            .edge(START, "first")
            .edge("first", "nap")
            .edge("first", "flaky")
            .edge(["nap", "flaky"], "last")
            .edge("last", END)
            .compile()
            .unwrap()
            .with_checkpointer(MemorySaver::default())
    };
    for tenths in 0..60 {
        let thread = build().thread("t");
        let cut = Duration::from_millis(100 * tenths + 50);
        let whole = tokio::time::timeout(cut, thread.invoke(Log::update())).await;
        let outcome = match whole {
            Ok(outcome) => outcome.unwrap(),
            Err(_) => thread.resume(Resume::next()).await.unwrap(),
        };
        assert_eq!(outcome.state().seen, ["nap", "nap", "third time", "last"], "cut after {cut:?}");
    }
}

#[tokio::test]
async fn writes_that_conflict_are_forgotten_and_answers_are_kept() {
    static WRITES: AtomicU32 = AtomicU32::new(0);
    async fn write() -> LogUpdate {
        match WRITES.fetch_add(1, Ordering::Relaxed) {
            0 => Log::update().plain(1),
            _ => Log::update().seen(["gave way"]),
        }
    }
    async fn ask(ctx: Ctx) -> LogUpdate {
        Log::update().plain(ctx.interrupt("which?").await)
    }
    let graph = StateGraph::new("conflict")
        .node("write", write)
        .node("ask", ask)
        .edge(START, "write")
        .edge(START, "ask")
        .edge("write", END)
        .edge("ask", END)
        .compile()
        .unwrap()
        .with_checkpointer(MemorySaver::default());
    let thread = graph.thread("t");
    thread.invoke(Log::update()).await.unwrap();
    let error = thread.resume(Resume::answer(7)).await.unwrap_err();
    assert!(matches!(error, RunError::Conflict { ref field, .. } if field == "plain"), "{error}");
    let done = thread.resume(Resume::next()).await.unwrap();
    assert_eq!((done.state().plain, done.state().seen.as_slice()), (7, &["gave way".to_owned()][..]));
}
