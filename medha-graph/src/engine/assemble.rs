//! The state of a checkpoint as JSON, out of its pieces and without its type: for states of an older version, and for
//! fields that are stored in another way than today.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::record::{StoredCheckpoint, StoredField};
use super::restore::{Piece, Unusable};
use crate::graph::topology::Topology;
use crate::state::{State, Storage};

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
            value = combined(field.storage, value, write);
        }
    }
    Ok(value)
}

/// A collected value after one more write. What is no collection is replaced.
fn combined(storage: Storage, value: Value, write: Value) -> Value {
    match (storage, value, write) {
        (Storage::Messages, Value::Array(items), Value::Array(more)) => Value::Array(by_id(items, more)),
        (Storage::Append | Storage::Merge, Value::Array(mut items), Value::Array(more)) => {
            items.extend(more);
            Value::Array(items)
        }
        (
            Storage::Append | Storage::Merge | Storage::Messages,
            Value::Object(mut map),
            Value::Object(more),
        ) => {
            map.extend(more);
            Value::Object(map)
        }
        (
            Storage::Whole | Storage::Untracked | Storage::Append | Storage::Merge | Storage::Messages,
            _,
            write,
        ) => write,
    }
}

/// Messages: one with an id that is there takes its place.
fn by_id(mut items: Vec<Value>, more: Vec<Value>) -> Vec<Value> {
    let id = |item: &Value| item.get("id").filter(|id| !id.is_null()).map(Value::to_string);
    let mut places: BTreeMap<String, usize> =
        items.iter().enumerate().filter_map(|(place, item)| Some((id(item)?, place))).collect();
    for item in more {
        match id(&item) {
            Some(id) => match places.get(&id) {
                Some(place) => items[*place] = item,
                None => {
                    places.insert(id, items.len());
                    items.push(item);
                }
            },
            None => items.push(item),
        }
    }
    items
}
