//! Graphs and states behind JSON: what is declared at run time, and what is served.

pub(crate) mod state;
pub(crate) mod update;
pub(crate) mod schema;
pub(crate) mod graph;
