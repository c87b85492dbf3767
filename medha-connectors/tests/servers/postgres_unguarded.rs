//! What stands behind the guard of PostgreSQL: statements that no guard has seen cannot write, and leave nothing behind.

use std::time::Duration;

use futures_util::StreamExt as _;
use libtest_mimic::Trial;
use medha_connectors::{Connector as _, Dialect, Guard, GuardedSql, PostgresConnector, QueryOptions, Value};

use crate::databases::{Server, load, on_database, with_database};
use crate::harness::trial;
use crate::memory;
use crate::own::{OwnServer, POSTGRES_WITH_CERTIFICATE};

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = on_database!(
        "postgres_unguarded",
        Server::Postgres,
        no_road_leads_to_a_write,
        nothing_of_a_session_survives,
        a_text_ends_where_the_guard_says_it_ends,
    );
    let name = "postgres_unguarded::rows_are_streamed_in_constant_memory";
    trials.push(with_database(Server::Postgres, name, move |url| {
        memory::alone(name, rows_are_streamed_in_constant_memory(url))
    }));
    trials.push(trial(
        &POSTGRES_WITH_CERTIFICATE,
        "postgres_unguarded::a_connection_is_encrypted_and_an_unknown_certificate_refused",
        a_connection_is_encrypted_and_an_unknown_certificate_refused,
    ));
    trials
}

async fn run(connector: &PostgresConnector, sql: &str) -> Result<Vec<Vec<Value>>, String> {
    let options = QueryOptions { deadline: Duration::from_secs(5), ..QueryOptions::default() };
    let asked = async { connector.query(&GuardedSql::unguarded(sql), options).await?.collect().await };
    asked.await.map(|answer| answer.rows).map_err(|error| error.to_string())
}

const TABLES: [&str; 6] = [
    "CREATE TABLE t (n int)",
    "INSERT INTO t VALUES (1), (2), (3)",
    "CREATE SEQUENCE s",
    "CREATE FUNCTION wipe() RETURNS int LANGUAGE plpgsql AS $$ BEGIN DELETE FROM t; RETURN 1; END $$",
    "CREATE PROCEDURE clear() LANGUAGE sql AS $$ DELETE FROM t $$",
    "CREATE VIEW wiped AS SELECT wipe()",
];

/// Every way to write that we know of, as a superuser. A read-only transaction or the cursor refuses each.
const WRITES: [&str; 37] = [
    "INSERT INTO t VALUES (4)",
    "INSERT INTO t VALUES (4) RETURNING n",
    "UPDATE t SET n = 0",
    "DELETE FROM t",
    "MERGE INTO t USING (SELECT 1) AS x ON true WHEN MATCHED THEN DELETE",
    "TRUNCATE t",
    "WITH gone AS (DELETE FROM t RETURNING n) SELECT n FROM gone",
    "WITH a AS (SELECT 1), gone AS (INSERT INTO t VALUES (4) RETURNING n) SELECT * FROM a",
    "SELECT 1; DELETE FROM t",
    "SELECT 1; COMMIT; DELETE FROM t",
    "SELECT 1) ; DELETE FROM t; --",
    "SELECT n INTO copied FROM t",
    "CREATE TABLE copied AS SELECT n FROM t",
    "CREATE TEMP TABLE copied (n int)",
    "DROP TABLE t",
    "ALTER TABLE t ADD COLUMN m int",
    "SELECT n FROM t FOR UPDATE",
    "SELECT n FROM t FOR SHARE",
    "SELECT nextval('s')",
    "SELECT setval('s', 9)",
    "SELECT wipe()",
    "SELECT * FROM wiped",
    "CALL clear()",
    "DO $$ BEGIN DELETE FROM t; END $$",
    "SELECT set_config('transaction_read_only', 'off', true)",
    "SELECT set_config('transaction_read_only', 'off', false), wipe()",
    "SET TRANSACTION READ WRITE",
    "COMMIT",
    "BEGIN READ WRITE",
    "COPY t TO '/tmp/medha_copied'",
    "COPY t FROM PROGRAM 'echo 4'",
    "EXPLAIN ANALYZE DELETE FROM t",
    "PREPARE p AS DELETE FROM t",
    "SELECT query_to_xml('DELETE FROM t', true, true, '')",
    "SELECT ts_stat('DELETE FROM t')",
    "VACUUM t",
    "LOCK TABLE t",
];

async fn no_road_leads_to_a_write(url: String) {
    load(&url, &TABLES.map(str::to_owned)).await;
    let connector = PostgresConnector::open(url.as_str()).unwrap();
    for sql in WRITES {
        let outcome = run(&connector, sql).await;
        assert!(outcome.is_err(), "{sql}: {outcome:?}");
        let tables = "SELECT count(*) FROM pg_class WHERE relname IN ('t', 'copied')";
        assert_eq!(run(&connector, tables).await.unwrap(), [[Value::Integer(1)]], "{sql}");
        let rows = run(&connector, "SELECT count(*), sum(n), (SELECT last_value FROM s) FROM t").await;
        assert_eq!(rows.unwrap(), [[Value::Integer(3), Value::Integer(6), Value::Integer(1)]], "{sql}");
    }
    // What a read-only transaction lets through, the guard does not.
    let guard = Guard::new(Dialect::Postgres, connector.schema().await.unwrap().into());
    let open = [
        "pg_read_file('/etc/hostname')",
        "lo_create(0)",
        "pg_advisory_lock(1)",
        "pg_notify('a', 'b')",
        "pg_sleep(9)",
    ];
    for call in open {
        guard.check(&format!("SELECT {call}"), 10).unwrap_err();
    }
    WRITES.iter().for_each(|sql| {
        if !sql.contains("wiped") {
            guard.check(sql, 10).unwrap_err();
        }
    });
}

async fn nothing_of_a_session_survives(url: String) {
    let connector = PostgresConnector::open_with(url.as_str(), 1).unwrap();
    let leave = "SELECT pg_advisory_lock(7), set_config('search_path', 'pg_catalog', false), \
                     set_config('my.mark', 'left', false), set_config('TimeZone', 'Asia/Tokyo', false)";
    let process = "SELECT pg_backend_pid()";
    let first = run(&connector, process).await.unwrap();
    run(&connector, leave).await.unwrap();
    let found = "SELECT (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'), current_setting('search_path'), \
                     coalesce(current_setting('my.mark', true), ''), current_setting('TimeZone'), \
                     (SELECT count(*) FROM pg_prepared_statements WHERE statement NOT LIKE 'FETCH%'), \
                     (SELECT count(*) FROM pg_cursors WHERE name <> 'medha_cursor')";
    let text = |text: &str| Value::Text(text.to_owned());
    let clean = [
        Value::Integer(0),
        text("\"$user\", public"),
        text(""),
        text("UTC"),
        Value::Integer(0),
        Value::Integer(0),
    ];
    assert_eq!(run(&connector, found).await.unwrap(), [clean]);
    assert_eq!(run(&connector, process).await.unwrap(), first, "it is the same connection");
}

/// A server may be set to take backslashes in texts for escapes, which the guard does not.
async fn a_text_ends_where_the_guard_says_it_ends(url: String) {
    let name = url.rsplit('/').next().unwrap();
    load(&url, &[format!("ALTER DATABASE {name} SET standard_conforming_strings = off")]).await;
    let connector = PostgresConnector::open(url.as_str()).unwrap();
    let answer = run(&connector, r"SELECT 'a\', 'b'").await.unwrap();
    assert_eq!(answer, [[Value::Text("a\\".into()), Value::Text("b".into())]]);
}

/// `MEDHA_TEST_STREAM_ROWS=10000000` for ten gigabytes.
async fn rows_are_streamed_in_constant_memory(url: String) {
    let connector = PostgresConnector::open(url.as_str()).unwrap();
    let rows = memory::rows_to_stream();
    let sql = format!("SELECT n, repeat('x', 1000) FROM generate_series(1, {rows}) AS n");
    let mut stream = connector.query(&GuardedSql::unguarded(sql), memory::unlimited()).await.unwrap();
    let mut watch = memory::Watch::begin(rows);
    while let Some(row) = stream.next().await {
        let Value::Integer(n) = row.unwrap()[0] else { panic!("a number") };
        watch.see(n);
    }
    assert_eq!(stream.truncated(), None);
    watch.end();
}

async fn a_connection_is_encrypted_and_an_unknown_certificate_refused(programs: String) {
    let server = OwnServer::postgres(&programs);
    let url = format!("{}/postgres", server.address);
    let plain = PostgresConnector::open(format!("{url}?sslmode=disable")).unwrap();
    let is_encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    assert_eq!(run(&plain, is_encrypted).await.unwrap(), [[Value::Bool(false)]]);
    let encrypted = PostgresConnector::open(format!("{url}?sslmode=require")).unwrap();
    assert_eq!(run(&encrypted, is_encrypted).await.unwrap(), [[Value::Bool(true)]]);
    let checked = PostgresConnector::open(format!("{url}?sslmode=verify-full")).unwrap();
    let error = run(&checked, is_encrypted).await.unwrap_err();
    assert!(error.contains("sslrootcert=FILE"), "{error}");
}
