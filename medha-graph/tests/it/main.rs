//! What the crate promises, seen from outside.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "tests read tokio's paused clock and spawn on its runtime")]

mod build;
mod control;
mod defer;
mod drawing;
mod driver;
mod events;
mod failures;
mod interrupts;
mod langgraph;
mod mistakes;
mod panics;
mod persistence;
mod questions;
mod resume;
mod savers;
mod simulation;
mod state;
mod stored;
mod streams;
mod subgraph_crashes;
mod subgraph_history;
mod subgraph_stops;
mod subgraphs;
mod waits;
mod workflow;
