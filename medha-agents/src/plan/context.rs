//! What every part of the compiler needs: the model, the dialect, and expressions of the model as SQL.

use std::ops::ControlFlow;

use medha_connectors::Dialect;
use sqlparser::ast::{self, Ident, visit_expressions_mut};

use super::analysis::FieldRef;
use super::dialect::Sql;
use super::error::CompileError;
use super::path::Paths;
use crate::semantic::expression::{Reference, parse, reference};
use crate::semantic::{Dataset, Field, Metric, NamedFilter, SemanticModel, hint, is_query};

/// The model that a plan is compiled over, and the dialect it is compiled to.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) model: &'a SemanticModel,
    pub(super) sql: Sql,
    pub(super) paths: Paths<'a>,
}

impl<'a> Context<'a> {
    pub(super) fn new(model: &'a SemanticModel, dialect: Dialect) -> Self {
        let sql = Sql { dialect, week_start: model.calendar.week_start };
        Self { model, sql, paths: Paths::new(model) }
    }

    pub(super) fn dataset(&self, name: &str) -> Result<&'a Dataset, CompileError> {
        self.model.dataset(name).ok_or_else(|| {
            let names = self.model.datasets.iter().map(|dataset| dataset.name.as_str());
            CompileError::Unknown { kind: "dataset", name: name.to_owned(), hint: hint(name, names) }
        })
    }

    pub(super) fn field(&self, field: &FieldRef) -> Result<&'a Field, CompileError> {
        let dataset = self.dataset(&field.dataset)?;
        dataset.field(&field.field).ok_or_else(|| {
            let names = dataset.fields.iter().map(|field| field.name.as_str());
            CompileError::Unknown {
                kind: "field",
                name: format!("{}.{}", field.dataset, field.field),
                hint: hint(&field.field, names),
            }
        })
    }

    pub(super) fn metric(&self, name: &str) -> Result<&'a Metric, CompileError> {
        self.model.metric(name).ok_or_else(|| {
            let names = self.model.metrics.iter().map(|metric| metric.name.as_str());
            CompileError::Unknown { kind: "metric", name: name.to_owned(), hint: hint(name, names) }
        })
    }

    pub(super) fn named_filter(&self, name: &str) -> Result<&'a NamedFilter, CompileError> {
        self.model.filters.iter().find(|filter| filter.name == name).ok_or_else(|| {
            let names = self.model.filters.iter().map(|filter| filter.name.as_str());
            CompileError::Unknown { kind: "filter", name: name.to_owned(), hint: hint(name, names) }
        })
    }

    /// The table of a dataset, or its query in parentheses.
    pub(super) fn table(&self, dataset: &Dataset, alias: &str) -> String {
        let alias = self.sql.name(alias);
        let source = dataset.source.trim().trim_end_matches(';');
        if is_query(source) {
            return format!("({source}) AS {alias}");
        }
        let table = source_parts(source).iter().map(|part| self.sql.name(part)).collect::<Vec<_>>().join(".");
        if table == alias { table } else { format!("{table} AS {alias}") }
    }

    /// A column under an alias.
    pub(super) fn column(&self, alias: &str, column: &str) -> String {
        format!("{}.{}", self.sql.name(alias), self.sql.name(column))
    }

    /// A field or, where there is none of that name, a column; under an alias.
    pub(super) fn field_or_column(
        &self,
        dataset: &Dataset,
        alias: &str,
        name: &str,
    ) -> Result<String, CompileError> {
        match dataset.field(name) {
            Some(field) => self.field_sql(field, alias),
            None => Ok(self.column(alias, name)),
        }
    }

    /// The SQL of a field under an alias.
    pub(super) fn field_sql(&self, field: &Field, alias: &str) -> Result<String, CompileError> {
        Ok(self.field_expression(field, alias)?.to_string())
    }

    /// A condition over a dataset's fields and columns, under an alias.
    pub(super) fn condition_sql(
        &self,
        sql: &str,
        dataset: &Dataset,
        alias: &str,
    ) -> Result<String, CompileError> {
        let mut expression = self.parsed(sql)?;
        self.replace(&mut expression, sql, |found| match dataset.field(&found.name) {
            Some(field) => self.field_expression(field, alias),
            None => Ok(self.column_expression(alias, &found.name)),
        })?;
        Ok(expression.to_string())
    }

    pub(super) fn parsed(&self, sql: &str) -> Result<ast::Expr, CompileError> {
        parse(sql).map_err(|reason| CompileError::Expression { expression: sql.to_owned(), reason })
    }

    /// Replaces every reference in an expression.
    pub(super) fn replace(
        &self,
        expression: &mut ast::Expr,
        text: &str,
        mut with: impl FnMut(&Reference) -> Result<ast::Expr, CompileError>,
    ) -> Result<(), CompileError> {
        let flow = visit_expressions_mut(expression, |part| {
            if matches!(
                part,
                ast::Expr::Subquery(_) | ast::Expr::Exists { .. } | ast::Expr::InSubquery { .. }
            ) {
                return ControlFlow::Break(CompileError::Expression {
                    expression: text.to_owned(),
                    reason: "it holds a subquery; make it a view and a dataset of its own".to_owned(),
                });
            }
            if let Some(found) = reference(part) {
                match with(&found) {
                    Ok(new) => *part = new,
                    Err(error) => return ControlFlow::Break(error),
                }
            }
            ControlFlow::Continue(())
        });
        match flow {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(error) => Err(error),
        }
    }

    /// The expression of a field under an alias; in parentheses unless it is a mere column.
    pub(super) fn field_expression(&self, field: &Field, alias: &str) -> Result<ast::Expr, CompileError> {
        let sql = if field.expression.is_empty() { &field.name } else { &field.expression };
        let mut expression = self.parsed(sql)?;
        if let Some(found) = reference(&expression) {
            return Ok(self.column_expression(alias, &found.name));
        }
        self.replace(&mut expression, sql, |found| Ok(self.column_expression(alias, &found.name)))?;
        Ok(match expression {
            whole @ (ast::Expr::Function(_) | ast::Expr::Cast { .. } | ast::Expr::Nested(_)) => whole,
            open => ast::Expr::Nested(Box::new(open)),
        })
    }

    fn column_expression(&self, alias: &str, column: &str) -> ast::Expr {
        let quote = if matches!(self.sql.dialect, Dialect::MySql | Dialect::BigQuery) { '`' } else { '"' };
        let doubled = |name: &str| name.replace(quote, &format!("{quote}{quote}"));
        // The printer of sqlparser escapes a quote in a quoted name itself.
        let part = |name: &str| {
            let shown = Ident::with_quote(quote, name).to_string();
            if shown.len() == name.len() + 2 {
                Ident::with_quote(quote, doubled(name))
            } else {
                Ident::with_quote(quote, name)
            }
        };
        ast::Expr::CompoundIdentifier(vec![part(alias), part(column)])
    }
}

/// The parts of `schema.table`, with quotes undone.
fn source_parts(source: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut letters = source.chars().peekable();
    let mut quoted = false;
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                if let Some(last) = parts.last_mut() {
                    last.push('"');
                }
            }
            '"' => quoted = !quoted,
            '.' if !quoted => parts.push(String::new()),
            other => {
                if let Some(last) = parts.last_mut() {
                    last.push(other);
                }
            }
        }
    }
    parts
}
