//! The outside world of AgentMedha: databases, and the guard every statement passes.

mod connector;
mod dialect;
mod error;
mod guard;
mod schema;
mod value;
#[cfg(feature = "sqlite")]
pub mod sample;

pub use connector::{Connector, QueryOptions, RowStream};
pub use dialect::Dialect;
pub use error::ConnectorError;
pub use guard::{Guard, GuardedSql};
pub use schema::{Column, ColumnProfile, ForeignKey, Index, Schema, Table, TableKind};
pub use value::{ColumnKind, ResultColumn, ResultSet, Truncation, Value};
