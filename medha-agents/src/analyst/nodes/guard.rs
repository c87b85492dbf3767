//! The guard's node: no statement reaches the database without having passed here.

use medha_connectors::{GuardError, GuardedSql};
use medha_graph::{Command, Context, Ctx, NodeError, Payload};

use super::super::answer::AnswerOutcome;
use super::super::comparison::Comparison;
use super::super::event::EventPayload;
use super::super::state::{AnalystState, PanelAt};
use super::super::tools::{RunTools, Step, Tools};
use super::super::trouble::{Trouble, UnknownName};
use super::panel;

/// Checks the SQL of a panel; what is handed on is the statement as the guard wrote it out.
pub(crate) async fn guard(
    state: &AnalystState,
    Payload(at): Payload<PanelAt>,
    tools: Context<Tools>,
    run: Context<RunTools>,
    ctx: Ctx,
) -> Result<Command<AnalystState>, NodeError> {
    let mut work = panel::take(state, at)?;
    let step = Step::begin(&ctx, &run, "guard", Some(at.panel), "Checking the SQL");
    let guard = tools.guard();
    let statement = work.sql.take().unwrap_or_default();
    let checked = match guard.check(&statement, state.asked.max_rows) {
        Ok(checked) => checked,
        Err(error) => {
            step.failed(error.to_string());
            if let Some(noting) = tools.note(&run, Some(&state.asked.question), &statement) {
                noting.refused(error.to_string()).await.map_err(Trouble::into_error)?;
            }
            return Err(refused(&error).into_error());
        }
    };
    if let Comparison::With { sql, .. } = &mut work.comparison {
        match guard.check(sql, state.asked.max_rows) {
            Ok(checked) => *sql = shown(&checked, sql, &tools),
            Err(error) => {
                tracing::warn!(%error, "the statement over the window before was refused");
                work.comparison = Comparison::Nothing;
            }
        }
    }
    let tables = checked.tables().to_vec();
    let count = tables.len();
    let sql = shown(&checked, &statement, &tools);
    work.sql = Some(sql.clone());
    ctx.emit(EventPayload::SqlReady { panel: at.panel, sql, tables });
    step.done(if count == 1 { "reads 1 table".to_owned() } else { format!("reads {count} tables") });
    if state.asked.dry_run {
        return Ok(Command::new().update(panel::put(at, work)).goto("follow_ups"));
    }
    Ok(panel::hand_on(at, work, "execute"))
}

/// The statement that is shown and handed on: as the guard wrote it out. Under a policy it is the one that was asked, since the
/// rules that were put in may say what the user is not to know, and they are put in again when it runs.
fn shown(checked: &GuardedSql, asked: &str, tools: &Tools) -> String {
    match tools.rights {
        None => checked.as_str().to_owned(),
        Some(_) => asked.to_owned(),
    }
}

fn refused(error: &GuardError) -> Trouble {
    let message = error.to_string();
    match error {
        GuardError::UnknownTable { table, .. } => {
            Trouble::UnknownName { name: UnknownName::Table { table: table.clone() }, message }
        }
        GuardError::UnknownColumn { column, table, .. } => {
            let name = UnknownName::Column { column: column.clone(), table: table.clone() };
            Trouble::UnknownName { name, message }
        }
        // The compiler quotes every name, so a word in double quotes that is no column was meant as one.
        GuardError::TextInDoubleQuotes { text } => {
            Trouble::UnknownName { name: UnknownName::Column { column: text.clone(), table: None }, message }
        }
        _ => Trouble::Final { outcome: AnswerOutcome::Refused { reason: message } },
    }
}
