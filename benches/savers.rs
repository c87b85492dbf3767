//! What a superstep costs on a disk, beside one bare commit of as many bytes. Prints figures and their bars.
//!
//! Run it with `cargo bench --bench savers`. The files lie in the folder of the build, on the disk that is measured.

#![allow(clippy::disallowed_methods, reason = "a bench reads the clock")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use medha_connectors::savers::SqliteSaver;
use medha_graph::prelude::*;
use medha_graph::store::{Checkpointer, HistoryQuery, ThreadKey};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;
use tokio::runtime::Runtime;

const STEPS: u64 = 300;
const ROUNDS: usize = 9;
/// Supersteps may take this many times the time of bare commits.
const BAR: f64 = 1.5;

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Work {
    count: u64,
}

async fn count(work: &Work) -> WorkUpdate {
    Work::update().count(work.count + 1)
}

#[derive(Route)]
enum Again {
    #[route("count")]
    Yes,
    #[route(END)]
    No,
}

fn graph() -> CompiledGraph<Work> {
    StateGraph::new("loop")
        .node("count", count)
        .edge(START, "count")
        .conditional_edge("count", |work: &Work| if work.count < STEPS { Again::Yes } else { Again::No })
        .compile()
        .unwrap()
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let bytes = runtime.block_on(bytes_of_a_checkpoint());
    let mut ratios: Vec<(f64, Duration, Duration)> = (0..ROUNDS)
        .map(|_| {
            let (ours, bare) = (stored_run(&runtime), bare_commits(&runtime, bytes));
            (ours.as_secs_f64() / bare.as_secs_f64(), ours, bare)
        })
        .collect();
    ratios.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (ratio, ours, bare) = ratios[ROUNDS / 2];
    println!(
        "{STEPS} supersteps in a SQLite file, each flushed to the disk: {ratio:.2} times as many bare commits of {bytes} bytes \
         ({:.0} us and {:.0} us each), at most {BAR}",
        micros(ours),
        micros(bare)
    );
    if ratio <= BAR { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn micros(all: Duration) -> f64 {
    all.as_secs_f64() * 1e6 / STEPS as f64
}

fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

fn stored_run(runtime: &Runtime) -> Duration {
    let folder = folder();
    let saver = runtime.block_on(SqliteSaver::open(folder.path().join("threads.db"))).unwrap();
    let graph = graph().with_checkpointer(saver.clone());
    // The first use opens the connection.
    assert!(runtime.block_on(saver.threads(None, 1)).unwrap().is_empty());
    let begin = Instant::now();
    let outcome = runtime.block_on(graph.thread("t").invoke(Work::update())).unwrap();
    let elapsed = begin.elapsed();
    assert!(outcome.is_done());
    runtime.block_on(saver.close());
    elapsed
}

/// As many commits to a file in the same mode, one row each.
fn bare_commits(runtime: &Runtime, bytes: usize) -> Duration {
    let folder = folder();
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("bare.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    runtime.block_on(async {
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        let table = "CREATE TABLE row (id INTEGER PRIMARY KEY, bytes TEXT NOT NULL)";
        sqlx::query(table).execute(&mut connection).await.unwrap();
        let text = "x".repeat(bytes);
        let begin = Instant::now();
        for _ in 0..STEPS {
            let insert = sqlx::query("INSERT INTO row (bytes) VALUES (?)").bind(&text);
            insert.execute(&mut connection).await.unwrap();
        }
        let elapsed = begin.elapsed();
        connection.close().await.unwrap();
        elapsed
    })
}

/// What one checkpoint of the run takes, serialised.
async fn bytes_of_a_checkpoint() -> usize {
    let saver = MemorySaver::default();
    graph().with_checkpointer(saver.clone()).thread("t").invoke(Work::update()).await.unwrap();
    let query = HistoryQuery { limit: Some(1), ..HistoryQuery::default() };
    let last = saver.history(&ThreadKey::root("t"), &query).await.unwrap();
    serde_json::to_vec(&last[0]).unwrap().len()
}
