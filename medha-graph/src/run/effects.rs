//! The effects of a run: those recorded before, where new ones go, and what it means for the run when they cannot.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use futures_core::future::BoxFuture;

use crate::engine::record::{Effect, Json};
use crate::engine::session::Effects;
use crate::node::once::{EffectLog, Unrecorded};
use crate::store::checkpointer::Checkpointer;
use crate::store::error::CheckpointError;
use crate::store::key::ThreadKey;

/// Where the tasks of one run find and record their effects.
pub(crate) struct RunEffects {
    saver: Option<Arc<dyn Checkpointer>>,
    key: ThreadKey,
    known: Mutex<Effects>,
    /// Apart from the error, so that a superstep without effects looks at one byte.
    is_broken: AtomicBool,
    broken: Mutex<Option<CheckpointError>>,
    footing: Mutex<Footing>,
    sleep: fn(Duration) -> BoxFuture<'static, ()>,
}

/// Whether the checkpoint that the running superstep stands on is stored.
#[derive(Debug, Default)]
enum Footing {
    #[default]
    Firm,
    /// It is being stored; these wait for it.
    Awaited(Vec<Waker>),
    /// It could not be stored.
    Lost,
}

impl RunEffects {
    pub(crate) fn new(
        saver: Option<Arc<dyn Checkpointer>>,
        key: ThreadKey,
        known: Effects,
        sleep: fn(Duration) -> BoxFuture<'static, ()>,
    ) -> Self {
        let (known, footing, broken) = (Mutex::new(known), Mutex::default(), Mutex::default());
        Self { saver, key, known, is_broken: AtomicBool::new(false), broken, footing, sleep }
    }

    /// Why an effect could not be recorded, if that has happened.
    #[inline]
    pub(crate) fn take_broken(&self) -> Option<CheckpointError> {
        if self.is_broken.load(Ordering::Acquire) { lock(&self.broken).take() } else { None }
    }

    /// A checkpoint is being stored beside the superstep that stands on it.
    pub(crate) fn await_footing(&self) {
        *lock(&self.footing) = Footing::Awaited(Vec::new());
    }

    /// The checkpoint was stored, or could not be.
    pub(crate) fn found_footing(&self, is_firm: bool) {
        let now = if is_firm { Footing::Firm } else { Footing::Lost };
        let before = std::mem::replace(&mut *lock(&self.footing), now);
        match before {
            Footing::Awaited(wakers) => wakers.into_iter().for_each(Waker::wake),
            Footing::Firm | Footing::Lost => {}
        }
    }

    fn breaks(&self, error: CheckpointError) -> Unrecorded {
        lock(&self.broken).get_or_insert(error);
        self.is_broken.store(true, Ordering::Release);
        Unrecorded
    }
}

impl EffectLog for RunEffects {
    fn find(&self, step: u64, position: usize, key: &str) -> Option<Json> {
        lock(&self.known).get(&(step, position))?.get(key).cloned()
    }

    fn footing(&self) -> BoxFuture<'_, Result<(), Unrecorded>> {
        Box::pin(poll_fn(|cx| match &mut *lock(&self.footing) {
            Footing::Firm => Poll::Ready(Ok(())),
            Footing::Lost => Poll::Ready(Err(Unrecorded)),
            Footing::Awaited(wakers) => {
                wakers.push(cx.waker().clone());
                Poll::Pending
            }
        }))
    }

    fn record(&self, effect: Effect) -> BoxFuture<'_, Result<(), Unrecorded>> {
        Box::pin(async move {
            if let Some(saver) = &self.saver {
                let saved = saver.save_effect(&self.key, effect.clone()).await;
                saved.map_err(|error| self.breaks(error))?;
            }
            let mut known = lock(&self.known);
            known.entry((effect.step, effect.position)).or_default().insert(effect.key, effect.json);
            Ok(())
        })
    }

    fn sleep(&self, pause: Duration) -> BoxFuture<'static, ()> {
        (self.sleep)(pause)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
