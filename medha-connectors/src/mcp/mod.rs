//! A database behind a server of the Model Context Protocol (MCP), asked through the tool of it that runs SQL.
//!
//! `config` says which server and how it is reached (`child`, `http`), `client` speaks to it, `tool` finds the tool, `statements`
//! wraps a guarded statement so that little is lost on the way, `sniff` reads the answer, and `connector` joins them.
//!
//! *Architecture invariant: the only statements that are sent are those of the guard and those of `catalog` and `statements`.*

mod config;
mod variables;
mod scrub;
mod connector;
mod client;
mod child;
mod http;
mod fate;
mod tool;
mod statements;
mod sniff;
mod json;
mod python;
mod cells;
mod catalog;

pub(crate) use config::Spoken;
pub use config::{McpConfig, McpConfigError, McpServer};
pub use connector::McpConnector;
