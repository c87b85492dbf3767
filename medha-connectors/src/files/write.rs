//! Writing an import: typed rows in batches, made on one thread while SQLite stores the ones before on another.

use std::path::Path;
use std::sync::Arc;

use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteLockingMode,
    SqliteSynchronous,
};
use sqlx::{Arguments as _, AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};
use tokio::sync::mpsc;

use super::column::Cell;
use super::plan::{Key, Planned, create_table, key, quoted};
use super::stop::Stop;

/// Rows of one statement: enough that its cost does not show.
const ROWS: usize = 128;
/// Values of one statement, fewer than SQLite's limit of parameters.
const VALUES: usize = 16_000;
/// A batch with so many bytes is full however few rows it has.
const BYTES: usize = 1024 * 1024;

/// Rows for one statement.
pub(super) struct Batch {
    arguments: SqliteArguments,
    rows: usize,
}

/// Collects rows into batches.
pub(super) struct Sink {
    batches: mpsc::Sender<Batch>,
    arguments: SqliteArguments,
    full: usize,
    rows: usize,
    bytes: usize,
    /// Of all batches.
    pub(super) total: u64,
}

fn rows_of_batch(columns: usize) -> usize {
    (VALUES / columns.max(1)).clamp(1, ROWS)
}

impl Sink {
    pub(super) fn new(columns: usize, batches: mpsc::Sender<Batch>) -> Self {
        let full = rows_of_batch(columns);
        Self { batches, arguments: SqliteArguments::default(), full, rows: 0, bytes: 0, total: 0 }
    }

    /// Takes one row; waits while SQLite is behind.
    pub(super) fn row(&mut self, cells: &mut dyn Iterator<Item = Cell>) -> Result<(), Stop> {
        for cell in cells {
            let added = match cell {
                Cell::Null => self.arguments.add(None::<i64>),
                Cell::Integer(number) => self.arguments.add(number),
                Cell::Real(number) => self.arguments.add(number),
                Cell::Text(text) => {
                    self.bytes += text.len();
                    self.arguments.add(text)
                }
            };
            added.map_err(|error| Stop::Refused(error.to_string()))?;
        }
        self.rows += 1;
        self.total += 1;
        if self.rows == self.full || self.bytes >= BYTES { self.flush() } else { Ok(()) }
    }

    /// Sends what is left.
    pub(super) fn flush(&mut self) -> Result<(), Stop> {
        if self.rows == 0 {
            return Ok(());
        }
        let batch = Batch { arguments: std::mem::take(&mut self.arguments), rows: self.rows };
        (self.rows, self.bytes) = (0, 0);
        // Nobody takes it any more.
        self.batches.blocking_send(batch).map_err(|_| Stop::Cancelled)
    }
}

/// The database under construction.
pub(super) struct Writer {
    connection: SqliteConnection,
}

impl Writer {
    /// Opens an empty file. A crash only costs the unfinished file, so nothing is journalled.
    pub(super) async fn open(path: &Path) -> Result<Self, sqlx::Error> {
        let connection = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Off)
            .synchronous(SqliteSynchronous::Off)
            .locking_mode(SqliteLockingMode::Exclusive)
            .foreign_keys(false)
            .disable_statement_logging()
            .connect()
            .await?;
        Ok(Self { connection })
    }

    /// Makes a table of all batches that come.
    pub(super) async fn fill(
        &mut self,
        table: &str,
        columns: &[Planned],
        mut batches: mpsc::Receiver<Batch>,
    ) -> Result<(), sqlx::Error> {
        let full = rows_of_batch(columns.len());
        let insert: Arc<str> = insert_sql(table, columns.len(), full).into();
        let mut transaction = self.connection.begin().await?;
        transaction.execute(AssertSqlSafe(create_table(table, columns))).await?;
        while let Some(batch) = batches.recv().await {
            let is_full = batch.rows == full;
            let sql = if is_full {
                Arc::clone(&insert)
            } else {
                insert_sql(table, columns.len(), batch.rows).into()
            };
            let query = sqlx::query_with(AssertSqlSafe(sql), batch.arguments).persistent(is_full);
            query.execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        if let Key::Possible(column) = key(columns) {
            self.try_unique(table, column).await?;
        }
        self.connection.clear_cached_statements().await
    }

    /// Makes the column a key unless a value comes twice. That undoes a statement, which SQLite cannot without a journal.
    async fn try_unique(&mut self, table: &str, column: &str) -> Result<(), sqlx::Error> {
        self.connection.execute("PRAGMA journal_mode = MEMORY").await?;
        let (index, table) = (quoted(&format!("{table}_{column}")), quoted(table));
        let sql = format!("CREATE UNIQUE INDEX {index} ON {table} ({})", quoted(column));
        match self.connection.execute(AssertSqlSafe(sql)).await {
            Err(error) if !error.as_database_error().is_some_and(|error| error.is_unique_violation()) => {
                Err(error)
            }
            _ => self.connection.execute("PRAGMA journal_mode = OFF").await.map(drop),
        }
    }

    pub(super) async fn close(self) -> Result<(), sqlx::Error> {
        self.connection.close().await
    }
}

fn insert_sql(table: &str, columns: usize, rows: usize) -> String {
    let row = format!("({})", vec!["?"; columns].join(","));
    format!("INSERT INTO {} VALUES {}", quoted(table), vec![row.as_str(); rows].join(","))
}
