//! Which SQL a database speaks.

use serde::{Deserialize, Serialize};

/// The SQL dialect of a connector; it decides how SQL is written and how it is parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    MySql,
    /// DuckDB.
    #[serde(rename = "duckdb")]
    DuckDb,
    /// Snowflake.
    Snowflake,
    /// Google BigQuery, in its standard SQL.
    BigQuery,
}
