//! Everything one run needs, whoever drives it.

use std::sync::Arc;

use super::event::Event;
use super::interest::Interest;
use super::queue::EventSink;
use crate::engine::checkpoint::CheckpointId;
use crate::engine::record::Origin;
use crate::engine::session::{Session, Setup};
use crate::graph::compiled::CompiledGraph;
use crate::state::State;
use crate::store::checkpointer::Checkpointer;
use crate::store::key::ThreadKey;

/// Everything one run needs.
pub(crate) struct Run<S: State> {
    pub(crate) graph: CompiledGraph<S>,
    pub(crate) saver: Option<Arc<dyn Checkpointer>>,
    pub(crate) key: ThreadKey,
    /// The name of the thread, as nodes see it.
    pub(crate) thread: Arc<str>,
    /// The checkpoint to go on from, where it is not the head.
    pub(crate) at: Option<CheckpointId>,
    /// For a subgraph: the task that runs it.
    pub(crate) origin: Option<Origin>,
    pub(crate) queue: Option<Arc<dyn EventSink<S>>>,
}

impl<S: State> Run<S> {
    pub(super) fn setup(&self) -> Setup {
        let options = &self.graph.options;
        Setup {
            key: self.key.clone(),
            durability: self.saver.as_ref().map(|_| options.durability),
            limits: self.graph.limits,
            // Drawn, not made of the thread's name: runs that fail together must not come back together.
            seed: fastrand::u64(..),
            breakpoints: Arc::clone(&options.breakpoints),
            metadata: options.metadata.clone(),
            unfinished: options.unfinished,
            origin: self.origin,
        }
    }

    #[inline]
    pub(super) fn emit(&self, event: impl FnOnce() -> Event<S>) {
        if let Some(queue) = &self.queue {
            queue.push(event());
        }
    }

    /// The same for an event that costs something: only if the reader wants its kind.
    #[inline]
    pub(super) fn emit_wanted(&self, kind: Interest, event: impl FnOnce() -> Event<S>) {
        if self.is_wanted(kind) {
            self.emit(event);
        }
    }

    #[inline]
    pub(super) fn is_wanted(&self, kind: Interest) -> bool {
        self.queue.as_ref().is_some_and(|queue| queue.wants(kind))
    }

    pub(super) fn emit_values(&self, kind: Interest, session: &Session<S>) {
        self.emit_wanted(kind, || Event::Values {
            step: session.checkpoint.frontier.step,
            state: session.checkpoint.state.clone(),
            next: session.next_nodes(),
        });
    }
}
