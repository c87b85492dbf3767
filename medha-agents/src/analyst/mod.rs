//! The analyst: the agents joined in one state graph, from question to answer.

mod ask;
mod planning;
mod request;
mod clock;
mod stream;
mod graph;
mod nodes;
mod state;
mod trouble;
mod mend;
mod suggest;
mod comparison;
mod stored;
mod tools;
mod audit;
mod rights;
mod asking;
mod written;
mod answer;
mod json;
mod event;

pub use answer::{Answer, AnswerOutcome, ComparedWith, Note, Panel, Timing};
pub use ask::{Analyst, AnalystError, AnalystOptions, ResumeError};
pub use audit::AuditTrail;
pub use clock::{Clock, SystemClock};
pub use event::{AnalystEvent, EventPayload};
pub use planning::QuestionPlanner;
pub use request::AskRequest;
pub use rights::Rights;
pub use stream::AnswerStream;
pub use written::{Ran, StatementError};
