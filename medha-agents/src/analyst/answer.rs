//! The answer as a value: what every surface (terminal, JSON, HTTP) shows.

use medha_connectors::ResultSet;
use serde::Serialize;

use crate::chart::ChartSpec;
use crate::insight::Finding;
use crate::planner::{Abstention, Clarification, Correction, PlannedStep};

/// What became of a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// As it was asked.
    pub question: String,
    /// How it ended.
    pub outcome: AnswerOutcome,
    /// One for each step of the plan that was carried out.
    pub panels: Vec<Panel>,
    /// Questions that can be asked next and that the planner understands.
    pub follow_ups: Vec<String>,
    /// What was assumed, mended or cut, in plain words.
    pub notes: Vec<Note>,
    /// How long each step took, in order.
    pub timings: Vec<Timing>,
}

/// How a question ended.
#[derive(Debug, Clone, PartialEq)]
pub enum AnswerOutcome {
    /// Answered; the panels hold it.
    Answered,
    /// It could mean several things: the user has to choose. The run is interrupted and can be resumed.
    NeedsChoice(Clarification),
    /// It was not understood surely enough.
    Abstained(Abstention),
    /// The guard or a policy refused it.
    Refused {
        /// Why, in plain words.
        reason: String,
    },
    /// It failed.
    Failed {
        /// What went wrong.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
}

/// One part of an answer: a query, its result, and what is made of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// The step it carries out.
    pub step: PlannedStep,
    /// The SQL that ran.
    pub sql: String,
    /// The rows; empty in a dry run.
    pub result: ResultSet,
    /// How to draw it.
    pub chart: ChartSpec,
    /// What it means.
    pub insights: Vec<Finding>,
}

/// Something the user is told beside the answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Note {
    /// Something was assumed.
    Assumed {
        /// In plain words.
        text: String,
    },
    /// A word or a name was mended.
    Mended(Correction),
    /// Something else worth knowing.
    Remark {
        /// In plain words.
        text: String,
    },
}

/// How long a step took.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Timing {
    /// The step: `plan`, `sql`, `guard`, `execute`, `chart`, `insight`.
    pub step: String,
    /// Milliseconds.
    pub ms: f64,
}
