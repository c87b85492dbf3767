//! Why a statement was refused.

/// A statement that does not pass, with the reason and the way out.
///
/// ```
/// use medha_connectors::GuardError;
///
/// let error = GuardError::UnknownTable { table: "odrers".to_owned(), nearest: Some("orders".to_owned()) };
/// assert_eq!(error.to_string(), r#"there is no table "odrers"; did you mean "orders"?"#);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GuardError {
    /// The text is longer or deeper than any question needs.
    #[error("the statement is too large: {reason}")]
    TooLarge {
        /// Which bound it breaks.
        reason: String,
    },
    /// The text has a character that no statement needs.
    #[error("the statement has the control character U+{code:04X} at byte {position}; remove it")]
    ControlCharacter {
        /// The character.
        code: u32,
        /// Where it stands.
        position: usize,
    },
    /// The text is not SQL of the dialect.
    #[error("the statement cannot be parsed: {reason}")]
    Syntax {
        /// What the parser said.
        reason: String,
    },
    /// There is no statement, or more than one.
    #[error("exactly one statement is allowed, and this has {count}")]
    NotOneStatement {
        /// How many there are.
        count: usize,
    },
    /// The statement does something else than reading rows.
    #[error("only queries are allowed, and this is {statement:?}")]
    NotAQuery {
        /// What kind of statement it is.
        statement: String,
    },
    /// A query uses something that the guard does not let through.
    #[error("{construct} is not allowed in a query")]
    NotAllowed {
        /// What it is.
        construct: String,
    },
    /// The function is not on the list of functions that only compute.
    #[error("the function {function:?} is not allowed{}", hint(nearest.as_deref()))]
    UnknownFunction {
        /// Its name, as written.
        function: String,
        /// The allowed function of the most similar name.
        nearest: Option<String>,
    },
    /// No table, view or common table expression has this name.
    #[error("there is no table {table:?}{}", hint(nearest.as_deref()))]
    UnknownTable {
        /// Its name, as written.
        table: String,
        /// The table of the most similar name.
        nearest: Option<String>,
    },
    /// No table in reach has a column of this name.
    #[error("there is no column {column:?}{}{}", of_table(table.as_deref()), hint(nearest.as_deref()))]
    UnknownColumn {
        /// Its name, as written, without the table.
        column: String,
        /// The table it was looked for in, where that is one.
        table: Option<String>,
        /// The column in reach of the most similar name.
        nearest: Option<String>,
    },
    /// A name is written with letters that look like others, or cannot be seen.
    #[error("the name {name:?} cannot be trusted: {reason}")]
    DeceptiveName {
        /// As written.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A policy protects a column against what the statement does with it.
    #[error("the column {column:?} {reason}")]
    ProtectedColumn {
        /// As `table.column`.
        column: String,
        /// How it is protected and what can be done with it.
        reason: String,
    },
    /// A word in double quotes is no column in reach. SQLite would take it for a text, and a misspelt column with it.
    #[error("there is no column {text:?}; if it is meant as text, put it in single quotes")]
    TextInDoubleQuotes {
        /// What stands between the quotes.
        text: String,
    },
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map(|name| format!("; did you mean {name:?}?")).unwrap_or_default()
}

fn of_table(table: Option<&str>) -> String {
    table.map(|name| format!(" in {name:?}")).unwrap_or_default()
}

impl GuardError {
    /// For what the guard refuses by its kind.
    pub(crate) fn not_allowed(construct: impl Into<String>) -> Self {
        Self::NotAllowed { construct: construct.into() }
    }

    /// For what would cost too much.
    pub(crate) fn too_large(reason: impl Into<String>) -> Self {
        Self::TooLarge { reason: reason.into() }
    }
}
