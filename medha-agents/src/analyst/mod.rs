//! The analyst: the agents joined in one state graph, from question to answer.

mod answer;
mod event;

pub use answer::{Answer, AnswerOutcome, Note, Panel, Timing};
pub use event::{AnalystEvent, EventPayload};
