//! One piece of work for the database, and the ways it is stopped: deadline, cancellation, nobody waiting any more.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sqlx::SqliteConnection;
use tokio_util::sync::CancellationToken;

use crate::error::ConnectorError;

/// SQLite asks whether to go on after this many instructions of its machine: some tens of microseconds.
const INSTRUCTIONS_BETWEEN_LOOKS: i32 = 2_000;

/// Shared by the task that waits for rows and by the thread that makes them.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    started: Instant,
    deadline: Duration,
    cancel: CancellationToken,
    abandoned: Arc<AtomicBool>,
}

impl Work {
    /// Begins now.
    #[allow(clippy::disallowed_methods, reason = "a deadline of the outside world starts at the edge")]
    pub(crate) fn begin(deadline: Duration, cancel: CancellationToken) -> Self {
        Self { started: Instant::now(), deadline, cancel, abandoned: Arc::new(AtomicBool::new(false)) }
    }

    /// Lets SQLite look at this work while it runs a statement; it replaces the work before it on this connection.
    pub(crate) async fn arm(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        let work = self.clone();
        let mut handle = connection.lock_handle().await?;
        handle.set_progress_handler(INSTRUCTIONS_BETWEEN_LOOKS, move || work.stop_reason().is_none());
        Ok(())
    }

    /// Says that nobody waits for it any more; the database stops at its next look.
    pub(crate) fn abandon(&self) {
        self.abandoned.store(true, Ordering::Relaxed);
    }

    /// Why it should stop, if it should.
    pub(crate) fn stop_reason(&self) -> Option<ConnectorError> {
        if self.cancel.is_cancelled() || self.abandoned.load(Ordering::Relaxed) {
            Some(ConnectorError::Cancelled)
        } else if self.started.elapsed() >= self.deadline {
            Some(ConnectorError::Deadline { after: self.deadline })
        } else {
            None
        }
    }

    /// Waits for `future`, unless the work is cancelled or its time is up before.
    pub(crate) async fn wait_for<T>(&self, future: impl Future<Output = T>) -> Result<T, ConnectorError> {
        let left = self.deadline.saturating_sub(self.started.elapsed());
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(ConnectorError::Cancelled),
            outcome = tokio::time::timeout(left, future) => {
                outcome.map_err(|_| ConnectorError::Deadline { after: self.deadline })
            }
        }
    }

    /// Comes when the work is cancelled or its time is up, whatever the database does: within one call of a function, and
    /// while it compiles, SQLite does not look.
    pub(crate) async fn stopped(self) -> ConnectorError {
        match self.wait_for(std::future::pending::<Infallible>()).await {
            Ok(never) => match never {},
            Err(reason) => reason,
        }
    }
}

/// Abandons its work when it goes out of scope.
#[derive(Debug)]
pub(crate) struct AbandonOnDrop(pub(crate) Work);

impl Drop for AbandonOnDrop {
    fn drop(&mut self) {
        self.0.abandon();
    }
}
