//! One process of a simulation: one run of the thread, driven step by step, so that two can be interleaved.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use fastrand::Rng;

use super::disk::{Disk, ProcessEffects, lock};
use super::faults::{Fate, Faults};
use crate::engine::checkpoint::{CheckpointId, RunId};
use crate::engine::machine::{Action, AttemptEnd, Time};
use crate::engine::pause::Durability;
use crate::engine::session::{Prepared, Record, Session, Settled, Setup, Standing};
use crate::engine::timer::{Deadline, Timer};
use crate::graph::compiled::CompiledGraph;
use crate::node::context::ContextValues;
use crate::node::error::NodeError;
use crate::node::once::EffectLog;
use crate::run::attempt::Scope;
use crate::run::error::RunError;
use crate::run::event::Outcome;
use crate::run::input::Input;
use crate::state::State;

/// Polls after which a node that is still not done counts as waiting for something outside.
const PATIENCE: usize = 10_000;

/// What the processes of a simulation share.
pub(super) struct Shared<S> {
    pub(super) rng: Rng,
    pub(super) faults: Faults,
    pub(super) elapsed: Time,
    /// The nodes of all attempts, in the order they ended.
    pub(super) order: Vec<String>,
    /// The state each checkpoint was made of, and the run that made it.
    pub(super) states: Vec<(CheckpointId, RunId, S)>,
}

pub(super) struct Process<S: State> {
    session: Session<S>,
    durability: Durability,
    values: ContextValues,
    log: Arc<ProcessEffects>,
    effects: Arc<dyn EffectLog>,
    thread: Arc<str>,
    /// Attempts that run, by the time they end; the drawn number makes ties a matter of the seed.
    running: BinaryHeap<Reverse<(Time, u64, usize, u32)>>,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Between,
    Superstep,
    /// It is cancelled when so many more attempts have ended.
    Cancelling(u32),
}

/// Whether a process goes on.
pub(super) type Step<S> = Option<Result<Outcome<S>, RunError>>;

impl<S: State> Process<S> {
    /// Opens a run on what the disk holds; `number` tells the processes of a simulation apart.
    pub(super) fn open(
        graph: &CompiledGraph<S>,
        disk: &Arc<Disk>,
        number: u64,
        shared: &mut Shared<S>,
        input: Input<S>,
    ) -> Result<Self, RunError> {
        let options = &graph.options;
        let setup = Setup {
            key: disk.key.clone(),
            durability: Some(options.durability),
            limits: graph.limits,
            seed: number,
            breakpoints: Arc::clone(&options.breakpoints),
            metadata: options.metadata.clone(),
            unfinished: options.unfinished,
            origin: None,
        };
        let topology = Arc::clone(&graph.topology);
        let standing = match disk.load() {
            None => None,
            Some(head) => {
                let pieces = disk.pieces(&head.checkpoint.needs())?;
                Some(Standing::new(&topology, &disk.key, head, &pieces)?)
            }
        };
        let (mut session, record) = Session::open(topology, setup, standing, input)?;
        let log = Arc::new(ProcessEffects::new(Arc::clone(disk), std::mem::take(&mut session.effects)));
        let mut process = Self {
            session,
            durability: options.durability,
            values: graph.values.clone(),
            effects: Arc::clone(&log) as Arc<dyn EffectLog>,
            log,
            thread: Arc::from(disk.key.thread()),
            running: BinaryHeap::new(),
            stage: Stage::Between,
        };
        process.store(shared, record)?;
        Ok(process)
    }

    /// One thing that happens: a superstep begins, an attempt ends, a superstep is merged and stored.
    pub(super) fn step(&mut self, shared: &mut Shared<S>) -> Step<S> {
        match self.try_step(shared) {
            Ok(None) => None,
            Ok(Some(outcome)) => Some(Ok(outcome)),
            Err(error) => Some(Err(error)),
        }
    }

    fn try_step(&mut self, shared: &mut Shared<S>) -> Result<Option<Outcome<S>>, RunError> {
        match self.stage {
            Stage::Between => self.prepare(shared),
            Stage::Superstep | Stage::Cancelling(_) => {
                if !self.superstep(shared) {
                    return Ok(None);
                }
                let is_cancelled = self.stage != Stage::Superstep;
                self.stage = Stage::Between;
                self.log.flush()?;
                if let Some(error) = lock(&self.log.broken).take() {
                    return Err(error.into());
                }
                if is_cancelled {
                    let step = self.session.checkpoint.frontier.step + 1;
                    let records = self.session.cancelled();
                    self.store(shared, records)?;
                    return Err(RunError::Cancelled { step });
                }
                self.settle(shared)
            }
        }
    }

    fn prepare(&mut self, shared: &mut Shared<S>) -> Result<Option<Outcome<S>>, RunError> {
        let drain = (shared.rng.f64() < shared.faults.draining).then_some("simulated drain");
        match self.session.prepare(drain) {
            Ok(Prepared::Run) => {
                let is_cancelled = shared.rng.f64() < shared.faults.cancelling;
                self.stage =
                    if is_cancelled { Stage::Cancelling(shared.rng.u32(0..4)) } else { Stage::Superstep };
                Ok(None)
            }
            Ok(Prepared::Done) => {
                self.close(shared)?;
                Ok(Some(Outcome::Done(self.session.checkpoint.state.clone())))
            }
            Ok(Prepared::Paused(pause)) => {
                self.close(shared)?;
                let (state, next) = (self.session.checkpoint.state.clone(), self.session.next_nodes());
                Ok(Some(Outcome::Paused { state, pause, next }))
            }
            Err(error) => {
                self.close(shared)?;
                Err(error)
            }
        }
    }

    fn settle(&mut self, shared: &mut Shared<S>) -> Result<Option<Outcome<S>>, RunError> {
        match self.session.settle() {
            Settled::Advanced(None) => Ok(None),
            Settled::Advanced(Some(record)) => {
                match self.durability {
                    Durability::Sync | Durability::Exit => self.store(shared, [record])?,
                    Durability::Async => {
                        self.note(shared, &record);
                        *lock(&self.log.pending) = Some(record);
                    }
                }
                Ok(None)
            }
            Settled::Interrupted(interrupts, records) => {
                self.store(shared, records)?;
                Ok(Some(Outcome::Interrupted { state: self.session.checkpoint.state.clone(), interrupts }))
            }
            Settled::Paused(pause, records) => {
                self.store(shared, records)?;
                let (state, next) = (self.session.checkpoint.state.clone(), self.session.next_nodes());
                Ok(Some(Outcome::Paused { state, pause, next }))
            }
            Settled::Failed(error, records) => {
                self.store(shared, records)?;
                Err(*error)
            }
        }
    }

    /// Makes one attempt of the superstep end; whether all is settled or the run was cancelled.
    fn superstep(&mut self, shared: &mut Shared<S>) -> bool {
        let (steps_left, lineage) = (self.session.steps_left(), self.session.lineage());
        let Session { topology, checkpoint, machine, progress, .. } = &mut self.session;
        let scope = Scope {
            topology,
            thread: &self.thread,
            values: &self.values,
            queue: None,
            state: &checkpoint.state,
            tasks: &checkpoint.frontier.next,
            progress,
            effects: &self.effects,
            run: None,
            lineage,
            step: checkpoint.frontier.step + 1,
            steps_left,
            line: checkpoint.frontier.line,
            namespace: "",
        };
        if self.stage == Stage::Cancelling(0) {
            self.running.clear();
            return true;
        }
        loop {
            match machine.poll(topology, scope.tasks, shared.elapsed) {
                Action::Start { position, attempt, timed_from } => {
                    let ends = end_of(shared, &scope, position, attempt, timed_from);
                    self.running.push(Reverse((ends, shared.rng.u64(..), position, attempt)));
                }
                Action::Wait { until } => {
                    let first = self.running.peek().map(|Reverse((ends, ..))| *ends);
                    match (first, until) {
                        (Some(ends), until) if until.is_none_or(|until| ends <= until) => {
                            let Some(Reverse((_, _, position, attempt))) = self.running.pop() else {
                                continue;
                            };
                            shared.elapsed = shared.elapsed.max(ends);
                            let end = end(shared, &scope, position, attempt);
                            shared.order.push(topology.name_of(scope.tasks[position].node).to_string());
                            machine.finish(topology, scope.tasks, position, end, shared.elapsed);
                            if let Stage::Cancelling(left) = &mut self.stage {
                                *left = left.saturating_sub(1);
                            }
                            return false;
                        }
                        (_, Some(until)) => shared.elapsed = shared.elapsed.max(until),
                        (_, None) => unreachable!("the machine waits for something"),
                    }
                }
                Action::CancelRunning => self.running.clear(),
                Action::Settle => {
                    // Too late to be cancelled.
                    self.stage = Stage::Superstep;
                    return true;
                }
            }
        }
    }

    fn close(&mut self, shared: &mut Shared<S>) -> Result<(), RunError> {
        self.log.flush()?;
        let record = self.session.close()?;
        self.store(shared, record)
    }

    fn store(
        &mut self,
        shared: &mut Shared<S>,
        records: impl IntoIterator<Item = Record>,
    ) -> Result<(), RunError> {
        for record in records {
            self.note(shared, &record);
            self.log.disk.store(record)?;
        }
        Ok(())
    }

    /// Remembers the state a checkpoint was made of, to compare it with what is stored.
    fn note(&self, shared: &mut Shared<S>, record: &Record) {
        if let Record::Checkpoint { checkpoint, .. } = record {
            shared.states.push((checkpoint.id, checkpoint.run, self.session.checkpoint.state.clone()));
        }
    }
}

/// When an attempt ends: at its deadline if it hangs, else at any time before.
fn end_of<S: State>(
    shared: &mut Shared<S>,
    scope: &Scope<'_, S>,
    position: usize,
    attempt: u32,
    timed_from: Option<Time>,
) -> Time {
    let deadline = timed_from.and_then(|start| deadline(scope, position, start));
    match (deadline.map(|first| first.at), fate(shared, scope, position, attempt)) {
        (Some(deadline), Fate::Hangs) => deadline,
        (Some(deadline), Fate::Runs | Fate::Fails | Fate::Panics) => {
            let left = deadline.saturating_sub(shared.elapsed);
            shared.elapsed + left.mul_f64(shared.rng.f64() * 0.99)
        }
        (None, _) => shared.elapsed.saturating_add(Duration::from_micros(shared.rng.u64(1..1_000_000))),
    }
}

fn end<S: State>(shared: &Shared<S>, scope: &Scope<'_, S>, position: usize, attempt: u32) -> AttemptEnd<S> {
    match fate(shared, scope, position, attempt) {
        Fate::Fails => AttemptEnd::Failed(NodeError::new("simulated failure")),
        Fate::Panics => AttemptEnd::Panicked("simulated panic".to_owned()),
        Fate::Hangs => match deadline(scope, position, Time::ZERO) {
            Some(first) => AttemptEnd::TimedOut(first.expired),
            None => run_now(scope, position, attempt),
        },
        Fate::Runs => run_now(scope, position, attempt),
    }
}

/// When an attempt that gives no sign of life has taken too long.
fn deadline<S: State>(scope: &Scope<'_, S>, position: usize, start: Time) -> Option<Deadline> {
    Timer::new(scope.timeouts(position), start).deadline()
}

fn fate<S: State>(shared: &Shared<S>, scope: &Scope<'_, S>, position: usize, attempt: u32) -> Fate {
    let node = scope.topology.name_of(scope.tasks[position].node);
    shared.faults.decide(node, scope.step, position, attempt)
}

fn run_now<S: State>(scope: &Scope<'_, S>, position: usize, attempt: u32) -> AttemptEnd<S> {
    let mut work = pin!(scope.attempt(position, attempt, None));
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..PATIENCE {
        if let Poll::Ready(end) = work.as_mut().poll(&mut context) {
            return end;
        }
    }
    let why = "waits for something outside; a simulation runs nodes that finish by themselves";
    AttemptEnd::Failed(NodeError::new(why).terminal())
}
