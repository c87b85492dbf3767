//! Files that are missing, damaged, locked, odd; each gives a clear answer and leaves nothing broken.

use std::fs;
use std::path::Path;
use std::time::Duration;

use medha_connectors::{
    Connector, ConnectorError, Dialect, Guard, QueryOptions, Schema, SqliteConnector, Value,
};
use sqlx::{Connection, Executor};

use crate::files::{ask, made, write};

async fn refusal(path: &Path) -> String {
    match SqliteConnector::open(path).await {
        Err(error) => error.to_string().replace(&path.display().to_string(), "FILE"),
        Ok(_) => panic!("it was opened"),
    }
}

#[tokio::test]
async fn a_missing_file_a_folder_and_a_text_say_what_they_are() {
    let file = made("").await;
    let missing = file.folder.path().join("missing.sqlite");
    assert_eq!(refusal(&missing).await, r#"cannot open "FILE": there is no such file; check the path"#);
    assert!(!missing.exists(), "nothing is made");
    assert_eq!(
        refusal(file.folder.path()).await,
        r#"cannot open "FILE": it is a folder; name the database file in it"#
    );
    let text = file.folder.path().join("notes.txt");
    fs::write(&text, "dear diary, ".repeat(100)).unwrap();
    assert_eq!(
        refusal(&text).await,
        r#"cannot open "FILE": it is not a SQLite database, or it is encrypted"#
    );
}

#[tokio::test]
async fn an_empty_file_is_an_empty_database() {
    let file = made("").await;
    fs::write(&file.path, "").unwrap();
    let empty = file.open().await;
    empty.ping().await.unwrap();
    assert_eq!(empty.schema().await.unwrap(), Schema::default());
    assert_eq!(ask(&empty, "SELECT 1").await.rows, [[Value::Integer(1)]]);
}

#[tokio::test]
async fn a_damaged_file_is_an_error_and_never_a_wrong_answer() {
    let file = made("CREATE TABLE t (a TEXT); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
                     INSERT INTO t SELECT 'some text number ' || i FROM n;")
    .await;
    let mut bytes = fs::read(&file.path).unwrap();
    let half = bytes.len() / 2;
    bytes[half..].fill(0xa5);
    fs::write(&file.path, bytes).unwrap();
    let damaged = file.open().await;
    let schema = damaged.schema().await.unwrap();
    let guard = Guard::new(Dialect::Sqlite, schema.into());
    let sql = guard.check("SELECT max(a) FROM t", 10).unwrap();
    let error = damaged.query(&sql, QueryOptions::default()).await.unwrap().collect().await.unwrap_err();
    assert!(matches!(&error, ConnectorError::Query { reason } if reason.contains("damaged")), "{error}");
    damaged.ping().await.unwrap();
}

#[tokio::test]
async fn a_file_that_another_process_locks_is_said_to_be_locked_soon() {
    let file = made("CREATE TABLE t (n INT); INSERT INTO t VALUES (1);").await;
    let reader = file.open().await;
    assert_eq!(ask(&reader, "SELECT n FROM t").await.rows.len(), 1);
    let guard = Guard::new(Dialect::Sqlite, reader.schema().await.unwrap().into());
    let sql = guard.check("SELECT n FROM t", 10).unwrap();
    let mut writer = write(&file.path, "BEGIN EXCLUSIVE").await;

    let outcome = tokio::time::timeout(Duration::from_secs(5), async {
        let asked = match reader.query(&sql, QueryOptions::default()).await {
            Ok(rows) => rows.collect().await.unwrap_err(),
            Err(error) => error,
        };
        let described = reader.schema().await.unwrap_err();
        let opened = SqliteConnector::open(&file.path).await.unwrap_err();
        [asked, described, opened]
    })
    .await
    .unwrap();
    for error in outcome {
        let expected = format!(
            "{:?} is locked by another process; try again when it has finished writing",
            file.path.display().to_string()
        );
        assert_eq!(error.to_string(), expected);
    }

    writer.execute("COMMIT").await.unwrap();
    writer.close().await.unwrap();
    assert_eq!(ask(&reader, "SELECT n FROM t").await.rows.len(), 1, "it works again");
}

#[tokio::test]
async fn a_file_in_write_ahead_mode_is_read_with_its_log_while_another_process_writes() {
    let file = made("").await;
    let mut writer =
        write(&file.path, "PRAGMA journal_mode = WAL; CREATE TABLE t (n INT); INSERT INTO t VALUES (1)")
            .await;
    let reader = file.open().await;
    assert_eq!(ask(&reader, "SELECT count(*) FROM t").await.rows, [[Value::Integer(1)]]);
    writer.execute("INSERT INTO t VALUES (2)").await.unwrap();
    assert_eq!(ask(&reader, "SELECT count(*) FROM t").await.rows, [[Value::Integer(2)]]);
    writer.close().await.unwrap();
}

/// A link at the place of SQLite's index file, which it does not follow, has the effect of a folder that cannot be written
/// to, for root too.
fn cannot_be_indexed(database: &Path) {
    std::os::unix::fs::symlink("nowhere", database.with_extension("sqlite-shm")).unwrap();
}

#[tokio::test]
async fn a_file_in_write_ahead_mode_without_a_log_is_read_where_nothing_can_be_written() {
    let file = made("PRAGMA journal_mode = WAL; CREATE TABLE t (n INT); INSERT INTO t VALUES (1)").await;
    cannot_be_indexed(&file.path);
    let reader = file.open().await;
    assert_eq!(ask(&reader, "SELECT n FROM t").await.rows, [[Value::Integer(1)]]);
}

#[tokio::test]
async fn a_log_that_cannot_be_read_is_not_ignored() {
    let file = made("").await;
    let writer =
        write(&file.path, "PRAGMA journal_mode = WAL; CREATE TABLE t (n INT); INSERT INTO t VALUES (1)")
            .await;
    let copy = file.folder.path().join("copy.sqlite");
    fs::copy(&file.path, &copy).unwrap();
    fs::copy(file.path.with_extension("sqlite-wal"), copy.with_extension("sqlite-wal")).unwrap();
    cannot_be_indexed(&copy);
    writer.close().await.unwrap();
    assert_eq!(
        refusal(&copy).await,
        "cannot open \"FILE\": it has unfinished changes in its write-ahead log and its folder is read-only; copy the file \
         and its \"-wal\" to a folder that can be written to"
    );
}

#[tokio::test]
async fn a_relative_name_that_looks_like_a_uri_is_a_file_name() {
    let file = made("").await;
    let odd = file.folder.path().join("file:odd?mode=rwc#x %41.sqlite");
    fs::copy(&file.path, &odd).unwrap();
    write(&odd, "CREATE TABLE t (n INT)").await.close().await.unwrap();
    let reader = SqliteConnector::open(&odd).await.unwrap();
    assert_eq!(reader.schema().await.unwrap().tables.len(), 1);
}

#[tokio::test]
async fn a_file_whose_writer_died_says_that_it_must_be_repaired() {
    let file = made("CREATE TABLE t (a TEXT); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
                     INSERT INTO t SELECT 'some text number ' || i FROM n;")
    .await;
    // With a cache of a few pages the change is half in the file and half in the journal.
    let writer = write(&file.path, "PRAGMA cache_size = 4; BEGIN; UPDATE t SET a = upper(a) || a").await;
    let copy = file.folder.path().join("copy.sqlite");
    fs::copy(&file.path, &copy).unwrap();
    fs::copy(file.path.with_extension("sqlite-journal"), copy.with_extension("sqlite-journal")).unwrap();
    writer.close().await.unwrap();
    let message = refusal(&copy).await;
    assert!(
        message.starts_with("cannot open \"FILE\": it was not closed properly and must be repaired"),
        "{message}"
    );
}

#[tokio::test]
async fn a_table_that_another_process_alters_is_asked_with_its_new_columns() {
    let file = made("CREATE TABLE t (a INT); INSERT INTO t VALUES (1);").await;
    let reader = file.open().await;
    assert_eq!(ask(&reader, "SELECT * FROM t").await.rows, [[Value::Integer(1)]]);
    write(&file.path, "ALTER TABLE t ADD COLUMN b INT DEFAULT 2").await.close().await.unwrap();
    assert_eq!(ask(&reader, "SELECT * FROM t").await.rows, [[Value::Integer(1), Value::Integer(2)]]);
}

#[tokio::test]
async fn a_file_that_is_replaced_is_read_anew_and_one_that_is_gone_is_missed() {
    let file = made("CREATE TABLE t (a INT); INSERT INTO t VALUES (1);").await;
    let reader = file.open().await;
    assert_eq!(ask(&reader, "SELECT a FROM t").await.rows, [[Value::Integer(1)]]);
    let other = file.folder.path().join("other.sqlite");
    write(&other, "CREATE TABLE t (a INT, b INT); INSERT INTO t VALUES (2, 3)").await.close().await.unwrap();
    fs::rename(&other, &file.path).unwrap();
    assert_eq!(ask(&reader, "SELECT a, b FROM t").await.rows, [[Value::Integer(2), Value::Integer(3)]]);
    fs::remove_file(&file.path).unwrap();
    let error = reader.ping().await.unwrap_err().to_string();
    assert!(error.ends_with("there is no such file; check the path"), "{error}");
    write(&file.path, "CREATE TABLE t (a INT); INSERT INTO t VALUES (4)").await.close().await.unwrap();
    assert_eq!(ask(&reader, "SELECT a FROM t").await.rows, [[Value::Integer(4)]]);
}

#[tokio::test]
async fn a_copy_that_stopped_before_its_end_is_not_read_as_zeros() {
    let file = made("CREATE TABLE t (a INT); INSERT INTO t VALUES (1);").await;
    let whole = fs::read(&file.path).unwrap();
    fs::write(&file.path, &whole[..whole.len() - 1_000]).unwrap();
    assert_eq!(
        refusal(&file.path).await,
        "cannot open \"FILE\": it ends in the middle of a page, so something is missing; copy it again or restore it"
    );
}
