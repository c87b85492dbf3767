//! What happens when nodes fail: retries, timeouts, panics, error edges, siblings.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use medha_graph::node::IntoNode;
use medha_graph::prelude::*;
use medha_graph::{FailureKind, Join, OnFailure, RunError};

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Job {
    #[state(append)]
    log: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
#[error("disk {0} is full")]
struct DiskFull(u8);

#[derive(Default)]
struct Tries(AtomicU32);

async fn flaky(tries: Context<Tries>, ctx: Ctx) -> Result<JobUpdate, NodeError> {
    if tries.0.0.fetch_add(1, Ordering::SeqCst) < 2 {
        return Err(DiskFull(1).into());
    }
    Ok(Job::update().log([format!("attempt {}", ctx.task().attempt)]))
}

fn one<M>(node: impl IntoNode<Job, M>) -> CompiledGraph<Job> {
    StateGraph::new("job").node("work", node).edge(START, "work").edge("work", END).compile().unwrap()
}

fn quick(attempts: u32) -> RetryPolicy {
    RetryPolicy::attempts(attempts).initial(Duration::from_millis(10))
}

#[tokio::test(start_paused = true)]
async fn a_failing_node_is_tried_again_as_its_policy_says() {
    let graph = one(flaky.retry(quick(3))).with_context(Arc::new(Tries::default()));
    let job = graph.invoke(Job::update()).await.unwrap().into_state();
    assert_eq!(job.log, ["attempt 3"]);
}

#[tokio::test(start_paused = true)]
async fn the_last_failure_ends_the_run_and_keeps_the_error_underneath() {
    let graph = one(flaky.retry(quick(2))).with_context(Arc::new(Tries::default()));
    let error = graph.invoke(Job::update()).await.unwrap_err();
    assert_eq!(error.to_string(), r#"node "work" failed in step 1: disk 1 is full"#);
    let RunError::Node { failure, source: Some(source), .. } = error else { panic!("a node failed") };
    assert_eq!(failure.attempts, 2);
    assert_eq!(source.downcast_ref::<DiskFull>().unwrap().0, 1);
}

#[tokio::test]
async fn a_terminal_error_is_not_tried_again() {
    async fn parse() -> Result<JobUpdate, NodeError> {
        "seven".parse::<u32>().terminal()?;
        Ok(Job::update())
    }
    let error = one(parse.retry(quick(9))).invoke(Job::update()).await.unwrap_err();
    assert_eq!(error.failure().unwrap().attempts, 1);
}

#[tokio::test]
async fn a_missing_dependency_is_an_error_that_says_what_to_do() {
    let error = one(flaky).invoke(Job::update()).await.unwrap_err();
    assert_eq!(
        error.failure().unwrap().error,
        r#"node "work" needs a `it::failures::Tries`, and none was given; add it with `with_context`"#
    );
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_takes_too_long_fails_and_may_be_tried_again() {
    async fn slow(ctx: Ctx) -> JobUpdate {
        if ctx.task().attempt == 1 {
            std::future::pending::<()>().await;
        }
        Job::update().log(["in time"])
    }
    let node = slow.timeout(Duration::from_secs(30)).retry(quick(2));
    assert_eq!(one(node).invoke(Job::update()).await.unwrap().into_state().log, ["in time"]);

    let error = one(slow.timeout(Duration::from_secs(30))).invoke(Job::update()).await.unwrap_err();
    assert_eq!(error.to_string(), r#"node "work" failed in step 1: took longer than its timeout of 30s"#);
    assert_eq!(error.failure().unwrap().kind, FailureKind::Timeout);
}

async fn explode() -> JobUpdate {
    panic!("the {} is wet", "powder")
}

#[tokio::test]
async fn a_panic_fails_its_task_with_an_error_that_names_the_node() {
    let error = one(explode.retry(quick(5))).invoke(Job::update()).await.unwrap_err();
    assert_eq!(error.to_string(), r#"node "work" failed in step 1: panicked: the powder is wet"#);
    assert_eq!((error.failure().unwrap().kind, error.failure().unwrap().attempts), (FailureKind::Panic, 1));
}

#[tokio::test]
async fn an_error_edge_hands_the_failure_to_the_next_node() {
    async fn detailed(Payload(n): Payload<u32>) -> Result<JobUpdate, NodeError> {
        Err(NodeError::new("no such column").with_detail(vec![n, n + 1]))
    }
    async fn mend(failure: Failure) -> JobUpdate {
        let detail: Vec<u32> = failure.detail().unwrap();
        Job::update().log([format!("{} {} {:?} {:?}", failure.node, failure.error, failure.payload, detail)])
    }
    let graph = StateGraph::<Job>::new("job")
        .node("try", detailed)
        .node("mend", mend)
        .fan_out(START, "try", |_| [4])
        .edge("try", END)
        .error_edge("try", "mend")
        .edge("mend", END)
        .compile()
        .unwrap();
    let job = graph.invoke(Job::update()).await.unwrap().into_state();
    assert_eq!(job.log, ["try no such column Some(Number(4)) [4, 5]"]);
}

#[derive(Route)]
enum OnError {
    #[route("mend")]
    Mend,
}

fn only_disks(failure: &Failure) -> Option<OnError> {
    failure.error.contains("disk").then_some(OnError::Mend)
}

#[tokio::test]
async fn a_conditional_error_edge_takes_what_it_wants_and_leaves_the_rest() {
    async fn work(job: &Job) -> Result<JobUpdate, NodeError> {
        Err(if job.log.is_empty() { DiskFull(3).into() } else { NodeError::new("on fire") })
    }
    async fn mend(failure: Option<Failure>) -> JobUpdate {
        Job::update().log([failure.unwrap().error])
    }
    let graph = StateGraph::<Job>::new("job")
        .node("work", work)
        .node("mend", mend)
        .edge(START, "work")
        .edge("work", END)
        .conditional_error_edge("work", only_disks)
        .edge("mend", END)
        .compile()
        .unwrap();
    assert_eq!(graph.invoke(Job::update()).await.unwrap().into_state().log, ["disk 3 is full"]);
    let error = graph.invoke(Job::update().log(["x"])).await.unwrap_err();
    assert_eq!(error.to_string(), r#"node "work" failed in step 1: on fire"#);
}

fn siblings(on_failure: OnFailure) -> CompiledGraph<Job> {
    async fn slow(tries: Context<Tries>) -> JobUpdate {
        tokio::time::sleep(Duration::from_secs(1)).await;
        tries.0.0.fetch_add(1, Ordering::SeqCst);
        Job::update().log(["slow"])
    }
    async fn broken(ctx: Ctx) -> Result<JobUpdate, NodeError> {
        let is_fixed: Arc<AtomicU32> = ctx.context()?;
        if is_fixed.load(Ordering::SeqCst) == 1 {
            Ok(Job::update().log(["fixed"]))
        } else {
            Err(DiskFull(9).into())
        }
    }
    StateGraph::new("job")
        .node("slow", slow)
        .node("broken", broken)
        .edge(START, "slow")
        .edge(START, "broken")
        .edge("slow", END)
        .edge("broken", END)
        .compile()
        .unwrap()
        .with_on_failure(on_failure)
        .with_checkpointer(MemorySaver::default())
}

#[tokio::test(start_paused = true)]
async fn siblings_of_a_failed_task_finish_and_keep_their_writes() {
    let (tries, is_fixed) = (Arc::new(Tries::default()), Arc::new(AtomicU32::new(0)));
    let graph =
        siblings(OnFailure::Drain).with_context(Arc::clone(&tries)).with_context(Arc::clone(&is_fixed));
    let thread = graph.thread("t");
    thread.invoke(Job::update()).await.unwrap_err();
    is_fixed.store(1, Ordering::SeqCst);
    let done = thread.resume(Resume::next()).await.unwrap();
    assert_eq!(done.state().log, ["slow", "fixed"]);
    assert_eq!(tries.0.load(Ordering::SeqCst), 1, "what finished does not run again");
}

#[tokio::test(start_paused = true)]
async fn fail_fast_drops_the_siblings_and_runs_them_again_on_resume() {
    let (tries, is_fixed) = (Arc::new(Tries::default()), Arc::new(AtomicU32::new(0)));
    let graph =
        siblings(OnFailure::FailFast).with_context(Arc::clone(&tries)).with_context(Arc::clone(&is_fixed));
    let thread = graph.thread("t");
    thread.invoke(Job::update()).await.unwrap_err();
    assert_eq!(tries.0.load(Ordering::SeqCst), 0);
    is_fixed.store(1, Ordering::SeqCst);
    assert_eq!(thread.resume(Resume::next()).await.unwrap().state().log, ["slow", "fixed"]);
}

#[tokio::test(start_paused = true)]
async fn the_rule_for_siblings_is_the_same_side_by_side_and_one_after_the_other() {
    async fn fails() -> Result<JobUpdate, NodeError> {
        Err(NodeError::new("no"))
    }
    async fn counts(tries: Context<Tries>) -> JobUpdate {
        tokio::time::sleep(Duration::from_secs(1)).await;
        tries.0.0.fetch_add(1, Ordering::SeqCst);
        Job::update()
    }
    for (on_failure, expected) in [(OnFailure::Drain, 3), (OnFailure::FailFast, 0)] {
        for concurrency in [1, 2, usize::MAX] {
            let tries = Arc::new(Tries::default());
            let graph =
                StateGraph::<Job>::new("job").node("fails", fails).edge(START, "fails").edge("fails", END);
            let graph = ["a", "b", "c"]
                .into_iter()
                .fold(graph, |graph, name| graph.node(name, counts).edge(START, name).edge(name, END));
            let graph = graph.compile().unwrap().with_on_failure(on_failure).with_concurrency(concurrency);
            graph.with_context(Arc::clone(&tries)).invoke(Job::update()).await.unwrap_err();
            let finished = tries.0.load(Ordering::SeqCst);
            assert_eq!(finished, expected, "{on_failure:?}, {concurrency} at once");
        }
    }
}

#[tokio::test]
async fn a_node_behind_an_error_edge_completes_the_failed_one_or_takes_another_way() {
    async fn fails() -> Result<JobUpdate, NodeError> {
        Err(NodeError::new("no"))
    }
    async fn note(ctx: Ctx) -> JobUpdate {
        Job::update().log([ctx.task().node.to_string()])
    }
    let graph = || {
        StateGraph::<Job>::new("job")
            .node("fails", fails)
            .node("sibling", note)
            .node("mend", note)
            .node("next", note)
            .edge(START, "fails")
            .edge(START, "sibling")
            .error_edge("fails", "mend")
            .edge("next", END)
    };
    let log = async |graph: StateGraph<Job>| {
        graph.compile().unwrap().invoke(Job::update()).await.unwrap().into_state().log
    };
    let edges = graph().edge("fails", "next").edge("mend", END).edge("sibling", END);
    assert_eq!(log(edges).await, ["sibling", "mend"], "the edges of the failed node are not followed");
    let same = graph().edge("fails", "next").edge("mend", "next").edge("sibling", END);
    assert_eq!(log(same).await, ["sibling", "mend", "next"]);
    let all = graph().edge(["fails", "sibling"], "next").edge("mend", END);
    assert_eq!(log(all).await, ["sibling", "mend"], "a failed node has not arrived at a join");
    let quorum = graph().join(Join::quorum(2, ["fails", "mend", "sibling"]), "next");
    assert_eq!(log(quorum).await, ["sibling", "mend", "next"]);
}

#[tokio::test(start_paused = true)]
async fn fifty_sleepers_of_one_superstep_finish_in_one_nap() {
    async fn nap(Payload(n): Payload<u32>) -> JobUpdate {
        tokio::time::sleep(Duration::from_millis(10)).await;
        Job::update().log([n.to_string()])
    }
    let graph = StateGraph::<Job>::new("job")
        .node("nap", nap)
        .fan_out(START, "nap", |_| 0..50)
        .edge("nap", END)
        .compile()
        .unwrap();
    let begin = tokio::time::Instant::now();
    let job = graph.invoke(Job::update()).await.unwrap().into_state();
    assert_eq!(job.log.len(), 50);
    assert!(begin.elapsed() < Duration::from_millis(20), "{:?}", begin.elapsed());

    let begin = tokio::time::Instant::now();
    graph.with_concurrency(10).invoke(Job::update()).await.unwrap();
    assert!((50..60).contains(&begin.elapsed().as_millis()), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn a_source_that_failed_leaves_its_join_waiting() {
    async fn fail() -> Result<JobUpdate, NodeError> {
        Err(NodeError::new("no"))
    }
    async fn note() -> JobUpdate {
        Job::update().log(["noted"])
    }
    let graph = StateGraph::<Job>::new("job")
        .node("good", note)
        .node("bad", fail)
        .node("both", note)
        .edge(START, "good")
        .edge(START, "bad")
        .edge(["good", "bad"], "both")
        .edge("both", END)
        .error_edge("bad", END)
        .compile()
        .unwrap()
        .with_checkpointer(MemorySaver::default());
    let thread = graph.thread("t");
    assert_eq!(thread.invoke(Job::update()).await.unwrap().state().log, ["noted"]);
    let snapshot = thread.state().await.unwrap().unwrap();
    assert_eq!((snapshot.next.len(), snapshot.waiting_joins[0].missing.clone()), (0, vec!["bad".into()]));
    let done = thread.invoke(Job::update()).await.unwrap();
    assert_eq!(done.state().log, ["noted", "noted"], "a new run begins with empty joins");
}

#[tokio::test]
async fn every_failure_of_a_superstep_is_reported() {
    async fn fail(Payload(n): Payload<u32>) -> Result<JobUpdate, NodeError> {
        Err(NodeError::new(format!("no {n}")))
    }
    let graph = StateGraph::<Job>::new("job")
        .node("fail", fail)
        .fan_out(START, "fail", |_| [1, 2])
        .edge("fail", END)
        .compile()
        .unwrap();
    let error = graph.invoke(Job::update()).await.unwrap_err();
    assert_eq!(error.to_string(), r#"node "fail" failed in step 1: no 1; node "fail" failed as well: no 2"#);
}

#[tokio::test]
async fn a_dependency_of_a_thread_takes_the_place_of_the_graphs_own() {
    async fn show(name: Context<String>) -> JobUpdate {
        Job::update().log([(*name).clone()])
    }
    let graph = one(show).with_context(Arc::new("of the graph".to_owned()));
    let thread = graph.thread("t").with_context(Arc::new("of the thread".to_owned()));
    assert_eq!(thread.invoke(Job::update()).await.unwrap().into_state().log, ["of the thread"]);
    assert_eq!(graph.invoke(Job::update()).await.unwrap().into_state().log, ["of the graph"]);
}
