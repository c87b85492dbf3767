//! The machine of one superstep: decides starts, retries, deadlines, cancellation and the end. The shell that
//! drives it runs futures and reads the clock; time comes in as the time since the run began.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::time::Duration;

use fastrand::Rng;
use serde_json::Value;

use super::checkpoint::Task;
use super::failed::{Failed, GaveUp};
use super::lanes::{Entrant, Lanes};
use super::pause::Pause;
use super::retry::Retry;
use super::superstep::{TaskEnd, TaskResult};
use super::timer::{Expired, Timeouts};
use crate::graph::topology::Topology;
use crate::node::command::Command;
use crate::node::context::Question;
use crate::node::error::NodeError;
use crate::node::parent::ParentCommand;
use crate::state::State;

/// Time since the run began.
pub(crate) type Time = Duration;

/// What becomes of the other tasks of a superstep when one fails and no error edge takes over.
///
/// The rule is the same whether tasks run side by side or, with a concurrency of one, after each other.
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
    /// Of tasks that failed and have retry policies: how many failures each of the policies has decided.
    failures: HashMap<usize, Vec<u32>>,
    must_cancel: bool,
    is_timed: bool,
    /// Whether a task here is of a node that limits how many of its tasks run at once.
    has_lanes: bool,
    lanes: Lanes,
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

/// What the shell does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Run an attempt of the task at this position. If it has timeouts, they count from this time.
    Start { position: usize, attempt: u32, timed_from: Option<Time> },
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
    TimedOut(Expired),
    Panicked(String),
    Asked(Vec<Question>),
    Paused(Pause),
    ToParent(ParentCommand),
}

impl<S: State> AttemptEnd<S> {
    pub(crate) fn is_failure(&self) -> bool {
        match self {
            Self::Failed(_) | Self::TimedOut(_) | Self::Panicked(_) => true,
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
            failures: HashMap::new(),
            must_cancel: false,
            is_timed: false,
            has_lanes: false,
            lanes: Lanes::default(),
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
        self.failures.clear();
        (self.cursor, self.open, self.running, self.must_cancel) = (0, tasks.len(), 0, false);
        if self.has_lanes {
            self.lanes.clear();
        }
        (self.is_timed, self.has_lanes) = (false, false);
        for task in tasks {
            self.is_timed |= has_timeouts(topology, task);
            self.has_lanes |= topology.node(task.node).config.concurrency.is_some();
        }
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
        if self.has_lanes
            && let Some(next) = self.lanes.admit()
        {
            return self.start(topology, tasks, next, now);
        }
        while let Some(due) = self.next_due().filter(|due| due.at <= now) {
            self.due.pop();
            let next = Entrant { position: due.position, attempt: due.attempt };
            if self.may_start(topology, tasks, next) {
                return self.start(topology, tasks, next, now);
            }
        }
        while self.cursor < self.slots.len() {
            let next = Entrant { position: self.cursor, attempt: 1 };
            self.cursor += 1;
            if self.slots[next.position].phase == Phase::Ready && self.may_start(topology, tasks, next) {
                return self.start(topology, tasks, next, now);
            }
        }
        Action::Wait { until: self.next_due().map(|due| due.at) }
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
        if self.has_lanes {
            self.leave_lane(topology, &tasks[position]);
        }
        match end {
            AttemptEnd::Done(command) => {
                // The hot path: written in place, since a value that is built apart and then moved waits for its own stores.
                let slot = &mut self.slots[position];
                let None = slot.end else { unreachable!("a task that runs has not ended") };
                slot.end = Some(SlotEnd::Done(command));
                slot.phase = Phase::Settled;
                self.open -= 1;
                Reaction::Done
            }
            AttemptEnd::Failed(_)
            | AttemptEnd::TimedOut(_)
            | AttemptEnd::Panicked(_)
            | AttemptEnd::Asked(_)
            | AttemptEnd::Paused(_)
            | AttemptEnd::ToParent(_) => {
                self.finish_otherwise(topology, &tasks[position], (position, attempt), end, now)
            }
        }
    }

    /// The same for an attempt that has not come to a command.
    #[cold]
    fn finish_otherwise(
        &mut self,
        topology: &Topology<S>,
        task: &Task,
        (position, attempt): (usize, u32),
        end: AttemptEnd<S>,
        now: Time,
    ) -> Reaction {
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
            AttemptEnd::TimedOut(expired) => Failed::from_timeout(expired),
            AttemptEnd::Panicked(text) => Failed::from_panic(&text),
        };
        self.react(topology, task, (position, attempt), failed, now)
    }

    /// Decides what a failed attempt leads to.
    fn react(
        &mut self,
        topology: &Topology<S>,
        task: &Task,
        (position, attempt): (usize, u32),
        mut failed: Failed,
        now: Time,
    ) -> Reaction {
        let decision = match topology.node(task.node).config.retry.as_slice() {
            [] => Retry::GiveUp,
            policies => {
                let counts = self.failures.entry(position).or_default();
                failed.decide(policies, attempt, counts, &mut self.rng)
            }
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
        Entrant { position, attempt }: Entrant,
        now: Time,
    ) -> Action {
        self.running += 1;
        self.slots[position].phase = Phase::Running { attempt };
        let is_timed = self.is_timed && has_timeouts(topology, &tasks[position]);
        Action::Start { position, attempt, timed_from: is_timed.then_some(now) }
    }

    fn next_due(&self) -> Option<Due> {
        self.due.peek().map(|Reverse(due)| *due)
    }

    /// Whether the lane of the node has a place, if it has a lane; if not, the attempt waits in it.
    #[inline]
    fn may_start(&mut self, topology: &Topology<S>, tasks: &[Task], next: Entrant) -> bool {
        if !self.has_lanes {
            return true;
        }
        let node = tasks[next.position].node;
        topology.node(node).config.concurrency.is_none_or(|limit| self.lanes.enter(node, limit, next))
    }

    #[cold]
    fn leave_lane(&mut self, topology: &Topology<S>, task: &Task) {
        if topology.node(task.node).config.concurrency.is_some() {
            self.lanes.leave(task.node);
        }
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
        self.lanes.clear();
        (self.open, self.running, self.must_cancel) = (0, 0, false);
    }
}

fn has_timeouts<S: State>(topology: &Topology<S>, task: &Task) -> bool {
    !Timeouts::of(&topology.node(task.node).config.timeouts, task).is_empty()
}

/// Answers of one task, by the ordinal of the question.
pub(crate) type Answers = BTreeMap<u32, Value>;
