//! Signs of life on their way from a task to the driver; only tasks whose timeouts they move have a pulse.

use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Waker;

use futures_util::task::AtomicWaker;

use crate::engine::timer::Sign;

/// What a task has shown since the driver last looked. Whoever shows something wakes the driver, which reads the clock.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    was_active: AtomicBool,
    has_beaten: AtomicBool,
    waker: AtomicWaker,
}

impl Pulse {
    pub(crate) fn show(&self, sign: Sign) {
        match sign {
            Sign::Activity => self.was_active.store(true, Ordering::Release),
            Sign::Heartbeat => self.has_beaten.store(true, Ordering::Release),
        }
        self.waker.wake();
    }

    /// The strongest sign since the last look.
    pub(crate) fn take(&self) -> Option<Sign> {
        let was_active = self.was_active.swap(false, Ordering::Acquire);
        if self.has_beaten.swap(false, Ordering::Acquire) {
            Some(Sign::Heartbeat)
        } else {
            was_active.then_some(Sign::Activity)
        }
    }

    pub(crate) fn register(&self, waker: &Waker) {
        self.waker.register(waker);
    }
}
