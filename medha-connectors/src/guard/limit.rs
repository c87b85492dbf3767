//! The limit on the outermost query.

use sqlparser::ast::{
    Expr, Fetch, LimitClause, Query, SetExpr, TopQuantity, UnaryOperator, Value, ValueWithSpan,
};
use sqlparser::tokenizer::Span;

use super::error::GuardError;
use super::parse;
use crate::dialect::Dialect;

/// What became of a query when its limit was put on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PutOn {
    /// Its own limit is small enough.
    Nothing,
    /// A limit of so many rows behind everything else.
    Behind(u64),
    /// Something else in it was changed as well.
    Within,
}

/// Lets at most one row more than `max_rows` through; a smaller limit stays.
pub(crate) fn put_on(query: &mut Query, dialect: Dialect, max_rows: usize) -> Result<PutOn, GuardError> {
    let in_values = dialect == Dialect::Sqlite && ends_in_values(&query.body);
    if in_values {
        // SQLite has no LIMIT after VALUES.
        *query = parse::one_query(&format!("SELECT * FROM ({query})"), dialect)?;
    }
    // Snowflake takes one or the other.
    let top = match &mut *query.body {
        SetExpr::Select(select) => select.top.take().and_then(|top| match top.quantity {
            Some(TopQuantity::Constant(rows)) => Some(rows),
            Some(TopQuantity::Expr(_)) | None => None,
        }),
        _ => None,
    };
    let most = u64::try_from(max_rows).unwrap_or(u64::MAX).saturating_add(1).min(i64::MAX as u64);
    let fetched = query.fetch.take().map(|fetch| rows_of(&fetch)).transpose()?;
    let before = query.limit_clause.take();
    let (limit, offset) = match before.clone() {
        None => (None, None),
        Some(LimitClause::LimitOffset { limit, offset, limit_by }) => {
            if !limit_by.is_empty() {
                return Err(GuardError::not_allowed("LIMIT BY"));
            }
            (limit.as_ref().map(number).transpose()?.flatten(), offset)
        }
        Some(LimitClause::OffsetCommaLimit { offset, limit }) => {
            let offset = sqlparser::ast::Offset { value: offset, rows: sqlparser::ast::OffsetRows::None };
            (number(&limit)?, Some(offset))
        }
    };
    let rows = [limit, fetched, top].into_iter().flatten().fold(most, u64::min);
    query.limit_clause =
        Some(LimitClause::LimitOffset { limit: Some(literal(rows)), offset, limit_by: Vec::new() });
    Ok(match before {
        _ if in_values || fetched.is_some() || top.is_some() => PutOn::Within,
        None => PutOn::Behind(rows),
        Some(_) if before == query.limit_clause => PutOn::Nothing,
        Some(_) => PutOn::Within,
    })
}

fn ends_in_values(body: &SetExpr) -> bool {
    match body {
        SetExpr::Values(_) => true,
        SetExpr::SetOperation { right, .. } => ends_in_values(right),
        _ => false,
    }
}

fn rows_of(fetch: &Fetch) -> Result<u64, GuardError> {
    match &fetch.quantity {
        None => Ok(1),
        Some(quantity) => number(quantity)?.ok_or_else(|| GuardError::not_allowed("FETCH without a number")),
    }
}

/// The number of rows, `None` for "no limit", which SQLite writes as a negative number.
fn number(limit: &Expr) -> Result<Option<u64>, GuardError> {
    match limit {
        Expr::Value(ValueWithSpan { value: Value::Number(digits, _), .. }) => digits
            .parse()
            .map(Some)
            .map_err(|_| GuardError::not_allowed(format!("LIMIT {digits}, which is not a whole number,"))),
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } if matches!(**expr, Expr::Value(_)) => {
            number(expr).map(|_| None)
        }
        Expr::Value(ValueWithSpan { value: Value::Null, .. }) => Ok(None),
        Expr::Nested(inner) => number(inner),
        _ => Err(GuardError::not_allowed("LIMIT with anything but a number")),
    }
}

fn literal(rows: u64) -> Expr {
    Expr::Value(ValueWithSpan { value: Value::Number(rows.to_string(), false), span: Span::empty() })
}
