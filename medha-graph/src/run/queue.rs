//! Events on their way from a run to its stream.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use futures_util::task::AtomicWaker;

use super::event::Event;
use super::interest::Interest;
use crate::state::State;
use crate::subgraph::event::{ChildEvent, PathSegment};

/// What a node emits without ever awaiting piles up to here; further events are counted.
const MOST_UNREAD: usize = 65_536;

/// Events that nobody has read yet; what a node emits from elsewhere wakes the stream.
pub(crate) struct EventQueue<S: State> {
    unread: Mutex<Unread<S>>,
    /// An [`Interest`]; narrowed before the run begins.
    interest: AtomicU8,
    waker: AtomicWaker,
}

struct Unread<S: State> {
    events: VecDeque<Event<S>>,
    /// Events that were dropped since the last one in the list.
    skipped: u64,
}

/// Where the events of a run go: to its stream, or through that of the graph it is a subgraph of.
pub(crate) trait EventSink<S: State>: ChildSink {
    fn push(&self, event: Event<S>);
    /// The same for what nodes emit: only so many are kept until somebody reads.
    fn push_progress(&self, event: Event<S>);
}

/// Where the events of a subgraph go, whatever the state of the graph it is in.
pub(crate) trait ChildSink: Send + Sync {
    /// Whether the reader wants events of this kind.
    fn wants(&self, kind: Interest) -> bool;
    fn push_child(&self, path: Vec<PathSegment>, event: ChildEvent);
    /// The same for what nodes emit.
    fn push_child_progress(&self, path: Vec<PathSegment>, event: ChildEvent);
}

impl<S: State> ChildSink for EventQueue<S> {
    #[inline]
    fn wants(&self, kind: Interest) -> bool {
        Interest(self.interest.load(Ordering::Relaxed)).meets(kind)
    }

    fn push_child(&self, path: Vec<PathSegment>, event: ChildEvent) {
        self.push(Event::Child { path, event });
    }

    fn push_child_progress(&self, path: Vec<PathSegment>, event: ChildEvent) {
        self.push_progress(Event::Child { path, event });
    }
}

impl<S: State> EventSink<S> for EventQueue<S> {
    fn push(&self, event: Event<S>) {
        let mut unread = self.unread();
        unread.note_skipped();
        unread.events.push_back(event);
        drop(unread);
        self.waker.wake();
    }

    fn push_progress(&self, event: Event<S>) {
        let mut unread = self.unread();
        if unread.events.len() >= MOST_UNREAD {
            unread.skipped += 1;
            return;
        }
        unread.note_skipped();
        unread.events.push_back(event);
        drop(unread);
        self.waker.wake();
    }
}

impl<S: State> EventQueue<S> {
    /// The reader wants these kinds only.
    pub(crate) fn narrow(&self, interest: Interest) {
        self.interest.store(interest.0, Ordering::Relaxed);
    }

    pub(crate) fn pop(&self) -> Option<Event<S>> {
        let mut unread = self.unread();
        let first = unread.events.pop_front();
        if first.is_none() && unread.skipped > 0 {
            unread.note_skipped();
            return unread.events.pop_front();
        }
        first
    }

    fn unread(&self) -> MutexGuard<'_, Unread<S>> {
        self.unread.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn register(&self, waker: &Waker) {
        self.waker.register(waker);
    }
}

impl<S: State> Unread<S> {
    /// Says where events were dropped.
    fn note_skipped(&mut self) {
        let events = std::mem::take(&mut self.skipped);
        if events > 0 {
            self.events.push_back(Event::Skipped { events });
        }
    }
}

impl<S: State> Default for EventQueue<S> {
    fn default() -> Self {
        let unread = Unread { events: VecDeque::new(), skipped: 0 };
        let interest = AtomicU8::new(Interest::ALL.0);
        Self { unread: Mutex::new(unread), interest, waker: AtomicWaker::new() }
    }
}

impl<S: State> std::fmt::Debug for EventQueue<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventQueue").field("unread", &self.unread().events.len()).finish_non_exhaustive()
    }
}
