//! Tasks of one superstep that are given the same: one runs, the others wait for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::lock::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::store::cache::node_cache::CacheKey;

/// Which tasks run now, by superstep and key.
///
/// Tasks of other runs are left alone: a run that nobody reads stands still, and must not hold up another.
#[derive(Debug, Default)]
pub(super) struct Flights(Mutex<HashMap<Which, Arc<AsyncMutex<()>>>>);

type Which = (Superstep, CacheKey);

/// One superstep of one run, as long as it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Superstep(pub(crate) usize);

/// What a task is to do.
pub(super) enum Seat<'a> {
    /// Run, and let the others go on when this is dropped.
    Leads(#[expect(dead_code, reason = "held for its drop")] Flight<'a>),
    /// Wait, and look the result up.
    Follows(Landing),
}

/// A task that runs for others too.
pub(super) struct Flight<'a> {
    flights: &'a Flights,
    which: Which,
    _in_the_air: OwnedMutexGuard<()>,
}

/// The end of another task.
pub(super) struct Landing(Arc<AsyncMutex<()>>);

impl Flights {
    pub(super) fn board(&self, superstep: Superstep, key: &CacheKey) -> Seat<'_> {
        let which = (superstep, key.clone());
        let mut flights = self.lock();
        if let Some(other) = flights.get(&which) {
            return Seat::Follows(Landing(Arc::clone(other)));
        }
        let landing = Arc::new(AsyncMutex::new(()));
        let in_the_air = landing.try_lock_owned().expect("nobody else has seen it yet");
        flights.insert(which.clone(), landing);
        Seat::Leads(Flight { flights: self, which, _in_the_air: in_the_air })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Which, Arc<AsyncMutex<()>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Landing {
    /// Waits until the other task is over, however it ended.
    pub(super) async fn wait(self) {
        drop(self.0.lock().await);
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.flights.lock().remove(&self.which);
    }
}
