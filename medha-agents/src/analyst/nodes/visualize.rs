//! The node that chooses the chart.

use medha_graph::{Command, Context, Ctx, NodeError, Payload};

use super::super::event::EventPayload;
use super::super::state::{AnalystState, PanelAt};
use super::super::tools::{RunTools, Step};
use super::panel;
use crate::chart::{choose, vega_lite};

/// Chooses how a panel's result is drawn.
pub(crate) async fn visualize(
    state: &AnalystState,
    Payload(at): Payload<PanelAt>,
    run: Context<RunTools>,
    ctx: Ctx,
) -> Result<Command<AnalystState>, NodeError> {
    let mut work = panel::take(state, at)?;
    let step = Step::begin(&ctx, &run, "chart", Some(at.panel), "Choosing a chart");
    let result = work.result.as_ref().map(|kept| kept.result().clone()).unwrap_or_default();
    let chart = choose(&work.step, &work.columns, &result);
    if ctx.is_watched() {
        let spec = vega_lite(&chart, &result).map_err(NodeError::from)?.unwrap_or_default();
        let description = chart.description.clone();
        ctx.emit(EventPayload::ChartReady { panel: at.panel, kind: chart.kind, spec, description });
    }
    step.done(chart.kind.words());
    work.chart = Some(chart);
    Ok(panel::hand_on(at, work, "insight"))
}
