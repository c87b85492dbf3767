//! SQLite's work on one statement: step after step, on a thread of its own.
//!
//! sqlx hands rows from thread to thread one by one. Here the thread keeps them until there are enough, on the connection of
//! sqlx's pool, which rusqlite borrows meanwhile.

use std::time::{Duration, Instant};

use rusqlite::types::ValueRef;
use sqlx::Sqlite;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::LockedSqliteHandle;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::authorizer;
use super::failure;
use super::work::Work;
use crate::error::ConnectorError;
use crate::value::Value;

/// Rows that came together; none, which is the end; or why there are no more.
pub(crate) type Batch = Result<Vec<Vec<Value>>, ConnectorError>;

/// A batch ends after so many rows,
const BATCH_ROWS: usize = 512;
/// or this much of values,
const BATCH_BYTES: usize = 64 * 1024;
/// or this long, and the first after one row: where rows come slowly the reader need not wait for many.
const BATCH_TIME: Duration = Duration::from_millis(5);

/// What is to run.
pub(crate) struct Statement {
    pub(crate) sql: String,
    /// How many columns its rows have.
    pub(crate) columns: usize,
    /// The name of the database, for errors.
    pub(crate) database: String,
}

/// Somebody else altered a table after the columns of the answer were found out.
fn changed_meanwhile() -> ConnectorError {
    ConnectorError::Query { reason: "a table was changed while it was asked; ask again".to_owned() }
}

/// Runs the statement to its end, or until the work is stopped or nobody receives its rows any more.
pub(crate) fn run(
    connection: PoolConnection<Sqlite>,
    statement: &Statement,
    work: &Work,
    send: &mpsc::Sender<Batch>,
    runtime: &Handle,
) {
    // The pool takes its connection back in a task, also when this panics, so the connection goes first.
    let _entered = runtime.enter();
    let mut connection = connection;
    let outcome = match runtime.block_on(connection.lock_handle()) {
        Ok(mut handle) => step_through(&mut handle, statement, work, send),
        Err(error) => Err(failure::of_query(&error, &statement.database, work)),
    };
    // Given back before the reader hears of the end.
    drop(connection);
    let _ = send.blocking_send(outcome.map(|()| Vec::new()));
}

fn step_through(
    handle: &mut LockedSqliteHandle<'_>,
    statement: &Statement,
    work: &Work,
    send: &mpsc::Sender<Batch>,
) -> Result<(), ConnectorError> {
    let fail = |error: rusqlite::Error| failure::of_step(&error, &statement.database, work);
    authorizer::lend(handle, |connection| {
        let mut compiled = connection.prepare(&statement.sql).map_err(fail)?;
        let mut batch = Growing::new();
        let mut step_to_end = || -> Result<(), ConnectorError> {
            let mut rows = compiled.raw_query();
            while let Some(row) = rows.next().map_err(fail)? {
                if row.as_ref().column_count() != statement.columns {
                    return Err(changed_meanwhile());
                }
                let mut values = Vec::with_capacity(statement.columns);
                for index in 0..statement.columns {
                    values.push(value(row.get_ref(index).map_err(fail)?));
                }
                batch.push(values);
                if batch.is_due() {
                    if send.blocking_send(Ok(batch.take())).is_err() {
                        return Ok(());
                    }
                    batch.since = Some(now());
                }
            }
            Ok(())
        };
        let outcome = step_to_end();
        // Rows that came before an error may be all that is wanted.
        if !batch.rows.is_empty() {
            let _ = send.blocking_send(Ok(batch.take()));
        }
        outcome?;
        if compiled.column_count() == statement.columns { Ok(()) } else { Err(changed_meanwhile()) }
    })
    .map_err(fail)?
}

/// A batch that is not sent yet.
struct Growing {
    rows: Vec<Vec<Value>>,
    bytes: usize,
    /// When the one before was sent, if one was.
    since: Option<Instant>,
}

impl Growing {
    fn new() -> Self {
        Self { rows: Vec::new(), bytes: 0, since: None }
    }

    fn push(&mut self, row: Vec<Value>) {
        self.bytes += row.iter().map(Value::size).sum::<usize>();
        self.rows.push(row);
    }

    fn is_due(&self) -> bool {
        self.rows.len() >= BATCH_ROWS
            || self.bytes >= BATCH_BYTES
            || self.since.is_none_or(|since| now().saturating_duration_since(since) >= BATCH_TIME)
    }

    fn take(&mut self) -> Vec<Vec<Value>> {
        self.bytes = 0;
        std::mem::take(&mut self.rows)
    }
}

#[allow(clippy::disallowed_methods, reason = "how long rows have waited is a matter of the outside world")]
fn now() -> Instant {
    Instant::now()
}

/// One value, by its storage class. Text that is not UTF-8 is kept as the bytes it is, because any text we made of it would be
/// a guess.
fn value(read: ValueRef<'_>) -> Value {
    match read {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Float(number),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => Value::Blob(bytes.to_vec()),
        },
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}
