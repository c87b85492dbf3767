//! What the crate promises, seen from outside.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "tests read tokio's paused clock and spawn on its runtime")]

mod build;
mod concurrency;
mod control;
mod defaults;
mod defer;
mod drawing;
mod driver;
mod events;
mod failures;
mod interrupts;
mod joins;
mod langgraph;
mod mistakes;
mod needs;
mod panics;
mod persistence;
mod questions;
mod resume;
mod retries;
mod savers;
mod simulation;
mod state;
mod stored;
mod streams;
mod timeouts;
mod waits;
mod workflow;
