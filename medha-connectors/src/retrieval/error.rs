//! What goes wrong between us and an index.

use std::error::Error;

/// An error of a retrieval index.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RetrievalError {
    /// The vectors of the collection are another embedder's: they cannot be compared with those of this one.
    #[error(
        "collection {collection:?} was embedded by {found:?} with {found_dimensions} dimensions, and this index has {ours}; \
         open it with that embedder, or call `reembed` with the new one"
    )]
    OtherEmbedder {
        /// Which collection.
        collection: String,
        /// Who embedded it.
        found: String,
        /// With so many numbers a vector.
        found_dimensions: usize,
        /// What the index was opened with.
        ours: String,
    },
    /// Nothing was ever put into the collection, or it was cleared.
    #[error("there is no collection {collection:?}; an upsert makes it")]
    UnknownCollection {
        /// Which.
        collection: String,
    },
    /// A name is too long to be stored.
    #[error("the name of {what} has {bytes} bytes, and an index takes 1000")]
    LongName {
        /// "a collection" or "an entry".
        what: &'static str,
        /// Its length.
        bytes: usize,
    },
    /// The embedder failed, or its answer cannot be used.
    #[error("the embedder {embedder:?} failed: {reason}")]
    Embedder {
        /// Which.
        embedder: String,
        /// What was wrong.
        reason: String,
    },
    /// Somebody began to re-embed the collection with another embedder, or cleared it.
    #[error(
        "the re-embedding of collection {collection:?} was given up for another one, or the collection was cleared"
    )]
    Superseded {
        /// Which collection.
        collection: String,
    },
    /// What is stored cannot be read.
    #[error("entry {id:?} of the index is damaged: {reason}; upsert it again")]
    Damaged {
        /// Which entry.
        id: String,
        /// What was found.
        reason: String,
    },
    /// The database failed.
    #[error("the storage of the index failed: {0}")]
    Storage(#[source] Box<dyn Error + Send + Sync>),
}

impl RetrievalError {
    /// The database failed.
    pub fn storage(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Storage(error.into())
    }
}
