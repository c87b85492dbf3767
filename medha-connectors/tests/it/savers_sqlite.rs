//! What a SQLite file of checkpoints is like: its size, its errors, its versions.

use medha_connectors::savers::{SaverOptions, SqliteSaver, Synchronous};
use medha_graph::store::{Checkpointer, HistoryQuery, StoredCheckpoint, ThreadKey};
use sea_orm::{ConnectionTrait, Database};

use crate::saver_checks::{Log, large, log_graph};

#[tokio::test]
async fn storage_grows_with_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let saver = SqliteSaver::open_with(&path, &SaverOptions::default().synchronous(Synchronous::Normal))
        .await
        .unwrap();
    let thread = log_graph(saver.clone()).thread("t");
    for _ in 0..10 {
        thread.invoke(Log::update()).await.unwrap();
    }
    saver.close().await;
    let bytes = std::fs::metadata(&path).unwrap().len();
    let memory = medha_graph::MemorySaver::default();
    let thread = log_graph(memory.clone()).thread("t");
    for _ in 0..10 {
        thread.invoke(Log::update()).await.unwrap();
    }
    let all = memory.history(&ThreadKey::root("t"), &HistoryQuery::default()).await.unwrap();
    let serialised = serde_json::to_string(&all).unwrap().len();
    println!("500 appends of 1 KiB: {serialised} bytes of JSON, a file of {bytes} bytes");
    assert!(serialised < 2_000_000, "500 KB were written, and {serialised} bytes are stored");
    assert!((500_000..3_000_000).contains(&bytes), "500 KB were written, and the file has {bytes} bytes");
    let read = SqliteSaver::open(&path).await.unwrap();
    let state = log_graph(read).thread("t").state().await.unwrap().unwrap().state;
    assert_eq!(state.lines.len(), 500);
}

#[tokio::test]
async fn a_value_of_a_hundred_megabytes_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let (saver, key) = (SqliteSaver::open(folder.path().join("a.db")).await.unwrap(), ThreadKey::root("t"));
    let large = large(100_000_000);
    saver.commit(&key, None, large.clone()).await.unwrap();
    assert!(saver.load(&key, None).await.unwrap().unwrap().checkpoint == large);
}

#[tokio::test]
async fn a_name_that_fits_no_index_is_refused_in_plain_words() {
    let saver = SqliteSaver::open("sqlite::memory:").await.unwrap();
    let error =
        saver.commit(&ThreadKey::root("x".repeat(1_001)), None, large(1)).await.unwrap_err().to_string();
    let expected =
        "the storage failed: the name of a thread or a namespace has 1001 bytes, and this saver takes 1000";
    assert!(error.ends_with(expected), "{error}");
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_says_which() {
    let folder = tempfile::tempdir().unwrap();
    let error = SqliteSaver::open(folder.path()).await.unwrap_err().to_string();
    assert!(error.contains("cannot open"), "{error}");
    let text = folder.path().join("notes.txt");
    std::fs::write(
        &text,
        "these are notes, not a database, and there are enough of them to see that".repeat(20),
    )
    .unwrap();
    let error = SqliteSaver::open(&text).await.unwrap_err().to_string();
    assert!(error.contains("file is not a database"), "{error}");
}

#[tokio::test]
async fn tables_of_a_newer_program_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    SqliteSaver::open(&path).await.unwrap().close().await;
    let raw = Database::connect(format!("sqlite://{}", path.display())).await.unwrap();
    raw.execute_unprepared("INSERT INTO medha_saver_schema (version) VALUES (99)").await.unwrap();
    let error = SqliteSaver::open(&path).await.unwrap_err().to_string();
    let expected = "its tables have version 99, and this program knows version 1; use a newer program";
    assert!(error.ends_with(expected), "{error}");
}

#[tokio::test]
async fn a_damaged_row_is_an_error_of_its_thread_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let saver = SqliteSaver::open(&path).await.unwrap();
    for thread in ["t", "u"] {
        saver.commit(&ThreadKey::root(thread), None, large(10)).await.unwrap();
    }
    let raw = Database::connect(format!("sqlite://{}", path.display())).await.unwrap();
    let break_it = "UPDATE medha_checkpoint SET written = '{\"values\":[{' WHERE thread = CAST('t' AS BLOB)";
    assert_eq!(raw.execute_unprepared(break_it).await.unwrap().rows_affected(), 1);
    let error = saver.load(&ThreadKey::root("t"), None).await.unwrap_err().to_string();
    assert!(
        error.starts_with(r#"cannot load the checkpoint of thread "t": it is damaged: EOF while parsing"#),
        "{error}"
    );
    assert!(saver.load(&ThreadKey::root("u"), None).await.unwrap().is_some());
    let deep = format!("UPDATE medha_checkpoint SET record = '{}'", "[".repeat(100_000));
    raw.execute_unprepared(&deep).await.unwrap();
    let error = saver.load(&ThreadKey::root("u"), None).await.unwrap_err().to_string();
    assert!(error.contains("it is damaged"), "{error}");
}

#[tokio::test]
async fn rows_of_the_first_version_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    SqliteSaver::open(&path).await.unwrap().close().await;
    let raw = Database::connect(format!("sqlite://{}", path.display())).await.unwrap();
    let row = r#"INSERT INTO medha_checkpoint VALUES (CAST('t' AS BLOB), CAST('' AS BLOB), 2, 170, 1, 187, 'superstep',
        1700000000000, 0, 0, '{"user":"u1"}',
        '{"format":2,"id":2,"parent":1,"line":"00000000000000aa","run":"00000000000000bb","graph":"g","version":1,
          "fingerprint":"00","cause":"superstep","step":1,"saved_at":1700000000000,"fields":[],"next":[],"written":{}}',
        '{"values":[{"field":"n","json":41}]}')"#;
    raw.execute_unprepared(row).await.unwrap();
    raw.close().await.unwrap();
    let saver = SqliteSaver::open(&path).await.unwrap();
    let head = saver.load(&ThreadKey::root("t"), None).await.unwrap().unwrap().checkpoint;
    let expected: StoredCheckpoint = serde_json::from_str(
        r#"{"format":2,"id":2,"parent":1,"line":"00000000000000aa","run":"00000000000000bb","graph":"g","version":1,
        "fingerprint":"00","cause":"superstep","step":1,"saved_at":1700000000000,"metadata":{"user":"u1"},"fields":[],
        "next":[],"written":{"values":[{"field":"n","json":41}]}}"#,
    )
    .unwrap();
    assert_eq!(head, expected);
}
