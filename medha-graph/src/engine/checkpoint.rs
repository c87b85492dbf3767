//! A checkpoint is a value: the state and what runs next.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use super::record::Json;
use super::round::Round;
use crate::graph::topology::{NodeIx, Topology};
use crate::node::failure::Failure;
use crate::state::{FieldSet, State};

/// The state of a thread between two supersteps, and what runs next.
#[derive(Clone, Debug)]
pub(crate) struct Checkpoint<S> {
    pub(crate) state: S,
    pub(crate) frontier: Frontier,
}

/// What runs next: it, and nothing else, decides how a run goes on.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Frontier {
    /// The line of history it belongs to.
    pub(crate) line: Line,
    /// Supersteps finished over the life of the thread.
    pub(crate) step: u64,
    /// The tasks of the next superstep, in the order their writes are merged.
    pub(crate) next: Vec<Task>,
    /// Per join of the graph, how far its round has come.
    pub(crate) joins: Vec<Round>,
    /// Tasks of deferred nodes: they wait until nothing else is queued, in the order they were planned.
    pub(crate) deferred: Vec<Task>,
    /// Ephemeral fields that hold something: the next superstep that does not write them clears them.
    pub(crate) live: FieldSet,
}

impl Frontier {
    pub(crate) fn empty<S: State>(topology: &Topology<S>) -> Self {
        let joins = topology.joins.iter().map(|join| Round::new(join.sources.len())).collect();
        Self { joins, ..Self::default() }
    }
}

/// One planned execution of one node.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Task {
    pub(crate) node: NodeIx,
    /// In a box, and nothing where an edge led here: a chain moves its task on every superstep.
    given: Option<Box<Given>>,
}

/// What a task is started with.
#[derive(Clone, Debug, PartialEq)]
struct Given {
    input: TaskInput,
    timeout: Option<Duration>,
}

impl Task {
    /// A task that an edge leads to.
    pub(crate) const fn new(node: NodeIx) -> Self {
        Self { node, given: None }
    }

    /// A task with an input, and how long an attempt may take in place of what its node says.
    pub(crate) fn given(node: NodeIx, input: TaskInput, timeout: Option<Duration>) -> Self {
        let is_plain = matches!(input, TaskInput::State) && timeout.is_none();
        Self { node, given: (!is_plain).then(|| Box::new(Given { input, timeout })) }
    }

    pub(crate) fn input(&self) -> &TaskInput {
        self.given.as_ref().map_or(&TaskInput::State, |given| &given.input)
    }

    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.given.as_ref().and_then(|given| given.timeout)
    }
}

/// What a task gets besides the state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskInput {
    /// Nothing: an edge led here.
    State,
    /// The payload of a fan-out, a route or a command.
    Payload(Json),
    /// What went wrong in the node an error edge comes from.
    Failure(Box<Failure>),
}

/// The number of a checkpoint in its thread, from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CheckpointId(pub u64);

impl fmt::Display for CheckpointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One line of history: drawn when a thread is first run and whenever history forks, so that what was planned on one
/// line is never taken for what was planned on another.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Line(pub u64);

/// One run of a thread: from an input, an answer or a resume until it is done, stops or fails.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(pub u64);

/// The last checkpoint of a thread, as a compare-and-swap sees it: a thread that was deleted and run again has the same
/// numbers and another line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HeadRef {
    /// Its number.
    pub id: CheckpointId,
    /// Its line.
    pub line: Line,
}

/// Identifies a task: line, namespace, superstep and position, so that a resumed task keeps its id.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(u128);

impl TaskId {
    pub(crate) fn new(line: Line, namespace: &str, (step, position): (u64, usize), node: &str) -> Self {
        let length = 24 + namespace.len() + 1 + node.len();
        // Drawn for every task that is watched or stored: names of an ordinary length stay off the heap.
        let (mut short, mut long) = ([0; 128], Vec::new());
        let bytes = match short.get_mut(..length) {
            Some(bytes) => bytes,
            None => {
                long.resize(length, 0);
                &mut *long
            }
        };
        let (numbers, names) = bytes.split_at_mut(24);
        for (place, number) in numbers.chunks_exact_mut(8).zip([line.0, step, position as u64]) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        // A zero stays between the two.
        names[..namespace.len()].copy_from_slice(namespace.as_bytes());
        names[namespace.len() + 1..].copy_from_slice(node.as_bytes());
        Self(xxh3_128(bytes))
    }
}

/// Names one question of one task; stays the same until it is answered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InterruptId(u128);

impl InterruptId {
    pub(crate) fn new(task: TaskId, ordinal: u32) -> Self {
        Self(xxh3_128(format!("{task}\0{ordinal}").as_bytes()))
    }
}

macro_rules! hex_id {
    ($($name:ident $number:ty, $digits:literal, $text:literal;)*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:0digits$x}", self.0, digits = $digits)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Display::fmt(self, f) }
        }
        impl Serialize for $name {
            fn serialize<W: serde::Serializer>(&self, serializer: W) -> Result<W::Ok, W::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<R: serde::Deserializer<'de>>(deserializer: R) -> Result<Self, R::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
        impl std::str::FromStr for $name {
            type Err = ParseIdError;
            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                let is_hex = text.len() == $digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
                let number = is_hex.then(|| <$number>::from_str_radix(text, 16).ok()).flatten();
                let error = || ParseIdError { kind: $text, digits: $digits, text: text.to_owned() };
                number.map(Self).ok_or_else(error)
            }
        }
    )*};
}
hex_id! {
    TaskId u128, 32, "a task id";
    InterruptId u128, 32, "an interrupt id";
    Line u64, 16, "a line";
    RunId u64, 16, "a run id";
}

/// A text that is no id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {kind}; it has {digits} hexadecimal digits")]
pub struct ParseIdError {
    kind: &'static str,
    digits: usize,
    text: String,
}
