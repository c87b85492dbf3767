//! The smallest connector there is, and the file to copy for a new system.
//!
//! It keeps rows in memory and reads `SELECT columns FROM table LIMIT n` and `count(*)`; everything else is an error. A
//! connector for a real system replaces `DummyConnector::run` with a call to that system and keeps the rest: describe the tables,
//! run only guarded statements, stop when told to.

use std::sync::Arc;

use async_trait::async_trait;
use futures_core::Stream;
use futures_util::{StreamExt, stream};
use sqlparser::ast::{Expr, GroupByExpr, LimitClause, Select, SelectItem, SetExpr, Statement, TableFactor};
use sqlparser::dialect::SQLiteDialect;
use sqlparser::parser::Parser;

use crate::conformance::FixtureTable;
use crate::connector::{Connector, QueryOptions, RowStream};
use crate::dialect::Dialect;
use crate::error::ConnectorError;
use crate::guard::GuardedSql;
use crate::schema::{Column, ForeignKey, Schema, Table, TableKind};
use crate::value::{ColumnKind, ResultColumn, Value};

/// A name of a table that is always there and never ends, to try deadlines on.
const ENDLESS: &str = "endless";

/// Fixed rows as a database, for tests of what uses a connector.
#[derive(Debug, Clone)]
pub struct DummyConnector {
    tables: Arc<Vec<FixtureTable>>,
}

impl DummyConnector {
    /// A database of these tables, and of one called `endless` with a column `n` that counts without end.
    #[must_use]
    pub fn new(mut tables: Vec<FixtureTable>) -> Self {
        tables.push(FixtureTable {
            name: ENDLESS.to_owned(),
            columns: vec![("n".to_owned(), ColumnKind::Integer, false)],
            primary_key: vec!["n".to_owned()],
            reference: None,
            rows: Vec::new(),
        });
        Self { tables: Arc::new(tables) }
    }

    /// Understands a statement and finds the rows it wants.
    fn run(&self, sql: &GuardedSql) -> Result<Wanted, ConnectorError> {
        let fail = |reason: &str| ConnectorError::Query { reason: format!("{reason}: {}", sql.as_str()) };
        let parsed =
            Parser::parse_sql(&SQLiteDialect {}, sql.as_str()).map_err(|error| fail(&error.to_string()))?;
        let [Statement::Query(query)] = parsed.as_slice() else {
            return Err(fail("the dummy reads one query"));
        };
        let (
            SetExpr::Select(select),
            Some(LimitClause::LimitOffset { limit: Some(limit), offset: None, .. }),
        ) = (&*query.body, &query.limit_clause)
        else {
            return Err(fail("the dummy reads SELECT with a LIMIT"));
        };
        let table = self.table_of(select).ok_or_else(|| fail("the dummy reads one table of its own"))?;
        let limit =
            limit.to_string().parse().map_err(|_| fail("the dummy reads a LIMIT that is a number"))?;
        let mut columns = Vec::new();
        for item in &select.projection {
            match item {
                SelectItem::Wildcard(_) => columns.extend(0..table.columns.len()),
                SelectItem::UnnamedExpr(Expr::Identifier(name)) => {
                    let place = table.columns.iter().position(|(column, _, _)| *column == name.value);
                    columns.push(place.ok_or_else(|| fail("the dummy reads columns by their exact name"))?);
                }
                SelectItem::UnnamedExpr(Expr::Function(count)) if count.to_string() == "count(*)" => {
                    return Ok(Wanted { table: table.clone(), columns: Vec::new(), limit });
                }
                _ => return Err(fail("the dummy reads columns, * and count(*)")),
            }
        }
        Ok(Wanted { table: table.clone(), columns, limit })
    }

    /// The table of a `SELECT` that has nothing but a list and a `FROM`.
    fn table_of(&self, select: &Select) -> Option<&FixtureTable> {
        let [from] = select.from.as_slice() else {
            return None;
        };
        let TableFactor::Table { name, .. } = &from.relation else {
            return None;
        };
        let is_plain = from.joins.is_empty()
            && select.selection.is_none()
            && select.distinct.is_none()
            && select.having.is_none()
            && matches!(&select.group_by, GroupByExpr::Expressions(keys, _) if keys.is_empty());
        self.tables.iter().find(|table| is_plain && table.name == name.to_string())
    }
}

#[async_trait]
impl Connector for DummyConnector {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    async fn schema(&self) -> Result<Schema, ConnectorError> {
        Ok(Schema { tables: self.tables.iter().map(described).collect(), ..Schema::default() })
    }

    async fn explain(&self, sql: &GuardedSql) -> Result<String, ConnectorError> {
        Ok(format!("read {:?} from memory", self.run(sql)?.table.name))
    }

    async fn query(&self, sql: &GuardedSql, options: QueryOptions) -> Result<RowStream, ConnectorError> {
        let options = options.within(sql);
        if options.cancel.is_cancelled() {
            return Err(ConnectorError::Cancelled);
        }
        let wanted = self.run(sql)?;
        let columns = wanted.result_columns();
        Ok(RowStream::new(columns, until_stopped(wanted.rows(), &options), &options))
    }

    async fn ping(&self) -> Result<(), ConnectorError> {
        Ok(())
    }
}

/// What a statement asks for; no columns means `count(*)`.
struct Wanted {
    table: FixtureTable,
    columns: Vec<usize>,
    limit: usize,
}

impl Wanted {
    fn result_columns(&self) -> Vec<ResultColumn> {
        if self.columns.is_empty() {
            return vec![ResultColumn { name: "count(*)".to_owned(), kind: ColumnKind::Integer }];
        }
        let columns = self.columns.iter().map(|place| &self.table.columns[*place]);
        columns.map(|(name, kind, _)| ResultColumn { name: name.clone(), kind: *kind }).collect()
    }

    /// The rows one by one; each is a chance to stop.
    fn rows(self) -> impl Stream<Item = Vec<Value>> + Send {
        let Self { table, columns, limit } = self;
        let rows: Box<dyn Iterator<Item = Vec<Value>> + Send> = if table.name == ENDLESS {
            Box::new((1..).map(|n| vec![Value::Integer(n)]))
        } else {
            Box::new(table.rows.into_iter())
        };
        let each = stream::iter(rows).then(async |row| {
            tokio::task::yield_now().await;
            row
        });
        if columns.is_empty() {
            let count = each.fold(0, async |count: i64, _| count + 1);
            return stream::once(count).map(|count| vec![Value::Integer(count)]).take(limit).left_stream();
        }
        each.map(move |row| columns.iter().map(|place| row[*place].clone()).collect())
            .take(limit)
            .right_stream()
    }
}

/// The rows until the deadline passes or somebody cancels.
fn until_stopped(
    rows: impl Stream<Item = Vec<Value>> + Send + 'static,
    options: &QueryOptions,
) -> impl Stream<Item = Result<Vec<Value>, ConnectorError>> + Send + 'static {
    let (deadline, cancel) = (options.deadline, options.cancel.clone());
    let start = (rows.boxed(), Box::pin(tokio::time::sleep(deadline)));
    stream::unfold(Some(start), move |running| {
        let cancel = cancel.clone();
        async move {
            let (mut rows, mut time_up) = running?;
            tokio::select! {
                biased;
                () = cancel.cancelled() => Some((Err(ConnectorError::Cancelled), None)),
                () = &mut time_up => Some((Err(ConnectorError::Deadline { after: deadline }), None)),
                row = rows.next() => row.map(|row| (Ok(row), Some((rows, time_up)))),
            }
        }
    })
}

fn described(table: &FixtureTable) -> Table {
    let columns = table.columns.iter().map(|(name, kind, nullable)| Column {
        name: name.clone(),
        declared_type: String::new(),
        kind: *kind,
        nullable: *nullable,
        default: None,
        comment: None,
        profile: None,
    });
    let foreign_keys = table.reference.iter().map(|(column, references, there)| ForeignKey {
        columns: vec![column.clone()],
        references: references.clone(),
        referenced_columns: vec![there.clone()],
    });
    Table {
        name: table.name.clone(),
        kind: TableKind::Table,
        comment: None,
        columns: columns.collect(),
        primary_key: table.primary_key.clone(),
        unique_keys: Vec::new(),
        foreign_keys: foreign_keys.collect(),
        indexes: Vec::new(),
        definition: None,
        partitioned_by: None,
        row_count: (table.name != ENDLESS).then_some(table.rows.len() as u64),
    }
}
