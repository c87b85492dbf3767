//! The state of one question on its way through the graph; all of it can be stored in a checkpoint.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use medha_graph::State;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, AnswerOutcome, ComparedWith, Note, Panel};
use super::comparison::Comparison;
use super::mend::Mend;
use super::stored::Kept;
use crate::chart::{ChartKind, ChartSpec, Column};
use crate::insight::Finding;
use crate::planner::{PlannedStep, Turn};

/// Everything known about a question so far.
#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct AnalystState {
    /// What was asked, as it came.
    pub(crate) asked: Asked,
    /// The question as it is read now: misspelt words mended, the chosen meaning put in.
    pub(crate) question: String,
    /// How often words of the question were mended.
    #[state(add)]
    pub(crate) rewordings: u32,
    /// How it ended, where it ended before or without panels.
    pub(crate) ending: Option<AnswerOutcome>,
    /// The parts of the answer, by their place in the plan. Each is only ever written by the one task that works on it.
    #[state(merge)]
    pub(crate) panels: BTreeMap<usize, PanelWork>,
    /// What the user is told beside the answer.
    #[state(append)]
    pub(crate) notes: Vec<Note>,
    /// What can be asked next.
    pub(crate) follow_ups: Vec<String>,
}

/// A request as far as it decides the answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) question: String,
    pub(crate) now: DateTime,
    pub(crate) instructions: Option<String>,
    pub(crate) history: Vec<Turn>,
    pub(crate) dry_run: bool,
    pub(crate) max_rows: usize,
    pub(crate) choice: Option<String>,
}

/// One part of the answer in the making; filled in from top to bottom.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PanelWork {
    pub(crate) step: PlannedStep,
    /// Names of the model that were replaced because the database has them no longer.
    pub(crate) mends: Vec<Mend>,
    /// The statement as compiled, then as the guard wrote it out.
    pub(crate) sql: Option<String>,
    /// What it is compared with.
    pub(crate) comparison: Comparison,
    pub(crate) result: Option<Kept>,
    /// The rows of the window before.
    pub(crate) previous: Option<Kept>,
    pub(crate) columns: Vec<Column>,
    pub(crate) chart: Option<ChartSpec>,
    pub(crate) insights: Vec<Finding>,
    /// Set when it could not be carried out.
    pub(crate) failure: Option<AnswerOutcome>,
}

/// Which panel a task works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PanelAt {
    pub(crate) panel: usize,
}

impl PanelWork {
    pub(crate) fn new(step: PlannedStep) -> Self {
        Self {
            step,
            mends: Vec::new(),
            sql: None,
            comparison: Comparison::Nothing,
            result: None,
            previous: None,
            columns: Vec::new(),
            chart: None,
            insights: Vec::new(),
            failure: None,
        }
    }

    fn panel(&self) -> Option<Panel> {
        if self.failure.is_some() {
            return None;
        }
        let compared_with = match (&self.comparison, &self.previous) {
            (Comparison::With { window, sql }, Some(_)) => {
                Some(ComparedWith { window: window.range.label.clone(), sql: sql.clone() })
            }
            _ => None,
        };
        Some(Panel {
            step: self.step.clone(),
            sql: self.sql.clone()?,
            columns: self.columns.clone(),
            result: self.result.as_ref().map(|kept| kept.result().clone()).unwrap_or_default(),
            compared_with,
            chart: self.chart.clone().unwrap_or_else(|| undrawn(&self.step.title)),
            insights: self.insights.clone(),
        })
    }
}

impl AnalystState {
    /// The answer as far as it got.
    pub(crate) fn into_answer(self) -> Answer {
        let panels: Vec<Panel> = self.panels.values().filter_map(PanelWork::panel).collect();
        let mut notes = self.notes;
        let failures: Vec<(&PanelWork, &AnswerOutcome)> =
            self.panels.values().filter_map(|work| Some((work, work.failure.as_ref()?))).collect();
        let cancelled = failures.iter().any(|(_, failure)| **failure == AnswerOutcome::Cancelled);
        let outcome = match self.ending {
            Some(ending) => ending,
            None if cancelled => AnswerOutcome::Cancelled,
            None => match failures.first() {
                Some((_, failure)) if panels.is_empty() => (*failure).clone(),
                _ => AnswerOutcome::Answered,
            },
        };
        if outcome == AnswerOutcome::Answered {
            for (work, failure) in failures {
                let (_, message, _) = super::json::error(failure);
                notes.push(Note::Remark { text: format!("{} is missing: {message}", work.step.title) });
            }
        }
        Answer {
            question: self.asked.question,
            outcome,
            panels,
            follow_ups: self.follow_ups,
            notes,
            timings: Vec::new(),
        }
    }
}

/// The chart of a panel that has no rows yet.
fn undrawn(title: &str) -> ChartSpec {
    ChartSpec {
        kind: ChartKind::Table,
        x: None,
        y: None,
        more_y: Vec::new(),
        color: None,
        size: None,
        facet: None,
        title: title.to_owned(),
        description: "Nothing was run.".into(),
        alternatives: Vec::new(),
    }
}
