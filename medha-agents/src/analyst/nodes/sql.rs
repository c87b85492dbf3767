//! The SQL node: a plan becomes a statement of the database's dialect, and so does the same plan over the window before.

use medha_graph::{Command, Context, Ctx, NodeError, Payload};

use super::super::comparison::{Before, Comparison, before};
use super::super::state::{AnalystState, PanelAt};
use super::super::tools::{RunTools, Step, Tools};
use super::super::trouble::Trouble;
use super::panel;
use crate::plan::compile;

/// Writes the SQL of a panel.
pub(crate) async fn sql(
    state: &AnalystState,
    Payload(at): Payload<PanelAt>,
    tools: Context<Tools>,
    run: Context<RunTools>,
    ctx: Ctx,
) -> Result<Command<AnalystState>, NodeError> {
    let mut work = panel::take(state, at)?;
    let step = Step::begin(&ctx, &run, "sql", Some(at.panel), "Writing SQL");
    let mut model = (*tools.model).clone();
    for mend in &work.mends {
        mend.apply(&mut model);
    }
    let dialect = tools.connector.dialect();
    let compiled = match compile(&work.step.plan, &model, dialect) {
        Ok(compiled) => compiled,
        Err(error) => {
            step.failed(error.to_string());
            return Err(Trouble::failed(error.to_string(), None).into_error());
        }
    };
    work.sql = Some(compiled.sql);
    work.comparison = match before(&work.step, &model, state.asked.now) {
        Before::Nothing => Comparison::Nothing,
        Before::Uncovered(compared) => Comparison::Uncovered { compared },
        // The comparison is an extra: without its SQL the panel stands all the same.
        Before::Plan(window, plan) => match compile(&plan, &model, dialect) {
            Ok(compiled) => Comparison::With { window, sql: compiled.sql },
            Err(error) => {
                tracing::warn!(%error, "the plan over the window before has no SQL");
                Comparison::Nothing
            }
        },
    };
    step.done(match &work.comparison {
        Comparison::With { window, .. } => format!("to be compared with {}", window.range.label),
        Comparison::Nothing | Comparison::Uncovered { .. } => String::new(),
    });
    Ok(panel::hand_on(at, work, "guard"))
}
