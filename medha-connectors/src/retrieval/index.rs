//! The trait of all indexes, and what they say about themselves.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::task::JoinHandle;

use super::embedder::Embedder;
use super::entry::Entry;
use super::error::RetrievalError;
use super::query::{Hit, Query};

/// Finds entries by what people call them.
///
/// Entries lie in collections, which are made by the first upsert and know the embedder of their vectors. What belongs to one
/// collection is never found in another.
#[async_trait]
pub trait RetrievalIndex: fmt::Debug + Send + Sync {
    /// Puts entries in, in place of those with the same ids. What has not changed is neither embedded nor written again.
    /// Up to 500 entries go in together or not at all; more are several such steps.
    async fn upsert(&self, collection: &str, entries: &[Entry]) -> Result<(), RetrievalError>;

    /// Takes entries out, and says how many were there.
    async fn remove(&self, collection: &str, ids: &[String]) -> Result<u64, RetrievalError>;

    /// Takes a whole collection out; the next upsert makes it anew, with any embedder.
    async fn clear(&self, collection: &str) -> Result<(), RetrievalError>;

    /// The best entries first. Equal ones come in the order of their ids.
    async fn search(&self, query: &Query) -> Result<Vec<Hit>, RetrievalError>;

    /// What is in it, and which arms it has.
    async fn status(&self) -> Result<IndexStatus, RetrievalError>;

    /// Starts to make the vectors of a collection anew with another embedder. Searches go on with the old vectors until all
    /// new ones are there; then they are exchanged at once. What was done stays done: after a crash, or an error of the
    /// embedder, another call with the same embedder goes on.
    async fn reembed(
        &self,
        collection: &str,
        embedder: Arc<dyn Embedder>,
    ) -> Result<Reembedding, RetrievalError>;
}

/// A re-embedding at work in the background; it stops when this is dropped.
#[derive(Debug)]
#[must_use = "dropping it stops the work"]
pub struct Reembedding {
    task: JoinHandle<Result<(), RetrievalError>>,
}

impl Reembedding {
    /// Over the task that does it.
    pub fn new(task: JoinHandle<Result<(), RetrievalError>>) -> Self {
        Self { task }
    }

    /// Waits until the new vectors serve.
    pub async fn finished(mut self) -> Result<(), RetrievalError> {
        match (&mut self.task).await {
            Ok(result) => result,
            Err(error) => Err(RetrievalError::storage(error)),
        }
    }
}

impl Drop for Reembedding {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What an index says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexStatus {
    /// By name.
    pub collections: Vec<CollectionStatus>,
    /// The arms that are there, and those that could be.
    pub arms: Vec<ArmStatus>,
}

/// One collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectionStatus {
    /// Its name.
    pub name: String,
    /// How many entries it has.
    pub entries: u64,
    /// Who made its vectors.
    pub embedder: String,
    /// Their length.
    pub dimensions: usize,
    /// Where its vectors are compared: in this process, or in the database by pgvector.
    pub vectors_in_database: bool,
    /// What is being made anew, or was when it was interrupted.
    pub reembedding: Option<ReembeddingStatus>,
}

/// How far a re-embedding is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReembeddingStatus {
    /// Who makes the new vectors.
    pub embedder: String,
    /// Entries that have one.
    pub done: u64,
}

/// A way of ranking entries. Exhaustive on purpose: these are the fields of [`Ranks`](super::Ranks).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Arm {
    /// By the stems of words.
    Words,
    /// By letters in common.
    Letters,
    /// By the vectors of the embedder.
    Vectors,
}

/// Whether an arm serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArmStatus {
    /// Which.
    pub arm: Arm,
    /// How it works, or in what way it is less than it could be and what to do.
    pub how: Result<String, String>,
}
