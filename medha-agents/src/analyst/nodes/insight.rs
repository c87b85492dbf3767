//! The node that says what a result means.

use medha_graph::{Context, Ctx, NodeError, Payload};

use super::super::comparison::Comparison;
use super::super::event::EventPayload;
use super::super::state::{AnalystState, AnalystStateUpdate, PanelAt};
use super::super::tools::{RunTools, Step, Tools};
use super::panel;
use crate::insight::{DataSpan, Facts, Previous, find};
use crate::plan::{AnalysisPlan, Expr, FieldRef};

/// Finds what a panel's result shows.
pub(crate) async fn insight(
    state: &AnalystState,
    Payload(at): Payload<PanelAt>,
    tools: Context<Tools>,
    run: Context<RunTools>,
    ctx: Ctx,
) -> Result<AnalystStateUpdate, NodeError> {
    let mut work = panel::take(state, at)?;
    let step = Step::begin(&ctx, &run, "insight", Some(at.panel), "Looking at the numbers");
    let result = work.result.as_ref().map(|kept| kept.result().clone()).unwrap_or_default();
    let now = state.asked.now;
    let previous = match (&work.comparison, &work.previous) {
        (Comparison::With { window, .. }, Some(rows)) => Previous::Known(window, rows.result()),
        (Comparison::Uncovered { compared }, _) => Previous::Uncovered(compared),
        (Comparison::With { .. } | Comparison::Nothing, _) => Previous::Unknown,
    };
    let findings = find(&Facts {
        step: &work.step,
        columns: &work.columns,
        result: &result,
        previous,
        data: time_field(&work.step.plan).and_then(|field| DataSpan::of(field, &tools.model, now)),
        now,
    });
    for finding in &findings {
        ctx.emit(EventPayload::InsightReady {
            panel: at.panel,
            kind: finding.kind,
            text: finding.text.clone(),
        });
    }
    step.done(if findings.len() == 1 {
        "1 finding".to_owned()
    } else {
        format!("{} findings", findings.len())
    });
    work.insights = findings;
    Ok(panel::put(at, work))
}

/// The field time is looked at by: that of the window, else that of the buckets.
fn time_field(plan: &AnalysisPlan) -> Option<&FieldRef> {
    let bucketed = plan.outputs.iter().find_map(|output| match &output.expr {
        Expr::Bucket { field, .. } => Some(field),
        _ => None,
    });
    plan.time.as_ref().map(|time| &time.field).or(bucketed)
}
