//! Workflows: one async function that calls others, with everything a graph has.

pub(crate) mod function;
pub(crate) mod state;
pub(crate) mod compiled;
pub(crate) mod thread;
