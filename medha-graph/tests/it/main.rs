//! What the crate promises, seen from outside.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "tests read tokio's paused clock and spawn on its runtime")]

mod answers;
mod attributes;
mod breakpoints;
mod build;
mod concurrency;
mod cache;
mod caches;
mod control;
mod defaults;
mod defer;
mod docs;
mod drawing;
mod driver;
mod durability;
mod dyn_graph;
mod events;
mod failures;
mod interrupts;
mod joins;
mod json_state;
mod langgraph;
mod langgraph_stops;
mod migrate;
mod long_term;
mod mistakes;
mod modes;
mod needs;
mod once;
mod panics;
mod persistence;
mod questions;
mod random_graphs;
mod resume;
mod retries;
mod savers;
mod schemas;
mod shapes;
mod simulation;
mod state;
mod storage_errors;
mod stored;
mod streams;
mod timeouts;
mod subgraph_crashes;
mod subgraph_history;
mod subgraph_stops;
mod subgraphs;
mod travel;
mod update;
mod waits;
mod workflow;
mod workflow_api;
mod wrong;
