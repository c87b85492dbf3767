//! What a node panics with while it is dropped does not take the run down.

use std::time::Duration;

use medha_graph::RunError;
use medha_graph::prelude::*;

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Log {
    #[state(append)]
    seen: Vec<String>,
}

/// Panics when it is dropped.
struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("the guard was dropped");
        }
    }
}

async fn hang() -> LogUpdate {
    let _guard = Guard;
    std::future::pending().await
}

async fn ask(ctx: Ctx) -> LogUpdate {
    let guard = Guard;
    let answer: String = ctx.interrupt("go on?").await;
    std::mem::forget(guard);
    Log::update().seen([answer])
}

async fn work() -> LogUpdate {
    Log::update().seen(["work"])
}

async fn mend(failure: Failure) -> LogUpdate {
    Log::update().seen([failure.error])
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_a_late_node_is_dropped_leaves_its_timeout_to_the_error_edge() {
    let graph = StateGraph::new("late")
        .node("hang", hang.timeout(Duration::from_secs(1)))
        .node("work", work)
        .node("mend", mend)
        .edge(START, "hang")
        .edge(START, "work")
        .edge("hang", END)
        .edge("work", END)
        .error_edge("hang", "mend")
        .edge("mend", END)
        .compile()
        .unwrap();
    let log = graph.invoke(Log::update()).await.unwrap().into_state();
    assert_eq!(log.seen, ["work", "took longer than its timeout of 1s"]);
}

#[tokio::test]
async fn a_panic_while_an_asking_node_is_dropped_leaves_its_question() {
    let graph = StateGraph::new("asks").node("ask", ask).edge(START, "ask").edge("ask", END);
    let thread = graph.compile().unwrap().with_checkpointer(MemorySaver::default()).thread("t");
    assert_eq!(thread.invoke(Log::update()).await.unwrap().interrupts().len(), 1);
    assert_eq!(thread.resume(Resume::answer("yes")).await.unwrap().state().seen, ["yes"]);
}

#[tokio::test]
async fn a_panic_while_a_cancelled_node_is_dropped_leaves_the_failure_that_cancelled_it() {
    async fn fail() -> Result<LogUpdate, NodeError> {
        tokio::task::yield_now().await;
        Err(NodeError::new("no"))
    }
    let graph = StateGraph::new("cancelled")
        .node("hang", hang)
        .node("fail", fail)
        .edge(START, "hang")
        .edge(START, "fail")
        .edge("hang", END)
        .edge("fail", END)
        .compile()
        .unwrap()
        .with_on_failure(medha_graph::OnFailure::FailFast);
    let error = graph.invoke(Log::update()).await.unwrap_err();
    assert!(matches!(&error, RunError::Node { failure, .. } if failure.node == "fail"), "{error}");
}
