//! Settings for all nodes: who takes them, who keeps its own, and what is behind an error edge.

use std::time::Duration;

use medha_graph::NodeDefaults;
use medha_graph::graph::BuildProblem;
use medha_graph::prelude::*;
use tokio::time::{Instant, sleep};

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Job {
    #[state(append)]
    log: Vec<String>,
}

const SECOND: Duration = Duration::from_secs(1);

async fn fail() -> Result<JobUpdate, NodeError> {
    Err(NodeError::new("no"))
}

async fn hang() -> JobUpdate {
    sleep(Duration::from_secs(1_000_000)).await;
    Job::update()
}

async fn work(ctx: Ctx) -> JobUpdate {
    Job::update().log([ctx.task().node.to_string()])
}

async fn mend(failure: Failure, ctx: Ctx) -> JobUpdate {
    let Failure { node, error, attempts, .. } = failure;
    Job::update().log([format!("{}: {node} {error} after {attempts}", ctx.task().node)])
}

fn twice() -> RetryPolicy {
    RetryPolicy::attempts(2).initial(SECOND).jitter(0.0)
}

#[tokio::test(start_paused = true)]
async fn a_node_without_settings_takes_the_defaults_and_others_keep_their_own() {
    let defaults = NodeDefaults::new().retry(twice()).timeout(5 * SECOND).error_to("mend");
    let graph = StateGraph::new("job")
        .defaults(defaults)
        .node("fail", fail)
        .node("once", fail.retry(RetryPolicy::attempts(1)))
        .node("hang", hang)
        .node("patient", hang.timeout(Duration::MAX).idle_timeout(7 * SECOND))
        .node("other", fail)
        .node("mend", mend)
        .node("mend other", mend);
    let names = ["fail", "once", "hang", "patient", "other"];
    let graph = names.into_iter().fold(graph, |graph, name| graph.edge(START, name).edge(name, END));
    let graph = graph.error_edge("other", "mend other").edge("mend", END).edge("mend other", END);
    let done = graph.compile().unwrap().invoke(Job::update()).await.unwrap();
    assert_eq!(
        done.state().log,
        [
            "mend: fail no after 2",
            "mend: once no after 1",
            "mend: hang took longer than its timeout of 5s after 2",
            "mend: patient gave no sign of life for 7s, its idle timeout after 2",
            "mend other: other no after 2",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_runs_after_a_failure_has_the_other_defaults_and_no_error_edge() {
    async fn fails_too(_: Failure) -> Result<JobUpdate, NodeError> {
        Err(NodeError::new("not that either"))
    }
    let defaults = NodeDefaults::new().retry(twice()).error_to("mend");
    let graph = |mend_fails: bool| {
        let graph = StateGraph::new("job").defaults(defaults.clone()).node("fail", fail);
        let graph = if mend_fails { graph.node("mend", fails_too) } else { graph.node("mend", mend) };
        let graph = graph.node("after", fail).edge(START, "fail").edge("fail", END);
        graph.edge("mend", "after").edge("after", END).compile().unwrap()
    };
    for (mend_fails, culprit, error) in [(true, "mend", "not that either"), (false, "after", "no")] {
        let stopped = graph(mend_fails).invoke(Job::update()).await.unwrap_err();
        let failure = stopped.failure().unwrap();
        assert_eq!((failure.node.as_str(), failure.error.as_str(), failure.attempts), (culprit, error, 2));
    }
    let drawing = graph(false).mermaid();
    assert_eq!(drawing.matches("on error").count(), 1, "only the first node has an error edge:\n{drawing}");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_a_failure_and_another_edge_lead_to_has_a_default_error_edge() {
    let graph = StateGraph::new("job")
        .defaults(NodeDefaults::new().error_to(END))
        .node("start", work)
        .node("fail", fail)
        .node("shared", work)
        .node("mend", mend)
        .edge(START, "start")
        .edge("start", "fail")
        .edge("start", "shared")
        .error_edge("fail", "mend")
        .edge("fail", END)
        .edge("mend", "shared")
        .edge("shared", END)
        .compile()
        .unwrap();
    let drawing = graph.mermaid();
    let errors: Vec<&str> = drawing.lines().map(str::trim).filter(|line| line.contains("on error")).collect();
    assert_eq!(
        errors,
        ["n1 -. \"on error\" .-> n3", "n0 -. \"on error\" .-> end_", "n2 -. \"on error\" .-> end_"],
        "{drawing}"
    );
}

#[tokio::test(start_paused = true)]
async fn where_commands_go_anywhere_every_node_but_the_handlers_has_a_default_error_edge() {
    async fn jump() -> Command<Job> {
        Command::new().goto("hidden")
    }
    let graph = StateGraph::new("job")
        .defaults(NodeDefaults::new().error_to("mend"))
        .node("jump", jump)
        .node("hidden", fail)
        .node("mend", mend)
        .edge(START, "jump")
        .edge("hidden", END)
        .edge("mend", END)
        .compile()
        .unwrap();
    assert_eq!(graph.invoke(Job::update()).await.unwrap().state().log, ["mend: hidden no after 1"]);
}

#[tokio::test(start_paused = true)]
async fn a_graph_can_be_compiled_again_after_more_was_added() {
    let graph = StateGraph::new("job")
        .defaults(NodeDefaults::new().retry(twice()).error_to("mend"))
        .node("fail", fail)
        .node("mend", mend)
        .edge(START, "fail")
        .edge("fail", END)
        .edge("mend", END);
    let first = graph.compile().unwrap();
    assert_eq!(first.mermaid(), graph.compile().unwrap().mermaid());
    let more = graph.node("more", fail).edge("fail", "more").edge("more", END).compile().unwrap();
    assert_eq!(more.mermaid().matches("on error").count(), 2);
    let begin = Instant::now();
    for graph in [first, more] {
        assert_eq!(graph.invoke(Job::update()).await.unwrap().state().log, ["mend: fail no after 2"]);
    }
    assert_eq!(begin.elapsed(), 2 * SECOND);
}

#[test]
fn what_is_wrong_with_the_defaults_is_said_once() {
    let error = StateGraph::new("job")
        .defaults(
            NodeDefaults::new().retry(RetryPolicy::attempts(0)).timeout(Duration::ZERO).error_to("mand"),
        )
        .node("one", work)
        .node("two", work)
        .node("mend", work)
        .edge(START, "one")
        .edge("one", "two")
        .edge("two", END)
        .edge("mend", END)
        .compile()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "graph \"job\" cannot be built\n\
         - the defaults of the nodes: a retry policy needs at least one attempt\n\
         - the defaults of the nodes: a timeout of zero fails every attempt; leave it out to wait as long as it takes\n\
         - the default error edge names \"mand\", which is no node; did you mean \"mend\"?"
    );
}

#[test]
fn a_default_handler_nobody_needs_is_never_reached() {
    let error = StateGraph::new("job")
        .defaults(NodeDefaults::new().error_to("mend"))
        .node("fail", fail)
        .node("own", mend)
        .node("mend", mend)
        .edge(START, "fail")
        .edge("fail", END)
        .error_edge("fail", "own")
        .edge("own", END)
        .edge("mend", END)
        .compile()
        .unwrap_err();
    assert_eq!(error.problems, [BuildProblem::Unreachable { node: "mend".to_owned() }]);
}
