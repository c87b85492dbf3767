//! One thing to ask of a store, and its reply: what a batch is made of.

use super::error::StoreError;
use super::item::{Item, Put};
use super::namespace::Namespace;
use super::search::{Found, ListNamespaces, Renewal, Search};

/// One thing to ask of a store. Exhaustive on purpose: a store handles all of them.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "an operation is done by handing it to a store"]
pub enum StoreOp {
    /// Puts a document in.
    Put(Put),
    /// Reads a document.
    Get(Get),
    /// Removes a document.
    Delete(Delete),
    /// Searches documents.
    Search(Search),
    /// Lists namespaces.
    Namespaces(ListNamespaces),
}

/// A document to read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a document is read by handing this to a store"]
pub struct Get {
    /// Where it lives.
    pub namespace: Namespace,
    /// Its name there.
    pub key: String,
    /// Whether it lives longer for being read.
    pub renewal: Renewal,
}

/// A document to remove.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a document is removed by handing this to a store"]
pub struct Delete {
    /// Where it lives.
    pub namespace: Namespace,
    /// Its name there.
    pub key: String,
}

/// What a store replies, one for each operation of the same kind.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum StoreReply {
    /// To a put.
    Stored,
    /// To a get: the item, if it is there.
    Item(Option<Item>),
    /// To a delete: whether there was something to remove.
    Deleted(bool),
    /// To a search: a page of what was found, the best first.
    Found(Vec<Found>),
    /// To a list of namespaces.
    Namespaces(Vec<Namespace>),
}

impl StoreOp {
    /// What the types cannot promise; every store refuses a batch with an operation that fails this.
    pub fn check(&self) -> Result<(), StoreError> {
        let (namespace, key) = match self {
            Self::Put(Put { namespace, key, .. })
            | Self::Get(Get { namespace, key, .. })
            | Self::Delete(Delete { namespace, key }) => (namespace, key),
            Self::Search(_) | Self::Namespaces(_) => return Ok(()),
        };
        let why = match key.as_str() {
            "" => "is empty",
            key if key.contains('\0') => "holds a NUL",
            _ => return Ok(()),
        };
        Err(StoreError::BadKey { namespace: namespace.clone(), key: key.clone(), why })
    }
}

impl Get {
    /// Reads the document of this name.
    pub fn new(namespace: &Namespace, key: impl Into<String>) -> Self {
        Self { namespace: namespace.clone(), key: key.into(), renewal: Renewal::Standard }
    }

    /// Says whether it lives longer for being read.
    pub fn renewal(mut self, renewal: Renewal) -> Self {
        self.renewal = renewal;
        self
    }
}

impl Delete {
    /// Removes the document of this name.
    pub fn new(namespace: &Namespace, key: impl Into<String>) -> Self {
        Self { namespace: namespace.clone(), key: key.into() }
    }
}

macro_rules! operations {
    ($($variant:ident $kind:ident)*) => {$(
        impl From<$kind> for StoreOp {
            fn from(operation: $kind) -> Self { Self::$variant(operation) }
        }
    )*};
}
operations!(Put Put  Get Get  Delete Delete  Search Search  Namespaces ListNamespaces);
