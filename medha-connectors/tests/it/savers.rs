//! Savers of SQLite files keep the promises of the trait, and what they promise beyond it.

use std::sync::Arc;

use medha_connectors::savers::{SaverOptions, SqliteSaver};
use medha_graph::store::{CheckpointErrorKind, Checkpointer, HistoryQuery, ThreadKey};

use crate::saver_checks::{check_promises, check_two_processes, large};

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

async fn check_size_limit(small: &dyn Checkpointer, key: &ThreadKey) {
    let error = small.load(key, None).await.unwrap_err();
    assert!(matches!(error.kind, CheckpointErrorKind::TooLarge { limit: 600, .. }), "{error}");
    assert!(error.to_string().contains("bytes and the saver reads at most 600; raise its limit"), "{error}");
}
