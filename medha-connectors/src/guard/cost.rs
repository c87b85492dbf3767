//! Queries that would never end, recognised by their form. The deadline stands behind this.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Cte, FunctionArg, JoinConstraint, JoinOperator, LimitClause, ObjectName, Query, Select, SetExpr,
    TableFactor, Visit, Visitor,
};

use super::error::GuardError;
use super::{series, unfold};
use crate::schema::Schema;

/// The most combinations a join without any condition may have.
const MAX_COMBINATIONS: u128 = 100_000_000;

/// Refuses recursion that nothing ends, joins that nothing narrows and queries that unfold without measure.
pub(crate) fn check(query: &Query, schema: &Schema) -> Result<(), GuardError> {
    unfold::check(query)?;
    match query.visit(&mut Cost { schema }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(*error),
    }
}

struct Cost<'a> {
    schema: &'a Schema,
}

impl Visitor for Cost<'_> {
    type Break = Box<GuardError>;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Self::Break> {
        let ctes = query.with.iter().flat_map(|with| &with.cte_tables);
        match ctes.filter(|cte| reads(&cte.query, &cte.alias.name.value)).find(|cte| !may_end(cte)) {
            Some(cte) => ControlFlow::Break(Box::new(GuardError::too_large(format!(
                "the recursion of {:?} has no end; give it a WHERE or a LIMIT",
                cte.alias.name.value
            )))),
            None => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Self::Break> {
        let combinations = self.combinations(select);
        if select.selection.is_none() && combinations > MAX_COMBINATIONS {
            return ControlFlow::Break(Box::new(GuardError::too_large(format!(
                "joining without a condition gives {combinations} combinations; say how the tables belong together"
            ))));
        }
        ControlFlow::Continue(())
    }
}

impl Cost<'_> {
    /// How many rows the tables that no join condition narrows would give together, as far as their sizes are known.
    fn combinations(&self, select: &Select) -> u128 {
        let mut product: u128 = 1;
        for from in &select.from {
            product = product.saturating_mul(self.rows(&from.relation));
            for join in &from.joins {
                let (JoinOperator::Join(JoinConstraint::None)
                | JoinOperator::Inner(JoinConstraint::None)
                | JoinOperator::CrossJoin(JoinConstraint::None)) = &join.join_operator
                else {
                    continue;
                };
                product = product.saturating_mul(self.rows(&join.relation));
            }
        }
        product
    }

    fn rows(&self, factor: &TableFactor) -> u128 {
        let name = match factor {
            TableFactor::Table { name, args: None, .. } => name,
            TableFactor::Table { name, args: Some(args), .. } => return generated(name, &args.args),
            TableFactor::Function { name, args, .. } => return generated(name, args),
            _ => return 1,
        };
        let name = name.0.last().and_then(|part| part.as_ident()).map(|ident| ident.value.as_str());
        let rows = name.and_then(|name| self.schema.table(name)).and_then(|table| table.row_count);
        u128::from(rows.unwrap_or(1)).max(1)
    }
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
            let reads_itself = select.from.iter().any(|from| {
                std::iter::once(&from.relation)
                    .chain(from.joins.iter().map(|join| &join.relation))
                    .any(|factor| matches!(factor, TableFactor::Table { name: table, .. } if is_named(table, name)))
            });
            let joined = select.from.iter().any(|from| {
                from.joins.iter().any(|join| {
                    matches!(
                        &join.join_operator,
                        JoinOperator::Join(JoinConstraint::On(_) | JoinConstraint::Using(_))
                            | JoinOperator::Inner(JoinConstraint::On(_) | JoinConstraint::Using(_))
                    )
                })
            });
            !reads_itself || select.selection.is_some() || joined
        }
        _ => true,
    }
}

fn is_named(table: &ObjectName, name: &str) -> bool {
    table
        .0
        .last()
        .and_then(|part| part.as_ident())
        .is_some_and(|ident| ident.value.eq_ignore_ascii_case(name))
}
