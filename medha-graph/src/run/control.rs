//! How a run is stopped from outside: drained at the next superstep, or cancelled at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;

/// A hand on a run: give it to [`Thread::with_control`](crate::Thread::with_control) and keep a clone.
///
/// ```
/// # use medha_graph::prelude::*;
/// # use medha_graph::{Pause, RunControl};
/// # #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
/// # struct Count { #[state(add)] n: u32 }
/// # async fn one() -> CountUpdate { Count::update().n(1) }
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let graph = StateGraph::<Count>::new("count")
///     .node("one", one).edge(START, "one").edge("one", END).compile()?
///     .with_checkpointer(MemorySaver::default());
/// let control = RunControl::new();
/// control.drain("the server is going down");
/// let thread = graph.thread("t");
/// let outcome = thread.clone().with_control(&control).invoke(Count::update()).await?;
/// assert!(matches!(outcome, Outcome::Paused { pause: Pause::Drained { .. }, .. }));
/// let outcome = thread.resume(Resume::next()).await?;          // after the restart
/// assert_eq!(outcome.into_state().n, 1);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
pub struct RunControl(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    drain: Mutex<Option<String>>,
    is_cancelled: AtomicBool,
    /// Runs that wait: a subgraph and its parent may share one control.
    wakers: Mutex<Vec<Waker>>,
}

impl RunControl {
    /// A hand on nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets the run stop at the next superstep, unless nothing is left to run then. It ends as
    /// [`Outcome::Paused`](crate::Outcome::Paused), and `resume` goes on.
    pub fn drain(&self, reason: impl Into<String>) {
        self.0.drain.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(reason.into());
    }

    /// Ends the run now: tasks that run are dropped, and run again on the next resume; what others have finished is kept.
    /// The run fails with [`RunError::Cancelled`](crate::RunError::Cancelled).
    pub fn cancel(&self) {
        self.0.is_cancelled.store(true, Ordering::SeqCst);
        let wakers = std::mem::take(&mut *self.0.wakers.lock().unwrap_or_else(PoisonError::into_inner));
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Why the run is to stop at the next superstep, if it is.
    pub fn drain_reason(&self) -> Option<String> {
        self.0.drain.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the run is to end now.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled.load(Ordering::SeqCst)
    }

    pub(crate) fn register(&self, waker: &Waker) {
        let mut wakers = self.0.wakers.lock().unwrap_or_else(PoisonError::into_inner);
        if !wakers.iter().any(|known| known.will_wake(waker)) {
            wakers.push(waker.clone());
        }
    }
}
