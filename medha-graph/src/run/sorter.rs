//! Sorts the events of a run into the modes that show them.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::Value;

use super::event::Event;
use super::modes::{Mode, PartContent};
use crate::reducer::Message;
use crate::state::{Field, State, Storage, Update};
use crate::subgraph::event::PathSegment;

/// Sorts events into the modes that show them. Works for a graph and its subgraphs, whatever their states.
#[derive(Debug)]
pub(crate) struct Sorter {
    pub(super) modes: BTreeSet<Mode>,
    /// Ids of messages that were shown, or were there before the run.
    shown: HashSet<String>,
    /// The fields of a graph by its path; known from its first values.
    fields: HashMap<Vec<PathSegment>, Vec<Field>>,
}

impl Sorter {
    pub(super) fn new(modes: impl IntoIterator<Item = Mode>) -> Self {
        Self { modes: modes.into_iter().collect(), shown: HashSet::new(), fields: HashMap::new() }
    }

    /// What an event shows in the only mode that is wanted, if it is made of the event's own pieces: nothing is copied.
    #[allow(clippy::result_large_err, reason = "the event goes back to where it came from")]
    pub(crate) fn take_over<C: State>(&self, event: Event<C>) -> Result<PartContent<C>, Event<C>> {
        let is_only = |mode: Mode| self.modes.len() == 1 && self.modes.contains(&mode);
        if is_only(Mode::Updates)
            && let Event::TaskFinished { task, update, more, .. } = event
        {
            let mut updates = vec![update];
            updates.extend(more);
            return Ok(PartContent::Updates { task, updates });
        }
        if is_only(Mode::Values)
            && let Event::Values { step, state, next } = event
        {
            return Ok(PartContent::Values { step, state, next });
        }
        Err(event)
    }

    /// What one event of the graph at this path shows.
    pub(crate) fn sort<C: State>(&mut self, path: &[PathSegment], event: &Event<C>) -> Vec<PartContent<C>> {
        let mut contents = Vec::new();
        if self.modes.contains(&Mode::Messages) {
            self.sort_messages(path, event, &mut contents);
        }
        let mut show = |mode: Mode, content: &dyn Fn() -> PartContent<C>| {
            if self.modes.contains(&mode) {
                contents.push(content());
            }
        };
        match event {
            Event::Values { step, state, next } => show(Mode::Values, &|| PartContent::Values {
                step: *step,
                state: state.clone(),
                next: next.clone(),
            }),
            Event::Custom { task, value } => {
                show(Mode::Custom, &|| PartContent::Custom { task: task.clone(), value: value.clone() });
            }
            Event::CheckpointSaved { id, step, cause, next } => {
                show(Mode::Checkpoints, &|| PartContent::Checkpoints {
                    id: *id,
                    step: *step,
                    cause: *cause,
                    next: next.clone(),
                });
            }
            Event::TaskFinished { task, update, more, .. } => {
                show(Mode::Updates, &|| PartContent::Updates {
                    task: task.clone(),
                    updates: std::iter::once(update).chain(more).cloned().collect(),
                });
                show(Mode::Tasks, &|| PartContent::Tasks(Box::new(event.clone())));
            }
            Event::TaskStarted { .. }
            | Event::TaskRetrying { .. }
            | Event::TaskFailed { .. }
            | Event::CacheFailed { .. }
            | Event::Call { .. }
            | Event::TaskAsked { .. } => show(Mode::Tasks, &|| PartContent::Tasks(Box::new(event.clone()))),
            Event::Message { .. }
            | Event::RunStarted { .. }
            | Event::Child { .. }
            | Event::Skipped { .. }
            | Event::Interrupted { .. }
            | Event::Paused { .. }
            | Event::RunFinished { .. } => {}
        }
        show(Mode::Debug, &|| PartContent::Debug(Box::new(event.clone())));
        contents
    }

    fn sort_messages<C: State>(
        &mut self,
        path: &[PathSegment],
        event: &Event<C>,
        contents: &mut Vec<PartContent<C>>,
    ) {
        match event {
            Event::Values { state, .. } if !self.fields.contains_key(path) => {
                // What is there before the run is not shown.
                for (position, _) in conversations(state.fields()) {
                    let json = state.field_json(position).ok();
                    let messages = json.and_then(|json| serde_json::from_str::<Vec<Value>>(json.get()).ok());
                    let ids = messages.iter().flatten().filter_map(Message::id).map(str::to_owned);
                    self.shown.extend(ids);
                }
                self.fields.insert(path.to_vec(), state.fields().to_vec());
            }
            Event::Message { task, message } => {
                self.shown.extend(message.id().map(str::to_owned));
                let (task, message) = (task.clone(), message.clone());
                contents.push(PartContent::Messages { task, field: None, message });
            }
            Event::TaskFinished { task, update, more, .. } => {
                let Some(fields) = self.fields.get(path) else { return };
                for update in std::iter::once(update).chain(more) {
                    let written = update.written(fields);
                    for (position, field) in conversations(fields).filter(|(at, _)| written.contains(*at)) {
                        for message in written_messages::<C>(update, position, fields) {
                            if message.id().is_none_or(|id| self.shown.insert(id.to_owned())) {
                                let (task, field) = (task.clone(), Some(field.to_owned()));
                                contents.push(PartContent::Messages { task, field, message });
                            }
                        }
                    }
                }
            }
            Event::Values { .. }
            | Event::Custom { .. }
            | Event::CheckpointSaved { .. }
            | Event::TaskStarted { .. }
            | Event::TaskRetrying { .. }
            | Event::TaskFailed { .. }
            | Event::CacheFailed { .. }
            | Event::TaskAsked { .. }
            | Event::Call { .. }
            | Event::RunStarted { .. }
            | Event::Child { .. }
            | Event::Skipped { .. }
            | Event::Interrupted { .. }
            | Event::Paused { .. }
            | Event::RunFinished { .. } => {}
        }
    }
}

/// The fields that hold messages.
fn conversations(fields: &[Field]) -> impl Iterator<Item = (usize, &str)> {
    let held = fields.iter().enumerate().filter(|(_, field)| field.storage == Storage::Messages);
    held.map(|(position, field)| (position, &*field.name))
}

/// The messages an update puts, without those it removes.
fn written_messages<S: State>(update: &S::Update, position: usize, fields: &[Field]) -> Vec<Value> {
    let json = update.write_json(position, fields).ok();
    let list = json.and_then(|json| serde_json::from_str::<Vec<Value>>(json.get()).ok()).unwrap_or_default();
    let is_mark = |value: &Value| value.get("$remove").is_some() || value.get("$clear").is_some();
    list.into_iter().filter(|value| !is_mark(value)).collect()
}
