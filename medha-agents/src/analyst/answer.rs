//! The answer as a value: what every surface (terminal, JSON, HTTP) shows.

use std::sync::Arc;

use medha_connectors::ResultSet;
use serde::{Deserialize, Serialize};

use crate::chart::{ChartSpec, Column};
use crate::insight::Finding;
use crate::planner::{Abstention, Clarification, Correction, PlannedStep, Turn};

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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "status")]
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
    /// The caller cancelled it.
    Cancelled,
}

/// One part of an answer: a query, its result, and what is made of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// The step it carries out.
    pub step: PlannedStep,
    /// The SQL that ran.
    pub sql: String,
    /// What the columns of the result mean, in their order; empty in a dry run.
    pub columns: Vec<Column>,
    /// The rows; empty in a dry run. No two columns share a name.
    pub result: Arc<ResultSet>,
    /// The query over the window before, where the result was compared with one.
    pub compared_with: Option<ComparedWith>,
    /// How to draw it.
    pub chart: ChartSpec,
    /// What it means.
    pub insights: Vec<Finding>,
}

/// The second query of a panel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedWith {
    /// The window, in words.
    pub window: String,
    /// The SQL that ran.
    pub sql: String,
}

/// Something the user is told beside the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    /// The step: `plan`, `sql`, `guard`, `execute`, `chart`, `insight`, `recover`, `follow_ups`.
    pub step: String,
    /// Which panel, from 0, where the step belongs to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub panel: Option<usize>,
    /// Milliseconds.
    pub ms: f64,
}

impl Answer {
    /// This answer as a turn of a dialog, for the history of the next question.
    #[must_use]
    pub fn turn(&self) -> Turn {
        Turn {
            question: self.question.clone(),
            steps: self.panels.iter().map(|panel| panel.step.clone()).collect(),
        }
    }
}

impl AnswerOutcome {
    /// The word for it in JSON and events: `answered`, `needs_choice`, `abstained`, `refused`, `failed`, `cancelled`.
    #[must_use]
    pub fn status(&self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::NeedsChoice(_) => "needs_choice",
            Self::Abstained(_) => "abstained",
            Self::Refused { .. } => "refused",
            Self::Failed { .. } => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}
