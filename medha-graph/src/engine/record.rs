//! What is stored: checkpoints with names in place of numbers, what was written between them, and the progress of an
//! unfinished superstep.
//!
//! A checkpoint does not repeat the state. It says for each field where its value lies ([`StoredField`]): a checkpoint
//! that holds all of it, and for collected fields what was written since. Everything here is versioned by [`FORMAT`]; a
//! change of shape gets a new number, and a test reads the old one.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::checkpoint::{CheckpointId, HeadRef, InterruptId, Line, RunId, TaskId, TaskInput};
pub use super::json::Json;
use super::machine::Answers;
use super::name::Name;
use crate::node::context::Interrupt;
use crate::node::failure::Failure;
use crate::state::{Storage, WriteMode};

/// The version of the shapes in this file. Format 1 held the whole state in every checkpoint; no saver ever put it on a
/// disk.
pub(crate) const FORMAT: u32 = 2;

/// A checkpoint as it is stored: readable, by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredCheckpoint {
    /// The version of this shape.
    pub format: u32,
    /// Its number in the thread.
    pub id: CheckpointId,
    /// The checkpoint it follows; not the one before it where history forks.
    pub parent: Option<CheckpointId>,
    /// The line of history it belongs to.
    pub line: Line,
    /// The run that wrote it.
    pub run: RunId,
    /// The name of the graph that wrote it.
    pub graph: Name,
    /// The version of the state's shape.
    pub version: u32,
    /// A fingerprint of the graph's nodes, edges and fields.
    pub fingerprint: Name,
    /// Why it was written.
    pub cause: Cause,
    /// Supersteps finished over the life of the thread.
    pub step: u64,
    /// When it was stored, in milliseconds since 1970.
    pub saved_at: u64,
    /// What the caller attached to the run.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
    /// For a subgraph: the task that runs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// Where the value of each field lies.
    pub fields: Vec<StoredField>,
    /// What runs next, in merge order.
    pub next: Vec<StoredTask>,
    /// Joins that some of their sources have reached, those that have fired included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joins: Vec<StoredJoin>,
    /// Tasks of deferred nodes, which wait for everything else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deferred: Vec<StoredTask>,
    /// What was written since its parent. A saver may keep it apart, so that lists of checkpoints are cheap.
    pub written: Written,
}

impl StoredCheckpoint {
    /// How a compare-and-swap sees it.
    pub fn head_ref(&self) -> HeadRef {
        HeadRef { id: self.id, line: self.line }
    }

    /// The checkpoints whose [`Written`] make up the state, as ascending ranges that do not touch.
    pub fn needs(&self) -> Vec<(CheckpointId, CheckpointId)> {
        ranges(self.fields.iter().map(|field| (field.base, field.last)))
    }
}

/// The same checkpoints as ascending ranges that do not touch.
pub(crate) fn ranges(
    all: impl Iterator<Item = (CheckpointId, CheckpointId)>,
) -> Vec<(CheckpointId, CheckpointId)> {
    let mut all: Vec<_> = all.collect();
    all.sort_unstable();
    let mut merged: Vec<(CheckpointId, CheckpointId)> = Vec::new();
    for (from, to) in all {
        match merged.last_mut() {
            Some((_, end)) if from.0 <= end.0 + 1 => *end = (*end).max(to),
            Some(_) | None => merged.push((from, to)),
        }
    }
    merged
}

/// The task of a parent graph that runs a subgraph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The parent's line of history.
    pub line: Line,
    /// The parent's run.
    #[serde(default)]
    pub run: RunId,
    /// The parent's last checkpoint when the run began; 0 if what the parent had done since then was not stored.
    pub checkpoint: CheckpointId,
    /// The superstep of the parent.
    pub step: u64,
    /// The position of the task in that superstep.
    pub position: usize,
}

/// Where the value of one field lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredField {
    /// The field.
    pub name: Name,
    /// How its writes are stored.
    pub storage: Storage,
    /// The checkpoint that holds all of it.
    pub base: CheckpointId,
    /// The last checkpoint with writes that belong to it; the base itself if there are none.
    pub last: CheckpointId,
    /// How many writes there are since the base.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub deltas: u32,
    /// Their bytes.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub delta_bytes: u64,
    /// The bytes of the value at the base.
    pub base_bytes: u64,
}

/// What was written between a checkpoint and its parent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Written {
    /// What each task wrote, in merge order: the audit record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<TaskWrites>,
    /// Fields whose whole value is stored here, because what was written does not say it alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<FieldValue>,
}

impl Written {
    /// The whole value of a field, if it is stored here.
    pub fn value_of(&self, field: &str) -> Option<&Json> {
        self.values.iter().find(|value| &*value.field == field).map(|value| &value.json)
    }

    /// What was written to a field, in merge order.
    pub fn writes_to<'a>(&'a self, field: &'a str) -> impl Iterator<Item = &'a FieldWrite> {
        let all = self.tasks.iter().filter_map(|task| match &task.outcome {
            StoredOutcome::Done { writes, .. } => Some(writes),
            StoredOutcome::Failed(_) => None,
        });
        all.flatten().filter(move |write| &*write.field == field)
    }
}

/// The value of one field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldValue {
    /// The field.
    pub field: Name,
    /// Its value.
    pub json: Json,
}

/// One write of one field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldWrite {
    /// The field.
    pub field: Name,
    /// How it meets the value that is there.
    #[serde(default, skip_serializing_if = "is_reduce")]
    pub mode: WriteMode,
    /// What was written.
    pub json: Json,
}

fn is_zero<N: Default + PartialEq>(number: &N) -> bool {
    *number == N::default()
}

fn is_reduce(mode: &WriteMode) -> bool {
    *mode == WriteMode::Reduce
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
    /// The state was changed from outside.
    Update,
    /// History goes on from an earlier checkpoint.
    Fork,
}

/// A planned task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredTask {
    /// The node.
    pub node: Name,
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
    pub target: Name,
    /// The sources that have finished.
    pub arrived: Vec<Name>,
    /// The sources that have not.
    pub missing: Vec<Name>,
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
    pub node: Name,
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
        /// What it wrote, field by field.
        writes: Vec<FieldWrite>,
        /// Targets it named itself, with their payloads.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        goto: Vec<(String, Option<Json>)>,
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
    /// What was given along with answers, in this order: merged before the tasks run, and planned besides them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<StoredOutcome>,
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
    /// How its last run failed, if it did and was not handled; gone once it succeeds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
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
    /// For a question of a subgraph: the path from its graph to the node that asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

impl StoredQuestion {
    /// The question as it is shown to the outside, asked by a task of this node.
    pub(crate) fn interrupt(&self, node: &str) -> Interrupt {
        let node = self.path.as_ref().map_or_else(|| node.to_owned(), |path| format!("{node}/{path}"));
        Interrupt::new(self.id, node, self.value.clone())
    }
}

/// The recorded result of a side effect inside a task, stored the moment it is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// The line of history.
    pub line: Line,
    /// The superstep.
    pub step: u64,
    /// The position of the task in it.
    pub position: usize,
    /// Its name in the task.
    pub key: String,
    /// The result.
    pub json: Json,
}

/// The recorded effects of one task.
pub(crate) type Recorded = BTreeMap<String, Json>;

impl Progress {
    /// How far the task at this position has come.
    pub(crate) fn of(&self, position: usize) -> Option<&TaskProgress> {
        let found = self.tasks.binary_search_by_key(&position, |task| task.position);
        found.ok().map(|index| &self.tasks[index])
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty() && self.commands.is_empty()
    }

    /// The answers for the task at this position.
    #[inline]
    pub(crate) fn answers(&self, position: usize) -> &Answers {
        static NONE: Answers = Answers::new();
        self.of(position).map_or(&NONE, |task| &task.answers)
    }
}

impl TaskProgress {
    /// The questions nobody has answered yet.
    pub fn open(&self) -> impl Iterator<Item = &StoredQuestion> {
        self.questions.iter().filter(|question| !self.answers.contains_key(&question.ordinal))
    }

    /// Whether it cannot go on before it is given an answer. A subgraph goes on with any answer it is given.
    pub(crate) fn is_waiting(&self) -> bool {
        let has_news = self
            .questions
            .iter()
            .any(|question| question.path.is_some() && self.answers.contains_key(&question.ordinal));
        self.open().next().is_some() && !has_news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checkpoints_a_state_is_made_of_are_few_ranges() {
        let field = |base, last| StoredField {
            name: Name::from("f"),
            storage: Storage::Append,
            base: CheckpointId(base),
            last: CheckpointId(last),
            deltas: 0,
            delta_bytes: 0,
            base_bytes: 0,
        };
        let checkpoint = StoredCheckpoint {
            format: FORMAT,
            id: CheckpointId(9),
            parent: None,
            line: Line(1),
            run: RunId(1),
            graph: Name::from(""),
            version: 1,
            fingerprint: Name::from(""),
            cause: Cause::Input,
            step: 0,
            saved_at: 0,
            metadata: Map::new(),
            origin: None,
            fields: vec![field(1, 1), field(7, 9), field(2, 3), field(8, 8)],
            next: Vec::new(),
            joins: Vec::new(),
            deferred: Vec::new(),
            written: Written::default(),
        };
        let id = CheckpointId;
        assert_eq!(checkpoint.needs(), [(id(1), id(3)), (id(7), id(9))]);
    }
}
