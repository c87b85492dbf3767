//! Timeouts and waits at the ends of what durations hold, and of many tasks at once.

use std::time::Duration;

use medha_graph::node::IntoNode;
use medha_graph::prelude::*;
use tokio::time::{Instant, timeout};

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Log {
    #[state(add)]
    done: u32,
}

const HOUR: Duration = Duration::from_secs(3600);

async fn work() -> LogUpdate {
    Log::update().done(1)
}

async fn waits_for_ever(ctx: Ctx) -> Result<LogUpdate, NodeError> {
    match ctx.task().attempt {
        1 => Err(NodeError::new("later").retry_after(Duration::MAX)),
        _ => Ok(Log::update().done(1)),
    }
}

async fn fails_once(ctx: Ctx) -> Result<LogUpdate, NodeError> {
    match ctx.task().attempt {
        1 => Err(NodeError::new("once")),
        _ => Ok(Log::update().done(1)),
    }
}

fn graph<M>(node: impl IntoNode<Log, M>) -> CompiledGraph<Log> {
    StateGraph::new("waits").node("node", node).edge(START, "node").edge("node", END).compile().unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_longest_timeout_is_no_timeout() {
    tokio::time::sleep(HOUR).await;
    let done = graph(work.timeout(Duration::MAX)).invoke(Log::update()).await.unwrap();
    assert_eq!(done.state().done, 1);
}

#[tokio::test(start_paused = true)]
async fn the_longest_wait_before_a_retry_is_waited() {
    let asked = graph(waits_for_ever.retry(RetryPolicy::attempts(2)));
    timeout(HOUR, asked.invoke(Log::update())).await.unwrap_err();
    let policy = RetryPolicy::attempts(2).initial(Duration::MAX).max(Duration::MAX);
    timeout(HOUR, graph(fails_once.retry(policy)).invoke(Log::update())).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn of_many_tasks_that_failed_each_is_tried_again_when_it_is_due() {
    async fn item(Payload(item): Payload<u64>, ctx: Ctx) -> Result<LogUpdate, NodeError> {
        match ctx.task().attempt {
            1 => Err(NodeError::new("later").retry_after(Duration::from_secs(1000 - item))),
            _ => Ok(Log::update().done(1)),
        }
    }
    let graph = StateGraph::new("many")
        .node("split", work)
        .node("item", item.retry(RetryPolicy::attempts(2)))
        .edge(START, "split")
        .fan_out("split", "item", |_| 0..1000_u64)
        .edge("item", END)
        .compile()
        .unwrap()
        .with_concurrency(3);
    let start = Instant::now();
    assert_eq!(graph.invoke(Log::update()).await.unwrap().state().done, 1001);
    assert_eq!(start.elapsed().as_secs(), 1000);
}

#[tokio::test(start_paused = true)]
async fn runs_that_fail_together_do_not_come_back_together() {
    let policy = RetryPolicy::attempts(2).initial(HOUR).max(HOUR).jitter(1.0);
    let graph = graph(fails_once.retry(policy));
    let mut waits = Vec::new();
    for _ in 0..8 {
        let start = Instant::now();
        graph.invoke(Log::update()).await.unwrap();
        waits.push(start.elapsed());
    }
    assert!(waits.iter().any(|wait| *wait != waits[0]), "{waits:?}");
}
