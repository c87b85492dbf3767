//! Why a store could not do what was asked.

use std::error::Error;

use super::namespace::Namespace;

/// Why a store could not do what was asked. Nothing of the call was kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A key cannot be used.
    #[error("{key:?} cannot be the key of an item in {namespace}: it {why}", namespace = quoted(namespace))]
    BadKey {
        /// Where the item would live.
        namespace: Namespace,
        /// The key.
        key: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The value has no JSON form.
    #[error("item {key:?} of {namespace} cannot be written as JSON: {source}", namespace = quoted(namespace))]
    Unwritable {
        /// Where the item would live.
        namespace: Namespace,
        /// Its key.
        key: String,
        /// Why not.
        source: serde_json::Error,
    },
    /// The document is not of the type it was read as.
    #[error("item {key:?} of {namespace} is not what was expected: {source}", namespace = quoted(namespace))]
    Unreadable {
        /// Where the item lives.
        namespace: Namespace,
        /// Its key.
        key: String,
        /// Why not.
        source: serde_json::Error,
    },
    /// A search by meaning in a store that has nothing to compare meanings with.
    #[error(
        "this store has no embedder, so it cannot search by meaning; give it one, or search with `containing`"
    )]
    NoEmbedder,
    /// A vector of another length than the embedder's.
    #[error(
        "a vector of {found} numbers cannot be compared with the {wanted} numbers of the store's vectors"
    )]
    Dimensions {
        /// How long the vectors of the store are.
        wanted: usize,
        /// How long this one is.
        found: usize,
    },
    /// The embedder failed, or returned something that cannot be compared.
    #[error("the embedder failed: {0}")]
    Embedding(Box<dyn Error + Send + Sync>),
    /// The storage failed.
    #[error("the storage failed: {0}")]
    Storage(Box<dyn Error + Send + Sync>),
    /// The store replied with something else than what was asked for: a defect of the store.
    #[error("the store did not reply to {operation}")]
    WrongReply {
        /// What it was asked to do.
        operation: &'static str,
    },
}

fn quoted(namespace: &Namespace) -> String {
    format!("namespace {:?}", namespace.to_string())
}
