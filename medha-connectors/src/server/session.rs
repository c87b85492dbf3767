//! A connection in use, and what becomes of it: a clean one goes back to the pool, one that still works is stopped on the
//! server and closed.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::pool::Pool;
use super::wire::Wire;
use super::work::Work;
use crate::error::ConnectorError;

/// Stopping and cleaning take milliseconds; a server that needs longer has lost us anyway.
const TIDY_TIME: Duration = Duration::from_secs(5);

/// A connection in a transaction that reads.
///
/// Whoever calls the server does it between [`Session::busy`] and [`Session::done`], so that dropping the session, at any
/// moment, knows whether there is something to stop.
pub(crate) struct Session<W: Wire> {
    wire: Option<(W, OwnedSemaphorePermit)>,
    pool: Arc<Pool<W>>,
    state: State,
    /// The stream that owns this may outlive its runtime.
    runtime: Handle,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The server waits for us.
    Ready,
    /// The server works, or rows are on their way.
    Busy,
    /// The connection is gone.
    Lost,
}

impl<W: Wire> Session<W> {
    pub(super) fn over(wire: W, permit: OwnedSemaphorePermit, pool: Arc<Pool<W>>) -> Self {
        Self { wire: Some((wire, permit)), pool, state: State::Ready, runtime: Handle::current() }
    }

    /// Begins the transaction; the outer error is a stop, the inner one the server's.
    pub(super) async fn begin(&mut self, work: &Work) -> Result<Result<(), sqlx::Error>, ConnectorError> {
        let time = work.limit();
        let Some(wire) = self.busy() else { return Ok(Err(sqlx::Error::PoolClosed)) };
        let outcome = work.wait_for(wire.begin(time)).await?;
        self.done(&outcome);
        Ok(outcome)
    }

    /// The connection, for a call that may be dropped before its end.
    pub(crate) fn busy(&mut self) -> Option<&mut W> {
        self.state = State::Busy;
        self.wire.as_mut().map(|(wire, _)| wire)
    }

    /// The call has come to its end.
    pub(crate) fn done<T>(&mut self, outcome: &Result<T, sqlx::Error>) {
        self.state = match outcome {
            Err(error) if W::is_lost(error) => State::Lost,
            Ok(_) | Err(_) => State::Ready,
        };
    }

    /// The name of the database.
    pub(crate) fn database(&self) -> &str {
        self.pool.name()
    }

    /// Lets a lost connection go and keeps its place in the pool.
    pub(super) fn into_permit(mut self) -> OwnedSemaphorePermit {
        match self.wire.take() {
            Some((_, permit)) => permit,
            None => unreachable!("a session has its connection until it is dropped"),
        }
    }
}

impl<W: Wire> Drop for Session<W> {
    #[allow(clippy::disallowed_methods, reason = "the task ends within its time and owns all it works on")]
    fn drop(&mut self) {
        let Some((mut wire, permit)) = self.wire.take() else { return };
        let pool = Arc::clone(&self.pool);
        let state = self.state;
        self.runtime.spawn(async move {
            match state {
                State::Ready => {
                    if !wire.is_worn()
                        && let Ok(Ok(())) = timeout(TIDY_TIME, wire.reset()).await
                    {
                        pool.take_back(wire);
                    }
                }
                State::Busy => {
                    // The connection stays open until then, so that the server cannot give its name to another one.
                    match timeout(TIDY_TIME, W::stop(&pool.options, wire.id())).await {
                        Ok(Ok(())) => {}
                        Ok(Err(error)) => {
                            tracing::warn!(database = pool.name(), %error, "a query could not be stopped")
                        }
                        Err(_) => {
                            tracing::warn!(database = pool.name(), "a query could not be stopped in time")
                        }
                    }
                }
                State::Lost => {}
            }
            drop(permit);
        });
    }
}
