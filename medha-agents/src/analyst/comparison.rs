//! The second query of a panel: the same plan over the window before, so that a number can be told with its change.

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::insight::{Compared, DataSpan, PreviousWindow, comparable};
use crate::plan::{AnalysisPlan, Expr};
use crate::planner::{Intent, PlannedStep};
use crate::semantic::SemanticModel;

/// What a panel is compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub(crate) enum Comparison {
    /// With nothing.
    Nothing,
    /// There is no data that far back.
    Uncovered {
        /// The window it would be, and since when there is data.
        compared: Compared,
    },
    /// With the window before.
    With {
        /// The window.
        window: PreviousWindow,
        /// The statement over it: as compiled, then as the guard wrote it out.
        sql: String,
    },
}

/// The plan over the window before, where that says something.
pub(crate) enum Before {
    Nothing,
    Uncovered(Compared),
    Plan(PreviousWindow, Box<AnalysisPlan>),
}

/// Finds the window before a step's and the plan over it.
///
/// Steps over time, lists and comparisons show their own changes; windows of single outputs, sets and first-few-of-each
/// plans have no one window to move.
pub(crate) fn before(step: &PlannedStep, model: &SemanticModel, now: DateTime) -> Before {
    let plan = &step.plan;
    let Some(time) = &plan.time else { return Before::Nothing };
    let own_change = matches!(step.intent, Intent::List | Intent::Comparison | Intent::Trend);
    let aggregates = plan.outputs.iter().any(|output| output.expr.is_aggregate());
    let movable =
        plan.set.is_none() && plan.top_per_group.is_none() && plan.having.is_empty() && plan.offset.is_none();
    if own_change || !aggregates || !movable || plan.outputs.iter().any(|output| has_own_time(&output.expr)) {
        return Before::Nothing;
    }
    match comparable(time, now, DataSpan::of(&time.field, model, now)) {
        Compared::With(window) => {
            let mut moved = plan.clone();
            moved.time = Some(window.range.clone());
            // The first few of now need not be the first few of then.
            moved.limit = None;
            moved.order = Vec::new();
            Before::Plan(window, Box::new(moved))
        }
        uncovered @ Compared::Uncovered { .. } => Before::Uncovered(uncovered),
        Compared::Nothing => Before::Nothing,
    }
}

fn has_own_time(expr: &Expr) -> bool {
    match expr {
        Expr::Bucket { .. } | Expr::Previous { .. } | Expr::RunningTotal { .. } | Expr::Rank { .. } => true,
        Expr::Where { of, time, .. } => time.is_some() || has_own_time(of),
        Expr::Aggregate { of, .. } | Expr::Total { of } => has_own_time(of),
        Expr::Arithmetic { left, right, .. } => has_own_time(left) || has_own_time(right),
        Expr::Field(_)
        | Expr::Part { .. }
        | Expr::Metric(_)
        | Expr::Count { .. }
        | Expr::DaysBetween { .. }
        | Expr::Literal(_) => false,
    }
}
