//! A run read as a stream of events. The stream drives the run: nothing is spawned, and dropping it stops the run
//! at its last checkpoint.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_core::future::BoxFuture;
use tokio::task::coop;

use super::error::RunError;
use super::event::{Event, Outcome};
use super::interest::Interest;
use super::modes::{Mode, ModeStream};
use super::queue::EventQueue;
use crate::state::State;

/// The events of one run, then its error if it fails. Read it to drive the run.
///
/// ```
/// # use medha_graph::{Event, State, StateGraph, START, END};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
/// # struct Count { #[state(add)] n: u32 }
/// # async fn one() -> CountUpdate { Count::update().n(1) }
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let graph = StateGraph::<Count>::new("count")
///     .node("one", one).edge(START, "one").edge("one", END).compile()?;
/// let mut events = graph.thread("t").stream(Count::update());
/// while let Some(event) = events.next().await {
///     if let Event::TaskFinished { task, update, .. } = event? {
///         println!("{} wrote {update:?}", task.node);
///     }
/// }
/// # Ok(()) }
/// ```
#[must_use = "a stream does nothing until it is read"]
pub struct RunStream<S: State> {
    run: Option<BoxFuture<'static, Result<Outcome<S>, RunError>>>,
    end: Option<Result<Outcome<S>, RunError>>,
    queue: Arc<EventQueue<S>>,
    /// Events that are taken from the queue and not yielded yet.
    taken: VecDeque<Event<S>>,
}

impl<S: State> RunStream<S> {
    pub(crate) fn new(
        run: BoxFuture<'static, Result<Outcome<S>, RunError>>,
        queue: Arc<EventQueue<S>>,
    ) -> Self {
        Self { run: Some(run), end: None, queue, taken: VecDeque::new() }
    }

    /// The next event.
    pub async fn next(&mut self) -> Option<Result<Event<S>, RunError>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// The same run, sorted: only what these modes show, each event in every mode that shows it.
    pub fn modes(self, modes: impl IntoIterator<Item = Mode>) -> ModeStream<S> {
        ModeStream::new(self, modes)
    }

    /// Wants these kinds of events only; before it is first read.
    pub(super) fn narrow(&self, interest: Interest) {
        self.queue.narrow(interest);
    }

    /// Runs to the end and returns how it ended, without the remaining events. An error that was already yielded
    /// as the last item is not returned a second time.
    pub async fn outcome(mut self) -> Result<Outcome<S>, RunError> {
        // Event by event, so that they do not pile up.
        while let Some(event) = self.next().await {
            event?;
        }
        self.end.take().unwrap_or(Err(RunError::AlreadyReported))
    }
}

// Nothing in it is pinned in place: the run is in a box of its own.
impl<S: State> Unpin for RunStream<S> {}

impl<S: State> Stream for RunStream<S> {
    type Item = Result<Event<S>, RunError>;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // A run whose nodes never wait always has a next event: other tasks of the runtime get their turn too.
        let budget = ready!(coop::poll_proceed(cx));
        let next = self.next_event(cx);
        if next.is_ready() {
            budget.made_progress();
        }
        next
    }
}

impl<S: State> RunStream<S> {
    /// Yields what is unread, and drives the run only when there is nothing: a reader sees each superstep before the next
    /// begins, and decides with its reading how fast the run goes.
    #[inline]
    fn next_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Event<S>, RunError>>> {
        loop {
            if let Some(event) = self.taken.pop_front() {
                return Poll::Ready(Some(Ok(event)));
            }
            let Some(run) = &mut self.run else {
                self.queue.drain_into(&mut self.taken);
                if self.taken.is_empty() {
                    return Poll::Ready(self.end.take_if(|end| end.is_err()).and_then(Result::err).map(Err));
                }
                continue;
            };
            match run.as_mut().poll(cx) {
                Poll::Ready(end) => {
                    self.run = None;
                    self.end = Some(end);
                }
                Poll::Pending if self.queue.take_hand_over() => self.queue.drain_into(&mut self.taken),
                Poll::Pending => {
                    self.queue.drain_or_wait(&mut self.taken, cx.waker());
                    if self.taken.is_empty() {
                        return Poll::Pending;
                    }
                }
            }
        }
    }
}

impl<S: State> fmt::Debug for RunStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunStream").field("is_over", &self.run.is_none()).finish_non_exhaustive()
    }
}
