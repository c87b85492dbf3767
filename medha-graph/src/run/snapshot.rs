//! What a thread looks like at a checkpoint: its head with how far the superstep after it has come, or one of its past.

use serde::Serialize;
use serde_json::{Map, Value};

use super::error::RunError;
use super::open;
use super::thread::Thread;
use crate::engine::checkpoint::{CheckpointId, Line, RunId, TaskId, TaskInput};
use crate::engine::name::Name;
use crate::engine::record::{
    Cause, Progress, StoredCheckpoint, StoredJoin, StoredOutcome, StoredTask, TaskProgress, TaskWrites,
};
use crate::engine::restore::{self, Piece};
use crate::engine::session::{Session, Standing};
use crate::node::context::Interrupt;
use crate::node::failure::Failure;
use crate::state::{MergeError, State, Update};
use crate::store::checkpointer::{Head, HistoryQuery};
use crate::store::error::CheckpointError;
use crate::store::key::ThreadKey;

/// A thread at one checkpoint.
///
/// The state is that of the checkpoint, whatever its tasks have finished since: it is what they are given when they run
/// again. [`with_progress`](Self::with_progress) shows it with what is finished.
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
    /// The version of the state it was stored in; the state here is of the graph's own version.
    pub version: u32,
    /// A fingerprint of the nodes, edges and fields of the graph that wrote it.
    pub fingerprint: Name,
    /// Whether that graph had other nodes, edges, fields or another version than this one.
    pub is_of_another_shape: bool,
    /// The state.
    pub state: S,
    /// What runs next; nothing when the thread is done.
    pub next: Vec<StoredTask>,
    /// The same, and at the head how far each has come.
    pub tasks: Vec<TaskSnapshot>,
    /// Open questions.
    pub interrupts: Vec<Interrupt>,
    /// Joins that wait for some of their sources.
    pub waiting_joins: Vec<StoredJoin>,
    /// What the tasks of the superstep before it wrote.
    pub writes: Vec<TaskWrites>,
    /// What was given along with answers and is merged before the tasks run.
    #[serde(skip)]
    commands: Vec<StoredOutcome>,
    #[serde(skip)]
    line: Line,
}

/// A planned task, and how far it has come.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TaskSnapshot {
    /// Its id; events and interrupts of the task carry it too.
    pub id: TaskId,
    /// The node.
    pub node: Name,
    /// What it gets besides the state.
    pub input: TaskInput,
    /// How it ended, if it has while others of its superstep have not.
    pub outcome: Option<StoredOutcome>,
    /// How its last run failed, if no error edge took over and it has not succeeded since.
    pub failure: Option<Failure>,
    /// Its open questions.
    pub interrupts: Vec<Interrupt>,
    /// The history of the subgraph it runs, if it has begun one.
    pub namespace: Option<String>,
}

impl<S> Snapshot<S> {
    /// The nodes that run next.
    pub fn next_nodes(&self) -> impl Iterator<Item = &str> {
        self.next.iter().map(|task| task.node.as_str())
    }

    /// Puts in how far the planned tasks have come.
    fn show(&mut self, progress: &Progress, key: &ThreadKey, children: &[ThreadKey]) {
        let step = self.step + 1;
        let shown = |(position, task): (usize, &StoredTask)| {
            let known = progress.of(position);
            let node = task.node.clone();
            let child = key.child(&format!("{node}:{step}.{position}"));
            TaskSnapshot {
                id: TaskId::new(self.line, key.namespace(), (step, position), &node),
                input: task.input.clone(),
                outcome: known.and_then(|known| known.outcome.clone()),
                failure: known.and_then(|known| known.failure.clone()),
                interrupts: known.map(|known| open_questions(known, &node)).unwrap_or_default(),
                namespace: children.contains(&child).then(|| child.namespace().to_owned()),
                node,
            }
        };
        self.tasks = self.next.iter().enumerate().map(shown).collect();
        self.interrupts = self.tasks.iter().flat_map(|task| task.interrupts.clone()).collect();
        self.commands.clone_from(&progress.commands);
    }
}

fn open_questions(task: &TaskProgress, node: &str) -> Vec<Interrupt> {
    task.open().map(|open| open.interrupt(node)).collect()
}

impl<S: State> Snapshot<S> {
    /// The state with what finished tasks of the unfinished superstep wrote, as far as it goes: in the order of the
    /// tasks, and without what the others will write.
    pub fn with_progress(&self) -> Result<S, MergeError> {
        let mut state = self.state.clone();
        let fields = state.fields().to_vec();
        let finished = self.tasks.iter().filter_map(|task| task.outcome.as_ref());
        for outcome in self.commands.iter().chain(finished) {
            let StoredOutcome::Done { writes, .. } = outcome else { continue };
            for write in writes {
                let refused = |why: String| MergeError::new(write.field.to_string(), why);
                let position = fields.iter().position(|field| *field.name == *write.field);
                let position = position.ok_or_else(|| refused("the state has no such field".to_owned()))?;
                let mut update = S::Update::default();
                update
                    .set_write(position, &fields, write.mode, write.json.raw())
                    .map_err(|error| refused(error.to_string()))?;
                state.apply(update)?;
            }
        }
        Ok(state)
    }
}

impl<S: State> Thread<S> {
    /// Where the thread stands, at its head or at the checkpoint it was taken [`at`](Self::at); nothing if it was never
    /// run.
    ///
    /// At the head, the tasks of an unfinished superstep are shown with what they have come to. An earlier checkpoint is
    /// shown as it was stored: what its tasks came to is in the [`writes`](Snapshot::writes) of the one that follows.
    pub async fn state(&self) -> Result<Option<Snapshot<S>>, RunError> {
        let (saver, key) = self.saver("reading the state of a thread")?;
        let Some(mut head) = saver.load(key, self.at).await? else {
            return match self.at {
                Some(id) => Err(RunError::NoSuchCheckpoint { thread: key.to_string(), id }),
                None => Ok(None),
            };
        };
        restore::bring_up(&self.graph.topology, key, &mut head)
            .map_err(|why| CheckpointError::unusable(key, &why))?;
        let pieces = open::pieces(saver, key, &head.checkpoint).await?;
        let planned = self.planned(key, &head, &pieces)?;
        let Head { checkpoint, progress, .. } = head;
        let mut snapshot = self.snapshot(key, checkpoint, &pieces)?;
        snapshot.next = planned;
        let children =
            if snapshot.next.is_empty() { Vec::new() } else { saver.namespaces(key.thread()).await? };
        snapshot.show(&progress, key, &children);
        Ok(Some(snapshot))
    }

    /// Up to `limit` checkpoints, newest first. Fails if this program cannot read one of them, for which there is
    /// [`history_of`](Self::history_of).
    pub async fn history(&self, limit: usize) -> Result<Vec<Snapshot<S>>, RunError> {
        let snapshots = self.history_of(&HistoryQuery::last(limit)).await?;
        Ok(snapshots.into_iter().collect::<Result<_, _>>()?)
    }

    /// The checkpoints a query asks for, newest first: by metadata, cause, run or number.
    ///
    /// A checkpoint this program cannot read (of another graph, a newer version, a part of it pruned) is an error in its
    /// place, and the others are there.
    ///
    /// ```
    /// # use medha_graph::prelude::*;
    /// # use medha_graph::store::{Cause, HistoryQuery};
    /// # #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
    /// # struct Count { #[state(add)] n: u32 }
    /// # async fn one() -> CountUpdate { Count::update().n(1) }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let graph = StateGraph::<Count>::new("count")
    /// #     .node("one", one).edge(START, "one").edge("one", END).compile()?
    /// #     .with_checkpointer(MemorySaver::default());
    /// let thread = graph.thread("t");
    /// thread.clone().with_metadata("user", "ada").invoke(Count::update()).await?;
    /// thread.invoke(Count::update()).await?;
    /// let inputs = thread.history_of(&HistoryQuery::default().with_cause(Cause::Input)).await?;
    /// assert_eq!(inputs.len(), 2);
    /// let of_ada = thread.history_of(&HistoryQuery::last(10).with_metadata("user", "ada")).await?;
    /// assert_eq!(of_ada.into_iter().collect::<Result<Vec<_>, _>>()?[0].state.n, 1);
    /// # Ok(()) }
    /// ```
    pub async fn history_of(
        &self,
        query: &HistoryQuery,
    ) -> Result<Vec<Result<Snapshot<S>, CheckpointError>>, RunError> {
        let (saver, key) = self.saver("reading the history of a thread")?;
        let listed = saver.history(key, query).await?;
        let pieces = open::pieces_of_all(saver, key, &listed).await?;
        let snapshot = |mut checkpoint: StoredCheckpoint| {
            self.graph.topology.lineage.rename(&mut checkpoint);
            let mut snapshot = self.snapshot(key, checkpoint, &pieces)?;
            snapshot.show(&Progress::default(), key, &[]);
            Ok(snapshot)
        };
        Ok(listed.into_iter().map(snapshot).collect())
    }

    /// What runs next, with the tasks that commands have added since the checkpoint.
    fn planned(&self, key: &ThreadKey, head: &Head, pieces: &[Piece]) -> Result<Vec<StoredTask>, RunError> {
        if head.progress.commands.is_empty() {
            return Ok(head.checkpoint.next.clone());
        }
        let standing = Standing::new(&self.graph.topology, key, head.clone(), pieces)?;
        let topology = std::sync::Arc::clone(&self.graph.topology);
        let mut session = Session::stand(topology, self.run(None).setup(), Some(standing));
        session.take_up_commands()?;
        Ok(session.planned_next())
    }

    fn snapshot(
        &self,
        key: &ThreadKey,
        stored: StoredCheckpoint,
        pieces: &[Piece],
    ) -> Result<Snapshot<S>, CheckpointError> {
        let topology = &self.graph.topology;
        let state = restore::state(topology, &stored, pieces);
        let state = state.map_err(|why| CheckpointError::unusable(key, &why))?;
        let own = pieces.iter().find(|(id, _)| *id == stored.id).map(|(_, written)| written.tasks.clone());
        Ok(Snapshot {
            is_of_another_shape: restore::has_changed(topology, &stored),
            id: stored.id,
            parent: stored.parent,
            cause: stored.cause,
            run: stored.run,
            step: stored.step,
            saved_at: stored.saved_at,
            metadata: stored.metadata,
            version: stored.version,
            tasks: Vec::new(),
            line: stored.line,
            fingerprint: stored.fingerprint,
            state,
            next: stored.next,
            interrupts: Vec::new(),
            waiting_joins: stored.joins.into_iter().filter(|join| !join.has_fired).collect(),
            writes: own.unwrap_or(stored.written.tasks),
            commands: Vec::new(),
        })
    }
}
