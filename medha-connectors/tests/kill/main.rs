//! A run that is killed at random moments, again and again, ends as if nothing had happened; `retrieval` does the same to an
//! index.
//!
//! This binary is its own child: with `child` it runs a graph of 1,000 supersteps on a real database, and the parent
//! kills it with SIGKILL. `MEDHA_TEST_KILLS` says how often (5 if not said; 50 takes about half a minute).
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "the parent waits for a process")]

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use medha_connectors::savers::SqliteSaver;
use medha_graph::prelude::*;
use medha_graph::store::Checkpointer;

mod retrieval;
#[cfg(all(feature = "postgres", feature = "mysql"))]
#[path = "../servers/harness.rs"]
mod harness;
#[cfg(all(feature = "postgres", feature = "mysql"))]
#[path = "../servers/servers.rs"]
#[allow(dead_code, reason = "the tests of servers use the rest")]
mod servers;
#[cfg(all(feature = "postgres", feature = "mysql"))]
#[path = "../servers/databases.rs"]
#[allow(unused_imports, unused_macros, reason = "the tests of servers use the rest")]
mod databases;

const STEPS: u32 = 1_000;

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Work {
    n: u32,
    #[state(append)]
    log: Vec<u32>,
}

#[derive(Route)]
enum Next {
    #[route("work")]
    More,
    #[route(END)]
    Done,
}

async fn work(state: &Work, ctx: Ctx) -> Result<WorkUpdate, NodeError> {
    let n = state.n + 1;
    let sink: Arc<PathBuf> = ctx.context()?;
    let recorded: u32 = ctx
        .once("send", |key| async move {
            let mut file = OpenOptions::new().append(true).create(true).open(&*sink)?;
            file.write_all(format!("{key} {n}\n").as_bytes())?;
            Ok::<_, std::io::Error>(n)
        })
        .await?;
    Ok(Work::update().n(recorded).log([recorded]))
}

fn next(state: &Work) -> Next {
    if state.n < STEPS { Next::More } else { Next::Done }
}

async fn open(address: &str) -> Arc<dyn Checkpointer> {
    #[cfg(feature = "postgres")]
    if address.starts_with("postgres") {
        return Arc::new(medha_connectors::savers::PostgresSaver::connect(address).await.unwrap());
    }
    Arc::new(SqliteSaver::open(address).await.unwrap())
}

/// Goes on until the thread is done.
async fn run(saver: Arc<dyn Checkpointer>, sink: &Path) -> Work {
    let graph = StateGraph::new("work")
        .node("work", work)
        .edge(START, "work")
        .conditional_edge("work", next)
        .compile()
        .unwrap()
        .with_context(Arc::new(sink.to_owned()))
        .with_step_limit(u64::from(STEPS) + 1)
        .with_checkpointer(saver);
    let thread = graph.thread("t");
    let outcome = match thread.state().await.unwrap() {
        None => thread.invoke(Work::update()).await,
        Some(_) => thread.resume(Resume::next()).await,
    };
    outcome.unwrap().into_state()
}

fn start(address: &str, sink: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg("child").arg(address).arg(sink).stdin(Stdio::null()).spawn().unwrap()
}

fn lines(sink: &Path) -> usize {
    std::fs::read(sink).map_or(0, |bytes| bytes.iter().filter(|byte| **byte == b'\n').count())
}

/// Kills the child when it has sent some more, at a moment nobody has chosen.
fn kill_soon(address: &str, sink: &Path, kills: usize) {
    let goal = lines(sink) + fastrand::usize(0..=STEPS as usize / (kills + 1));
    let mut child = start(address, sink);
    let began = Instant::now();
    while lines(sink) < goal && began.elapsed() < Duration::from_secs(60) {
        assert!(child.try_wait().unwrap().is_none(), "the child ended by itself");
        std::thread::sleep(Duration::from_micros(300));
    }
    std::thread::sleep(Duration::from_micros(fastrand::u64(0..3_000)));
    child.kill().unwrap();
    child.wait().unwrap();
}

async fn check(address: &str, folder: &Path, kills: usize) {
    let (sink, quiet_sink) = (folder.join("sink"), folder.join("quiet sink"));
    let quiet = run(Arc::new(MemorySaver::default()), &quiet_sink).await;
    for _ in 0..kills {
        kill_soon(address, &sink, kills);
    }
    assert!(start(address, &sink).wait().unwrap().success());
    let state = run(open(address).await, &sink).await;
    assert_eq!(state, quiet);
    let sent = std::fs::read_to_string(&sink).unwrap();
    let mut by_key: BTreeMap<&str, &str> = BTreeMap::new();
    for line in sent.lines() {
        let (key, n) = line.split_once(' ').unwrap();
        assert_eq!(*by_key.entry(key).or_insert(n), n, "one key, one effect");
    }
    let mut seen: Vec<u32> = by_key.values().map(|n| n.parse().unwrap()).collect();
    seen.sort_unstable();
    assert_eq!(seen, (1..=STEPS).collect::<Vec<_>>(), "each effect once, by its key");
}

fn kills() -> usize {
    std::env::var("MEDHA_TEST_KILLS").map_or(5, |text| text.parse().unwrap())
}

async fn a_run_over_sqlite_that_is_killed_again_and_again_ends_like_a_quiet_one() {
    let folder = tempfile::tempdir().unwrap();
    check(&format!("sqlite:{}", folder.path().join("a.db").display()), folder.path(), kills()).await;
}

#[cfg(all(feature = "postgres", feature = "mysql"))]
async fn a_run_over_postgres_that_is_killed_again_and_again_ends_like_a_quiet_one(address: String) {
    let folder = tempfile::tempdir().unwrap();
    check(&address, folder.path(), kills()).await;
}

fn block_on(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(test);
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [word, address, sink] if word == "child" => {
            return block_on(async { drop(run(open(address).await, Path::new(sink)).await) });
        }
        [word, path, sink] if word == "index" => {
            return block_on(retrieval::child(Path::new(path), Path::new(sink)));
        }
        _ => {}
    }
    let trials = vec![
        Trial::test("a_run_over_sqlite_that_is_killed_again_and_again_ends_like_a_quiet_one", || {
            block_on(a_run_over_sqlite_that_is_killed_again_and_again_ends_like_a_quiet_one());
            Ok(())
        }),
        Trial::test(retrieval::TEST, || {
            block_on(retrieval::parent(kills()));
            Ok(())
        }),
        #[cfg(all(feature = "postgres", feature = "mysql"))]
        databases::with_database(
            servers::Server::Postgres,
            "a_run_over_postgres_that_is_killed_again_and_again_ends_like_a_quiet_one",
            a_run_over_postgres_that_is_killed_again_and_again_ends_like_a_quiet_one,
        ),
    ];
    libtest_mimic::run(&libtest_mimic::Arguments::from_args(), trials).exit();
}
