//! [`Guard::check`], from the text that was asked to the text that runs.

use std::ops::ControlFlow;
use std::sync::Arc;

use sqlparser::ast::{Expr, Query, Value, ValueWithSpan, visit_expressions_mut};

use super::error::GuardError;
use super::{cost, limit, names, parse, shape};
use crate::dialect::Dialect;
use crate::schema::Schema;

/// For a tree of the greatest depth, in a build without optimisations, four times what was measured.
const STACK: usize = 32 * 1024 * 1024;

/// A statement that has passed the guard: what runs is the re-serialised tree, not the text that was asked.
///
/// Only [`Guard::check`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardedSql {
    sql: String,
    tables: Vec<String>,
    max_rows: usize,
}

impl GuardedSql {
    /// The SQL to send.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.sql
    }

    /// The base tables and views it reads, as the schema spells them, in the order they are met.
    #[must_use]
    pub fn tables(&self) -> &[String] {
        &self.tables
    }

    /// The most rows its answer may have. It can give one more, which says that there are more, so a connector stops here
    /// whatever its own options allow.
    #[must_use]
    pub fn max_rows(&self) -> usize {
        self.max_rows
    }
}

/// Checks statements against one database's schema.
///
/// Whoever wrote the statement, it must be one query to the last common table expression, over tables and columns that exist,
/// with functions that only compute. What the guard cannot understand it refuses.
///
/// ```
/// use medha_connectors::{Dialect, Guard, GuardError, Schema};
/// use std::sync::Arc;
///
/// # let schema: Schema = serde_json::from_str(r#"{"tables":[{"name":"orders","kind":"table","comment":null,"columns":[
/// #   {"name":"total","declared_type":"REAL","kind":"float","nullable":true,"default":null,"comment":null,"profile":null}],
/// #   "primary_key":[],"unique_keys":[],"foreign_keys":[],"indexes":[],"row_count":2}]}"#)?;
/// // `schema` comes from `Connector::schema`; here it has a table "orders" with a column "total".
/// let guard = Guard::new(Dialect::Sqlite, Arc::new(schema));
/// let sql = guard.check("select sum(total) from orders -- all of them", 1_000)?;
/// assert_eq!(sql.as_str(), "SELECT sum(total) FROM orders LIMIT 1001");
///
/// let error = guard.check("SELECT 1; DROP TABLE orders", 1_000).unwrap_err();
/// assert_eq!(error, GuardError::NotOneStatement { count: 2 });
/// let error = guard.check("SELECT totl FROM orders", 1_000).unwrap_err();
/// assert_eq!(error.to_string(), r#"there is no column "totl" in "orders"; did you mean "total"?"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Guard {
    dialect: Dialect,
    schema: Arc<Schema>,
    namespace: Option<String>,
}

impl Guard {
    /// A guard for statements of one dialect over one schema.
    ///
    /// Names may be qualified with the namespace that the dialect uses where nobody says otherwise: `main` in SQLite,
    /// `public` in PostgreSQL, none in MySQL.
    #[must_use]
    pub fn new(dialect: Dialect, schema: Arc<Schema>) -> Self {
        let namespace = match dialect {
            Dialect::Sqlite => Some("main".to_owned()),
            Dialect::Postgres => Some("public".to_owned()),
            Dialect::MySql => None,
        };
        Self { dialect, schema, namespace }
    }

    /// Lets names be qualified with this namespace (a PostgreSQL schema, a MySQL database) instead of the usual one.
    #[must_use]
    pub fn with_namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// Lets a query through, with a limit of one row more than `max_rows`, so that a reader knows whether there are more.
    ///
    /// # Errors
    /// A [`GuardError`] that says what is refused and, for a name that does not exist, the nearest one that does.
    pub fn check(&self, sql: &str, max_rows: usize) -> Result<GuardedSql, GuardError> {
        // Trees are written, compared and dropped recursively; `parse` bounds their depth, and this is enough for that depth.
        stacker::maybe_grow(STACK, STACK, || self.check_here(sql, max_rows))
    }

    fn check_here(&self, sql: &str, max_rows: usize) -> Result<GuardedSql, GuardError> {
        let mut query = parse::one_query(sql, self.dialect)?;
        shape::check(&query, self.dialect)?;
        cost::check(&query, &self.schema)?;
        let tables = names::check(&query, self.dialect, &self.schema, self.namespace.as_deref())?;
        limit::put_on(&mut query, self.dialect, max_rows)?;
        let sql = self.written_out(&query)?;
        Ok(GuardedSql { sql, tables, max_rows })
    }

    /// Writes the tree out and reads it back, so that a fault of the writer cannot change what runs.
    fn written_out(&self, query: &Query) -> Result<String, GuardError> {
        let sql = with_quotes_doubled(query).to_string();
        match parse::one_query(&sql, self.dialect) {
            Ok(read_back) if read_back == *query => Ok(sql),
            _ => Err(GuardError::not_allowed("a notation that does not survive being written out")),
        }
    }
}

/// The tree for the writer, which takes two quotes in a row, or one behind a backslash, for one that is escaped already.
fn with_quotes_doubled(query: &Query) -> Query {
    let mut query = query.clone();
    let done: ControlFlow<()> = visit_expressions_mut(&mut query, |expr| {
        if let Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), .. }) = expr
            && text.contains('\'')
        {
            *text = text.replace('\'', "''");
        }
        ControlFlow::Continue(())
    });
    debug_assert!(done.is_continue(), "nothing ends the walk early");
    query
}
