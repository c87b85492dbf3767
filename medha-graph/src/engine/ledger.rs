//! What a run has to store: the writes of its tasks as they come, and for each field where its value lies.
//!
//! Collected fields (appended, merged, messages) are stored as what was written; their whole value is stored again when
//! the writes since the last time outweigh it twice, so that all that is ever stored stays within a small multiple of
//! what was written, and reading a thread back never takes long.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::checkpoint::CheckpointId;
use super::record::{
    FieldValue, FieldWrite, Json, StoredCheckpoint, StoredField, StoredOutcome, TaskWrites, Written,
};
use super::superstep::panic_text;
use crate::graph::topology::Topology;
use crate::node::command::Command;
use crate::state::{Field, FieldSet, State, Storage, Update, WriteMode};

/// Writes to a collected field may weigh this much before its value is stored again, however small the value is.
const FEW_BYTES: u64 = 256 * 1024;
/// Writes to a collected field after which its value is stored again, however light they are.
const MANY_WRITES: u32 = 1_000;

/// The stored side of the state of one run.
#[derive(Debug)]
pub(crate) struct Ledger<S> {
    /// Where each field lies in what is stored; nothing for fields that are not stored, or not yet.
    places: Vec<Option<StoredField>>,
    /// Fields whose value must be stored whole with the next checkpoint.
    whole: FieldSet,
    /// What was written since the last checkpoint.
    tasks: Vec<TaskWrites>,
    /// A state to read back into, made when it is first needed.
    scratch: Option<Box<S>>,
}

impl<S: State> Ledger<S> {
    /// For a thread that has nothing stored yet: everything is to be stored.
    pub(crate) fn new(topology: &Topology<S>) -> Self {
        let places = topology.fields.iter().map(|_| None).collect();
        Self { places, whole: FieldSet::EMPTY, tasks: Vec::new(), scratch: None }
    }

    /// For a run that goes on from a checkpoint.
    pub(crate) fn of(topology: &Topology<S>, stored: &StoredCheckpoint) -> Self {
        if stored.version != topology.version {
            return Self::new(topology);
        }
        // A field that is stored in another way today is stored anew.
        let is_it = |place: &&StoredField, field: &Field| {
            *place.name == *field.name && place.storage == field.storage
        };
        let place = |field| stored.fields.iter().find(|place| is_it(place, field)).cloned();
        let places = topology.fields.iter().map(place).collect();
        Self { places, whole: FieldSet::EMPTY, tasks: Vec::new(), scratch: None }
    }

    /// History goes on from a checkpoint that is not the last: between it and the next one lie writes of another line,
    /// which must not be taken for writes of this one.
    pub(crate) fn seal(&mut self) {
        for (position, place) in self.places.iter().enumerate() {
            match place.as_ref().map(|place| place.storage) {
                Some(Storage::Append | Storage::Merge | Storage::Messages) => self.whole.insert(position),
                Some(Storage::Whole | Storage::Untracked) | None => {}
            }
        }
    }

    /// Fields that have changed without a write that says how.
    pub(crate) fn touch(&mut self, fields: FieldSet) {
        self.whole = self.whole.or(fields);
    }

    /// Takes in what the tasks of a superstep wrote, before it is merged.
    pub(crate) fn record(&mut self, tasks: Vec<TaskWrites>) {
        if self.tasks.is_empty() {
            self.tasks = tasks;
        } else {
            self.tasks.extend(tasks);
        }
    }

    /// Forgets what was recorded since the last checkpoint: it could not be merged.
    pub(crate) fn forget(&mut self) {
        self.tasks.clear();
    }

    /// Everything to be stored with checkpoint `id`, and where the fields lie then.
    pub(crate) fn close(
        &mut self,
        topology: &Topology<S>,
        state: &S,
        id: CheckpointId,
    ) -> Result<(Vec<StoredField>, Written), String> {
        let tasks = std::mem::take(&mut self.tasks);
        let mut written = Written { tasks, values: Vec::new() };
        self.weigh(topology, &written, id);
        for position in topology.tracked.positions() {
            let (name, storage) = (&topology.names[position], topology.fields[position].storage);
            if self.whole.contains(position) || self.places[position].is_none() {
                let json = self.value_json(topology, state, position)?;
                let place = self.place(topology, position, id);
                *place = StoredField { base: id, last: id, deltas: 0, delta_bytes: 0, ..place.clone() };
                place.base_bytes = json.len() as u64;
                place.storage = storage;
                written.values.push(FieldValue { field: name.clone(), json });
            }
        }
        self.whole = FieldSet::EMPTY;
        // Asked for at once: a list whose length is not known beforehand grows in steps.
        let mut fields = Vec::with_capacity(self.places.len());
        fields.extend(self.places.iter().flatten().cloned());
        Ok((fields, written))
    }

    /// Counts the writes in, and decides which fields must be stored whole.
    fn weigh(&mut self, topology: &Topology<S>, written: &Written, id: CheckpointId) {
        let mut touched = FieldSet::EMPTY;
        for task in &written.tasks {
            let StoredOutcome::Done { writes, .. } = &task.outcome else { continue };
            for write in writes {
                let Some(position) = topology.names.iter().position(|name| *name == write.field) else {
                    continue;
                };
                let field = &topology.fields[position];
                let bytes = write.json.len() as u64;
                let is_again = touched.contains(position);
                touched.insert(position);
                let is_collected = match field.storage {
                    Storage::Append | Storage::Merge | Storage::Messages => true,
                    Storage::Whole | Storage::Untracked => false,
                };
                if let (true, WriteMode::Reduce, Some(place)) =
                    (is_collected, write.mode, &mut self.places[position])
                {
                    place.last = id;
                    place.deltas += 1;
                    place.delta_bytes += bytes;
                    let is_heavy = place.delta_bytes > (2 * place.base_bytes).max(FEW_BYTES);
                    if is_heavy || place.deltas >= MANY_WRITES {
                        self.whole.insert(position);
                    }
                } else if field.is_exclusive && !is_again {
                    // The write is the value, unless something else has changed the field as well.
                    let place = self.place(topology, position, id);
                    (place.base, place.last, place.base_bytes) = (id, id, bytes);
                } else {
                    self.whole.insert(position);
                }
            }
        }
    }

    fn place(&mut self, topology: &Topology<S>, position: usize, id: CheckpointId) -> &mut StoredField {
        self.places[position].get_or_insert_with(|| StoredField {
            name: topology.names[position].clone(),
            storage: topology.fields[position].storage,
            base: id,
            last: id,
            deltas: 0,
            delta_bytes: 0,
            base_bytes: 0,
        })
    }

    /// The value of a field, which must read back: what could not be loaded again must never become the head.
    fn value_json(&mut self, topology: &Topology<S>, state: &S, position: usize) -> Result<Json, String> {
        let field = &topology.fields[position];
        let write = || {
            let json = state.field_json(position).map_err(|error| cannot_be_written(&error))?;
            if field.always_reads_back {
                return Ok(json);
            }
            let scratch = self.scratch.get_or_insert_with(|| Box::new(topology.initial.clone()));
            scratch.set_field(position, json.raw()).map_err(|error| would_not_read_back(&error))?;
            scratch.clear_field(position);
            Ok(json)
        };
        caught(write).map_err(|why| format!("field `{}` {why}", field.name))
    }
}

/// How a task that is done is stored.
pub(crate) fn outcome<S: State>(
    topology: &Topology<S>,
    command: &Command<S>,
) -> Result<StoredOutcome, String> {
    let mut writes = Vec::new();
    for update in command.updates() {
        put_writes::<S>(topology, update, &mut writes)?;
    }
    if command.targets().is_empty() {
        return Ok(StoredOutcome::Done { writes, goto: Vec::new(), timeouts: BTreeMap::new() });
    }
    let goto = command.targets().iter().map(|goto| (goto.target.clone(), goto.payload.clone())).collect();
    let timeouts = command.targets().iter().enumerate();
    let timeouts = timeouts.filter_map(|(place, goto)| Some((place, goto.timeout?))).collect();
    Ok(StoredOutcome::Done { writes, goto, timeouts })
}

/// What an update writes, field by field; each write must read back.
pub(crate) fn writes<S: State>(
    topology: &Topology<S>,
    update: &S::Update,
) -> Result<Vec<FieldWrite>, String> {
    let mut writes = Vec::new();
    put_writes::<S>(topology, update, &mut writes)?;
    Ok(writes)
}

fn put_writes<S: State>(
    topology: &Topology<S>,
    update: &S::Update,
    writes: &mut Vec<FieldWrite>,
) -> Result<(), String> {
    let fields = &topology.fields;
    let overwritten = update.overwritten(fields);
    let mut scratch: Option<S::Update> = None;
    let written = update.written(fields).and(topology.tracked);
    writes.reserve_exact(written.positions().count());
    for position in written.positions() {
        let mode = if overwritten.contains(position) { WriteMode::Overwrite } else { WriteMode::Reduce };
        let json = caught(|| {
            let json = update.write_json(position, fields).map_err(|error| cannot_be_written(&error))?;
            if !fields[position].always_reads_back {
                let read = scratch.get_or_insert_default().set_write(position, fields, mode, json.raw());
                read.map_err(|error| would_not_read_back(&error))?;
            }
            Ok(json)
        });
        let json = json.map_err(|why| format!("to `{}` {why}", fields[position].name))?;
        writes.push(FieldWrite { field: topology.names[position].clone(), mode, json });
    }
    Ok(())
}

fn cannot_be_written(error: &serde_json::Error) -> String {
    format!("cannot be written: {error}")
}

fn would_not_read_back(error: &serde_json::Error) -> String {
    let is_null = error.to_string().contains("invalid type: null");
    let hint = if is_null { "; a float that is not finite becomes null" } else { "" };
    format!("would not read back: {error}{hint}")
}

/// User code writes and reads; it may panic.
fn caught<T>(write: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let panicked = |panic: Box<dyn Any + Send>| Err(format!("panicked: {}", panic_text(panic.as_ref())));
    catch_unwind(AssertUnwindSafe(write)).unwrap_or_else(panicked)
}
