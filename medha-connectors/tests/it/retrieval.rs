//! The retrieval index in a SQLite file.

use std::sync::Arc;

use medha_connectors::retrieval::{
    Embedder, Entry, EntryKind, Query, RetrievalIndex, SqliteIndex, conformance,
};
use proptest::prelude::*;
use sea_orm::{ConnectionTrait, Database};

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_every_promise_of_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    let open = async |embedder: Arc<dyn Embedder>| {
        Arc::new(SqliteIndex::open_with(&path, embedder).await.unwrap()) as Arc<dyn RetrievalIndex>
    };
    assert_eq!(conformance::broken_promises(open).await, Vec::<String>::new());
}

#[tokio::test]
async fn an_index_in_memory_serves_like_one_in_a_file() {
    let index = SqliteIndex::open("sqlite::memory:").await.unwrap();
    let entries =
        [Entry::new("a", EntryKind::Table, "warehouse_stock"), Entry::new("b", EntryKind::Table, "x")];
    index.upsert("c", &entries).await.unwrap();
    let hits = index.search(&Query::new("c", "stock in warehouses")).await.unwrap();
    assert_eq!(hits.iter().map(|hit| hit.entry.id.as_str()).collect::<Vec<_>>(), ["a"]);
    let (one, other) = (Query::new("c", "stock"), Query::new("c", "warehouse"));
    let (one, other) = tokio::join!(index.search(&one), index.search(&other));
    assert_eq!((one.unwrap().len(), other.unwrap().len()), (1, 1));
}

#[tokio::test]
async fn tables_of_a_newer_program_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    SqliteIndex::open(&path).await.unwrap().close().await;
    let raw = Database::connect(format!("sqlite://{}", path.display())).await.unwrap();
    raw.execute_unprepared("INSERT INTO medha_retrieval_schema (version) VALUES (99)").await.unwrap();
    let error = SqliteIndex::open(&path).await.unwrap_err().to_string();
    let expected = "its tables have version 99, and this program knows version 1; use a newer program";
    assert!(error.ends_with(expected), "{error}");
}

#[tokio::test]
async fn rows_of_the_first_version_can_be_read_and_damaged_ones_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    SqliteIndex::open(&path).await.unwrap().close().await;
    let raw = Database::connect(format!("sqlite://{}", path.display())).await.unwrap();
    for statement in [
        "INSERT INTO medha_retrieval_collection (number, name, embedder, dimensions, storage, generation, revision, removed)
         VALUES (7, CAST('shop' AS BLOB), 'hash-ngram-1024-v1', 1024, 'scanned', 1, 3, 0)",
        "INSERT INTO medha_retrieval_entry (number, collection, id, kind, revision, record) VALUES (9, 7,
         CAST('t' AS BLOB), 'table', 3, '{\"format\":1,\"text\":\"orders\",\"payload\":{\"a\":1}}')",
        "INSERT INTO medha_retrieval_vector (number, generation, bytes) VALUES (9, 1, zeroblob(1028))",
        "INSERT INTO medha_retrieval_words (rowid, scope, words) VALUES (9, 'c7', 'orders')",
    ] {
        raw.execute_unprepared(statement).await.unwrap();
    }
    let index = SqliteIndex::open(&path).await.unwrap();
    let hits = index.search(&Query::new("shop", "order")).await.unwrap();
    let payload = serde_json::json!({"a": 1});
    assert_eq!(hits[0].entry, Entry::new("t", EntryKind::Table, "orders").with_payload(payload));
    for (record, reason) in [
        ("{\"format\":2,\"text\":\"orders\"}", "it has version 2, and this program knows 1"),
        ("[", "EOF while parsing a list at line 1 column 1"),
    ] {
        raw.execute_unprepared(&format!("UPDATE medha_retrieval_entry SET record = '{record}'"))
            .await
            .unwrap();
        let error = index.search(&Query::new("shop", "order")).await.unwrap_err().to_string();
        assert_eq!(error, format!("entry \"t\" of the index is damaged: {reason}; upsert it again"));
    }
    index.upsert("shop", &[Entry::new("t", EntryKind::Table, "orders")]).await.unwrap();
    let hits = index.search(&Query::new("shop", "order")).await.unwrap();
    assert!(hits[0].ranks.vectors.is_some(), "{hits:?}");
}

#[tokio::test]
async fn a_file_that_is_no_index_says_which() {
    let folder = tempfile::tempdir().unwrap();
    let error = SqliteIndex::open(folder.path()).await.unwrap_err().to_string();
    assert!(error.contains("unable to open database file"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_can_be_put_in_and_asked_and_what_was_removed_stays_away(
        texts in proptest::collection::vec("\\PC{0,60}|[\"'*(){}:^a-c \\x00-]{0,40}|(NEAR|AND|OR|NOT| |\"|\\*|[a-z])*", 1..8),
        question in "\\PC{0,80}|[\"'*():^+a-c -]{0,40}",
        gone in 0..8_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let index = SqliteIndex::open("sqlite::memory:").await.unwrap();
            let entries: Vec<Entry> = texts
                .iter()
                .enumerate()
                .map(|(n, text)| Entry::new(n.to_string(), EntryKind::Document, text.clone()))
                .collect();
            index.upsert("c", &entries).await.unwrap();
            for text in texts.iter().chain([&question]) {
                index.search(&Query::new("c", text.clone())).await.unwrap();
            }
            let gone = (gone % texts.len()).to_string();
            assert_eq!(index.remove("c", std::slice::from_ref(&gone)).await.unwrap(), 1);
            for text in texts.iter().chain([&question]) {
                let hits = index.search(&Query::new("c", text.clone())).await.unwrap();
                assert!(hits.iter().all(|hit| hit.entry.id != gone));
            }
        });
    }
}
