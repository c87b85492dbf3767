//! SQLite: a file opened read-only, described with care, and asked through connections of sqlx.
//!
//! Two things stand behind the guard: the file is opened with `mode=ro`, and an authorizer refuses, while a statement is
//! compiled, everything but reading. Values are read by their storage class, never by the declared type of their column.

#[cfg(feature = "sqlite")]
mod connector;
#[cfg(feature = "sqlite")]
mod open;
#[cfg(feature = "sqlite")]
mod work;
#[cfg(feature = "sqlite")]
mod rows;
#[cfg(feature = "sqlite")]
mod steps;
#[cfg(feature = "sqlite")]
mod values;
#[cfg(feature = "sqlite")]
mod introspect;
#[cfg(feature = "sqlite")]
mod profile;
pub(crate) mod kind;
#[cfg(feature = "sqlite")]
mod failure;
#[cfg(feature = "sqlite")]
mod authorizer;
#[cfg(feature = "sqlite")]
mod hash;

#[cfg(feature = "sqlite")]
pub use connector::SqliteConnector;
