//! A thread: a named history of checkpoints, and the verbs on it.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::driver::{self, Run};
use super::error::RunError;
use super::event::{EventQueue, Outcome};
use super::input::{Input, Resume};
use super::stream::RunStream;
use crate::engine::checkpoint::CheckpointId;
use crate::engine::record::{
    StoredCheckpoint, StoredJoin, StoredTask, TaskProgress, TaskWrites, restore_state,
};
use crate::engine::session::abandoned;
use crate::graph::compiled::CompiledGraph;
use crate::node::context::Interrupt;
use crate::state::State;
use crate::store::checkpointer::{CheckpointError, Checkpointer, Head};

/// A named history of checkpoints of one graph. Made by [`CompiledGraph::thread`]; owns what it needs.
pub struct Thread<S: State> {
    graph: CompiledGraph<S>,
    /// `None` for a run that stores nothing and has no name.
    id: Option<String>,
}

impl<S: State> Thread<S> {
    pub(crate) fn new(graph: CompiledGraph<S>, id: Option<String>) -> Self {
        Self { graph, id }
    }

    /// Gives the nodes of this run a dependency, besides those of the graph; the same type replaces.
    #[must_use]
    pub fn with_context<T: ?Sized + Send + Sync + 'static>(mut self, value: Arc<T>) -> Self {
        self.graph = self.graph.with_context(value);
        self
    }

    /// The name of the thread; empty for a run without one.
    pub fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    /// Runs until done, interrupted or failed. Takes an update, or a [`Resume`].
    ///
    /// On a thread that is done, an update begins a new run on the state so far. Dropping the future leaves the
    /// thread at its last checkpoint; `resume(Resume::next())` goes on from there.
    pub async fn invoke(&self, input: impl Into<Input<S>>) -> Result<Outcome<S>, RunError> {
        driver::drive(self.run(None), input.into()).await
    }

    /// Goes on where the thread stopped, with an answer or just on. The same as `invoke` with a [`Resume`].
    pub async fn resume(&self, resume: Resume) -> Result<Outcome<S>, RunError> {
        self.invoke(resume).await
    }

    /// The same run as `invoke`, read event by event. Nothing happens before the stream is read.
    pub fn stream(&self, input: impl Into<Input<S>>) -> RunStream<S> {
        let queue = Arc::new(EventQueue::default());
        let run = driver::drive(self.run(Some(Arc::clone(&queue))), input.into());
        RunStream::new(Box::pin(run), queue)
    }

    /// Where the thread stands; nothing if it was never run.
    pub async fn state(&self) -> Result<Option<Snapshot<S>>, RunError> {
        let (saver, id) = self.saver("reading the state of a thread")?;
        match saver.load(id).await? {
            None => Ok(None),
            Some(Head { checkpoint, progress }) => {
                let mut snapshot = self.snapshot(id, checkpoint)?;
                snapshot.interrupts = open_interrupts(&snapshot.next, &progress.tasks);
                Ok(Some(snapshot))
            }
        }
    }

    /// Up to `limit` checkpoints, newest first.
    pub async fn history(&self, limit: usize) -> Result<Vec<Snapshot<S>>, RunError> {
        let (saver, id) = self.saver("reading the history of a thread")?;
        let stored = saver.history(id, None, limit).await?;
        stored.into_iter().map(|checkpoint| self.snapshot(id, checkpoint)).collect()
    }

    /// Gives up the unfinished work of the thread, open questions included, and keeps its state.
    pub async fn abandon(&self) -> Result<(), RunError> {
        let (saver, id) = self.saver("abandoning work")?;
        let Some(head) = saver.load(id).await? else { return Ok(()) };
        if head.checkpoint.next.is_empty() {
            return Ok(());
        }
        let checkpoint = abandoned(&self.graph.topology, id, &head.checkpoint)?;
        Ok(saver.commit(id, Some(head.checkpoint.id), checkpoint).await?)
    }

    fn run(&self, queue: Option<Arc<EventQueue<super::event::Event<S>>>>) -> Run<S> {
        let saver = self.id.as_ref().and(self.graph.saver.clone());
        let thread = Arc::from(self.id.as_deref().unwrap_or_default());
        Run { graph: self.graph.clone(), saver, thread, queue }
    }

    fn saver(&self, operation: &'static str) -> Result<(&dyn Checkpointer, &str), RunError> {
        match (&self.graph.saver, &self.id) {
            (Some(saver), Some(id)) => Ok((&**saver, id)),
            (None, _) | (_, None) => Err(RunError::NoCheckpointer { operation }),
        }
    }

    fn snapshot(&self, thread: &str, stored: StoredCheckpoint) -> Result<Snapshot<S>, RunError> {
        let state = restore_state(&self.graph.topology, &stored);
        let state = state.map_err(|why| CheckpointError::unusable(thread, &why))?;
        Ok(Snapshot {
            id: stored.id,
            step: stored.step,
            state,
            next: stored.next,
            interrupts: Vec::new(),
            waiting_joins: stored.joins.into_iter().filter(|join| !join.has_fired).collect(),
            writes: stored.writes,
        })
    }
}

/// A thread at one checkpoint.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Snapshot<S> {
    /// The number of the checkpoint.
    pub id: CheckpointId,
    /// Supersteps finished over the life of the thread.
    pub step: u64,
    /// The state.
    pub state: S,
    /// What runs next; nothing when the thread is done.
    pub next: Vec<StoredTask>,
    /// Open questions.
    pub interrupts: Vec<Interrupt>,
    /// Joins that wait for some of their sources.
    pub waiting_joins: Vec<StoredJoin>,
    /// What the tasks of the superstep before it wrote.
    pub writes: Vec<TaskWrites>,
}

impl<S> Snapshot<S> {
    /// The nodes that run next.
    pub fn next_nodes(&self) -> impl Iterator<Item = &str> {
        self.next.iter().map(|task| task.node.as_str())
    }
}

fn open_interrupts(next: &[StoredTask], progress: &[TaskProgress]) -> Vec<Interrupt> {
    let of_task = |task: &TaskProgress| {
        let node = next.get(task.position).map(|planned| planned.node.clone()).unwrap_or_default();
        let open = task.open().map(move |open| Interrupt::new(open.id, node.clone(), open.value.clone()));
        open.collect::<Vec<_>>()
    };
    progress.iter().flat_map(of_task).collect()
}

impl<S: State> fmt::Debug for Thread<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Thread").field("graph", &self.graph.name()).field("id", &self.id).finish()
    }
}
