//! Savers of every database keep the promises of the trait, and what they promise beyond it.

use std::sync::Arc;

use medha_connectors::savers::{SaverOptions, SqliteSaver};
use medha_graph::prelude::*;
use medha_graph::store::retention::Retention;
use medha_graph::store::{
    CheckpointErrorKind, Checkpointer, HistoryQuery, Line, StoredCheckpoint, ThreadKey, conformance,
};

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
async fn check_two_processes(one: Arc<dyn Checkpointer>, other: Arc<dyn Checkpointer>) {
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

async fn check_size_limit(small: &dyn Checkpointer, key: &ThreadKey) {
    let error = small.load(key, None).await.unwrap_err();
    assert!(matches!(error.kind, CheckpointErrorKind::TooLarge { limit: 600, .. }), "{error}");
    assert!(error.to_string().contains("bytes and the saver reads at most 600; raise its limit"), "{error}");
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

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_every_promise() {
    let folder = tempfile::tempdir().unwrap();
    check_promises(&SqliteSaver::open(folder.path().join("a.db")).await.unwrap()).await;
    check_promises(&SqliteSaver::open("sqlite::memory:").await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_share_a_sqlite_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let (one, other) = tokio::join!(SqliteSaver::open(&path), SqliteSaver::open(&path));
    check_two_processes(Arc::new(one.unwrap()), Arc::new(other.unwrap())).await;
}

#[tokio::test]
async fn sqlite_says_when_something_is_too_large_to_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let key = ThreadKey::root("t");
    SqliteSaver::open(&path).await.unwrap().commit(&key, None, large(10_000)).await.unwrap();
    let small = SqliteSaver::open_with(&path, &SaverOptions::default().max_bytes(600)).await.unwrap();
    check_size_limit(&small, &key).await;
    let listed = small.history(&key, &HistoryQuery::default()).await.unwrap();
    assert_eq!(listed.len(), 1, "what was written is not read for a list");
}

#[cfg(feature = "postgres")]
mod postgres {
    use medha_connectors::savers::PostgresSaver;

    use super::super::servers::Server;
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn postgres_keeps_every_promise() {
        let test = |url: String| async move {
            let saver = PostgresSaver::connect(&url).await.unwrap();
            check_promises(&saver).await;
            saver.close().await;
        };
        Server::Postgres.with_database(test).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn two_processes_share_a_postgres_database() {
        let test = |url: String| async move {
            let (one, other) = tokio::join!(PostgresSaver::connect(&url), PostgresSaver::connect(&url));
            check_two_processes(Arc::new(one.unwrap()), Arc::new(other.unwrap())).await;
        };
        Server::Postgres.with_database(test).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn postgres_holds_a_value_of_a_hundred_megabytes() {
        let test = |url: String| async move {
            let (saver, key) = (PostgresSaver::connect(&url).await.unwrap(), ThreadKey::root("t"));
            saver.commit(&key, None, large(100_000_000)).await.unwrap();
            let head = saver.load(&key, None).await.unwrap().unwrap();
            assert!(head.checkpoint == large(100_000_000));
        };
        Server::Postgres.with_database(test).await;
    }
}

#[cfg(feature = "mysql")]
mod mysql {
    use medha_connectors::savers::MySqlSaver;

    use super::super::servers::Server;
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn mysql_keeps_every_promise() {
        let test = |url: String| async move {
            let saver = MySqlSaver::connect(&url).await.unwrap();
            check_promises(&saver).await;
        };
        Server::MySql.with_database(test).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn two_processes_share_a_mysql_database() {
        let test = |url: String| async move {
            let (one, other) = tokio::join!(MySqlSaver::connect(&url), MySqlSaver::connect(&url));
            check_two_processes(Arc::new(one.unwrap()), Arc::new(other.unwrap())).await;
        };
        Server::MySql.with_database(test).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn mysql_names_the_setting_that_a_large_value_runs_into() {
        let test = |url: String| async move {
            let (saver, key) = (MySqlSaver::connect(&url).await.unwrap(), ThreadKey::root("t"));
            let large = large(1_100_000_000 / 8);
            match saver.commit(&key, None, large.clone()).await {
                Ok(()) => assert!(saver.load(&key, None).await.unwrap().unwrap().checkpoint == large),
                Err(error) => {
                    let error = error.to_string();
                    assert!(error.contains("raise its `max_allowed_packet`"), "{error}");
                }
            }
            assert!(saver.load(&ThreadKey::root("u"), None).await.unwrap().is_none(), "it goes on");
        };
        Server::MySql.with_database(test).await;
    }
}
