//! A look at the values of a server's tables, within a budget.
//!
//! A server has others to serve, so less is read than of a file: small tables are counted and looked at as a whole, of the
//! others the first rows, and their size is what the server estimates.

use std::time::{Duration, Instant};

use async_trait::async_trait;

use crate::connector::{QueryOptions, RowStream};
use crate::error::ConnectorError;
use crate::profile::{MAX_VALUE_BYTES, MAX_VALUES, Range, Seen, ranges_in};
use crate::schema::{Column, Schema, Table, TableKind};
use crate::value::{ColumnKind, Value};

/// Tables up to this estimate are counted and looked at as a whole,
const WHOLE_TABLE_ROWS: u64 = 200_000;
/// and so are those without an estimate up to this size.
const WHOLE_TABLE_BYTES: u64 = 32 * 1024 * 1024;
/// Of larger tables, and of views, the first rows.
const SAMPLED_ROWS: u64 = 20_000;
/// Columns whose range one statement computes.
const COLUMNS_PER_SCAN: usize = 40;
/// The most one statement may take.
const STATEMENT_TIME: Duration = Duration::from_secs(2);
/// The most all statements together may take.
const TOTAL_TIME: Duration = Duration::from_secs(12);

/// A table as the catalog has it.
pub(crate) struct Described {
    /// With the server's estimate of its rows.
    pub(crate) table: Table,
    /// How large it is on the disk.
    pub(crate) bytes: Option<u64>,
    /// Where it is, as a statement may write it before its name; `None` leaves that to the dialect.
    pub(crate) namespace: Option<String>,
}

/// The tables that were found, and all places they are in.
pub(crate) fn schema_of(described: Vec<Described>) -> Schema {
    let mut schema = Schema::default();
    for Described { table, namespace, bytes: _ } in described {
        schema.tables.push(table);
        schema.namespaces.extend(namespace.filter(|namespace| !schema.namespaces.contains(namespace)));
    }
    schema
}

/// What the look needs of a connector.
#[async_trait]
pub(crate) trait Look: Sync {
    /// A name as the server reads it back whatever is in it.
    fn quoted(&self, name: &str) -> String;

    /// A column, quoted, so that distinct values are distinct byte for byte.
    fn exact(&self, column: &str, kind: ColumnKind) -> String {
        let _ = kind;
        column.to_owned()
    }

    /// Runs a statement of ours.
    async fn ask(&self, sql: &str, options: QueryOptions) -> Result<RowStream, ConnectorError>;
}

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

    fn next_statement(&self) -> Option<Duration> {
        let left = TOTAL_TIME.saturating_sub(self.started.elapsed());
        (!left.is_zero()).then(|| left.min(STATEMENT_TIME))
    }
}

/// Counts the rows of small tables and fills in the profiles of the columns, small tables first.
pub(crate) async fn look_at(source: &dyn Look, tables: &mut [Described]) -> Result<(), ConnectorError> {
    let budget = Budget::begin();
    let mut order: Vec<&mut Described> = tables.iter_mut().collect();
    order.sort_by_key(|described| described.table.row_count.or(described.bytes).unwrap_or(u64::MAX));
    for described in order {
        let is_small = match (described.table.row_count, described.bytes) {
            (Some(rows), _) if rows > 0 => rows <= WHOLE_TABLE_ROWS,
            // A table that was never analysed has no estimate, or one of none.
            (_, Some(bytes)) => bytes <= WHOLE_TABLE_BYTES,
            (_, None) => false,
        };
        let table = &mut described.table;
        if is_small {
            let sql = format!("SELECT count(*) FROM {}", source.quoted(&table.name));
            if let Some((rows, _)) = rows_of(source, &sql, &budget).await?
                && let Some([Value::Integer(count)]) = rows.first().map(Vec::as_slice)
            {
                table.row_count = u64::try_from(*count).ok();
            }
        }
        look_at_columns(source, table, is_small, &budget).await?;
    }
    Ok(())
}

async fn look_at_columns(
    source: &dyn Look,
    table: &mut Table,
    is_small: bool,
    budget: &Budget,
) -> Result<(), ConnectorError> {
    let name = source.quoted(&table.name);
    let is_view = table.kind == TableKind::View;
    let mut without_range = Vec::new();
    for (place, column) in table.columns.iter_mut().enumerate().filter(|(_, column)| is_worth_a_look(column))
    {
        let quoted = source.quoted(&column.name);
        let from = if is_small {
            name.clone()
        } else {
            format!("(SELECT {quoted} FROM {name} LIMIT {SAMPLED_ROWS}) AS sampled")
        };
        let exact = source.exact(&quoted, column.kind);
        let sql = format!("SELECT DISTINCT {exact} FROM {from} LIMIT {}", MAX_VALUES + 2);
        let Some((rows, at_end)) = rows_of(source, &sql, budget).await? else {
            if is_view {
                // Its query is too slow to be asked once for every column.
                return Ok(());
            }
            continue;
        };
        let seen = Seen::of(rows, is_small && at_end);
        if !seen.is_whole && has_a_range(column.kind) {
            without_range.push(place);
        }
        if column.kind == ColumnKind::Text {
            // A text may be declared as nothing better than text and hold dates.
            column.kind = seen.kinds.kind(column.kind);
        }
        column.profile = Some(seen.into_profile(column.nullable));
    }
    if is_view {
        return Ok(());
    }
    if !is_small {
        // A scan of a large table costs seconds, and what people ask about it first is the time it covers.
        without_range
            .retain(|place| matches!(table.columns[*place].kind, ColumnKind::Date | ColumnKind::DateTime));
    }
    for places in without_range.chunks(if is_small { COLUMNS_PER_SCAN } else { 1 }) {
        let wanted: Vec<String> = places
            .iter()
            .map(|place| {
                let column = source.quoted(&table.columns[*place].name);
                format!("min({column}), max({column}), count(*) > count({column})")
            })
            .collect();
        let sql = format!("SELECT {} FROM {name}", wanted.join(", "));
        if let Some((rows, _)) = rows_of(source, &sql, budget).await? {
            let found: Vec<Range> = ranges_in(rows.first().map(Vec::as_slice).unwrap_or_default());
            places.iter().zip(found).for_each(|(place, range)| range.note_in(&mut table.columns[*place]));
        }
    }
    Ok(())
}

/// Documents are no dimension of anything, and comparing them is dear or not possible.
fn is_worth_a_look(column: &Column) -> bool {
    let declared = column.declared_type.to_ascii_lowercase();
    !matches!(column.kind, ColumnKind::Blob | ColumnKind::Unknown)
        && !["json", "xml", "interval"].iter().any(|document| declared.starts_with(document))
}

fn has_a_range(kind: ColumnKind) -> bool {
    match kind {
        ColumnKind::Integer
        | ColumnKind::Decimal
        | ColumnKind::Float
        | ColumnKind::Date
        | ColumnKind::DateTime
        | ColumnKind::Time => true,
        ColumnKind::Boolean | ColumnKind::Text | ColumnKind::Blob | ColumnKind::Unknown => false,
    }
}

/// The rows of a statement of ours and whether these are all; `None` where the look took too long or the table cannot be
/// read through, as with a view over something that is gone.
async fn rows_of(
    source: &dyn Look,
    sql: &str,
    budget: &Budget,
) -> Result<Option<(Vec<Vec<Value>>, bool)>, ConnectorError> {
    let Some(deadline) = budget.next_statement() else { return Ok(None) };
    let options = QueryOptions { deadline, max_bytes: MAX_VALUE_BYTES, ..QueryOptions::default() };
    let asked = async { source.ask(sql, options).await?.collect().await };
    match asked.await {
        Ok(answer) => Ok(Some((answer.rows, answer.truncated.is_none()))),
        Err(ConnectorError::Deadline { .. } | ConnectorError::Query { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
