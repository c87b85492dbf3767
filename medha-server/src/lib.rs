//! The `medha` command: a question at the command line or over HTTP, an answer from a database.
//!
//! Nothing is decided here about questions or data: every command parses what it is given, calls the analyst, and shows
//! what comes back.

mod cli;
mod exit;
mod error;
mod terminal;
mod clock;
mod signals;
mod question;
mod data_dir;
mod nearest;
mod config;
mod chosen;
mod source;
mod session;
mod ask;
mod sql;
mod schema;
mod connections;
mod policy;
mod progress;
mod choice;
mod format;
mod render;
mod serve;
mod graph;
mod audit;
mod eval;

pub use cli::run;
