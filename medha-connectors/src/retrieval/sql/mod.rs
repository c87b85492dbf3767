//! Indexes in a database: [`SqliteIndex`], `PostgresIndex`.
//!
//! They are one index ([`SqlIndex`]) over two databases. `schema` has the tables, `collection` the rows of collections,
//! `write` what is put in, `arms` and `scan` how it is found, `reembed` the exchange of vectors.

mod database;
mod schema;
mod collection;
mod write;
mod scan;
mod arms;
mod reembed;
mod index;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "postgres")]
mod postgres;

pub use index::SqlIndex;
#[cfg(feature = "postgres")]
pub use postgres::PostgresIndex;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteIndex;
