//! Drawings: the structure of a graph as a value, and the formats it can be written in.

pub(crate) mod drawing;
mod mermaid;
mod text;
