//! Long-term memory across threads: named JSON documents that can be found again by name, by content and by meaning.

pub(crate) mod namespace;
pub(crate) mod path;
pub(crate) mod filter;
pub(crate) mod item;
pub(crate) mod search;
pub(crate) mod operation;
pub(crate) mod error;
pub(crate) mod store;
pub(crate) mod embed;
pub(crate) mod memory;
mod shelf;
pub mod conformance;
#[cfg(test)]
mod tests;
