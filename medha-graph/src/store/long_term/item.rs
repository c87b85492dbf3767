//! Documents: as they are put in, and as they come back.

use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::StoreError;
use super::namespace::Namespace;
use super::path::{JsonPath, PathError};

/// A stored document. As JSON its times are milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Where it lives.
    pub namespace: Namespace,
    /// Its name there.
    pub key: String,
    /// The document.
    pub value: Value,
    /// When it was first put in; replacing it keeps this.
    #[serde(with = "milliseconds")]
    pub created_at: SystemTime,
    /// When it was last put in.
    #[serde(with = "milliseconds")]
    pub updated_at: SystemTime,
}

impl Item {
    /// The document as a type of yours.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, StoreError> {
        T::deserialize(&self.value).map_err(|source| StoreError::Unreadable {
            namespace: self.namespace.clone(),
            key: self.key.clone(),
            source,
        })
    }
}

/// A document to be put into a store, in place of any of the same name.
///
/// ```
/// use std::time::Duration;
/// use medha_graph::Namespace;
/// use medha_graph::store::Put;
/// use serde_json::json;
///
/// let notes: Namespace = "users.ann.notes".parse()?;
/// let note = Put::new(&notes, "lunch", json!({"text": "no nuts"})).ttl(Duration::from_secs(3600)).unindexed();
/// # Ok::<(), medha_graph::store::NamespaceError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a document is stored by handing this to a store"]
pub struct Put {
    /// Where it will live.
    pub namespace: Namespace,
    /// Its name there: any text but an empty one, without NUL.
    pub key: String,
    /// The document.
    pub value: Value,
    /// How long it lives.
    pub lifetime: Lifetime,
    /// What of it is found by meaning.
    pub indexing: Indexing,
}

/// How long a document lives. Exhaustive on purpose: a store handles all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lifetime {
    /// As long as the store was told documents live.
    #[default]
    Standard,
    /// This long after it was put in, or last read in a store that renews what is read.
    Limited(Duration),
    /// Until it is deleted.
    Unlimited,
}

/// What of a document is found by meaning. Exhaustive on purpose: a store handles all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Indexing {
    /// What the store was told to index.
    #[default]
    Standard,
    /// Nothing.
    Nothing,
    /// These parts.
    Paths(Vec<JsonPath>),
}

impl Put {
    /// Puts a JSON value, with the lifetime and the index of the store.
    pub fn new(namespace: &Namespace, key: impl Into<String>, value: impl Into<Value>) -> Self {
        let (lifetime, indexing) = (Lifetime::Standard, Indexing::Standard);
        Self { namespace: namespace.clone(), key: key.into(), value: value.into(), lifetime, indexing }
    }

    /// Puts a value of yours, written as JSON.
    pub fn of(
        namespace: &Namespace,
        key: impl Into<String>,
        value: &impl Serialize,
    ) -> Result<Self, StoreError> {
        let key = key.into();
        match serde_json::to_value(value) {
            Ok(value) => Ok(Self::new(namespace, key, value)),
            Err(source) => Err(StoreError::Unwritable { namespace: namespace.clone(), key, source }),
        }
    }

    /// Lets it live this long.
    pub fn ttl(mut self, lifetime: Duration) -> Self {
        self.lifetime = Lifetime::Limited(lifetime);
        self
    }

    /// Lets it live until it is deleted, whatever the store says.
    pub fn forever(mut self) -> Self {
        self.lifetime = Lifetime::Unlimited;
        self
    }

    /// Keeps it out of the index: a search by meaning finds it only behind all that are in it.
    pub fn unindexed(mut self) -> Self {
        self.indexing = Indexing::Nothing;
        self
    }

    /// Indexes these parts in place of those the store indexes.
    pub fn indexed_by(mut self, paths: impl IntoIterator<Item: AsRef<str>>) -> Result<Self, PathError> {
        let paths = paths.into_iter().map(|path| path.as_ref().parse());
        self.indexing = Indexing::Paths(paths.collect::<Result<_, _>>()?);
        Ok(self)
    }
}

/// Times as milliseconds since 1970, which every database can hold.
mod milliseconds {
    use std::time::{Duration, SystemTime};

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<W: Serializer>(time: &SystemTime, serializer: W) -> Result<W::Ok, W::Error> {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
        u64::try_from(since).unwrap_or(u64::MAX).serialize(serializer)
    }

    pub(super) fn deserialize<'de, R: Deserializer<'de>>(deserializer: R) -> Result<SystemTime, R::Error> {
        let since = Duration::from_millis(u64::deserialize(deserializer)?);
        let time = SystemTime::UNIX_EPOCH.checked_add(since);
        time.ok_or_else(|| serde::de::Error::custom("a time too far in the future"))
    }
}
