//! What the connectors promise, kept with the real thing on the other side: servers, drivers and programs of others.
//!
//! `cargo test -p medha-connectors --all-features --test servers` runs them; `harness` says what becomes of what is missing.
#![allow(clippy::unwrap_used, reason = "tests unwrap")]
#![allow(clippy::print_stdout, reason = "some trials say what they measured")]
#![allow(clippy::disallowed_methods, reason = "tests spawn on their own runtime and await what they spawn")]

mod harness;
mod servers;
mod databases;
#[path = "../it/files.rs"]
#[allow(dead_code, reason = "the tests of files use the rest")]
mod files;
#[path = "../it/saver_checks.rs"]
#[allow(dead_code, reason = "the tests of files use the rest")]
mod saver_checks;
mod own;
mod conformance;
mod limits;
mod restart;
mod plan;
mod postgres;
mod mysql;
mod passwords;
mod savers;
#[path = "../it/audit_checks.rs"]
mod audit_checks;
mod audit;
#[cfg(feature = "adbc")]
mod adbc_any;
#[cfg(feature = "adbc")]
mod adbc;
#[cfg(feature = "adbc")]
mod adbc_snowflake;
#[cfg(feature = "bigquery")]
mod bigquery;
#[cfg(feature = "mcp")]
mod mcp;
#[cfg(feature = "redis")]
#[path = "../it/watched.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod watched;
#[cfg(feature = "redis")]
mod redis;
#[path = "../it/retrieval_quality.rs"]
mod retrieval_quality;
mod retrieval;
#[cfg(all(feature = "unguarded", debug_assertions))]
mod memory;
#[cfg(all(feature = "unguarded", debug_assertions))]
mod postgres_unguarded;
#[cfg(all(feature = "unguarded", debug_assertions))]
mod mysql_unguarded;

fn main() {
    let arguments = libtest_mimic::Arguments::from_args();
    let trials = [
        audit::trials(),
        conformance::trials(),
        limits::trials(),
        restart::trials(),
        plan::trials(),
        postgres::trials(),
        mysql::trials(),
        passwords::trials(),
        savers::trials(),
        #[cfg(feature = "adbc")]
        adbc_any::trials(),
        #[cfg(feature = "adbc")]
        adbc::trials(),
        #[cfg(feature = "adbc")]
        adbc_snowflake::trials(),
        #[cfg(feature = "bigquery")]
        bigquery::trials(),
        #[cfg(feature = "mcp")]
        mcp::trials(),
        #[cfg(feature = "redis")]
        redis::trials(),
        retrieval::trials(),
        #[cfg(all(feature = "unguarded", debug_assertions))]
        postgres_unguarded::trials(),
        #[cfg(all(feature = "unguarded", debug_assertions))]
        mysql_unguarded::trials(),
    ];
    libtest_mimic::run(&arguments, trials.into_iter().flatten().collect()).exit();
}
