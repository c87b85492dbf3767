//! Files to ask, made in a temporary folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use medha_connectors::{Connector, ConnectorError, Guard, QueryOptions, ResultSet, SqliteConnector};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};
use tempfile::TempDir;

/// A folder that goes away, and a file in it.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) folder: TempDir,
    pub(crate) path: PathBuf,
}

/// Makes a file with these statements.
pub(crate) async fn made(sql: &str) -> Made {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made.sqlite");
    write(&path, sql).await.close().await.unwrap();
    Made { folder, path }
}

/// Runs statements in a file and leaves the connection open.
pub(crate) async fn write(path: &Path, sql: &str) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true).foreign_keys(false);
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    connection
}

impl Made {
    pub(crate) async fn open(&self) -> SqliteConnector {
        SqliteConnector::open(&self.path).await.unwrap()
    }
}

/// Asks through the guard.
pub(crate) async fn ask(connector: &dyn Connector, sql: &str) -> ResultSet {
    ask_with(connector, sql, QueryOptions::default()).await.unwrap()
}

/// Asks through the guard, under limits.
pub(crate) async fn ask_with(
    connector: &dyn Connector,
    sql: &str,
    options: QueryOptions,
) -> Result<ResultSet, ConnectorError> {
    let guard = Guard::new(connector.dialect(), Arc::new(connector.schema().await?));
    let sql = guard.check(sql, options.max_rows).unwrap();
    connector.query(&sql, options).await?.collect().await
}
