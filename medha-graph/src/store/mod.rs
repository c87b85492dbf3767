//! What outlives a run: checkpoints (the trait of savers, what they store, the saver in memory), long-term memory
//! shared by all threads, and what cached nodes came to.

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

pub use crate::engine::checkpoint::{HeadRef, Line, RunId, TaskInput};
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
