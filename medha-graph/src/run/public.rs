//! States, updates and events as JSON for whoever runs a graph from outside: field by field, without private ones.

use serde_json::{Map, Value, json, to_value};

use super::event::{Event, Outcome};
use super::snapshot::Snapshot;
use crate::state::change::OVERWRITE;
use crate::state::{Field, FieldSet, State, Update};

type Result<T> = std::result::Result<T, serde_json::Error>;

/// The public fields of a state.
pub(crate) fn state<S: State>(state: &S) -> Result<Value> {
    let mut object = Map::new();
    for (position, field) in state.fields().iter().enumerate().filter(|(_, field)| !field.is_private) {
        object.insert(field.name.to_string(), serde_json::from_str(state.field_json(position)?.get())?);
    }
    Ok(Value::Object(object))
}

/// What an update writes to public fields.
pub(crate) fn update<S: State>(update: &S::Update, fields: &[Field]) -> Result<Value> {
    let mut object = Map::new();
    let private = FieldSet::of(fields, |field| field.is_private);
    let overwritten = update.overwritten(fields);
    for position in update.written(fields).minus(private).positions() {
        let value: Value = serde_json::from_str(update.write_json(position, fields)?.get())?;
        let value = if overwritten.contains(position) { json!({ OVERWRITE: value }) } else { value };
        object.insert(fields[position].name.to_string(), value);
    }
    Ok(Value::Object(object))
}

/// An event: an object with its name under `event`.
pub(crate) fn event<S: State>(event: &Event<S>, fields: &[Field]) -> Result<Value> {
    Ok(match event {
        Event::Values { step, state: values, next } => {
            json!({ "event": "values", "step": step, "state": state(values)?, "next": next })
        }
        Event::RunFinished { state: values, waiting_joins } => {
            json!({ "event": "run_finished", "state": state(values)?, "waiting_joins": waiting_joins })
        }
        Event::TaskFinished { task, update: first, more, elapsed, cached } => {
            let more: Vec<Value> =
                more.iter().map(|more| update::<S>(more, fields)).collect::<Result<_>>()?;
            let mut object = json!({
                "event": "task_finished",
                "task": task,
                "update": update::<S>(first, fields)?,
                "elapsed_seconds": elapsed.as_secs_f64(),
                "cached": cached,
            });
            if !more.is_empty() {
                object["more"] = Value::Array(more);
            }
            object
        }
        Event::Child { path, event } => {
            json!({ "event": "child", "path": path, "child": event.to_public_json()? })
        }
        Event::RunStarted { .. }
        | Event::TaskStarted { .. }
        | Event::TaskRetrying { .. }
        | Event::TaskFailed { .. }
        | Event::TaskAsked { .. }
        | Event::CacheFailed { .. }
        | Event::Custom { .. }
        | Event::Call { .. }
        | Event::Message { .. }
        | Event::Skipped { .. }
        | Event::CheckpointSaved { .. }
        | Event::Interrupted { .. }
        | Event::Paused { .. } => to_value(event)?,
    })
}

/// How a run ended: `status` says which way.
pub(crate) fn outcome<S: State>(outcome: &Outcome<S>) -> Result<Value> {
    Ok(match outcome {
        Outcome::Done(values) => json!({ "status": "done", "state": state(values)? }),
        Outcome::Interrupted { state: values, interrupts } => {
            json!({ "status": "interrupted", "state": state(values)?, "interrupts": interrupts })
        }
        Outcome::Paused { state: values, pause, next } => {
            json!({ "status": "paused", "state": state(values)?, "pause": pause, "next": next })
        }
    })
}

/// A thread at one checkpoint.
pub(crate) fn snapshot<S: State>(snapshot: &Snapshot<S>) -> Result<Value> {
    let mut object = to_value(snapshot)?;
    object["state"] = state(&snapshot.state)?;
    let fields = snapshot.state.fields();
    let is_private = |name: &str| fields.iter().any(|field| field.is_private && *field.name == *name);
    for list in ["writes", "tasks"] {
        for task in object[list].as_array_mut().into_iter().flatten() {
            if let Some(writes) = task.pointer_mut("/outcome/done/writes").and_then(Value::as_array_mut) {
                writes.retain(|write| !write["field"].as_str().is_some_and(is_private));
            }
        }
    }
    Ok(object)
}
