//! Deferred nodes wait for everything else, whatever kind of edge leads to them.

use medha_graph::prelude::*;

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Log {
    #[state(append)]
    seen: Vec<String>,
}

async fn one() -> LogUpdate {
    Log::update().seen(["one"])
}

async fn two() -> LogUpdate {
    Log::update().seen(["two"])
}

async fn three() -> LogUpdate {
    Log::update().seen(["three"])
}

async fn broken() -> Result<LogUpdate, NodeError> {
    Err(NodeError::new("no").terminal())
}

async fn report(failure: Failure) -> LogUpdate {
    Log::update().seen([format!("{} failed", failure.node)])
}

async fn take(Payload(text): Payload<String>) -> LogUpdate {
    Log::update().seen([text])
}

/// Three nodes, one after the other.
fn chain() -> StateGraph<Log> {
    StateGraph::new("chain")
        .node("one", one)
        .node("two", two)
        .node("three", three)
        .edge(START, "one")
        .edge("one", "two")
        .edge("two", "three")
        .edge("three", END)
}

#[tokio::test]
async fn a_deferred_node_behind_an_error_edge_waits_for_everything_else() {
    let graph = chain()
        .node("broken", broken)
        .node("report", report.defer())
        .edge(START, "broken")
        .edge("broken", END)
        .error_edge("broken", "report")
        .edge("report", END)
        .compile()
        .unwrap();
    let log = graph.invoke(Log::update()).await.unwrap().into_state();
    assert_eq!(log.seen, ["one", "two", "three", "broken failed"]);
}

#[tokio::test]
async fn a_deferred_node_with_payloads_waits_for_everything_else_and_keeps_every_payload() {
    let graph = chain()
        .node("take", take.defer())
        .fan_out("one", "take", |_| ["x", "x", "y"])
        .edge("take", END)
        .compile()
        .unwrap();
    let log = graph.invoke(Log::update()).await.unwrap().into_state();
    assert_eq!(log.seen, ["one", "two", "three", "x", "x", "y"]);
}

#[tokio::test]
async fn what_waits_for_everything_else_is_stored_and_survives_a_stop() {
    let graph = chain()
        .node("take", take.defer())
        .fan_out("one", "take", |_| ["x"])
        .edge("take", END)
        .compile()
        .unwrap()
        .with_checkpointer(MemorySaver::default())
        .with_step_limit(2);
    let thread = graph.thread("t");
    thread.invoke(Log::update()).await.unwrap_err();
    let log = thread.resume(Resume::next()).await.unwrap().into_state();
    assert_eq!(log.seen, ["one", "two", "three", "x"]);
}
