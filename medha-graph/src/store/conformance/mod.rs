//! The suite every saver passes. Run it in the tests of a saver:
//!
//! ```
//! # async fn test() {
//! use medha_graph::MemorySaver;
//! use medha_graph::store::conformance;
//!
//! let broken = conformance::broken_promises(&MemorySaver::default()).await;
//! assert!(broken.is_empty(), "{broken:#?}");
//! # }
//! ```
//!
//! One file per subject: `heads` (compare-and-swap), `values` (what comes back), `progress`, `effects`, `written`,
//! `history`, `threads` (names, namespaces, deletion), `copies`, `pruning`, `writers` (several at once).

mod suite;
pub(crate) mod fixture;
mod heads;
mod values;
mod progress;
mod effects;
mod written;
mod history;
mod threads;
mod copies;
mod pruning;
mod writers;

pub use suite::broken_promises;
