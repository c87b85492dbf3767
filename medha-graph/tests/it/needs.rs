//! What nodes need to be given and may write, as the build checks see it.

use medha_graph::node::{Attempt, IntoNode, Needs};
use medha_graph::prelude::*;
use medha_graph::{BuildError, FromTask};

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Job {
    best: u32,
    worst: u32,
    #[state(append)]
    log: Vec<String>,
}

async fn plain() {}

async fn takes_payload(Payload(number): Payload<u32>) -> JobUpdate {
    Job::update().log([format!("item {number}")])
}

async fn takes_failure(_: Failure) {}

async fn takes_either(payload: Option<Payload<u32>>, failure: Option<Failure>) -> JobUpdate {
    Job::update().log([match (payload, failure) {
        (Some(Payload(number)), None) => format!("item {number}"),
        (None, Some(failure)) => failure.error,
        (None, None) => "nothing".to_owned(),
        (Some(_), Some(_)) => "both".to_owned(),
    }])
}

/// "a" leads to the node in every way there is.
fn all_ways<M>(node: impl IntoNode<Job, M>) -> Result<CompiledGraph<Job>, BuildError> {
    #[derive(Route)]
    enum Next {
        #[route("node")]
        Node,
    }
    StateGraph::new("job")
        .node("a", plain)
        .node("b", plain)
        .node("node", node)
        .edge(START, "a")
        .edge(START, "b")
        .edge("b", END)
        .edge("a", "node")
        .edge(["a", "b"], "node")
        .conditional_edge("a", |_: &Job| Next::Node)
        .fan_out("a", "node", |_| [1])
        .error_edge("a", "node")
        .conditional_error_edge("b", |_: &Failure| Next::Node)
        .edge("node", END)
        .compile()
}

#[test]
fn an_edge_that_carries_no_payload_cannot_lead_to_a_node_that_takes_one() {
    assert_eq!(
        all_ways(takes_payload).unwrap_err().to_string(),
        "graph \"job\" cannot be built\n\
         - node \"node\" takes a payload, and the edge \"a\" -> \"node\" carries none; send one with `fan_out`, a \
         route or a command, or take `Option<Payload<T>>`\n\
         - node \"node\" takes a payload, and the join \"a\" -> \"node\" carries none; send one with `fan_out`, a \
         route or a command, or take `Option<Payload<T>>`\n\
         - node \"node\" takes a payload, and the join \"b\" -> \"node\" carries none; send one with `fan_out`, a \
         route or a command, or take `Option<Payload<T>>`\n\
         - node \"node\" takes a payload, and the error edge \"a\" -> \"node\" carries none; send one with \
         `fan_out`, a route or a command, or take `Option<Payload<T>>`"
    );
}

#[test]
fn only_an_error_edge_leads_to_a_node_that_takes_a_failure() {
    let error = all_ways(takes_failure.retry(RetryPolicy::attempts(2))).unwrap_err().to_string();
    let edges: Vec<&str> = error.lines().filter_map(|line| line.split(", and the ").nth(1)).collect();
    assert_eq!(
        edges,
        [
            r#"edge "a" -> "node" carries none; use an error edge, or take `Option<Failure>`"#,
            r#"join "a" -> "node" carries none; use an error edge, or take `Option<Failure>`"#,
            r#"join "b" -> "node" carries none; use an error edge, or take `Option<Failure>`"#,
            r#"conditional edge "a" -> "node" carries none; use an error edge, or take `Option<Failure>`"#,
            r#"conditional edge "a" -> "node" carries none; use an error edge, or take `Option<Failure>`"#,
        ]
    );
}

#[tokio::test]
async fn a_node_may_take_what_not_every_edge_to_it_carries() {
    async fn fails() -> Result<(), NodeError> {
        Err(NodeError::new("no"))
    }
    all_ways(takes_either).unwrap();
    let graph = StateGraph::new("job")
        .node("fails", fails)
        .node("node", takes_either)
        .edge(START, "fails")
        .edge(START, "node")
        .fan_out(START, "node", |_| [7])
        .edge("fails", END)
        .error_edge("fails", "node")
        .edge("node", END)
        .compile()
        .unwrap();
    assert_eq!(graph.invoke(Job::update()).await.unwrap().state().log, ["nothing", "item 7", "no"]);
}

#[test]
fn a_node_cannot_need_a_payload_and_a_failure() {
    async fn greedy(_: Payload<u32>, _: Failure) {}
    let graph = StateGraph::<Job>::new("job").node("greedy", greedy).fan_out(START, "greedy", |_| [1]);
    let error = graph.edge("greedy", END).compile().unwrap_err().to_string();
    assert!(error.contains("it takes a payload and a failure, and no task has both"), "{error}");
}

/// A parameter from outside of the crate, made of another one.
struct Item(u32);

impl<S: State> FromTask<S> for Item {
    const NEEDS: Needs = Needs::PAYLOAD;

    fn from_task(attempt: &Attempt<'_, S>) -> Result<Self, NodeError> {
        Payload::from_task(attempt).map(|Payload(number)| Self(number))
    }
}

/// One that says nothing of what it needs.
struct Name(String);

impl<S: State> FromTask<S> for Name {
    fn from_task(attempt: &Attempt<'_, S>) -> Result<Self, NodeError> {
        Ctx::from_task(attempt).map(|ctx| Self(ctx.task().node.to_string()))
    }
}

#[tokio::test]
async fn a_parameter_of_ones_own_may_say_what_it_needs() {
    async fn node(Name(name): Name, Item(number): Item) -> JobUpdate {
        Job::update().log([format!("{name} {number}")])
    }
    let graph = || StateGraph::<Job>::new("job").node("node", node).edge("node", END);
    let error = graph().edge(START, "node").compile().unwrap_err().to_string();
    assert!(error.contains("node \"node\" takes a payload, and the edge START -> \"node\""), "{error}");
    let graph = graph().fan_out(START, "node", |_| [7]).compile().unwrap();
    assert_eq!(graph.invoke(Job::update()).await.unwrap().state().log, ["node 7"]);
}

async fn writes_best() -> JobUpdate {
    Job::update().best(1).log(["best"])
}

#[test]
fn nodes_that_one_source_starts_may_not_write_one_field_without_a_reducer() {
    let graph = |second: &str| {
        StateGraph::<Job>::new("job")
            .node("one", writes_best.writes(["best", "log"]))
            .node("two", writes_best.writes([second, "log"]))
            .node("late", writes_best.writes(["best"]).defer())
            .node("unsaid", writes_best)
            .edge(START, "one")
            .edge(START, "two")
            .edge(START, "late")
            .edge(START, "unsaid")
            .edge(["one", "two", "late", "unsaid"], END)
            .compile()
    };
    graph("worst").unwrap();
    assert_eq!(
        graph("best").unwrap_err().to_string(),
        "graph \"job\" cannot be built\n- nodes \"one\" and \"two\" run at once and both write `best`, which has no \
         reducer; give it one, or let one run after the other"
    );
    assert_eq!(
        graph("bets").unwrap_err().to_string(),
        "graph \"job\" cannot be built\n- node \"two\" is said to write `bets`, which is no field of the state; did \
         you mean \"best\"?"
    );
}

#[tokio::test(start_paused = true)]
async fn a_node_that_writes_what_it_did_not_say_fails_for_good() {
    let graph = StateGraph::<Job>::new("job")
        .node("node", writes_best.writes(["log"]).retry(RetryPolicy::attempts(3)))
        .edge(START, "node")
        .edge("node", END)
        .compile()
        .unwrap();
    let error = graph.invoke(Job::update()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"node "node" failed in step 1: node "node" wrote `best` and did not say so; add "best" to its `.writes(..)`"#
    );
    assert_eq!(error.failure().unwrap().attempts, 1);
}
