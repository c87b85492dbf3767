//! From stored form back to values: the state out of the fields' pieces, numbers for names.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::value::RawValue;

use super::assemble;
use super::checkpoint::{Checkpoint, CheckpointId, Frontier, Task};
use super::record::{FORMAT, FieldWrite, Json, Progress, StoredCheckpoint, StoredField, StoredTask, Written};
use super::round;
use crate::graph::topology::Topology;
use crate::node::command::Goto;
use crate::state::{State, Update, WriteMode};
use crate::store::checkpointer::Head;
use crate::store::key::ThreadKey;

/// Why a stored checkpoint cannot be used by this graph.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("it was written in format {0}, and this program reads format {FORMAT}")]
    Format(u32),
    #[error("it belongs to graph {found:?}, not to {wanted:?}")]
    Graph { found: String, wanted: String },
    #[error(
        "its state has version {found}, and graph {graph:?} has version {wanted}; {}",
        if found < wanted { "add the migrations in between with `migrate`" } else { "run the newer program" }
    )]
    Version { graph: String, found: u32, wanted: u32 },
    #[error(
        "version {0} of the graph has left an update to be merged; resume or abandon the thread with that version"
    )]
    Command(u32),
    #[error("it names node {0:?}, which the graph no longer has; see `renamed_node`")]
    Node(String),
    #[error("its state does not fit: {0}")]
    State(String),
    #[error("it has field {0:?}, which the state no longer has; see `migrate` and `renamed_field`")]
    Field(String),
    #[error("checkpoint {0}, which holds a part of its state, is gone")]
    Gone(CheckpointId),
}

/// What was written by one checkpoint.
pub(crate) type Piece = (CheckpointId, Written);

/// Whether this graph can use what this checkpoint says.
pub(crate) fn check<S: State>(topology: &Topology<S>, stored: &StoredCheckpoint) -> Result<(), Unusable> {
    if stored.format != FORMAT {
        return Err(Unusable::Format(stored.format));
    }
    if stored.graph != *topology.name {
        return Err(Unusable::Graph { found: stored.graph.to_string(), wanted: topology.name.to_string() });
    }
    if stored.version > topology.version || !topology.lineage.reaches(stored.version, topology.version) {
        let graph = topology.name.to_string();
        return Err(Unusable::Version { graph, found: stored.version, wanted: topology.version });
    }
    Ok(())
}

/// Whether this program can read it; empty progress has no format yet.
pub(crate) fn check_progress(progress: &Progress) -> Result<(), Unusable> {
    let is_readable = progress.format == FORMAT || progress.is_empty();
    if is_readable { Ok(()) } else { Err(Unusable::Format(progress.format)) }
}

/// Brings what a head says beside its state to the graph of today: the names of nodes, and of an older version what of
/// the unfinished superstep can still be used.
pub(crate) fn bring_up<S: State>(
    topology: &Topology<S>,
    key: &ThreadKey,
    head: &mut Head,
) -> Result<(), Unusable> {
    check(topology, &head.checkpoint)?;
    topology.lineage.rename(&mut head.checkpoint);
    topology.lineage.rename_progress(&mut head.progress);
    let (found, wanted) = (head.checkpoint.version, topology.version);
    if has_changed(topology, &head.checkpoint) {
        topology.lineage.notice(|| {
            let (graph, checkpoint) = (&*topology.name, head.checkpoint.id.0);
            tracing::info!(graph, thread = %key, checkpoint, found, wanted, "a thread goes on under a graph that has changed");
        });
    }
    if found != wanted {
        if !head.progress.commands.is_empty() {
            return Err(Unusable::Command(found));
        }
        // Migrations change whole states, not what a task wrote: these tasks run again.
        head.progress.tasks.iter_mut().for_each(|task| task.outcome = None);
        head.progress.tasks.retain(|task| !task.questions.is_empty() || task.failure.is_some());
    }
    Ok(())
}

/// Whether the graph had other nodes, edges or fields when this was written, or another version.
pub(crate) fn has_changed<S: State>(topology: &Topology<S>, stored: &StoredCheckpoint) -> bool {
    stored.version != topology.version || stored.fingerprint != topology.fingerprint
}

/// The state at a checkpoint, out of what it and those it needs have written, in ascending order.
pub(crate) fn state<S: State>(
    topology: &Topology<S>,
    stored: &StoredCheckpoint,
    pieces: &[Piece],
) -> Result<S, Unusable> {
    check(topology, stored)?;
    if stored.version != topology.version {
        return assemble::migrated(topology, stored, pieces);
    }
    let mut state = topology.initial.clone();
    for field in &stored.fields {
        let position = topology.position(&field.name);
        let position = position.ok_or_else(|| Unusable::Field(field.name.to_string()))?;
        if field.storage != topology.fields[position].storage {
            // Its writes were made for another reducer than today's.
            let value = assemble::value(field, pieces)?;
            assemble::put(&mut state, position, &field.name, &value)?;
            continue;
        }
        read_field(topology, &mut state, position, field, pieces)?;
    }
    Ok(state)
}

fn read_field<S: State>(
    topology: &Topology<S>,
    state: &mut S,
    position: usize,
    field: &StoredField,
    pieces: &[Piece],
) -> Result<(), Unusable> {
    let misfit = |error: serde_json::Error| Unusable::State(format!("`{}`: {error}", field.name));
    let base = pieces.iter().position(|(id, _)| *id == field.base).ok_or(Unusable::Gone(field.base))?;
    let written = &pieces[base].1;
    let whole: Option<&RawValue> = written.value_of(&field.name).map(super::record::Json::raw);
    let last_write = || written.writes_to(&field.name).last().map(|write| write.json.raw());
    let whole = whole.or_else(last_write).ok_or(Unusable::Gone(field.base))?;
    state.set_field(position, whole).map_err(misfit)?;
    for (_, written) in pieces[base + 1..].iter().take_while(|(id, _)| *id <= field.last) {
        for write in written.writes_to(&field.name) {
            let mut update = S::Update::default();
            update
                .set_write(position, &topology.fields, WriteMode::Reduce, write.json.raw())
                .map_err(misfit)?;
            state.apply(update).map_err(|error| Unusable::State(error.to_string()))?;
        }
    }
    Ok(())
}

/// Puts numbers for names, or says why this graph cannot go on from there.
pub(crate) fn checkpoint<S: State>(
    topology: &Topology<S>,
    stored: &StoredCheckpoint,
    pieces: &[Piece],
) -> Result<Checkpoint<S>, Unusable> {
    let state = state(topology, stored, pieces)?;
    let number = |name: &str| topology.number(name).ok_or_else(|| Unusable::Node(name.to_owned()));
    let mut frontier = Frontier {
        line: stored.line,
        step: stored.step,
        live: topology.ephemeral,
        ..Frontier::empty(topology)
    };
    let planned = |tasks: &[StoredTask]| -> Result<Vec<Task>, Unusable> {
        let numbered =
            |task: &StoredTask| Ok(Task::given(number(&task.node)?, task.input.clone(), task.timeout));
        tasks.iter().map(numbered).collect()
    };
    frontier.next = planned(&stored.next)?;
    frontier.deferred = planned(&stored.deferred)?;
    for join in &stored.joins {
        round::restore(topology, join, &mut frontier)?;
    }
    Ok(Checkpoint { state, frontier })
}

/// The targets of a command out of their stored form.
pub(crate) fn targets(goto: &[(String, Option<Json>)], timeouts: &BTreeMap<usize, Duration>) -> Vec<Goto> {
    let all = goto.iter().cloned().enumerate();
    all.map(|(place, (target, payload))| Goto { target, payload, timeout: timeouts.get(&place).copied() })
        .collect()
}

/// Updates out of the writes they were stored as: a field that was written again begins the next one.
pub(crate) fn updates<S: State>(
    topology: &Topology<S>,
    writes: &[FieldWrite],
) -> Result<Vec<S::Update>, Unusable> {
    let (mut updates, mut current) = (Vec::new(), S::Update::default());
    for write in writes {
        let position = topology.position(&write.field);
        let position = position.ok_or_else(|| Unusable::Field(write.field.to_string()))?;
        if current.written(&topology.fields).contains(position) {
            updates.push(std::mem::take(&mut current));
        }
        current
            .set_write(position, &topology.fields, write.mode, write.json.raw())
            .map_err(|error| Unusable::State(format!("`{}`: {error}", write.field)))?;
    }
    updates.push(current);
    Ok(updates)
}
