//! Savers that keep checkpoints in a database: [`SqliteSaver`], `PostgresSaver`, `MySqlSaver`.
//!
//! They are one saver ([`SqlSaver`]) over three databases: one row per checkpoint, one statement per commit, several
//! processes at once. `schema` has the tables, `dialect` what differs, `statements` the SQL, `rows` the way to and from
//! rows, `upkeep` what concerns whole threads.

mod options;
mod dialect;
mod schema;
mod statements;
mod rows;
mod database;
mod saver;
mod upkeep;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "mysql")]
mod mysql;

#[cfg(feature = "mysql")]
pub use mysql::{MySql, MySqlSaver};
pub use options::{SaverOptions, Synchronous};
#[cfg(feature = "postgres")]
pub use postgres::{Postgres, PostgresSaver};
pub use saver::SqlSaver;
#[cfg(feature = "sqlite")]
pub use sqlite::{Sqlite, SqliteSaver};
