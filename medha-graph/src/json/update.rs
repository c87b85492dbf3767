//! A partial change of a state that is declared at run time: writes by the name of the field.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::engine::json::Json;
use crate::json::state::JsonState;
use crate::node::command::{Command, IntoCommand};
use crate::node::error::NodeError;
use crate::reducer::Messages;
use crate::run::input::Input;
use crate::state::change::Change;
use crate::state::field::no_field;
use crate::state::{Field, FieldSet, MergeError, Update, WriteMode};

/// A partial change of a [`JsonState`]: one write per field, by name.
///
/// As JSON it is an object; a field written as `{"$overwrite": value}` is replaced, past its reducer.
///
/// ```
/// use medha_graph::State;
/// use medha_graph::json::JsonState;
/// use serde_json::json;
///
/// let mut state = JsonState::new().append("notes").messages("chat");
/// state.apply(JsonState::update().set("notes", ["a"]).messages("chat", [json!({"text": "hi"})])).unwrap();
/// state.apply(serde_json::from_value(json!({"notes": ["b"]})).unwrap()).unwrap();
/// state.apply(JsonState::update().overwrite("chat", json!([]))).unwrap();
/// assert_eq!(serde_json::to_value(&state).unwrap(), json!({"notes": ["a", "b"], "chat": []}));
///
/// let error = state.apply(JsonState::update().set("note", ["c"])).unwrap_err();
/// assert_eq!(error.to_string(), r#"field `note`: the state has no such field; did you mean "notes"?"#);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "an update changes nothing until a node returns it"]
pub struct JsonUpdate {
    writes: BTreeMap<String, Change<Value>>,
    /// A value that is no JSON; reported where the update is merged.
    refused: Option<MergeError>,
}

impl JsonUpdate {
    /// Changes nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes a field: its reducer combines the value with the one that is there. A second write of one field takes the
    /// place of the first.
    pub fn set(mut self, field: impl Into<String>, value: impl Serialize) -> Self {
        let field = field.into();
        if let Some(value) = self.json(&field, value) {
            self.writes.insert(field, Change::Set(value));
        }
        self
    }

    /// Replaces a field whatever its reducer says; other writes of it in the same superstep do not count.
    pub fn overwrite(mut self, field: impl Into<String>, value: impl Serialize) -> Self {
        let field = field.into();
        if let Some(value) = self.json(&field, value) {
            self.writes.insert(field, Change::Overwrite(value));
        }
        self
    }

    /// Puts messages into a conversation; those without an `id` get one. Adds to what this update does to it already.
    pub fn messages<M: Serialize>(
        mut self,
        field: impl Into<String>,
        messages: impl IntoIterator<Item = M>,
    ) -> Self {
        let field = field.into();
        let mut written = Messages::default();
        for message in messages {
            written.put(self.json(&field, message));
        }
        self.change_messages(field, &written)
    }

    /// Removes messages of a conversation by id.
    pub fn remove_messages<I: Into<String>>(
        self,
        field: impl Into<String>,
        ids: impl IntoIterator<Item = I>,
    ) -> Self {
        let mut written = Messages::<Value>::default();
        written.remove(ids);
        self.change_messages(field.into(), &written)
    }

    /// Removes every message of a conversation that is there before the next one is put.
    pub fn clear_messages(self, field: impl Into<String>) -> Self {
        let mut written = Messages::<Value>::default();
        written.clear();
        self.change_messages(field.into(), &written)
    }

    /// What is written, by field.
    pub(crate) fn into_writes(self) -> Result<BTreeMap<String, Change<Value>>, MergeError> {
        self.refused.map_or(Ok(self.writes), Err)
    }

    fn change_messages(mut self, field: String, written: &Messages<Value>) -> Self {
        let Some(Value::Array(more)) = self.json(&field, written) else { return self };
        match self.writes.get_mut(&field) {
            Some(Change::Set(Value::Array(list))) => list.extend(more),
            Some(Change::Overwrite(_)) => {}
            Some(Change::Set(_) | Change::Keep) | None => {
                self.writes.insert(field, Change::Set(Value::Array(more)));
            }
        }
        self
    }

    fn json(&mut self, field: &str, value: impl Serialize) -> Option<Value> {
        match serde_json::to_value(value) {
            Ok(value) => Some(value),
            Err(error) => {
                let why = format!("its value cannot be written as JSON: {error}");
                self.refused.get_or_insert_with(|| MergeError::new(field.to_owned(), why));
                None
            }
        }
    }

    fn positions(&self, fields: &[Field], is_in: impl Fn(&Change<Value>) -> bool) -> FieldSet {
        FieldSet::of(fields, |field| self.writes.get(&*field.name).is_some_and(&is_in))
    }
}

fn name_of(position: usize, fields: &[Field]) -> Result<&str, serde_json::Error> {
    fields.get(position).map(|field| &*field.name).ok_or_else(|| no_field(position))
}

impl Update for JsonUpdate {
    fn written(&self, fields: &[Field]) -> FieldSet {
        self.positions(fields, |change| !change.is_kept())
    }

    fn overwritten(&self, fields: &[Field]) -> FieldSet {
        self.positions(fields, Change::is_overwrite)
    }

    fn write_json(&self, position: usize, fields: &[Field]) -> Result<Json, serde_json::Error> {
        self.writes.get(name_of(position, fields)?).unwrap_or(&Change::Keep).to_json()
    }

    fn set_write(
        &mut self,
        position: usize,
        fields: &[Field],
        mode: WriteMode,
        json: &RawValue,
    ) -> Result<(), serde_json::Error> {
        self.writes.insert(name_of(position, fields)?.to_owned(), Change::from_json(mode, json)?);
        Ok(())
    }

    fn forget(&mut self, position: usize, fields: &[Field]) {
        if let Ok(name) = name_of(position, fields) {
            self.writes.remove(name);
        }
    }
}

impl IntoCommand<JsonState> for JsonUpdate {
    const MAY_GOTO: bool = false;
    fn into_command(self) -> Result<Command<JsonState>, NodeError> {
        Ok(Command::from_update(self))
    }
}

impl From<JsonUpdate> for Input<JsonState> {
    fn from(update: JsonUpdate) -> Self {
        Self::Update(update)
    }
}

impl Serialize for JsonUpdate {
    fn serialize<W: Serializer>(&self, serializer: W) -> Result<W::Ok, W::Error> {
        self.writes.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for JsonUpdate {
    fn deserialize<R: Deserializer<'de>>(deserializer: R) -> Result<Self, R::Error> {
        Ok(Self { writes: BTreeMap::deserialize(deserializer)?, refused: None })
    }
}
