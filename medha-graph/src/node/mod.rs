//! Nodes: what does the work of a graph. Start with `function`, the way most nodes are written.

pub(crate) mod command;
pub(crate) mod config;
pub(crate) mod confined;
pub(crate) mod context;
pub(crate) mod once;
pub(crate) mod parent;
pub(crate) mod call;
pub(crate) mod journal;
pub(crate) mod parameters;
pub(crate) mod error;
pub(crate) mod extract;
pub(crate) mod failure;
pub(crate) mod function;
pub(crate) mod pulse;
pub(crate) mod sent;
pub(crate) mod cached;
