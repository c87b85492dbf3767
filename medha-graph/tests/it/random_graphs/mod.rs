//! Random graphs, as data, and what must hold for every one of them.

mod plan;
mod properties;
mod state;
