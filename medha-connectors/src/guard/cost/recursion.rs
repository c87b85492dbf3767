//! Recursion must have an end that can be seen.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Cte, Expr, Ident, JoinConstraint, JoinOperator, LimitClause, ObjectName, Query, Select,
    SelectItem, SetExpr, TableFactor, UnaryOperator, Value, ValueWithSpan, Visit, Visitor,
};

use crate::guard::error::GuardError;

/// The largest number a recursion may count to.
const MAX_STEPS: f64 = 10_000_000.0;

/// Refuses recursion that nothing ends.
pub(crate) fn check(query: &Query) -> Result<(), GuardError> {
    match query.visit(&mut Recursion) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(name) => Err(GuardError::too_large(format!(
            "the recursion of {name:?} has no end that can be seen; give it a WHERE with a bound of at most {MAX_STEPS}, \
             or a LIMIT"
        ))),
    }
}

struct Recursion;

impl Visitor for Recursion {
    type Break = String;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Self::Break> {
        let ctes = query.with.iter().flat_map(|with| &with.cte_tables);
        match ctes.filter(|cte| reads(&cte.query, &cte.alias.name.value)).find(|cte| !may_end(cte)) {
            Some(cte) => ControlFlow::Break(cte.alias.name.value.clone()),
            None => ControlFlow::Continue(()),
        }
    }
}

/// Whether a query reads from `name` anywhere.
fn reads(query: &Query, name: &str) -> bool {
    struct Reads<'a>(&'a str);
    impl Visitor for Reads<'_> {
        type Break = ();
        fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
            match relation.0.as_slice() {
                [part] if part.as_ident().is_some_and(|ident| ident.value.eq_ignore_ascii_case(self.0)) => {
                    ControlFlow::Break(())
                }
                _ => ControlFlow::Continue(()),
            }
        }
    }
    query.visit(&mut Reads(name)).is_break()
}

/// A recursive query can end if it has a limit or narrows its recursive part.
fn may_end(cte: &Cte) -> bool {
    let has_limit = matches!(
        &cte.query.limit_clause,
        Some(LimitClause::LimitOffset { limit: Some(_), .. } | LimitClause::OffsetCommaLimit { .. })
    );
    has_limit || narrows(&cte.query.body, &cte.alias.name.value)
}

fn narrows(body: &SetExpr, name: &str) -> bool {
    match body {
        SetExpr::SetOperation { left, right, .. } => narrows(left, name) && narrows(right, name),
        SetExpr::Query(query) => narrows(&query.body, name),
        SetExpr::Select(select) => {
            let mut relations = select.from.iter().flat_map(|from| {
                std::iter::once(&from.relation).chain(from.joins.iter().map(|join| &join.relation))
            });
            let reads_itself = relations.any(
                |factor| matches!(factor, TableFactor::Table { name: table, .. } if is_named(table, name)),
            );
            !reads_itself
                || is_joined(select)
                || select.selection.as_ref().is_some_and(|it| bounds(it, select))
        }
        _ => true,
    }
}

/// Whether other rows decide how far it goes, as when a tree is followed.
fn is_joined(select: &Select) -> bool {
    let by_condition = select.from.iter().any(|from| {
        from.joins.iter().any(|join| match &join.join_operator {
            JoinOperator::Join(constraint) | JoinOperator::Inner(constraint) => match constraint {
                JoinConstraint::On(condition) => names_two(condition),
                JoinConstraint::Using(_) => true,
                JoinConstraint::Natural | JoinConstraint::None => false,
            },
            _ => false,
        })
    });
    by_condition || (select.from.len() > 1 && select.selection.as_ref().is_some_and(names_two))
}

/// Whether a condition has a comparison of two columns that must hold.
fn names_two(condition: &Expr) -> bool {
    match condition {
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => names_two(left) || names_two(right),
        Expr::Nested(inner) => names_two(inner),
        Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => has_column(left) && has_column(right),
        _ => false,
    }
}

/// Whether a condition must fail in the end: a column below a number, above one it counts down to, or against something that
/// is not written as a number, which only the deadline can judge.
fn bounds(condition: &Expr, select: &Select) -> bool {
    match condition {
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            bounds(left, select) || bounds(right, select)
        }
        Expr::BinaryOp { left, op: BinaryOperator::Or, right } => {
            bounds(left, select) && bounds(right, select)
        }
        Expr::Nested(inner) => bounds(inner, select),
        Expr::BinaryOp { left, op, right } => match op {
            BinaryOperator::Lt | BinaryOperator::LtEq => {
                below(left, right) || (counts_down(select) && below(right, left))
            }
            BinaryOperator::Gt | BinaryOperator::GtEq => {
                below(right, left) || (counts_down(select) && below(left, right))
            }
            BinaryOperator::Eq | BinaryOperator::NotEq => below(left, right) || below(right, left),
            _ => false,
        },
        Expr::Between { expr, high, negated: false, .. } => below(expr, high),
        Expr::IsNull(inner) | Expr::IsNotNull(inner) => has_column(inner),
        Expr::InList { expr, negated: false, .. } | Expr::InSubquery { expr, negated: false, .. } => {
            has_column(expr)
        }
        Expr::Like { expr, .. } => has_column(expr),
        Expr::Exists { .. } => true,
        _ => false,
    }
}

fn below(column: &Expr, bound: &Expr) -> bool {
    has_column(column) && number(bound).is_none_or(|number| number.abs() <= MAX_STEPS) && !is_truth(bound)
}

fn is_truth(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(ValueWithSpan { value: Value::Boolean(_) | Value::Null, .. }))
}

fn number(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::Value(ValueWithSpan { value: Value::Number(digits, _), .. }) => digits.parse().ok(),
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => number(expr).map(|number| -number),
        Expr::Nested(inner) => number(inner),
        Expr::BinaryOp { left, op, right } => {
            let (left, right) = (number(left)?, number(right)?);
            match op {
                BinaryOperator::Plus => Some(left + right),
                BinaryOperator::Minus => Some(left - right),
                BinaryOperator::Multiply => Some(left * right),
                _ => Some(f64::INFINITY),
            }
        }
        _ => None,
    }
}

/// Whether it takes something away at each step, of a number or of a text.
fn counts_down(select: &Select) -> bool {
    struct Down;
    impl Visitor for Down {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            let takes_away = |name: &str| ["substr", "substring", "instr", "left", "right"].contains(&name);
            match expr {
                Expr::BinaryOp { op: BinaryOperator::Minus | BinaryOperator::Divide, .. }
                | Expr::Substring { .. } => ControlFlow::Break(()),
                Expr::Function(function) if takes_away(&function.name.to_string().to_ascii_lowercase()) => {
                    ControlFlow::Break(())
                }
                _ => ControlFlow::Continue(()),
            }
        }
    }
    select.projection.iter().any(|item| match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
            expr.visit(&mut Down).is_break()
        }
        _ => false,
    })
}

fn has_column(expr: &Expr) -> bool {
    struct Column;
    impl Visitor for Column {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match expr {
                Expr::Identifier(Ident { .. }) | Expr::CompoundIdentifier(_) => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        }
    }
    expr.visit(&mut Column).is_break()
}

fn is_named(table: &ObjectName, name: &str) -> bool {
    table
        .0
        .last()
        .and_then(|part| part.as_ident())
        .is_some_and(|ident| ident.value.eq_ignore_ascii_case(name))
}
