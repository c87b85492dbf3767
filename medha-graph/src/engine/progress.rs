//! A superstep that could not be merged yet: what is kept of it, and how the next run takes it up.

use super::answers::{self, Placed};
use super::checkpoint::{HeadRef, InterruptId};
use super::failed::GaveUp;
use super::ledger;
use super::machine::SlotEnd;
use super::record::{Cause, FORMAT, StoredOutcome, StoredQuestion, TaskProgress};
use super::restore;
use super::session::{Record, Session, Settled};
use super::superstep::{self, TaskEnd, TaskResult};
use crate::node::command::Command;
use crate::node::context::Question;
use crate::run::error::RunError;
use crate::run::input::Resume;
use crate::state::State;
use crate::store::error::CheckpointError;

impl<S: State> Session<S> {
    /// Takes in how an unfinished run is to go on: first all of it is checked, then it is taken in, then stored.
    pub(super) fn resume(
        &mut self,
        resume: Resume,
        command: Option<Command<S>>,
    ) -> Result<Option<Record>, RunError> {
        self.is_resumed = true;
        let thread = self.setup.key.to_string();
        let Some(head) = self.head else {
            return Err(RunError::NothingToResume { thread });
        };
        if self.is_past {
            if !resume.is_bare() {
                return Err(RunError::AnswerToThePast { thread });
            }
            command.map_or(Ok(()), |command| self.take_in(command))?;
            return self.record(Cause::Fork);
        }
        let answers = answers::place(&thread, &self.progress, resume.reply)?;
        let is_bare = answers.is_empty() && command.is_none();
        self.take_up_commands()?;
        command.map_or(Ok(()), |command| self.take_in(command))?;
        for Placed { task, ordinal, answer } in answers {
            self.progress.tasks[task].answers.insert(ordinal, answer);
        }
        Ok((!is_bare).then(|| self.progress_since(head)))
    }

    /// The progress so far, to be stored in place of what this run has last seen.
    fn progress_since(&mut self, head: HeadRef) -> Record {
        self.progress.format = FORMAT;
        self.progress.revision += 1;
        Record::Progress { head, progress: Box::new(self.progress.clone()) }
    }

    /// Hands the machine what tasks have come to in an earlier run.
    pub(super) fn restore_progress(&mut self) -> Result<(), RunError> {
        let corrupt = |why: String| CheckpointError::corrupt(&self.setup.key, why);
        for task in &self.progress.tasks {
            let Some(planned) = self.checkpoint.frontier.next.get(task.position) else {
                return Err(corrupt(format!("it has no task {}", task.position)).into());
            };
            let end = match &task.outcome {
                Some(StoredOutcome::Failed(failure)) => match self.topology.handlers(planned.node, failure) {
                    Ok(Some(handlers)) => SlotEnd::Failed(Box::new(GaveUp {
                        failure: failure.clone(),
                        source: None,
                        handlers: Some(handlers),
                    })),
                    Ok(None) | Err(_) => continue,
                },
                Some(outcome @ StoredOutcome::Done { .. }) => match self.command_of(outcome)? {
                    Some(command) => SlotEnd::Done(command),
                    None => continue,
                },
                None if task.is_waiting() => SlotEnd::Asked(Vec::new()),
                None => continue,
            };
            self.machine.restore(task.position, end);
        }
        Ok(())
    }

    /// The command that was stored as this, if it was one.
    pub(super) fn command_of(&self, outcome: &StoredOutcome) -> Result<Option<Command<S>>, RunError> {
        let StoredOutcome::Done { writes, goto, timeouts } = outcome else { return Ok(None) };
        let updates = restore::updates(&self.topology, writes).map_err(|why| {
            CheckpointError::corrupt(&self.setup.key, format!("an update does not fit: {why}"))
        })?;
        Ok(Some(Command::with_targets(updates, restore::targets(goto, timeouts))))
    }

    /// Sums up a superstep that cannot be merged yet: a failure wins over a refused answer, that over a command for
    /// the parent, that over questions, and they over a pause.
    pub(super) fn stop(&mut self) -> Result<Settled, RunError> {
        let step = self.checkpoint.frontier.step + 1;
        let (mut failures, mut refused, mut interrupts) = (Vec::new(), None, Vec::new());
        let (mut to_parent, mut paused) = (None, None);
        let mut tasks = Vec::new();
        let slots = std::mem::take(&mut self.machine.slots);
        for (position, slot) in slots.into_iter().enumerate() {
            let known = self.progress.of(position).cloned();
            let mut task = known.unwrap_or_else(|| TaskProgress { position, ..TaskProgress::default() });
            task.failure = None;
            let node = self.topology.name_of(self.checkpoint.frontier.next[position].node).to_string();
            match slot.end {
                Some(SlotEnd::Failed(gave_up)) if gave_up.handlers.is_none() => {
                    task.failure = Some(gave_up.failure.clone());
                    failures.push(*gave_up);
                }
                Some(SlotEnd::Failed(gave_up)) => task.outcome = Some(StoredOutcome::Failed(gave_up.failure)),
                Some(SlotEnd::Done(command)) => {
                    let outcome = ledger::outcome(&self.topology, &command)
                        .map_err(|why| self.unwritable(&format!("what node {node:?} wrote {why}")))?;
                    task.outcome = Some(outcome);
                }
                Some(SlotEnd::Asked(questions)) => {
                    let id = self.task_id(position);
                    if questions.iter().any(|question| question.path.is_some() && question.refused.is_none())
                    {
                        // A subgraph says each time all it wants to know.
                        task.questions.clear();
                        task.answers.clear();
                    }
                    for question in questions {
                        let interrupt = question.id.unwrap_or_else(|| InterruptId::new(id, question.ordinal));
                        if let Some(reason) = question.refused {
                            task.answers.remove(&question.ordinal);
                            let asks = question.path.as_ref().map(|path| format!("{node}/{path}"));
                            refused.get_or_insert((interrupt, asks.unwrap_or_else(|| node.clone()), reason));
                        }
                        task.questions.retain(|known| known.ordinal != question.ordinal);
                        let Question { ordinal, value, path, .. } = question;
                        task.questions.push(StoredQuestion { ordinal, id: interrupt, value, path });
                    }
                    interrupts.extend(task.open().map(|open| open.interrupt(&node)));
                }
                Some(SlotEnd::Paused(pause)) => {
                    paused.get_or_insert(pause.within(&node));
                }
                Some(SlotEnd::ToParent(command)) => {
                    to_parent.get_or_insert((node, command));
                }
                None => {}
            }
            let is_worth_it = task.outcome.is_some()
                || task.failure.is_some()
                || !task.questions.is_empty()
                || !task.answers.is_empty();
            if is_worth_it {
                tasks.push(task);
            }
        }
        let had_any = !self.progress.is_empty();
        self.progress.tasks = tasks;
        let mut records: Vec<Record> = self.close()?.into_iter().collect();
        let is_new = had_any || !self.progress.tasks.is_empty();
        if let Some(head) = self.head.filter(|_| is_new && self.setup.durability.is_some()) {
            records.push(self.progress_since(head));
        }
        if let Some(error) = RunError::from_failures(step, failures) {
            return Ok(Settled::Failed(Box::new(error), records));
        }
        if let Some((id, node, reason)) = refused {
            return Ok(Settled::Failed(Box::new(RunError::BadAnswer { id, node, reason }), records));
        }
        if let Some((node, command)) = to_parent {
            return Ok(Settled::Failed(Box::new(RunError::NoParent { node, command }), records));
        }
        Ok(match paused {
            Some(pause) if interrupts.is_empty() => Settled::Paused(pause, records),
            Some(_) | None => Settled::Interrupted(interrupts, records),
        })
    }

    /// The state as it would be if the tasks that have finished were merged, and the nodes that have not finished;
    /// nothing if none has, or if their writes do not merge.
    pub(crate) fn preview(&self) -> Option<(S, Vec<String>)> {
        let (mut finished, mut next) = (Vec::new(), Vec::new());
        for (position, task) in self.checkpoint.frontier.next.iter().enumerate() {
            match self.progress.of(position).and_then(|task| task.outcome.as_ref()) {
                Some(StoredOutcome::Done { writes, .. }) => {
                    let updates = restore::updates(&self.topology, writes).ok()?;
                    let end = TaskEnd::Done(Command::with_targets(updates, Vec::new()));
                    finished.push(TaskResult { node: task.node, end });
                }
                Some(StoredOutcome::Failed(_)) | None => {
                    next.push(self.topology.name_of(task.node).to_string());
                }
            }
        }
        if finished.is_empty() {
            return None;
        }
        let mut checkpoint = self.checkpoint.clone();
        superstep::merge_all(&self.topology, &mut checkpoint, &mut finished).ok()?;
        Some((checkpoint.state, next))
    }

    /// What to store of a superstep that was cancelled: what had finished.
    pub(crate) fn cancelled(&mut self) -> Vec<Record> {
        match self.stop() {
            Ok(
                Settled::Interrupted(_, records) | Settled::Paused(_, records) | Settled::Failed(_, records),
            ) => records,
            Ok(Settled::Advanced(_)) | Err(_) => Vec::new(),
        }
    }

    /// After a merge that failed: what was kept from an earlier run is what could not be merged, so it goes, and the
    /// tasks run again on the next resume. Answers stay.
    pub(super) fn forget_writes(&mut self) -> Option<Record> {
        if self.progress.tasks.iter().all(|task| task.outcome.is_none()) {
            return None;
        }
        for task in &mut self.progress.tasks {
            task.outcome = None;
        }
        self.progress.tasks.retain(|task| !task.questions.is_empty());
        self.head.map(|head| self.progress_since(head))
    }
}
