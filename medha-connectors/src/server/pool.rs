//! A small pool: few connections, none before the first question, and only clean ones are used again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::breaker::Breaker;
use super::session::Session;
use super::wire::Wire;
use super::work::Work;
use crate::error::ConnectorError;

/// A connection that nobody has used for so long is closed at the next look.
const LONGEST_IDLE: Duration = Duration::from_secs(300);
/// Connecting is tried so often in one go.
const TRIES: u32 = 3;
/// The pause after the first try; it grows fourfold.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// No server that can be reached takes longer.
const CONNECT_TIME: Duration = Duration::from_secs(10);

/// The connections to one server.
pub(crate) struct Pool<W: Wire> {
    pub(super) options: W::Options,
    name: String,
    idle: Mutex<Vec<(W, Instant)>>,
    permits: Arc<Semaphore>,
    breaker: Mutex<Breaker>,
}

impl<W: Wire> Pool<W> {
    /// Connects to nothing yet.
    pub(crate) fn new(options: W::Options, name: String, connections: usize) -> Arc<Self> {
        Arc::new(Self {
            options,
            name,
            idle: Mutex::default(),
            permits: Arc::new(Semaphore::new(connections.max(1))),
            breaker: Mutex::default(),
        })
    }

    /// The name of the database, without secrets.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A connection in a transaction that reads. One that has died while nobody used it is replaced.
    pub(crate) async fn session(self: &Arc<Self>, work: &Work) -> Result<Session<W>, ConnectorError> {
        let permit = work.wait_for(Arc::clone(&self.permits).acquire_owned()).await?;
        let mut permit: OwnedSemaphorePermit =
            permit.map_err(|_| self.open_failure("its pool is closed".into()))?;
        while let Some(wire) = self.unused() {
            let mut session = Session::over(wire, permit, Arc::clone(self));
            match session.begin(work).await? {
                Ok(()) => return Ok(session),
                Err(error) if W::is_lost(&error) => permit = session.into_permit(),
                Err(error) => return Err(self.open_failure(W::connect_failure(&error))),
            }
        }
        let wire = self.connect(work).await?;
        let mut session = Session::over(wire, permit, Arc::clone(self));
        match session.begin(work).await? {
            Ok(()) => Ok(session),
            Err(error) => Err(self.open_failure(W::connect_failure(&error))),
        }
    }

    #[allow(clippy::disallowed_methods, reason = "how long a connection was idle is measured at the edge")]
    fn unused(&self) -> Option<W> {
        let now = Instant::now();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(_, since)| now.duration_since(*since) < LONGEST_IDLE);
        idle.pop().map(|(wire, _)| wire)
    }

    /// Takes a clean connection back.
    #[allow(clippy::disallowed_methods, reason = "how long a connection was idle is measured at the edge")]
    pub(super) fn take_back(&self, wire: W) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push((wire, Instant::now()));
    }

    /// Connects, again if that may help, unless the server has failed too often.
    #[allow(clippy::disallowed_methods, reason = "the breaker is told the time at the edge")]
    async fn connect(&self, work: &Work) -> Result<W, ConnectorError> {
        self.breaker().ask(Instant::now()).map_err(|wait| {
            self.open_failure(format!(
                "it could not be reached several times in a row; it is tried again in {:.0?}",
                wait.max(Duration::from_millis(1))
            ))
        })?;
        let mut pause = FIRST_PAUSE;
        let mut tries = 1;
        let reason = loop {
            let connecting = tokio::time::timeout(CONNECT_TIME, W::connect(&self.options));
            match work.wait_for(connecting).await? {
                Ok(Ok(wire)) => {
                    self.breaker().succeeded();
                    return Ok(wire);
                }
                Ok(Err(error)) if tries < TRIES && W::may_pass(&error) => {
                    // Several that failed together should not come back together.
                    work.wait_for(tokio::time::sleep(pause.mul_f64(0.5 + fastrand::f64()))).await?;
                    (tries, pause) = (tries + 1, pause * 4);
                }
                Ok(Err(error)) => break W::connect_failure(&error),
                Err(_) => {
                    break format!("it did not answer within {CONNECT_TIME:?}; check the host and the port");
                }
            }
        };
        self.breaker().failed(Instant::now());
        Err(self.open_failure(reason))
    }

    fn breaker(&self) -> std::sync::MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open_failure(&self, reason: String) -> ConnectorError {
        ConnectorError::Open { database: self.name.clone(), reason }
    }
}

impl<W: Wire> std::fmt::Debug for Pool<W> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).len();
        formatter
            .debug_struct("Pool")
            .field("name", &self.name)
            .field("idle", &idle)
            .field("free", &self.permits.available_permits())
            .finish_non_exhaustive()
    }
}
