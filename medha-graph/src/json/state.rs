//! A state whose fields are declared at run time: for graphs that are configured rather than written.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::engine::json::Json;
use crate::json::schema::FieldSchema;
use crate::json::update::JsonUpdate;
use crate::reducer::{Reduced, json};
use crate::state::change::Change;
use crate::state::field::{field_hint, no_field};
use crate::state::{Field, MergeError, State, Storage, WriteMode};

/// A state declared at run time, field by field; give it to [`StateGraph::starting_from`](crate::StateGraph::starting_from).
///
/// Its fields hold JSON. A write to a field that was not declared is refused, and so is one that its reducer cannot take.
/// Each method of the declaration adds a field or says something about the last one added; what is wrong with it is
/// reported by `compile`.
///
/// ```
/// use medha_graph::prelude::*;
/// use medha_graph::json::{JsonState, JsonUpdate};
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let essay = JsonState::new()
///     .field("topic")
///     .append("notes")
///     .add("score").initially(10)
///     .messages("chat")
///     .field("scratch").private().untracked();
///
/// async fn write(essay: &JsonState) -> Result<JsonUpdate, NodeError> {
///     let topic: String = essay.get("topic")?;
///     Ok(JsonState::update().set("notes", [format!("about {topic}")]).set("score", 5))
/// }
/// let graph = StateGraph::starting_from("essay", essay)
///     .node("write", write).edge(START, "write").edge("write", END).compile()?;
/// let done = graph.invoke(JsonState::update().set("topic", "bridges")).await?.into_state();
/// assert_eq!(done.value("notes"), Some(&json!(["about bridges"])));
/// assert_eq!(done.get::<u32>("score")?, 15);
/// # Ok(()) }
/// ```
#[derive(Clone, Default)]
#[must_use = "a state does nothing until a graph starts from it"]
pub struct JsonState {
    /// Shared: a state is copied more often than it is declared.
    shape: Arc<Shape>,
    values: Vec<Value>,
}

#[derive(Clone, Default)]
struct Shape {
    fields: Vec<Field>,
    declared: Vec<Declared>,
    problems: Vec<String>,
}

/// What the engine does not need to know of a field.
#[derive(Clone)]
struct Declared {
    reducer: Reducer,
    default: Value,
    schema: Option<Value>,
    description: Option<String>,
}

#[derive(Clone)]
enum Reducer {
    Plain,
    Collect(Storage),
    Add,
    With(Combine),
}

type Combine = Arc<dyn Fn(&mut Value, Value) -> Result<(), String> + Send + Sync>;

impl JsonState {
    /// A state without fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a partial change; name each field to write.
    pub fn update() -> JsonUpdate {
        JsonUpdate::new()
    }

    /// Adds a field that holds the last value written; two nodes of one superstep must not both write it.
    pub fn field(self, name: impl Into<String>) -> Self {
        self.declare(name.into(), Reducer::Plain, Value::Null)
    }

    /// Adds a list; what is written is appended to it.
    pub fn append(self, name: impl Into<String>) -> Self {
        self.declare(name.into(), Reducer::Collect(Storage::Append), Value::Array(Vec::new()))
    }

    /// Adds an object; entries that are written are merged into it by key.
    pub fn merge(self, name: impl Into<String>) -> Self {
        self.declare(name.into(), Reducer::Collect(Storage::Merge), Value::Object(Map::new()))
    }

    /// Adds a conversation: a list of objects that are put by their `id`, removed and cleared.
    pub fn messages(self, name: impl Into<String>) -> Self {
        self.declare(name.into(), Reducer::Collect(Storage::Messages), Value::Array(Vec::new()))
    }

    /// Adds a number; what is written is added to it.
    #[allow(
        clippy::should_implement_trait,
        reason = "named like the attribute of a derived state; states are not summed"
    )]
    pub fn add(self, name: impl Into<String>) -> Self {
        self.declare(name.into(), Reducer::Add, 0.into())
    }

    /// Adds a field of your own reducer, a function `fn(&mut Value, Value)` that may return a `Result` to refuse.
    pub fn with<R: Reduced>(
        self,
        name: impl Into<String>,
        reducer: impl Fn(&mut Value, Value) -> R + Send + Sync + 'static,
    ) -> Self {
        let combine = move |current: &mut Value, written: Value| {
            reducer(current, written).into_result().map_err(|error| error.to_string())
        };
        self.declare(name.into(), Reducer::With(Arc::new(combine)), Value::Null)
    }

    /// What the last field holds at first.
    pub fn initially(mut self, value: impl Into<Value>) -> Self {
        let mut value = value.into();
        self.change_last("initially", |field, declared, problems| {
            if let Err(why) = declared.replace(&mut value) {
                problems.push(format!("what field {:?} holds initially does not fit: {why}", field.name));
            }
            declared.default = value;
        });
        if let (Some(declared), Some(value)) = (self.shape.declared.last(), self.values.last_mut()) {
            value.clone_from(&declared.default);
        }
        self
    }

    /// Keeps the last field out of storage: it is what it is by default again when a thread is resumed.
    pub fn untracked(mut self) -> Self {
        self.change_last("untracked", |field, _, _| field.storage = Storage::Untracked);
        self
    }

    /// Lets the value of the last field last one superstep.
    pub fn ephemeral(mut self) -> Self {
        self.change_last("ephemeral", |field, _, problems| {
            if field.storage == Storage::Messages {
                let name = &field.name;
                problems.push(format!("field {name:?} holds messages, which stay until they are removed; an ephemeral field is cleared, so use `append`"));
            }
            field.is_ephemeral = true;
        });
        self
    }

    /// Makes the last field neither an input nor an output of who runs the graph through JSON.
    pub fn private(mut self) -> Self {
        self.change_last("private", |field, _, _| field.is_private = true);
        self
    }

    /// The JSON schema of the value of the last field (of messages: of one of them). It describes and does not check.
    pub fn schema(mut self, schema: Value) -> Self {
        self.change_last("schema", |_, declared, _| declared.schema = Some(schema));
        self
    }

    /// The same, taken from a type.
    pub fn of_type<T: JsonSchema>(self) -> Self {
        self.schema(crate::json::schema::of_type::<T>())
    }

    /// What the last field is, for people who read the schema.
    pub fn described(mut self, text: impl Into<String>) -> Self {
        let text = text.into();
        self.change_last("described", |_, declared, _| declared.description = Some(text));
        self
    }

    /// The value of a field; nothing if it was not declared.
    pub fn value(&self, field: &str) -> Option<&Value> {
        self.values.get(self.position(field)?)
    }

    /// The value of a field as a type of yours.
    pub fn get<T: DeserializeOwned>(&self, field: &str) -> Result<T, FieldError> {
        let value = self.value(field).ok_or_else(|| FieldError::Unknown {
            field: field.to_owned(),
            hint: field_hint(field, self.shape.fields.iter()),
        })?;
        T::deserialize(value).map_err(|error| FieldError::Type {
            field: field.to_owned(),
            wanted: std::any::type_name::<T>(),
            reason: error.to_string(),
        })
    }

    fn position(&self, field: &str) -> Option<usize> {
        self.shape.fields.iter().position(|known| *known.name == *field)
    }

    fn declare(mut self, name: String, reducer: Reducer, default: Value) -> Self {
        let shape = Arc::make_mut(&mut self.shape);
        if shape.fields.iter().any(|field| *field.name == *name) {
            shape.problems.push(format!("field {name:?} is declared twice"));
        }
        if name.is_empty() || name.starts_with('$') {
            shape
                .problems
                .push(format!("field {name:?} needs another name: not empty, and not with a `$` first"));
        }
        if shape.fields.len() == 128 {
            shape.problems.push("a state has at most 128 fields; group some in an object".to_owned());
        }
        let (is_exclusive, storage) = match &reducer {
            Reducer::Plain => (true, Storage::Whole),
            Reducer::Collect(storage) => (false, *storage),
            Reducer::Add | Reducer::With(_) => (false, Storage::Whole),
        };
        shape.fields.push(Field { name: Cow::Owned(name), is_exclusive, storage, ..Field::exclusive("") });
        self.values.push(default.clone());
        shape.declared.push(Declared { reducer, default, schema: None, description: None });
        self
    }

    fn change_last(&mut self, what: &str, change: impl FnOnce(&mut Field, &mut Declared, &mut Vec<String>)) {
        let Shape { fields, declared, problems } = Arc::make_mut(&mut self.shape);
        match (fields.last_mut(), declared.last_mut()) {
            (Some(field), Some(declared)) => change(field, declared, problems),
            (_, _) => problems
                .push(format!("`{what}` comes before any field; it says something about the last one")),
        }
    }
}

impl Declared {
    /// Lets a write meet the value.
    fn reduce(&self, current: &mut Value, written: Value) -> Result<(), String> {
        match &self.reducer {
            Reducer::Plain => {
                *current = written;
                Ok(())
            }
            Reducer::Collect(storage) => json::write(*storage, WriteMode::Reduce, current, written),
            Reducer::Add => json::add(current, &written),
            Reducer::With(combine) => combine(current, written),
        }
    }

    /// Makes a value fit to be the whole of the field, or says why it is not.
    fn replace(&self, value: &mut Value) -> Result<(), String> {
        match &self.reducer {
            Reducer::Plain | Reducer::With(_) => Ok(()),
            Reducer::Collect(_) | Reducer::Add => {
                let whole = value.take();
                self.reduce(value, whole)
            }
        }
    }

    fn field_schema(&self) -> FieldSchema {
        let schema = self.schema.clone().and_then(|schema| Schema::try_from(schema).ok());
        let of_type = |text: &str| schemars::json_schema!({ "type": text });
        let field = match &self.reducer {
            Reducer::Plain => FieldSchema::plain(schema),
            Reducer::Collect(Storage::Messages) => FieldSchema::messages(schema),
            Reducer::Collect(Storage::Append) => {
                FieldSchema::collected(schema.or_else(|| Some(of_type("array"))))
            }
            Reducer::Collect(Storage::Merge | Storage::Whole | Storage::Untracked) => {
                FieldSchema::collected(schema.or_else(|| Some(of_type("object"))))
            }
            Reducer::Add => FieldSchema::one(schema.unwrap_or_else(|| of_type("number"))),
            Reducer::With(_) => FieldSchema::one(schema.unwrap_or_default()),
        };
        match &self.description {
            Some(text) => field.described(text),
            None => field,
        }
    }
}

impl State for JsonState {
    type Update = JsonUpdate;

    fn fields(&self) -> &[Field] {
        &self.shape.fields
    }

    fn apply(&mut self, update: JsonUpdate) -> Result<(), MergeError> {
        let shape = Arc::clone(&self.shape);
        for (name, change) in update.into_writes()? {
            let Some(position) = self.position(&name) else {
                let hint = field_hint(&name, shape.fields.iter());
                return Err(MergeError::new(name, format!("the state has no such field; {hint}")));
            };
            let (declared, value) = (&shape.declared[position], &mut self.values[position]);
            let merged = match change {
                Change::Keep => Ok(()),
                Change::Set(written) => declared.reduce(value, written),
                Change::Overwrite(mut whole) => declared.replace(&mut whole).map(|()| *value = whole),
            };
            merged.map_err(|why| MergeError::new(name, why))?;
        }
        Ok(())
    }

    fn field_json(&self, position: usize) -> Result<Json, serde_json::Error> {
        Json::of(self.values.get(position).ok_or_else(|| no_field(position))?)
    }

    fn set_field(&mut self, position: usize, json: &RawValue) -> Result<(), serde_json::Error> {
        *self.values.get_mut(position).ok_or_else(|| no_field(position))? = serde_json::from_str(json.get())?;
        Ok(())
    }

    fn clear_field(&mut self, position: usize) {
        if let (Some(value), Some(declared)) =
            (self.values.get_mut(position), self.shape.declared.get(position))
        {
            value.clone_from(&declared.default);
        }
    }

    fn field_schema(&self, position: usize, _: &mut SchemaGenerator) -> FieldSchema {
        self.shape.declared.get(position).map_or_else(FieldSchema::any, Declared::field_schema)
    }

    fn problems(&self) -> Vec<String> {
        self.shape.problems.clone()
    }
}

/// The fields and their values; the declarations do not count.
impl PartialEq for JsonState {
    fn eq(&self, other: &Self) -> bool {
        self.entries().eq(other.entries())
    }
}

/// Why a field of a [`JsonState`] cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldError {
    /// It was not declared.
    #[error("the state has no field {field:?}; {hint}")]
    Unknown {
        /// The name that was asked for.
        field: String,
        /// What may have been meant.
        hint: String,
    },
    /// Its value is of another type.
    #[error("field {field:?} is not a `{wanted}`: {reason}")]
    Type {
        /// The field.
        field: String,
        /// The type that was asked for.
        wanted: &'static str,
        /// What is there.
        reason: String,
    },
}

impl JsonState {
    fn entries(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.shape.fields.iter().map(|field| &*field.name).zip(&self.values)
    }
}

impl fmt::Debug for JsonState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.entries().map(|(name, value)| (name, value.to_string()))).finish()
    }
}

impl Serialize for JsonState {
    fn serialize<W: Serializer>(&self, serializer: W) -> Result<W::Ok, W::Error> {
        serializer.collect_map(self.entries())
    }
}

/// Every key becomes a field that holds the last value written; threads read their state field by field instead.
impl<'de> Deserialize<'de> for JsonState {
    fn deserialize<R: Deserializer<'de>>(deserializer: R) -> Result<Self, R::Error> {
        let object = Map::<String, Value>::deserialize(deserializer)?;
        Ok(object
            .into_iter()
            .fold(Self::new(), |state, (name, value)| state.declare(name, Reducer::Plain, value)))
    }
}
