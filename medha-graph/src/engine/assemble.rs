//! The state of a checkpoint as JSON, out of its pieces and without its type: for states of an older version, and for
//! fields that are stored in another way than today.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::record::{StoredCheckpoint, StoredField};
use super::restore::{Piece, Unusable};
use crate::graph::topology::Topology;
use crate::reducer::json;
use crate::state::{State, WriteMode};

/// The state at a checkpoint of an older version, brought to the version of the graph.
pub(super) fn migrated<S: State>(
    topology: &Topology<S>,
    stored: &StoredCheckpoint,
    pieces: &[Piece],
) -> Result<S, Unusable> {
    let mut fields = Map::new();
    for field in &stored.fields {
        fields.insert(field.name.to_string(), value(field, pieces)?);
    }
    topology.lineage.migrate(&mut fields, stored.version, topology.version).map_err(Unusable::State)?;
    let mut state = topology.initial.clone();
    for (name, value) in fields {
        let position = topology.position(&name).ok_or(Unusable::Field(name.clone()))?;
        put(&mut state, position, &name, &value)?;
    }
    Ok(state)
}

/// Puts a value into a field.
pub(super) fn put<S: State>(
    state: &mut S,
    position: usize,
    name: &str,
    value: &Value,
) -> Result<(), Unusable> {
    let misfit = |error: serde_json::Error| Unusable::State(format!("`{name}`: {error}"));
    let raw: Box<RawValue> = serde_json::value::to_raw_value(value).map_err(misfit)?;
    state.set_field(position, &raw).map_err(misfit)
}

/// The value of one field, combined in the way it was stored.
pub(super) fn value(field: &StoredField, pieces: &[Piece]) -> Result<Value, Unusable> {
    let base = pieces.iter().position(|(id, _)| *id == field.base).ok_or(Unusable::Gone(field.base))?;
    let written = &pieces[base].1;
    let last_write = || written.writes_to(&field.name).last().map(|write| &write.json);
    let whole = written.value_of(&field.name).or_else(last_write).ok_or(Unusable::Gone(field.base))?;
    let damaged = |error: serde_json::Error| Unusable::State(format!("`{}`: {error}", field.name));
    let mut value: Value = whole.read().map_err(damaged)?;
    for (_, written) in pieces[base + 1..].iter().take_while(|(id, _)| *id <= field.last) {
        for write in written.writes_to(&field.name) {
            let write: Value = write.json.read().map_err(damaged)?;
            json::write(field.storage, WriteMode::Reduce, &mut value, write)
                .map_err(|why| Unusable::State(format!("`{}`: {why}", field.name)))?;
        }
    }
    Ok(value)
}
