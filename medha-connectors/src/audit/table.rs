//! A log in a table: a row a line, each line the text it would be in a file. A transaction that no other can overlap reads
//! the last row and adds the next.
//!
//! Whoever appends must not be async, as a statement that is dropped is noted while it is dropped: a thread of its own, which
//! ends with the log, holds the connection.

use std::fmt;
use std::sync::mpsc;
use std::thread::JoinHandle;

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, SqliteTransactionMode,
    Statement, TransactionOptions, TransactionTrait, Value,
};
use serde_json::value::RawValue;

use super::check::Chain;
use super::line::{Line, Seal};
use super::log::AuditError;
use super::place::Place;
use crate::secret::Secret;

/// How long other processes that append are waited for.
#[cfg(feature = "sqlite")]
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);
/// A server that needs longer to be connected to is not there.
const CONNECT: std::time::Duration = std::time::Duration::from_secs(5);
/// So many rows are read at a time.
const PAGE: u64 = 500;

/// A log in a table of a database.
#[derive(Debug)]
pub(super) struct LogTable {
    place: String,
    /// Taken when it is dropped.
    requests: Option<mpsc::Sender<Request>>,
    thread: Option<JoinHandle<()>>,
}

struct Request {
    record: Box<RawValue>,
    answer: mpsc::Sender<Result<Seal, AuditError>>,
}

impl LogTable {
    /// Connects, and makes the table if it is not there.
    pub(super) fn open(url: &Secret) -> Result<Self, AuditError> {
        let table = Table::new(url);
        let (requests, asked) = mpsc::channel::<Request>();
        let (opened, is_open) = mpsc::channel();
        let place = table.place.clone();
        let thread = std::thread::spawn(move || {
            let runtime = match table.runtime() {
                Ok(runtime) => runtime,
                Err(error) => return drop(opened.send(Err(error))),
            };
            match runtime.block_on(table.connect()) {
                Err(error) => drop(opened.send(Err(error))),
                Ok(connection) => {
                    // Whoever opened it waits.
                    let _ = opened.send(Ok(()));
                    for Request { record, answer } in asked {
                        let appended = runtime.block_on(table.append(&connection, &record));
                        // Whoever asked may have gone.
                        let _ = answer.send(appended);
                    }
                    // A connection that cannot be closed is closed by the end of the process.
                    let _ = runtime.block_on(connection.close());
                }
            }
        });
        let log = Self { place, requests: Some(requests), thread: Some(thread) };
        is_open.recv().unwrap_or_else(|_| Err(log.gone()))?;
        Ok(log)
    }

    pub(super) fn append(&self, record: Box<RawValue>) -> Result<Seal, AuditError> {
        let (answer, appended) = mpsc::channel();
        let sent = self.requests.as_ref().map(|requests| requests.send(Request { record, answer }));
        match sent {
            Some(Ok(())) => appended.recv().unwrap_or_else(|_| Err(self.gone())),
            Some(Err(_)) | None => Err(self.gone()),
        }
    }

    fn gone(&self) -> AuditError {
        AuditError::Table { place: self.place.clone(), reason: "its connection has ended".to_owned() }
    }
}

impl Drop for LogTable {
    fn drop(&mut self) {
        self.requests = None;
        // A thread that panicked has said so.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// Reads a whole table and returns its seal; nothing for an empty one.
pub(super) fn verify(url: &Secret, noted: Option<&Seal>) -> Result<Option<Seal>, AuditError> {
    let table = Table::new(url);
    // In a thread of its own, because whoever calls may be in a runtime already.
    let read =
        std::thread::scope(|scope| scope.spawn(|| table.runtime()?.block_on(table.verify(noted))).join());
    read.unwrap_or_else(|_| Err(table.failed(&"it could not be read")))
}

/// A table and what is done with it.
struct Table {
    url: Secret,
    place: String,
}

impl Table {
    fn new(url: &Secret) -> Self {
        Self { url: url.clone(), place: Place::Table(url.clone()).shown() }
    }

    fn failed(&self, reason: &dyn fmt::Display) -> AuditError {
        AuditError::Table { place: self.place.clone(), reason: reason.to_string() }
    }

    fn runtime(&self) -> Result<tokio::runtime::Runtime, AuditError> {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| self.failed(&error))
    }

    #[cfg_attr(
        not(any(feature = "sqlite", feature = "postgres")),
        allow(
            unreachable_code,
            unused_variables,
            reason = "a program without either has no tables for notes"
        )
    )]
    fn options(&self) -> Result<ConnectOptions, AuditError> {
        let url = self.url.expose();
        let mut options: ConnectOptions = match url.strip_prefix("sqlite:") {
            #[cfg(feature = "sqlite")]
            Some(path) => sqlite_options(path.strip_prefix("//").unwrap_or(path)),
            #[cfg(feature = "postgres")]
            None if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                ConnectOptions::new(url)
            }
            _ => {
                let known = "an audit log is a file, \"sqlite:PATH\" or \"postgres://…\"";
                return Err(self.failed(&known));
            }
        };
        options
            .max_connections(1)
            .min_connections(0)
            .acquire_timeout(CONNECT)
            .connect_timeout(CONNECT)
            .sqlx_logging(false);
        Ok(options)
    }

    /// Makes the file of a SQLite database if it is not there; on Unix nobody but its owner may read it then.
    fn make_file(&self) -> Result<(), AuditError> {
        let Some(path) = self.url.expose().strip_prefix("sqlite:") else { return Ok(()) };
        let mut options = std::fs::OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(path.strip_prefix("//").unwrap_or(path)).map(drop).map_err(|error| self.failed(&error))
    }

    async fn connect(&self) -> Result<DatabaseConnection, AuditError> {
        self.make_file()?;
        let connection = Database::connect(self.options()?).await.map_err(|error| self.failed(&error))?;
        let made = connection
            .execute_unprepared(
                "CREATE TABLE IF NOT EXISTS medha_audit (number BIGINT NOT NULL PRIMARY KEY, line TEXT NOT NULL)",
            )
            .await;
        match made {
            Ok(_) => Ok(connection),
            // Two processes that make it at once: PostgreSQL tells one of them that it is there.
            Err(_) if self.lines(&connection, 0, 1).await.is_ok() => Ok(connection),
            Err(error) => Err(self.failed(&error)),
        }
    }

    async fn append(&self, connection: &DatabaseConnection, record: &RawValue) -> Result<Seal, AuditError> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let failed = |error: DbErr| self.failed(&error);
        let transaction = connection.begin_with_options(options).await.map_err(failed)?;
        if connection.get_database_backend() == DbBackend::Postgres {
            let lock = "LOCK TABLE medha_audit IN SHARE ROW EXCLUSIVE MODE";
            transaction.execute_unprepared(lock).await.map_err(failed)?;
        }
        let backend = connection.get_database_backend();
        let last = "SELECT line FROM medha_audit ORDER BY number DESC LIMIT 1";
        let row = transaction.query_one_raw(Statement::from_string(backend, last)).await.map_err(failed)?;
        let before = match row {
            None => Seal::none(),
            Some(row) => {
                let text: String = row.try_get_by_index(0).map_err(failed)?;
                let line: Line<'_> = serde_json::from_str(&text).map_err(|error| {
                    self.failed(&format!(
                        "its last line is not one of an audit log ({error}); nothing was added"
                    ))
                })?;
                line.seal()
            }
        };
        let line = Line::after(&before, 0, record);
        let text = serde_json::to_string(&line).map_err(|error| self.failed(&error))?;
        let number = i64::try_from(line.number).unwrap_or(i64::MAX);
        let add = match backend {
            DbBackend::Postgres => "INSERT INTO medha_audit (number, line) VALUES ($1, $2)",
            _ => "INSERT INTO medha_audit (number, line) VALUES (?, ?)",
        };
        let add = Statement::from_sql_and_values(backend, add, [Value::from(number), Value::from(text)]);
        transaction.execute_raw(add).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(line.seal())
    }

    async fn verify(&self, noted: Option<&Seal>) -> Result<Option<Seal>, AuditError> {
        let connection = Database::connect(self.options()?).await.map_err(|error| self.failed(&error))?;
        let mut chain = Chain::new(self.place.clone().into(), noted);
        let mut after = 0;
        loop {
            let rows = self.lines(&connection, after, PAGE).await?;
            for (number, line) in &rows {
                after = *number;
                chain.next(line.as_bytes())?;
            }
            if rows.is_empty() {
                break;
            }
        }
        connection.close().await.map_err(|error| self.failed(&error))?;
        chain.end()
    }

    async fn lines(
        &self,
        connection: &DatabaseConnection,
        after: i64,
        most: u64,
    ) -> Result<Vec<(i64, String)>, AuditError> {
        let backend = connection.get_database_backend();
        let sql = format!(
            "SELECT number, line FROM medha_audit WHERE number > {after} ORDER BY number LIMIT {most}"
        );
        let read = connection.query_all_raw(Statement::from_string(backend, sql)).await;
        let rows = read.map_err(|error| self.failed(&error))?;
        let row = |row: &sea_orm::QueryResult| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?));
        rows.iter().map(row).collect::<Result<_, DbErr>>().map_err(|error| self.failed(&error))
    }
}

#[cfg(feature = "sqlite")]
fn sqlite_options(path: &str) -> ConnectOptions {
    use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
    let settings = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(PATIENCE);
    let mut options = ConnectOptions::new("sqlite::memory:");
    options.map_sqlx_sqlite_opts(move |_| {
        use sqlx::ConnectOptions as _;
        settings.clone().disable_statement_logging()
    });
    options
}
