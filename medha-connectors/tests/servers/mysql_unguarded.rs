//! What stands behind the guard of MySQL and MariaDB: what statements can do that no guard has seen.

use std::time::Duration;

use futures_util::StreamExt as _;
use libtest_mimic::Trial;
use medha_connectors::{Connector as _, Dialect, Guard, GuardedSql, MySqlConnector, QueryOptions, Value};

use crate::databases::{Server, load, on_database, with_database};
use crate::memory;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = on_database!(
        "mysql_unguarded",
        Server::MySql,
        no_road_leads_to_a_write,
        a_lock_does_not_survive_its_session,
        the_driver_changes_no_mode_of_the_server,
        many_different_statements_do_not_wait_for_one_another,
    );
    let name = "mysql_unguarded::rows_are_streamed_in_constant_memory";
    trials.push(with_database(Server::MySql, name, move |url| {
        memory::alone(name, rows_are_streamed_in_constant_memory(url))
    }));
    trials
}

async fn run(connector: &MySqlConnector, sql: &str) -> Result<Vec<Vec<Value>>, String> {
    let options = QueryOptions { deadline: Duration::from_secs(5), ..QueryOptions::default() };
    let asked = async { connector.query(&GuardedSql::unguarded(sql), options).await?.collect().await };
    asked.await.map(|answer| answer.rows).map_err(|error| error.to_string())
}

const TABLES: [&str; 4] = [
    "CREATE TABLE t (n int)",
    "INSERT INTO t VALUES (1), (2), (3)",
    "CREATE FUNCTION wipe() RETURNS int MODIFIES SQL DATA BEGIN DELETE FROM t; RETURN 1; END",
    "CREATE PROCEDURE clear() DELETE FROM t",
];

/// Ways to write that are refused to anybody, the administrator included: they are no single statement, they give no rows, or
/// the read-only transaction stops them.
const WRITES: [&str; 26] = [
    "INSERT INTO t VALUES (4)",
    "INSERT INTO t VALUES (4) RETURNING n",
    "REPLACE INTO t VALUES (4)",
    "UPDATE t SET n = 0",
    "DELETE FROM t",
    "DELETE FROM t RETURNING n",
    "TRUNCATE t",
    "TRUNCATE TABLE t",
    "SELECT 1; DELETE FROM t",
    "SELECT 1; COMMIT; CREATE TABLE copied (n int)",
    "CREATE TABLE copied AS SELECT n FROM t",
    "CREATE TEMPORARY TABLE copied (n int)",
    "DROP TABLE t",
    "ALTER TABLE t ADD COLUMN m int",
    "SELECT n FROM t FOR UPDATE",
    "SELECT n FROM t INTO OUTFILE '/tmp/medha_copied'",
    "SELECT n FROM t LIMIT 1 INTO DUMPFILE '/tmp/medha_dumped'",
    "SELECT n FROM t LIMIT 1 INTO @mark",
    "SELECT wipe()",
    "CALL clear()",
    "SET GLOBAL max_connections = 10",
    "SET SESSION TRANSACTION READ WRITE",
    "FLUSH TABLES",
    "COMMIT",
    "LOCK TABLES t WRITE",
    "LOAD DATA INFILE '/etc/hostname' INTO TABLE t",
];

/// What gets through to an administrator; the guard refuses it, and so does a server to a user with `SELECT` alone.
const LET_THROUGH: [&str; 5] = [
    "ANALYZE TABLE t",
    "OPTIMIZE TABLE t",
    "SELECT LOAD_FILE('/etc/hostname')",
    "SELECT GET_LOCK('mark', 0)",
    "SHOW GRANTS",
];

async fn no_road_leads_to_a_write(url: String) {
    load(&url, &TABLES.map(str::to_owned)).await;
    let connector = MySqlConnector::open(url.as_str()).unwrap();
    let guard = Guard::new(Dialect::MySql, connector.schema().await.unwrap().into());
    for sql in WRITES {
        let outcome = run(&connector, sql).await;
        assert!(outcome.is_err(), "{sql}: {outcome:?}");
        let tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = database()";
        assert_eq!(run(&connector, tables).await.unwrap(), [[Value::Integer(1)]], "{sql}");
        let rows =
            run(&connector, "SELECT count(*), cast(sum(n) AS int), @@max_connections > 10, @mark FROM t");
        let expected = [Value::Integer(3), Value::Integer(6), Value::Integer(1), Value::Null];
        assert_eq!(rows.await.unwrap(), [expected], "{sql}");
        guard.check(sql, 10).unwrap_err();
    }
    for sql in LET_THROUGH {
        guard.check(sql, 10).unwrap_err();
    }
}

async fn a_lock_does_not_survive_its_session(url: String) {
    let connector = MySqlConnector::open_with(url.as_str(), 1).unwrap();
    let number = run(&connector, "SELECT CONNECTION_ID()").await.unwrap();
    let free = format!("SELECT IS_FREE_LOCK('{url}')");
    assert_eq!(
        run(&connector, &format!("SELECT GET_LOCK('{url}', 0)")).await.unwrap(),
        [[Value::Integer(1)]]
    );
    assert_eq!(run(&connector, &free).await.unwrap(), [[Value::Integer(1)]]);
    assert_eq!(run(&connector, "SELECT CONNECTION_ID()").await.unwrap(), number, "it is the same connection");
}

async fn the_driver_changes_no_mode_of_the_server(url: String) {
    let connector = MySqlConnector::open(url.as_str()).unwrap();
    for sql in [r#"SELECT "a\"b""#, r"SELECT 'a\'b'"] {
        assert_eq!(run(&connector, sql).await.unwrap().len(), 1, "{sql}");
    }
    let mode = run(&connector, "SELECT @@SESSION.sql_mode = @@GLOBAL.sql_mode").await.unwrap();
    assert_eq!(mode, [[Value::Integer(1)]], "a mode that leaves the grammar as it is stays");
}

/// A connection is replaced before it remembers too many statements.
async fn many_different_statements_do_not_wait_for_one_another(url: String) {
    let connector = MySqlConnector::open_with(url.as_str(), 1).unwrap();
    let mut connections = Vec::new();
    for number in 0..120 {
        let rows = run(&connector, &format!("SELECT {number}, CONNECTION_ID()")).await.unwrap();
        assert_eq!(rows[0][0], Value::Integer(number));
        connections.push(rows[0][1].clone());
    }
    connections.dedup();
    assert_eq!(connections.len(), 3);
}

/// `MEDHA_TEST_STREAM_ROWS=10000000` for ten gigabytes.
async fn rows_are_streamed_in_constant_memory(url: String) {
    load(
        &url,
        &[
            "CREATE TABLE t (n int)".to_owned(),
            format!("INSERT INTO t VALUES {}", vec!["(1)"; 1_000].join(",")),
        ],
    )
    .await;
    let connector = MySqlConnector::open(url.as_str()).unwrap();
    let rows = memory::rows_to_stream();
    // A window function would keep all rows on the server.
    let sql = format!(
        "SELECT cast(@n := coalesce(@n, 0) + 1 AS int), repeat('x', 1000) FROM t a, t b, t c LIMIT {rows}"
    );
    let mut stream = connector.query(&GuardedSql::unguarded(sql), memory::unlimited()).await.unwrap();
    let mut watch = memory::Watch::begin(rows);
    while let Some(row) = stream.next().await {
        let Value::Integer(n) = row.unwrap()[0] else { panic!("a number") };
        watch.see(n);
    }
    assert_eq!(stream.truncated(), None);
    watch.end();
}
