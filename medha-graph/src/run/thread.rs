//! A thread: a named history of checkpoints, and the verbs on it.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use super::control::RunControl;
use super::driver::{self, Run};
use super::error::RunError;
use super::event::Outcome;
use super::input::{Input, Resume};
use super::open;
use super::queue::{EventQueue, EventSink};
use super::stream::RunStream;
use crate::engine::checkpoint::{CheckpointId, RunId};
use crate::engine::pause::Durability;
use crate::engine::record::{Cause, StoredCheckpoint, StoredJoin, StoredTask, TaskProgress, TaskWrites};
use crate::engine::restore;
use crate::engine::session::{Session, Standing};
use crate::graph::compiled::CompiledGraph;
use crate::node::context::Interrupt;
use crate::state::State;
use crate::store::checkpointer::{Checkpointer, Head, HistoryQuery};
use crate::store::error::CheckpointError;
use crate::store::key::ThreadKey;

/// A named history of checkpoints of one graph. Made by [`CompiledGraph::thread`]; owns what it needs.
pub struct Thread<S: State> {
    pub(crate) graph: CompiledGraph<S>,
    /// `None` for a run that stores nothing and has no name.
    pub(crate) key: Option<ThreadKey>,
    /// The checkpoint its runs go on from, where it is not the head.
    pub(crate) at: Option<CheckpointId>,
}

impl<S: State> Thread<S> {
    pub(crate) fn new(graph: CompiledGraph<S>, key: Option<ThreadKey>) -> Self {
        Self { graph, key, at: None }
    }

    /// Gives the nodes of this run a dependency, besides those of the graph; the same type replaces.
    #[must_use]
    pub fn with_context<T: ?Sized + Send + Sync + 'static>(mut self, value: Arc<T>) -> Self {
        self.graph = self.graph.with_context(value);
        self
    }

    /// Lets somebody else drain or cancel the runs started here.
    #[must_use]
    pub fn with_control(mut self, control: &RunControl) -> Self {
        self.graph.options.control = Some(control.clone());
        self
    }

    /// Attaches a value to the checkpoints of runs started here; histories can be searched by it.
    #[must_use]
    pub fn with_metadata(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.graph.options.metadata.insert(key.into(), value.into());
        self
    }

    /// Says when what runs started here do is stored.
    #[must_use]
    pub fn with_durability(mut self, durability: Durability) -> Self {
        self.graph = self.graph.with_durability(durability);
        self
    }

    /// Stops runs started here before these nodes (`"*"`: before every node).
    #[must_use]
    pub fn with_interrupt_before<N: Into<String>>(mut self, nodes: impl IntoIterator<Item = N>) -> Self {
        self.graph = self.graph.with_interrupt_before(nodes);
        self
    }

    /// Stops runs started here after these nodes (`"*"`: after every node).
    #[must_use]
    pub fn with_interrupt_after<N: Into<String>>(mut self, nodes: impl IntoIterator<Item = N>) -> Self {
        self.graph = self.graph.with_interrupt_after(nodes);
        self
    }

    /// The same thread as it stood at an earlier checkpoint: what is run from here forks its history.
    #[must_use]
    pub fn at(mut self, checkpoint: CheckpointId) -> Self {
        self.at = Some(checkpoint);
        self
    }

    /// The name of the thread; empty for a run without one.
    pub fn id(&self) -> &str {
        self.key.as_ref().map_or("", ThreadKey::thread)
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
        let queue: Arc<EventQueue<S>> = Arc::default();
        let sink: Arc<dyn EventSink<S>> = Arc::clone(&queue) as _;
        let run = driver::drive(self.run(Some(sink)), input.into());
        RunStream::new(Box::pin(run), queue)
    }

    /// Where the thread stands, at its head or at the checkpoint it was taken [`at`](Self::at); nothing if it was never
    /// run.
    pub async fn state(&self) -> Result<Option<Snapshot<S>>, RunError> {
        let (saver, key) = self.saver("reading the state of a thread")?;
        let Some(Head { checkpoint, progress, .. }) = saver.load(key, self.at).await? else {
            return match self.at {
                Some(id) => Err(RunError::NoSuchCheckpoint { thread: key.to_string(), id }),
                None => Ok(None),
            };
        };
        let mut snapshot = self.snapshot(saver, key, checkpoint).await?;
        snapshot.interrupts = open_interrupts(&snapshot.next, &progress.tasks);
        Ok(Some(snapshot))
    }

    /// Up to `limit` checkpoints, newest first.
    pub async fn history(&self, limit: usize) -> Result<Vec<Snapshot<S>>, RunError> {
        let (saver, key) = self.saver("reading the history of a thread")?;
        let stored = saver.history(key, &HistoryQuery::last(limit)).await?;
        let mut snapshots = Vec::with_capacity(stored.len());
        for checkpoint in stored {
            snapshots.push(self.snapshot(saver, key, checkpoint).await?);
        }
        Ok(snapshots)
    }

    /// Gives up the unfinished work of the thread, open questions included, and keeps its state.
    pub async fn abandon(&self) -> Result<(), RunError> {
        let (saver, key) = self.saver("abandoning work")?;
        let Some(head) = saver.load(key, None).await? else { return Ok(()) };
        if head.checkpoint.next.is_empty() {
            return Ok(());
        }
        let pieces = open::pieces(saver, key, &head.checkpoint).await?;
        let standing = Standing::idle(&self.graph.topology, key, head, &pieces)?;
        let run = self.run(None);
        let mut session = Session::stand(Arc::clone(&self.graph.topology), run.setup(), Some(standing));
        run.store_all(session.abandon()?.map(|record| *record)).await
    }

    fn run(&self, queue: Option<Arc<dyn EventSink<S>>>) -> Run<S> {
        let saver = self.key.as_ref().and(self.graph.saver.clone());
        let key = self.key.clone().unwrap_or_else(|| ThreadKey::root(""));
        let thread = Arc::from(key.thread());
        Run { graph: self.graph.clone(), saver, key, thread, at: self.at, origin: None, queue }
    }

    pub(crate) fn saver(&self, operation: &'static str) -> Result<(&dyn Checkpointer, &ThreadKey), RunError> {
        match (&self.graph.saver, &self.key) {
            (Some(saver), Some(key)) => Ok((&**saver, key)),
            (None, _) | (_, None) => Err(RunError::NoCheckpointer { operation }),
        }
    }

    async fn snapshot(
        &self,
        saver: &dyn Checkpointer,
        key: &ThreadKey,
        stored: StoredCheckpoint,
    ) -> Result<Snapshot<S>, RunError> {
        let topology = &self.graph.topology;
        restore::check(topology, &stored).map_err(|why| CheckpointError::unusable(key, &why))?;
        let pieces = open::pieces(saver, key, &stored).await?;
        let state = restore::state(topology, &stored, &pieces);
        let state = state.map_err(|why| CheckpointError::unusable(key, &why))?;
        Ok(Snapshot {
            id: stored.id,
            parent: stored.parent,
            cause: stored.cause,
            run: stored.run,
            step: stored.step,
            saved_at: stored.saved_at,
            metadata: stored.metadata,
            state,
            next: stored.next,
            interrupts: Vec::new(),
            waiting_joins: stored.joins,
            writes: stored.written.tasks,
        })
    }
}

impl<S: State> Clone for Thread<S> {
    fn clone(&self) -> Self {
        Self { graph: self.graph.clone(), key: self.key.clone(), at: self.at }
    }
}

/// A thread at one checkpoint.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Snapshot<S> {
    /// The number of the checkpoint.
    pub id: CheckpointId,
    /// The checkpoint it follows.
    pub parent: Option<CheckpointId>,
    /// Why it was written.
    pub cause: Cause,
    /// The run that wrote it.
    pub run: RunId,
    /// Supersteps finished over the life of the thread.
    pub step: u64,
    /// When it was stored, in milliseconds since 1970.
    pub saved_at: u64,
    /// What the caller attached to the run.
    pub metadata: Map<String, Value>,
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
        let node = next.get(task.position).map(|planned| planned.node.to_string()).unwrap_or_default();
        let open = task.open().map(|open| open.interrupt(&node));
        open.collect::<Vec<_>>()
    };
    progress.iter().flat_map(of_task).collect()
}

impl<S: State> fmt::Debug for Thread<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Thread")
            .field("graph", &self.graph.name())
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
