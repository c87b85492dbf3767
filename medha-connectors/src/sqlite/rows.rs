//! A running statement as a stream of rows.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::future::BoxFuture;
use futures_util::TryStreamExt;
use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Sqlite};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::failure;
use super::values::decode_row;
use super::work::{AbandonOnDrop, Work};
use crate::error::ConnectorError;
use crate::value::Value;

type Row = Result<Vec<Value>, ConnectorError>;

/// Rows that may wait for the reader.
const BUFFERED_ROWS: usize = 64;

/// Owns the connection and the statement that runs on it. Polling it drives both; dropping it stops SQLite's work and
/// gives the connection back.
pub(crate) struct Rows {
    pump: Option<BoxFuture<'static, ()>>,
    arrived: mpsc::Receiver<Row>,
    work: AbandonOnDrop,
    runtime: Handle,
}

impl Rows {
    /// Starts at the first poll. The connection must have been armed with `work`.
    pub(crate) fn new(
        connection: PoolConnection<Sqlite>,
        sql: String,
        database: String,
        work: AbandonOnDrop,
    ) -> Self {
        let (send, arrived) = mpsc::channel(BUFFERED_ROWS);
        let pump = Box::pin(pump(connection, sql, database, work.0.clone(), send));
        Self { pump: Some(pump), arrived, work, runtime: Handle::current() }
    }
}

async fn pump(
    mut connection: PoolConnection<Sqlite>,
    sql: String,
    database: String,
    work: Work,
    send: mpsc::Sender<Row>,
) {
    let mut rows = sqlx::query(AssertSqlSafe(sql)).fetch(&mut *connection);
    loop {
        let next = match rows.try_next().await {
            Ok(Some(row)) => decode_row(&row),
            Ok(None) => return,
            Err(error) => Err(error),
        };
        let next = next.map_err(|error| failure::of_query(&error, &database, &work));
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
        self.arrived.poll_recv(context)
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        self.work.0.abandon();
        // The pool takes its connection back in a task, which needs a runtime even where the reader has left it.
        let _entered = self.runtime.enter();
        self.pump = None;
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Rows").field("work", &self.work).finish_non_exhaustive()
    }
}
