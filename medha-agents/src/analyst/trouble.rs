//! What nodes fail with, as values that the recovery node can act on.

use medha_connectors::ConnectorError;
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

impl From<&ConnectorError> for Trouble {
    fn from(error: &ConnectorError) -> Self {
        match error {
            ConnectorError::Query { reason } => match unknown_name(reason) {
                Some(name) => Self::UnknownName { name, message: "the database has changed".into() },
                None => Self::failed(
                    told(reason),
                    Some("ask in another way, or look at the statement with --explain"),
                ),
            },
            ConnectorError::Cancelled => Self::Final { outcome: AnswerOutcome::Cancelled },
            ConnectorError::Deadline { .. } | ConnectorError::TooManyRows { .. } => {
                Self::failed(error.to_string(), Some("narrow the question to a shorter time or fewer groups"))
            }
            other => Self::failed(other.to_string(), None),
        }
    }
}

/// The name in SQLite's, PostgreSQL's and MySQL's words for a name that is not there.
fn unknown_name(reason: &str) -> Option<UnknownName> {
    let after = |marker: &str| {
        let rest = reason.split_once(marker)?.1;
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

/// What the user is told of a database's error: its words where they are about the file or a limit, and not where they
/// are about the inside of a statement that the user did not write.
fn told(reason: &str) -> String {
    let lower = reason.to_ascii_lowercase();
    let about_sql = [
        "near \"",
        "syntax",
        "select ",
        "ambiguous",
        "misuse",
        "aggregate",
        "no such",
        "sql logic",
        "prepare",
    ];
    if about_sql.iter().any(|word| lower.contains(word)) {
        return "the database could not run the statement made for this question".into();
    }
    format!("the database could not run the query: {reason}")
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
            ("near \"FROM\": syntax error", None),
        ];
        for (reason, expected) in cases {
            assert_eq!(unknown_name(reason), expected, "{reason}");
        }
    }

    #[test]
    fn the_inside_of_a_statement_is_not_told() {
        let error =
            ConnectorError::Query { reason: "near \"FROM\": syntax error in SELECT secret FROM t".into() };
        let Trouble::Final { outcome: AnswerOutcome::Failed { message, .. } } = Trouble::from(&error) else {
            panic!()
        };
        assert_eq!(message, "the database could not run the statement made for this question");
        let damaged =
            ConnectorError::Query { reason: "the file \"a.db\" is damaged; restore it from a backup".into() };
        let Trouble::Final { outcome: AnswerOutcome::Failed { message, .. } } = Trouble::from(&damaged)
        else {
            panic!()
        };
        assert!(message.contains("damaged"), "{message}");
    }
}
