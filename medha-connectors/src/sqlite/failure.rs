//! SQLite's errors in our words.

use sqlx::Error;

use super::work::Work;
use crate::error::ConnectorError;

/// Primary result codes of SQLite that we tell apart.
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READONLY: i32 = 8;
const INTERRUPT: i32 = 9;
const CORRUPT: i32 = 11;
const CANTOPEN: i32 = 14;
const TOO_BIG: i32 = 18;
const AUTH: i32 = 23;
const NOT_A_DATABASE: i32 = 26;

/// The primary code of an error that came from SQLite itself.
pub(crate) fn code_of(error: &Error) -> Option<i32> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

/// Whether SQLite could not open a file it needs beside the database, or would have to write to one.
pub(crate) fn needs_to_write(error: &Error) -> bool {
    matches!(code_of(error), Some(CANTOPEN | READONLY))
}

/// An error while a statement runs.
pub(crate) fn of_query(error: &Error, database: &str, work: &Work) -> ConnectorError {
    of_code(code_of(error), message_of(error), database, work)
}

/// The same, of a step that rusqlite took.
pub(crate) fn of_step(error: &rusqlite::Error, database: &str, work: &Work) -> ConnectorError {
    let code = error.sqlite_error().map(|error| error.extended_code & 0xff);
    of_code(code, error.to_string(), database, work)
}

fn of_code(code: Option<i32>, message: String, database: &str, work: &Work) -> ConnectorError {
    match code {
        Some(INTERRUPT) => work.stop_reason().unwrap_or(ConnectorError::Cancelled),
        Some(BUSY | LOCKED) => ConnectorError::Locked { database: database.to_owned() },
        Some(CORRUPT | NOT_A_DATABASE) => ConnectorError::Query {
            reason: format!("the file {database:?} is damaged ({}); restore it from a backup", message),
        },
        Some(AUTH) => ConnectorError::Query { reason: format!("only reading is allowed ({})", message) },
        Some(TOO_BIG) => ConnectorError::Query {
            reason: format!(
                "a value is larger than a row of this width may hold ({}); ask for less of it or for fewer columns",
                message
            ),
        },
        _ => ConnectorError::Query { reason: message },
    }
}

/// An error while the file is opened.
pub(crate) fn of_open(error: &Error, database: &str) -> ConnectorError {
    let reason = match code_of(error) {
        Some(BUSY | LOCKED) => return ConnectorError::Locked { database: database.to_owned() },
        Some(NOT_A_DATABASE) => "it is not a SQLite database, or it is encrypted".to_owned(),
        Some(CORRUPT) => format!("it is damaged ({}); restore it from a backup", message_of(error)),
        Some(READONLY) => format!(
            "it was not closed properly and must be repaired before it can be read ({}); open it once with the program that writes it",
            message_of(error)
        ),
        Some(CANTOPEN) => format!(
            "SQLite may not read it or a file beside it ({}); check the permissions",
            message_of(error)
        ),
        _ => message_of(error),
    };
    ConnectorError::Open { database: database.to_owned(), reason }
}

fn message_of(error: &Error) -> String {
    error.as_database_error().map_or_else(|| error.to_string(), |inner| inner.message().to_owned())
}
