//! A look at the values of a dataset, within a budget of bytes, because on BigQuery looking costs money.
//!
//! Every table is read at most once, by one statement that looks at all its columns; what it would read is asked before, for
//! nothing, and the smallest tables are looked at first.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use tokio_util::sync::CancellationToken;

use super::connector::BigQueryConnector;
use super::types::{Type, type_of};
use super::{cost, values};
use crate::connector::QueryOptions;
use crate::error::ConnectorError;
use crate::profile::{MAX_VALUE_BYTES, MAX_VALUES, Seen, ranges_in};
use crate::schema::{Column, Table};
use crate::server::Work;
use crate::value::Value;

/// A longer text is no value that anyone asks for by name.
const LONGEST_TEXT: usize = 200;
/// So many statements run at once.
const AT_ONCE: usize = 8;
/// The most that all of them together may take.
const TOTAL_TIME: Duration = Duration::from_secs(20);
/// Beyond so many columns the answer would not be worth its size.
const MOST_COLUMNS: usize = 200;

/// What is asked of each column: distinct values as JSON, whether some text is too long, least, greatest, whether any is `NULL`.
const ANSWERS: usize = 5;

/// Counts the rows of the tables that fit in the budget and fills in the profiles of their columns.
pub(super) async fn look_at(
    connector: &BigQueryConnector,
    tables: &mut [Table],
) -> Result<(), ConnectorError> {
    let work = Work::begin(TOTAL_TIME, CancellationToken::new());
    let looks: Vec<(usize, String)> =
        tables.iter().enumerate().filter_map(|(place, table)| Some((place, statement(table)?))).collect();
    let asked = looks.into_iter().map(|(place, sql)| {
        let work = &work;
        async move {
            let dry_run = connector.client().dry_run(&sql, work).await;
            known(dry_run).map(|found| found.map(|found| (cost::billed(found.bytes), place, sql)))
        }
    });
    let asked: Vec<_> = stream::iter(asked).buffered(AT_ONCE).collect().await;
    let mut asked: Vec<(u64, usize, String)> =
        asked.into_iter().filter_map(Result::transpose).collect::<Result<_, _>>()?;
    asked.sort();
    let mut left = connector.client().settings.profile_bytes;
    asked.retain(|(billed, _, _)| match left.checked_sub(*billed) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    });
    let answers = asked.into_iter().map(|(billed, place, sql)| {
        let work = &work;
        async move { Ok((place, known(answer(connector, sql, billed, work).await)?)) }
    });
    let answers: Vec<Result<_, ConnectorError>> = stream::iter(answers).buffered(AT_ONCE).collect().await;
    for answer in answers {
        if let (place, Some(answer)) = answer? {
            note(&answer, &mut tables[place]);
        }
    }
    Ok(())
}

/// Nothing where the look took too long or the table cannot be read so, as with one that asks for a filter.
fn known<T>(found: Result<T, ConnectorError>) -> Result<Option<T>, ConnectorError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(ConnectorError::Query { .. } | ConnectorError::Deadline { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn answer(
    connector: &BigQueryConnector,
    sql: String,
    billed: u64,
    work: &Work,
) -> Result<Vec<Value>, ConnectorError> {
    let options = QueryOptions { deadline: work.left(), ..QueryOptions::default() };
    let rows = connector.run(sql, billed, &options).await?.collect().await?.rows;
    Ok(rows.into_iter().next().unwrap_or_default())
}

/// One statement that looks at all columns of a table that are worth it; none where there are none.
fn statement(table: &Table) -> Option<String> {
    let mut wanted = vec!["COUNT(*) AS n".to_owned()];
    for (place, column) in worth_a_look(table).enumerate() {
        let name = quoted(&column.name);
        let is_text = type_of(plain(column)) == Type::Text;
        let text = if is_text {
            format!("IF(BYTE_LENGTH({name}) > {LONGEST_TEXT}, NULL, {name})")
        } else {
            format!("CAST({name} AS STRING)")
        };
        let long = if is_text {
            format!("COUNTIF(BYTE_LENGTH({name}) > {LONGEST_TEXT}) > 0")
        } else {
            "FALSE".to_owned()
        };
        let bound = |end: &str| {
            if is_text { "NULL".to_owned() } else { format!("CAST({end}({name}) AS STRING)") }
        };
        // An array with a NULL in it cannot be answered, but a text that is made of it can.
        wanted.push(format!(
            "TO_JSON_STRING(ARRAY_AGG(DISTINCT {text} LIMIT {})) AS v{place}, {long} AS l{place}, {} AS a{place}, {} AS z{place}, \
             COUNTIF({name} IS NULL) > 0 AS n{place}",
            MAX_VALUES + 2,
            bound("MIN"),
            bound("MAX"),
        ));
    }
    (wanted.len() > 1).then(|| format!("SELECT {} FROM {}", wanted.join(", "), quoted(&table.name)))
}

/// Documents, bytes and what is nested are no dimension of anything.
fn worth_a_look(table: &Table) -> impl Iterator<Item = &Column> {
    table.columns.iter().filter(|column| is_worth_a_look(column)).take(MOST_COLUMNS)
}

fn is_worth_a_look(column: &Column) -> bool {
    match type_of(plain(column)) {
        Type::Integer
        | Type::Float
        | Type::Decimal
        | Type::Boolean
        | Type::Text
        | Type::Date
        | Type::DateTime
        | Type::Timestamp
        | Type::Time => true,
        Type::Bytes | Type::Json | Type::Struct | Type::Other => false,
    }
}

/// The name of a declared type without its length: `NUMERIC` of `NUMERIC(10, 2)`. An array has one that is not known.
fn plain(column: &Column) -> &str {
    column.declared_type.split('(').next().unwrap_or_default()
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('\\', "\\\\").replace('`', "\\`"))
}

fn note(answer: &[Value], table: &mut Table) {
    let Some((Value::Integer(count), answers)) = answer.split_first() else { return };
    table.row_count = u64::try_from(*count).ok();
    let looked_at = table.columns.iter_mut().filter(|column| is_worth_a_look(column)).take(MOST_COLUMNS);
    for (column, answer) in looked_at.zip(answers.chunks(ANSWERS)) {
        let [distinct, long, least, greatest, has_nulls] = answer else { return };
        note_column(column, distinct, *long == Value::Bool(true), [least, greatest, has_nulls]);
    }
}

fn note_column(column: &mut Column, distinct: &Value, has_long: bool, range: [&Value; 3]) {
    let texts: Vec<Option<String>> = match distinct {
        Value::Text(json) if json.len() <= MAX_VALUE_BYTES * 2 => {
            serde_json::from_str(json).unwrap_or_default()
        }
        _ => Vec::new(),
    };
    let read =
        |text: Option<String>| text.map_or(Value::Null, |text| values::scalar_of(&text, plain(column)));
    let rows: Vec<Vec<Value>> = texts.into_iter().map(|text| vec![read(text)]).collect();
    let is_complete = !has_long && rows.len() <= MAX_VALUES + 1;
    let seen = Seen::of(rows, is_complete);
    let is_whole = seen.is_whole;
    if type_of(plain(column)) == Type::Text {
        // A text may be declared as nothing better than text and hold dates.
        column.kind = seen.kinds.kind(column.kind);
    }
    column.profile = Some(seen.into_profile(column.nullable));
    let [least, greatest, has_nulls] = range;
    if !is_whole {
        let bounds = [least, greatest].map(|bound| match bound {
            Value::Text(text) => values::scalar_of(text, plain(column)),
            other => other.clone(),
        });
        let [least, greatest] = bounds;
        ranges_in(&[least, greatest, has_nulls.clone()]).iter().for_each(|range| range.note_in(column));
    }
}
