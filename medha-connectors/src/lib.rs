//! The outside world of AgentMedha: databases, and the guard every statement passes.
//!
//! A [`Connector`] describes a database as a [`Schema`] and answers statements with a [`RowStream`] of [`Value`]s. It runs
//! nothing but [`GuardedSql`], and only a [`Guard`] makes that. A [`ConnectionConfig`] opens one by its address, a [`Registry`]
//! by its name. `SqliteConnector` is the one to read first, `PostgresConnector` the one to read for a server; a new system
//! starts as a copy of [`dummy`] and is done when it passes [`conformance::run`]. `FilesConnector` asks CSV and JSON files.

mod connector;
mod value;
mod kind;
mod fingerprint;
mod schema;
#[cfg(any(
    feature = "sqlite",
    feature = "postgres",
    feature = "mysql",
    feature = "adbc",
    feature = "bigquery",
    feature = "mcp"
))]
mod profile;
mod dialect;
mod error;
mod cause;
mod guard;
pub mod audit;
mod secret;
pub mod conformance;
pub mod dummy;
#[cfg(any(feature = "sqlite", feature = "mcp"))]
mod sqlite;
#[cfg(feature = "files")]
mod files;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "mcp", feature = "bigquery", feature = "adbc"))]
#[cfg_attr(
    not(any(feature = "postgres", feature = "mysql")),
    allow(dead_code, unused_imports, reason = "some of it only connections of sqlx need")
)]
mod server;
#[cfg(feature = "adbc")]
mod adbc;
#[cfg(any(feature = "postgres", feature = "mcp"))]
mod postgres;
#[cfg(any(feature = "mysql", feature = "mcp"))]
mod mysql;
#[cfg(feature = "mcp")]
mod mcp;
#[cfg(feature = "bigquery")]
mod bigquery;
#[cfg(feature = "sql")]
pub mod savers;
#[cfg(feature = "encryption")]
pub mod encryption;
#[cfg_attr(
    not(any(feature = "sqlite", feature = "postgres")),
    allow(dead_code, reason = "the indexes in databases use it")
)]
pub mod retrieval;
mod registry;
#[cfg(feature = "cache")]
pub mod cache;
#[cfg(feature = "sqlite")]
pub mod sample;

#[cfg(feature = "adbc")]
pub use adbc::AdbcConnector;
#[cfg(feature = "bigquery")]
pub use bigquery::BigQueryConnector;
pub use cause::Cause;
pub use connector::{Capabilities, Connector, QueryOptions, RowStream};
pub use dialect::Dialect;
pub use error::ConnectorError;
#[cfg(feature = "files")]
pub use files::FilesConnector;
pub use fingerprint::Fingerprint;
pub use guard::{
    Action, Attribute, ColumnRead, ColumnRule, Guard, GuardError, GuardedSql, OtherTables, Parents, Policy,
    PolicyError, PolicyProblem, Reading, RowRule, Salt, TableRules, User, Why,
};
#[cfg(feature = "mcp")]
pub use mcp::{McpConfig, McpConfigError, McpConnector, McpServer};
#[cfg(feature = "mysql")]
pub use mysql::MySqlConnector;
#[cfg(feature = "postgres")]
pub use postgres::PostgresConnector;
pub use registry::{ConnectionConfig, Health, Registry, RegistryError};
pub use schema::{Column, ColumnProfile, ForeignKey, Index, Schema, Table, TableKind};
pub use secret::Secret;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteConnector;
pub use value::{ColumnKind, ResultColumn, ResultSet, Truncation, Value};
