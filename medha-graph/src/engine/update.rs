//! What happens to a thread from outside, between two runs: updates in the name of a node, commands given along with
//! answers, work that is given up.

use std::collections::BTreeMap;

use super::checkpoint::{Frontier, TaskId, TaskInput};
use super::ledger;
use super::name::Name;
use super::pause::{Durability, Unfinished};
use super::record::{Cause, StoredOutcome, TaskWrites};
use super::session::{Record, Session};
use super::superstep::{self, StepError, TaskEnd, TaskResult};
use crate::graph::edge::{END, START};
use crate::graph::topology::{NodeIx, hint};
use crate::node::command::Command;
use crate::run::error::RunError;
use crate::state::State;

/// The updates of one superstep, each with the node it counts as written by.
pub(crate) type Updates<S> = Vec<(String, <S as State>::Update)>;

impl<S: State> Session<S> {
    /// One superstep made from outside, as if these nodes had written these updates.
    pub(crate) fn update(&mut self, updates: Updates<S>) -> Result<Option<Record>, RunError> {
        let bad = |reason: &str| Err(RunError::BadUpdate { reason: reason.to_owned() });
        let is_end = |(node, _): &(String, S::Update)| node == START || node == END;
        match updates.len() {
            0 => return bad("a superstep without updates; leave it out, or add an update to it"),
            2.. if updates.iter().any(is_end) => {
                return bad("an update as START or as END is a superstep of its own");
            }
            _ => {}
        }
        let numbered = self.numbered(updates)?;
        match numbered {
            Numbered::Start(update) => {
                let unfinished = self.choice(Unfinished::Discard)?;
                self.give_up(unfinished)?;
                self.begin(update)
            }
            Numbered::End(update) => {
                let unfinished = self.setup.unfinished.unwrap_or(Unfinished::Keep);
                let step = self.checkpoint.frontier.step;
                self.give_up(unfinished)?;
                let writes = self.writes_of(END, usize::MAX, &update)?;
                self.ledger.record(vec![writes]);
                superstep::amend(&self.topology, &mut self.checkpoint, Command::from_update(update))
                    .map_err(RunError::from)?;
                self.checkpoint.frontier.step = step + 1;
                self.record(Cause::Update)
            }
            Numbered::Nodes(updates) => {
                let unfinished = self.choice(Unfinished::Discard)?;
                self.write_as(unfinished, updates)
            }
        }
    }

    /// Gives up what was to run next, and says what to store.
    pub(crate) fn abandon(&mut self) -> Result<Option<Record>, RunError> {
        self.give_up(self.setup.unfinished.unwrap_or(Unfinished::Discard))?;
        self.checkpoint.frontier.line = self.fresh_line;
        self.record(Cause::Abandoned)
    }

    /// A copy of the checkpoint as the new head.
    pub(crate) fn fork(&mut self) -> Result<Option<Record>, RunError> {
        let unfinished = self.choice(Unfinished::Discard)?;
        if unfinished == Unfinished::Keep && !self.finished()?.is_empty() {
            return Err(RunError::BadUpdate {
                reason:
                    "a fork begins the unfinished superstep anew, so it cannot keep what tasks have finished"
                        .to_owned(),
            });
        }
        self.progress.tasks.clear();
        self.progress.commands.clear();
        self.checkpoint.frontier.line = self.fresh_line;
        self.record(Cause::Fork)
    }

    /// Ends the unfinished superstep, if there is one, and plans nothing in its place. What was recorded for its tasks
    /// (answers, effects) must not be taken for what later tasks at their places have done: the line ends here.
    pub(super) fn give_up(&mut self, unfinished: Unfinished) -> Result<(), RunError> {
        if unfinished == Unfinished::Keep {
            self.take_up_commands()?;
            let finished = self.finished()?;
            if !finished.is_empty() {
                self.merge(finished)?;
            }
        }
        if self.is_unfinished() {
            self.checkpoint.frontier.line = self.fresh_line;
        }
        self.clear_frontier();
        self.progress.tasks.clear();
        self.progress.commands.clear();
        self.progress.revision = 0;
        self.effects.clear();
        Ok(())
    }

    /// Whether something is still to run.
    pub(super) fn is_unfinished(&self) -> bool {
        !self.checkpoint.frontier.next.is_empty() || !self.progress.is_empty()
    }

    /// Changes the state before the tasks run, and plans the targets of the command besides them.
    pub(super) fn take_in(&mut self, command: Command<S>) -> Result<(), RunError> {
        let command = crate::node::command::IntoCommand::into_command(command)
            .map_err(|error| RunError::BadUpdate { reason: error.to_string() })?;
        let outcome = ledger::outcome(&self.topology, &command)
            .map_err(|why| self.unwritable(&format!("the command {why}")))?;
        self.amend(command, &outcome)?;
        if !self.is_past {
            self.progress.commands.push(outcome);
        }
        Ok(())
    }

    /// Does again what commands of earlier resumes have done before the tasks ran.
    pub(crate) fn take_up_commands(&mut self) -> Result<(), RunError> {
        for outcome in self.progress.commands.clone() {
            if let Some(command) = self.command_of(&outcome)? {
                self.amend(command, &outcome)?;
            }
        }
        Ok(())
    }

    fn amend(&mut self, command: Command<S>, outcome: &StoredOutcome) -> Result<(), RunError> {
        let (task, node) = (self.own_id(START, usize::MAX), Name::from(START));
        if self.setup.durability == Some(Durability::Exit) {
            self.ledger.touch(command.written(&self.topology.fields));
        } else {
            self.ledger.record(vec![TaskWrites { task, node, outcome: outcome.clone() }]);
        }
        superstep::amend(&self.topology, &mut self.checkpoint, command).map_err(|error| match error {
            StepError::UnknownTarget { target, hint, .. } => RunError::UnknownNode { name: target, hint },
            error => error.into(),
        })
    }

    fn write_as(
        &mut self,
        unfinished: Unfinished,
        updates: Vec<(NodeIx, S::Update)>,
    ) -> Result<Option<Record>, RunError> {
        let mut results = match unfinished {
            Unfinished::Keep => {
                self.take_up_commands()?;
                self.finished()?
            }
            Unfinished::Discard => Vec::new(),
        };
        self.refill_joins(&updates);
        let planned = self.checkpoint.frontier.next.len();
        for (index, (node, update)) in updates.into_iter().enumerate() {
            let name = self.topology.name_of(node).to_string();
            let writes = self.writes_of(&name, planned + index, &update)?;
            results.push((writes, TaskResult { node, end: TaskEnd::Done(Command::from_update(update)) }));
        }
        self.merge(results)?;
        self.progress.tasks.clear();
        self.progress.commands.clear();
        self.progress.revision = 0;
        self.effects.clear();
        self.record(Cause::Update)
    }

    /// Merges a superstep that no task has run for.
    fn merge(&mut self, results: Vec<(TaskWrites, TaskResult<S>)>) -> Result<(), RunError> {
        let (writes, mut results): (Vec<_>, Vec<_>) = results.into_iter().unzip();
        self.ledger.record(writes);
        self.ledger.touch(self.checkpoint.frontier.live);
        superstep::advance(&self.topology, &mut self.checkpoint, &mut results)?;
        Ok(())
    }

    /// What tasks of the unfinished superstep have finished.
    fn finished(&self) -> Result<Vec<(TaskWrites, TaskResult<S>)>, RunError> {
        let mut finished = Vec::new();
        for task in &self.progress.tasks {
            let Some(outcome) = &task.outcome else { continue };
            let Some(planned) = self.checkpoint.frontier.next.get(task.position) else { continue };
            let end = match (self.command_of(outcome)?, outcome) {
                (Some(command), _) => TaskEnd::Done(command),
                (None, StoredOutcome::Failed(failure)) => {
                    match self.topology.handlers(planned.node, failure) {
                        Ok(Some(handlers)) => TaskEnd::Handled(handlers),
                        Ok(None) | Err(_) => continue,
                    }
                }
                (None, StoredOutcome::Done { .. }) => continue,
            };
            let node = Name::from(self.topology.name_of(planned.node));
            let writes = TaskWrites { task: self.task_id(task.position), node, outcome: outcome.clone() };
            finished.push((writes, TaskResult { node: planned.node, end }));
        }
        Ok(finished)
    }

    /// What the caller says becomes of unfinished work; where nothing is lost it need not be said.
    fn choice(&self, if_nothing_is_lost: Unfinished) -> Result<Unfinished, RunError> {
        if let Some(unfinished) = self.setup.unfinished {
            return Ok(unfinished);
        }
        let names = |position: usize| self.checkpoint.frontier.next.get(position).map(|task| task.node);
        let done = self.progress.tasks.iter().filter(|task| task.outcome.is_some());
        let mut finished: Vec<String> = done
            .filter_map(|task| names(task.position))
            .map(|node| self.topology.name_of(node).to_string())
            .collect();
        finished.extend(self.progress.commands.iter().map(|_| START.to_owned()));
        if finished.is_empty() {
            Ok(if_nothing_is_lost)
        } else {
            Err(RunError::FinishedWork { thread: self.setup.key.to_string(), finished })
        }
    }

    /// A join whose target has not run yet is full for those it waited for: one of them may write again.
    fn refill_joins(&mut self, updates: &[(NodeIx, S::Update)]) {
        let Frontier { next, joins, .. } = &mut self.checkpoint.frontier;
        for (join, round) in self.topology.joins.iter().zip(joins) {
            let is_planned =
                next.iter().any(|task| task.node == join.target && matches!(task.input(), TaskInput::State));
            if is_planned && updates.iter().any(|(node, _)| join.sources.contains(node)) {
                round.refill();
            }
        }
    }

    fn writes_of(&self, node: &str, position: usize, update: &S::Update) -> Result<TaskWrites, RunError> {
        let writes = ledger::writes::<S>(&self.topology, update)
            .map_err(|why| self.unwritable(&format!("the update as {node:?} {why}")))?;
        let outcome = StoredOutcome::Done { writes, goto: Vec::new(), timeouts: BTreeMap::new() };
        Ok(TaskWrites { task: self.own_id(node, position), node: Name::from(node), outcome })
    }

    fn own_id(&self, node: &str, position: usize) -> TaskId {
        let Frontier { line, step, .. } = self.checkpoint.frontier;
        TaskId::new(line, self.setup.key.namespace(), (step + 1, position), node)
    }

    fn numbered(&self, updates: Updates<S>) -> Result<Numbered<S>, RunError> {
        let mut nodes = Vec::with_capacity(updates.len());
        for (name, update) in updates {
            match self.topology.number(&name) {
                Some(number) => nodes.push((number, update)),
                None if name == START => return Ok(Numbered::Start(update)),
                None if name == END => return Ok(Numbered::End(update)),
                None => {
                    let names = self.topology.nodes.iter().map(|entry| &*entry.name);
                    return Err(RunError::UnknownNode { hint: hint(&name, names), name });
                }
            }
        }
        Ok(Numbered::Nodes(nodes))
    }
}

/// Who the updates of one superstep count as written by.
enum Numbered<S: State> {
    Start(S::Update),
    End(S::Update),
    Nodes(Vec<(NodeIx, S::Update)>),
}
