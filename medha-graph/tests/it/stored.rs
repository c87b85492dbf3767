//! What is stored can be loaded again, and nothing that cannot be becomes the head of a thread.

use medha_graph::RunError;
use medha_graph::prelude::*;
use serde::Serializer;

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Report {
    #[state(append)]
    seen: Vec<String>,
    rows: u32,
    average: f64,
    chart: Option<Chart>,
}

/// Something that panics when it is written.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
struct Chart;

impl Serialize for Chart {
    fn serialize<W: Serializer>(&self, _: W) -> Result<W::Ok, W::Error> {
        panic!("the chart has no axes")
    }
}

async fn count() -> ReportUpdate {
    Report::update().seen(["count"])
}

async fn divide(report: &Report) -> ReportUpdate {
    Report::update().average(0.0 / f64::from(report.rows))
}

async fn draw() -> ReportUpdate {
    Report::update().chart(Some(Chart))
}

async fn ask(ctx: Ctx) -> ReportUpdate {
    Report::update().rows(ctx.interrupt("how many rows?").await)
}

#[tokio::test]
async fn a_float_that_is_not_finite_fails_the_run_and_not_the_thread() {
    let graph = StateGraph::new("report")
        .node("count", count)
        .node("divide", divide)
        .edge(START, "count")
        .edge("count", "divide")
        .edge("divide", END)
        .compile()
        .unwrap()
        .with_checkpointer(MemorySaver::default());
    let thread = graph.thread("t");
    let error = thread.invoke(Report::update()).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("what node \"divide\" wrote to `average` would not read back"), "{text}");
    let snapshot = thread.state().await.unwrap().unwrap();
    assert_eq!(snapshot.state.seen, ["count"], "the last good checkpoint stands");
    assert_eq!(snapshot.next_nodes().collect::<Vec<_>>(), ["divide"]);

    thread.abandon().await.unwrap();
    let error = thread.invoke(Report::update().average(f64::INFINITY)).await.unwrap_err();
    assert!(error.to_string().contains("the input to `average` would not read back"), "{error}");
    thread.invoke(Report::update().rows(2)).await.unwrap();
}

#[tokio::test]
async fn a_write_that_would_not_read_back_is_not_kept_beside_a_question() {
    let graph = StateGraph::new("report")
        .node("ask", ask)
        .node("divide", divide)
        .edge(START, "ask")
        .edge(START, "divide")
        .edge("ask", END)
        .edge("divide", END)
        .compile()
        .unwrap()
        .with_checkpointer(MemorySaver::default());
    let thread = graph.thread("t");
    let error = thread.invoke(Report::update()).await.unwrap_err();
    assert!(matches!(error, RunError::Checkpoint(_)), "{error}");
    assert!(thread.state().await.unwrap().unwrap().interrupts.is_empty());
}

#[tokio::test]
async fn a_panic_while_the_state_is_written_is_an_error() {
    let graph = StateGraph::new("report")
        .node("draw", draw)
        .edge(START, "draw")
        .edge("draw", END)
        .compile()
        .unwrap()
        .with_checkpointer(MemorySaver::default());
    let error = graph.thread("t").invoke(Report::update()).await.unwrap_err();
    assert!(error.to_string().contains("the chart has no axes"), "{error}");
}

#[tokio::test]
async fn a_thread_can_be_read_and_given_up_when_its_next_node_is_gone() {
    let saver = MemorySaver::default();
    let old = StateGraph::new("report")
        .node("count", count)
        .node("ask", ask)
        .edge(START, "count")
        .edge("count", "ask")
        .edge("ask", END)
        .compile()
        .unwrap()
        .with_checkpointer(saver.clone());
    old.thread("t").invoke(Report::update()).await.unwrap();
    let new = StateGraph::new("report").node("count", count).edge(START, "count").edge("count", END);
    let thread = new.compile().unwrap().with_checkpointer(saver).thread("t");

    let error = thread.resume(Resume::next()).await.unwrap_err();
    assert!(error.to_string().contains("names node \"ask\""), "{error}");
    assert_eq!(thread.state().await.unwrap().unwrap().state.seen, ["count"]);
    assert_eq!(thread.history(10).await.unwrap().len(), 2);
    thread.abandon().await.unwrap();
    assert_eq!(thread.invoke(Report::update()).await.unwrap().state().seen, ["count", "count"]);
}
