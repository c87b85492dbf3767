//! An index that is filled and re-embedded by a process that is killed at random moments has whole batches, whole vectors and
//! nothing twice, and the work goes on where it was.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use medha_connectors::retrieval::{
    EmbedError, Embedder, Entry, EntryKind, Query, RetrievalIndex, SqliteIndex,
};

use super::lines;

pub(crate) const TEST: &str = "an_index_that_is_killed_again_and_again_holds_whole_batches";
/// Entries go in 500 at a time.
const BATCH: usize = 500;
const BATCHES: usize = 8;

/// Notes each call; there is nothing to learn from its vectors.
#[derive(Debug)]
struct Noted {
    id: &'static str,
    sink: PathBuf,
}

impl Noted {
    fn new(id: &'static str, sink: &Path) -> Arc<Self> {
        Arc::new(Self { id, sink: sink.to_owned() })
    }
}

#[async_trait]
impl Embedder for Noted {
    fn id(&self) -> &str {
        self.id
    }

    fn dimensions(&self) -> usize {
        2
    }

    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        note(&self.sink)?;
        Ok(texts.iter().map(|_| vec![1.0, 0.5]).collect())
    }
}

/// Fills the index, or goes on with that, and then re-embeds it.
pub(crate) async fn child(path: &Path, sink: &Path) {
    let index = SqliteIndex::open_with(path, Noted::new("first", sink)).await.unwrap();
    // What was exchanged before a kill is the second one's.
    let is_done = index.status().await.unwrap().collections.iter().any(|one| one.embedder == "second");
    if !is_done {
        for batch in 0..BATCHES {
            index.upsert("c", &entries(batch)).await.unwrap();
        }
    }
    index.reembed("c", Noted::new("second", sink)).await.unwrap().finished().await.unwrap();
}

pub(crate) async fn parent(kills: usize) {
    let folder = tempfile::tempdir().unwrap();
    let (path, sink) = (folder.path().join("index.db"), folder.path().join("sink"));
    // One call for each batch, and one for each hundred entries that are re-embedded.
    let work = BATCHES + BATCHES * BATCH / 100;
    let mut killed = 0;
    for _ in 0..kills {
        killed += usize::from(kill_soon(&path, &sink, work / (kills + 1)));
        check(&path, &sink).await;
    }
    assert!(killed > 0, "it was never killed");
    assert!(start(&path, &sink).wait().unwrap().success());
    let status = check(&path, &sink).await;
    assert_eq!(status, Some(((BATCHES * BATCH) as u64, "second".to_owned())));
}

/// Whole batches, each entry found by its words and by its vector; gives how many there are, and whose.
async fn check(path: &Path, sink: &Path) -> Option<(u64, String)> {
    let status = SqliteIndex::open(path).await.unwrap().status().await.unwrap().collections.pop()?;
    assert_eq!(status.entries % BATCH as u64, 0, "half a batch");
    let id = if status.embedder == "second" { "second" } else { "first" };
    let index = SqliteIndex::open_with(path, Noted::new(id, sink)).await.unwrap();
    let hits = index.search(&Query::new("c", "harbours").limit(10_000)).await.unwrap();
    assert_eq!(hits.len() as u64, status.entries);
    assert!(hits.iter().all(|hit| hit.ranks.words.is_some() && hit.ranks.vectors.is_some()));
    index.close().await;
    Some((status.entries, status.embedder))
}

/// False if the work was done before it could be killed.
fn kill_soon(path: &Path, sink: &Path, most: usize) -> bool {
    let goal = lines(sink) + fastrand::usize(0..=most);
    let mut child = start(path, sink);
    let began = Instant::now();
    while lines(sink) < goal && began.elapsed() < Duration::from_secs(60) {
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "the child failed by itself");
            return false;
        }
        std::thread::sleep(Duration::from_micros(300));
    }
    std::thread::sleep(Duration::from_micros(fastrand::u64(0..20_000)));
    child.kill().unwrap();
    child.wait().unwrap();
    true
}

fn start(path: &Path, sink: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg("index").arg(path).arg(sink).stdin(Stdio::null()).spawn().unwrap()
}

fn entries(batch: usize) -> Vec<Entry> {
    let of_batch = batch * BATCH..(batch + 1) * BATCH;
    of_batch.map(|n| Entry::new(n.to_string(), EntryKind::Document, format!("harbour {n}"))).collect()
}

fn note(sink: &Path) -> std::io::Result<()> {
    OpenOptions::new().append(true).create(true).open(sink)?.write_all(b"x\n")
}
