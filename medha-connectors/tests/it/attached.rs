//! One file is one database: no statement, name or address reaches a second one.

use std::fs;
use std::sync::Arc;

use medha_connectors::{ConnectionConfig, Connector, Dialect, Guard, Schema};

use crate::files::{ask, made};

async fn guard(connector: &dyn Connector) -> Guard {
    let schema: Arc<Schema> = Arc::new(connector.schema().await.unwrap());
    Guard::new(Dialect::Sqlite, schema)
}

#[tokio::test]
async fn no_statement_attaches_a_database_or_reads_one() {
    let other = made("CREATE TABLE secret (n INT); INSERT INTO secret VALUES (42)").await;
    let file = made("CREATE TABLE t (n INT); INSERT INTO t VALUES (1)").await;
    let connector = file.open().await;
    let guard = guard(&connector).await;
    let path = other.path.display().to_string();
    for sql in [
        format!("ATTACH '{path}' AS other"),
        format!("attach database '{path}' as other"),
        format!("ATTACH 'file:{path}?mode=ro' AS other"),
        format!("/* SELECT */ ATTACH '{path}' AS other"),
        "ATTACH ':memory:' AS other".to_owned(),
        "ATTACH (SELECT 'x') AS other".to_owned(),
        "DETACH DATABASE main".to_owned(),
        format!("EXPLAIN ATTACH '{path}' AS other"),
        format!("SELECT 1; ATTACH '{path}' AS other; SELECT n FROM other.secret"),
        format!("WITH x AS (SELECT 1) ATTACH '{path}' AS other"),
        format!("VACUUM INTO '{path}.copy'"),
        "SELECT n FROM other.secret".to_owned(),
        "SELECT n FROM secret".to_owned(),
        "SELECT n FROM temp.t".to_owned(),
        format!("SELECT n FROM \"{path}\".secret"),
        "SELECT file FROM pragma_database_list".to_owned(),
        "SELECT file FROM pragma_database_list()".to_owned(),
        "PRAGMA database_list".to_owned(),
        "SELECT sql FROM sqlite_schema".to_owned(),
        "SELECT sql FROM other.sqlite_schema".to_owned(),
        format!("SELECT readfile('{path}')"),
        "SELECT load_extension('x')".to_owned(),
    ] {
        let outcome = guard.check(&sql, 10);
        assert!(outcome.is_err(), "the guard let through: {sql}");
    }
    assert_eq!(ask(&connector, "SELECT n FROM t").await.rows.len(), 1);
    assert_eq!(fs::read_dir(other.folder.path()).unwrap().count(), 1, "nothing was copied");
}

#[tokio::test]
async fn parameters_of_an_address_open_nothing_else() {
    let file = made("CREATE TABLE t (n INT)").await;
    let path = file.path.display().to_string();
    for address in [
        format!("sqlite:{path}?mode=rwc"),
        format!("sqlite://{path}?mode=memory&cache=shared"),
        format!("sqlite:{path}?vfs=unix-none&immutable=1"),
        format!("sqlite:file:{path}?mode=rwc"),
        format!("file:{path}?mode=rwc"),
        format!("{path}?mode=rwc"),
        format!("{path}%00?mode=rwc"),
        format!("sqlite:{}?mode=rwc", file.folder.path().join("new.sqlite").display()),
    ] {
        let error = ConnectionConfig::new(address.clone()).open().await.unwrap_err().to_string();
        assert!(error.contains("a path has no parameters, so leave out \"?"), "{address}: {error}");
    }
    for address in ["sqlite::memory:", "sqlite:", ":memory:", "sqlite:file::memory:"] {
        let error = ConnectionConfig::new(address).open().await.unwrap_err().to_string();
        assert!(error.contains("there is no such file; check the path"), "{address}: {error}");
    }
    assert_eq!(fs::read_dir(file.folder.path()).unwrap().count(), 1, "nothing was made");
}

#[tokio::test]
async fn a_view_over_another_database_is_no_way_to_it() {
    // SQLite refuses to make such a view; this one was written into the file past it.
    let file = made(
        "CREATE TABLE t (n INT);
         CREATE VIEW v AS SELECT n FROM t;
         PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = 'CREATE VIEW v AS SELECT n FROM other.secret' WHERE name = 'v';",
    )
    .await;
    let error = ConnectionConfig::new(file.path.to_str().unwrap()).open().await.unwrap_err().to_string();
    assert!(error.contains("view v cannot reference objects in database other"), "{error}");
}
