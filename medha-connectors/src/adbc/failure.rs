//! What a driver says, in our words and without secrets.

use std::borrow::Cow;

use adbc_core::error::{Error, Status};

use crate::error::ConnectorError;
use crate::server::Work;

/// What must not be repeated, whoever says it: drivers put addresses and options into their errors.
#[derive(Clone, Default)]
pub(super) struct Hidden(Vec<String>);

impl Hidden {
    pub(super) fn add(&mut self, secret: &str) {
        if !secret.is_empty() && !self.0.iter().any(|known| known == secret) {
            self.0.push(secret.to_owned());
            // The longest first, so that no part of one is left where it holds another.
            self.0.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        }
    }

    /// A text without the secrets.
    pub(super) fn out_of(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "<secret>"))
    }
}

impl std::fmt::Debug for Hidden {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Hidden({})", self.0.len())
    }
}

/// An error while a statement runs.
pub(super) fn of_query(error: &Error, database: &str, hidden: &Hidden, work: &Work) -> ConnectorError {
    if let Some(reason) = work.stop_reason() {
        return reason;
    }
    let reason = said(error, hidden);
    match error.status {
        Status::Cancelled => {
            ConnectorError::Query { reason: format!("somebody stopped it on the server ({reason})") }
        }
        Status::IO if !is_of_a_file(&error.message) => {
            ConnectorError::Lost { database: database.to_owned(), reason }
        }
        _ => ConnectorError::Query { reason },
    }
}

/// An error while a database is opened or connected to.
pub(super) fn of_open(error: &Error, database: &str, hidden: &Hidden) -> ConnectorError {
    if error.message.contains("Could not set lock on file") {
        return ConnectorError::Locked { database: database.to_owned() };
    }
    let advice = match error.status {
        Status::Unauthenticated => "; check the user and the password",
        _ => "",
    };
    ConnectorError::Open { database: database.to_owned(), reason: format!("{}{advice}", said(error, hidden)) }
}

/// Whether a connection can be used again after this failure.
pub(super) fn is_harmless(error: &Error) -> bool {
    match error.status {
        Status::InvalidArguments
        | Status::InvalidData
        | Status::NotFound
        | Status::NotImplemented
        | Status::Unauthorized
        | Status::Integrity
        | Status::AlreadyExists => true,
        Status::Ok
        | Status::Unknown
        | Status::InvalidState
        | Status::Internal
        | Status::IO
        | Status::Cancelled
        | Status::Timeout
        | Status::Unauthenticated => false,
    }
}

/// DuckDB's file system fails with the same status as a network.
fn is_of_a_file(message: &str) -> bool {
    message.contains("file")
}

/// The driver's words, without the mark that shows a place in the statement.
fn said(error: &Error, hidden: &Hidden) -> String {
    let words = error.message.split("\n\nLINE ").next().unwrap_or_default().trim();
    let words: Cow<'_, str> =
        if words.is_empty() { "the driver did not say why".into() } else { words.into() };
    hidden.out_of(&words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_taken_out_of_what_a_driver_says() {
        let mut hidden = Hidden::default();
        ["hunter2", "me:hunter2@host/db", "", "hunter2"].iter().for_each(|secret| hidden.add(secret));
        let error = Error::with_message_and_status(
            "cannot reach me:hunter2@host/db with hunter2\n\nLINE 1: select\n        ^",
            Status::IO,
        );
        let shown = of_open(&error, "db", &hidden).to_string();
        assert_eq!(shown, r#"cannot open "db": cannot reach <secret> with <secret>"#);
        assert!(!format!("{hidden:?}").contains("hunter"));
    }
}
