//! The fields of a state as the engine sees them, sets of them, and what is said of one that is not there.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::graph::topology::nearest;

/// One field of a state, as the engine sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Field {
    /// The name of the field in the struct.
    pub name: Cow<'static, str>,
    /// Whether a second write in the same superstep is a conflict, because no reducer combines them.
    pub is_exclusive: bool,
    /// What a checkpoint holds of it.
    pub storage: Storage,
    /// Whether its value lasts one superstep: it is cleared by the next one that does not write it.
    pub is_ephemeral: bool,
    /// Whether it is kept from whoever runs the graph through JSON: neither an input nor an output.
    pub is_private: bool,
    /// Whether its type [always reads back](crate::state::ReadsBack).
    pub always_reads_back: bool,
}

/// What a checkpoint holds of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Storage {
    /// Its value, whenever it was written.
    Whole,
    /// The items appended to it, and from time to time its value.
    Append,
    /// The entries merged into it, and from time to time its value.
    Merge,
    /// The messages put and removed, and from time to time its value.
    Messages,
    /// Nothing: it is what it is by default again when a thread is resumed.
    Untracked,
}

impl Field {
    /// A field without a reducer: it holds the last value written.
    pub const fn exclusive(name: &'static str) -> Self {
        Self::new(name, true, Storage::Whole)
    }

    /// A field whose writes a reducer combines.
    pub const fn reduced(name: &'static str) -> Self {
        Self::new(name, false, Storage::Whole)
    }

    /// A field whose writes are collected, and stored as they come.
    pub const fn collected(name: &'static str, storage: Storage) -> Self {
        Self::new(name, false, storage)
    }

    const fn new(name: &'static str, is_exclusive: bool, storage: Storage) -> Self {
        Self {
            name: Cow::Borrowed(name),
            is_exclusive,
            storage,
            is_ephemeral: false,
            is_private: false,
            always_reads_back: false,
        }
    }

    /// Lasts one superstep.
    #[must_use]
    pub const fn ephemeral(mut self) -> Self {
        self.is_ephemeral = true;
        self
    }

    /// Is not stored.
    #[must_use]
    pub const fn untracked(mut self) -> Self {
        self.storage = Storage::Untracked;
        self
    }

    /// Says whether its type always reads back. Messages are marked in their JSON, so theirs is always read.
    #[must_use]
    pub const fn reading_back(mut self, always: bool) -> Self {
        self.always_reads_back = always && !matches!(self.storage, Storage::Messages);
        self
    }

    /// Is neither an input nor an output.
    #[must_use]
    pub const fn private(mut self) -> Self {
        self.is_private = true;
        self
    }
}

/// A set of fields, as positions in [`State::fields`](super::State::fields).
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

    /// The positions in it, ascending.
    pub fn positions(self) -> impl Iterator<Item = usize> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let first = (rest != 0).then(|| rest.trailing_zeros() as usize)?;
            rest &= rest - 1;
            Some(first)
        })
    }

    /// Whether this position is in it.
    pub const fn contains(self, position: usize) -> bool {
        position < 128 && self.0 >> position & 1 == 1
    }

    /// The fields that are in this set and not in the other.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The fields for which the question is answered with yes.
    pub(crate) fn of(fields: &[Field], is_in: impl Fn(&Field) -> bool) -> Self {
        let mut set = Self::EMPTY;
        for (position, field) in fields.iter().enumerate().take(128) {
            if is_in(field) {
                set.insert(position);
            }
        }
        set
    }
}

/// The answer of a derived state to a position it does not have.
pub fn no_field(position: usize) -> serde_json::Error {
    serde::de::Error::custom(format!("the state has no field at position {position}"))
}

/// `did you mean "notes"?`, or what there is.
pub(crate) fn field_hint<'a>(wanted: &str, fields: impl Iterator<Item = &'a Field> + Clone) -> String {
    let names = fields.map(|field| &*field.name);
    if let Some(name) = nearest(wanted, names.clone()) {
        return format!("did you mean {name:?}?");
    }
    let all: Vec<String> = names.map(|name| format!("{name:?}")).collect();
    if all.is_empty() { "it has none".to_owned() } else { format!("its fields are {}", all.join(", ")) }
}
