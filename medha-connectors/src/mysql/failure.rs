//! The errors of MySQL and MariaDB in our words.

use sqlx::Error;
use sqlx::mysql::MySqlDatabaseError;

use crate::error::ConnectorError;
use crate::server::{Work, is_about_tls};

/// An error while a statement runs.
pub(crate) fn of_query(error: &Error, database: &str, work: &Work) -> ConnectorError {
    if let Some(reason) = work.stop_reason() {
        return reason;
    }
    if is_lost(error) {
        return ConnectorError::Lost { database: database.to_owned(), reason: message_of(error) };
    }
    match number_of(error) {
        // The limit of a statement, in MariaDB and in MySQL.
        Some(1969 | 3024) => work.late(),
        Some(1317) => ConnectorError::Query {
            reason: format!("somebody stopped it on the server ({})", message_of(error)),
        },
        Some(1792 | 1290) => {
            ConnectorError::Query { reason: format!("only reading is allowed ({})", message_of(error)) }
        }
        _ => ConnectorError::Query { reason: message_of(error) },
    }
}

/// Whether the connection is gone: the network, or the server that shuts down or has killed it.
pub(crate) fn is_lost(error: &Error) -> bool {
    match error {
        Error::Database(_) => {
            matches!(number_of(error), Some(1053 | 1079 | 1080 | 1158..=1161 | 1927 | 4031))
        }
        Error::Io(_) | Error::Tls(_) | Error::Protocol(_) | Error::WorkerCrashed | Error::PoolClosed => true,
        _ => false,
    }
}

/// Whether a server that cannot be connected to now may be in a moment: it starts, or has too many connections.
pub(crate) fn may_pass(error: &Error) -> bool {
    match error {
        Error::Io(_) => !is_about_tls(error),
        _ => matches!(number_of(error), Some(1040 | 1053 | 1203)),
    }
}

/// Why connecting failed, and what to do.
pub(crate) fn of_connect(error: &Error) -> String {
    let message = message_of(error);
    let advice = match (error, number_of(error)) {
        _ if is_about_tls(error) => {
            "; give the certificate of who signed the server's with \"ssl-ca=FILE\", or encrypt without checking who answers \
             with \"ssl-mode=REQUIRED\""
        }
        (Error::Io(_), _) => "; check the host, the port and that the server runs",
        (_, Some(1045 | 1698)) => "; check the user and the password",
        (_, Some(1044 | 1049)) => "; check the name of the database",
        (_, Some(1040 | 1203)) => "; the server has no connection left, try again later",
        _ => "",
    };
    format!("{message}{advice}")
}

fn number_of(error: &Error) -> Option<u16> {
    error.as_database_error()?.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number)
}

fn message_of(error: &Error) -> String {
    error.as_database_error().map_or_else(|| error.to_string(), |inner| inner.message().to_owned())
}
