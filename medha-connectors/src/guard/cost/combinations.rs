//! Joins that nothing narrows: how many rows the parts of a `FROM` that no condition connects would give together.
//!
//! An estimate from the sizes of tables: parts that are connected count as the largest of them, as in a join over a key.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, GroupByExpr, Ident, JoinConstraint, LimitClause, ObjectName, Query,
    Select, SelectItem, SetExpr, TableFactor, TableWithJoins, Value, ValueWithSpan, Visit, Visitor,
};

use super::series;
use crate::guard::error::GuardError;
use crate::guard::parts::{constraint, last};
use crate::schema::{Schema, Table};

/// The most combinations that may be made.
const MAX_COMBINATIONS: u128 = 10_000_000;
/// What a recursion is taken to give.
const OF_RECURSION: u128 = 1_000;

/// Refuses a query that would combine too many rows.
pub(crate) fn check(query: &Query, schema: &Schema) -> Result<(), GuardError> {
    Combinations { schema, ctes: Vec::new() }.query(query).map(drop)
}

struct Combinations<'a> {
    schema: &'a Schema,
    /// Common table expressions in reach, and how many rows they give.
    ctes: Vec<(String, u128)>,
}

/// One relation of a `FROM`.
struct Part<'a> {
    name: String,
    rows: u128,
    table: Option<&'a Table>,
    /// The part it is connected with, as a forest of joined parts.
    connected: usize,
}

impl<'a> Combinations<'a> {
    /// How many rows a query gives, at most.
    fn query(&mut self, query: &Query) -> Result<u128, GuardError> {
        let outer = self.ctes.len();
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            let name = cte.alias.name.value.to_lowercase();
            self.ctes.push((name.clone(), OF_RECURSION));
            let rows = self.query(&cte.query)?;
            self.ctes.pop();
            self.ctes.push((name, rows));
        }
        let rows = self.body(&query.body)?;
        self.within(&query.order_by)?;
        self.ctes.truncate(outer);
        Ok(match &query.limit_clause {
            Some(
                LimitClause::LimitOffset { limit: Some(limit), .. }
                | LimitClause::OffsetCommaLimit { limit, .. },
            ) => number(limit).map_or(rows, |limit| rows.min(limit)),
            _ => rows,
        })
    }

    fn body(&mut self, body: &SetExpr) -> Result<u128, GuardError> {
        match body {
            SetExpr::Select(select) => self.select(select),
            SetExpr::Query(query) => self.query(query),
            SetExpr::SetOperation { left, right, .. } => {
                Ok(self.body(left)?.saturating_add(self.body(right)?))
            }
            SetExpr::Values(values) => Ok(values.rows.len() as u128),
            SetExpr::Insert(_)
            | SetExpr::Update(_)
            | SetExpr::Delete(_)
            | SetExpr::Merge(_)
            | SetExpr::Table(_) => Ok(1),
        }
    }

    fn select(&mut self, select: &Select) -> Result<u128, GuardError> {
        let mut parts = Vec::new();
        let mut conditions = Vec::new();
        for from in &select.from {
            self.from(from, &mut parts, &mut conditions)?;
        }
        conditions.extend(&select.selection);
        for condition in conditions {
            for (a, b) in connections(condition, &parts) {
                connect(&mut parts, a, b);
            }
        }
        self.within(&select.projection)?;
        self.within(&select.selection)?;
        self.within(&select.having)?;
        let rows = together(&parts);
        if rows > MAX_COMBINATIONS && parts.len() > 1 && groups(&parts) > 1 {
            return Err(GuardError::too_large(format!(
                "joining without a condition gives {rows} combinations; say how the tables belong together"
            )));
        }
        Ok(if is_one_row(select) { 1 } else { rows })
    }

    fn from<'q>(
        &mut self,
        from: &'q TableWithJoins,
        parts: &mut Vec<Part<'a>>,
        conditions: &mut Vec<&'q Expr>,
    ) -> Result<(), GuardError> {
        self.factor(&from.relation, parts, conditions)?;
        for join in &from.joins {
            let first = parts.len();
            self.factor(&join.relation, parts, conditions)?;
            match constraint(&join.join_operator) {
                Some(JoinConstraint::On(condition)) => conditions.push(condition),
                Some(JoinConstraint::Using(_) | JoinConstraint::Natural)
                    if first > 0 && first < parts.len() =>
                {
                    connect(parts, first - 1, first);
                }
                Some(JoinConstraint::Using(_) | JoinConstraint::Natural | JoinConstraint::None) | None => {}
            }
        }
        Ok(())
    }

    fn factor<'q>(
        &mut self,
        factor: &'q TableFactor,
        parts: &mut Vec<Part<'a>>,
        conditions: &mut Vec<&'q Expr>,
    ) -> Result<(), GuardError> {
        let (own, alias, rows, table) = match factor {
            TableFactor::NestedJoin { table_with_joins, .. } => {
                return self.from(table_with_joins, parts, conditions);
            }
            TableFactor::Table { name, alias, args: None, .. } => {
                let own = own_name(name);
                let of_cte =
                    self.ctes.iter().rev().find(|(cte, _)| name.0.len() == 1 && *cte == own.to_lowercase());
                let (rows, table) = match of_cte {
                    Some((_, rows)) => (*rows, None),
                    None => {
                        let table = self.schema.table(&own);
                        let rows = table.and_then(|table| table.row_count).unwrap_or(1);
                        (u128::from(rows).max(1), table)
                    }
                };
                (own, alias, rows, table)
            }
            TableFactor::Table { name, alias, args: Some(args), .. } => {
                (own_name(name), alias, generated(name, &args.args), None)
            }
            TableFactor::Function { name, args, alias, .. } => {
                (own_name(name), alias, generated(name, args), None)
            }
            TableFactor::TableFunction { expr: Expr::Function(function), alias } => {
                let args = match &function.args {
                    sqlparser::ast::FunctionArguments::List(list) => list.args.as_slice(),
                    _ => &[],
                };
                (String::new(), alias, generated(&function.name, args), None)
            }
            TableFactor::UNNEST { array_exprs, alias, .. } => {
                let rows = array_exprs.iter().map(unnested).fold(1, u128::max);
                (String::new(), alias, rows, None)
            }
            TableFactor::Pivot { table, .. } | TableFactor::Unpivot { table, .. } => {
                return self.factor(table, parts, conditions);
            }
            TableFactor::Derived { subquery, alias, .. } => {
                (String::new(), alias, self.query(subquery)?.max(1), None)
            }
            _ => return Ok(()),
        };
        let name = alias.as_ref().map_or(own, |alias| alias.name.value.clone());
        let connected = parts.len();
        parts.push(Part { name, rows, table, connected });
        Ok(())
    }

    /// Queries within expressions.
    fn within<V: Visit>(&mut self, node: &V) -> Result<(), GuardError> {
        let mut queries = Queries { combinations: self, depth: 0 };
        match node.visit(&mut queries) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(error) => Err(*error),
        }
    }
}

struct Queries<'w, 'a> {
    combinations: &'w mut Combinations<'a>,
    depth: usize,
}

impl Visitor for Queries<'_, '_> {
    type Break = Box<GuardError>;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Self::Break> {
        self.depth += 1;
        match (self.depth, self.combinations.ctes.len()) {
            (1, _) => match self.combinations.query(query) {
                Ok(_) => ControlFlow::Continue(()),
                Err(error) => ControlFlow::Break(Box::new(error)),
            },
            _ => ControlFlow::Continue(()),
        }
    }

    fn post_visit_query(&mut self, _query: &Query) -> ControlFlow<Self::Break> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }
}

fn root(parts: &[Part<'_>], mut index: usize) -> usize {
    while parts[index].connected != index {
        index = parts[index].connected;
    }
    index
}

fn connect(parts: &mut [Part<'_>], a: usize, b: usize) {
    let (a, b) = (root(parts, a), root(parts, b));
    let most = parts[a].rows.max(parts[b].rows);
    parts[a].rows = most;
    parts[b].connected = a;
}

fn groups(parts: &[Part<'_>]) -> usize {
    parts.iter().enumerate().filter(|(index, part)| part.connected == *index && part.rows > 1).count()
}

fn together(parts: &[Part<'_>]) -> u128 {
    let roots = parts.iter().enumerate().filter(|(index, part)| part.connected == *index);
    roots.fold(1, |product: u128, (_, part)| product.saturating_mul(part.rows))
}

/// The parts that a condition connects, whatever else holds.
fn connections(condition: &Expr, parts: &[Part<'_>]) -> Vec<(usize, usize)> {
    match condition {
        Expr::Nested(inner) => connections(inner, parts),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            let mut both = connections(left, parts);
            both.extend(connections(right, parts));
            both
        }
        Expr::BinaryOp { left, op: BinaryOperator::Or, right } => {
            let (left, right) = (connections(left, parts), connections(right, parts));
            if right.is_empty() { right } else { left }
        }
        Expr::BinaryOp { op: BinaryOperator::NotEq, .. } => Vec::new(),
        _ => {
            let named = named_parts(condition, parts);
            named.windows(2).map(|pair| (pair[0], pair[1])).collect()
        }
    }
}

/// The parts whose columns stand in a condition. A column that could be of any part is taken to be of all of them.
fn named_parts(condition: &Expr, parts: &[Part<'_>]) -> Vec<usize> {
    struct Names<'p, 'a> {
        parts: &'p [Part<'a>],
        found: Vec<usize>,
        unknown: usize,
    }
    impl Visitor for Names<'_, '_> {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            let by_column = |name: &Ident| {
                self.parts
                    .iter()
                    .position(|part| part.table.is_some_and(|table| table.column(&name.value).is_some()))
            };
            let by_name =
                |name: &Ident| self.parts.iter().position(|part| part.name.eq_ignore_ascii_case(&name.value));
            match expr {
                Expr::Identifier(name) => match by_column(name) {
                    Some(index) => self.found.push(index),
                    None => self.unknown += 1,
                },
                Expr::CompoundIdentifier(names) => {
                    if let [.., relation, _] = names.as_slice() {
                        self.found.extend(by_name(relation));
                    }
                }
                _ => {}
            }
            ControlFlow::Continue(())
        }
    }
    let mut names = Names { parts, found: Vec::new(), unknown: 0 };
    let _: ControlFlow<()> = condition.visit(&mut names);
    if names.unknown > 0 && names.unknown + names.found.len() > 1 {
        return (0..parts.len()).collect();
    }
    names.found.sort_unstable();
    names.found.dedup();
    names.found
}

/// Whether a `SELECT` sums everything up.
fn is_one_row(select: &Select) -> bool {
    const AGGREGATES: [&str; 8] =
        ["count", "sum", "avg", "min", "max", "total", "group_concat", "string_agg"];
    let ungrouped = matches!(&select.group_by, GroupByExpr::Expressions(list, _) if list.is_empty());
    ungrouped
        && select.projection.iter().any(|item| match item {
            SelectItem::UnnamedExpr(Expr::Function(function))
            | SelectItem::ExprWithAlias { expr: Expr::Function(function), .. } => {
                function.over.is_none()
                    && AGGREGATES.contains(&function.name.to_string().to_ascii_lowercase().as_str())
            }
            _ => false,
        })
}

/// The rows of a generator, 1 where they cannot be known.
fn generated(function: &ObjectName, args: &[FunctionArg]) -> u128 {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count of at most a million"
    )]
    match series::generated_rows(&function.to_string(), args) {
        Ok(Some(rows)) => (rows as u128).max(1),
        Ok(None) | Err(_) => 1,
    }
}

fn unnested(array: &Expr) -> u128 {
    match array {
        Expr::Array(array) => array.elem.len() as u128,
        Expr::Function(function) => match &function.args {
            sqlparser::ast::FunctionArguments::List(list) => generated(&function.name, &list.args),
            _ => 1,
        },
        _ => 1,
    }
}

fn number(expr: &Expr) -> Option<u128> {
    match expr {
        Expr::Value(ValueWithSpan { value: Value::Number(digits, _), .. }) => digits.parse().ok(),
        _ => None,
    }
}

/// What a relation is called without an alias.
fn own_name(name: &ObjectName) -> String {
    last(name).map(|name| name.value.clone()).unwrap_or_default()
}
