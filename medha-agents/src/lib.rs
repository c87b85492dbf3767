//! The analyst: from a question in plain words to a number, its SQL, a chart and what it means.
//!
//! And what agents of any kind need: [`chat`] models, and [`tool_agent`], a model that calls tools until it has an answer.

pub mod plan;
pub mod semantic;
pub mod planner;
pub mod chart;
pub mod insight;
pub mod analyst;
pub mod chat;
pub mod tool_agent;
