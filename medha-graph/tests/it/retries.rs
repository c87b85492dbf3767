//! Which failures are tried again, how often and when: retry policies of a node, one and several.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use medha_graph::FailureKind;
use medha_graph::node::IntoNode;
use medha_graph::prelude::*;
use tokio::time::Instant;

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Job {
    #[state(append)]
    log: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
#[error("the line is busy")]
struct Busy;

#[derive(Debug, thiserror::Error)]
#[error("the call failed")]
struct Call(#[from] Busy);

/// How often the node was tried.
#[derive(Default)]
struct Tries(AtomicU32);

fn one<M>(node: impl IntoNode<Job, M>) -> CompiledGraph<Job> {
    StateGraph::new("job").node("work", node).edge(START, "work").edge("work", END).compile().unwrap()
}

const SECOND: Duration = Duration::from_secs(1);

/// Fails in a different way each time: busy, nothing in time, busy, something else, and then it works.
async fn moody(ctx: Ctx) -> Result<JobUpdate, NodeError> {
    match ctx.task().attempt {
        1 | 3 => Err(Call(Busy).into()),
        2 => std::future::pending().await,
        4 => Err(NodeError::new("no such page")),
        attempt => Ok(Job::update().log([format!("attempt {attempt}")])),
    }
}

fn busy(attempts: u32) -> RetryPolicy {
    let policy = RetryPolicy::attempts(attempts).initial(SECOND).jitter(0.0);
    policy.when(|attempted| attempted.error::<Busy>().is_some())
}

fn slow(attempts: u32) -> RetryPolicy {
    let policy = RetryPolicy::attempts(attempts).initial(100 * SECOND).max(100 * SECOND).jitter(0.0);
    policy.when(|attempted| attempted.kind() == FailureKind::Timeout)
}

#[tokio::test(start_paused = true)]
async fn each_failure_is_tried_again_by_the_first_policy_that_matches_it() {
    let missing = RetryPolicy::attempts(2)
        .initial(30 * SECOND)
        .jitter(0.0)
        .when(|attempted| attempted.text().contains("page"));
    let node = moody.timeout(10 * SECOND).retry(busy(3)).retry(slow(2)).retry(missing);
    let begin = Instant::now();
    let done = one(node).invoke(Job::update()).await.unwrap();
    assert_eq!(done.state().log, ["attempt 5"]);
    // One second for the first busy line, the timeout and the wait after it, two seconds for the second, and the page.
    assert_eq!(begin.elapsed(), SECOND + 10 * SECOND + 100 * SECOND + 2 * SECOND + 30 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_policy_gives_up_by_its_own_count_while_others_have_attempts_left() {
    let node = moody.timeout(10 * SECOND).retry(busy(2)).retry(slow(9));
    let error = one(node).invoke(Job::update()).await.unwrap_err();
    assert_eq!(error.to_string(), r#"node "work" failed in step 1: the call failed: the line is busy"#);
    assert_eq!(error.failure().unwrap().attempts, 3);
}

#[tokio::test(start_paused = true)]
async fn a_failure_no_policy_matches_is_final() {
    let node = moody.timeout(10 * SECOND).retry(busy(9)).retry(slow(9));
    let error = one(node).invoke(Job::update()).await.unwrap_err();
    let failure = error.failure().unwrap();
    assert_eq!((failure.error.as_str(), failure.attempts), ("no such page", 4));
}

#[tokio::test(start_paused = true)]
async fn a_condition_is_never_asked_about_a_terminal_error() {
    async fn parse() -> Result<JobUpdate, NodeError> {
        "seven".parse::<u32>().terminal()?;
        Ok(Job::update())
    }
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let eager = RetryPolicy::attempts(9).when(move |_| count.fetch_add(1, Ordering::SeqCst) < 100);
    let error = one(parse.retry(eager)).invoke(Job::update()).await.unwrap_err();
    assert_eq!((error.failure().unwrap().attempts, asked.load(Ordering::SeqCst)), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_condition_may_let_a_panic_be_tried_again() {
    async fn explode(ctx: Ctx, tries: Context<Tries>) -> JobUpdate {
        tries.0.0.fetch_add(1, Ordering::SeqCst);
        assert!(ctx.task().attempt > 2, "the powder is wet");
        Job::update().log(["bang"])
    }
    let tries = Arc::new(Tries::default());
    let careless = RetryPolicy::attempts(3).when(|attempted| attempted.kind() == FailureKind::Panic);
    let graph = one(explode.retry(careless)).with_context(Arc::clone(&tries));
    assert_eq!(graph.invoke(Job::update()).await.unwrap().state().log, ["bang"]);
    assert_eq!(tries.0.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn a_condition_that_panics_fails_its_task_and_says_so() {
    let broken = RetryPolicy::attempts(9).when(|_| panic!("which one?"));
    let error = one(moody.retry(broken)).invoke(Job::update()).await.unwrap_err();
    assert_eq!(
        error.failure().unwrap().error,
        "the call failed: the line is busy; and the condition of its retry policy panicked: which one?"
    );
}

#[tokio::test(start_paused = true)]
async fn a_condition_sees_the_number_of_the_attempt() {
    async fn fail() -> Result<JobUpdate, NodeError> {
        Err(NodeError::new("no"))
    }
    let twice = RetryPolicy::attempts(9).when(|attempted| attempted.attempt() < 3);
    let error = one(fail.retry(twice)).invoke(Job::update()).await.unwrap_err();
    assert_eq!(error.failure().unwrap().attempts, 3);
}

#[tokio::test(start_paused = true)]
async fn a_boxed_error_is_found_by_its_type_like_any_other() {
    type Boxed = Box<dyn std::error::Error + Send + Sync>;
    async fn boxed() -> Result<JobUpdate, NodeError> {
        let call = || -> Result<JobUpdate, Boxed> { Err(Call(Busy))? };
        call().or_retry()
    }
    let error = one(boxed.retry(busy(3))).invoke(Job::update()).await.unwrap_err();
    let failure = error.failure().unwrap();
    assert_eq!((failure.attempts, failure.error.as_str()), (3, "the call failed: the line is busy"));
    async fn text() -> Result<JobUpdate, NodeError> {
        Err("no such page").or_terminal()
    }
    let error = one(text.retry(RetryPolicy::attempts(3))).invoke(Job::update()).await.unwrap_err();
    assert_eq!(error.to_string(), r#"node "work" failed in step 1: no such page"#);
}

#[test]
fn the_settings_of_every_policy_are_checked() {
    let error = StateGraph::<Job>::new("job")
        .node("work", moody.retry(RetryPolicy::attempts(0)).retry(RetryPolicy::attempts(2).jitter(2.0)))
        .edge(START, "work")
        .edge("work", END)
        .compile()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "graph \"job\" cannot be built\n\
         - node \"work\": a retry policy needs at least one attempt\n\
         - node \"work\": the jitter of a retry policy is between 0 and 1"
    );
}
