//! The trait of caches: what a node came to, by what it was given.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_core::future::BoxFuture;

use crate::engine::record::Json;

/// Keeps what nodes came to. Implement it for a shared cache; [`MemoryCache`](crate::MemoryCache) is the model, and
/// [`cache_conformance`](crate::store::cache_conformance) the suite every cache passes.
///
/// A cache may lose anything at any time, and its failures stop no run: the node then simply runs.
pub trait NodeCache: fmt::Debug + Send + Sync + 'static {
    /// What is kept under this key, if its time is not over.
    fn get<'a>(&'a self, key: &'a CacheKey) -> BoxFuture<'a, Result<Option<Json>, CacheError>>;

    /// Keeps a value in place of any under this key: for this long, or for as long as there is room.
    fn put<'a>(
        &'a self,
        key: &'a CacheKey,
        value: Json,
        ttl: Option<Duration>,
    ) -> BoxFuture<'a, Result<(), CacheError>>;

    /// Forgets everything one node of one graph came to.
    fn clear<'a>(&'a self, graph: &'a str, node: &'a str) -> BoxFuture<'a, Result<(), CacheError>>;
}

impl<C: NodeCache + ?Sized> NodeCache for Arc<C> {
    fn get<'a>(&'a self, key: &'a CacheKey) -> BoxFuture<'a, Result<Option<Json>, CacheError>> {
        (**self).get(key)
    }

    fn put<'a>(
        &'a self,
        key: &'a CacheKey,
        value: Json,
        ttl: Option<Duration>,
    ) -> BoxFuture<'a, Result<(), CacheError>> {
        (**self).put(key, value, ttl)
    }

    fn clear<'a>(&'a self, graph: &'a str, node: &'a str) -> BoxFuture<'a, Result<(), CacheError>> {
        (**self).clear(graph, node)
    }
}

/// Names what a node was given.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CacheKey {
    /// The graph.
    pub graph: Arc<str>,
    /// The node.
    pub node: Arc<str>,
    /// Of what the node was given; as text it is 32 hexadecimal digits, `{:032x}`.
    pub digest: u128,
}

/// Why a cache could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// The storage failed.
    #[error("the cache failed: {0}")]
    Storage(Box<dyn Error + Send + Sync>),
    /// The graph has no cache to clear.
    #[error("graph {graph:?} has no cache; give it one with `with_cache`")]
    NoCache {
        /// The graph.
        graph: String,
    },
    /// The graph has no node of this name.
    #[error("graph {graph:?} has no node {node:?}; {hint}")]
    UnknownNode {
        /// The graph.
        graph: String,
        /// The name.
        node: String,
        /// What may have been meant.
        hint: String,
    },
}
