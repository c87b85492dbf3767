//! How a run behaves towards its surroundings: fairness, no runtime where none is needed, panics of user code.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::FutureExt;
use medha_graph::RunError;
use medha_graph::prelude::*;

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Count {
    n: u32,
    #[state(with = refuse_odd)]
    even: u32,
}

fn refuse_odd(current: &mut u32, written: u32) -> Result<(), String> {
    assert_ne!(written, 13, "thirteen");
    if written % 2 == 1 {
        return Err(format!("{written} is odd"));
    }
    *current = written;
    Ok(())
}

async fn count(count: &Count) -> CountUpdate {
    Count::update().n(count.n + 1)
}

#[derive(Route)]
enum Again {
    #[route("count")]
    Yes,
    #[route(END)]
    No,
}

fn up_to(limit: u32) -> CompiledGraph<Count> {
    StateGraph::new("count")
        .node("count", count)
        .edge(START, "count")
        .conditional_edge("count", move |count: &Count| if count.n < limit { Again::Yes } else { Again::No })
        .compile()
        .unwrap()
}

#[tokio::test]
async fn a_run_that_never_waits_lets_other_tasks_run_now_and_then() {
    let turns = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&turns);
    let other = tokio::spawn(async move {
        loop {
            counted.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    });
    up_to(5_000).invoke(Count::update()).await.unwrap();
    other.abort();
    let turns = turns.load(Ordering::Relaxed);
    assert!((20..500).contains(&turns), "{turns} turns in 5,000 steps");
}

#[test]
fn a_short_run_needs_no_runtime_and_no_clock() {
    let outcome = up_to(100).invoke(Count::update()).now_or_never().unwrap().unwrap();
    assert_eq!(outcome.into_state().n, 100);
}

#[test]
fn runs_and_streams_can_be_sent_to_other_threads() {
    fn is_send<T: Send>(_: &T) {}
    let thread = up_to(1).thread("t");
    is_send(&thread.invoke(Count::update()));
    is_send(&thread.stream(Count::update()));
    is_send(&thread.history(3));
}

fn one(node: &str, even: u32) -> CompiledGraph<Count> {
    async fn write(Payload(even): Payload<u32>) -> CountUpdate {
        Count::update().even(even)
    }
    StateGraph::new("one")
        .node(node, write)
        .fan_out(START, node, move |_| [even])
        .edge(node, END)
        .compile()
        .unwrap()
}

#[tokio::test]
async fn a_reducer_may_refuse_and_may_even_panic() {
    assert_eq!(one("w", 4).invoke(Count::update()).await.unwrap().into_state().even, 4);
    let error = one("w", 5).invoke(Count::update()).await.unwrap_err();
    assert_eq!(error.to_string(), r#"what node "w" wrote to `even` in step 1 cannot be merged: 5 is odd"#);
    let error = one("w", 13).invoke(Count::update()).await.unwrap_err();
    assert!(error.to_string().contains("thirteen"), "{error}");
}

#[tokio::test]
async fn a_router_that_panics_fails_the_run_with_the_name_of_its_node() {
    let graph = StateGraph::<Count>::new("count")
        .node("count", count)
        .edge(START, "count")
        .conditional_edge("count", |count: &Count| {
            assert_eq!(count.n, 7, "not seven");
            Again::No
        })
        .compile()
        .unwrap();
    let error = graph.invoke(Count::update()).await.unwrap_err();
    let RunError::Router { node, reason } = error else { panic!("{error}") };
    assert_eq!(node, "count");
    assert!(reason.starts_with("it panicked: ") && reason.contains("not seven"), "{reason}");
}

#[tokio::test]
async fn an_error_router_that_panics_leaves_the_failure_unhandled() {
    async fn fail() -> Result<CountUpdate, NodeError> {
        Err(NodeError::new("first"))
    }
    fn broken(_: &Failure) -> Again {
        panic!("second")
    }
    let graph = StateGraph::<Count>::new("count")
        .node("fail", fail)
        .node("count", count)
        .edge(START, "fail")
        .edge("fail", "count")
        .edge("count", END)
        .conditional_error_edge("fail", broken)
        .compile()
        .unwrap();
    let error = graph.invoke(Count::update()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"node "fail" failed in step 1: first; and the router of its error edge panicked: second"#
    );
}

#[tokio::test]
async fn a_payload_of_the_wrong_type_fails_the_task_and_names_both() {
    let graph = StateGraph::<Count>::new("one");
    async fn write(Payload(even): Payload<u32>) -> CountUpdate {
        Count::update().even(even)
    }
    let graph =
        graph.node("write", write).fan_out(START, "write", |_| ["two"]).edge("write", END).compile().unwrap();
    let error = graph.invoke(Count::update()).await.unwrap_err();
    assert_eq!(
        error.failure().unwrap().error,
        r#"the payload of node "write" is not a `u32`: invalid type: string "two", expected u32 at line 1 column 5"#
    );
}
