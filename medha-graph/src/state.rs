//! The typed state of a graph and its partial updates. Nodes read the state and return updates; only the
//! superstep merges them.
//!
//! A program derives [`State`] and needs little else of this page. What is only named here is for those who implement
//! it by hand, for reducers that refuse ([`MergeError`]), and for fields that are costly to copy ([`Shared`]) or to check
//! ([`ReadsBack`]).
//!
//! ```
//! use medha_graph::state::{FieldSet, State, Storage, Update};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
//! struct Essay {
//!     topic: String,
//!     #[state(append)]
//!     notes: Vec<String>,
//! }
//!
//! let essay = Essay::default();
//! let fields = essay.fields();
//! assert!(fields[0].is_exclusive);                    // two nodes of one superstep cannot both write it
//! assert_eq!(fields[1].storage, Storage::Append);     // a checkpoint holds what was appended
//!
//! let written: FieldSet = Essay::update().notes(["first"]).written(fields);
//! assert_eq!(written.positions().collect::<Vec<_>>(), [1]);
//! ```

use std::borrow::Cow;
use std::fmt::{self, Debug};

use schemars::SchemaGenerator;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::engine::json::Json;
use crate::json::schema::FieldSchema;

pub(crate) mod field;
pub(crate) mod change;
pub(crate) mod read_back;
pub(crate) mod shared;

pub use field::{Field, FieldSet, Storage};
pub use medha_graph_macros::State;
pub use read_back::ReadsBack;
pub use shared::Shared;

/// The typed value all nodes of a graph share; derive it.
///
/// ```
/// use medha_graph::State;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
/// struct Essay {
///     topic: String,
///     #[state(append)]
///     notes: Vec<String>,
/// }
///
/// let mut essay = Essay::default();
/// essay.apply(Essay::update().topic("bridges").notes(["first"])).unwrap();
/// essay.apply(Essay::update().notes(["second"])).unwrap();
/// assert_eq!((essay.topic.as_str(), essay.notes.len()), ("bridges", 2));
/// ```
///
/// A state starts as its `Default`, is stored as JSON and must read back what it wrote: floats that are not
/// finite do not survive JSON.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the state of a graph",
    label = "not a state",
    note = "derive it: `#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]`"
)]
pub trait State: Clone + Debug + Default + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The partial change of this state, with one setter per field.
    type Update: Update;

    /// The fields, in the order of the struct.
    fn fields(&self) -> &[Field];

    /// Merges a partial change, field by field, with each field's reducer.
    fn apply(&mut self, update: Self::Update) -> Result<(), MergeError>;

    /// The value of one field, as it is stored.
    fn field_json(&self, position: usize) -> Result<Json, serde_json::Error>;

    /// Puts a stored value into one field.
    fn set_field(&mut self, position: usize, json: &RawValue) -> Result<(), serde_json::Error>;

    /// Makes one field what it is by default.
    fn clear_field(&mut self, position: usize);

    /// The JSON schemas of one field; open unless its type has one.
    fn field_schema(&self, _position: usize, _schemas: &mut SchemaGenerator) -> FieldSchema {
        FieldSchema::any()
    }

    /// What is wrong with the declaration of this state; `compile` reports it. A derived state has been checked before.
    fn problems(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A partial change of a state; made by the derive.
///
/// Fields are positions in [`State::fields`]; the list is passed in for updates that know their fields by name.
pub trait Update: Clone + Debug + Default + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The fields this change writes.
    fn written(&self, fields: &[Field]) -> FieldSet;

    /// Those of them whose value it replaces, past their reducer.
    fn overwritten(&self, fields: &[Field]) -> FieldSet;

    /// What it writes to one field it writes, as it is stored.
    fn write_json(&self, position: usize, fields: &[Field]) -> Result<Json, serde_json::Error>;

    /// Puts a stored write in; `mode` says whether it goes through the reducer.
    fn set_write(
        &mut self,
        position: usize,
        fields: &[Field],
        mode: WriteMode,
        json: &RawValue,
    ) -> Result<(), serde_json::Error>;

    /// Takes the write of one field back.
    fn forget(&mut self, position: usize, fields: &[Field]);
}

/// How a write meets the value that is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteMode {
    /// The reducer of the field combines them; without a reducer the write is the new value.
    #[default]
    Reduce,
    /// The write is the new value, and other writes of its superstep do not count.
    Overwrite,
}

/// Why a change could not be merged: a reducer said no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("field `{field}`: {reason}")]
pub struct MergeError {
    field: Cow<'static, str>,
    reason: String,
}

impl MergeError {
    /// A refusal of one field's reducer.
    pub fn new(field: impl Into<Cow<'static, str>>, reason: impl fmt::Display) -> Self {
        Self { field: field.into(), reason: reason.to_string() }
    }

    /// The field whose reducer refused.
    pub fn field(&self) -> &str {
        &self.field
    }

    pub(crate) fn reason(&self) -> &str {
        &self.reason
    }
}
