//! A run read as a stream of events. The stream drives the run: nothing is spawned, and dropping it stops the run
//! at its last checkpoint.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::future::BoxFuture;

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
}

impl<S: State> RunStream<S> {
    pub(crate) fn new(
        run: BoxFuture<'static, Result<Outcome<S>, RunError>>,
        queue: Arc<EventQueue<S>>,
    ) -> Self {
        Self { run: Some(run), end: None, queue }
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

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(event) = self.queue.pop() {
                return Poll::Ready(Some(Ok(event)));
            }
            let Some(run) = &mut self.run else {
                return match self.end.take() {
                    Some(Err(error)) => Poll::Ready(Some(Err(error))),
                    Some(Ok(outcome)) => {
                        self.end = Some(Ok(outcome));
                        Poll::Ready(None)
                    }
                    None => Poll::Ready(None),
                };
            };
            let polled = run.as_mut().poll(cx);
            match polled {
                Poll::Ready(end) => {
                    self.run = None;
                    self.end = Some(end);
                }
                Poll::Pending => {
                    self.queue.register(cx.waker());
                    return match self.queue.pop() {
                        Some(event) => Poll::Ready(Some(Ok(event))),
                        None => Poll::Pending,
                    };
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
