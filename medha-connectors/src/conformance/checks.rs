//! The checks, one function each; `Err` says what was expected and what came.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::fixture::{CROWD, Fixture, declares_keys};
use super::suite::{Lack, Subject};
use crate::connector::{Capabilities, QueryOptions};
use crate::dialect::Dialect;
use crate::error::ConnectorError;
use crate::guard::{Guard, GuardedSql};
use crate::schema::{ForeignKey, Schema};
use crate::value::{ResultSet, Truncation, Value};

type Verdict = Result<(), String>;

/// Stopping a query may take this long before it counts as not stopped.
const SOON: Duration = Duration::from_secs(10);

pub(super) async fn ping(subject: &Subject) -> Verdict {
    subject.connector.ping().await.map_err(|error| error.to_string())
}

pub(super) async fn schema(subject: &Subject, fixture: &Fixture) -> Verdict {
    let schema = described(subject).await?;
    for expected in fixture.tables() {
        let name = &expected.name;
        let table = schema.table(name).ok_or_else(|| format!("table {name:?} is missing"))?;
        let columns: Vec<_> = table
            .columns
            .iter()
            .map(|column| (spelled(subject, &column.name), column.kind, column.nullable))
            .collect();
        equal(&format!("columns of {name:?}"), &columns, &expected.columns)?;
        if let Some(count) = table.row_count {
            equal(&format!("row count of {name:?}"), &count, &(expected.rows.len() as u64))?;
        }
        if !declares_keys(subject.connector.dialect()) {
            continue;
        }
        let all = |names: &[String]| names.iter().map(|name| spelled(subject, name)).collect::<Vec<_>>();
        equal(&format!("primary key of {name:?}"), &all(&table.primary_key), &expected.primary_key)?;
        let keys = expected.reference.iter().map(|(column, table, there)| ForeignKey {
            columns: vec![column.clone()],
            references: table.clone(),
            referenced_columns: vec![there.clone()],
        });
        let found = table.foreign_keys.iter().map(|key| ForeignKey {
            columns: all(&key.columns),
            references: spelled(subject, &key.references),
            referenced_columns: all(&key.referenced_columns),
        });
        if !subject.lacking.contains(&Lack::ForeignKeys) {
            equal(&format!("foreign keys of {name:?}"), &found.collect::<Vec<_>>(), &keys.collect())?;
        }
    }
    Ok(())
}

pub(super) async fn profiles(subject: &Subject) -> Verdict {
    let schema = described(subject).await?;
    let profile = |column: &str| schema.table("people")?.column(column)?.profile.clone();
    if let Some(name) = profile("name").filter(|profile| profile.complete) {
        equal(
            "values of \"name\"",
            &name.values,
            &["", "Ada", "Zoë O'Neil 漢字"].map(str::to_owned).to_vec(),
        )?;
        equal("nulls of \"name\"", &name.has_nulls, &false)?;
    }
    if let Some(born) = profile("born") {
        equal("least \"born\"", &born.min.unwrap_or("1815-12-10".to_owned()), &"1815-12-10".to_owned())?;
        equal("greatest \"born\"", &born.max.unwrap_or("2000-02-29".to_owned()), &"2000-02-29".to_owned())?;
        equal("nulls of \"born\"", &born.has_nulls, &true)?;
    }
    Ok(())
}

pub(super) async fn values(subject: &Subject, fixture: &Fixture) -> Verdict {
    for table in fixture.tables() {
        let answer = ask(subject, &format!("SELECT * FROM {}", table.name), QueryOptions::default()).await?;
        let capabilities = subject.connector.capabilities();
        equal(&format!("how many rows of {:?}", table.name), &answer.rows.len(), &table.rows.len())?;
        for (came, expected) in answer.rows.iter().zip(&table.rows) {
            equal(&format!("width of a row of {:?}", table.name), &came.len(), &expected.len())?;
            let pairs = came.iter().zip(expected);
            // What the connector says it does not keep must be there all the same; only its value is not looked at.
            let came: Vec<_> = pairs
                .map(|(came, expected)| match is_kept(expected, capabilities) || *came == Value::Null {
                    true => came,
                    false => expected,
                })
                .collect();
            equal(&format!("a row of {:?}", table.name), &came, &expected.iter().collect())?;
        }
        equal("truncation", &answer.truncated, &None)?;
    }
    Ok(())
}

pub(super) async fn columns(subject: &Subject) -> Verdict {
    let names = |answer: &ResultSet| {
        answer.columns.iter().map(|column| spelled(subject, &column.name)).collect::<Vec<_>>()
    };
    let repeated = ask(subject, "SELECT id, name, id FROM people", QueryOptions::default()).await;
    if subject.connector.capabilities().repeated_names {
        let answer = repeated?;
        equal("names", &names(&answer), &["id", "name", "id"].map(str::to_owned).to_vec())?;
        equal("width of the rows", &answer.rows.iter().all(|row| row.len() == 3), &true)?;
    } else {
        // Refused by most; what stands in for a system in a test may name them apart instead.
        if let Ok(answer) = repeated {
            equal("values under repeated names", &answer.rows.iter().all(|row| row.len() == 3), &true)?;
        }
        let answer = ask(subject, "SELECT name, id FROM people", QueryOptions::default()).await?;
        equal("names", &names(&answer), &["name", "id"].map(str::to_owned).to_vec())?;
    }
    let sql = guarded(subject, "SELECT person_id FROM visits", 10).await?;
    let rows =
        subject.connector.query(&sql, QueryOptions::default()).await.map_err(|error| error.to_string())?;
    equal("columns without rows", &rows.columns().len(), &1)
}

pub(super) async fn row_cap(subject: &Subject) -> Verdict {
    let all = usize::try_from(CROWD).unwrap_or(usize::MAX);
    for (max_rows, truncated) in
        [(0, Some(Truncation::Rows)), (all - 1, Some(Truncation::Rows)), (all, None), (all + 1, None)]
    {
        let answer =
            ask(subject, "SELECT n FROM crowd", QueryOptions { max_rows, ..Default::default() }).await?;
        equal("rows", &answer.rows.len(), &max_rows.min(all))?;
        equal(&format!("truncation at {max_rows}"), &answer.truncated, &truncated)?;
    }
    let sql = guarded(subject, "SELECT n FROM crowd", 2).await?;
    let answer = async { subject.connector.query(&sql, QueryOptions::default()).await?.collect().await };
    let answer = answer.await.map_err(|error| error.to_string())?;
    equal("rows under the limit of the guard", &answer.rows.len(), &2)?;
    equal("truncation by the limit of the guard", &answer.truncated, &Some(Truncation::Rows))
}

pub(super) async fn byte_cap(subject: &Subject) -> Verdict {
    let answer =
        ask(subject, "SELECT n FROM crowd", QueryOptions { max_bytes: 80, ..Default::default() }).await?;
    equal("rows", &answer.rows.len(), &10)?;
    equal("truncation", &answer.truncated, &Some(Truncation::Bytes))
}

pub(super) async fn deadline(subject: &Subject) -> Verdict {
    let options = QueryOptions { deadline: Duration::from_millis(50), ..Default::default() };
    match soon(ask_endless(subject, options)).await? {
        Err(ConnectorError::Deadline { .. }) => usable(subject).await,
        other => Err(format!("expected the deadline, got {other:?}")),
    }
}

pub(super) async fn cancelling(subject: &Subject) -> Verdict {
    let cancel = CancellationToken::new();
    let options = QueryOptions { cancel: cancel.clone(), ..Default::default() };
    let (outcome, ()) = soon(async {
        tokio::join!(ask_endless(subject, options.clone()), async {
            tokio::task::yield_now().await;
            cancel.cancel();
        })
    })
    .await?;
    if !matches!(outcome, Err(ConnectorError::Cancelled)) {
        return Err(format!("expected the cancellation, got {outcome:?}"));
    }
    match soon(ask_endless(subject, options)).await? {
        Err(ConnectorError::Cancelled) => usable(subject).await,
        other => Err(format!("expected a cancelled query not to start, got {other:?}")),
    }
}

pub(super) async fn dropping(subject: &Subject) -> Verdict {
    let sql = guarded(subject, &subject.endless, 10).await?;
    // More often than a pool has connections.
    for _ in 0..12 {
        let starting = subject.connector.query(&sql, QueryOptions::default());
        if !subject.connector.capabilities().stops_work {
            // Its rows come all at once, so it is the question that is dropped.
            if timeout(Duration::from_millis(50), starting).await.is_ok() {
                return Err("the query that was said to be endless ended".to_owned());
            }
            continue;
        }
        let started = soon(starting).await?;
        let mut rows = started.map_err(|error| error.to_string())?;
        if timeout(Duration::from_millis(2), rows.next()).await.is_ok() {
            return Err("the query that was said to be endless ended".to_owned());
        }
    }
    usable(subject).await
}

pub(super) async fn side_by_side(subject: &Subject) -> Verdict {
    let sql = guarded(subject, "SELECT n FROM crowd", 2_000).await?;
    let ask = async || subject.connector.query(&sql, QueryOptions::default()).await?.collect().await;
    for answer in join_all((0..8).map(|_| ask())).await {
        let answer = answer.map_err(|error| error.to_string())?;
        equal("rows", &answer.rows.len(), &usize::try_from(CROWD).unwrap_or_default())?;
    }
    Ok(())
}

pub(super) async fn explain(subject: &Subject) -> Verdict {
    if subject.lacking.contains(&Lack::Plans) {
        return Ok(());
    }
    let sql = guarded(subject, "SELECT name FROM people", 10).await?;
    let plan = subject.connector.explain(&sql).await.map_err(|error| error.to_string())?;
    equal("an empty plan", &plan.trim().is_empty(), &false)
}

/// Whether the connector says that such a value arrives as it is.
fn is_kept(value: &Value, capabilities: Capabilities) -> bool {
    const LARGEST: u64 = (1 << 53) - 1;
    match value {
        Value::Integer(number) => capabilities.large_integers || number.unsigned_abs() <= LARGEST,
        Value::Blob(_) => capabilities.bytes,
        Value::Null | Value::Bool(_) | Value::Float(_) | Value::Decimal(_) | Value::Text(_) => true,
    }
}

/// A name as the fixture spells it: Snowflake keeps names that are written without quotes in capitals.
fn spelled(subject: &Subject, name: &str) -> String {
    match subject.connector.dialect() {
        Dialect::Snowflake => name.to_ascii_lowercase(),
        Dialect::Sqlite | Dialect::Postgres | Dialect::MySql | Dialect::BigQuery | Dialect::DuckDb => {
            name.to_owned()
        }
    }
}

async fn described(subject: &Subject) -> Result<Schema, String> {
    subject.connector.schema().await.map_err(|error| error.to_string())
}

async fn guarded(subject: &Subject, sql: &str, max_rows: usize) -> Result<GuardedSql, String> {
    let guard = Guard::new(subject.connector.dialect(), Arc::new(described(subject).await?));
    guard.check(sql, max_rows).map_err(|error| format!("{sql}: {error}"))
}

async fn ask(subject: &Subject, sql: &str, options: QueryOptions) -> Result<ResultSet, String> {
    let guarded = guarded(subject, sql, options.max_rows).await?;
    let answer = async { subject.connector.query(&guarded, options).await?.collect().await };
    answer.await.map_err(|error| format!("{sql}: {error}"))
}

async fn ask_endless(subject: &Subject, options: QueryOptions) -> Result<ResultSet, ConnectorError> {
    let sql =
        guarded(subject, &subject.endless, 10).await.map_err(|reason| ConnectorError::Query { reason })?;
    subject.connector.query(&sql, options).await?.collect().await
}

/// After a query was stopped, the next one is answered.
async fn usable(subject: &Subject) -> Verdict {
    let answer = soon(ask(subject, "SELECT id FROM people", QueryOptions::default())).await??;
    equal("rows after a stopped query", &answer.rows.len(), &3)
}

async fn soon<T>(future: impl Future<Output = T>) -> Result<T, String> {
    timeout(SOON, future).await.map_err(|_| format!("it was not done after {SOON:?}"))
}

fn equal<T: PartialEq + Debug>(what: &str, came: &T, expected: &T) -> Verdict {
    if came == expected { Ok(()) } else { Err(format!("{what}: expected {expected:?}, got {came:?}")) }
}
