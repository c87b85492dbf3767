//! Queries that are stopped: the database's work ends, and the connection goes on.

use std::time::Duration;

use futures_util::StreamExt;
use medha_connectors::{Connector, ConnectorError, Guard, GuardedSql, QueryOptions, Value};
use tokio_util::sync::CancellationToken;

use crate::files::{Made, ask, made};

/// Work of minutes in a file of a few kilobytes.
async fn numbers() -> Made {
    made(
        "CREATE TABLE n (i INT);
         WITH RECURSIVE up(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM up WHERE i < 1000) INSERT INTO n SELECT i FROM up;",
    )
    .await
}

async fn endless(connector: &dyn Connector) -> GuardedSql {
    let guard = Guard::new(connector.dialect(), connector.schema().await.unwrap().into());
    guard.check("SELECT count(*) FROM n a, n b, n c, n d WHERE a.i + b.i + c.i + d.i = 0", 10).unwrap()
}

#[tokio::test]
async fn a_deadline_stops_the_database_and_the_connection_is_usable() {
    let file = numbers().await;
    let reader = file.open().await;
    let sql = endless(&reader).await;
    for _ in 0..6 {
        let deadline = Duration::from_millis(30);
        let options = QueryOptions { deadline, ..Default::default() };
        let outcome = async { reader.query(&sql, options).await?.collect().await };
        let error = outcome.await.unwrap_err();
        assert_eq!(error.to_string(), "the query was stopped after 30ms; ask for less or raise the deadline");
        assert_eq!(ask(&reader, "SELECT count(*) FROM n").await.rows, [[Value::Integer(1000)]]);
    }
}

#[tokio::test]
async fn cancelling_stops_the_database_and_the_connection_is_usable() {
    let file = numbers().await;
    let reader = file.open().await;
    let sql = endless(&reader).await;
    let cancel = CancellationToken::new();
    let options = QueryOptions { cancel: cancel.clone(), ..Default::default() };
    let rows = reader.query(&sql, options.clone()).await.unwrap();
    let (outcome, ()) = tokio::join!(rows.collect(), async { cancel.cancel() });
    assert!(matches!(outcome, Err(ConnectorError::Cancelled)), "{outcome:?}");
    let before = reader.query(&sql, options).await.unwrap_err();
    assert_eq!(before.to_string(), "the query was cancelled");
    assert_eq!(ask(&reader, "SELECT count(*) FROM n").await.rows, [[Value::Integer(1000)]]);
}

/// More streams than connections are dropped while the database works; if it went on working, the last question would
/// have to wait for minutes.
#[tokio::test]
async fn dropping_the_stream_stops_the_database() {
    let file = numbers().await;
    let reader = file.open().await;
    let sql = endless(&reader).await;
    let dropped = tokio::time::timeout(Duration::from_secs(20), async {
        for _ in 0..9 {
            let mut rows = reader.query(&sql, QueryOptions::default()).await.unwrap();
            let first = tokio::time::timeout(Duration::from_millis(5), rows.next()).await;
            assert!(first.is_err(), "the query is endless");
        }
        ask(&reader, "SELECT count(*) FROM n").await
    });
    assert_eq!(dropped.await.unwrap().rows, [[Value::Integer(1000)]]);
}

#[tokio::test]
async fn a_stream_read_halfway_gives_its_connection_back() {
    let file = numbers().await;
    let reader = file.open().await;
    let guard = Guard::new(reader.dialect(), reader.schema().await.unwrap().into());
    let sql = guard.check("SELECT a.i, b.i FROM n a, n b", 1_000_000).unwrap();
    for _ in 0..9 {
        let options = QueryOptions { max_rows: 1_000_000, ..Default::default() };
        let mut rows = reader.query(&sql, options).await.unwrap();
        assert_eq!(rows.next().await.unwrap().unwrap(), [Value::Integer(1), Value::Integer(1)]);
    }
    assert_eq!(ask(&reader, "SELECT count(*) FROM n").await.rows, [[Value::Integer(1000)]]);
}

#[test]
fn a_stream_may_outlive_the_runtime_it_came_from() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (rows, file) = runtime.block_on(async {
        let file = numbers().await;
        let reader = file.open().await;
        let sql = endless(&reader).await;
        (reader.query(&sql, QueryOptions::default()).await.unwrap(), file)
    });
    drop(rows);
    drop(runtime);
    drop(file);
}
