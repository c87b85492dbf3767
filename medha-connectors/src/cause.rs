//! What a database's error means, in words of our own: a database quotes values of rows in its errors, and nobody who asked may
//! be allowed to see them.

use crate::error::ConnectorError;

/// Why a database did not run a statement, as far as its words tell.
///
/// ```
/// use medha_connectors::{Cause, ConnectorError};
///
/// let reason = r#"invalid input syntax for type integer: "hunter2""#.to_owned();
/// let error = ConnectorError::Query { reason };
/// assert_eq!(error.cause(), Cause::WrongType);
/// assert!(!error.in_words().contains("hunter2"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// A table or view is not there.
    MissingTable,
    /// A column is not there.
    MissingColumn,
    /// A function is not there, or not for these types.
    MissingFunction,
    /// A value is not of the type it is used as.
    WrongType,
    /// A number or a date does not fit its type.
    OutOfRange,
    /// Something is divided by zero.
    DivisionByZero,
    /// A query in brackets gives several rows where one value is needed.
    SeveralRows,
    /// The connection may not read it.
    NoRight,
    /// It would have written.
    ReadOnly,
    /// Somebody stopped it on the server, or a limit of the server did.
    Stopped,
    /// Another statement was in the way.
    Conflict,
    /// Memory or disk ran out.
    NoRoom,
    /// A value is too large to be read.
    TooLarge,
    /// The file is damaged.
    Damaged,
    /// The statement is not SQL of this database.
    Syntax,
    /// None that we know.
    Unknown,
}

/// What databases say, in lower case, and what it means; the first that fits. A text that ends in a star is the start of what is
/// said, any other is somewhere in it.
const SAID: [(&str, Cause); 66] = [
    ("only reading is allowed*", Cause::ReadOnly),
    ("somebody stopped it*", Cause::Stopped),
    ("a value is larger than a row*", Cause::TooLarge),
    ("no such table*", Cause::MissingTable),
    ("no such column*", Cause::MissingColumn),
    ("no such function*", Cause::MissingFunction),
    ("wrong number of arguments to function*", Cause::MissingFunction),
    ("unknown column*", Cause::MissingColumn),
    ("invalid input syntax*", Cause::WrongType),
    ("invalid input value*", Cause::WrongType),
    ("malformed *", Cause::WrongType),
    ("conversion error*", Cause::WrongType),
    ("incorrect *", Cause::WrongType),
    ("truncated incorrect*", Cause::WrongType),
    ("numeric value * is not recognized", Cause::WrongType),
    ("division by zero*", Cause::DivisionByZero),
    ("division by 0*", Cause::DivisionByZero),
    ("integer overflow*", Cause::OutOfRange),
    ("permission denied*", Cause::NoRight),
    ("access denied*", Cause::NoRight),
    ("syntax error*", Cause::Syntax),
    ("you have an error in your sql syntax*", Cause::Syntax),
    ("near \"*", Cause::Syntax),
    ("subquery returns more than 1 row*", Cause::SeveralRows),
    ("more than one row returned by a subquery*", Cause::SeveralRows),
    ("sub-select returns *", Cause::SeveralRows),
    ("division by zero", Cause::DivisionByZero),
    ("divide by zero", Cause::DivisionByZero),
    ("is damaged", Cause::Damaged),
    ("database disk image is malformed", Cause::Damaged),
    ("command denied to user", Cause::NoRight),
    ("not authorized", Cause::NoRight),
    ("insufficient privileges", Cause::NoRight),
    ("does not have permission", Cause::NoRight),
    ("read-only transaction", Cause::ReadOnly),
    ("out of memory", Cause::NoRoom),
    ("no space left", Cause::NoRoom),
    ("disk is full", Cause::NoRoom),
    ("could not write to file", Cause::NoRoom),
    ("temp_file_limit", Cause::NoRoom),
    ("deadlock", Cause::Conflict),
    ("could not serialize", Cause::Conflict),
    ("lock wait timeout", Cause::Conflict),
    ("is locked", Cause::Conflict),
    ("canceling statement", Cause::Stopped),
    ("query execution was interrupted", Cause::Stopped),
    ("statement timeout", Cause::Stopped),
    ("out of range", Cause::OutOfRange),
    ("overflow", Cause::OutOfRange),
    ("string or blob too big", Cause::TooLarge),
    ("max_allowed_packet", Cause::TooLarge),
    ("table with name", Cause::MissingTable),
    ("relation \"", Cause::MissingTable),
    ("not found: table", Cause::MissingTable),
    ("referenced column", Cause::MissingColumn),
    ("unrecognized name", Cause::MissingColumn),
    ("invalid identifier", Cause::MissingColumn),
    ("operator does not exist", Cause::WrongType),
    ("cannot be cast", Cause::WrongType),
    ("cannot cast", Cause::WrongType),
    ("could not convert", Cause::WrongType),
    ("datatype mismatch", Cause::WrongType),
    ("function *", Cause::MissingFunction),
    ("column \"*", Cause::MissingColumn),
    ("column *", Cause::MissingColumn),
    ("syntax error", Cause::Syntax),
];

impl Cause {
    fn of(said: &str) -> Self {
        let said = said.to_lowercase();
        // MySQL and MariaDB name the table in the middle.
        if said.starts_with("table '") && said.ends_with("doesn't exist") {
            return Self::MissingTable;
        }
        let fits = |pattern: &str| match pattern.split_once('*') {
            Some((start, "")) => said.starts_with(start),
            Some((start, end)) => said.starts_with(start) && said.contains(end),
            None => said.contains(pattern),
        };
        SAID.iter().find(|(pattern, _)| fits(pattern)).map_or(Self::Unknown, |(_, cause)| *cause)
    }

    /// What is wrong and the way out.
    fn words(self) -> &'static str {
        match self {
            Self::MissingTable => {
                "the database has no such table or view; it may have changed since it was described"
            }
            Self::MissingColumn => {
                "the database has no such column there; it may have changed since it was described"
            }
            Self::MissingFunction => "the database has no such function for values of these types",
            Self::WrongType => {
                "a value is not of the type it is used as; cast it, or compare it with a value of its own type"
            }
            Self::OutOfRange => {
                "a number or a date does not fit its type; use a wider type, or narrow down what is asked"
            }
            Self::DivisionByZero => "something is divided by zero; divide by NULLIF(…, 0)",
            Self::SeveralRows => {
                "a query in brackets gives several rows where one value is needed; aggregate it or give it a limit"
            }
            Self::NoRight => {
                "this connection may not read it; ask whoever runs the database for the right to read it"
            }
            Self::ReadOnly => "only reading is allowed",
            Self::Stopped => "it was stopped on the server; ask for less, or ask again",
            Self::Conflict => "another statement was in the way; ask again",
            Self::NoRoom => "the database ran out of memory or disk for it; ask for less",
            Self::TooLarge => {
                "a value is larger than can be read at once; ask for less of it or for fewer columns"
            }
            Self::Damaged => "the file of the database is damaged; restore it from a backup",
            Self::Syntax => "the database does not understand the statement; write it in its dialect",
            Self::Unknown => "the database could not run the query",
        }
    }
}

impl ConnectorError {
    /// Why a database did not run a statement; [`Cause::Unknown`] where it is something else than that.
    #[must_use]
    pub fn cause(&self) -> Cause {
        match self {
            Self::Query { reason } => Cause::of(reason),
            Self::Open { .. }
            | Self::Locked { .. }
            | Self::Lost { .. }
            | Self::Deadline { .. }
            | Self::TooManyRows { .. }
            | Self::Cancelled => Cause::Unknown,
        }
    }

    /// The error for somebody who asked a question: none of the database's own words where they may quote a row. Those belong
    /// in the audit record.
    #[must_use]
    pub fn in_words(&self) -> String {
        match self {
            Self::Query { .. } => self.cause().words().to_owned(),
            Self::Lost { database, .. } => format!("the connection to {database:?} was lost; ask again"),
            Self::Open { .. }
            | Self::Locked { .. }
            | Self::Deadline { .. }
            | Self::TooManyRows { .. }
            | Self::Cancelled => self.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What SQLite, PostgreSQL, MySQL, MariaDB and others say.
    #[test]
    fn what_a_database_says_has_a_cause() {
        for (said, cause) in [
            ("no such table: main.orders", Cause::MissingTable),
            ("relation \"orders\" does not exist", Cause::MissingTable),
            ("Table 'shop.orders' doesn't exist", Cause::MissingTable),
            ("no such column: amount", Cause::MissingColumn),
            ("column \"amount\" does not exist", Cause::MissingColumn),
            ("column o.amount does not exist; Perhaps you meant", Cause::MissingColumn),
            ("Unknown column 'amount' in 'field list'", Cause::MissingColumn),
            ("function foo(integer) does not exist; No function matches", Cause::MissingFunction),
            ("invalid input syntax for type integer: \"division by zero\"", Cause::WrongType),
            ("operator does not exist: text > integer; No operator matches", Cause::WrongType),
            ("malformed JSON", Cause::WrongType),
            ("Incorrect DATE value: 'x'", Cause::WrongType),
            ("integer overflow", Cause::OutOfRange),
            ("bigint out of range", Cause::OutOfRange),
            ("BIGINT value is out of range in '(`t`.`n` * 9)'", Cause::OutOfRange),
            ("division by zero", Cause::DivisionByZero),
            ("more than one row returned by a subquery used as an expression", Cause::SeveralRows),
            ("Subquery returns more than 1 row", Cause::SeveralRows),
            ("permission denied for table staff", Cause::NoRight),
            ("SELECT command denied to user 'x'@'%' for table `shop`.`staff`", Cause::NoRight),
            ("only reading is allowed (cannot execute INSERT in a read-only transaction)", Cause::ReadOnly),
            ("somebody stopped it on the server (canceling statement due to user request)", Cause::Stopped),
            ("Deadlock found when trying to get lock", Cause::Conflict),
            ("the file \"a.db\" is damaged (x); restore it from a backup", Cause::Damaged),
            ("near \"FROM\": syntax error", Cause::Syntax),
            ("the stars are wrong", Cause::Unknown),
        ] {
            let error = ConnectorError::Query { reason: said.to_owned() };
            assert_eq!(error.cause(), cause, "{said}");
        }
    }

    #[test]
    fn no_word_of_a_database_is_repeated() {
        for said in ["ERROR for 'hunter2'", "relation \"hunter2\" does not exist", "malformed hunter2"] {
            let query = ConnectorError::Query { reason: said.to_owned() };
            let lost = ConnectorError::Lost { database: "db".to_owned(), reason: said.to_owned() };
            for told in [query.in_words(), lost.in_words()] {
                assert!(!told.contains("hunter2"), "{told}");
            }
        }
    }
}
