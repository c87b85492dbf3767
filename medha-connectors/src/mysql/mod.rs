//! MySQL and MariaDB: asked with prepared statements in a read-only transaction, answered by the types of the columns.
//!
//! Preparing takes exactly one statement. A read-only transaction stops less here than elsewhere (`TRUNCATE`, `INTO OUTFILE`
//! and `SET GLOBAL` pass it), so it is the guard that keeps a statement from writing, and the grants of the user behind it.

mod connector;
mod plan;
mod open;
mod wire;
mod values;
mod geometry;
mod catalog;
mod failure;

pub use connector::MySqlConnector;
