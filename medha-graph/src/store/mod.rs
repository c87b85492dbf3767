//! Where checkpoints live: the trait of savers, what they store, and the saver in memory.

pub(crate) mod key;
pub(crate) mod checkpointer;
pub(crate) mod error;
pub mod retention;
pub mod conformance;
pub(crate) mod memory;

pub use crate::engine::checkpoint::{HeadRef, Line, RunId, TaskInput};
pub use crate::engine::name::Name;
pub use crate::engine::record::{
    Cause, Effect, FieldValue, FieldWrite, Json, Origin, Progress, StoredCheckpoint, StoredField, StoredJoin,
    StoredOutcome, StoredQuestion, StoredTask, TaskProgress, TaskWrites, Written,
};
pub use checkpointer::{Answer, Checkpointer, Head, HistoryQuery};
pub use error::{CheckpointError, CheckpointErrorKind, Operation};
pub use key::ThreadKey;
pub use memory::MemorySaver;
