//! A look at the values: row counts, distinct values, ranges and kinds, within a budget.
//!
//! Up to a million rows a table is looked at as a whole, so that the same file gives the same profile on any machine. Of a
//! larger one only a part is read, and what was not seen is not claimed.

use std::time::{Duration, Instant};

use super::introspect::Catalog;
use super::kind::declared_kind;
use crate::error::ConnectorError;
use crate::profile::{MAX_VALUE_BYTES, MAX_VALUES, Range, Seen, ranges_in};
use crate::schema::{Column, Table, TableKind};
use crate::value::{ColumnKind, Value};

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
    Ok(Seen::of(rows, is_small && at_end))
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
    Ok(ranges_in(rows.first().map(Vec::as_slice).unwrap_or_default()))
}

/// A name as SQLite reads it back whatever is in it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
