//! What is asked of an index, and what it answers.

use super::entry::{Entry, EntryKind};

/// What to look for.
///
/// Any text may be asked: it is read as words, never as a search language. Of an essay the first 4,000 bytes count.
///
/// ```
/// use medha_connectors::retrieval::{EntryKind, Query};
///
/// let query = Query::new("shop", "revenue by month").kinds([EntryKind::Table, EntryKind::Column]).limit(5);
/// assert_eq!(query.limit, 5);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Where.
    pub collection: String,
    /// In plain words.
    pub text: String,
    /// Only these; all if there are none.
    pub kinds: Vec<EntryKind>,
    /// At most so many hits.
    pub limit: usize,
}

impl Query {
    /// The ten best of all kinds.
    pub fn new(collection: impl Into<String>, text: impl Into<String>) -> Self {
        Self { collection: collection.into(), text: text.into(), kinds: Vec::new(), limit: 10 }
    }

    /// Only entries of these kinds.
    #[must_use]
    pub fn kinds(mut self, kinds: impl IntoIterator<Item = EntryKind>) -> Self {
        self.kinds = kinds.into_iter().collect();
        self
    }

    /// At most so many hits.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }
}

/// An entry that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// What was found.
    pub entry: Entry,
    /// The merged score: comparable within one answer only.
    pub score: f64,
    /// Where each arm had it.
    pub ranks: Ranks,
}

/// The place an entry has in the ranking of each arm, from 1; `None` where the arm has not found it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ranks {
    /// By the stems of words.
    pub words: Option<u32>,
    /// By letters in common (`pg_trgm`).
    pub letters: Option<u32>,
    /// By the vectors of the embedder.
    pub vectors: Option<u32>,
}
