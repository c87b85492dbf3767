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
