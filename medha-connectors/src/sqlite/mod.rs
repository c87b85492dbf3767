//! SQLite: a file opened read-only, described with care, and asked through raw sqlx.
//!
//! Two things stand behind the guard: the file is opened with `mode=ro`, and an authorizer refuses, while a statement is
//! compiled, everything but reading. Values are read by their storage class, never by the declared type of their column.

mod connector;
mod open;
mod work;
mod rows;
mod values;
mod introspect;
mod profile;
mod kind;
mod failure;
mod authorizer;

pub use connector::SqliteConnector;
