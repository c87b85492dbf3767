//! How control moves: edges, joins, fan-out, routes, commands, the step limit.

use medha_graph::RunError;
use medha_graph::graph::BuildProblem;
use medha_graph::prelude::*;

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Log {
    best: u32,
    #[state(append)]
    seen: Vec<String>,
    #[state(add)]
    total: i64,
    limit: Option<u32>,
}

async fn a() -> LogUpdate {
    Log::update().seen(["a"])
}
async fn b() -> LogUpdate {
    Log::update().seen(["b"])
}
async fn c(log: &Log) -> LogUpdate {
    Log::update().seen([format!("c after {}", log.seen.len())])
}

fn start() -> StateGraph<Log> {
    StateGraph::new("log")
}

#[tokio::test]
async fn a_join_waits_for_all_of_its_sources_and_runs_once() {
    let graph = start()
        .node("a", a)
        .node("b1", b)
        .node("b2", b)
        .node("c", c)
        .edge(START, "a")
        .edge(START, "b1")
        .edge("b1", "b2")
        .edge(["a", "b2"], "c")
        .edge("c", END)
        .compile()
        .unwrap();
    let log = graph.invoke(Log::update()).await.unwrap().into_state();
    assert_eq!(log.seen, ["a", "b", "b", "c after 3"]);
}

#[tokio::test]
async fn two_edges_into_a_node_run_it_once_per_superstep() {
    let graph = start()
        .node("a", a)
        .node("b", b)
        .node("c", c)
        .edge(START, "a")
        .edge(START, "b")
        .edge("a", "c")
        .edge("b", "c")
        .edge("c", END)
        .compile()
        .unwrap();
    let log = graph.invoke(Log::update()).await.unwrap().into_state();
    assert_eq!(log.seen, ["a", "b", "c after 2"]);
}

#[derive(Serialize, Deserialize)]
struct Item {
    name: String,
    price: i64,
}

async fn buy(Payload(item): Payload<Item>) -> LogUpdate {
    Log::update().total(item.price).seen([item.name])
}

fn shopping(log: &Log) -> Vec<Item> {
    (0..log.best).map(|n| Item { name: format!("item {n}"), price: i64::from(n) * 10 }).collect()
}

#[tokio::test]
async fn fan_out_runs_one_task_per_payload_and_merges_in_order() {
    let graph = start()
        .node("a", a)
        .node("buy", buy)
        .node("c", c)
        .edge(START, "a")
        .fan_out("a", "buy", shopping)
        .edge("buy", "c")
        .edge("c", END)
        .compile()
        .unwrap();
    let log = graph.invoke(Log::update().best(3)).await.unwrap().into_state();
    assert_eq!(log.seen, ["a", "item 0", "item 1", "item 2", "c after 4"]);
    assert_eq!(log.total, 30);
}

#[derive(Route)]
enum Next {
    #[route("buy")]
    Buy(Item),
    #[route("c")]
    Rest,
    #[route(END)]
    Stop,
}

#[tokio::test]
async fn a_router_may_choose_several_targets_with_and_without_payload() {
    let route = |log: &Log| match log.best {
        0 => vec![Next::Stop],
        _ => vec![Next::Buy(Item { name: "x".into(), price: 7 }), Next::Rest],
    };
    let graph = start()
        .node("a", a)
        .node("buy", buy)
        .node("c", c)
        .edge(START, "a")
        .conditional_edge("a", route)
        .edge("buy", END)
        .edge("c", END)
        .compile()
        .unwrap();
    let log = graph.invoke(Log::update().best(1)).await.unwrap().into_state();
    assert_eq!((log.total, log.seen), (7, vec!["a".to_owned(), "x".to_owned(), "c after 1".to_owned()]));
    let log = graph.invoke(Log::update()).await.unwrap().into_state();
    assert_eq!(log.seen, ["a"]);
}

#[tokio::test]
async fn routers_see_what_all_siblings_wrote() {
    async fn score() -> LogUpdate {
        Log::update().best(5)
    }
    #[derive(Route)]
    enum Done {
        #[route("c")]
        Good,
        #[route(END)]
        Bad,
    }
    let graph = start()
        .node("a", a)
        .node("score", score)
        .node("c", c)
        .edge(START, "a")
        .edge(START, "score")
        .edge("score", END)
        .conditional_edge("a", |log: &Log| if log.best == 5 { Done::Good } else { Done::Bad })
        .edge("c", END)
        .compile()
        .unwrap();
    let log = graph.invoke(Log::update()).await.unwrap().into_state();
    assert_eq!(log.seen, ["a", "c after 1"]);
}

#[tokio::test]
async fn a_command_adds_targets_to_the_edges_of_its_node() {
    async fn lead() -> Command<Log> {
        Command::new()
            .update(Log::update().best(1))
            .goto("b")
            .send("buy", &Item { name: "x".into(), price: 1 })
    }
    let graph = start()
        .node("lead", lead.goes_to(["b", "buy"]))
        .node("a", a)
        .node("b", b)
        .node("buy", buy)
        .edge(START, "lead")
        .edge("lead", "a")
        .edge("a", END)
        .edge("b", END)
        .edge("buy", END)
        .compile()
        .unwrap();
    let log = graph.invoke(Log::update()).await.unwrap().into_state();
    assert_eq!(log.seen, ["b", "x", "a"]);
}

#[tokio::test]
async fn a_command_to_a_name_that_is_no_node_fails_the_run_with_a_hint() {
    async fn lead() -> Command<Log> {
        Command::new().goto("bui")
    }
    let graph =
        start().node("lead", lead).node("buy", buy).edge(START, "lead").edge("buy", END).compile().unwrap();
    let error = graph.invoke(Log::update()).await.unwrap_err();
    assert_eq!(error.to_string(), r#"node "lead" goes to "bui", which is no node; did you mean "buy"?"#);
}

#[tokio::test]
async fn a_deferred_node_waits_for_everything_queued() {
    let graph = start()
        .node("a", a)
        .node("b1", b)
        .node("b2", b)
        .node("c", c.defer())
        .edge(START, "a")
        .edge(START, "b1")
        .edge("a", "c")
        .edge("b1", "b2")
        .edge("b2", END)
        .edge("c", END)
        .compile()
        .unwrap();
    let log = graph.invoke(Log::update()).await.unwrap().into_state();
    assert_eq!(log.seen, ["a", "b", "b", "c after 3"]);
}

#[tokio::test]
async fn the_step_limit_is_exact() {
    async fn count(log: &Log) -> LogUpdate {
        Log::update().best(log.best + 1)
    }
    #[derive(Route)]
    enum Again {
        #[route("count")]
        Yes,
        #[route(END)]
        No,
    }
    let graph = start()
        .node("count", count)
        .edge(START, "count")
        .conditional_edge("count", |log: &Log| if log.best < 3 { Again::Yes } else { Again::No })
        .compile()
        .unwrap();
    let log = graph.clone().with_step_limit(3).invoke(Log::update()).await.unwrap().into_state();
    assert_eq!(log.best, 3);
    let error = graph.with_step_limit(2).invoke(Log::update()).await.unwrap_err();
    assert!(matches!(error, RunError::StepLimit { limit: 2, .. }), "{error}");
    assert_eq!(
        error.to_string(),
        r#"the run took 2 supersteps, its limit, and ["count"] would run next; see `with_step_limit`"#
    );
}

#[tokio::test]
async fn two_writers_of_a_plain_field_conflict_and_the_error_names_all() {
    async fn one() -> LogUpdate {
        Log::update().best(1)
    }
    let graph = start()
        .node("one", one)
        .node("two", one)
        .edge(START, "one")
        .edge(START, "two")
        .edge("one", END)
        .edge("two", END)
        .compile()
        .unwrap();
    let error = graph.invoke(Log::update()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"nodes "one" and "two" both wrote `best` in step 1, and `best` has no reducer"#
    );
}

#[tokio::test]
async fn a_sum_that_does_not_fit_fails_the_run() {
    async fn huge() -> LogUpdate {
        Log::update().total(i64::MAX).total(1)
    }
    let graph = start().node("huge", huge).edge(START, "huge").edge("huge", END).compile().unwrap();
    let error = graph.invoke(Log::update()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"what node "huge" wrote to `total` in step 1 cannot be merged: the sum does not fit the type of the field"#
    );
}

#[tokio::test]
async fn an_optional_field_can_be_written_as_none() {
    async fn clear() -> LogUpdate {
        Log::update().limit(None)
    }
    let graph = start().node("clear", clear).edge(START, "clear").edge("clear", END).compile().unwrap();
    let log = graph.invoke(Log::update().limit(Some(3))).await.unwrap().into_state();
    assert_eq!(log.limit, None);
    let text = serde_json::to_string(&Log::update().limit(None)).unwrap();
    assert_eq!(text, r#"{"limit":null}"#);
    let back: LogUpdate = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&back).unwrap(), text);
    assert!(serde_json::from_str::<LogUpdate>(r#"{"limitt":1}"#).is_err());
}

#[test]
fn compile_reports_every_problem_with_a_hint() {
    let error = start()
        .node("write", a)
        .node("write", a)
        .node("orphan", a)
        .node("read", b)
        .edge(START, "write")
        .edge("write", "raed")
        .edge("read", END)
        .compile()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "graph \"log\" cannot be built\n\
         - node \"write\" was added twice; names are unique\n\
         - the edge \"write\" -> \"raed\" names \"raed\", which is no node; did you mean \"read\"?"
    );
}

#[test]
fn compile_finds_nodes_that_are_never_reached_never_left_or_never_end() {
    let error = start()
        .node("a", a)
        .node("round", b)
        .node("and round", b)
        .node("orphan", c)
        .edge(START, "a")
        .edge(START, "round")
        .edge("round", "and round")
        .edge("and round", "round")
        .edge("orphan", END)
        .compile()
        .unwrap_err();
    let node = |name: &str| name.to_owned();
    assert_eq!(
        error.problems,
        [
            BuildProblem::DeadEnd { node: node("a") },
            BuildProblem::NeverEnds { node: node("round") },
            BuildProblem::NeverEnds { node: node("and round") },
            BuildProblem::Unreachable { node: node("orphan") },
        ]
    );
}

#[test]
fn the_drawing_has_every_node_and_edge_once() {
    let graph = start()
        .node("a", a)
        .node("b \"2\"", b)
        .node("c", c)
        .edge(START, "a")
        .edge(START, "b \"2\"")
        .edge(["a", "b \"2\""], "c")
        .error_edge("a", "c")
        .conditional_edge("c", |_: &Log| Only::Stop)
        .compile()
        .unwrap();
    #[derive(Route)]
    enum Only {
        #[route(END)]
        Stop,
    }
    assert_eq!(
        graph.mermaid(),
        "flowchart TD\n    start([START])\n    n0[\"a\"]\n    n1[\"b &quot;2&quot;\"]\n    n2[\"c\"]\n    \
         end_([END])\n    j0{{all}}\n    j0 --> n2\n    start --> n0\n    start --> n1\n    n0 --- j0\n    \
         n1 --- j0\n    n0 -. \"on error\" .-> n2\n    n2 -. \"Stop\" .-> end_\n"
    );
}
