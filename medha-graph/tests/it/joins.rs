//! Joins that need any, some or all of their sources: when they fire, what is stored of them, how they are drawn.

use medha_graph::Join;
use medha_graph::graph::BuildProblem;
use medha_graph::prelude::*;
use medha_graph::store::StoredJoin;

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Log {
    #[state(append)]
    seen: Vec<String>,
}

async fn note(ctx: Ctx) -> LogUpdate {
    Log::update().seen([ctx.task().node.to_string()])
}

/// "a" finishes in the first superstep, "b" in the second, "c" in the third; the join leads to "d".
fn staggered(join: Join) -> StateGraph<Log> {
    let graph = ["a", "b0", "b", "c0", "c1", "c", "d"].into_iter();
    graph
        .fold(StateGraph::new("staggered"), |graph, name| graph.node(name, note))
        .edge(START, "a")
        .edge(START, "b0")
        .edge(START, "c0")
        .edge("b0", "b")
        .edge("c0", "c1")
        .edge("c1", "c")
        .join(join, "d")
        .edge("d", END)
}

async fn seen(graph: &StateGraph<Log>) -> Vec<String> {
    let mut seen = graph.compile().unwrap().invoke(Log::update()).await.unwrap().into_state().seen;
    seen.retain(|name| name.len() == 1);
    seen
}

#[tokio::test]
async fn a_join_fires_when_enough_of_its_sources_have_come_and_not_again_for_the_rest() {
    let sources = ["a", "b", "c"];
    let table: [(Join, &[&str]); 5] = [
        (Join::any(sources), &["a", "d", "b", "c"]),
        (Join::quorum(1, sources), &["a", "d", "b", "c"]),
        (Join::quorum(2, sources), &["a", "b", "d", "c"]),
        (Join::all(sources), &["a", "b", "c", "d"]),
        (Join::quorum(3, sources), &["a", "b", "c", "d"]),
    ];
    for (join, expected) in table {
        assert_eq!(seen(&staggered(join.clone())).await, expected, "{join:?}");
    }
}

#[tokio::test]
async fn sources_that_come_together_are_one_round() {
    let graph = ["a", "b", "c", "d"].into_iter();
    let graph = graph
        .fold(StateGraph::new("together"), |graph, name| graph.node(name, note))
        .edge(START, "a")
        .edge(START, "b")
        .edge(START, "c")
        .join(Join::any(["a", "b", "c"]), "d")
        .edge("d", END);
    assert_eq!(seen(&graph).await, ["a", "b", "c", "d"]);
}

#[derive(Route)]
enum Turn {
    #[route("left")]
    Left,
    #[route("right")]
    Right,
    #[route(END)]
    Done,
}

#[tokio::test]
async fn a_join_in_a_loop_fires_in_every_turn() {
    async fn turn() {}
    // Left, left, right, and over: in no turn do both come.
    let choose = |log: &Log| match log.seen.iter().filter(|name| *name == "met").count() {
        0 | 1 => Turn::Left,
        2 => Turn::Right,
        _ => Turn::Done,
    };
    let graph = StateGraph::new("loop")
        .node("turn", turn)
        .node("left", note)
        .node("right", note)
        .node("met", note)
        .edge(START, "turn")
        .conditional_edge("turn", choose)
        .join(Join::any(["left", "right"]), "met")
        .edge("met", "turn");
    let done = graph.compile().unwrap().invoke(Log::update()).await.unwrap();
    assert_eq!(
        done.state().seen,
        ["left", "met", "left", "met", "right"],
        "right is late in the round of left"
    );

    let graph = StateGraph::new("loop")
        .node("turn", turn)
        .node("left", note)
        .node("right", note)
        .node("met", note)
        .edge(START, "turn")
        .conditional_edge("turn", choose)
        .edge("left", "met")
        .edge("right", "met")
        .edge("met", "turn");
    let done = graph.compile().unwrap().invoke(Log::update()).await.unwrap();
    assert_eq!(done.state().seen, ["left", "met", "left", "met", "right", "met"], "edges have no rounds");
}

#[tokio::test]
async fn a_round_is_stored_and_goes_on_after_a_stop() {
    let sources = ["a", "b", "c"];
    let graph = staggered(Join::quorum(2, sources)).compile().unwrap();
    let thread = graph.with_checkpointer(MemorySaver::default()).with_step_limit(1).thread("t");
    thread.invoke(Log::update()).await.unwrap_err();
    let join = |arrived: &[&str], missing: &[&str], has_fired: bool| StoredJoin {
        target: "d".into(),
        arrived: arrived.iter().map(|name| (*name).into()).collect(),
        missing: missing.iter().map(|name| (*name).into()).collect(),
        needed: 2,
        has_fired,
    };
    assert_eq!(thread.state().await.unwrap().unwrap().waiting_joins, [join(&["a"], &["b", "c"], false)]);
    thread.resume(Resume::next()).await.unwrap_err();
    let snapshot = thread.state().await.unwrap().unwrap();
    assert!(snapshot.waiting_joins.is_empty(), "it has fired: {:?}", snapshot.waiting_joins);
    assert_eq!(snapshot.next_nodes().collect::<Vec<_>>(), ["d", "c"]);
    let done = thread.resume(Resume::next()).await.unwrap();
    assert_eq!(done.state().seen.iter().filter(|name| *name == "d").count(), 1, "{:?}", done.state().seen);
}

#[tokio::test]
async fn a_run_reports_the_joins_that_have_not_fired_and_no_others() {
    async fn broken() -> Result<LogUpdate, NodeError> {
        Err(NodeError::new("no"))
    }
    async fn waiting(join: Join) -> Vec<StoredJoin> {
        let graph = StateGraph::<Log>::new("half")
            .node("a", note)
            .node("b", note)
            .node("broken", broken)
            .node("d", note)
            .edge(START, "a")
            .edge(START, "b")
            .edge(START, "broken")
            .error_edge("broken", END)
            .join(join, "d")
            .edge("d", END)
            .compile()
            .unwrap();
        let mut events = graph.thread("t").stream(Log::update());
        while let Some(event) = futures_util::StreamExt::next(&mut events).await {
            if let Event::RunFinished { waiting_joins, .. } = event.unwrap() {
                return waiting_joins;
            }
        }
        panic!("the run has an end");
    }
    let sources = ["a", "b", "broken"];
    assert_eq!(waiting(Join::any(sources)).await, []);
    assert_eq!(waiting(Join::quorum(2, sources)).await, []);
    let all = waiting(Join::all(sources)).await;
    assert_eq!((all[0].missing.as_slice(), all[0].needed), (["broken".into()].as_slice(), 3));
}

#[test]
fn a_round_stored_before_joins_had_a_quorum_is_read() {
    let stored = r#"{"target":"d","arrived":["a"],"missing":["b"]}"#;
    let join: StoredJoin = serde_json::from_str(stored).unwrap();
    assert_eq!((join.needed, join.has_fired), (0, false));
}

#[test]
fn a_drawing_says_how_many_a_join_needs() {
    let sources = ["a", "b", "c"];
    for (join, label) in [
        (Join::any(sources), "j0{{any}}"),
        (Join::quorum(2, sources), "j0{{\"2 of 3\"}}"),
        (Join::all(sources), "j0{{all}}"),
    ] {
        let drawing = staggered(join).compile().unwrap().mermaid();
        assert!(drawing.lines().any(|line| line.trim() == label), "{label} is not in\n{drawing}");
    }
}

#[test]
fn a_join_that_asks_for_none_or_for_more_than_there_are_is_refused() {
    for needed in [0, 4] {
        let error = staggered(Join::quorum(needed, ["a", "b", "c"])).compile().unwrap_err();
        let expected = BuildProblem::BadQuorum { node: "d".to_owned(), needed, sources: 3 };
        assert_eq!(error.problems[0], expected, "{error}");
    }
    let error = staggered(Join::any(["a", "a"])).compile().unwrap_err();
    assert_eq!(error.problems[0], BuildProblem::BadJoin { node: "d".to_owned() });
    let error = staggered(Join::any([START])).compile().unwrap_err();
    assert_eq!(error.problems[0], BuildProblem::BadJoin { node: "d".to_owned() });
}

#[test]
fn a_join_is_reached_when_as_many_of_its_sources_as_it_needs_are() {
    // "x" runs after the join, so it cannot come before it.
    let with = |join: Join| {
        let graph = ["a", "b", "x", "d"].into_iter();
        graph
            .fold(StateGraph::<Log>::new("loop"), |graph, name| graph.node(name, note))
            .edge(START, "a")
            .edge(START, "b")
            .edge("b", END)
            .join(join, "d")
            .edge("d", "x")
            .edge("x", END)
            .compile()
    };
    with(Join::any(["a", "x"])).unwrap();
    with(Join::quorum(2, ["a", "b", "x"])).unwrap();
    let error = with(Join::quorum(2, ["a", "x"])).unwrap_err();
    let expected = BuildProblem::JoinNeverFires { node: "d".to_owned(), missing: vec!["x".to_owned()] };
    assert!(error.problems.contains(&expected), "{error}");
}
