//! The query that stands in a statement where a table was named.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Ident, Query, SelectItem, SetExpr, TableAlias, TableFactor, Value, ValueWithSpan, VisitMut,
    VisitorMut,
};
use sqlparser::tokenizer::Span;

use super::lineage::{Column, Columns};
use super::names;
use crate::dialect::Dialect;
use crate::guard::error::GuardError;
use crate::guard::parse;
use crate::guard::policy::Action;
use crate::schema::TableKind;

/// How a table is read under a policy.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// As the schema spells it.
    pub(crate) table: String,
    /// What stands in its place; `None` where it is read as it is.
    pub(crate) query: Option<Query>,
    pub(crate) columns: Columns,
    pub(crate) kind: TableKind,
    /// The rules that are in the query, in words.
    pub(crate) rules: Vec<String>,
}

/// What a query over a table shows of a column.
pub(crate) struct Shown<'a> {
    pub(crate) column: Column,
    /// The rule it is shown by, if it is protected.
    pub(crate) action: Option<&'a Action>,
}

/// Where a query takes its rows from.
pub(crate) enum Origin {
    Table(sqlparser::ast::ObjectName),
    View { name: String, query: Box<Query> },
}

/// Writes `SELECT columns FROM origin WHERE condition`.
pub(crate) fn query(
    origin: Origin,
    shown: &[Shown<'_>],
    condition: Option<Expr>,
    dialect: Dialect,
) -> Result<Query, GuardError> {
    let mut query = parse::one_query("SELECT 1 FROM t", dialect)?;
    let SetExpr::Select(select) = &mut *query.body else { return Err(unreadable()) };
    let Some(from) = select.from.first_mut() else { return Err(unreadable()) };
    from.relation = match (origin, &from.relation) {
        (Origin::Table(name), TableFactor::Table { .. }) => {
            let mut relation = from.relation.clone();
            if let TableFactor::Table { name: place, .. } = &mut relation {
                *place = name;
            }
            relation
        }
        (Origin::View { name, query }, _) => TableFactor::Derived {
            lateral: false,
            subquery: query,
            alias: Some(alias(names::ident(&name, dialect))),
            sample: None,
        },
        (Origin::Table(_), _) => return Err(unreadable()),
    };
    select.projection = shown.iter().map(|shown| item(shown, dialect)).collect::<Result<_, _>>()?;
    select.selection = condition;
    Ok(query)
}

/// An alias with `AS`.
pub(crate) fn alias(name: Ident) -> TableAlias {
    TableAlias { explicit: true, name, columns: Vec::new(), at: None }
}

fn item(shown: &Shown<'_>, dialect: Dialect) -> Result<SelectItem, GuardError> {
    let column = names::ident(&shown.column.name, dialect);
    match shown.action.map(|action| mask(action, &column, dialect)).transpose()?.flatten() {
        Some(expr) => Ok(SelectItem::ExprWithAlias { expr, alias: column }),
        None => Ok(SelectItem::UnnamedExpr(Expr::Identifier(column))),
    }
}

/// SQLite has no hash functions; its connector brings this one along.
pub(crate) const SQLITE_HASH: &str = "medha_sha256";

/// What is shown in place of a column, `None` for the column itself.
fn mask(action: &Action, column: &Ident, dialect: Dialect) -> Result<Option<Expr>, GuardError> {
    let text = match dialect {
        Dialect::Sqlite | Dialect::Postgres | Dialect::DuckDb => "CAST(c AS TEXT)",
        Dialect::MySql => "CAST(c AS CHAR)",
        Dialect::Snowflake => "CAST(c AS VARCHAR)",
        Dialect::BigQuery => "CAST(c AS STRING)",
    };
    let written = match action {
        Action::Aggregate { .. } => return Ok(None),
        Action::Null => "NULL".to_owned(),
        Action::Deny | Action::Partial { first: 0, last: 0 } => {
            "CASE WHEN c IS NULL THEN NULL ELSE '***' END".to_owned()
        }
        Action::Partial { first, last } => partial(text, *first, *last, dialect),
        Action::Hash { .. } => {
            let hash = match dialect {
                Dialect::Postgres => {
                    format!("encode(sha256(convert_to(concat(salt, {text}), 'UTF8')), 'hex')")
                }
                Dialect::MySql | Dialect::Snowflake => format!("sha2(concat(salt, {text}), 256)"),
                Dialect::DuckDb => format!("sha256(concat(salt, {text}))"),
                Dialect::BigQuery => format!("to_hex(sha256(concat(salt, {text})))"),
                Dialect::Sqlite => format!("{SQLITE_HASH}(salt || {text})"),
            };
            format!("CASE WHEN c IS NULL THEN NULL ELSE {hash} END")
        }
    };
    let salt = match action {
        Action::Hash { salt } => salt.reveal(),
        _ => "",
    };
    let mut query = parse::one_query(&format!("SELECT {written}"), dialect)?;
    let SetExpr::Select(select) = &mut *query.body else { return Err(unreadable()) };
    let Some(SelectItem::UnnamedExpr(mut expr)) = select.projection.pop() else { return Err(unreadable()) };
    let _: ControlFlow<()> = expr.visit(&mut Fill { column, salt });
    Ok(Some(expr))
}

fn partial(text: &str, first: u32, last: u32, dialect: Dialect) -> String {
    let length = match dialect {
        Dialect::Postgres | Dialect::MySql => "char_length",
        Dialect::Sqlite | Dialect::Snowflake | Dialect::BigQuery | Dialect::DuckDb => "length",
    };
    let mut parts = Vec::new();
    if first > 0 {
        parts.push(format!("substr({text}, 1, {first})"));
    }
    parts.push("'***'".to_owned());
    if last > 0 {
        parts.push(match dialect {
            Dialect::Sqlite => format!("substr({text}, -{last})"),
            _ => format!("right({text}, {last})"),
        });
    }
    let joined = match dialect {
        Dialect::Sqlite => parts.join(" || "),
        _ => format!("concat({})", parts.join(", ")),
    };
    let shortest = u64::from(first) + u64::from(last);
    format!("CASE WHEN c IS NULL THEN NULL WHEN {length}({text}) <= {shortest} THEN '***' ELSE {joined} END")
}

/// Puts a column and a salt where a template names them.
struct Fill<'a> {
    column: &'a Ident,
    salt: &'a str,
}

impl VisitorMut for Fill<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::Identifier(name) if name.value == "c" => *expr = Expr::Identifier(self.column.clone()),
            Expr::Identifier(name) if name.value == "salt" => {
                let value = Value::SingleQuotedString(self.salt.to_owned());
                *expr = Expr::Value(ValueWithSpan { value, span: Span::empty() });
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

fn unreadable() -> GuardError {
    GuardError::not_allowed("a template that cannot be read")
}
