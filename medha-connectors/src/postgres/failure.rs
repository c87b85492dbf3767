//! PostgreSQL's errors in our words.

use sqlx::Error;
use sqlx::postgres::PgDatabaseError;

use crate::error::ConnectorError;
use crate::server::{Work, is_about_tls};

/// `query_canceled`: by a time limit, by us, or by somebody else.
const CANCELLED: &str = "57014";

/// An error while a statement runs.
pub(crate) fn of_query(error: &Error, database: &str, work: &Work) -> ConnectorError {
    if let Some(reason) = work.stop_reason() {
        return reason;
    }
    if is_lost(error) {
        return ConnectorError::Lost { database: database.to_owned(), reason: message_of(error) };
    }
    match code_of(error).as_deref() {
        Some(CANCELLED) if work.is_late() => work.late(),
        Some(CANCELLED) => ConnectorError::Query {
            reason: format!("somebody stopped it on the server ({})", message_of(error)),
        },
        Some("25006") => {
            ConnectorError::Query { reason: format!("only reading is allowed ({})", message_of(error)) }
        }
        _ => ConnectorError::Query { reason: message_of(error) },
    }
}

/// Whether the connection is gone: the network, or the server that shuts down or was told to end this session.
pub(crate) fn is_lost(error: &Error) -> bool {
    match error {
        Error::Database(_) => code_of(error).is_some_and(|code| {
            code.starts_with("08") || matches!(code.as_str(), "57P01" | "57P02" | "57P03" | "57P05" | "25P03")
        }),
        Error::Io(_) | Error::Tls(_) | Error::Protocol(_) | Error::WorkerCrashed | Error::PoolClosed => true,
        _ => false,
    }
}

/// Whether a server that cannot be connected to now may be in a moment: it starts, or has too many connections.
pub(crate) fn may_pass(error: &Error) -> bool {
    match error {
        Error::Io(_) => !is_about_tls(error),
        _ => code_of(error).is_some_and(|code| matches!(code.as_str(), "57P03" | "53300")),
    }
}

/// Why connecting failed, and what to do.
pub(crate) fn of_connect(error: &Error) -> String {
    let message = message_of(error);
    let advice = match (error, code_of(error).as_deref()) {
        _ if is_about_tls(error) => {
            "; give the certificate of who signed the server's with \"sslrootcert=FILE\", or encrypt without checking who \
             answers with \"sslmode=require\""
        }
        (Error::Io(_), _) => "; check the host, the port and that the server runs",
        (_, Some("28P01" | "28000")) => "; check the user and the password",
        (_, Some("3D000")) => "; check the name of the database",
        (_, Some("53300")) => "; the server has no connection left, try again later",
        _ => "",
    };
    format!("{message}{advice}")
}

fn code_of(error: &Error) -> Option<String> {
    Some(error.as_database_error()?.code()?.into_owned())
}

fn message_of(error: &Error) -> String {
    let Some(inner) = error.as_database_error() else {
        return error.to_string();
    };
    let hint = inner.try_downcast_ref::<PgDatabaseError>().and_then(PgDatabaseError::hint);
    match hint {
        Some(hint) => format!("{}; {hint}", inner.message()),
        None => inner.message().to_owned(),
    }
}
