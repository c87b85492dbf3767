//! The retrieval index: finds tables, columns, values, past questions and documents by what people call them.
//!
//! A [`RetrievalIndex`] holds [`Entry`]s in collections, one for a connection, say. A search asks several arms, each of which
//! ranks entries in its own way (words with their stems, letters, vectors of an [`Embedder`]), and merges the ranks. Nothing
//! needs a model: [`HashEmbedder`] makes vectors of the letters. With the feature `rig` any embedding model of rig can take its
//! place (`serde_json` then keeps the order of keys in the whole program). [`SqliteIndex`] is the one to start with, `PostgresIndex` the
//! one for several machines; [`index_schema`] makes entries of a database.
//!
//! ```
//! # #[cfg(feature = "sqlite")] {
//! use medha_connectors::retrieval::{Entry, EntryKind, Query, RetrievalIndex, SqliteIndex};
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
//! # runtime.block_on(async {
//! let index = SqliteIndex::open("sqlite::memory:").await?;
//! let entries = [
//!     Entry::new("orders", EntryKind::Table, "customer_orders: what was bought, when and by whom"),
//!     Entry::new("staff", EntryKind::Table, "staff: the people who work here"),
//! ];
//! index.upsert("shop", &entries).await?;
//! let hits = index.search(&Query::new("shop", "ordres of a custommer")).await?;
//! assert_eq!(hits[0].entry.id, "orders");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod entry;
mod query;
mod index;
mod error;
mod embedder;
mod hash;
#[cfg(feature = "rig")]
mod rig;
mod describe;
mod words;
mod fusion;
mod vector;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod sql;
pub mod conformance;

pub use describe::index_schema;
pub use embedder::{EmbedError, Embedder};
pub use entry::{Entry, EntryKind};
pub use error::RetrievalError;
pub use hash::HashEmbedder;
pub use index::{
    Arm, ArmStatus, CollectionStatus, IndexStatus, Reembedding, ReembeddingStatus, RetrievalIndex,
};
pub use query::{Hit, Query, Ranks};
#[cfg(feature = "rig")]
pub use rig::RigEmbedder;
#[cfg(feature = "postgres")]
pub use sql::PostgresIndex;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use sql::SqlIndex;
#[cfg(feature = "sqlite")]
pub use sql::SqliteIndex;
