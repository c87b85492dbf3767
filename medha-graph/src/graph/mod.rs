//! Graphs: built by name, checked as a whole, compiled into a topology of numbers.

pub(crate) mod builder;
pub(crate) mod check;
pub(crate) mod compiled;
pub(crate) mod draw;
pub(crate) mod edge;
pub(crate) mod lineage;
pub(crate) mod topology;
