//! MySQL and MariaDB: asked with prepared statements in a read-only transaction, answered by the types of the columns.
//!
//! Preparing takes exactly one statement. A read-only transaction stops less here than elsewhere (`TRUNCATE`, `INTO OUTFILE`
//! and `SET GLOBAL` pass it), so it is the guard that keeps a statement from writing, and the grants of the user behind it.

#[cfg(feature = "mysql")]
mod connector;
#[cfg(feature = "mysql")]
mod plan;
#[cfg(feature = "mysql")]
mod open;
#[cfg(feature = "mysql")]
mod wire;
#[cfg(feature = "mysql")]
mod values;
#[cfg(feature = "mysql")]
mod geometry;
pub(crate) mod catalog;
#[cfg(feature = "mysql")]
mod failure;

#[cfg(feature = "mysql")]
pub use connector::MySqlConnector;
