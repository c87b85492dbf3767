//! What is stored: checkpoints with names in place of numbers, and the progress of an unfinished superstep.
//!
//! Everything here is versioned by [`FORMAT`]; a change of shape gets a new number, and a test reads the old one.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::checkpoint::{Checkpoint, CheckpointId, Frontier, InterruptId, Task, TaskId, TaskInput};
use super::machine::Answers;
use super::superstep::panic_text;
use crate::graph::topology::{NodeIx, Topology};
use crate::node::failure::Failure;
use crate::state::{Field, State};

/// The version of the shapes in this file.
pub(crate) const FORMAT: u32 = 1;

/// A checkpoint as it is stored: readable, by name, complete.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredCheckpoint {
    /// The version of this shape.
    pub format: u32,
    /// Its number in the thread.
    pub id: CheckpointId,
    /// The checkpoint it follows.
    pub parent: Option<CheckpointId>,
    /// The name of the graph that wrote it.
    pub graph: String,
    /// The version of the state's shape.
    pub version: u32,
    /// A fingerprint of the graph's nodes, edges and fields.
    pub fingerprint: String,
    /// Why it was written.
    pub cause: Cause,
    /// Supersteps finished over the life of the thread.
    pub step: u64,
    /// The state.
    pub state: Value,
    /// What runs next, in merge order.
    pub next: Vec<StoredTask>,
    /// Joins that some of their sources have reached, those that have fired included.
    pub joins: Vec<StoredJoin>,
    /// Tasks of deferred nodes, which wait for everything else.
    pub deferred: Vec<StoredTask>,
    /// What the tasks of the superstep before it wrote: the audit record.
    pub writes: Vec<TaskWrites>,
}

/// Why a checkpoint was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cause {
    /// A run was given an input.
    Input,
    /// A superstep was finished.
    Superstep,
    /// Unfinished work was abandoned.
    Abandoned,
}

/// A planned task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredTask {
    /// The node.
    pub node: String,
    /// What it gets besides the state.
    pub input: TaskInput,
    /// How long an attempt may take, if it was sent with a timeout of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
}

/// A join in the middle of a round: some of its sources have come, and not all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredJoin {
    /// The node that waits.
    pub target: String,
    /// The sources that have finished.
    pub arrived: Vec<String>,
    /// The sources that have not.
    pub missing: Vec<String>,
    /// How many it needs; 0, as older versions stored nothing here, for all.
    #[serde(default)]
    pub needed: usize,
    /// Whether it has fired in this round, and the missing sources no longer matter.
    #[serde(default)]
    pub has_fired: bool,
}

/// What one task wrote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskWrites {
    /// The task.
    pub task: TaskId,
    /// The node.
    pub node: String,
    /// How it ended.
    pub outcome: StoredOutcome,
}

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StoredOutcome {
    /// It wrote this.
    Done {
        /// The update.
        update: Value,
        /// Targets it named itself, with their payloads.
        goto: Vec<(String, Option<Value>)>,
        /// The targets that have timeouts of their own, by their place in `goto`.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        timeouts: BTreeMap<usize, Duration>,
    },
    /// It failed, and an error edge took over.
    Failed(Failure),
}

/// How far the tasks of an unfinished superstep have come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The version of this shape.
    pub format: u32,
    /// How often it was saved since the last checkpoint: each save is one more than what it replaces.
    #[serde(default)]
    pub revision: u64,
    /// The tasks there is something to say about, by position.
    pub tasks: Vec<TaskProgress>,
}

/// How far one task has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskProgress {
    /// Its position among the checkpoint's next tasks.
    pub position: usize,
    /// How it ended, if it has.
    pub outcome: Option<StoredOutcome>,
    /// What it has asked.
    pub questions: Vec<StoredQuestion>,
    /// The answers so far, by the ordinal of the question.
    pub answers: Answers,
}

/// A question of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredQuestion {
    /// Which of the task's questions it is, from 0.
    pub ordinal: u32,
    /// Its id.
    pub id: InterruptId,
    /// The question.
    pub value: Value,
}

impl Progress {
    /// How far the task at this position has come.
    pub(crate) fn of(&self, position: usize) -> Option<&TaskProgress> {
        let found = self.tasks.binary_search_by_key(&position, |task| task.position);
        found.ok().map(|index| &self.tasks[index])
    }

    /// The answers for the task at this position.
    #[inline]
    pub(crate) fn answers(&self, position: usize) -> &Answers {
        static NONE: Answers = Answers::new();
        self.of(position).map_or(&NONE, |task| &task.answers)
    }

    /// Whether this program can read it; empty progress has no format yet.
    pub(crate) fn check_format(&self) -> Result<(), Unusable> {
        let is_readable = self.format == FORMAT || self.tasks.is_empty();
        if is_readable { Ok(()) } else { Err(Unusable::Format(self.format)) }
    }
}

impl TaskProgress {
    /// The questions nobody has answered yet.
    pub fn open(&self) -> impl Iterator<Item = &StoredQuestion> {
        self.questions.iter().filter(|question| !self.answers.contains_key(&question.ordinal))
    }
}

/// Why a stored checkpoint cannot be used by this graph.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("it was written in format {0}, and this program reads format {FORMAT}")]
    Format(u32),
    #[error("it belongs to graph {found:?}, not to {wanted:?}")]
    Graph { found: String, wanted: String },
    #[error("its state has version {found}, and graph {graph:?} has version {wanted}")]
    Version { graph: String, found: u32, wanted: u32 },
    #[error("it names node {0:?}, which the graph no longer has")]
    Node(String),
    #[error("its state does not fit: {0}")]
    State(String),
}

/// Writes a value as JSON and reads it back: what could not be loaded again must never become the head of a thread.
pub(crate) fn to_json<T: Serialize + DeserializeOwned>(value: &T) -> Result<Value, String> {
    let write = || {
        let json = serde_json::to_value(value).map_err(|error| format!("cannot be written: {error}"))?;
        match T::deserialize(&json) {
            Ok(_) => Ok(json),
            Err(error) => {
                let is_null = error.to_string().contains("invalid type: null");
                let hint = if is_null { "; a float that is not finite becomes null" } else { "" };
                Err(format!("would not read back: {error}{hint}"))
            }
        }
    };
    let panicked = |panic: Box<dyn Any + Send>| Err(format!("panicked: {}", panic_text(panic.as_ref())));
    catch_unwind(AssertUnwindSafe(write)).unwrap_or_else(panicked)
}

/// The same for an update; the reason names the field.
pub(crate) fn update_to_json<S: State>(update: &S::Update) -> Result<Value, String> {
    to_json(update).map_err(|why| {
        let written = catch_unwind(AssertUnwindSafe(|| serde_json::to_value(update).ok())).ok().flatten();
        let alone = |(name, value): (String, Value)| Value::Object([(name, value)].into_iter().collect());
        let fields =
            written.and_then(|json| if let Value::Object(fields) = json { Some(fields) } else { None });
        let is_bad = |name: &&Field| {
            let value = fields.as_ref().and_then(|fields| fields.get(name.name).cloned());
            value.is_some_and(|value| S::Update::deserialize(alone((name.name.to_owned(), value))).is_err())
        };
        S::FIELDS.iter().find(is_bad).map_or(why.clone(), |field| format!("to `{}` {why}", field.name))
    })
}

/// Puts names for numbers.
pub(crate) fn store<S: State>(
    topology: &Topology<S>,
    checkpoint: &Checkpoint<S>,
    (id, parent): (CheckpointId, Option<CheckpointId>),
    cause: Cause,
    writes: Vec<TaskWrites>,
) -> Result<StoredCheckpoint, String> {
    let frontier = &checkpoint.frontier;
    let planned = |tasks: &[Task]| {
        let named = |task: &Task| StoredTask {
            node: topology.name_of(task.node).to_string(),
            input: task.input.clone(),
            timeout: task.timeout,
        };
        tasks.iter().map(named).collect()
    };
    Ok(StoredCheckpoint {
        format: FORMAT,
        id,
        parent,
        graph: topology.name.to_string(),
        version: topology.version,
        fingerprint: format!("{:016x}", topology.fingerprint),
        cause,
        step: frontier.step,
        state: to_json(&checkpoint.state).map_err(|why| format!("the state {why}"))?,
        next: planned(&frontier.next),
        joins: open_joins(topology, frontier),
        deferred: planned(&frontier.deferred),
        writes,
    })
}

/// The joins that wait for more of their sources before they fire.
pub(crate) fn waiting_joins<S: State>(topology: &Topology<S>, frontier: &Frontier) -> Vec<StoredJoin> {
    let mut joins = open_joins(topology, frontier);
    joins.retain(|join| !join.has_fired);
    joins
}

/// The joins in the middle of a round.
fn open_joins<S: State>(topology: &Topology<S>, frontier: &Frontier) -> Vec<StoredJoin> {
    let open = topology.joins.iter().zip(&frontier.joins).filter(|(_, round)| !round.is_empty());
    open.map(|(join, round)| {
        let names = |wanted: bool| {
            let sources = join.sources.iter().zip(&round.arrived).filter(move |(_, has)| **has == wanted);
            sources.map(|(source, _)| topology.name_of(*source).to_string()).collect()
        };
        let target = topology.name_of(join.target).to_string();
        let (needed, has_fired) = (join.needed, round.has_fired);
        StoredJoin { target, arrived: names(true), missing: names(false), needed, has_fired }
    })
    .collect()
}

/// The state alone: it can be read even if the graph could not go on from there.
pub(crate) fn restore_state<S: State>(
    topology: &Topology<S>,
    stored: &StoredCheckpoint,
) -> Result<S, Unusable> {
    if stored.format != FORMAT {
        return Err(Unusable::Format(stored.format));
    }
    if stored.graph != *topology.name {
        return Err(Unusable::Graph { found: stored.graph.clone(), wanted: topology.name.to_string() });
    }
    if stored.version != topology.version {
        let graph = topology.name.to_string();
        return Err(Unusable::Version { graph, found: stored.version, wanted: topology.version });
    }
    S::deserialize(&stored.state).map_err(|error| Unusable::State(error.to_string()))
}

/// Puts numbers for names, or says why this graph cannot go on from there.
pub(crate) fn restore<S: State>(
    topology: &Topology<S>,
    stored: &StoredCheckpoint,
) -> Result<Checkpoint<S>, Unusable> {
    let state = restore_state(topology, stored)?;
    let number = |name: &String| topology.number(name).ok_or_else(|| Unusable::Node(name.clone()));
    let mut frontier = Frontier { step: stored.step, ..Frontier::empty(topology) };
    let planned = |tasks: &[StoredTask]| -> Result<Vec<Task>, Unusable> {
        let numbered = |task: &StoredTask| {
            Ok(Task { node: number(&task.node)?, input: task.input.clone(), timeout: task.timeout })
        };
        tasks.iter().map(numbered).collect()
    };
    frontier.next = planned(&stored.next)?;
    frontier.deferred = planned(&stored.deferred)?;
    for join in &stored.joins {
        restore_join(topology, join, &mut frontier)?;
    }
    Ok(Checkpoint { state, frontier })
}

/// Finds the join by its target and sources: its number may have changed.
fn restore_join<S: State>(
    topology: &Topology<S>,
    stored: &StoredJoin,
    frontier: &mut Frontier,
) -> Result<(), Unusable> {
    let target = topology.number(&stored.target).ok_or_else(|| Unusable::Node(stored.target.clone()))?;
    let is_same = |sources: &[NodeIx]| {
        let names: Vec<&str> = sources.iter().map(|source| &**topology.name_of(*source)).collect();
        let all = || stored.arrived.iter().chain(&stored.missing);
        names.len() == all().count() && all().all(|name| names.contains(&name.as_str()))
    };
    let found = topology.joins.iter().position(|join| join.target == target && is_same(&join.sources));
    let join = found.ok_or_else(|| Unusable::Node(format!("a join into {}", stored.target)))?;
    for (position, source) in topology.joins[join].sources.iter().enumerate() {
        frontier.joins[join].arrived[position] =
            stored.arrived.iter().any(|name| **name == **topology.name_of(*source));
    }
    frontier.joins[join].has_fired = stored.has_fired;
    Ok(())
}
