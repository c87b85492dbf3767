//! Everything a user of this crate can see, in one binary.
#![allow(clippy::unwrap_used, reason = "tests unwrap")]

mod files;
mod sqlite;
mod trouble;
mod stopping;
mod guard;
mod guard_names;
mod guard_property;
mod conformance;
mod savers;
mod savers_sqlite;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod servers;
#[cfg(feature = "encryption")]
mod encryption;
