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

/// Far less than what is waited for takes.
const PATIENCE: Duration = Duration::from_secs(2);

/// Within one call of a function SQLite looks neither at the time nor at the token.
#[tokio::test]
async fn nobody_waits_for_a_function_that_takes_minutes() {
    let file = numbers().await;
    let reader = file.open().await;
    let guard = Guard::new(reader.dialect(), reader.schema().await.unwrap().into());
    let slow = "WITH RECURSIVE t(s) AS (SELECT 'aaaaaaaaaaaaaaaa' UNION ALL SELECT s || s FROM t WHERE length(s) < 1000000)
                SELECT instr(s, substr(s, 1, length(s) / 2) || 'b') FROM t ORDER BY length(s) DESC";
    let sql = guard.check(slow, 10).unwrap();
    let deadline = Duration::from_millis(300);
    let options = QueryOptions { deadline, ..Default::default() };
    let late = async { reader.query(&sql, options).await?.collect().await };
    let late = tokio::time::timeout(PATIENCE, late).await.unwrap();
    assert!(matches!(late, Err(ConnectorError::Deadline { .. })), "{late:?}");

    let cancel = CancellationToken::new();
    let options = QueryOptions { cancel: cancel.clone(), ..Default::default() };
    let mut rows = reader.query(&sql, options).await.unwrap();
    assert!(tokio::time::timeout(deadline, rows.next()).await.is_err(), "it takes longer");
    cancel.cancel();
    let cancelled = tokio::time::timeout(PATIENCE, rows.next()).await.unwrap();
    assert!(matches!(cancelled, Some(Err(ConnectorError::Cancelled))), "{cancelled:?}");
    assert!(rows.next().await.is_none());
    assert_eq!(ask(&reader, "SELECT count(*) FROM n").await.rows, [[Value::Integer(1000)]]);
}

/// Rows that are far larger than the answer may be must not fill the memory before the cap is looked at.
#[tokio::test]
async fn wide_rows_get_smaller_values_and_narrow_ones_all_that_an_answer_may_have() {
    let file = numbers().await;
    let reader = file.open().await;
    let guard = Guard::new(reader.dialect(), reader.schema().await.unwrap().into());
    let of_width = |columns: usize| {
        let list = vec!["s"; columns].join(", ");
        let sql = format!(
            "WITH RECURSIVE t(s) AS (SELECT 'aaaaaaaaaaaaaaaa' UNION ALL SELECT s || s FROM t WHERE length(s) < 8000000)
             SELECT {list} FROM t WHERE length(s) > 4194304"
        );
        guard.check(&sql, 10).unwrap()
    };
    let ask =
        async |columns| reader.query(&of_width(columns), QueryOptions::default()).await?.collect().await;
    let narrow = ask(1).await.unwrap();
    assert_eq!(narrow.rows, [[Value::Text("a".repeat(8 * 1024 * 1024))]]);
    let error = ask(40).await.unwrap_err().to_string();
    assert!(error.contains("ask for less of it or for fewer columns"), "{error}");
    assert_eq!(ask(1).await.unwrap(), narrow, "the next question has its own limit");
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
