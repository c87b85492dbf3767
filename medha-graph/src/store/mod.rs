//! What outlives a run: checkpoints (the trait of savers, what they store, the saver in memory), long-term memory
//! shared by all threads, and what cached nodes came to.

pub(crate) mod checkpointer;
pub mod conformance;
pub(crate) mod memory;
pub(crate) mod clock;
pub(crate) mod long_term;
pub(crate) mod cache;

pub use crate::engine::checkpoint::TaskInput;
pub use crate::engine::record::{
    Cause, Progress, StoredCheckpoint, StoredJoin, StoredOutcome, StoredQuestion, StoredTask, TaskProgress,
    TaskWrites,
};
pub use cache::conformance as cache_conformance;
pub use cache::memory::MemoryCache;
pub use cache::node_cache::{CacheError, CacheKey, NodeCache};
pub use checkpointer::{CheckpointError, CheckpointErrorKind, Checkpointer, Head, Operation};
pub use clock::{Clock, ManualClock, SystemClock};
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
