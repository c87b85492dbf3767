//! What a stream of a run yields, and how a run ends.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::engine::checkpoint::CheckpointId;
use crate::engine::pause::Pause;
use crate::engine::record::{Cause, StoredJoin};
use crate::node::call::CallPhase;
use crate::node::context::Interrupt;
use crate::node::failure::Failure;
use crate::node::task::TaskRef;
use crate::state::State;
use crate::subgraph::event::{ChildEvent, PathSegment};

/// Something that happened in a run, in the order it happened.
///
/// As JSON an event is an object with its name under `event`.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case", bound = "")]
#[non_exhaustive]
pub enum Event<S: State> {
    /// The run began, or went on.
    RunStarted {
        /// The graph.
        graph: String,
        /// The thread; empty for a run without one.
        thread: String,
        /// The nodes that run first.
        next: Vec<String>,
    },
    /// An attempt of a task began.
    TaskStarted {
        /// The attempt.
        task: TaskRef,
    },
    /// An attempt failed, and another will be made.
    TaskRetrying {
        /// The attempt that failed.
        task: TaskRef,
        /// What went wrong.
        error: String,
        /// The wait before the next attempt.
        #[serde(serialize_with = "as_seconds", rename = "pause_seconds")]
        pause: Duration,
    },
    /// The last attempt of a task failed.
    TaskFailed {
        /// The attempt that failed.
        task: TaskRef,
        /// The failure.
        failure: Box<Failure>,
        /// Whether an error edge takes over.
        is_handled: bool,
    },
    /// A task stopped to ask.
    TaskAsked {
        /// The attempt that asked.
        task: TaskRef,
    },
    /// A task is done. Tasks of one superstep come in the order they finish.
    TaskFinished {
        /// The attempt that succeeded.
        task: TaskRef,
        /// What it wrote.
        update: S::Update,
        /// What it wrote after that, if it returned several updates.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        more: Vec<S::Update>,
        /// How long the attempt took.
        #[serde(serialize_with = "as_seconds", rename = "elapsed_seconds")]
        elapsed: Duration,
        /// Whether the node was not run: it wrote the same when it was given the same before.
        cached: bool,
    },
    /// The cache of a node failed; the node runs without it.
    CacheFailed {
        /// The attempt it was asked for.
        task: TaskRef,
        /// What went wrong.
        error: String,
    },
    /// A node sent a progress event with [`Ctx::emit`](crate::Ctx::emit).
    Custom {
        /// The attempt that sent it.
        task: TaskRef,
        /// What it sent.
        value: Value,
    },
    /// Something happened in a subgraph.
    Child {
        /// The tasks that lead to it, the outermost first.
        path: Vec<PathSegment>,
        /// What happened.
        #[serde(rename = "child")]
        event: ChildEvent,
    },
    /// A call inside a node, made with [`Ctx::call`](crate::Ctx::call), has come this far.
    Call {
        /// The attempt that makes it.
        task: TaskRef,
        /// The name of the call.
        name: String,
        /// How far.
        phase: CallPhase,
    },
    /// A node sent a message or a piece of one with [`Ctx::emit_message`](crate::Ctx::emit_message).
    Message {
        /// The attempt that sent it.
        task: TaskRef,
        /// What it sent.
        message: Value,
    },
    /// Nodes sent more progress events and messages than are kept unread; this many were dropped here.
    Skipped {
        /// How many.
        events: u64,
    },
    /// The state: once when the run begins or goes on (with the input merged), then after every superstep. If the run
    /// stops to ask and other tasks of that superstep have finished, once more with what they wrote merged: `step` is
    /// then still the superstep before, and `next` names the nodes that have not finished.
    Values {
        /// The last superstep that was merged, counted over the life of the thread; 0 after the first input.
        step: u64,
        /// The merged state.
        state: S,
        /// The nodes that run next.
        next: Vec<String>,
    },
    /// A checkpoint was stored.
    CheckpointSaved {
        /// Its number.
        id: CheckpointId,
        /// Supersteps finished over the life of the thread.
        step: u64,
        /// Why it was written.
        cause: Cause,
        /// The nodes that run next.
        next: Vec<String>,
    },
    /// The run stopped to ask.
    Interrupted {
        /// Every open question.
        interrupts: Vec<Interrupt>,
    },
    /// The run stopped at a breakpoint, or was asked to stop.
    Paused {
        /// Why.
        pause: Pause,
        /// The nodes that run next.
        next: Vec<String>,
    },
    /// The run is done; the last event, unless the run is interrupted or fails.
    RunFinished {
        /// The state at the end.
        state: S,
        /// Joins that were left waiting: some of their sources finished, the others never ran.
        waiting_joins: Vec<StoredJoin>,
    },
}

fn as_seconds<W: serde::Serializer>(duration: &Duration, serializer: W) -> Result<W::Ok, W::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

/// How a run ended when nothing went wrong.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome<S> {
    /// Nothing is left to run.
    Done(S),
    /// Nodes have questions; `resume` with the answers.
    Interrupted {
        /// The state so far.
        state: S,
        /// The open questions.
        interrupts: Vec<Interrupt>,
    },
    /// A breakpoint was reached, or the run was asked to stop; `resume` goes on.
    Paused {
        /// The state so far.
        state: S,
        /// Why it stopped.
        pause: Pause,
        /// The nodes that run next.
        next: Vec<String>,
    },
}

impl<S> Outcome<S> {
    /// The state, finished or not.
    pub fn into_state(self) -> S {
        match self {
            Self::Done(state) | Self::Interrupted { state, .. } | Self::Paused { state, .. } => state,
        }
    }

    /// The state, finished or not.
    pub fn state(&self) -> &S {
        match self {
            Self::Done(state) | Self::Interrupted { state, .. } | Self::Paused { state, .. } => state,
        }
    }

    /// The open questions; none when the run is done.
    pub fn interrupts(&self) -> &[Interrupt] {
        match self {
            Self::Done(_) | Self::Paused { .. } => &[],
            Self::Interrupted { interrupts, .. } => interrupts,
        }
    }

    /// The same outcome with something else for the state.
    pub fn map<T>(self, change: impl FnOnce(S) -> T) -> Outcome<T> {
        match self {
            Self::Done(state) => Outcome::Done(change(state)),
            Self::Interrupted { state, interrupts } => {
                Outcome::Interrupted { state: change(state), interrupts }
            }
            Self::Paused { state, pause, next } => Outcome::Paused { state: change(state), pause, next },
        }
    }

    /// The same outcome with a view of the state: see [`View`](crate::View).
    pub fn project<T: for<'a> From<&'a S>>(self) -> Outcome<T> {
        self.map(|state| T::from(&state))
    }

    /// Whether nothing is left to run.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done(_))
    }
}
