//! The analyst: from a question in plain words to a number, its SQL, a chart and what it means.

pub mod plan;
pub mod semantic;
pub mod planner;
pub mod chart;
pub mod insight;
pub mod analyst;
