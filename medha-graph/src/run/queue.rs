//! Events on their way from a run to its stream.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

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
    /// Whether the run waits for its reader to read on.
    is_handed_over: AtomicBool,
}

struct Unread<S: State> {
    events: VecDeque<Event<S>>,
    /// Events that were dropped since the last one in the list.
    skipped: u64,
    /// The reader, if it waits. In here rather than beside it: while the stream drives the run, there is none to wake.
    reader: Option<Waker>,
}

/// Where the events of a run go: to its stream, or through that of the graph it is a subgraph of.
pub(crate) trait EventSink<S: State>: ChildSink {
    fn push(&self, event: Event<S>);
    /// The same for what nodes emit: only so many are kept until somebody reads.
    fn push_progress(&self, event: Event<S>);
    /// Tells the reader that a superstep is over. Whether it drives the run itself and will poll it again once it has read
    /// everything, without being woken.
    fn hand_over(&self) -> bool;
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
    #[inline]
    fn push(&self, event: Event<S>) {
        let mut unread = self.unread();
        unread.push(event);
        wake(unread);
    }

    fn push_progress(&self, event: Event<S>) {
        let mut unread = self.unread();
        if unread.events.len() >= MOST_UNREAD {
            unread.skipped += 1;
            return;
        }
        unread.push(event);
        wake(unread);
    }

    #[inline]
    fn hand_over(&self) -> bool {
        self.is_handed_over.store(true, Ordering::Relaxed);
        true
    }
}

/// Wakes the reader after the list is free again.
#[inline]
fn wake<S: State>(mut unread: MutexGuard<'_, Unread<S>>) {
    let reader = unread.reader.take();
    drop(unread);
    if let Some(reader) = reader {
        reader.wake();
    }
}

impl<S: State> EventQueue<S> {
    /// The reader wants these kinds only.
    pub(crate) fn narrow(&self, interest: Interest) {
        self.interest.store(interest.0, Ordering::Relaxed);
    }

    /// Moves everything unread to an empty list.
    #[inline]
    pub(super) fn drain_into(&self, read: &mut VecDeque<Event<S>>) {
        debug_assert!(read.is_empty(), "events keep their order only behind what was read");
        self.unread().drain_into(read);
    }

    /// The same; has this reader woken by the next event if there is none.
    pub(super) fn drain_or_wait(&self, read: &mut VecDeque<Event<S>>, reader: &Waker) {
        let mut unread = self.unread();
        unread.drain_into(read);
        if read.is_empty() && !unread.reader.as_ref().is_some_and(|known| known.will_wake(reader)) {
            unread.reader = Some(reader.clone());
        }
    }

    /// Whether the run waits to be polled again, once.
    #[inline]
    pub(super) fn take_hand_over(&self) -> bool {
        self.is_handed_over.load(Ordering::Relaxed) && {
            self.is_handed_over.store(false, Ordering::Relaxed);
            true
        }
    }

    fn unread(&self) -> MutexGuard<'_, Unread<S>> {
        self.unread.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: State> Unread<S> {
    #[inline]
    fn push(&mut self, event: Event<S>) {
        self.note_skipped();
        self.events.push_back(event);
    }

    fn drain_into(&mut self, read: &mut VecDeque<Event<S>>) {
        self.note_skipped();
        std::mem::swap(&mut self.events, read);
    }

    /// Says where events were dropped.
    fn note_skipped(&mut self) {
        if self.skipped > 0 {
            let events = std::mem::take(&mut self.skipped);
            self.events.push_back(Event::Skipped { events });
        }
    }
}

impl<S: State> Default for EventQueue<S> {
    fn default() -> Self {
        let unread = Unread { events: VecDeque::new(), skipped: 0, reader: None };
        Self {
            unread: Mutex::new(unread),
            interest: AtomicU8::new(Interest::ALL.0),
            is_handed_over: AtomicBool::new(false),
        }
    }
}

impl<S: State> std::fmt::Debug for EventQueue<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventQueue").field("unread", &self.unread().events.len()).finish_non_exhaustive()
    }
}
