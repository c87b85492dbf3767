//! The store in memory: the model of all stores, for tests and for programs that need no more.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use futures_core::future::BoxFuture;

use super::embed::{VectorIndex, query_vector};
use super::error::StoreError;
use super::item::Lifetime;
use super::operation::{StoreOp, StoreReply};
use super::shelf::Shelf;
use super::store::Store;
use crate::store::clock::{Clock, SystemClock};

/// Keeps documents in memory; clones share what they keep.
///
/// Documents live until they are deleted, unless [`with_ttl`](Self::with_ttl) or [`Put::ttl`](crate::store::Put::ttl) says how long. Those
/// whose time is over are removed by the next call of any kind: there is no background task. A search looks at every
/// document of its namespace, so this store is for thousands of them, not for millions.
///
/// ```
/// use medha_graph::store::{Filter, Put, Search};
/// use medha_graph::{MemoryStore, Namespace, Store};
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = MemoryStore::new();
/// let cafes = Namespace::new(["places", "cafes"])?;
/// store.put(Put::new(&cafes, "fuglen", json!({"stars": 5, "about": "Coffee and vintage chairs"}))).await?;
/// store.put(Put::new(&cafes, "corner", json!({"stars": 2, "about": "Coffee from a machine"}))).await?;
///
/// let good = store.search(Search::within(&cafes).filter(Filter::gte("stars", 4)?).containing("coffee")).await?;
/// assert_eq!(good[0].item.key, "fuglen");
/// assert_eq!(good.len(), 1);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct MemoryStore {
    shelf: Arc<Mutex<Shelf>>,
    clock: Arc<dyn Clock>,
    index: Option<VectorIndex>,
    ttl: Option<Duration>,
    renews: bool,
}

impl MemoryStore {
    /// An empty store, without an index, whose documents live until they are deleted.
    pub fn new() -> Self {
        let (shelf, clock) = (Arc::default(), Arc::new(SystemClock));
        Self { shelf, clock, index: None, ttl: None, renews: false }
    }

    /// Finds documents by meaning. Documents that are already there are not indexed.
    #[must_use]
    pub fn with_index(mut self, index: VectorIndex) -> Self {
        self.index = Some(index);
        self
    }

    /// Lets documents live this long, unless they are put in with a lifetime of their own.
    #[must_use]
    pub fn with_ttl(mut self, lifetime: Duration) -> Self {
        self.ttl = Some(lifetime);
        self
    }

    /// Lets a document live as long again whenever it is read or found, unless the read says otherwise.
    #[must_use]
    pub fn renewing_on_read(mut self) -> Self {
        self.renews = true;
        self
    }

    /// Takes the time from this clock.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The vectors of each operation: of the parts of a document that is put in, or of what a search is about. The
    /// embedder is shown all documents of a batch at once.
    async fn vectors(&self, operations: &[StoreOp]) -> Result<Vec<Vec<Vec<f32>>>, StoreError> {
        let texts_of = |operation: &StoreOp| match (operation, &self.index) {
            (StoreOp::Put(put), Some(index)) => index.texts(put),
            (StoreOp::Put(_), None) => Vec::new(),
            (StoreOp::Get(_) | StoreOp::Delete(_) | StoreOp::Search(_) | StoreOp::Namespaces(_), _) => {
                Vec::new()
            }
        };
        let texts: Vec<Vec<String>> = operations.iter().map(texts_of).collect();
        let mut documents = match &self.index {
            Some(index) => index.vectors(&texts.concat()).await?,
            None => Vec::new(),
        }
        .into_iter();
        let mut vectors = Vec::with_capacity(operations.len());
        for (operation, texts) in operations.iter().zip(&texts) {
            vectors.push(if let StoreOp::Search(search) = operation {
                query_vector(self.index.as_ref(), search).await?.into_iter().collect()
            } else {
                documents.by_ref().take(texts.len()).collect()
            });
        }
        Ok(vectors)
    }

    /// Does one thing; nothing about it can fail any more.
    fn apply(
        &self,
        shelf: &mut Shelf,
        operation: StoreOp,
        vectors: Vec<Vec<f32>>,
        now: SystemTime,
    ) -> StoreReply {
        match operation {
            StoreOp::Put(put) => {
                let ttl = self.ttl_of(put.lifetime);
                shelf.put(put, vectors, ttl, now);
                StoreReply::Stored
            }
            StoreOp::Get(get) => StoreReply::Item(shelf.get(&get, get.renewal.or(self.renews), now)),
            StoreOp::Delete(delete) => StoreReply::Deleted(shelf.delete(&delete)),
            StoreOp::Search(search) => {
                let query = vectors.first().map(Vec::as_slice);
                StoreReply::Found(shelf.search(&search, query, search.renewal.or(self.renews), now))
            }
            StoreOp::Namespaces(list) => StoreReply::Namespaces(shelf.list(&list)),
        }
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ttl_of(&self, lifetime: Lifetime) -> Option<Duration> {
        match lifetime {
            Lifetime::Standard => self.ttl,
            Lifetime::Limited(ttl) => Some(ttl),
            Lifetime::Unlimited => None,
        }
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl Store for MemoryStore {
    fn batch<'a>(&'a self, operations: Vec<StoreOp>) -> BoxFuture<'a, Result<Vec<StoreReply>, StoreError>> {
        Box::pin(async move {
            operations.iter().try_for_each(StoreOp::check)?;
            // Whatever can fail or wait comes before the lock.
            let vectors = self.vectors(&operations).await?;
            let now = self.clock.now();
            let mut shelf = self.shelf();
            shelf.sweep(now);
            let prepared = operations.into_iter().zip(vectors);
            Ok(prepared.map(|(operation, vectors)| self.apply(&mut shelf, operation, vectors, now)).collect())
        })
    }
}
