//! The node that asks the database.

use medha_connectors::QueryOptions;
use medha_graph::{Command, Context, Ctx, NodeError, Payload};

use super::super::asking::Asking;
use super::super::comparison::Comparison;
use super::super::event::EventPayload;
use super::super::json;
use super::super::state::{AnalystState, PanelAt};
use super::super::stored::Kept;
use super::super::tools::{RunTools, Step, Tools};
use super::panel;
use crate::chart::columns_of;

/// So many rows are shown in the event.
const FIRST_ROWS: usize = 100;

/// Runs the statements of a panel.
pub(crate) async fn execute(
    state: &AnalystState,
    Payload(at): Payload<PanelAt>,
    tools: Context<Tools>,
    run: Context<RunTools>,
    ctx: Ctx,
) -> Result<Command<AnalystState>, NodeError> {
    let mut work = panel::take(state, at)?;
    let step = Step::begin(&ctx, &run, "execute", Some(at.panel), "Running the query");
    let options =
        QueryOptions { max_rows: state.asked.max_rows, cancel: run.cancel.clone(), ..tools.query.clone() };
    let statement = work.sql.clone().unwrap_or_default();
    let question = Some(state.asked.question.as_str());
    let asking = Asking { tools: &tools, run: &run, question, options: &options };
    let (result, age) = match asking.check_and_run(&statement).await {
        Ok(read) => read,
        Err(trouble) => {
            let error = trouble.into_error();
            step.failed(error.to_string());
            return Err(error);
        }
    };
    if let Comparison::With { sql, .. } = &work.comparison {
        match asking.check_and_run(sql).await {
            Ok((previous, _)) => work.previous = Some(Kept::new(previous)),
            Err(trouble) => {
                tracing::warn!(?trouble, "the window before could not be read");
                work.comparison = Comparison::Nothing;
            }
        }
    }
    let rows = result.rows.len();
    let more = if result.truncated.is_some() { ", and there are more" } else { "" };
    work.columns = columns_of(&work.step.plan, &tools.model, &result);
    let first: Vec<_> = result.rows.iter().take(FIRST_ROWS).collect();
    ctx.emit(EventPayload::ResultReady {
        panel: at.panel,
        columns: json::columns(&work.columns, &result),
        row_count: rows,
        truncated: result.truncated.is_some(),
        rows: serde_json::to_value(first).unwrap_or_default(),
    });
    let kept = age.map(|age| format!(", {} s old", age.as_secs())).unwrap_or_default();
    step.done(if rows == 1 { format!("1 row{more}{kept}") } else { format!("{rows} rows{more}{kept}") });
    work.result = Some(Kept::new(result));
    Ok(panel::hand_on(at, work, "visualize"))
}
