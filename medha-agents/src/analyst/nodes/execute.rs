//! The node that asks the database.

use medha_connectors::{ConnectorError, QueryOptions, ResultSet};
use medha_graph::{Command, Context, Ctx, NodeError, Payload};

use super::super::comparison::Comparison;
use super::super::event::EventPayload;
use super::super::json;
use super::super::state::{AnalystState, PanelAt};
use super::super::stored::Kept;
use super::super::tools::{RunTools, Step, Tools};
use super::super::trouble::Trouble;
use super::panel;
use crate::chart::{columns_of, unique_names};

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
    let asking = Asking { tools: &tools, run: &run, question: &state.asked.question, options: &options };
    let result = match asking.query(&statement).await {
        Ok(result) => result,
        Err(trouble) => {
            let error = trouble.into_error();
            step.failed(error.to_string());
            return Err(error);
        }
    };
    if let Comparison::With { sql, .. } = &work.comparison {
        match asking.query(sql).await {
            Ok(previous) => work.previous = Some(Kept::new(previous)),
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
    step.done(if rows == 1 { format!("1 row{more}") } else { format!("{rows} rows{more}") });
    work.result = Some(Kept::new(result));
    Ok(panel::hand_on(at, work, "visualize"))
}

/// What the statements of a panel are asked with.
struct Asking<'a> {
    tools: &'a Tools,
    run: &'a RunTools,
    question: &'a str,
    options: &'a QueryOptions,
}

impl Asking<'_> {
    /// Runs one statement that has passed the guard; it passes once more, as only the guard can say so. What becomes of it
    /// is noted before anybody sees a row.
    async fn query(&self, statement: &str) -> Result<ResultSet, Trouble> {
        let Self { tools, run, question, options } = *self;
        let checked = tools.guard().check(statement, options.max_rows);
        let checked = checked.map_err(|error| Trouble::failed(error.to_string(), None))?;
        let mut noting = tools.note(run, question, statement);
        if let Some(noting) = &mut noting {
            noting.sent(&checked);
        }
        let read = async { tools.connector.query(&checked, options.clone()).await?.collect().await };
        let read = tokio::select! {
            biased;
            () = options.cancel.cancelled() => Err(ConnectorError::Cancelled),
            read = read => read,
        };
        if let Some(noting) = noting {
            noting.ended(read.as_ref().map(|result| result.rows.len())).await?;
        }
        let mut result = read.map_err(|error| Trouble::from(&error))?;
        let names = unique_names(result.columns.iter().map(|column| column.name.as_str()));
        for (column, name) in result.columns.iter_mut().zip(names) {
            column.name = name;
        }
        Ok(result)
    }
}
