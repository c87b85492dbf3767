//! Everything a user of this crate can see, in one binary.
#![allow(clippy::unwrap_used, reason = "tests unwrap")]
#![allow(clippy::disallowed_methods, reason = "tests spawn on their own runtime and await what they spawn")]
#![allow(clippy::print_stdout, reason = "a test that needs a server says when it was skipped")]

mod files;
mod sqlite;
mod trouble;
mod stopping;
mod guard;
mod guard_names;
mod guard_property;
mod audit;
mod clinic;
mod guard_corpus;
mod guard_policy;
mod guard_differential;
mod conformance;
mod registry;
mod savers;
mod savers_sqlite;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod servers;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod server_limits;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "encryption")]
mod encryption;
