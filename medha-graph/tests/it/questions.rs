//! Questions and runs that get in each other's way.

use std::sync::atomic::{AtomicU32, Ordering};

use medha_graph::RunError;
use medha_graph::prelude::*;
use medha_graph::store::{CheckpointErrorKind, Checkpointer, ThreadKey};

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Log {
    #[state(append)]
    seen: Vec<String>,
}

async fn left(ctx: Ctx) -> LogUpdate {
    let answer: String = ctx.interrupt("left?").await;
    Log::update().seen([answer])
}

async fn right(ctx: Ctx) -> LogUpdate {
    let answer: String = ctx.interrupt("right?").await;
    Log::update().seen([answer])
}

fn both() -> StateGraph<Log> {
    StateGraph::new("both")
        .node("left", left)
        .node("right", right)
        .edge(START, "left")
        .edge(START, "right")
        .edge("left", END)
        .edge("right", END)
}

fn is_conflict(error: &RunError) -> bool {
    matches!(error, RunError::Checkpoint(error) if matches!(error.kind, CheckpointErrorKind::Conflict { .. }))
}

#[tokio::test]
async fn of_two_runs_that_answer_at_once_the_second_is_refused_and_no_answer_is_lost() {
    let saver = MemorySaver::default();
    let graph = both().compile().unwrap().with_checkpointer(saver.clone());
    let thread = graph.thread("t");
    let asked = thread.invoke(Log::update()).await.unwrap();
    let seen_by_the_slow_run = saver.load(&ThreadKey::root("t"), None).await.unwrap().unwrap();
    thread.resume(Resume::answer_to(asked.interrupts()[0].id, "one")).await.unwrap();

    let slow = seen_by_the_slow_run.progress.clone();
    let late = medha_graph::store::Progress { revision: slow.revision + 1, ..slow };
    let head = seen_by_the_slow_run.checkpoint.head_ref();
    let error = RunError::from(saver.save_progress(&ThreadKey::root("t"), head, late).await.unwrap_err());
    assert!(is_conflict(&error), "{error}");
    assert!(error.to_string().contains("another run has written progress since checkpoint 1"), "{error}");

    let done = thread.resume(Resume::answer("two")).await.unwrap();
    assert_eq!(done.state().seen, ["one", "two"]);
}

#[tokio::test]
async fn of_two_runs_of_one_superstep_only_one_keeps_its_progress() {
    static GATE: tokio::sync::Semaphore = tokio::sync::Semaphore::const_new(0);
    static RUNS: AtomicU32 = AtomicU32::new(0);
    async fn slow(ctx: Ctx) -> LogUpdate {
        let answer: String = ctx.interrupt("slow?").await;
        RUNS.fetch_add(1, Ordering::Relaxed);
        GATE.acquire().await.unwrap().forget();
        Log::update().seen([answer])
    }
    let graph = both().node("slow", slow).edge(START, "slow").edge("slow", END);
    let graph = graph.compile().unwrap().with_checkpointer(MemorySaver::default());
    let thread = graph.thread("t");
    let asked = thread.invoke(Log::update()).await.unwrap();
    let id = |node: &str| asked.interrupts().iter().find(|asked| asked.node == node).unwrap().id;

    let first = thread.resume(Resume::answer_to(id("slow"), "slow"));
    let second = thread.resume(Resume::answer_to(id("left"), "left"));
    let open = async { GATE.add_permits(2) };
    let (first, second, ()) = tokio::join!(biased; first, second, open);
    assert_eq!(RUNS.load(Ordering::Relaxed), 2, "both ran the same task");
    let failed = [first.as_ref().err(), second.as_ref().err()];
    assert_eq!(failed.iter().flatten().filter(|error| is_conflict(error)).count(), 1);

    let done = thread.resume(Resume::answer("right")).await.unwrap();
    assert_eq!(done.state().seen, ["left", "right", "slow"]);
}

#[tokio::test]
async fn progress_of_another_format_is_refused() {
    let saver = MemorySaver::default();
    let thread = both().compile().unwrap().with_checkpointer(saver.clone()).thread("t");
    thread.invoke(Log::update()).await.unwrap();
    let mut head = saver.load(&ThreadKey::root("t"), None).await.unwrap().unwrap();
    head.progress.format = 99;
    head.progress.revision += 1;
    saver.save_progress(&ThreadKey::root("t"), head.checkpoint.head_ref(), head.progress).await.unwrap();
    let error = thread.resume(Resume::next()).await.unwrap_err();
    assert!(error.to_string().contains("format 99"), "{error}");
}

#[tokio::test]
async fn a_question_the_node_no_longer_waits_for_is_taken_back() {
    async fn ask_or_go_on(ctx: Ctx) -> LogUpdate {
        tokio::select! {
            biased;
            answer = ctx.interrupt::<String>("go on?") => return Log::update().seen([answer]),
            () = std::future::ready(()) => {}
        }
        tokio::task::yield_now().await;
        Log::update().seen(["went on"])
    }
    let graph = StateGraph::new("race").node("ask", ask_or_go_on).edge(START, "ask").edge("ask", END);
    let outcome = graph.compile().unwrap().invoke(Log::update()).await.unwrap();
    assert_eq!(outcome, Outcome::Done(Log { seen: vec!["went on".to_owned()] }));
}

#[tokio::test]
async fn resuming_without_a_saver_says_that_one_is_needed() {
    let error = both().compile().unwrap().thread("t").resume(Resume::next()).await.unwrap_err();
    assert!(matches!(error, RunError::NoCheckpointer { .. }), "{error}");
}
