//! What nodes fail with, as values that the recovery node can act on.

use std::fmt;

use medha_connectors::{Cause, ConnectorError};
use medha_graph::NodeError;
use serde::{Deserialize, Serialize};

use super::answer::AnswerOutcome;
use crate::planner::Correction;

/// Why a node failed, attached to its error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub(crate) enum Trouble {
    /// Words of the question are not known but near to known ones.
    Misspelt {
        /// What to replace.
        corrections: Vec<Correction>,
    },
    /// The database has no such name; the model is older than the database.
    UnknownName {
        /// The name.
        name: UnknownName,
        /// What the guard or the database said.
        message: String,
    },
    /// Nothing can be mended.
    Final {
        /// How it ends.
        outcome: AnswerOutcome,
    },
}

/// A name that the database does not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "of")]
pub(crate) enum UnknownName {
    /// A table or view.
    Table {
        /// As the statement has it.
        table: String,
    },
    /// A column.
    Column {
        /// As the statement has it.
        column: String,
        /// Its table, where known.
        table: Option<String>,
    },
}

impl fmt::Display for UnknownName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table { table } => write!(formatter, "the table {table:?}"),
            Self::Column { column, table: Some(table) } => {
                write!(formatter, "the column {column:?} of {table:?}")
            }
            Self::Column { column, table: None } => write!(formatter, "the column {column:?}"),
        }
    }
}

impl Trouble {
    pub(crate) fn failed(message: impl Into<String>, hint: Option<&str>) -> Self {
        Self::Final {
            outcome: AnswerOutcome::Failed { message: message.into(), hint: hint.map(str::to_owned) },
        }
    }

    /// The trouble as the error of a node; nothing is gained by trying again as is.
    pub(crate) fn into_error(self) -> NodeError {
        let message = match &self {
            Self::Misspelt { .. } => "some words are not known".to_owned(),
            Self::UnknownName { message, .. } => message.clone(),
            Self::Final { outcome } => super::json::error(outcome).1,
        };
        NodeError::new(message).terminal().with_detail(self)
    }
}

impl Trouble {
    /// What an error of the database means for whoever asked; `reference` is where its own words can be found.
    pub(crate) fn of(error: &ConnectorError, reference: Option<&str>) -> Self {
        let look = "ask in another way, or look at the statement with --explain";
        match error {
            ConnectorError::Query { reason } => match (unknown_name(reason), reference) {
                (Some(name), _) => Self::UnknownName { name, message: "the database has changed".into() },
                (None, Some(reference)) => Self::failed(
                    told(error),
                    Some(&format!("what it said is in the audit record under the reference {reference}")),
                ),
                (None, None) => Self::failed(told(error), Some(look)),
            },
            ConnectorError::Cancelled => Self::Final { outcome: AnswerOutcome::Cancelled },
            ConnectorError::Deadline { .. } | ConnectorError::TooManyRows { .. } => {
                Self::failed(error.in_words(), Some("narrow the question to a shorter time or fewer groups"))
            }
            other => Self::failed(other.in_words(), None),
        }
    }
}

/// The name in SQLite's, PostgreSQL's and MySQL's words for a name that is not there. Only what such a message begins with is
/// looked at: further in it may quote a row.
fn unknown_name(reason: &str) -> Option<UnknownName> {
    let after = |start: &str| {
        let rest = reason.strip_prefix(start)?;
        let name: String = rest.trim_start().chars().take_while(|letter| !letter.is_whitespace()).collect();
        let name =
            name.trim_matches(|letter| matches!(letter, '"' | '\'' | '`' | ',' | ';' | ')')).to_owned();
        (!name.is_empty()).then_some(name)
    };
    if let Some(table) = after("no such table:") {
        return Some(UnknownName::Table { table: last_part(&table) });
    }
    if let Some(column) = after("no such column:").or_else(|| after("Unknown column")) {
        return Some(UnknownName::Column { column: last_part(&column), table: None });
    }
    if let Some(table) = after("Table ").filter(|_| reason.ends_with("doesn't exist")) {
        return Some(UnknownName::Table { table: last_part(&table) });
    }
    let quoted = |kind: &str| {
        let name = after(&format!("{kind} "))?;
        reason.contains("does not exist").then(|| last_part(&name))
    };
    if let Some(table) = quoted("relation") {
        return Some(UnknownName::Table { table });
    }
    quoted("column").map(|column| UnknownName::Column { column, table: None })
}

fn last_part(name: &str) -> String {
    name.rsplit('.').next().unwrap_or(name).trim_matches(|letter| matches!(letter, '"' | '`')).to_owned()
}

/// What is told of an error: where it is about the inside of a statement that nobody wrote by hand, no more than that.
fn told(error: &ConnectorError) -> String {
    match error.cause() {
        Cause::Syntax
        | Cause::MissingTable
        | Cause::MissingColumn
        | Cause::MissingFunction
        | Cause::SeveralRows => "the database could not run the statement made for this question".into(),
        _ => error.in_words(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(column: &str) -> Option<UnknownName> {
        Some(UnknownName::Column { column: column.into(), table: None })
    }

    #[test]
    fn names_that_are_not_there_are_read_from_what_databases_say() {
        let cases = [
            ("no such column: o.amount", column("amount")),
            ("no such column: \"amount\" - should this be a string literal", column("amount")),
            ("no such table: main.orders", Some(UnknownName::Table { table: "orders".into() })),
            ("column \"amount\" does not exist", column("amount")),
            ("relation \"orders\" does not exist", Some(UnknownName::Table { table: "orders".into() })),
            ("Unknown column 'amount' in 'field list'", column("amount")),
            ("Table 'shop.orders' doesn't exist", Some(UnknownName::Table { table: "orders".into() })),
            ("near \"FROM\": syntax error", None),
            ("invalid input syntax for type integer: \"no such table: hunter2\"", None),
        ];
        for (reason, expected) in cases {
            assert_eq!(unknown_name(reason), expected, "{reason}");
        }
    }

    #[test]
    fn the_inside_of_a_statement_is_not_told() {
        let error =
            ConnectorError::Query { reason: "near \"FROM\": syntax error in SELECT secret FROM t".into() };
        let Trouble::Final { outcome: AnswerOutcome::Failed { message, .. } } = Trouble::of(&error, None)
        else {
            panic!()
        };
        assert_eq!(message, "the database could not run the statement made for this question");
        let damaged =
            ConnectorError::Query { reason: "the file \"a.db\" is damaged; restore it from a backup".into() };
        let Trouble::Final { outcome: AnswerOutcome::Failed { message, .. } } = Trouble::of(&damaged, None)
        else {
            panic!()
        };
        assert!(message.contains("damaged"), "{message}");
    }
}
