//! One run of one thread: opens on a checkpoint, hands tasks to the machine, and turns what comes of them into
//! the next checkpoint and what must be stored before the run goes on. Storage and time stay outside.

use std::collections::BTreeMap;
use std::sync::Arc;

use fastrand::Rng;

use super::checkpoint::{Checkpoint, CheckpointId, Frontier, HeadRef, Line, RunId, TaskId};
use super::ledger::{self, Ledger};
use super::machine::{Machine, SlotEnd};
use super::name::Name;
use super::pause::{Durability, Pause, Unfinished};
use super::record::{Cause, FORMAT, Progress, StoredCheckpoint, StoredOutcome, StoredTask, TaskWrites};
use super::recorder::Recorder;
use super::round;
pub(crate) use super::setup::{Limits, Lineage, Setup};
pub(crate) use super::standing::{Effects, Standing};
use super::superstep::{self, StepError, TaskResult};
use crate::graph::edge::START;
use crate::graph::topology::Topology;
use crate::node::context::Interrupt;
use crate::run::error::RunError;
use crate::run::input::Input;
use crate::state::{FieldSet, State, Update};
use crate::store::error::CheckpointError;

pub(crate) struct Session<S: State> {
    pub(crate) topology: Arc<Topology<S>>,
    pub(crate) setup: Setup,
    pub(crate) checkpoint: Checkpoint<S>,
    pub(crate) machine: Machine<S>,
    pub(crate) progress: Progress,
    pub(crate) effects: Effects,
    /// The head of the thread, as far as this run knows.
    pub(crate) head: Option<HeadRef>,
    /// The run that wrote it.
    head_run: Option<RunId>,
    /// What the next checkpoint follows.
    parent: Option<CheckpointId>,
    pub(crate) run: RunId,
    /// The line to go on with where history forks.
    pub(super) fresh_line: Line,
    pub(super) ledger: Ledger<S>,
    /// Notes what the nodes write, for a subgraph that hands it up.
    pub(crate) recorder: Option<Box<Recorder<S>>>,
    /// Whether history forks here.
    pub(super) is_past: bool,
    /// Whether the checkpoint has moved on since it was last recorded.
    pub(super) is_ahead: bool,
    /// Whether the run goes on where another stopped.
    pub(super) is_resumed: bool,
    pub(super) steps: u64,
    /// Nodes of the superstep before that a breakpoint stands after.
    pub(super) paused_after: Vec<String>,
    results: Vec<TaskResult<S>>,
}

/// Something to store before the run goes on.
#[derive(Clone, Debug)]
pub(crate) enum Record {
    Checkpoint {
        expected: Option<HeadRef>,
        checkpoint: Box<StoredCheckpoint>,
    },
    /// In a box, so that a record is small: one is moved on every superstep that is stored.
    Progress {
        head: HeadRef,
        progress: Box<Progress>,
    },
}

/// Whether there is a superstep to run.
#[derive(Debug)]
pub(crate) enum Prepared {
    Run,
    Done,
    Paused(Pause),
}

/// What a finished superstep led to, and what to store of it, in this order.
#[derive(Debug)]
pub(crate) enum Settled {
    Advanced(Option<Record>),
    Interrupted(Vec<Interrupt>, Vec<Record>),
    Paused(Pause, Vec<Record>),
    Failed(Box<RunError>, Vec<Record>),
}

impl<S: State> Session<S> {
    /// Opens a run, and says what to store before its first superstep.
    pub(crate) fn open(
        topology: Arc<Topology<S>>,
        setup: Setup,
        standing: Option<Standing<S>>,
        input: Input<S>,
    ) -> Result<(Self, Option<Record>), RunError> {
        let mut session = Self::stand(topology, setup, standing);
        session.check_breakpoints()?;
        let record = match input {
            Input::Update(update) => session.begin(update)?,
            Input::Fresh(update) => {
                session.start_over()?;
                session.begin(update)?
            }
            Input::From(state) => {
                session.start_over()?;
                session.checkpoint.state = *state;
                let record = session.begin(S::Update::default())?;
                session.checkpoint.frontier.live = session.topology.ephemeral;
                record
            }
            Input::Renew(update) => {
                session.give_up(Unfinished::Discard)?;
                session.begin(update)?
            }
            Input::Resume(resume) => session.resume(resume, None)?,
            Input::ResumeWith(resume, command) => session.resume(resume, Some(*command))?,
        };
        Ok((session, record))
    }

    /// Stands on a checkpoint, or at the beginning, without an input.
    pub(crate) fn stand(topology: Arc<Topology<S>>, setup: Setup, standing: Option<Standing<S>>) -> Self {
        let mut rng = Rng::with_seed(setup.seed);
        let (run, line) = (RunId(rng.u64(..)), Line(rng.u64(..)));
        let machine = Machine::new(setup.limits.concurrency, setup.limits.on_failure, rng.u64(..));
        let frontier = Frontier { line, ..Frontier::empty(&topology) };
        let mut session = Self {
            checkpoint: Checkpoint { state: topology.initial.clone(), frontier },
            ledger: Ledger::new(&topology),
            recorder: None,
            topology,
            setup,
            machine,
            progress: Progress::default(),
            effects: Effects::new(),
            head: None,
            head_run: None,
            parent: None,
            run,
            fresh_line: line,
            is_past: false,
            is_ahead: false,
            is_resumed: false,
            steps: 0,
            paused_after: Vec::new(),
            results: Vec::new(),
        };
        let Some(standing) = standing else { return session };
        session.ledger = Ledger::of(&session.topology, &standing.stored);
        session.checkpoint = standing.checkpoint;
        (session.head, session.parent) = (Some(standing.tip), Some(standing.stored.id));
        session.head_run = Some(standing.stored.run);
        // Whoever runs the history of a subgraph by hand leaves it to the task it belongs to.
        session.setup.origin = session.setup.origin.or(standing.stored.origin);
        session.is_past = standing.is_past;
        if standing.is_past {
            session.ledger.seal();
            session.checkpoint.frontier.line = line;
        } else {
            (session.progress, session.effects) = (standing.progress, standing.effects);
        }
        session
    }

    /// Makes the next superstep ready, unless nothing is left to run or the run is to stop here.
    #[inline]
    pub(crate) fn prepare(&mut self, drain: Option<&str>) -> Result<Prepared, RunError> {
        if self.checkpoint.frontier.next.is_empty() {
            return Ok(Prepared::Done);
        }
        if !self.setup.breakpoints.is_empty()
            && let Some(pause) = self.breakpoint()
        {
            return Ok(Prepared::Paused(pause));
        }
        if let Some(reason) = drain {
            return Ok(Prepared::Paused(Pause::Drained { reason: reason.to_owned() }));
        }
        if self.steps == self.setup.limits.steps {
            return Err(RunError::StepLimit { limit: self.steps, next: self.next_nodes() });
        }
        self.steps += 1;
        self.machine.load(&self.topology, &self.checkpoint.frontier.next);
        if !self.progress.tasks.is_empty() {
            self.restore_progress()?;
        }
        Ok(Prepared::Run)
    }

    /// Merges the finished superstep, or stops the run, and says what to store.
    #[inline]
    pub(crate) fn settle(&mut self) -> Settled {
        self.try_settle().unwrap_or_else(|error| Settled::Failed(error, Vec::new()))
    }

    #[inline]
    fn try_settle(&mut self) -> Result<Settled, Box<RunError>> {
        if !self.machine.is_mergeable() {
            return Ok(self.stop()?);
        }
        if self.setup.durability.is_some() {
            self.note_writes()?;
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.note(&self.topology, self.machine.commands());
        }
        if !self.setup.breakpoints.is_empty() {
            self.paused_after = self.nodes_after();
        }
        let Self { topology, checkpoint, machine, results, .. } = self;
        let advanced = if let Some(command) = machine.take_only() {
            superstep::advance_one(topology, checkpoint, command)
        } else {
            machine.take_results(&checkpoint.frontier.next, results);
            superstep::advance(topology, checkpoint, results)
        };
        if let Err(error) = advanced {
            return Ok(Settled::Failed(Box::new(error.clone().into()), self.give_back(&error)));
        }
        self.progress.tasks.clear();
        self.progress.commands.clear();
        self.progress.revision = 0;
        self.is_ahead = true;
        match self.setup.durability {
            None | Some(Durability::Exit) => Ok(Settled::Advanced(None)),
            Some(Durability::Sync | Durability::Async) => {
                Ok(Settled::Advanced(self.record(Cause::Superstep)?))
            }
        }
    }

    /// What is still to be stored when the run ends.
    pub(crate) fn close(&mut self) -> Result<Option<Record>, RunError> {
        if self.is_ahead { self.record(Cause::Superstep) } else { Ok(None) }
    }

    /// What tells the tasks of this superstep from those of other runs.
    pub(crate) fn lineage(&self) -> Lineage {
        let checkpoint = self.head.filter(|_| !self.is_ahead).map(|head| head.id);
        Lineage { run: self.run, checkpoint, head_run: self.head_run.filter(|_| !self.is_ahead) }
    }

    /// The id of the task at this position.
    pub(crate) fn task_id(&self, position: usize) -> TaskId {
        let frontier = &self.checkpoint.frontier;
        let node = self.topology.name_of(frontier.next[position].node);
        TaskId::new(frontier.line, self.setup.key.namespace(), (frontier.step + 1, position), node)
    }

    /// How many supersteps the run may take after this one.
    #[inline]
    pub(crate) fn steps_left(&self) -> u64 {
        self.setup.limits.steps - self.steps
    }

    pub(super) fn begin(&mut self, update: S::Update) -> Result<Option<Record>, RunError> {
        if self.is_unfinished() && !self.is_past && !self.is_ahead {
            let Some(unfinished) = self.setup.unfinished else {
                let thread = self.setup.key.to_string();
                return Err(RunError::Unfinished { thread, next: self.next_nodes() });
            };
            self.give_up(unfinished)?;
        }
        self.clear_frontier();
        if !self.effects.is_empty() {
            // Left over from work that was given up: they must not answer for what this run does.
            self.effects.clear();
            self.checkpoint.frontier.line = self.fresh_line;
        }
        if let Some(durability) = self.setup.durability {
            let cleared = self.checkpoint.frontier.live;
            if durability == Durability::Exit {
                self.ledger.touch(cleared.or(update.written(&self.topology.fields)));
            } else {
                let writes = ledger::writes::<S>(&self.topology, &update)
                    .map_err(|why| self.unwritable(&format!("the input {why}")))?;
                let key = &self.setup.key;
                let frontier = &self.checkpoint.frontier;
                let task = TaskId::new(frontier.line, key.namespace(), (frontier.step, usize::MAX), START);
                let outcome = StoredOutcome::Done { writes, goto: Vec::new(), timeouts: BTreeMap::new() };
                self.ledger.touch(cleared);
                self.ledger.record(vec![TaskWrites { task, node: Name::from(START), outcome }]);
            }
        }
        superstep::begin(&self.topology, &mut self.checkpoint, update)?;
        self.is_ahead = true;
        match self.setup.durability {
            None | Some(Durability::Exit) => Ok(None),
            Some(Durability::Sync | Durability::Async) => self.record(Cause::Input),
        }
    }

    /// A subgraph that does not remember its earlier runs begins with nothing, on the history they left.
    fn start_over(&mut self) -> Result<(), RunError> {
        self.checkpoint.state = self.topology.initial.clone();
        self.give_up(Unfinished::Discard)?;
        self.checkpoint.frontier.line = self.fresh_line;
        (self.checkpoint.frontier.step, self.parent) = (0, None);
        self.ledger.touch(self.topology.tracked);
        self.is_ahead = true;
        Ok(())
    }

    pub(super) fn clear_frontier(&mut self) {
        let Frontier { line, step, live, .. } = self.checkpoint.frontier;
        self.checkpoint.frontier = Frontier { line, step, live, ..Frontier::empty(&self.topology) };
    }

    /// Notes what the tasks wrote before it is merged: as writes where each superstep is stored, else as fields that
    /// have changed.
    fn note_writes(&mut self) -> Result<(), RunError> {
        let mut changed = FieldSet::EMPTY;
        if self.setup.durability == Some(Durability::Exit) {
            for command in self.machine.commands() {
                changed = changed.or(command.written(&self.topology.fields));
            }
        } else {
            let writes = self.writes()?;
            self.ledger.record(writes);
        }
        self.ledger.touch(changed.or(self.checkpoint.frontier.live));
        Ok(())
    }

    fn writes(&self) -> Result<Vec<TaskWrites>, RunError> {
        let mut writes = Vec::with_capacity(self.machine.slots.len());
        for (position, slot) in self.machine.slots.iter().enumerate() {
            let node = Name::from(self.topology.name_of(self.checkpoint.frontier.next[position].node));
            let outcome = match &slot.end {
                Some(SlotEnd::Done(command)) => ledger::outcome(&self.topology, command)
                    .map_err(|why| self.unwritable(&format!("what node {node:?} wrote {why}")))?,
                Some(SlotEnd::Failed(gave_up)) => StoredOutcome::Failed(gave_up.failure.clone()),
                Some(SlotEnd::Asked(_) | SlotEnd::Paused(_) | SlotEnd::ToParent(_)) | None => continue,
            };
            writes.push(TaskWrites { task: self.task_id(position), node, outcome });
        }
        Ok(writes)
    }

    /// After a merge that failed: what can still be stored.
    fn give_back(&mut self, error: &StepError) -> Vec<Record> {
        self.ledger.forget();
        let mut records = Vec::new();
        // A conflict is found before anything is merged.
        let is_whole = matches!(error, StepError::Conflict { .. } | StepError::Overwrites { .. });
        if is_whole && self.is_ahead {
            records.extend(self.record(Cause::Superstep).ok().flatten());
        }
        records.extend(self.forget_writes());
        records
    }

    /// The checkpoint as it is now, to be stored.
    pub(super) fn record(&mut self, cause: Cause) -> Result<Option<Record>, RunError> {
        if self.setup.durability.is_none() {
            return Ok(None);
        }
        let (expected, id) = (self.head, CheckpointId(self.head.map_or(1, |head| head.id.0 + 1)));
        if let Some(recorder) = &mut self.recorder
            && self.setup.durability == Some(Durability::Exit)
        {
            let writes = recorder.take_unsaved(&self.topology);
            let writes = writes.map_err(|why| CheckpointError::unwritable(&self.setup.key, &why))?;
            let frontier = &self.checkpoint.frontier;
            let namespace = self.setup.key.namespace();
            let task = TaskId::new(frontier.line, namespace, (frontier.step, usize::MAX), "");
            let outcome = StoredOutcome::Done { writes, goto: Vec::new(), timeouts: BTreeMap::new() };
            let node = Name::from(&*self.topology.name);
            self.ledger.record(vec![TaskWrites { task, node, outcome }]);
        }
        let closed = self.ledger.close(&self.topology, &self.checkpoint.state, id);
        let (fields, written) = closed.map_err(|why| self.unwritable(&why))?;
        let (topology, frontier) = (&self.topology, &self.checkpoint.frontier);
        let checkpoint = Box::new(StoredCheckpoint {
            format: FORMAT,
            id,
            parent: self.parent,
            line: frontier.line,
            run: self.run,
            graph: Name::from(&topology.name),
            version: topology.version,
            fingerprint: topology.fingerprint.clone(),
            cause,
            step: frontier.step,
            saved_at: 0,
            metadata: self.setup.metadata.clone(),
            origin: self.setup.origin,
            fields,
            next: planned(topology, &frontier.next),
            joins: round::open_joins(topology, frontier),
            deferred: planned(topology, &frontier.deferred),
            written,
        });
        (self.head, self.head_run) = (Some(checkpoint.head_ref()), Some(self.run));
        self.parent = Some(id);
        (self.is_ahead, self.is_past) = (false, false);
        Ok(Some(Record::Checkpoint { expected, checkpoint }))
    }

    pub(super) fn unwritable(&self, why: &str) -> RunError {
        CheckpointError::unwritable(&self.setup.key, why).into()
    }

    /// What runs next, by name.
    pub(crate) fn planned_next(&self) -> Vec<StoredTask> {
        planned(&self.topology, &self.checkpoint.frontier.next)
    }

    pub(crate) fn next_nodes(&self) -> Vec<String> {
        let tasks = self.checkpoint.frontier.next.iter();
        tasks.map(|task| self.topology.name_of(task.node).to_string()).collect()
    }
}

/// Puts names for numbers.
fn planned<S: State>(topology: &Topology<S>, tasks: &[super::checkpoint::Task]) -> Vec<StoredTask> {
    let named = |task: &super::checkpoint::Task| StoredTask {
        node: Name::from(topology.name_of(task.node)),
        input: task.input().clone(),
        timeout: task.timeout(),
    };
    tasks.iter().map(named).collect()
}
