//! Titles: what a step shows, in a few words.

use crate::plan::{AnalysisPlan, Expr};
use crate::planner::understanding::Intent;

/// A short title: `revenue by region, last quarter`.
pub(crate) fn title(plan: &AnalysisPlan) -> String {
    let (measures, groups): (Vec<_>, Vec<_>) =
        plan.outputs.iter().partition(|output| output.expr.is_aggregate());
    let words = |outputs: &[&crate::plan::Output]| -> String {
        let names: Vec<String> = outputs.iter().map(|output| output.name.replace('_', " ")).collect();
        names.join(", ")
    };
    let mut title = match (measures.is_empty(), groups.is_empty()) {
        (true, _) => format!("{} of {}", words(&groups), plan.subject),
        (false, true) => words(&measures),
        (false, false) => format!("{} by {}", words(&measures), words(&groups)),
    };
    if let Some(limit) = plan.limit {
        title = format!("top {limit}: {title}");
    }
    if let Some(time) = &plan.time {
        title = format!("{title}, {}", time.label);
    }
    title
}

/// What kind of answer a plan gives.
pub(crate) fn intent(plan: &AnalysisPlan, asks_share: bool) -> Intent {
    let measured = plan.outputs.iter().any(|output| output.expr.is_aggregate());
    let by_time = plan.outputs.iter().any(|output| matches!(output.expr, Expr::Bucket { .. }));
    let grouped = plan.outputs.iter().any(|output| !output.expr.is_aggregate()) || !plan.group_by.is_empty();
    let compared =
        plan.outputs.iter().filter(|output| matches!(output.expr, Expr::Where { .. })).count() >= 2;
    match () {
        () if asks_share && measured && grouped => Intent::Share,
        () if compared => Intent::Comparison,
        () if !measured && plan.order.iter().any(|order| order.expr.is_aggregate()) => Intent::Ranking,
        () if !measured => Intent::List,
        () if by_time => Intent::Trend,
        () if grouped && plan.limit.is_some() => Intent::Ranking,
        () if grouped => Intent::Breakdown,
        () => Intent::Number,
    }
}
