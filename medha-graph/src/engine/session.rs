//! One run of one thread, without the waiting: how it opens, what each superstep leads to, what must be stored.
//! The driver and the simulation both drive this, so both store the same.

use std::sync::Arc;

use super::checkpoint::{Checkpoint, CheckpointId, Frontier, InterruptId, TaskId};
use super::failed::GaveUp;
use super::machine::{Machine, OnFailure, SlotEnd};
use super::record::{
    Cause, FORMAT, Progress, StoredCheckpoint, StoredOutcome, StoredQuestion, TaskProgress, TaskWrites,
    restore, restore_state, store, update_to_json,
};
use super::superstep::{self, TaskResult};
use crate::graph::topology::Topology;
use crate::node::command::{Command, Goto};
use crate::node::context::Interrupt;
use crate::run::error::RunError;
use crate::run::input::{Input, Reply, Resume};
use crate::state::State;
use crate::store::checkpointer::{CheckpointError, Head};

/// What a run needs to know of its graph and thread.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) thread: Arc<str>,
    /// Whether there is a saver: without one nothing is put into stored form.
    pub(crate) is_recorded: bool,
    pub(crate) limits: Limits,
    /// Of what is left to chance: the jitter of retries.
    pub(crate) seed: u64,
}

/// The limits of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Supersteps one run may take.
    pub(crate) steps: u64,
    /// Tasks that run at once.
    pub(crate) concurrency: usize,
    pub(crate) on_failure: OnFailure,
}

pub(crate) struct Session<S: State> {
    pub(crate) topology: Arc<Topology<S>>,
    pub(crate) setup: Setup,
    pub(crate) checkpoint: Checkpoint<S>,
    pub(crate) machine: Machine<S>,
    pub(crate) progress: Progress,
    pub(crate) head: Option<CheckpointId>,
    steps: u64,
    results: Vec<TaskResult<S>>,
}

/// Something to store before the run goes on.
#[derive(Debug)]
pub(crate) enum Record {
    Checkpoint { expected: Option<CheckpointId>, checkpoint: Box<StoredCheckpoint> },
    Progress { head: CheckpointId, progress: Progress },
}

/// What a finished superstep led to.
#[derive(Debug)]
pub(crate) enum Settled {
    Advanced(Option<Box<Record>>),
    Interrupted(Vec<Interrupt>, Option<Box<Record>>),
    Failed(Box<RunError>, Option<Box<Record>>),
}

impl<S: State> Session<S> {
    /// Opens a run on the last checkpoint of the thread, if it has one.
    pub(crate) fn open(
        topology: Arc<Topology<S>>,
        setup: Setup,
        head: Option<Head>,
        input: Input<S>,
    ) -> Result<(Self, Option<Box<Record>>), RunError> {
        let machine = Machine::new(setup.limits.concurrency, setup.limits.on_failure, setup.seed);
        let (checkpoint, progress, id) = match head {
            None => {
                let frontier = Frontier::empty(&topology);
                (Checkpoint { state: S::default(), frontier }, Progress::default(), None)
            }
            Some(head) => {
                let unusable = |why| CheckpointError::unusable(&setup.thread, &why);
                let id = head.checkpoint.id;
                head.progress.check_format().map_err(unusable)?;
                (restore(&topology, &head.checkpoint).map_err(unusable)?, head.progress, Some(id))
            }
        };
        let results = Vec::new();
        let mut session =
            Self { topology, setup, checkpoint, machine, progress, head: id, steps: 0, results };
        let record = match input {
            Input::Update(update) => session.begin(update)?,
            Input::Resume(resume) => session.answer(resume)?,
        };
        Ok((session, record))
    }

    /// Makes the next superstep ready; `false` if nothing is left to run.
    #[inline]
    pub(crate) fn prepare(&mut self) -> Result<bool, RunError> {
        let tasks = &self.checkpoint.frontier.next;
        if tasks.is_empty() {
            return Ok(false);
        }
        if self.steps == self.setup.limits.steps {
            return Err(RunError::StepLimit { limit: self.steps, next: self.next_nodes() });
        }
        self.steps += 1;
        self.machine.load(&self.topology, tasks);
        if !self.progress.tasks.is_empty() {
            self.restore_progress()?;
        }
        Ok(true)
    }

    /// Merges the finished superstep, or stops the run, and says what to store.
    #[inline]
    pub(crate) fn settle(&mut self) -> Settled {
        self.try_settle().unwrap_or_else(|error| Settled::Failed(error, None))
    }

    #[inline]
    fn try_settle(&mut self) -> Result<Settled, Box<RunError>> {
        let writes = if self.setup.is_recorded { Some(self.writes()?) } else { None };
        let Self { topology, checkpoint, machine, results, .. } = self;
        let advanced = if let Some(command) = machine.take_only() {
            superstep::advance_one(topology, checkpoint, command)
        } else if machine.take_results(&checkpoint.frontier.next, results) {
            superstep::advance(topology, checkpoint, results)
        } else {
            return Ok(self.stop()?);
        };
        if let Err(error) = advanced {
            return Ok(Settled::Failed(Box::new(error.into()), self.forget_writes()));
        }
        self.progress.tasks.clear();
        self.progress.revision = 0;
        let record = match writes {
            Some(writes) => self.record(Cause::Superstep, writes)?,
            None => None,
        };
        Ok(Settled::Advanced(record))
    }

    /// The id of the task at this position.
    pub(crate) fn task_id(&self, position: usize) -> TaskId {
        let task = &self.checkpoint.frontier.next[position];
        TaskId::new(&self.setup.thread, self.base(), position, self.topology.name_of(task.node))
    }

    /// What task ids count from: the stored checkpoint, or the step where nothing is stored.
    pub(crate) fn base(&self) -> u64 {
        self.head.map_or(self.checkpoint.frontier.step, |head| head.0)
    }

    fn begin(&mut self, update: S::Update) -> Result<Option<Box<Record>>, RunError> {
        if !self.checkpoint.frontier.next.is_empty() {
            let thread = self.setup.thread.to_string();
            return Err(RunError::Unfinished { thread, next: self.next_nodes() });
        }
        let step = self.checkpoint.frontier.step;
        self.checkpoint.frontier = Frontier { step, ..Frontier::empty(&self.topology) };
        superstep::begin(&self.topology, &mut self.checkpoint, update)?;
        self.record(Cause::Input, Vec::new())
    }

    fn answer(&mut self, resume: Resume) -> Result<Option<Box<Record>>, RunError> {
        let Some(head) = self.head else {
            return Err(RunError::NothingToResume { thread: self.setup.thread.to_string() });
        };
        let open: Vec<InterruptId> =
            self.progress.tasks.iter().flat_map(TaskProgress::open).map(|question| question.id).collect();
        let answers = match resume.reply {
            Reply::None => return Ok(None),
            Reply::One(answer) => match open.as_slice() {
                [only] => vec![(*only, answer)],
                [] => return Err(RunError::NothingAsked { thread: self.setup.thread.to_string() }),
                [_, _, ..] => return Err(RunError::AmbiguousAnswer { open }),
            },
            Reply::ById(answers) => answers,
        };
        for (id, answer) in answers {
            let answer = answer.map_err(|reason| RunError::BadAnswer { id, node: String::new(), reason })?;
            let place = self.progress.tasks.iter_mut().find_map(|task| {
                let ordinal = task.open().find(|question| question.id == id)?.ordinal;
                Some((task, ordinal))
            });
            let Some((task, ordinal)) = place else {
                return Err(RunError::UnknownInterrupt { id, open });
            };
            task.answers.insert(ordinal, answer);
        }
        Ok(Some(self.progress_since(head)))
    }

    /// The progress so far, to be stored in place of what this run has last seen.
    fn progress_since(&mut self, head: CheckpointId) -> Box<Record> {
        self.progress.format = FORMAT;
        self.progress.revision += 1;
        Box::new(Record::Progress { head, progress: self.progress.clone() })
    }

    fn restore_progress(&mut self) -> Result<(), RunError> {
        let corrupt = |why: String| CheckpointError::corrupt(&self.setup.thread, why);
        for task in &self.progress.tasks {
            let Some(planned) = self.checkpoint.frontier.next.get(task.position) else {
                return Err(corrupt(format!("it has no task {}", task.position)).into());
            };
            let end = match &task.outcome {
                Some(StoredOutcome::Done { update, goto, timeouts }) => {
                    let update = serde::Deserialize::deserialize(update)
                        .map_err(|error| corrupt(format!("an update does not fit: {error}")))?;
                    let goto = goto.iter().cloned().enumerate().map(|(place, (target, payload))| Goto {
                        target,
                        payload,
                        timeout: timeouts.get(&place).copied(),
                    });
                    SlotEnd::Done(Command::with_targets(update, goto.collect()))
                }
                Some(StoredOutcome::Failed(failure)) => match self.topology.handlers(planned.node, failure) {
                    Ok(Some(handlers)) => SlotEnd::Failed(Box::new(GaveUp {
                        failure: failure.clone(),
                        source: None,
                        handlers: Some(handlers),
                    })),
                    Ok(None) | Err(_) => continue,
                },
                None if task.open().next().is_some() => SlotEnd::Asked(Vec::new()),
                None => continue,
            };
            self.machine.restore(task.position, end);
        }
        Ok(())
    }

    /// Sums up a superstep that cannot be merged yet: a failure wins over a refused answer, and that over questions.
    fn stop(&mut self) -> Result<Settled, RunError> {
        let step = self.checkpoint.frontier.step + 1;
        let (mut failures, mut refused, mut interrupts) = (Vec::new(), None, Vec::new());
        let mut tasks = Vec::new();
        let slots = std::mem::take(&mut self.machine.slots);
        for (position, slot) in slots.into_iter().enumerate() {
            let known = self.progress.of(position).cloned();
            let mut task = known.unwrap_or_else(|| TaskProgress { position, ..TaskProgress::default() });
            let node = self.topology.name_of(self.checkpoint.frontier.next[position].node).to_string();
            match slot.end {
                Some(SlotEnd::Failed(gave_up)) if gave_up.handlers.is_none() => failures.push(*gave_up),
                Some(SlotEnd::Failed(gave_up)) => task.outcome = Some(StoredOutcome::Failed(gave_up.failure)),
                Some(SlotEnd::Done(command)) => {
                    task.outcome = Some(stored(&self.setup.thread, &node, &command)?)
                }
                Some(SlotEnd::Asked(questions)) => {
                    let id = self.task_id(position);
                    for question in questions {
                        let interrupt = InterruptId::new(id, question.ordinal);
                        if let Some(reason) = question.refused {
                            task.answers.remove(&question.ordinal);
                            refused.get_or_insert((interrupt, node.clone(), reason));
                        }
                        task.questions.retain(|known| known.ordinal != question.ordinal);
                        let (ordinal, value) = (question.ordinal, question.value);
                        task.questions.push(StoredQuestion { ordinal, id: interrupt, value });
                    }
                    let open =
                        task.open().map(|open| Interrupt::new(open.id, node.clone(), open.value.clone()));
                    interrupts.extend(open);
                }
                None => {}
            }
            if task.outcome.is_some() || !task.questions.is_empty() || !task.answers.is_empty() {
                tasks.push(task);
            }
        }
        let had_any = !self.progress.tasks.is_empty();
        self.progress.tasks = tasks;
        let is_new = had_any || !self.progress.tasks.is_empty();
        let head = self.head.filter(|_| is_new && self.setup.is_recorded);
        let record = head.map(|head| self.progress_since(head));
        Ok(match (RunError::from_failures(step, failures), refused) {
            (Some(error), _) => Settled::Failed(Box::new(error), record),
            (None, Some((id, node, reason))) => {
                Settled::Failed(Box::new(RunError::BadAnswer { id, node, reason }), record)
            }
            (None, None) => Settled::Interrupted(interrupts, record),
        })
    }

    /// After a merge that failed: what was kept from an earlier run is what could not be merged, so it goes, and the
    /// tasks run again on the next resume. Answers stay.
    fn forget_writes(&mut self) -> Option<Box<Record>> {
        if self.progress.tasks.iter().all(|task| task.outcome.is_none()) {
            return None;
        }
        for task in &mut self.progress.tasks {
            task.outcome = None;
        }
        self.progress.tasks.retain(|task| !task.questions.is_empty());
        self.head.map(|head| self.progress_since(head))
    }

    fn writes(&self) -> Result<Vec<TaskWrites>, RunError> {
        let mut writes = Vec::with_capacity(self.machine.slots.len());
        for (position, slot) in self.machine.slots.iter().enumerate() {
            let node = self.topology.name_of(self.checkpoint.frontier.next[position].node).to_string();
            let outcome = match &slot.end {
                Some(SlotEnd::Done(command)) => stored(&self.setup.thread, &node, command)?,
                Some(SlotEnd::Failed(gave_up)) => StoredOutcome::Failed(gave_up.failure.clone()),
                Some(SlotEnd::Asked(_)) | None => continue,
            };
            writes.push(TaskWrites { task: self.task_id(position), node, outcome });
        }
        Ok(writes)
    }

    fn record(&mut self, cause: Cause, writes: Vec<TaskWrites>) -> Result<Option<Box<Record>>, RunError> {
        if !self.setup.is_recorded {
            return Ok(None);
        }
        let (expected, id) = (self.head, CheckpointId(self.head.map_or(1, |head| head.0 + 1)));
        let checkpoint = store(&self.topology, &self.checkpoint, (id, expected), cause, writes)
            .map_err(|error| CheckpointError::unwritable(&self.setup.thread, error))?;
        self.head = Some(id);
        Ok(Some(Box::new(Record::Checkpoint { expected, checkpoint: Box::new(checkpoint) })))
    }

    fn next_nodes(&self) -> Vec<String> {
        let tasks = self.checkpoint.frontier.next.iter();
        tasks.map(|task| self.topology.name_of(task.node).to_string()).collect()
    }
}

/// The checkpoint that follows when unfinished work is given up: the same state, and nothing to run.
pub(crate) fn abandoned<S: State>(
    topology: &Topology<S>,
    thread: &str,
    head: &StoredCheckpoint,
) -> Result<StoredCheckpoint, RunError> {
    let state = restore_state(topology, head).map_err(|why| CheckpointError::unusable(thread, &why))?;
    let frontier = Frontier { step: head.step, ..Frontier::empty(topology) };
    let checkpoint = Checkpoint { state, frontier };
    let ids = (CheckpointId(head.id.0 + 1), Some(head.id));
    let stored = store(topology, &checkpoint, ids, Cause::Abandoned, Vec::new());
    Ok(stored.map_err(|error| CheckpointError::unwritable(thread, error))?)
}

fn stored<S: State>(thread: &str, node: &str, command: &Command<S>) -> Result<StoredOutcome, RunError> {
    let update = update_to_json::<S>(&command.update)
        .map_err(|why| CheckpointError::unwritable(thread, format!("what node {node:?} wrote {why}")))?;
    let goto = command.targets().iter().map(|goto| (goto.target.clone(), goto.payload.clone())).collect();
    let timeouts = command.targets().iter().enumerate();
    let timeouts = timeouts.filter_map(|(place, goto)| Some((place, goto.timeout?))).collect();
    Ok(StoredOutcome::Done { update, goto, timeouts })
}
