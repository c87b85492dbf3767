//! The planner on a small model of a chain of bakeries.

mod model;
mod render;
mod mends;
mod questions;
mod refusals;
mod properties;
