//! How many tasks of one node run at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use medha_graph::OnFailure;
use medha_graph::prelude::*;
use tokio::time::{Instant, sleep};

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Job {
    #[state(append)]
    log: Vec<u64>,
    #[state(append)]
    others: Vec<String>,
}

const SECOND: Duration = Duration::from_secs(1);

/// How many run, and how many ever ran at once.
#[derive(Default)]
struct Gauge {
    running: AtomicUsize,
    most: AtomicUsize,
}

impl Gauge {
    fn enter(&self) -> Inside<'_> {
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(running, Ordering::SeqCst);
        Inside(self)
    }

    fn most(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }
}

struct Inside<'a>(&'a Gauge);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn nap(Payload(number): Payload<u64>, gauge: Context<Gauge>) -> JobUpdate {
    let _inside = gauge.enter();
    sleep(SECOND).await;
    Job::update().log([number])
}

async fn other(ctx: Ctx) -> JobUpdate {
    sleep(SECOND).await;
    Job::update().others([ctx.task().node.to_string()])
}

#[tokio::test(start_paused = true)]
async fn no_more_tasks_of_a_node_run_at_once_than_it_allows() {
    let gauge = Arc::new(Gauge::default());
    let graph = StateGraph::new("job")
        .node("nap", nap.concurrency(3))
        .fan_out(START, "nap", |_| 0..10_u64)
        .edge("nap", END)
        .compile()
        .unwrap()
        .with_context(Arc::clone(&gauge));
    let begin = Instant::now();
    let done = graph.invoke(Job::update()).await.unwrap();
    assert_eq!(done.state().log, (0..10).collect::<Vec<_>>());
    assert_eq!((gauge.most(), begin.elapsed()), (3, 4 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn other_tasks_are_not_held_up_by_those_that_wait_for_their_turn() {
    let gauge = Arc::new(Gauge::default());
    let graph = StateGraph::new("job")
        .node("nap", nap.concurrency(1))
        .node("other", other)
        .node("third", other)
        .fan_out(START, "nap", |_| 0..5_u64)
        .edge(START, "other")
        .edge(START, "third")
        .edge("nap", END)
        .edge("other", END)
        .edge("third", END)
        .compile()
        .unwrap()
        // Of the three that may run, one naps; the naps that wait take no place from the others.
        .with_concurrency(3)
        .with_context(Arc::clone(&gauge));
    let mut events = graph.thread("t").stream(Job::update());
    let begin = Instant::now();
    let mut finished = Vec::new();
    while let Some(event) = futures_util::StreamExt::next(&mut events).await {
        if let Event::TaskFinished { task, .. } = event.unwrap() {
            finished.push((task.node.to_string(), begin.elapsed().as_secs()));
        }
    }
    let of_others: Vec<u64> = finished.iter().filter(|(node, _)| node != "nap").map(|(_, at)| *at).collect();
    assert_eq!(of_others, [1, 1], "{finished:?}");
    assert_eq!((gauge.most(), begin.elapsed()), (1, 5 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn a_task_gives_up_its_place_while_it_waits_for_another_attempt() {
    async fn stumbles(
        Payload(number): Payload<u64>,
        ctx: Ctx,
        gauge: Context<Gauge>,
    ) -> Result<JobUpdate, NodeError> {
        let _inside = gauge.enter();
        sleep(SECOND).await;
        match ctx.task().attempt {
            1 if number == 0 => Err(NodeError::new("stumbled").retry_after(SECOND)),
            _ => Ok(Job::update().log([number])),
        }
    }
    let gauge = Arc::new(Gauge::default());
    let graph = StateGraph::new("job")
        .node("stumbles", stumbles.concurrency(1).retry(RetryPolicy::attempts(2)).timeout(2 * SECOND))
        .fan_out(START, "stumbles", |_| 0..3_u64)
        .edge("stumbles", END)
        .compile()
        .unwrap()
        .with_context(Arc::clone(&gauge));
    let begin = Instant::now();
    // The others run while the first waits; the time a task waits for its turn is not the attempt's.
    assert_eq!(graph.invoke(Job::update()).await.unwrap().state().log, [0, 1, 2]);
    assert_eq!((gauge.most(), begin.elapsed()), (1, 4 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_its_turn_is_dropped_with_the_rest_when_a_failure_stops_the_superstep() {
    async fn fails(Payload(number): Payload<u64>) -> Result<JobUpdate, NodeError> {
        sleep(SECOND).await;
        Err(NodeError::new(format!("no {number}")))
    }
    let graph = StateGraph::new("job")
        .node("fails", fails.concurrency(1))
        .fan_out(START, "fails", |_| 0..3_u64)
        .edge("fails", END)
        .compile()
        .unwrap();
    let stopped = graph.clone().with_on_failure(OnFailure::FailFast).invoke(Job::update()).await.unwrap_err();
    assert_eq!(stopped.to_string(), r#"node "fails" failed in step 1: no 0"#);
    let drained = graph.invoke(Job::update()).await.unwrap_err();
    assert!(
        drained
            .to_string()
            .ends_with("no 0; node \"fails\" failed as well: no 1; node \"fails\" failed as well: no 2")
    );
}

#[tokio::test]
async fn ten_thousand_tasks_pass_through_a_narrow_node() {
    async fn count(Payload(number): Payload<u64>, gauge: Context<Gauge>) -> JobUpdate {
        let _inside = gauge.enter();
        tokio::task::yield_now().await;
        Job::update().log([number])
    }
    let gauge = Arc::new(Gauge::default());
    let graph = StateGraph::new("job")
        .node("count", count.concurrency(2))
        .fan_out(START, "count", |_| 0..10_000_u64)
        .edge("count", END)
        .compile()
        .unwrap()
        .with_context(Arc::clone(&gauge));
    let done = graph.invoke(Job::update()).await.unwrap();
    assert_eq!(done.state().log, (0..10_000).collect::<Vec<_>>());
    assert_eq!(gauge.most(), 2);
}

#[test]
fn a_concurrency_of_zero_is_refused() {
    let graph = StateGraph::<Job>::new("job").node("other", other.concurrency(0));
    let error = graph.edge(START, "other").edge("other", END).compile().unwrap_err();
    assert_eq!(
        error.to_string(),
        "graph \"job\" cannot be built\n- node \"other\": a concurrency of zero lets no task run; leave it out to let \
         all of them run at once"
    );
}
