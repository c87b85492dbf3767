//! Cases of LangGraph's own tests about questions and failures, retold; see `langgraph.rs`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use medha_graph::prelude::*;
use medha_graph::{FailureKind, RunError};

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Log {
    #[state(append)]
    seen: Vec<String>,
}

fn log(line: impl Into<String>) -> LogUpdate {
    Log::update().seen([line.into()])
}

/// How often a node began.
#[derive(Debug, Default)]
struct Runs(AtomicU32);

impl Runs {
    fn count(&self) -> u32 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// C26: a question ends the attempt and is no failure, so the retry policy is not asked.
#[tokio::test]
async fn a_question_is_no_failure_and_is_not_tried_again() {
    async fn ask(ctx: Ctx, runs: Context<Runs>) -> LogUpdate {
        runs.count();
        log(format!("my {}", ctx.interrupt::<String>("what?").await))
    }
    let runs = Arc::new(Runs::default());
    let graph = StateGraph::new("ask")
        .node("ask", ask.retry(RetryPolicy::attempts(3)))
        .edge(START, "ask")
        .edge("ask", END)
        .compile()
        .unwrap()
        .with_context(Arc::clone(&runs));
    let asked = graph.invoke(Log::update()).await.unwrap();
    assert_eq!(asked.interrupts()[0].question, "what?", "without a saver it ends at the question");
    assert_eq!(runs.0.load(Ordering::Relaxed), 1);

    let thread = graph.with_checkpointer(MemorySaver::default()).thread("t");
    thread.invoke(Log::update()).await.unwrap();
    let done = thread.resume(Resume::answer("answer")).await.unwrap();
    assert_eq!(done.state().seen, ["my answer"]);
    assert_eq!(runs.0.load(Ordering::Relaxed), 3, "once for the question and once with the answer");
}

/// C28: a node may go on asking until it has an answer that will do; each question is a new one.
#[tokio::test]
async fn a_node_may_ask_again_until_the_answer_will_do() {
    async fn age(ctx: Ctx) -> LogUpdate {
        let mut question = "how old are you?".to_owned();
        loop {
            let age: u32 = ctx.interrupt(question).await;
            if age >= 18 {
                return log(format!("{age} years"));
            }
            question = format!("{age} is too young, how old are you?");
        }
    }
    let graph =
        StateGraph::new("age").node("age", age).edge(START, "age").edge("age", END).compile().unwrap();
    let thread = graph.with_checkpointer(MemorySaver::default()).thread("t");
    let asked = thread.invoke(Log::update()).await.unwrap();
    assert_eq!(asked.interrupts()[0].question, "how old are you?");
    for age in [13, 15] {
        let asked = thread.resume(Resume::answer(age)).await.unwrap();
        assert_eq!(asked.interrupts()[0].question, format!("{age} is too young, how old are you?"));
    }
    assert_eq!(thread.resume(Resume::answer(19)).await.unwrap().state().seen, ["19 years"]);
}

/// C30: what ran before the node that asks does not run again, and its questions are answered one by one.
#[tokio::test]
async fn what_came_before_a_question_is_not_run_again() {
    async fn before(runs: Context<Runs>) -> LogUpdate {
        log(format!("before {}", runs.count()))
    }
    async fn ask(ctx: Ctx) -> LogUpdate {
        let first: String = ctx.interrupt("first?").await;
        let second: String = ctx.interrupt("second?").await;
        log(format!("{first} and {second}"))
    }
    let graph = StateGraph::new("ask")
        .node("before", before)
        .node("ask", ask)
        .edge(START, "before")
        .edge("before", "ask")
        .edge("ask", END)
        .compile()
        .unwrap();
    let graph = graph.with_context(Arc::new(Runs::default())).with_checkpointer(MemorySaver::default());
    let thread = graph.thread("t");
    thread.invoke(Log::update()).await.unwrap();
    thread.resume(Resume::answer("one")).await.unwrap();
    let done = thread.resume(Resume::answer("two")).await.unwrap();
    assert_eq!(done.state().seen, ["before 1", "one and two"]);
}

async fn fails() -> Result<LogUpdate, NodeError> {
    Err(NodeError::new("no luck").terminal())
}

/// C52 and C57: nodes that fail side by side are each handled by the node behind their own error edge.
#[tokio::test]
async fn each_failure_is_handled_behind_the_error_edge_of_its_own_node() {
    async fn handle(failure: Failure, ctx: Ctx) -> LogUpdate {
        log(format!("{} handled {}", ctx.task().node, failure.node))
    }
    async fn works() -> LogUpdate {
        log("worked")
    }
    let graph = StateGraph::new("handlers")
        .node("left", fails)
        .node("right", fails)
        .node("beside", works)
        .node("for left", handle)
        .node("for right", handle)
        .edge(START, "left")
        .edge(START, "right")
        .edge(START, "beside")
        .edge("left", END)
        .edge("right", END)
        .edge("beside", END)
        .error_edge("left", "for left")
        .error_edge("right", "for right")
        .edge("for left", END)
        .edge("for right", END)
        .compile()
        .unwrap();
    let done = graph.invoke(Log::update()).await.unwrap().into_state();
    assert_eq!(done.seen, ["worked", "for left handled left", "for right handled right"]);
}

/// C53: a handler that fails is a node that fails, and nothing is left of the failure it was to handle.
#[tokio::test]
async fn a_handler_that_fails_ends_the_run_with_its_own_error() {
    async fn worse(_: Failure) -> Result<LogUpdate, NodeError> {
        Err(NodeError::new("worse luck").terminal())
    }
    let graph = StateGraph::new("handlers")
        .node("work", fails)
        .node("handle", worse)
        .edge(START, "work")
        .edge("work", END)
        .error_edge("work", "handle")
        .edge("handle", END)
        .compile()
        .unwrap();
    let error = graph.invoke(Log::update()).await.unwrap_err();
    assert_eq!(error.to_string(), r#"node "handle" failed in step 2: worse luck"#);
}

/// Defect 17: the node behind an error edge is tried again and timed like any other.
#[tokio::test(start_paused = true)]
async fn a_handler_has_its_own_retries_and_its_own_timeout() {
    async fn hangs(_: Failure, runs: Context<Runs>) -> LogUpdate {
        runs.count();
        std::future::pending().await
    }
    let runs = Arc::new(Runs::default());
    let graph = StateGraph::new("handlers")
        .node("work", fails)
        .node("handle", hangs.retry(RetryPolicy::attempts(2)).timeout(Duration::from_secs(1)))
        .edge(START, "work")
        .edge("work", END)
        .error_edge("work", "handle")
        .edge("handle", END)
        .compile()
        .unwrap()
        .with_context(Arc::clone(&runs));
    let RunError::Node { failure, .. } = graph.invoke(Log::update()).await.unwrap_err() else {
        panic!("the handler failed")
    };
    assert_eq!((failure.node.as_str(), failure.kind, failure.attempts), ("handle", FailureKind::Timeout, 2));
    assert_eq!(runs.0.load(Ordering::Relaxed), 2);
}

/// Defect 8: compiling reads the graph and changes nothing about it.
#[tokio::test]
async fn a_graph_may_be_compiled_as_often_as_one_likes() {
    async fn handle(failure: Failure) -> LogUpdate {
        log(failure.error)
    }
    let graph = StateGraph::new("handlers")
        .node("work", fails)
        .node("handle", handle)
        .edge(START, "work")
        .edge("work", END)
        .error_edge("work", "handle")
        .edge("handle", END);
    for _ in 0..2 {
        let done = graph.compile().unwrap().invoke(Log::update()).await.unwrap();
        assert_eq!(done.into_state().seen, ["no luck"]);
    }
}
