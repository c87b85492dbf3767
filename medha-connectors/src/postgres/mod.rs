//! PostgreSQL: asked through a cursor in a read-only transaction, answered as text.
//!
//! A statement is declared as a cursor through the extended protocol, which takes exactly one, and only one that reads; its
//! rows are fetched in batches through the simple protocol, which sends every value as text, so that no type is unknown.

#[cfg(feature = "postgres")]
mod connector;
#[cfg(feature = "postgres")]
mod plan;
#[cfg(feature = "postgres")]
mod open;
#[cfg(feature = "postgres")]
mod wire;
#[cfg(feature = "postgres")]
mod values;
mod kind;
pub(crate) mod catalog;
#[cfg(feature = "postgres")]
mod failure;

#[cfg(feature = "postgres")]
pub use connector::PostgresConnector;
