//! One suite that every index passes.
//!
//! Whoever writes an index makes a function that opens it, with the embedder it is given, over the same empty storage each
//! time, and calls [`broken_promises`] with it in a test.
//!
//! ```
//! # #[cfg(feature = "sqlite")] {
//! use medha_connectors::retrieval::{Embedder, RetrievalIndex, SqliteIndex, conformance};
//! use std::sync::Arc;
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
//! # runtime.block_on(async {
//! # let folder = tempfile::tempdir()?;
//! let path = folder.path().join("index.db");
//! let open = async |embedder: Arc<dyn Embedder>| {
//!     Arc::new(SqliteIndex::open_with(&path, embedder).await.unwrap()) as Arc<dyn RetrievalIndex>
//! };
//! assert_eq!(conformance::broken_promises(open).await, Vec::<String>::new());
//! # Ok::<(), std::io::Error>(())
//! # })?;
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod embedders;
mod finding;
mod keeping;
mod embedding;

use std::sync::Arc;

use super::embedder::Embedder;
use super::entry::{Entry, EntryKind};
use super::error::RetrievalError;
use super::hash::HashEmbedder;
use super::index::RetrievalIndex;
use super::query::Query;

/// Runs every check, and says what is wrong.
pub async fn broken_promises(
    open: impl AsyncFn(Arc<dyn Embedder>) -> Arc<dyn RetrievalIndex>,
) -> Vec<String> {
    let mut broken = Vec::new();
    let mut note = |check: &str, outcome: Outcome| {
        if let Err(Broken(reason)) = outcome {
            broken.push(format!("{check}: {reason}"));
        }
    };
    let index = open(Arc::new(HashEmbedder)).await;
    let index = index.as_ref();
    note("words, stems and parts of identifiers are found", finding::words(index).await);
    note("misspellings are found", finding::misspellings(index).await);
    note("any text goes in and can be asked", finding::any_text(index).await);
    note("kinds and collections are kept apart", finding::kinds_and_collections(index).await);
    note("limits hold, and ties go to the smaller id", finding::order(index).await);
    note("what is put in replaces what had its id", keeping::replacing(index).await);
    note("payloads come back as they are", keeping::payloads(index).await);
    note("what was removed never comes back", keeping::removing(index, &open).await);
    note("names that are too long or unknown are errors", keeping::names(index).await);
    note("two openings of one storage see each other's writes", keeping::two_openings(index, &open).await);
    note("what has not changed is not embedded again", embedding::unchanged(&open).await);
    note("another embedder is refused", embedding::mixing(&open).await);
    note("a failing embedder changes nothing", embedding::failing(&open).await);
    note("old vectors serve until all new ones are there", embedding::exchange(&open).await);
    note("an interrupted re-embedding goes on where it was", embedding::resuming(&open).await);
    note("writes during a re-embedding are not lost", embedding::writes_meanwhile(&open).await);
    note("a re-embedding gives way to another one", embedding::superseding(&open).await);
    broken
}

/// Why a promise is broken.
struct Broken(String);
type Outcome = Result<(), Broken>;

impl From<RetrievalError> for Broken {
    fn from(error: RetrievalError) -> Self {
        Self(error.to_string())
    }
}

fn check(holds: bool, otherwise: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(Broken(otherwise())) }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, expected: &T) -> Outcome {
    check(found == expected, || format!("{what}: expected {expected:?}, found {found:?}"))
}

fn entry(id: &str, text: &str) -> Entry {
    Entry::new(id, EntryKind::Table, text)
}

/// The ids of what is found.
async fn ids(
    index: &dyn RetrievalIndex,
    collection: &str,
    text: &str,
) -> Result<Vec<String>, RetrievalError> {
    let hits = index.search(&Query::new(collection, text)).await?;
    Ok(hits.into_iter().map(|hit| hit.entry.id).collect())
}
