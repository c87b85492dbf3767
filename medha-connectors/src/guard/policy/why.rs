//! What a policy means for one user and one column, in words.

use std::fmt;

use serde::Serialize;

use super::error::{PolicyError, PolicyProblem};
use super::rules::{Action, OtherTables, Parents, Policy};
use super::user::User;
use crate::guard::scope::nearest;
use crate::schema::Schema;

/// How a user can read a column, and because of what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Why {
    /// The column, as `table.column`.
    pub column: String,
    /// How it can be read.
    pub reading: Reading,
    /// The rules that make it so, in words.
    pub because: Vec<String>,
}

/// How a column can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reading {
    /// The table or the column is not there for this user.
    Hidden,
    /// It is there and cannot be read.
    Denied,
    /// Something else is shown in its place.
    Masked,
    /// Only sums and averages over enough values.
    Aggregated,
    /// As it is.
    Plain,
}

impl fmt::Display for Why {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = match self.reading {
            Reading::Hidden => "is not there",
            Reading::Denied => "cannot be read",
            Reading::Masked => "is shown masked",
            Reading::Aggregated => "is shown in sums and averages",
            Reading::Plain => "can be read",
        };
        write!(formatter, "{:?} {how}", self.column)?;
        if self.because.is_empty() { Ok(()) } else { write!(formatter, ": {}", self.because.join("; ")) }
    }
}

impl Policy {
    /// Explains how a user can read a column, named as `table.column`.
    ///
    /// For a column of a view it tells the view's own rules; those of the tables behind the view hold as well.
    ///
    /// # Errors
    /// A [`PolicyError`] if there is no such table or column.
    pub fn why(&self, user: &User, schema: &Schema, column: &str) -> Result<Why, PolicyError> {
        let (table_name, column_name) = column.rsplit_once('.').unwrap_or((column, ""));
        let Some(table) = schema.table(table_name) else {
            let known = schema.tables.iter().map(|table| &table.name);
            let (table, nearest) = (table_name.to_owned(), nearest(table_name, known));
            return Err(PolicyProblem::UnknownTable { table, nearest }.into());
        };
        let Some(found) = table.column(column_name) else {
            let known = table.columns.iter().map(|column| &column.name);
            let (column, nearest) = (column_name.to_owned(), nearest(column_name, known));
            return Err(PolicyProblem::UnknownColumn { table: table.name.clone(), column, nearest }.into());
        };
        let column = format!("{}.{}", table.name, found.name);
        let answer = |reading, because| Ok(Why { column: column.clone(), reading, because });
        let Some(rules) = self.rules(&table.name) else {
            return match self.other_tables {
                OtherTables::Hide => {
                    answer(Reading::Hidden, vec![format!("the policy does not name {:?}", table.name)])
                }
                OtherTables::Allow => {
                    answer(Reading::Plain, vec!["tables the policy does not name can be read".into()])
                }
            };
        };
        if let Some(readers) = rules.readers.as_ref().filter(|readers| !user.is_one_of(readers)) {
            let readers = readers.iter().cloned().collect::<Vec<_>>().join(", ");
            return answer(Reading::Hidden, vec![format!("{:?} is for {readers}", table.name)]);
        }
        if !rules.has_column(&found.name) {
            return answer(Reading::Hidden, vec![format!("it is not among the columns of {:?}", table.name)]);
        }
        let mut because: Vec<String> = rules
            .rows
            .iter()
            .map(|rule| match user.is_one_of(&rule.unless) {
                true => format!("the rows are not narrowed by {:?} for this user", rule.keep),
                false => format!("only rows with {:?}", rule.keep),
            })
            .collect();
        if rules.parents == Parents::Follow {
            let referred =
                table.foreign_keys.iter().filter(|key| !key.references.eq_ignore_ascii_case(&table.name));
            because.extend(
                referred
                    .filter(|key| {
                        self.restricts(&key.references, user, schema, &mut vec![table.name.clone()])
                    })
                    .map(|key| format!("only rows whose row of {:?} is there", key.references)),
            );
        }
        let Some(rule) = rules.protection(&found.name) else { return answer(Reading::Plain, because) };
        if user.is_one_of(&rule.unless) {
            because.push("a role of the user lifts its protection".into());
            return answer(Reading::Plain, because);
        }
        let (reading, words) = match &rule.action {
            Action::Deny => (Reading::Denied, "its rule denies it".to_owned()),
            Action::Null => (Reading::Masked, "its rule shows NULL".to_owned()),
            Action::Partial { first, last } => {
                (Reading::Masked, format!("its rule shows the first {first} and the last {last} characters"))
            }
            Action::Hash { .. } => (Reading::Masked, "its rule shows a hash".to_owned()),
            Action::Aggregate { at_least } => {
                (Reading::Aggregated, format!("its rule asks for at least {at_least} different values"))
            }
        };
        because.push(words);
        answer(reading, because)
    }

    /// Whether a table has fewer rows for a user than it has, by its own rules or those of a table it refers to.
    pub(crate) fn restricts(
        &self,
        table: &str,
        user: &User,
        schema: &Schema,
        seen: &mut Vec<String>,
    ) -> bool {
        if seen.iter().any(|seen| seen.eq_ignore_ascii_case(table)) {
            return false;
        }
        seen.push(table.to_owned());
        let rules = self.rules(table);
        let by_itself =
            rules.is_some_and(|rules| rules.rows.iter().any(|rule| !user.is_one_of(&rule.unless)));
        let follows = rules.is_none_or(|rules| rules.parents == Parents::Follow);
        by_itself
            || (follows
                && schema.table(table).is_some_and(|table| {
                    table.foreign_keys.iter().any(|key| self.restricts(&key.references, user, schema, seen))
                }))
    }
}
