//! [`SqliteConnector`]: the trait over one file.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use sea_orm::DatabaseConnection;
use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Column, Executor, SqlSafeStr, Sqlite, Statement, TypeInfo};

use super::authorizer;
use super::failure;
use super::introspect;
use super::open::File;
use super::rows::{self, Rows};
use super::steps;
use super::values::decode_row;
use super::work::{AbandonOnDrop, Work};
use crate::connector::{Connector, QueryOptions, RowStream};
use crate::dialect::Dialect;
use crate::error::ConnectorError;
use crate::guard::GuardedSql;
use crate::schema::Schema;
use crate::value::{ColumnKind, ResultColumn, Value};

/// A SQLite file, read and never written to.
///
/// The file is opened read-only, and an authorizer inside SQLite refuses whatever is not reading. A query is stopped by its
/// deadline, by its cancellation token and by dropping its future or its stream; the connection stays usable.
///
/// * A file that another process writes to is waited for half a second, then it is [`ConnectorError::Locked`].
/// * A file in write-ahead mode is read with its log. SQLite then needs an index file (`-shm`) beside it; where the folder
///   is read-only and the log is empty, the file is read as unchangeable: it must not be written to meanwhile.
/// * A file that another one replaces is read in its new form from the next question on; one that is taken away is
///   [`ConnectorError::Open`].
/// * Text that is not UTF-8 arrives as [`Value::Blob`], unchanged.
///
/// ```
/// use medha_connectors::{Connector, Guard, QueryOptions, SqliteConnector, Value};
/// use std::sync::Arc;
///
/// # fn shop(folder: &std::path::Path) -> std::path::PathBuf {
/// #     let path = folder.join("shop.sqlite");
/// #     let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
/// #     runtime.block_on(async {
/// #         use sqlx::{ConnectOptions, Connection};
/// #         let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
/// #         let mut connection = options.connect().await.unwrap();
/// #         let sql = "CREATE TABLE orders (id INTEGER PRIMARY KEY, total REAL); INSERT INTO orders (total) VALUES (20), (22)";
/// #         sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
/// #         connection.close().await.unwrap();
/// #     });
/// #     path
/// # }
/// # let folder = tempfile::tempdir()?;
/// # let path = shop(folder.path());
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # runtime.block_on(async {
/// let shop = SqliteConnector::open(&path).await?;
/// let guard = Guard::new(shop.dialect(), Arc::new(shop.schema().await?));
/// let sql = guard.check("SELECT sum(total) FROM orders", 1_000)?;
/// let answer = shop.query(&sql, QueryOptions::default()).await?.collect().await?;
/// assert_eq!(answer.rows, [[Value::Float(42.0)]]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct SqliteConnector {
    opened: Mutex<Arc<Opened>>,
}

/// A file and the connections to it.
#[derive(Debug)]
struct Opened {
    file: File,
    pool: DatabaseConnection,
}

impl Opened {
    async fn over(file: File) -> Result<Self, ConnectorError> {
        let pool = file.pool().await?;
        Ok(Self { file, pool })
    }

    fn failure(&self, error: &sqlx::Error, work: &Work) -> ConnectorError {
        failure::of_query(error, self.file.name(), work)
    }

    /// A connection of the pool that listens to `work`.
    async fn acquire(&self, work: &Work) -> Result<PoolConnection<Sqlite>, ConnectorError> {
        let acquired = work.wait_for(async {
            let mut connection = self.pool.get_sqlite_connection_pool().acquire().await?;
            work.arm(&mut connection).await?;
            // A read makes SQLite notice a schema that another process has changed, before a statement is compiled with it.
            connection.fetch_one(NOTICE_CHANGES).await?;
            Ok(connection)
        });
        let connection = acquired.await?.map_err(|error| self.failure(&error, work))?;
        match work.stop_reason() {
            Some(reason) => Err(reason),
            None => Ok(connection),
        }
    }
}

impl SqliteConnector {
    /// Opens an existing file and makes sure that it is a database that can be read.
    ///
    /// # Errors
    /// [`ConnectorError::Open`] if it is missing, a folder, not a database or damaged; [`ConnectorError::Locked`] if another
    /// process keeps it locked.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, ConnectorError> {
        let opened = Opened::over(File::find(path.as_ref()).await?).await?;
        Ok(Self { opened: Mutex::new(Arc::new(opened)) })
    }

    /// Opens a file that stands for something else and is called so in errors.
    #[cfg(feature = "files")]
    pub(crate) async fn open_as(path: &Path, name: &str) -> Result<Self, ConnectorError> {
        let opened = Opened::over(File::find(path).await?.called(name)).await?;
        Ok(Self { opened: Mutex::new(Arc::new(opened)) })
    }

    /// The file that is there now. Connections to one that was replaced would go on reading the old one, which no longer
    /// has a name.
    async fn opened(&self) -> Result<Arc<Opened>, ConnectorError> {
        let opened = Arc::clone(&self.opened.lock().unwrap_or_else(PoisonError::into_inner));
        let Some(file) = opened.file.now().await? else {
            return Ok(opened);
        };
        let anew = Arc::new(Opened::over(file).await?);
        *self.opened.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&anew);
        Ok(anew)
    }
}

const NOTICE_CHANGES: &str = "SELECT count(*) FROM sqlite_schema";

#[async_trait]
impl Connector for SqliteConnector {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    async fn schema(&self) -> Result<Schema, ConnectorError> {
        introspect::schema(&self.opened().await?.file).await
    }

    async fn explain(&self, sql: &GuardedSql) -> Result<String, ConnectorError> {
        let options = QueryOptions::default();
        let work = AbandonOnDrop(Work::begin(options.deadline, options.cancel));
        let opened = self.opened().await?;
        let mut connection = opened.acquire(&work.0).await?;
        let sql = format!("EXPLAIN QUERY PLAN {}", sql.as_str());
        let steps = work.0.wait_for(sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut *connection)).await?;
        let steps: Result<Vec<Vec<Value>>, sqlx::Error> =
            steps.and_then(|steps| steps.iter().map(decode_row).collect());
        steps.map(|steps| indented(&steps)).map_err(|error| opened.failure(&error, &work.0))
    }

    async fn query(&self, sql: &GuardedSql, options: QueryOptions) -> Result<RowStream, ConnectorError> {
        let options = options.within(sql);
        let work = AbandonOnDrop(Work::begin(options.deadline, options.cancel.clone()));
        let opened = self.opened().await?;
        let mut connection = opened.acquire(&work.0).await?;
        let fail = |error: sqlx::Error| opened.failure(&error, &work.0);
        let prepared = connection.prepare(AssertSqlSafe(sql.as_str().to_owned()).into_sql_str());
        let statement = work.0.wait_for(prepared).await?.map_err(fail)?;
        let columns: Vec<ResultColumn> = statement
            .columns()
            .iter()
            .map(|column| ResultColumn {
                name: column.name().to_owned(),
                kind: declared(column.type_info().name()),
            })
            .collect();
        let value_bytes = rows::value_bytes(columns.len(), &options);
        authorizer::limit_values(&mut connection.lock_handle().await.map_err(fail)?, value_bytes);
        let running = steps::Statement {
            sql: sql.as_str().to_owned(),
            columns: columns.len(),
            database: opened.file.name().to_owned(),
        };
        let rows = Rows::start(connection, running, work)?;
        Ok(RowStream::new(columns, rows, &options))
    }

    async fn ping(&self) -> Result<(), ConnectorError> {
        let options = QueryOptions::default();
        let work = Work::begin(options.deadline, options.cancel);
        self.opened().await?.acquire(&work).await.map(drop)
    }
}

/// What a declaration promises of a column that comes straight out of a table; expressions promise nothing.
fn declared(type_name: &str) -> ColumnKind {
    match type_name {
        "BOOLEAN" => ColumnKind::Boolean,
        "INTEGER" => ColumnKind::Integer,
        "REAL" => ColumnKind::Float,
        "NUMERIC" => ColumnKind::Decimal,
        "TEXT" => ColumnKind::Text,
        "DATE" => ColumnKind::Date,
        "DATETIME" => ColumnKind::DateTime,
        "TIME" => ColumnKind::Time,
        "BLOB" => ColumnKind::Blob,
        _ => ColumnKind::Unknown,
    }
}

/// The steps of a query plan (`id`, `parent`, unused, text), each indented under its parent.
fn indented(steps: &[Vec<Value>]) -> String {
    let mut depths = std::collections::HashMap::new();
    let mut lines = Vec::new();
    for step in steps {
        if let [Value::Integer(id), Value::Integer(parent), _, Value::Text(text)] = step.as_slice() {
            let depth = depths.get(parent).map_or(0, |depth| depth + 1);
            depths.insert(*id, depth);
            lines.push(format!("{}{text}", "  ".repeat(depth)));
        }
    }
    lines.join("\n")
}
