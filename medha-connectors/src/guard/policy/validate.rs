//! A policy against a schema: everything that is wrong with it at once.

use super::error::{PolicyError, PolicyProblem};
use super::filter::RowFilter;
use super::rules::{Action, Policy, TableRules, VERSION};
use crate::dialect::Dialect;
use crate::guard::names;
use crate::guard::scope::nearest;
use crate::schema::{Schema, Table};

impl Policy {
    /// Checks every name, condition and rule.
    ///
    /// # Errors
    /// A [`PolicyError`] with all problems.
    pub fn validate(&self, schema: &Schema, dialect: Dialect) -> Result<(), PolicyError> {
        let mut problems = Vec::new();
        if self.version != VERSION {
            problems.push(PolicyProblem::Version { found: self.version, known: VERSION });
        }
        let mut seen: Vec<&str> = Vec::new();
        for (name, rules) in &self.tables {
            let Some(table) = schema.table(name) else {
                let known = schema.tables.iter().map(|table| &table.name);
                problems
                    .push(PolicyProblem::UnknownTable { table: name.clone(), nearest: nearest(name, known) });
                continue;
            };
            if seen.contains(&table.name.as_str()) {
                problems.push(PolicyProblem::TableTwice { table: name.clone() });
            }
            seen.push(&table.name);
            columns(table, rules, &mut problems);
            for rule in &rules.rows {
                if let Err(reason) = condition(&rule.keep, table, schema, dialect) {
                    let (table, condition) = (table.name.clone(), rule.keep.clone());
                    problems.push(PolicyProblem::Condition { table, condition, reason });
                }
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(PolicyError { problems }) }
    }
}

fn columns(table: &Table, rules: &TableRules, problems: &mut Vec<PolicyProblem>) {
    let named = rules.columns.iter().flatten().chain(rules.protect.keys());
    for column in named.filter(|column| table.column(column).is_none()) {
        let known = table.columns.iter().map(|column| &column.name);
        problems.push(PolicyProblem::UnknownColumn {
            table: table.name.clone(),
            column: column.clone(),
            nearest: nearest(column, known),
        });
    }
    for (column, rule) in &rules.protect {
        if table.column(column).is_some() && !rules.has_column(column) {
            let (table, column) = (table.name.clone(), column.clone());
            problems.push(PolicyProblem::ProtectedButHidden { table, column });
        }
        let reason = match &rule.action {
            Action::Hash { salt } if salt.reveal().is_empty() => "a hash needs a salt",
            Action::Hash { salt } if salt.reveal().chars().any(char::is_control) => {
                "a salt cannot have control characters"
            }
            Action::Aggregate { at_least: 0 | 1 } => "an aggregate over fewer than 2 values hides nothing",
            Action::Deny
            | Action::Null
            | Action::Partial { .. }
            | Action::Hash { .. }
            | Action::Aggregate { .. } => continue,
        };
        problems.push(PolicyProblem::Rule {
            table: table.name.clone(),
            column: column.clone(),
            reason: reason.to_owned(),
        });
    }
}

/// Reads a condition and looks its names up, its own columns in the table and queries in it in the whole schema.
fn condition(text: &str, table: &Table, schema: &Schema, dialect: Dialect) -> Result<(), String> {
    let filter = RowFilter::parse(text, dialect)?;
    let condition = filter.with_nothing(dialect)?;
    RowFilter::check_shape(&condition, dialect)?;
    names::check_condition(&condition, table, dialect, schema).map_err(|error| error.to_string())
}
