//! Where checkpoints live: the trait of savers, what they store, and the saver in memory.

pub(crate) mod checkpointer;
pub mod conformance;
pub(crate) mod memory;

pub use crate::engine::checkpoint::TaskInput;
pub use crate::engine::record::{
    Cause, Progress, StoredCheckpoint, StoredJoin, StoredOutcome, StoredQuestion, StoredTask, TaskProgress,
    TaskWrites,
};
pub use checkpointer::{CheckpointError, CheckpointErrorKind, Checkpointer, Head, Operation};
pub use memory::MemorySaver;
