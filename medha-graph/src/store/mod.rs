//! What outlives a run: checkpoints (the trait of savers, what they store, the saver in memory), long-term memory
//! shared by all threads, and what cached nodes came to.
//!
//! A program that runs graphs names a [`Checkpointer`], a [`Store`] and a [`NodeCache`] where it configures a graph, and
//! little else of this page; the rest is for those who write one of the three, with a suite each that says whether it is
//! right: [`conformance`], [`store_conformance`] and [`cache_conformance`].
//!
//! ```
//! use medha_graph::prelude::*;
//! use medha_graph::store::{MemoryCache, MemorySaver, MemoryStore};
//!
//! #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
//! struct Essay { draft: String }
//! async fn write() -> EssayUpdate { Essay::update().draft("All about bridges.") }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let graph = StateGraph::<Essay>::new("essay")
//!     .node("write", write.cache(CachePolicy::new()))
//!     .edge(START, "write").edge("write", END).compile()?
//!     .with_checkpointer(MemorySaver::default())     // where threads stand
//!     .with_store(MemoryStore::new())                // what nodes remember, whatever the thread
//!     .with_cache(MemoryCache::new());               // what nodes came to when they were given the same
//! graph.thread("essay-1").invoke(Essay::update()).await?;
//! let snapshot = graph.thread("essay-1").state().await?.ok_or("nothing is stored")?;
//! assert_eq!(snapshot.state.draft, "All about bridges.");
//! # Ok(()) }
//! ```

pub(crate) mod key;
pub(crate) mod checkpointer;
pub(crate) mod error;
pub mod retention;
pub mod conformance;
pub(crate) mod memory;
pub(crate) mod clock;
pub(crate) mod long_term;
pub(crate) mod cache;
pub(crate) mod faulty;

pub use crate::engine::checkpoint::{CheckpointId, HeadRef, Line, RunId, TaskInput};
pub use crate::engine::name::Name;
pub use crate::engine::record::{
    Cause, Effect, FieldValue, FieldWrite, Json, Origin, Progress, StoredCheckpoint, StoredField, StoredJoin,
    StoredOutcome, StoredQuestion, StoredTask, TaskProgress, TaskWrites, Written,
};
pub use cache::conformance as cache_conformance;
pub use cache::memory::MemoryCache;
pub use cache::node_cache::{CacheError, CacheKey, NodeCache};
pub use checkpointer::{Answer, Checkpointer, Head, HistoryQuery};
pub use clock::{Clock, ManualClock, SystemClock};
pub use error::{CheckpointError, CheckpointErrorKind, Operation};
pub use faulty::{Break, Call, FaultySaver};
pub use key::ThreadKey;
pub use long_term::conformance as store_conformance;
pub use long_term::embed::{Embed, EmbedError, VectorIndex, closeness};
pub use long_term::error::StoreError;
pub use long_term::filter::{Comparison, Filter};
pub use long_term::item::{Indexing, Item, Lifetime, Put};
pub use long_term::memory::MemoryStore;
pub use long_term::namespace::{Namespace, NamespaceError, NamespacePattern};
pub use long_term::operation::{Delete, Get, StoreOp, StoreReply};
pub use long_term::path::{JsonPath, PathError, PathStep};
pub use long_term::search::{Found, ListNamespaces, Query, Renewal, Search};
pub use long_term::store::Store;
pub use memory::MemorySaver;
