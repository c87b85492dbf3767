//! What can be wrong with a policy.

use std::fmt;

/// Everything that is wrong with a policy, for one database and perhaps one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError {
    /// All problems, in the order of the tables.
    pub problems: Vec<PolicyProblem>,
}

impl std::error::Error for PolicyError {}

impl fmt::Display for PolicyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the policy cannot be applied: ")?;
        for (index, problem) in self.problems.iter().enumerate() {
            write!(formatter, "{}{problem}", if index == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

impl From<PolicyProblem> for PolicyError {
    fn from(problem: PolicyProblem) -> Self {
        Self { problems: vec![problem] }
    }
}

/// One thing that is wrong with a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyProblem {
    /// It was written for another release.
    #[error("it has version {found}, and this release reads version {known}")]
    Version {
        /// What it says.
        found: u32,
        /// What we read.
        known: u32,
    },
    /// The database has no such table.
    #[error("there is no table {table:?}{}", hint(nearest.as_deref()))]
    UnknownTable {
        /// As the policy names it.
        table: String,
        /// The table of the most similar name.
        nearest: Option<String>,
    },
    /// Two names mean the same table.
    #[error("the table {table:?} has its rules twice; put them together")]
    TableTwice {
        /// As the policy names it the second time.
        table: String,
    },
    /// The table has no such column.
    #[error("there is no column {column:?} in {table:?}{}", hint(nearest.as_deref()))]
    UnknownColumn {
        /// The table.
        table: String,
        /// As the policy names it.
        column: String,
        /// The column of the most similar name.
        nearest: Option<String>,
    },
    /// A column is protected that is not among those that are there.
    #[error("{table:?} protects {column:?}, which is not among its columns; leave one of them out")]
    ProtectedButHidden {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// A condition cannot be read or names what is not there.
    #[error("the condition {condition:?} of {table:?}: {reason}")]
    Condition {
        /// The table.
        table: String,
        /// As the policy writes it.
        condition: String,
        /// What is wrong.
        reason: String,
    },
    /// A rule the database cannot follow, or that protects nothing.
    #[error("the rule of \"{table}.{column}\": {reason}")]
    Rule {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// What is wrong.
        reason: String,
    },
    /// The user lacks what a condition asks for.
    #[error(
        "the condition {condition:?} of {table:?} needs the attribute {attribute:?}, and the user {user:?} has none"
    )]
    MissingAttribute {
        /// The table.
        table: String,
        /// As the policy writes it.
        condition: String,
        /// The attribute.
        attribute: String,
        /// The user's id.
        user: String,
    },
    /// The definition of a view cannot be put in its place.
    #[error("the view {view:?}: {reason}")]
    View {
        /// The view.
        view: String,
        /// What is wrong.
        reason: String,
    },
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map(|name| format!("; did you mean {name:?}?")).unwrap_or_default()
}
