//! The `medha` binary as people and programs meet it: one binary of tests, a module a subject.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops here")]
#![allow(clippy::disallowed_methods, reason = "a test that waits for a process looks at the clock")]

mod support;

mod audit;
mod cli;
mod eval;
mod eval_guard;
mod files;
mod http;
mod policy;
mod sample;
