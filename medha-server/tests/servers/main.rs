//! The `medha` binary over database servers. `harness` says what becomes of what is missing.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops here")]

#[path = "../../../medha-connectors/tests/servers/harness.rs"]
mod harness;
mod databases;
#[path = "../it/support.rs"]
#[allow(dead_code, reason = "the tests of files use the rest")]
mod support;
mod ask;

fn main() {
    let arguments = libtest_mimic::Arguments::from_args();
    libtest_mimic::run(&arguments, ask::trials()).exit();
}
