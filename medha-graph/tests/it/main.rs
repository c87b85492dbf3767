//! What the crate promises, seen from outside.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "tests read tokio's paused clock and spawn on its runtime")]

mod attributes;
mod build;
mod control;
mod defer;
mod drawing;
mod driver;
mod dyn_graph;
mod events;
mod failures;
mod interrupts;
mod json_state;
mod langgraph;
mod mistakes;
mod modes;
mod panics;
mod persistence;
mod questions;
mod resume;
mod savers;
mod schemas;
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
