//! A running statement as a stream of rows.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::future::BoxFuture;
use futures_util::TryStreamExt;
use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Either, Executor, Row as _, Sqlite};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::authorizer::MAX_VALUE_BYTES;
use super::failure;
use super::values::decode_row;
use super::work::{AbandonOnDrop, Work};
use crate::connector::QueryOptions;
use crate::error::ConnectorError;
use crate::value::Value;

type Row = Result<Vec<Value>, ConnectorError>;

/// Rows that may wait for the reader. Few, because each can be as large as a row may be.
const BUFFERED_ROWS: usize = 2;
/// The largest row by its values, as a multiple of what the whole answer may have.
const ROW_OF_ANSWER: usize = 4;
/// Whatever its width, a row may have values of this size.
const SMALL_VALUE_BYTES: usize = 1024 * 1024;

/// How large one value may be. A row is in memory several times before anybody can say that it is too large, so wide rows
/// get smaller values.
pub(crate) fn value_bytes(columns: usize, options: &QueryOptions) -> usize {
    let row = options.max_bytes.saturating_mul(ROW_OF_ANSWER).min(MAX_VALUE_BYTES);
    (row / columns.max(1)).clamp(SMALL_VALUE_BYTES, MAX_VALUE_BYTES)
}

/// What is to run.
pub(crate) struct Statement {
    pub(crate) sql: String,
    /// How many columns its rows have.
    pub(crate) columns: usize,
    /// The name of the database, for errors.
    pub(crate) database: String,
}

/// Owns the connection and the statement that runs on it. Polling it drives both; dropping it stops SQLite's work and
/// gives the connection back.
pub(crate) struct Rows {
    pump: Option<BoxFuture<'static, ()>>,
    arrived: mpsc::Receiver<Row>,
    /// Comes when nobody should wait any longer.
    stopped: Option<BoxFuture<'static, ConnectorError>>,
    work: AbandonOnDrop,
    runtime: Handle,
}

impl Rows {
    /// Starts at the first poll. The connection must have been armed with `work`.
    pub(crate) fn new(connection: PoolConnection<Sqlite>, statement: Statement, work: AbandonOnDrop) -> Self {
        let (send, arrived) = mpsc::channel(BUFFERED_ROWS);
        let pump = Box::pin(pump(connection, statement, work.0.clone(), send));
        let stopped = Some(Box::pin(work.0.clone().stopped()) as BoxFuture<'static, ConnectorError>);
        Self { pump: Some(pump), arrived, stopped, work, runtime: Handle::current() }
    }
}

/// Somebody else altered a table after the columns of the answer were found out.
fn changed_meanwhile() -> ConnectorError {
    ConnectorError::Query { reason: "a table was changed while it was asked; ask again".to_owned() }
}

async fn pump(
    mut connection: PoolConnection<Sqlite>,
    Statement { sql, columns, database }: Statement,
    work: Work,
    send: mpsc::Sender<Row>,
) {
    let mut rows = connection.fetch_many(sqlx::query(AssertSqlSafe(sql)));
    let mut is_done = false;
    loop {
        let next = match rows.try_next().await {
            Ok(Some(Either::Right(row))) if row.len() == columns => {
                decode_row(&row).map_err(|error| failure::of_query(&error, &database, &work))
            }
            Ok(Some(Either::Left(_))) => {
                is_done = true;
                continue;
            }
            Ok(None) if is_done => return,
            // sqlx's thread gives up where a table gets more columns between compiling and running.
            Ok(Some(Either::Right(_)) | None) => Err(changed_meanwhile()),
            Err(error) => Err(failure::of_query(&error, &database, &work)),
        };
        let failed = next.is_err();
        if send.send(next).await.is_err() || failed {
            return;
        }
    }
}

impl Stream for Rows {
    type Item = Row;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Row>> {
        if let Ok(row) = self.arrived.try_recv() {
            return Poll::Ready(Some(row));
        }
        if let Some(pump) = &mut self.pump
            && pump.as_mut().poll(context).is_ready()
        {
            self.pump = None;
        }
        if let Poll::Ready(row) = self.arrived.poll_recv(context) {
            return Poll::Ready(row);
        }
        // Nothing has come. SQLite stops by itself when it looks at its work, which may be never.
        let runtime = self.runtime.clone();
        let _entered = runtime.enter();
        let Some(Poll::Ready(reason)) = self.stopped.as_mut().map(|stopped| stopped.as_mut().poll(context))
        else {
            return Poll::Pending;
        };
        self.give_up();
        Poll::Ready(Some(Err(reason)))
    }
}

impl Rows {
    /// Stops the work and lets the connection go; the pool has it again when SQLite has let go of it.
    fn give_up(&mut self) {
        self.work.0.abandon();
        // The pool takes its connection back in a task, which needs a runtime even where the reader has left it.
        let _entered = self.runtime.enter();
        self.pump = None;
        self.stopped = None;
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        self.give_up();
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Rows").field("work", &self.work).finish_non_exhaustive()
    }
}
