//! From addresses to connectors: by scheme, one at a time or by the names of a configuration.

mod connection;
mod scheme;
mod open;
mod named;

pub use connection::ConnectionConfig;
pub use named::{Health, Registry, RegistryError};
#[cfg(feature = "adbc")]
pub(crate) use scheme::duckdb_path;
