//! What can be searched for, and how what was found is ordered. Pure, so that every store can share it.

use std::cmp::Ordering;
use std::time::SystemTime;

use serde_json::Value;

use super::filter::Filter;
use super::item::Item;
use super::namespace::{Namespace, NamespacePattern};

/// What to search for: where, under which conditions, and about what. Ten items from the first, unless it says more.
///
/// ```
/// use medha_graph::Namespace;
/// use medha_graph::store::{Filter, Search};
///
/// let cafes: Namespace = "places.cafes".parse()?;
/// let search = Search::within(&cafes).filter(Filter::gte("stars", 4)?).about("quiet, with a garden").limit(3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a search does nothing until a store is asked"]
pub struct Search {
    /// The namespace to search, with all inside it; the whole store if there is none.
    pub within: Option<Namespace>,
    /// Conditions that must all hold.
    pub filters: Vec<Filter>,
    /// Words that must all occur in the texts of the document, in lower case.
    pub words: Vec<String>,
    /// What it should be about.
    pub query: Option<Query>,
    /// How many items to return.
    pub limit: usize,
    /// How many items to pass over before.
    pub offset: usize,
    /// Whether what is returned lives longer for it.
    pub renewal: Renewal,
}

/// What items should be about. Exhaustive on purpose: a store handles all of them.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// A text, which the store's embedder makes a vector of.
    Text(String),
    /// A vector of the store's embedder.
    Vector(Vec<f32>),
}

/// Whether reading an item makes it live as long again. Exhaustive on purpose: a store handles all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Renewal {
    /// As the store was told.
    #[default]
    Standard,
    /// It does.
    Renew,
    /// It does not.
    Leave,
}

impl Renewal {
    /// The choice, where the store's own rule is given.
    #[must_use]
    pub fn or(self, standard: bool) -> bool {
        match self {
            Self::Standard => standard,
            Self::Renew => true,
            Self::Leave => false,
        }
    }
}

/// An item a search found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The item.
    pub item: Item,
    /// How close it is to the query, from -1 to 1: the cosine of the closest of its indexed parts. None without a
    /// query, and for items that are not indexed.
    pub score: Option<f32>,
}

/// What decides where an item stands among those that were found.
pub(super) struct Place<'a> {
    pub(super) score: Option<f32>,
    pub(super) updated_at: SystemTime,
    pub(super) namespace: &'a Namespace,
    pub(super) key: &'a str,
}

impl Place<'_> {
    /// The closest first, then what has no score, the last updated first, then by name.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        let closeness = |place: &Self| place.score.unwrap_or(f32::NEG_INFINITY);
        closeness(other)
            .total_cmp(&closeness(self))
            .then_with(|| other.updated_at.cmp(&self.updated_at))
            .then_with(|| (self.namespace, self.key).cmp(&(other.namespace, other.key)))
    }
}

impl Found {
    fn place(&self) -> Place<'_> {
        let Item { namespace, key, updated_at, .. } = &self.item;
        Place { score: self.score, updated_at: *updated_at, namespace, key }
    }
}

impl Search {
    /// Searches a namespace and all inside it.
    pub fn within(namespace: &Namespace) -> Self {
        Self { within: Some(namespace.clone()), ..Self::everywhere() }
    }

    /// Searches the whole store.
    pub fn everywhere() -> Self {
        let (filters, words, renewal) = (Vec::new(), Vec::new(), Renewal::Standard);
        Self { within: None, filters, words, query: None, limit: 10, offset: 0, renewal }
    }

    /// Adds a condition; all must hold.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filters.push(filter);
        self
    }

    /// Finds only documents in whose texts each of these words occurs, as it is or as part of another, in upper or
    /// lower case. Needs no embedder.
    pub fn containing(mut self, words: &str) -> Self {
        self.words.extend(words.split_whitespace().map(str::to_lowercase));
        self
    }

    /// Orders by meaning, what is closest to this text first. The store needs an embedder.
    pub fn about(mut self, text: impl Into<String>) -> Self {
        self.query = Some(Query::Text(text.into()));
        self
    }

    /// Orders by meaning, what is closest to this vector first. The store needs an embedder.
    pub fn near(mut self, vector: impl Into<Vec<f32>>) -> Self {
        self.query = Some(Query::Vector(vector.into()));
        self
    }

    /// Returns at most this many items.
    pub fn limit(mut self, items: usize) -> Self {
        self.limit = items;
        self
    }

    /// Passes over this many items first.
    pub fn offset(mut self, items: usize) -> Self {
        self.offset = items;
        self
    }

    /// Says whether what is returned lives longer for it.
    pub fn renewal(mut self, renewal: Renewal) -> Self {
        self.renewal = renewal;
        self
    }

    /// Whether a document fulfils the conditions; for stores that cannot leave this to their database.
    pub fn accepts(&self, namespace: &Namespace, value: &Value) -> bool {
        self.within.as_ref().is_none_or(|within| namespace.is_under(within))
            && self.filters.iter().all(|filter| filter.holds(value))
            && self.words.iter().all(|word| occurs(word, value))
    }

    /// Puts what was found in order and cuts the page out: the closest first, then what has no score, the last
    /// updated first, then by name. For stores that cannot leave this to their database.
    #[must_use]
    pub fn arrange(&self, mut found: Vec<Found>) -> Vec<Found> {
        found.sort_by(|a, b| a.place().order(&b.place()));
        found.into_iter().skip(self.offset).take(self.limit).collect()
    }
}

fn occurs(word: &str, value: &Value) -> bool {
    match value {
        Value::String(text) => text.to_lowercase().contains(word),
        Value::Array(elements) => elements.iter().any(|element| occurs(word, element)),
        Value::Object(members) => members.values().any(|member| occurs(word, member)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Which namespaces to list, in the order of their labels: all that hold an item, a hundred from the first, unless it
/// says more.
///
/// ```
/// use medha_graph::store::ListNamespaces;
///
/// // The users that have notes: `users.ann`, `users.bob`, ...
/// let search = ListNamespaces::all().prefix("users.*".parse()?).suffix("notes".parse()?).max_depth(2);
/// # Ok::<(), medha_graph::store::NamespaceError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a list is made by asking a store"]
pub struct ListNamespaces {
    /// How they begin.
    pub prefix: Option<NamespacePattern>,
    /// How they end.
    pub suffix: Option<NamespacePattern>,
    /// To how many labels they are cut; what is then equal is listed once.
    pub max_depth: Option<usize>,
    /// How many to return.
    pub limit: usize,
    /// How many to pass over before.
    pub offset: usize,
}

impl ListNamespaces {
    /// Every namespace that holds an item.
    pub fn all() -> Self {
        Self { prefix: None, suffix: None, max_depth: None, limit: 100, offset: 0 }
    }

    /// Those that begin like this.
    pub fn prefix(mut self, pattern: NamespacePattern) -> Self {
        self.prefix = Some(pattern);
        self
    }

    /// Those that end like this.
    pub fn suffix(mut self, pattern: NamespacePattern) -> Self {
        self.suffix = Some(pattern);
        self
    }

    /// Cuts them to this many labels (at least one), after prefix and suffix were compared.
    pub fn max_depth(mut self, labels: usize) -> Self {
        self.max_depth = Some(labels);
        self
    }

    /// Returns at most this many.
    pub fn limit(mut self, namespaces: usize) -> Self {
        self.limit = namespaces;
        self
    }

    /// Passes over this many first.
    pub fn offset(mut self, namespaces: usize) -> Self {
        self.offset = namespaces;
        self
    }

    /// Picks them out of all there are; for stores that cannot leave this to their database.
    #[must_use]
    pub fn pick<'n>(&self, all: impl IntoIterator<Item = &'n Namespace>) -> Vec<Namespace> {
        let fits = |namespace: &&Namespace| {
            self.prefix.as_ref().is_none_or(|prefix| prefix.begins(namespace))
                && self.suffix.as_ref().is_none_or(|suffix| suffix.ends(namespace))
        };
        let cut = |namespace: &Namespace| {
            self.max_depth.map_or_else(|| namespace.clone(), |depth| namespace.truncated(depth))
        };
        let mut picked: Vec<Namespace> = all.into_iter().filter(fits).map(cut).collect();
        picked.sort();
        picked.dedup();
        picked.into_iter().skip(self.offset).take(self.limit).collect()
    }
}
