//! Graphs: built by name, checked as a whole, compiled into a topology of numbers.

pub(crate) mod builder;
pub(crate) mod check;
pub(crate) mod check_nodes;
pub(crate) mod compiled;
pub(crate) mod defaults;
pub(crate) mod edge;
pub(crate) mod join;
pub(crate) mod lineage;
pub(crate) mod problem;
pub(crate) mod topology;
