//! The disk of a simulation: a saver in memory that counts its calls, and dies at one of them if it is told to.

use std::future::ready;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_core::future::BoxFuture;

use super::faults::Crash;
use crate::engine::checkpoint::CheckpointId;
use crate::engine::record::{Effect, Json};
use crate::engine::restore::{self, Piece};
use crate::engine::session::{Effects, Record};
use crate::graph::topology::Topology;
use crate::node::once::{EffectLog, Unrecorded};
use crate::state::State;
use crate::store::checkpointer::{Checkpointer, Head};
use crate::store::error::{CheckpointError, Operation};
use crate::store::key::ThreadKey;
use crate::store::memory::MemorySaver;

#[derive(Debug)]
pub(super) struct Disk {
    pub(super) saver: MemorySaver,
    pub(super) key: ThreadKey,
    calls: AtomicU64,
    crash: Mutex<Option<Crash>>,
}

impl Disk {
    pub(super) fn new(crash: Option<Crash>) -> Self {
        let (saver, key) = (MemorySaver::default(), ThreadKey::root("simulated"));
        Self { saver, key, calls: AtomicU64::new(0), crash: Mutex::new(crash) }
    }

    /// Stores something, unless this is where the process dies.
    pub(super) fn store(&self, record: Record) -> Result<(), CheckpointError> {
        self.call(|| match record {
            Record::Checkpoint { expected, checkpoint } => {
                now(self.saver.commit(&self.key, expected, *checkpoint))
            }
            Record::Progress { head, progress } => now(self.saver.save_progress(&self.key, head, *progress)),
        })
    }

    pub(super) fn load(&self) -> Option<Head> {
        now(self.saver.load(&self.key, None)).ok().flatten()
    }

    /// The state at a checkpoint, put together from what is stored.
    pub(super) fn state_at<S: State>(&self, topology: &Topology<S>, id: CheckpointId) -> Result<S, String> {
        let head = now(self.saver.load(&self.key, Some(id))).map_err(|error| error.to_string())?;
        let stored = head.ok_or_else(|| format!("checkpoint {id} is gone"))?.checkpoint;
        let pieces = self.pieces(&stored.needs()).map_err(|error| error.to_string())?;
        restore::state(topology, &stored, &pieces).map_err(|why| why.to_string())
    }

    pub(super) fn pieces(
        &self,
        needs: &[(CheckpointId, CheckpointId)],
    ) -> Result<Vec<Piece>, CheckpointError> {
        now(self.saver.written(&self.key, needs))
    }

    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    pub(super) fn recover(&self) {
        *lock(&self.crash) = None;
    }

    fn call(&self, work: impl FnOnce() -> Result<(), CheckpointError>) -> Result<(), CheckpointError> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let crash = *lock(&self.crash);
        let crashed = || Err(CheckpointError::storage(&self.key, Operation::Save, "simulated crash"));
        match crash {
            // A process that has died stores nothing any more.
            Some(Crash::Before(at)) if at <= call => crashed(),
            Some(Crash::After(at)) if at < call => crashed(),
            Some(Crash::After(at)) if at == call => {
                work()?;
                crashed()
            }
            Some(Crash::Before(_) | Crash::After(_)) | None => work(),
        }
    }
}

/// What one process knows of effects, and what it has yet to store before it may have more of them.
#[derive(Debug)]
pub(super) struct ProcessEffects {
    pub(super) disk: Arc<Disk>,
    pub(super) known: Mutex<Effects>,
    pub(super) broken: Mutex<Option<CheckpointError>>,
    /// The checkpoint that is stored beside the superstep that runs.
    pub(super) pending: Mutex<Option<Record>>,
}

impl ProcessEffects {
    pub(super) fn new(disk: Arc<Disk>, known: Effects) -> Self {
        Self { disk, known: Mutex::new(known), broken: Mutex::default(), pending: Mutex::default() }
    }

    /// Stores what is pending.
    pub(super) fn flush(&self) -> Result<(), CheckpointError> {
        let pending = lock(&self.pending).take();
        pending.map_or(Ok(()), |record| self.disk.store(record))
    }

    fn breaks(&self, error: CheckpointError) -> Unrecorded {
        lock(&self.broken).get_or_insert(error);
        Unrecorded
    }
}

impl EffectLog for ProcessEffects {
    fn find(&self, step: u64, position: usize, key: &str) -> Option<Json> {
        lock(&self.known).get(&(step, position))?.get(key).cloned()
    }

    fn footing(&self) -> BoxFuture<'_, Result<(), Unrecorded>> {
        let is_lost = lock(&self.broken).is_some();
        let stored = if is_lost { Err(Unrecorded) } else { self.flush().map_err(|error| self.breaks(error)) };
        Box::pin(ready(stored))
    }

    fn record(&self, effect: Effect) -> BoxFuture<'_, Result<(), Unrecorded>> {
        let stored = self.disk.call(|| now(self.disk.saver.save_effect(&self.disk.key, effect.clone())));
        let recorded = stored.map_err(|error| self.breaks(error));
        if recorded.is_ok() {
            let mut known = lock(&self.known);
            known.entry((effect.step, effect.position)).or_default().insert(effect.key, effect.json);
        }
        Box::pin(ready(recorded))
    }

    /// Time is virtual, and what a node waits for inside is not seen.
    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(ready(()))
    }
}

/// What a saver in memory answers: it never waits.
pub(super) fn now<T>(answer: BoxFuture<'_, Result<T, CheckpointError>>) -> Result<T, CheckpointError> {
    let mut answer = answer;
    match answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => unreachable!("the saver in memory is always ready"),
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
