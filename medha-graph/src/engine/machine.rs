//! The machine of one superstep: decides starts, retries, deadlines, cancellation and the end. The shell that
//! drives it runs futures and reads the clock; time comes in as the time since the run began.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::error::Error;
use std::time::Duration;

use fastrand::Rng;
use serde_json::Value;

use super::checkpoint::{Task, TaskInput};
use super::pause::Pause;
use super::retry::Retry;
use super::superstep::{TaskEnd, TaskResult};
use crate::graph::topology::Topology;
use crate::node::command::Command;
use crate::node::context::Question;
use crate::node::error::{NodeError, full_text};
use crate::node::failure::{Failure, FailureKind};
use crate::node::parent::ParentCommand;
use crate::state::State;

/// Time since the run began.
pub(crate) type Time = Duration;

/// What becomes of the other tasks of a superstep when one fails and no error edge takes over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnFailure {
    /// They finish, and what they wrote is kept for the next resume.
    #[default]
    Drain,
    /// They are dropped, and run again on the next resume.
    FailFast,
}

pub(crate) struct Machine<S: State> {
    pub(crate) slots: Vec<Slot<S>>,
    /// Tasks before this one have been started.
    cursor: usize,
    /// Tasks that are not settled.
    open: usize,
    running: usize,
    /// Attempts to be made later, the earliest first.
    due: BinaryHeap<Reverse<Due>>,
    must_cancel: bool,
    is_timed: bool,
    limit: usize,
    on_failure: OnFailure,
    rng: Rng,
}

/// One task of the superstep. The phase is apart from the end, so that starting a task writes a few bytes.
#[derive(Debug)]
pub(crate) struct Slot<S: State> {
    phase: Phase,
    /// How it ended, once it is settled; nothing for a task that was cancelled.
    pub(crate) end: Option<SlotEnd<S>>,
}

impl<S: State> Slot<S> {
    const fn ready() -> Self {
        Self { phase: Phase::Ready, end: None }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Ready,
    Due,
    Running { attempt: u32 },
    Settled,
}

/// An attempt to be made later: what is due first, and of those the first in task order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    at: Time,
    position: usize,
    attempt: u32,
}

/// How a task ended.
#[derive(Debug)]
pub(crate) enum SlotEnd<S: State> {
    Done(Command<S>),
    Failed(Box<GaveUp>),
    Asked(Vec<Question>),
    /// Its subgraph was stopped between two supersteps.
    Paused(Pause),
    /// It ends the run of a subgraph with a command for the parent.
    ToParent(ParentCommand),
}

/// A task after its last attempt.
#[derive(Debug)]
pub(crate) struct GaveUp {
    pub(crate) failure: Failure,
    pub(crate) source: Option<Box<dyn Error + Send + Sync>>,
    /// The tasks that take over; `None` if nobody does.
    pub(crate) handlers: Option<Vec<Task>>,
}

/// What the shell does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Run an attempt of the task at this position, and end it at the deadline.
    Start { position: usize, attempt: u32, deadline: Option<Time> },
    /// Wait until an attempt ends or this time has come.
    Wait { until: Option<Time> },
    /// Drop every attempt that runs.
    CancelRunning,
    /// Every task is settled.
    Settle,
}

/// How an attempt ended.
#[derive(Debug)]
pub(crate) enum AttemptEnd<S: State> {
    Done(Command<S>),
    Failed(NodeError),
    TimedOut,
    Panicked(String),
    Asked(Vec<Question>),
    Paused(Pause),
    ToParent(ParentCommand),
}

impl<S: State> AttemptEnd<S> {
    pub(crate) fn is_failure(&self) -> bool {
        match self {
            Self::Failed(_) | Self::TimedOut | Self::Panicked(_) => true,
            Self::Done(_) | Self::Asked(_) | Self::Paused(_) | Self::ToParent(_) => false,
        }
    }
}

/// What the machine made of it, for whoever watches.
#[derive(Debug)]
pub(crate) enum Reaction {
    Done,
    Retrying {
        error: String,
        pause: Duration,
    },
    GaveUp,
    Asked,
    /// It ended without an update of its own: the run will stop here.
    Stopped,
}

impl<S: State> Machine<S> {
    pub(crate) fn new(limit: usize, on_failure: OnFailure, seed: u64) -> Self {
        Self {
            slots: Vec::new(),
            cursor: 0,
            open: 0,
            running: 0,
            due: BinaryHeap::new(),
            must_cancel: false,
            is_timed: false,
            limit,
            on_failure,
            rng: Rng::with_seed(seed),
        }
    }

    /// Makes all tasks ready, for a new superstep.
    #[inline]
    pub(crate) fn load(&mut self, topology: &Topology<S>, tasks: &[Task]) {
        match (self.slots.as_mut_slice(), tasks) {
            // The slot of a chain or a loop is used again and again.
            ([slot], [_]) => *slot = Slot::ready(),
            (_, tasks) => {
                self.slots.clear();
                self.slots.extend(tasks.iter().map(|_| Slot::ready()));
            }
        }
        self.due.clear();
        (self.cursor, self.open, self.running, self.must_cancel) = (0, tasks.len(), 0, false);
        self.is_timed = tasks.iter().any(|task| topology.node(task.node).config.timeout.is_some());
    }

    /// Puts in how a task ended in an earlier run.
    pub(crate) fn restore(&mut self, position: usize, end: SlotEnd<S>) {
        debug_assert!(
            self.slots[position].phase == Phase::Ready,
            "a task is restored once, before it starts"
        );
        self.settle(position, end);
    }

    /// Whether decisions depend on the time now.
    #[inline]
    pub(crate) fn wants_time(&self) -> bool {
        self.is_timed || !self.due.is_empty()
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.open == 0
    }

    pub(crate) fn is_alone(&self) -> bool {
        self.slots.len() == 1
    }

    #[inline]
    pub(crate) fn poll(&mut self, topology: &Topology<S>, tasks: &[Task], now: Time) -> Action {
        if self.must_cancel {
            self.cancel();
            return Action::CancelRunning;
        }
        if self.open == 0 {
            return Action::Settle;
        }
        if self.running >= self.limit {
            return Action::Wait { until: None };
        }
        let next = self.due.peek().map(|Reverse(due)| *due);
        if let Some(due) = next.filter(|due| due.at <= now) {
            self.due.pop();
            return self.start(topology, tasks, due.position, due.attempt, now);
        }
        while self.cursor < self.slots.len() {
            let position = self.cursor;
            self.cursor += 1;
            if self.slots[position].phase == Phase::Ready {
                return self.start(topology, tasks, position, 1, now);
            }
        }
        Action::Wait { until: next.map(|due| due.at) }
    }

    /// Takes in how an attempt ended.
    #[inline]
    pub(crate) fn finish(
        &mut self,
        topology: &Topology<S>,
        tasks: &[Task],
        position: usize,
        end: AttemptEnd<S>,
        now: Time,
    ) -> Reaction {
        let Phase::Running { attempt } = self.slots[position].phase else {
            unreachable!("only a running attempt ends");
        };
        self.running -= 1;
        let failed = match end {
            AttemptEnd::Done(command) => {
                self.settle(position, SlotEnd::Done(command));
                return Reaction::Done;
            }
            AttemptEnd::Asked(questions) => {
                self.settle(position, SlotEnd::Asked(questions));
                return Reaction::Asked;
            }
            AttemptEnd::Paused(pause) => {
                self.settle(position, SlotEnd::Paused(pause));
                return Reaction::Stopped;
            }
            AttemptEnd::ToParent(command) => {
                self.settle(position, SlotEnd::ToParent(command));
                return Reaction::Stopped;
            }
            AttemptEnd::Failed(error) => Failed::from_error(error),
            AttemptEnd::TimedOut => Failed::from_timeout(topology.node(tasks[position].node).config.timeout),
            AttemptEnd::Panicked(text) => Failed::from_panic(&text),
        };
        self.react(topology, &tasks[position], (position, attempt), failed, now)
    }

    /// Decides what a failed attempt leads to.
    #[cold]
    fn react(
        &mut self,
        topology: &Topology<S>,
        task: &Task,
        (position, attempt): (usize, u32),
        failed: Failed,
        now: Time,
    ) -> Reaction {
        let node = topology.node(task.node);
        let decision = match &node.config.retry {
            Some(policy) if failed.is_retryable => policy.after_failure(attempt, failed.pause, &mut self.rng),
            Some(_) | None => Retry::GiveUp,
        };
        match decision {
            Retry::After(pause) => {
                self.due.push(Reverse(Due { at: now.saturating_add(pause), position, attempt: attempt + 1 }));
                self.slots[position].phase = Phase::Due;
                Reaction::Retrying { error: failed.text, pause }
            }
            Retry::GiveUp => {
                let gave_up = failed.give_up(topology, task, attempt);
                self.must_cancel |= gave_up.handlers.is_none() && self.on_failure == OnFailure::FailFast;
                self.settle(position, SlotEnd::Failed(Box::new(gave_up)));
                Reaction::GaveUp
            }
        }
    }

    /// Moves out what the only task of a superstep wrote, if there is only one and it is done.
    #[inline]
    pub(crate) fn take_only(&mut self) -> Option<Command<S>> {
        match self.slots.as_mut_slice() {
            [Slot { end, .. }] if matches!(end, Some(SlotEnd::Done(_))) => match end.take() {
                Some(SlotEnd::Done(command)) => Some(command),
                Some(SlotEnd::Failed(_) | SlotEnd::Asked(_) | SlotEnd::Paused(_) | SlotEnd::ToParent(_))
                | None => None,
            },
            [..] => None,
        }
    }

    /// Whether every task is done or its failure is handled.
    #[inline]
    pub(crate) fn is_mergeable(&self) -> bool {
        self.slots.iter().all(|slot| match &slot.end {
            Some(SlotEnd::Done(_)) => true,
            Some(SlotEnd::Failed(gave_up)) => gave_up.handlers.is_some(),
            Some(SlotEnd::Asked(_) | SlotEnd::Paused(_) | SlotEnd::ToParent(_)) | None => false,
        })
    }

    /// What the tasks that are done have come to.
    pub(crate) fn commands(&self) -> impl Iterator<Item = &Command<S>> {
        self.slots.iter().filter_map(|slot| match &slot.end {
            Some(SlotEnd::Done(command)) => Some(command),
            Some(SlotEnd::Failed(_) | SlotEnd::Asked(_) | SlotEnd::Paused(_) | SlotEnd::ToParent(_))
            | None => None,
        })
    }

    /// Moves the results out, in the order of the tasks.
    pub(crate) fn take_results(&mut self, tasks: &[Task], results: &mut Vec<TaskResult<S>>) {
        results.clear();
        for (task, slot) in tasks.iter().zip(self.slots.drain(..)) {
            let end = match slot.end {
                Some(SlotEnd::Done(command)) => TaskEnd::Done(command),
                Some(SlotEnd::Failed(gave_up)) => TaskEnd::Handled(gave_up.handlers.unwrap_or_default()),
                Some(SlotEnd::Asked(_) | SlotEnd::Paused(_) | SlotEnd::ToParent(_)) | None => continue,
            };
            results.push(TaskResult { node: task.node, end });
        }
    }

    #[inline]
    fn start(
        &mut self,
        topology: &Topology<S>,
        tasks: &[Task],
        position: usize,
        attempt: u32,
        now: Time,
    ) -> Action {
        self.running += 1;
        self.slots[position].phase = Phase::Running { attempt };
        let timeout = topology.node(tasks[position].node).config.timeout;
        Action::Start { position, attempt, deadline: timeout.and_then(|limit| now.checked_add(limit)) }
    }

    #[inline]
    fn settle(&mut self, position: usize, end: SlotEnd<S>) {
        self.open -= 1;
        let slot = &mut self.slots[position];
        slot.phase = Phase::Settled;
        slot.end = Some(end);
    }

    fn cancel(&mut self) {
        for slot in &mut self.slots {
            slot.phase = Phase::Settled;
        }
        self.due.clear();
        (self.open, self.running, self.must_cancel) = (0, 0, false);
    }
}

/// A failed attempt, before the decision.
struct Failed {
    text: String,
    kind: FailureKind,
    is_retryable: bool,
    pause: Option<Duration>,
    detail: Option<Value>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Failed {
    fn from_error(error: NodeError) -> Self {
        let (is_retryable, pause) = (error.is_retryable(), error.pause());
        let (source, detail) = error.into_parts();
        let text = full_text(source.as_ref());
        Self { text, kind: FailureKind::Error, is_retryable, pause, detail, source: Some(source) }
    }

    fn from_timeout(limit: Option<Duration>) -> Self {
        let text = format!("took longer than its timeout of {:?}", limit.unwrap_or_default());
        Self { text, kind: FailureKind::Timeout, is_retryable: true, pause: None, detail: None, source: None }
    }

    fn from_panic(text: &str) -> Self {
        let text = format!("panicked: {text}");
        Self { text, kind: FailureKind::Panic, is_retryable: false, pause: None, detail: None, source: None }
    }

    fn give_up<S: State>(self, topology: &Topology<S>, task: &Task, attempts: u32) -> GaveUp {
        let payload = match &task.input {
            TaskInput::Payload(payload) => Some(payload.clone()),
            TaskInput::State | TaskInput::Failure(_) => None,
        };
        let node = topology.name_of(task.node).to_string();
        let (error, kind, detail) = (self.text, self.kind, self.detail);
        let mut failure = Failure { node, error, kind, attempts, payload, detail };
        let handlers = topology.handlers(task.node, &failure).unwrap_or_else(|why| {
            failure.error = format!("{}; and the router of its error edge {why}", failure.error);
            None
        });
        GaveUp { failure, source: self.source, handlers }
    }
}

/// Answers of one task, by the ordinal of the question.
pub(crate) type Answers = BTreeMap<u32, Value>;
