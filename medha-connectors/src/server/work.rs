//! One piece of work for a server: how long it may take, and whether anybody still wants it.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::connector::QueryOptions;
use crate::error::ConnectorError;

/// How much sooner than us a server stops.
const AHEAD: Duration = Duration::from_millis(10);

/// A deadline and a cancellation, from the moment the work begins.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    started: Instant,
    deadline: Duration,
    cancel: CancellationToken,
}

impl Work {
    /// Begins now.
    #[allow(clippy::disallowed_methods, reason = "a deadline of the outside world starts at the edge")]
    pub(crate) fn begin(deadline: Duration, cancel: CancellationToken) -> Self {
        Self { started: Instant::now(), deadline, cancel }
    }

    /// Something of ours, that nobody cancels and that takes no longer than a question may.
    pub(crate) fn usual() -> Self {
        let options = QueryOptions::default();
        Self::begin(options.deadline, options.cancel)
    }

    /// The time that is left.
    pub(crate) fn left(&self) -> Duration {
        self.deadline.saturating_sub(self.started.elapsed())
    }

    /// What the server is told as its limit: a little less than is left, so that it is the server that stops, and its
    /// connection stays usable.
    pub(crate) fn limit(&self) -> Duration {
        self.left().saturating_sub(AHEAD).max(Duration::from_millis(1))
    }

    /// The error of a server that has stopped at the limit it was told.
    pub(crate) fn late(&self) -> ConnectorError {
        ConnectorError::Deadline { after: self.deadline }
    }

    /// Whether a server that stops now does so because of its limit.
    #[cfg(any(feature = "postgres", feature = "bigquery"))]
    pub(crate) fn is_late(&self) -> bool {
        self.left() <= 2 * AHEAD
    }

    /// Why it should stop, if it should.
    pub(crate) fn stop_reason(&self) -> Option<ConnectorError> {
        if self.cancel.is_cancelled() {
            Some(ConnectorError::Cancelled)
        } else if self.left().is_zero() {
            Some(ConnectorError::Deadline { after: self.deadline })
        } else {
            None
        }
    }

    /// Waits for `future`, unless the work is cancelled or its time is up before.
    pub(crate) async fn wait_for<T>(&self, future: impl Future<Output = T>) -> Result<T, ConnectorError> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(ConnectorError::Cancelled),
            outcome = tokio::time::timeout(self.left(), future) => {
                outcome.map_err(|_| ConnectorError::Deadline { after: self.deadline })
            }
        }
    }

    /// Comes when the work is cancelled or its time is up.
    pub(crate) async fn stopped(self) -> ConnectorError {
        match self.wait_for(std::future::pending::<Infallible>()).await {
            Ok(never) => match never {},
            Err(reason) => reason,
        }
    }
}
