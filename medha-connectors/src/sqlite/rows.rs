//! A running statement as a stream of rows.
//!
//! SQLite works on a thread of its own and hands its rows over in batches: a change of threads for each row would cost more
//! than the row.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::future::BoxFuture;
use sqlx::Sqlite;
use sqlx::pool::PoolConnection;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::authorizer::MAX_VALUE_BYTES;
use super::steps::{self, Batch, Statement};
use super::work::AbandonOnDrop;
use crate::connector::QueryOptions;
use crate::error::ConnectorError;
use crate::value::Value;

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

/// The thread has gone without a word.
fn broke_off() -> ConnectorError {
    ConnectorError::Query { reason: "SQLite broke off in the middle of the answer; ask again".to_owned() }
}

/// The rows of a statement that runs. Dropping it stops SQLite's work, and the pool gets the connection back.
pub(crate) struct Rows {
    arrived: mpsc::Receiver<Batch>,
    batch: VecDeque<Vec<Value>>,
    /// Whether the end or an error has come.
    is_done: bool,
    /// Comes when nobody should wait any longer.
    stopped: Option<BoxFuture<'static, ConnectorError>>,
    work: AbandonOnDrop,
    runtime: Handle,
}

impl Rows {
    /// Starts at once. The connection must have been armed with `work`.
    pub(crate) fn start(
        connection: PoolConnection<Sqlite>,
        statement: Statement,
        work: AbandonOnDrop,
    ) -> Result<Self, ConnectorError> {
        // A batch waits for the reader while SQLite makes the next; a short answer and its end fit, so the thread is free.
        let (send, arrived) = mpsc::channel(2);
        let runtime = Handle::current();
        let thread = {
            let (runtime, work) = (runtime.clone(), work.0.clone());
            move || steps::run(connection, &statement, &work, &send, &runtime)
        };
        // Not one of the runtime's threads, which it would wait for at its end: within a call of a function SQLite cannot be
        // stopped.
        std::thread::Builder::new().name("medha-sqlite".to_owned()).spawn(thread).map_err(|error| {
            ConnectorError::Query {
                reason: format!("the system gave no thread for SQLite ({error}); ask again"),
            }
        })?;
        let stopped = Some(Box::pin(work.0.clone().stopped()) as BoxFuture<'static, ConnectorError>);
        Ok(Self { arrived, batch: VecDeque::new(), is_done: false, stopped, work, runtime })
    }

    /// Stops the work and lets the connection go; the pool has it again when SQLite has let go of it.
    fn give_up(&mut self) {
        self.work.0.abandon();
        self.arrived.close();
        self.stopped = None;
    }
}

impl Stream for Rows {
    type Item = Result<Vec<Value>, ConnectorError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(row) = self.batch.pop_front() {
                return Poll::Ready(Some(Ok(row)));
            }
            if self.is_done {
                return Poll::Ready(None);
            }
            match self.arrived.poll_recv(context) {
                Poll::Ready(Some(Ok(batch))) => {
                    self.is_done = batch.is_empty();
                    self.batch = batch.into();
                }
                Poll::Ready(Some(Err(error))) => {
                    self.is_done = true;
                    return Poll::Ready(Some(Err(error)));
                }
                // Rows without an end must not pass for all of them.
                Poll::Ready(None) => {
                    self.is_done = true;
                    return Poll::Ready(Some(Err(broke_off())));
                }
                Poll::Pending => break,
            }
        }
        // Nothing has come. SQLite stops by itself when it looks at its work, which may be never.
        let runtime = self.runtime.clone();
        let _entered = runtime.enter();
        let Some(Poll::Ready(reason)) = self.stopped.as_mut().map(|stopped| stopped.as_mut().poll(context))
        else {
            return Poll::Pending;
        };
        self.give_up();
        self.is_done = true;
        Poll::Ready(Some(Err(reason)))
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

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt as _, TryStreamExt as _};
    use tokio_util::sync::CancellationToken;

    use super::super::work::Work;
    use super::*;

    /// Rows of a thread that has sent these batches and is gone.
    fn sent(batches: Vec<Batch>) -> Rows {
        let (send, arrived) = mpsc::channel(8);
        batches.into_iter().for_each(|batch| send.try_send(batch).unwrap());
        let work = Work::begin(std::time::Duration::from_secs(30), CancellationToken::new());
        Rows {
            arrived,
            batch: VecDeque::new(),
            is_done: false,
            stopped: None,
            work: AbandonOnDrop(work),
            runtime: Handle::current(),
        }
    }

    #[tokio::test]
    async fn rows_end_with_a_word_or_with_an_error() {
        let row = |number| vec![Value::Integer(number)];
        let whole = sent(vec![Ok(vec![row(1), row(2)]), Ok(vec![row(3)]), Ok(Vec::new())]);
        assert_eq!(whole.try_collect::<Vec<_>>().await.unwrap(), [row(1), row(2), row(3)]);

        let mut broken = sent(vec![Ok(vec![row(1)])]);
        assert_eq!(broken.next().await.unwrap().unwrap(), row(1));
        let error = broken.next().await.unwrap().unwrap_err().to_string();
        assert!(error.contains("SQLite broke off in the middle"), "{error}");
        assert!(broken.next().await.is_none());
    }
}
