//! Everything a program that builds and runs graphs names, in one `use`; serde's derives included.

pub use crate::{
    CachePolicy, Command, CompiledGraph, Context, Ctx, END, Event, Failure, MemorySaver, NodeError, NodeExt,
    OrRetry, OrTerminal, Outcome, Payload, Resume, RetryPolicy, Route, START, State, StateGraph,
};
pub use serde::{Deserialize, Serialize};
