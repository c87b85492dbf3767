//! PostgreSQL: asked through a cursor in a read-only transaction, answered as text.
//!
//! A statement is declared as a cursor through the extended protocol, which takes exactly one, and only one that reads; its
//! rows are fetched in batches through the simple protocol, which sends every value as text, so that no type is unknown.

mod connector;
mod plan;
mod open;
mod wire;
mod values;
mod catalog;
mod failure;

pub use connector::PostgresConnector;
