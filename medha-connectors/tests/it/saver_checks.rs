//! What savers of every database are checked for, beside the suite of the trait.

use std::sync::Arc;

use medha_graph::prelude::*;
use medha_graph::store::retention::Retention;
use medha_graph::store::{Checkpointer, Line, StoredCheckpoint, conformance};

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Log {
    #[state(append)]
    pub(crate) lines: Vec<String>,
    pub(crate) note: String,
}

async fn add(log: &Log) -> LogUpdate {
    Log::update().lines([format!("line {} {}", log.lines.len(), "x".repeat(1_000))])
}

/// Fifty lines a run.
pub(crate) fn log_graph(saver: impl Checkpointer) -> CompiledGraph<Log> {
    StateGraph::new("log")
        .node("add", add)
        .edge(START, "add")
        .conditional_edge("add", again)
        .compile()
        .unwrap()
        .with_checkpointer(saver)
}

#[derive(Route)]
enum Again {
    #[route("add")]
    Add,
    #[route(END)]
    Stop,
}

fn again(log: &Log) -> Again {
    if log.lines.len().is_multiple_of(50) { Again::Stop } else { Again::Add }
}

pub(crate) async fn check_promises(saver: &dyn Checkpointer) {
    assert_eq!(conformance::broken_promises(saver).await, Vec::<String>::new());
}

/// Two savers of one database, as in two processes: both run, prune and copy, and none sees half of anything.
pub(crate) async fn check_two_processes(one: Arc<dyn Checkpointer>, other: Arc<dyn Checkpointer>) {
    let mut runs = Vec::new();
    for number in 0..6 {
        let saver = if number % 2 == 0 { Arc::clone(&one) } else { Arc::clone(&other) };
        runs.push(tokio::spawn(async move {
            let thread = log_graph(saver).thread(format!("t{number}"));
            thread.invoke(Log::update()).await.unwrap().into_state().lines.len()
        }));
    }
    for run in runs {
        assert_eq!(run.await.unwrap(), 50);
    }
    let threads = other.threads(None, 100).await.unwrap();
    assert_eq!(threads, ["t0", "t1", "t2", "t3", "t4", "t5"]);
    let retention = Retention::last(3);
    let (first, second) = tokio::join!(other.prune("t0", &retention), one.copy("t1", "copy of t1", Line(9)));
    assert_eq!((first.unwrap().checkpoints, second.is_ok()), (48, true));
    for thread in ["t0", "copy of t1"] {
        let done =
            log_graph(Arc::clone(&one)).thread(thread).invoke(Log::update().note("more")).await.unwrap();
        assert_eq!(done.state().lines.len(), 100, "{thread}");
        let history = log_graph(Arc::clone(&other)).thread(thread).history(53).await.unwrap();
        assert_eq!(history.last().unwrap().state.lines.len(), 49, "{thread}");
    }
    let race = futures_util::future::join_all((0..8).map(|number| {
        let saver = if number % 2 == 0 { Arc::clone(&one) } else { Arc::clone(&other) };
        tokio::spawn(async move { log_graph(saver).thread("t5").invoke(Log::update()).await.is_ok() })
    }));
    let winners = race.await.into_iter().filter(|won| *won.as_ref().unwrap()).count();
    assert!((1..=8).contains(&winners));
    let state = log_graph(other).thread("t5").state().await.unwrap().unwrap().state;
    assert_eq!(state.lines.len() % 50, 0, "whoever lost has written nothing");
}

/// A checkpoint with a value of so many bytes.
pub(crate) fn large(bytes: usize) -> StoredCheckpoint {
    let text = format!(
        r#"{{"format":2,"id":1,"parent":null,"line":"00000000000000aa","run":"00000000000000bb","graph":"g",
        "version":1,"fingerprint":"00","cause":"superstep","step":1,"saved_at":1,"fields":[],"next":[],
        "written":{{"values":[{{"field":"v","json":"{}"}}]}}}}"#,
        "v".repeat(bytes)
    );
    serde_json::from_str(&text).unwrap()
}
