//! Reads the statements, decides each in its dialect, and writes the decisions in their order.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use medha_connectors::{Dialect, Guard, GuardedSql};
use serde::Deserialize;
use serde_json::{Value, json};

use super::context::Context;
use crate::cli::EvalGuardArgs;
use crate::clock;
use crate::error::CommandError;
use crate::eval::pack::{PackError, read_lines};
use crate::eval::run::write;
use crate::exit::Exit;
use crate::terminal::tell;

const FILES: [&str; 2] = ["must_block.jsonl", "must_allow.jsonl"];

/// A statement of a corpus. Of what else stands there (what is expected, and why) nothing is read.
#[derive(Debug, Deserialize)]
struct Statement {
    id: String,
    dialect: Spoken,
    sql: String,
    context: String,
}

/// A dialect as a corpus names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Spoken {
    Sqlite,
    Postgres,
    Mysql,
    Snowflake,
    Bigquery,
}

/// Decides every statement of a folder and writes the decisions.
pub(crate) async fn eval_guard(args: EvalGuardArgs) -> Result<Exit, CommandError> {
    let started = clock::start();
    let above = args.folder.join("..");
    let contexts = read_contexts(&above.join("contexts.json"))?;
    let mut guards: BTreeMap<(String, Spoken), (Guard, usize)> = BTreeMap::new();
    let (mut lines, mut allowed, mut blocked) = (String::new(), 0, 0);
    for file in FILES {
        let path = args.folder.join(file);
        for (index, statement) in read_lines::<Statement>(&path)?.into_iter().enumerate() {
            let key = (statement.context.clone(), statement.dialect);
            if !guards.contains_key(&key) {
                let Some(context) = contexts.get(&statement.context) else {
                    let reason = format!("contexts.json has no context {:?}", statement.context);
                    return Err(PackError::Line { path, line: index + 1, reason }.into());
                };
                let schema = Context::schema(&above, &statement.context).await?;
                let guard = context.guard(&statement.context, &schema, statement.dialect.into())?;
                guards.insert(key.clone(), (guard, context.max_rows()));
            }
            let decision = guards.get(&key).map(|(guard, max_rows)| guard.check(&statement.sql, *max_rows));
            let line = match decision {
                Some(Ok(sql)) => {
                    allowed += 1;
                    let (sql, rules) = (GuardedSql::as_str(&sql).to_owned(), sql.rules().to_vec());
                    json!({"id": statement.id, "decision": "allow", "sql": sql, "rules": rules})
                }
                Some(Err(error)) => {
                    blocked += 1;
                    json!({"id": statement.id, "decision": "block", "reason": error.to_string()})
                }
                None => Value::Null,
            };
            lines.push_str(&format!("{line}\n"));
        }
    }
    write(&args.out, &lines).map_err(|source| PackError::Write { path: args.out.clone(), source })?;
    let seconds = started.elapsed().as_secs_f64();
    tell(&format!(
        "{} statements in {seconds:.1} s: {allowed} allowed, {blocked} blocked",
        allowed + blocked
    ));
    Ok(Exit::Done)
}

fn read_contexts(path: &Path) -> Result<BTreeMap<String, Context>, PackError> {
    let text =
        fs::read_to_string(path).map_err(|source| PackError::Read { path: path.to_owned(), source })?;
    serde_json::from_str(&text).map_err(|error| PackError::Line {
        path: path.to_owned(),
        line: error.line(),
        reason: error.to_string(),
    })
}

impl From<Spoken> for Dialect {
    fn from(spoken: Spoken) -> Self {
        match spoken {
            Spoken::Sqlite => Self::Sqlite,
            Spoken::Postgres => Self::Postgres,
            Spoken::Mysql => Self::MySql,
            Spoken::Snowflake => Self::Snowflake,
            Spoken::Bigquery => Self::BigQuery,
        }
    }
}
