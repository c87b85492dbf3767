//! How long an attempt may take: as a whole, between signs of life, between heartbeats, and for one task alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use medha_graph::node::IntoNode;
use medha_graph::prelude::*;
use medha_graph::{FailureKind, Timed};
use tokio::time::{Instant, sleep};

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Job {
    #[state(append)]
    log: Vec<String>,
}

const SECOND: Duration = Duration::from_secs(1);

fn one<M>(node: impl IntoNode<Job, M>) -> CompiledGraph<Job> {
    StateGraph::new("job").node("work", node).edge(START, "work").edge("work", END).compile().unwrap()
}

async fn failure_of(graph: &CompiledGraph<Job>) -> Failure {
    graph.invoke(Job::update()).await.unwrap_err().failure().unwrap().clone()
}

async fn emits_every_four_seconds(ctx: Ctx) -> JobUpdate {
    for part in 0..5 {
        sleep(4 * SECOND).await;
        ctx.emit(part);
    }
    Job::update().log(["done"])
}

async fn beats_every_four_seconds(ctx: Ctx) -> JobUpdate {
    for _ in 0..5 {
        sleep(4 * SECOND).await;
        ctx.heartbeat();
    }
    Job::update().log(["done"])
}

async fn silent() -> JobUpdate {
    sleep(20 * SECOND).await;
    Job::update().log(["done"])
}

#[tokio::test(start_paused = true)]
async fn signs_of_life_put_off_the_idle_timeout() {
    let limit = 5 * SECOND;
    for graph in [
        one(emits_every_four_seconds.idle_timeout(limit)),
        one(beats_every_four_seconds.idle_timeout(limit)),
        one(beats_every_four_seconds.heartbeat_timeout(limit)),
        one(beats_every_four_seconds.heartbeat_timeout(limit).idle_timeout(limit).timeout(21 * SECOND)),
    ] {
        assert_eq!(graph.invoke(Job::update()).await.unwrap().state().log, ["done"]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_without_signs_of_life_ends_after_the_idle_timeout() {
    let begin = Instant::now();
    let failure = failure_of(&one(silent.idle_timeout(5 * SECOND))).await;
    assert_eq!(begin.elapsed(), 5 * SECOND);
    assert_eq!(failure.error, "gave no sign of life for 5s, its idle timeout");
    assert_eq!(failure.kind, FailureKind::Timeout);
}

#[tokio::test(start_paused = true)]
async fn only_heartbeats_put_off_the_heartbeat_timeout() {
    let begin = Instant::now();
    let failure = failure_of(&one(emits_every_four_seconds.heartbeat_timeout(5 * SECOND))).await;
    assert_eq!(begin.elapsed(), 5 * SECOND);
    assert_eq!(failure.error, "sent no heartbeat for 5s, its heartbeat timeout");
}

#[tokio::test(start_paused = true)]
async fn nothing_puts_off_the_timeout_of_the_whole_attempt() {
    let begin = Instant::now();
    let node = beats_every_four_seconds.timeout(10 * SECOND).idle_timeout(5 * SECOND);
    assert_eq!(failure_of(&one(node)).await.error, "took longer than its timeout of 10s");
    assert_eq!(begin.elapsed(), 10 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn the_time_runs_from_the_last_sign_of_life_to_the_moment() {
    async fn stops(ctx: Ctx) -> JobUpdate {
        sleep(3 * SECOND).await;
        ctx.heartbeat();
        std::future::pending().await
    }
    let begin = Instant::now();
    failure_of(&one(stops.idle_timeout(5 * SECOND))).await;
    assert_eq!(begin.elapsed(), 8 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_from_another_task_counts_when_it_is_sent() {
    async fn leaves_it_to_another(ctx: Ctx) -> JobUpdate {
        let beating = tokio::spawn(async move {
            sleep(3 * SECOND).await;
            ctx.heartbeat();
        });
        beating.await.unwrap();
        std::future::pending().await
    }
    let begin = Instant::now();
    failure_of(&one(leaves_it_to_another.heartbeat_timeout(5 * SECOND))).await;
    assert_eq!(begin.elapsed(), 8 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn an_answered_question_is_a_sign_of_life() {
    async fn ask(ctx: Ctx) -> JobUpdate {
        sleep(4 * SECOND).await;
        let name: String = ctx.interrupt("who?").await;
        sleep(4 * SECOND).await;
        Job::update().log([name])
    }
    let thread = one(ask.idle_timeout(5 * SECOND)).with_checkpointer(MemorySaver::default()).thread("t");
    thread.invoke(Job::update()).await.unwrap();
    assert_eq!(thread.resume(Resume::answer("Ada")).await.unwrap().state().log, ["Ada"]);
}

/// Says when it is dropped.
struct Guard(Arc<AtomicBool>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[tokio::test(start_paused = true)]
async fn what_an_attempt_holds_is_dropped_when_its_time_is_up() {
    async fn holds(dropped: Context<AtomicBool>) -> JobUpdate {
        let _guard = Guard(dropped.0);
        std::future::pending().await
    }
    let dropped = Arc::new(AtomicBool::new(false));
    let graph = StateGraph::new("job")
        .node("holds", holds.idle_timeout(SECOND))
        .node("after", move |dropped: Context<AtomicBool>| async move {
            Job::update().log([format!("dropped: {}", dropped.load(Ordering::SeqCst))])
        })
        .edge(START, "holds")
        .edge("holds", END)
        .error_edge("holds", "after")
        .edge("after", END)
        .compile()
        .unwrap()
        .with_context(Arc::clone(&dropped));
    assert_eq!(graph.invoke(Job::update()).await.unwrap().state().log, ["dropped: true"]);
}

#[tokio::test(start_paused = true)]
async fn a_node_behind_an_error_edge_has_its_timeouts_too() {
    async fn fail() -> Result<JobUpdate, NodeError> {
        Err(NodeError::new("no"))
    }
    async fn hangs(_: Failure) -> JobUpdate {
        std::future::pending().await
    }
    let graph = StateGraph::new("job")
        .node("fail", fail)
        .node("mend", hangs.idle_timeout(SECOND).timeout(2 * SECOND))
        .edge(START, "fail")
        .edge("fail", END)
        .error_edge("fail", "mend")
        .edge("mend", END)
        .compile()
        .unwrap();
    assert_eq!(failure_of(&graph).await.error, "gave no sign of life for 1s, its idle timeout");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_never_waits_for_long_does_not_outrun_its_timeout() {
    async fn busy() -> JobUpdate {
        loop {
            tokio::time::advance(SECOND).await;
        }
    }
    assert_eq!(
        failure_of(&one(busy.timeout(100 * SECOND))).await.error,
        "took longer than its timeout of 100s"
    );
}

#[tokio::test(start_paused = true)]
async fn each_attempt_and_each_task_has_its_own_time() {
    async fn nap(Payload(seconds): Payload<u64>, ctx: Ctx) -> JobUpdate {
        sleep(Duration::from_secs(seconds) / ctx.task().attempt).await;
        Job::update().log([format!("{seconds} at attempt {}", ctx.task().attempt)])
    }
    let policy = RetryPolicy::attempts(2).initial(SECOND).jitter(0.0);
    let graph = StateGraph::new("job")
        .node("nap", nap.timeout(5 * SECOND).retry(policy))
        .fan_out(START, "nap", |_| [2_u64, 8, 4])
        .edge("nap", END)
        .compile()
        .unwrap();
    let done = graph.invoke(Job::update()).await.unwrap();
    assert_eq!(done.state().log, ["2 at attempt 1", "8 at attempt 2", "4 at attempt 1"]);
}

async fn nap(Payload(seconds): Payload<u64>) -> JobUpdate {
    sleep(Duration::from_secs(seconds)).await;
    Job::update().log([format!("slept {seconds}")])
}

async fn late(failure: Failure) -> JobUpdate {
    Job::update().log([format!("{}: {}", failure.payload.unwrap(), failure.error)])
}

/// "nap" may take three seconds and is followed by "late" if it takes longer.
fn naps() -> StateGraph<Job> {
    StateGraph::new("job")
        .node("nap", nap.timeout(3 * SECOND))
        .node("late", late)
        .edge("nap", END)
        .error_edge("nap", "late")
        .edge("late", END)
}

#[tokio::test(start_paused = true)]
async fn a_sent_task_has_the_timeout_it_was_sent_with() {
    async fn send() -> Command<Job> {
        Command::new()
            .send("nap", &4_u64)
            .send_within("nap", &5_u64, 10 * SECOND)
            .send_within("nap", &2_u64, SECOND)
    }
    let graph = naps().node("send", send.goes_to(["nap"])).edge(START, "send").compile().unwrap();
    let done = graph.invoke(Job::update()).await.unwrap();
    let expected =
        ["slept 5", "4: took longer than its timeout of 3s", "2: took longer than its timeout of 1s"];
    assert_eq!(done.state().log, expected);
}

#[derive(Route)]
enum Next {
    #[route("nap")]
    Nap(Timed<u64>),
}

#[tokio::test(start_paused = true)]
async fn a_fan_out_and_a_route_may_give_a_timeout_with_each_payload() {
    let payloads = || [Timed::new(5_u64, 6 * SECOND), Timed::new(6, 5 * SECOND)];
    let fanned = naps().fan_out(START, "nap", move |_| payloads());
    let routed = naps()
        .conditional_edge(START, move |_: &Job| payloads().map(Next::Nap).into_iter().collect::<Vec<_>>());
    for graph in [fanned, routed] {
        let done = graph.compile().unwrap().invoke(Job::update()).await.unwrap();
        assert_eq!(done.state().log, ["slept 5", "6: took longer than its timeout of 5s"]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_timeout_of_a_sent_task_survives_a_stop() {
    async fn send(ctx: Ctx) -> Command<Job> {
        // The other sender has finished by then, and what it sent is kept as progress.
        let wait: u64 = ctx.interrupt("how long?").await;
        Command::new().send_within("nap", &wait, SECOND)
    }
    async fn send_at_once() -> Command<Job> {
        Command::new().send("nap", &1_u64).send_within("nap", &5_u64, 10 * SECOND)
    }
    let graph = naps()
        .node("send", send.goes_to(["nap"]))
        .node("at once", send_at_once.goes_to(["nap"]))
        .edge(START, "send")
        .edge(START, "at once")
        .compile()
        .unwrap()
        .with_checkpointer(MemorySaver::default())
        .with_step_limit(1);
    let thread = graph.thread("t");
    thread.invoke(Job::update()).await.unwrap();
    thread.resume(Resume::answer(2)).await.unwrap_err();
    let planned = thread.state().await.unwrap().unwrap().next;
    let timeouts: Vec<Option<Duration>> = planned.iter().map(|task| task.timeout).collect();
    assert_eq!(timeouts, [Some(SECOND), None, Some(10 * SECOND)]);
    thread.resume(Resume::next()).await.unwrap_err();
    let log = thread.resume(Resume::next()).await.unwrap().into_state().log;
    assert_eq!(log, ["slept 1", "slept 5", "2: took longer than its timeout of 1s"]);
}

#[test]
fn a_timeout_of_zero_is_refused() {
    for graph in [
        StateGraph::new("job").node("work", silent.timeout(Duration::ZERO)),
        StateGraph::new("job").node("work", silent.idle_timeout(Duration::ZERO)),
        StateGraph::new("job").node("work", silent.heartbeat_timeout(Duration::ZERO)),
    ] {
        let error = graph.edge(START, "work").edge("work", END).compile().unwrap_err();
        assert_eq!(
            error.to_string(),
            "graph \"job\" cannot be built\n- node \"work\": a timeout of zero fails every attempt; leave it out to \
             wait as long as it takes"
        );
    }
}
