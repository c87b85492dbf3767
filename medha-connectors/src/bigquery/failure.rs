//! BigQuery's errors in our words.

use google_cloud_bigquery_v2::model::ErrorProto;
use google_cloud_gax::error::Error;
use google_cloud_gax::error::rpc::Code;

use crate::error::ConnectorError;
use crate::server::Work;

/// Of what its server says only so much is repeated; some repeat the whole statement.
const LONGEST_MESSAGE: usize = 1_000;

/// An error of a request.
pub(super) fn of_request(error: &Error, database: &str, work: &Work) -> ConnectorError {
    if let Some(reason) = work.stop_reason() {
        return reason;
    }
    let open = |reason: String| ConnectorError::Open { database: database.to_owned(), reason };
    if error.is_authentication() {
        return open(format!(
            "there is no access token to ask with ({}); check the credentials",
            message(error)
        ));
    }
    if error.is_connect() {
        let why = causes(error);
        return open(format!(
            "it could not be reached ({why}); check the network and the option \"endpoint\""
        ));
    }
    let said = message(error);
    match error.status().map(|status| status.code) {
        Some(Code::Unauthenticated) => open(format!("it did not accept the credentials ({said})")),
        Some(Code::PermissionDenied) => {
            open(format!("it does not allow that ({said}); check the roles of the account"))
        }
        Some(_) => ConnectorError::Query { reason: with_way_out(&said) },
        None => match error.http_status_code() {
            Some(status @ (401 | 403)) => {
                open(format!("it did not accept the credentials (HTTP status {status})"))
            }
            Some(status) => {
                ConnectorError::Query { reason: format!("it answered with the HTTP status {status}") }
            }
            None => ConnectorError::Lost { database: database.to_owned(), reason: causes(error) },
        },
    }
}

/// An error that comes with an answer, after the job was accepted.
pub(super) fn of_job(error: &ErrorProto, work: &Work) -> ConnectorError {
    if let Some(reason) = work.stop_reason() {
        return reason;
    }
    match error.reason.as_str() {
        // Its time limit is ours; a moment may lie between the two.
        "stopped" | "timeout" if work.is_late() || error.message.contains("timed out") => work.late(),
        "stopped" => {
            ConnectorError::Query { reason: format!("somebody stopped it on the server ({})", error.message) }
        }
        _ => ConnectorError::Query { reason: with_way_out(&short(&error.message)) },
    }
}

/// Whether a job of this name is already there: an attempt of ours whose answer was lost.
pub(super) fn is_there_already(error: &Error) -> bool {
    error.status().is_some_and(|status| status.code == Code::AlreadyExists)
        || error.http_status_code() == Some(409)
}

/// Whether there is nothing of this name.
pub(super) fn is_not_found(error: &Error) -> bool {
    error.status().is_some_and(|status| status.code == Code::NotFound)
        || error.http_status_code() == Some(404)
}

/// An answer that is not what BigQuery promises.
pub(super) fn unexpected(what: &str) -> ConnectorError {
    ConnectorError::Query { reason: format!("its answer is not as expected of BigQuery ({what})") }
}

fn with_way_out(said: &str) -> String {
    let is_about_bytes = said.contains("limit for bytes billed");
    let advice = if is_about_bytes { "; raise \"maximum_bytes_billed\"" } else { "" };
    format!("{said}{advice}")
}

fn message(error: &Error) -> String {
    match error.status() {
        Some(status) => short(&status.message),
        None => causes(error),
    }
}

/// The last cause, which is the one that says something.
fn causes(error: &Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    short(&cause.to_string())
}

fn short(message: &str) -> String {
    let message = message.trim();
    match message.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message.to_owned(),
    }
}
