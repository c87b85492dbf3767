//! The event stream: what is yielded, in which order, and as JSON.

use medha_graph::prelude::*;

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Count {
    #[state(add)]
    n: u32,
}

async fn one(ctx: Ctx) -> CountUpdate {
    ctx.emit(serde_json::json!({"half": "way"}));
    Count::update().n(1)
}

async fn fail() -> Result<CountUpdate, NodeError> {
    Err(NodeError::new("no"))
}

async fn names(graph: &CompiledGraph<Count>) -> (Vec<String>, Option<String>) {
    let mut events = graph.thread("t").stream(Count::update());
    let (mut names, mut failed) = (Vec::new(), None);
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => {
                let json = serde_json::to_value(&event).unwrap();
                names.push(json["event"].as_str().unwrap().to_owned());
            }
            Err(error) => failed = Some(error.to_string()),
        }
    }
    (names, failed)
}

#[tokio::test]
async fn a_stream_yields_the_run_in_order() {
    let graph = StateGraph::<Count>::new("count")
        .node("one", one)
        .edge(START, "one")
        .edge("one", END)
        .compile()
        .unwrap()
        .with_checkpointer(MemorySaver::default());
    let (names, failed) = names(&graph).await;
    let expected = "run_started checkpoint_saved values task_started custom task_finished checkpoint_saved values run_finished";
    assert_eq!((names.join(" ").as_str(), failed), (expected, None));
}

#[tokio::test]
async fn a_failed_run_yields_its_error_last() {
    let graph = StateGraph::<Count>::new("count")
        .node("fail", fail)
        .edge(START, "fail")
        .edge("fail", END)
        .compile()
        .unwrap();
    let (names, failed) = names(&graph).await;
    assert_eq!(names.join(" "), "run_started values task_started task_failed");
    assert_eq!(failed.unwrap(), r#"node "fail" failed in step 1: no"#);
}

#[tokio::test]
async fn a_run_that_ends_with_a_join_half_full_says_so() {
    #[derive(Route)]
    enum Maybe {
        #[route("right")]
        Right,
    }
    let graph = StateGraph::<Count>::new("count")
        .node("left", one)
        .node("right", one)
        .node("both", one)
        .edge(START, "left")
        .conditional_edge(START, |count: &Count| (count.n > 0).then_some(Maybe::Right))
        .edge(["left", "right"], "both")
        .edge("both", END)
        .compile()
        .unwrap();
    let mut events = graph.thread("t").stream(Count::update());
    let mut waiting = Vec::new();
    while let Some(event) = events.next().await {
        if let Event::RunFinished { waiting_joins, .. } = event.unwrap() {
            waiting = waiting_joins;
        }
    }
    assert_eq!(waiting.len(), 1);
    assert_eq!((waiting[0].target.as_str(), waiting[0].missing.clone()), ("both", vec!["right".into()]));
}

#[tokio::test]
async fn an_outcome_can_be_had_from_a_stream() {
    let graph = StateGraph::<Count>::new("count")
        .node("one", one)
        .edge(START, "one")
        .edge("one", END)
        .compile()
        .unwrap();
    let mut events = graph.thread("t").stream(Count::update());
    let first = events.next().await.unwrap().unwrap();
    assert!(matches!(first, Event::RunStarted { .. }));
    assert_eq!(events.outcome().await.unwrap().into_state().n, 1);
}

#[tokio::test]
async fn a_node_may_emit_from_a_task_it_spawned() {
    async fn spawns(ctx: Ctx) -> CountUpdate {
        let inner = ctx.clone();
        let job = tokio::task::spawn(async move { inner.emit("from elsewhere") });
        job.await.unwrap();
        Count::update().n(1)
    }
    let graph = StateGraph::<Count>::new("count")
        .node("spawns", spawns)
        .edge(START, "spawns")
        .edge("spawns", END)
        .compile()
        .unwrap();
    let mut events = graph.thread("t").stream(Count::update());
    let mut custom = Vec::new();
    while let Some(event) = events.next().await {
        if let Event::Custom { value, .. } = event.unwrap() {
            custom.push(value);
        }
    }
    assert_eq!(custom, ["from elsewhere"]);
}
