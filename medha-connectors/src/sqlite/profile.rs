//! A look at the values: row counts, distinct values, ranges and kinds, within a budget.
//!
//! Up to a million rows a table is looked at as a whole, so that the same file gives the same profile on any machine. Of a
//! larger one only a part is read, and what was not seen is not claimed.

use std::cmp::Ordering;
use std::time::{Duration, Instant};

use super::introspect::Catalog;
use super::kind::declared_kind;
use crate::error::ConnectorError;
use crate::kind::KindsSeen;
use crate::schema::{Column, ColumnProfile, Table, TableKind};
use crate::value::{ColumnKind, Value};

/// So many distinct values of a column are kept.
const MAX_VALUES: usize = 2_000;
/// A column of long texts is given up after so many bytes.
const MAX_VALUE_BYTES: usize = 512 * 1024;
/// A longer text is no bound that anyone wants to read.
const MAX_BOUND_BYTES: usize = 200;
/// Tables up to this size are read as a whole.
pub(crate) const WHOLE_TABLE_ROWS: u64 = 1_000_000;
/// Of larger tables, and of views whose size is not known, the first rows.
const SAMPLED_ROWS: u64 = 50_000;
/// Columns whose range one statement computes.
const COLUMNS_PER_SCAN: usize = 40;
/// The most one statement may take.
const STATEMENT_TIME: Duration = Duration::from_secs(2);
/// The most all statements together may take.
const TOTAL_TIME: Duration = Duration::from_secs(12);

/// The time that is left for looking.
struct Budget {
    started: Instant,
}

impl Budget {
    /// Begins now.
    #[allow(clippy::disallowed_methods, reason = "the time spent looking at values is measured at the edge")]
    fn begin() -> Self {
        Self { started: Instant::now() }
    }

    fn next_statement(&self) -> Duration {
        TOTAL_TIME.saturating_sub(self.started.elapsed()).min(STATEMENT_TIME)
    }
}

/// Fills in the row counts of all tables, and the profiles and kinds of their columns, small tables first.
pub(crate) async fn look_at(
    catalog: &mut Catalog,
    tables: &mut [Table],
    whole_table_rows: u64,
) -> Result<(), ConnectorError> {
    let budget = Budget::begin();
    for table in tables.iter_mut() {
        let count = count_rows(catalog, &quoted(&table.name), &budget).await;
        table.row_count = unless_too_dear(count)?.flatten();
    }
    let mut order: Vec<&mut Table> = tables.iter_mut().collect();
    order.sort_by_key(|table| table.row_count.unwrap_or(u64::MAX));
    for table in order {
        let is_small = table.row_count.is_some_and(|rows| rows <= whole_table_rows);
        look_at_columns(catalog, table, is_small, &budget).await?;
    }
    Ok(())
}

async fn look_at_columns(
    catalog: &mut Catalog,
    table: &mut Table,
    is_small: bool,
    budget: &Budget,
) -> Result<(), ConnectorError> {
    if table.row_count.is_none() && table.kind == TableKind::View {
        // Its query is too slow to be asked once for every column.
        return Ok(());
    }
    let name = quoted(&table.name);
    let mut without_range = Vec::new();
    for (place, column) in table.columns.iter_mut().enumerate() {
        let Some(seen) = unless_too_dear(distinct_values(catalog, &name, column, is_small, budget).await)?
        else {
            continue;
        };
        if !seen.is_whole {
            without_range.push(place);
        }
        let nullable = column.nullable;
        column.kind = seen.kinds.kind(declared_kind(&column.declared_type));
        column.profile = Some(seen.into_profile(nullable));
    }
    let columns_per_scan = if is_small { COLUMNS_PER_SCAN } else { 1 };
    if !is_small {
        // A scan of a large table costs seconds, and what people ask about it first is the time it covers.
        without_range
            .retain(|place| matches!(table.columns[*place].kind, ColumnKind::Date | ColumnKind::DateTime));
    }
    for places in without_range.chunks(columns_per_scan) {
        let columns: Vec<String> = places.iter().map(|place| quoted(&table.columns[*place].name)).collect();
        if let Some(ranges) = unless_too_dear(ranges(catalog, &name, &columns, budget).await)? {
            places.iter().zip(ranges).for_each(|(place, range)| range.note_in(&mut table.columns[*place]));
        }
    }
    Ok(())
}

/// `None` where the look took too long or the table cannot be read through; other failures are failures.
fn unless_too_dear<T>(outcome: Result<T, ConnectorError>) -> Result<Option<T>, ConnectorError> {
    match outcome {
        Ok(found) => Ok(Some(found)),
        Err(ConnectorError::Deadline { .. } | ConnectorError::Query { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn count_rows(
    catalog: &mut Catalog,
    table: &str,
    budget: &Budget,
) -> Result<Option<u64>, ConnectorError> {
    let rows = catalog.read(&format!("SELECT count(*) FROM {table}"), &[], budget.next_statement()).await?;
    Ok(match rows.first().and_then(|row| row.first()) {
        Some(Value::Integer(count)) => u64::try_from(*count).ok(),
        _ => None,
    })
}

/// Distinct values of one column.
struct Seen {
    values: Vec<Value>,
    kinds: KindsSeen,
    /// Whether these are all of them.
    is_whole: bool,
}

async fn distinct_values(
    catalog: &mut Catalog,
    table: &str,
    column: &Column,
    is_small: bool,
    budget: &Budget,
) -> Result<Seen, ConnectorError> {
    let name = quoted(&column.name);
    let source = if is_small {
        table.to_owned()
    } else {
        format!("(SELECT {name} FROM {table} LIMIT {SAMPLED_ROWS})")
    };
    // One NULL more than the values; byte order, because a case-blind column would hide spellings.
    let sql = format!("SELECT DISTINCT {name} COLLATE BINARY FROM {source} LIMIT {}", MAX_VALUES + 2);
    let (rows, at_end) = catalog.read_up_to(MAX_VALUE_BYTES, &sql, &[], budget.next_statement()).await?;
    let values: Vec<Value> = rows.into_iter().flatten().collect();
    let mut kinds = KindsSeen::default();
    values.iter().for_each(|value| kinds.observe(value));
    let count = values.iter().filter(|value| **value != Value::Null).count();
    Ok(Seen { values, kinds, is_whole: is_small && at_end && count <= MAX_VALUES })
}

impl Seen {
    fn into_profile(self, nullable: bool) -> ColumnProfile {
        let has_null = self.values.contains(&Value::Null);
        let values: Vec<Value> = self.values.into_iter().filter(|value| *value != Value::Null).collect();
        let distinct = values.len();
        let bounds = if self.is_whole { Range::of(&values) } else { Range::default() };
        let mut texts: Vec<String> = values
            .into_iter()
            .filter_map(|value| match value {
                Value::Text(text) => Some(text),
                _ => None,
            })
            .collect();
        texts.sort();
        let all_text = texts.len() == distinct;
        texts.truncate(MAX_VALUES);
        ColumnProfile {
            distinct: self.is_whole.then_some(distinct as u64),
            complete: self.is_whole && all_text,
            values: texts,
            min: bounds.min.as_ref().and_then(bound),
            max: bounds.max.as_ref().and_then(bound),
            has_nulls: has_null || (!self.is_whole && nullable),
        }
    }
}

/// The least and the greatest value.
#[derive(Default)]
struct Range {
    min: Option<Value>,
    max: Option<Value>,
    has_nulls: bool,
}

impl Range {
    fn of(values: &[Value]) -> Self {
        Self {
            min: values.iter().min_by(|a, b| in_order(a, b)).cloned(),
            max: values.iter().max_by(|a, b| in_order(a, b)).cloned(),
            has_nulls: false,
        }
    }

    fn note_in(&self, column: &mut Column) {
        let Some(profile) = &mut column.profile else {
            return;
        };
        profile.min = self.min.as_ref().and_then(bound);
        profile.max = self.max.as_ref().and_then(bound);
        profile.has_nulls = self.has_nulls;
    }
}

async fn ranges(
    catalog: &mut Catalog,
    table: &str,
    columns: &[String],
    budget: &Budget,
) -> Result<Vec<Range>, ConnectorError> {
    let wanted: Vec<String> = columns
        .iter()
        .map(|column| format!("min({column}), max({column}), count(*) > count({column})"))
        .collect();
    let sql = format!("SELECT {} FROM {table}", wanted.join(", "));
    let rows = catalog.read(&sql, &[], budget.next_statement()).await?;
    let answers = rows.first().map(Vec::as_slice).unwrap_or_default();
    Ok(answers
        .chunks(3)
        .map(|answer| Range {
            min: answer.first().cloned(),
            max: answer.get(1).cloned(),
            has_nulls: answer.get(2) == Some(&Value::Integer(1)),
        })
        .collect())
}

/// SQLite's order: numbers, then text, then bytes.
fn in_order(a: &Value, b: &Value) -> Ordering {
    #[allow(clippy::cast_precision_loss, reason = "only the order of an integer and a float is asked")]
    match (a, b) {
        (Value::Integer(a), Value::Integer(b)) => a.cmp(b),
        (Value::Float(a), Value::Float(b)) => a.total_cmp(b),
        (Value::Integer(a), Value::Float(b)) => (*a as f64).total_cmp(b),
        (Value::Float(a), Value::Integer(b)) => a.total_cmp(&(*b as f64)),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::Blob(a), Value::Blob(b)) => a.cmp(b),
        (a, b) => class(a).cmp(&class(b)),
    }
}

fn class(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) | Value::Integer(_) | Value::Float(_) | Value::Decimal(_) => 1,
        Value::Text(_) => 2,
        Value::Blob(_) => 3,
    }
}

/// A bound as text; bytes and long texts have none.
fn bound(value: &Value) -> Option<String> {
    match value {
        Value::Null | Value::Blob(_) => None,
        Value::Bool(value) => Some(value.to_string()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Decimal(text) | Value::Text(text) => (text.len() <= MAX_BOUND_BYTES).then(|| text.clone()),
    }
}

/// A name as SQLite reads it back whatever is in it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
