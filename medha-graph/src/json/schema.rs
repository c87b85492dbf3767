//! JSON schemas of a graph: its state, what it takes, what it gives and what its nodes depend on.

use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::state::change::OVERWRITE;
use crate::state::{Field, State};

/// The JSON schemas of a graph; made by [`CompiledGraph::schemas`](crate::CompiledGraph::schemas).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Schemas {
    /// The whole state, as a program sees it.
    pub state: Value,
    /// What a run is given: any of the fields that are not private. Collected fields take what is to be collected, and
    /// numbers to be added a list of them; `{"$overwrite": value}` goes past the reducer.
    pub input: Value,
    /// What a run gives: the state without its private fields.
    pub output: Value,
    /// What nodes depend on, if the graph was told with `with_json_context`.
    pub context: Option<Value>,
}

/// The JSON schemas of one field of a state.
#[derive(Clone, Debug)]
pub struct FieldSchema {
    value: Schema,
    write: Schema,
}

impl FieldSchema {
    /// Anything.
    pub fn any() -> Self {
        Self::plain(None)
    }

    /// The value is what is written.
    pub fn plain(value: Option<Schema>) -> Self {
        let value = value.unwrap_or_default();
        Self { write: value.clone(), value }
    }

    /// What is written has the shape of the value, which collects it.
    pub fn collected(value: Option<Schema>) -> Self {
        let value = value.unwrap_or_else(|| json_schema!({ "type": ["array", "object"] }));
        let write = or_overwrite(&value, &value);
        Self { value, write }
    }

    /// Messages are put, removed and cleared.
    pub fn messages(message: Option<Schema>) -> Self {
        let message = message.unwrap_or_else(|| json_schema!({ "type": "object" }));
        let value = json_schema!({ "type": "array", "items": message.clone() });
        let marked = |key: &str, value: Value| json!({ "type": "object", "properties": { key: value }, "required": [key], "additionalProperties": false });
        let remove =
            marked("$remove", json!({ "type": "string", "description": "the id of a message to remove" }));
        let clear = marked("$clear", json!({ "const": true }));
        let list = json_schema!({ "type": "array", "items": { "anyOf": [remove, clear, message] } });
        Self { write: or_overwrite(&value, &list), value }
    }

    /// Values are written one by one, in a list.
    pub fn each(value: Option<Schema>) -> Self {
        let value = value.unwrap_or_default();
        let list = json_schema!({ "type": "array", "items": value.clone() });
        Self { write: or_overwrite(&value, &list), value }
    }

    /// One value is written, and a function combines it with the one that is there.
    pub(crate) fn one(value: Schema) -> Self {
        Self { write: or_overwrite(&value, &value), value }
    }

    /// Says what the field is.
    #[must_use]
    pub fn described(mut self, text: &str) -> Self {
        for schema in [&mut self.value, &mut self.write] {
            schema.insert("description".to_owned(), text.into());
        }
        self
    }
}

/// The write as it is reduced, or a value that goes past the reducer.
fn or_overwrite(value: &Schema, write: &Schema) -> Schema {
    let overwrite = json!({
        "type": "object",
        "properties": { OVERWRITE: value },
        "required": [OVERWRITE],
        "additionalProperties": false,
    });
    json_schema!({ "anyOf": [write, overwrite] })
}

/// The schemas of a state and of its updates.
pub(crate) fn of_state<S: State>(state: &S, title: &str, context: Option<Value>) -> Schemas {
    let all = |_: &Field| true;
    let public = |field: &Field| !field.is_private;
    let value = |schema: FieldSchema| schema.value;
    Schemas {
        state: object(state, &format!("{title}: state"), all, value, Needed::All),
        input: object(state, &format!("{title}: input"), public, |schema| schema.write, Needed::None),
        output: object(state, &format!("{title}: output"), public, value, Needed::All),
        context,
    }
}

/// The schema of a type.
pub(crate) fn of_type<T: JsonSchema>() -> Value {
    schemars::schema_for!(T).to_value()
}

/// Which fields must be there.
#[derive(Clone, Copy)]
enum Needed {
    All,
    None,
}

fn object<S: State>(
    state: &S,
    title: &str,
    is_in: impl Fn(&Field) -> bool,
    pick: impl Fn(FieldSchema) -> Schema,
    needed: Needed,
) -> Value {
    let mut schemas = SchemaGenerator::default();
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for (position, field) in state.fields().iter().enumerate().filter(|(_, field)| is_in(field)) {
        let schema = pick(state.field_schema(position, &mut schemas));
        properties.insert(field.name.to_string(), schema.to_value());
        required.push(field.name.to_string());
    }
    let mut object = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    match needed {
        Needed::All => object["required"] = json!(required),
        Needed::None => {}
    }
    let definitions = schemas.take_definitions(true);
    if !definitions.is_empty() {
        object["$defs"] = Value::Object(definitions);
    }
    object
}

/// Asks the compiler whether a type has a schema: where it has, [`KnownSchema`] is the nearer of two methods of one name.
#[derive(Debug)]
pub struct Probe<T>(PhantomData<fn() -> T>);

impl<T> Probe<T> {
    /// Of this type.
    pub const NEW: Self = Self(PhantomData);
}

/// The type has a schema.
pub trait KnownSchema {
    /// It.
    fn known_schema(&self, schemas: &mut SchemaGenerator) -> Option<Schema>;
}

impl<T: JsonSchema> KnownSchema for Probe<T> {
    fn known_schema(&self, schemas: &mut SchemaGenerator) -> Option<Schema> {
        Some(schemas.subschema_for::<T>())
    }
}

/// The type has none.
pub trait AnySchema {
    /// Nothing.
    fn known_schema(&self, schemas: &mut SchemaGenerator) -> Option<Schema>;
}

impl<T> AnySchema for &Probe<T> {
    fn known_schema(&self, _: &mut SchemaGenerator) -> Option<Schema> {
        None
    }
}
