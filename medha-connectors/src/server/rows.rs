//! The rows of a running statement as a stream: a pump asks the server for batches, the reader takes rows.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::work::Work;
use crate::error::ConnectorError;
use crate::value::Value;

/// Rows go from the pump to the reader in batches of so many: enough to pay for the way, few enough to stay in the processor's
/// cache until they are read.
pub(crate) const BATCH_ROWS: usize = 64;
/// A batch of about this size is worth its way.
pub(crate) const MAX_BATCH_BYTES: usize = 512 * 1024;

/// Batches that may wait for the reader: a short answer fits, and its connection is free before it is read.
const WAITING_BATCHES: usize = 4;

/// Rows that came together, or why there are no more.
pub(crate) type Batches = Result<Vec<Vec<Value>>, ConnectorError>;
/// Where the pump puts them.
pub(crate) type Sender = mpsc::Sender<Batches>;

/// Owns the pump, and with it the connection. Polling it drives both; dropping it stops the server's work.
pub(crate) struct Rows {
    pump: Option<BoxFuture<'static, ()>>,
    arrived: mpsc::Receiver<Batches>,
    batch: VecDeque<Vec<Value>>,
    /// Comes when nobody should wait any longer.
    stopped: Option<BoxFuture<'static, ConnectorError>>,
    runtime: Handle,
}

impl Rows {
    /// Starts at the first poll.
    pub(crate) fn new<F>(work: Work, pump: impl FnOnce(Sender) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (send, arrived) = mpsc::channel(WAITING_BATCHES);
        Self {
            pump: Some(Box::pin(pump(send))),
            arrived,
            batch: VecDeque::new(),
            stopped: Some(Box::pin(work.stopped())),
            runtime: Handle::current(),
        }
    }

    /// Lets the pump work, and with it the server, while the reader is busy with the rows it has.
    fn drive(&mut self, context: &mut Context<'_>) {
        if let Some(pump) = &mut self.pump
            && pump.as_mut().poll(context).is_ready()
        {
            self.pump = None;
        }
    }
}

impl Stream for Rows {
    type Item = Result<Vec<Value>, ConnectorError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(row) = self.batch.pop_front() {
            return Poll::Ready(Some(Ok(row)));
        }
        let runtime = self.runtime.clone();
        let _entered = runtime.enter();
        loop {
            // A reader that is slower than the deadline is told so, even if the next batch has come meanwhile; not if that
            // was the last one.
            if self.pump.is_some()
                && let Some(stopped) = &mut self.stopped
                && let Poll::Ready(reason) = stopped.as_mut().poll(context)
            {
                (self.pump, self.stopped) = (None, None);
                return Poll::Ready(Some(Err(reason)));
            }
            if self.stopped.is_none() {
                return Poll::Ready(None);
            }
            self.drive(context);
            match self.arrived.poll_recv(context) {
                Poll::Ready(Some(Ok(batch))) => {
                    self.batch = batch.into();
                    // The next batch is asked for before this one is read.
                    self.drive(context);
                    if let Some(row) = self.batch.pop_front() {
                        return Poll::Ready(Some(Ok(row)));
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    (self.pump, self.stopped) = (None, None);
                    return Poll::Ready(Some(Err(error)));
                }
                Poll::Ready(None) => {
                    (self.pump, self.stopped) = (None, None);
                    return Poll::Ready(None);
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        // What the pump holds tidies up in a task, which needs a runtime even where the reader has left it.
        let _entered = self.runtime.enter();
        self.pump = None;
        self.stopped = None;
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Rows").field("waiting", &self.batch.len()).finish_non_exhaustive()
    }
}
