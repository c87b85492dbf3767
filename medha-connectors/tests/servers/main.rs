//! What the connectors promise, kept with the real thing on the other side: servers, drivers and programs of others.
//!
//! `cargo test -p medha-connectors --all-features --test servers` runs them; `harness` says what becomes of what is missing.
#![allow(clippy::unwrap_used, reason = "tests unwrap")]
#![allow(clippy::disallowed_methods, reason = "tests spawn on their own runtime and await what they spawn")]
#![allow(clippy::print_stdout, reason = "a test that needs a server says when it was skipped")]

mod harness;
#[path = "../it/servers.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod servers;
mod databases;
mod own;
mod conformance;
mod restart;
mod plan;

fn main() {
    let arguments = libtest_mimic::Arguments::from_args();
    let trials = [conformance::trials(), restart::trials(), plan::trials()].into_iter().flatten().collect();
    libtest_mimic::run(&arguments, trials).exit();
}
