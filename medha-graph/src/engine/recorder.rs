//! What the nodes of a subgraph write, noted so that it can be handed to the parent graph and merged there once more.
//!
//! Merged in order into the state the subgraph began with, the updates give the state it ended with: reduced fields
//! get what is new, and nothing twice.

use super::checkpoint::CheckpointId;
use super::ledger;
use super::record::{FieldWrite, StoredOutcome, Written};
use super::restore::{self, Unusable};
use crate::graph::edge::START;
use crate::graph::topology::Topology;
use crate::node::command::Command;
use crate::state::{FieldSet, State, Update};

/// The updates of one run of a subgraph, in merge order.
#[derive(Debug)]
pub(crate) struct Recorder<S: State> {
    updates: Vec<S::Update>,
    /// For each field without a reducer, the update that wrote it last: earlier writes of it are taken out.
    last: Vec<Option<usize>>,
    /// Updates before this one hold no writes of ephemeral fields any more.
    settled: usize,
    /// Updates before this one are stored.
    saved: usize,
}

impl<S: State> Recorder<S> {
    pub(crate) fn new(topology: &Topology<S>) -> Self {
        Self { updates: Vec::new(), last: vec![None; topology.fields.len()], settled: 0, saved: 0 }
    }

    /// Takes in again what earlier runs of the same visit have stored.
    pub(crate) fn restore(
        &mut self,
        topology: &Topology<S>,
        pieces: &[(CheckpointId, Written)],
    ) -> Result<(), Unusable> {
        for (_, written) in pieces {
            let mut tasks = Vec::new();
            for task in written.tasks.iter().filter(|task| task.node != START) {
                if let StoredOutcome::Done { writes, .. } = &task.outcome {
                    tasks.push(restore::updates(topology, writes)?);
                }
            }
            self.superstep(topology, tasks);
        }
        self.saved = self.updates.len();
        Ok(())
    }

    /// Takes in what the tasks of a superstep wrote.
    pub(crate) fn note<'a>(
        &mut self,
        topology: &Topology<S>,
        commands: impl Iterator<Item = &'a Command<S>>,
    ) {
        let tasks = commands.map(|command| command.updates().cloned().collect()).collect();
        self.superstep(topology, tasks);
    }

    /// Everything noted so far.
    pub(crate) fn into_updates(self) -> Vec<S::Update> {
        self.updates
    }

    /// What was noted and not stored, as it is stored.
    pub(crate) fn take_unsaved(&mut self, topology: &Topology<S>) -> Result<Vec<FieldWrite>, String> {
        let mut writes = Vec::new();
        for update in &self.updates[self.saved..] {
            writes.extend(ledger::writes::<S>(topology, update)?);
        }
        self.saved = self.updates.len();
        Ok(writes)
    }

    fn superstep(&mut self, topology: &Topology<S>, mut tasks: Vec<Vec<S::Update>>) {
        let fields = &topology.fields;
        for update in &mut self.updates[self.settled..] {
            topology.ephemeral.positions().for_each(|position| update.forget(position, fields));
        }
        self.settled = self.updates.len();
        let overwritten = |task: &Vec<S::Update>| {
            task.iter().map(|update| update.overwritten(fields)).fold(FieldSet::EMPTY, FieldSet::or)
        };
        let by: Vec<FieldSet> = tasks.iter().map(overwritten).collect();
        let all = by.iter().copied().fold(FieldSet::EMPTY, FieldSet::or);
        for (task, own) in tasks.iter_mut().zip(by) {
            // Other writes of a field that is overwritten in the same superstep do not count.
            for update in task.iter_mut() {
                all.minus(own).positions().for_each(|position| update.forget(position, fields));
            }
        }
        tasks.into_iter().flatten().for_each(|update| self.push(topology, update));
    }

    fn push(&mut self, topology: &Topology<S>, update: S::Update) {
        let fields = &topology.fields;
        let written = update.written(fields);
        if written.is_empty() {
            return;
        }
        for position in written.and(topology.exclusive).positions() {
            if let Some(before) = self.last[position].replace(self.updates.len()) {
                self.updates[before].forget(position, fields);
            }
        }
        let overwritten = update.overwritten(fields).minus(topology.exclusive);
        if !overwritten.is_empty() {
            for earlier in &mut self.updates {
                overwritten.positions().for_each(|position| earlier.forget(position, fields));
            }
        }
        self.updates.push(update);
    }
}
