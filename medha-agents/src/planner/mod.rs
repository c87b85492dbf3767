//! From a question in plain words to analysis plans: deterministic, offline, and honest about what it did not understand.

mod understanding;
mod text;
mod lexicon;
mod time;
mod grammar;
mod build;
mod read;
mod refuse;
mod spelling;
mod phrase;
mod propose;
mod follow;
mod steps;
mod engine;
#[cfg(test)]
mod tests;

pub use engine::Planner;
pub use understanding::{
    Abstention, Clarification, Correction, Intent, Planned, PlannedStep, Question, Turn, Understanding,
};
