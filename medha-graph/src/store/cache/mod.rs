//! The cache of nodes: what they came to, kept for the next time they are given the same.

pub(crate) mod node_cache;
pub(crate) mod memory;
pub mod conformance;
