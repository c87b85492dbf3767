//! Everything a user of this crate can see, in one binary.
#![allow(clippy::unwrap_used, reason = "tests unwrap")]
#![allow(clippy::disallowed_methods, reason = "tests spawn on their own runtime and await what they spawn")]
#![allow(clippy::print_stdout, reason = "a test says what it has measured")]

mod files;
mod files_import;
mod files_cache;
mod sqlite;
mod attached;
mod trouble;
mod stopping;
mod guard;
mod guard_names;
mod guard_columns;
mod guard_property;
mod audit_checks;
mod audit;
mod guard_grammar;
mod clinic_cases;
mod clinic;
mod guard_corpus;
mod guard_duckdb;
#[cfg(feature = "adbc")]
mod adbc;
mod guard_policy;
mod guard_differential;
mod conformance;
#[cfg(feature = "cache")]
mod watched;
#[cfg(feature = "cache")]
mod cache;
#[cfg(feature = "cache")]
mod cache_schema;
mod registry;
mod saver_checks;
mod savers;
mod savers_sqlite;
mod retrieval;
mod retrieval_quality;
#[cfg(feature = "rig")]
mod retrieval_rig;
#[cfg(feature = "encryption")]
mod encryption;
#[cfg(feature = "bigquery")]
mod bigquery;
