//! What an index holds.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Something that can be found: a text to find it by, and what to hand over then.
///
/// ```
/// use medha_connectors::retrieval::{Entry, EntryKind};
///
/// let entry = Entry::new("q17", EntryKind::Question, "which region sold most last year?")
///     .with_payload(serde_json::json!({"sql": "SELECT region FROM ..."}));
/// assert_eq!(entry.payload["sql"], "SELECT region FROM ...");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its name within the collection, at most 1,000 bytes; what has the same id is replaced.
    pub id: String,
    /// What it is.
    pub kind: EntryKind,
    /// What it is found by. Identifiers may be written as they are: `orderItems` is found as "order items" too.
    pub text: String,
    /// Whatever the finder needs; it is not searched.
    pub payload: Value,
}

impl Entry {
    /// An entry without a payload.
    pub fn new(id: impl Into<String>, kind: EntryKind, text: impl Into<String>) -> Self {
        Self { id: id.into(), kind, text: text.into(), payload: Value::Null }
    }

    /// The same with a payload.
    #[must_use]
    pub fn with_payload(mut self, payload: Value) -> Self {
        self.payload = payload;
        self
    }
}

/// What an entry is; searches can ask for some of the kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EntryKind {
    /// A table or a view.
    Table,
    /// A column.
    Column,
    /// A value of a column.
    Value,
    /// A question somebody asked before.
    Question,
    /// Anything else there is to read.
    Document,
}

impl EntryKind {
    /// All of them.
    pub(crate) const ALL: [Self; 5] =
        [Self::Table, Self::Column, Self::Value, Self::Question, Self::Document];

    /// As it is stored.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Column => "column",
            Self::Value => "value",
            Self::Question => "question",
            Self::Document => "document",
        }
    }

    /// From what is stored.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) fn of(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}
