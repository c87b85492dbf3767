//! The typed state of a graph and its partial updates. Nodes read the state and return updates; only the
//! superstep merges them.

use std::fmt::{self, Debug};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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
    const FIELDS: &'static [Field];

    /// Merges a partial change, field by field, with each field's reducer.
    fn apply(&mut self, update: Self::Update) -> Result<(), MergeError>;
}

/// A partial change of a state; made by the derive.
pub trait Update: Clone + Debug + Default + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The fields this change writes, as positions in [`State::FIELDS`].
    fn written(&self) -> FieldSet;
}

/// One field of a state, as the engine sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Field {
    /// The name of the field in the struct.
    pub name: &'static str,
    /// Whether a second write in the same superstep is a conflict, because no reducer combines them.
    pub exclusive: bool,
}

impl Field {
    /// A field without a reducer: it holds the last value written.
    pub const fn exclusive(name: &'static str) -> Self {
        Self { name, exclusive: true }
    }

    /// A field whose writes a reducer combines.
    pub const fn reduced(name: &'static str) -> Self {
        Self { name, exclusive: false }
    }
}

/// A set of fields, as positions in [`State::FIELDS`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FieldSet(u128);

impl FieldSet {
    /// No field.
    pub const EMPTY: Self = Self(0);

    /// Puts one field in, by its position (below 128).
    pub const fn insert(&mut self, position: usize) {
        self.0 |= 1 << position;
    }

    /// Whether nothing is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The fields that are in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The fields that are in either.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The first position in it.
    pub const fn first(self) -> Option<usize> {
        if self.0 == 0 { None } else { Some(self.0.trailing_zeros() as usize) }
    }

    pub(crate) fn exclusive_of<S: State>() -> Self {
        let mut set = Self::EMPTY;
        for (position, field) in S::FIELDS.iter().enumerate() {
            if field.exclusive {
                set.insert(position);
            }
        }
        set
    }
}

/// Why a change could not be merged: a reducer said no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("field `{field}`: {reason}")]
pub struct MergeError {
    field: &'static str,
    reason: String,
}

impl MergeError {
    /// A refusal of one field's reducer.
    pub fn new(field: &'static str, reason: impl fmt::Display) -> Self {
        Self { field, reason: reason.to_string() }
    }

    /// The field whose reducer refused.
    pub fn field(&self) -> &'static str {
        self.field
    }

    pub(crate) fn reason(&self) -> &str {
        &self.reason
    }
}

/// One field of an update: kept as it is, or written.
///
/// A type of its own rather than `Option`, so that an optional field can be written as `None`.
#[derive(Clone, Debug, Default)]
pub enum Change<T> {
    /// The field is not written.
    #[default]
    Keep,
    /// The field is written.
    Set(T),
}

impl<T> Change<T> {
    /// Whether the field is not written.
    pub fn is_kept(&self) -> bool {
        matches!(self, Self::Keep)
    }
}

impl<T: Default> Change<T> {
    /// The value to be written, made empty first if there is none.
    pub fn get_or_default(&mut self) -> &mut T {
        if self.is_kept() {
            *self = Self::Set(T::default());
        }
        match self {
            Self::Set(value) => value,
            Self::Keep => unreachable!("set on the line above"),
        }
    }
}

impl<T: Serialize> Serialize for Change<T> {
    fn serialize<W: Serializer>(&self, serializer: W) -> Result<W::Ok, W::Error> {
        match self {
            Self::Set(value) => value.serialize(serializer),
            Self::Keep => serializer.serialize_none(),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Change<T> {
    fn deserialize<R: Deserializer<'de>>(deserializer: R) -> Result<Self, R::Error> {
        T::deserialize(deserializer).map(Self::Set)
    }
}
