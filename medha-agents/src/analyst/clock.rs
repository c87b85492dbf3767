//! The clock of a run: read at one place, so that a run can be repeated.

use std::fmt::Debug;

use jiff::Timestamp;

/// Tells the time of events, and what "today" means where a question does not say.
pub trait Clock: Debug + Send + Sync {
    /// The moment it is.
    fn now(&self) -> Timestamp;
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(
        clippy::disallowed_methods,
        reason = "this is the edge where the clock is read; tests pass one of their own"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
