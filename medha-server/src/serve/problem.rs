//! What is wrong with a request, in one shape.

use axum::Json;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::router::LARGEST_BODY;
use crate::question::QuestionError;

/// An answer that says what is wrong: `{"error": {"code", "message", "hint"}}`. Codes are stable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>, hint: &str) -> Self {
        Self { status, code, message: message.into(), hint: Some(hint.into()) }
    }

    pub(crate) fn no_such_route(path: &str) -> Self {
        let message = format!("there is nothing at {path:?}");
        Self::new(StatusCode::NOT_FOUND, "not_found", message, "ask with POST /api/v1/query")
    }

    pub(crate) fn no_such_method(method: &Method, path: &str) -> Self {
        let hint = if path == "/health" { "use GET" } else { "use POST" };
        let message = format!("{path:?} does not answer {method}");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message, hint)
    }

    pub(crate) fn content_type() -> Self {
        let (status, hint) = (StatusCode::UNSUPPORTED_MEDIA_TYPE, "send content-type: application/json");
        Self::new(status, "unsupported_media_type", "the body is not sent as JSON", hint)
    }

    pub(crate) fn too_large() -> Self {
        let message = format!("the body is larger than {LARGEST_BODY} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message, "ask one thing at a time")
    }

    pub(crate) fn body(message: impl Into<String>) -> Self {
        let hint = "send an object such as {\"question\": \"How many orders were there last month?\"}";
        Self::new(StatusCode::BAD_REQUEST, "bad_json", message, hint)
    }

    pub(crate) fn missing_question() -> Self {
        let hint = "send an object such as {\"question\": \"How many orders were there last month?\"}";
        Self::new(StatusCode::BAD_REQUEST, "missing_question", "there is no question", hint)
    }

    pub(crate) fn field(name: &str, message: impl Into<String>, hint: &str) -> Self {
        let message = format!("{name:?}: {}", message.into());
        Self::new(StatusCode::BAD_REQUEST, "bad_field", message, hint)
    }

    pub(crate) fn question(error: &QuestionError) -> Self {
        match error {
            QuestionError::Empty => Self::missing_question(),
            QuestionError::TooLong { .. } | QuestionError::Input(_) => Self {
                status: StatusCode::BAD_REQUEST,
                code: "question_too_long",
                message: error.to_string(),
                hint: None,
            },
        }
    }

    pub(crate) fn failed(message: String, hint: Option<String>) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, code: "query_failed", message, hint }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({"error": {"code": self.code, "message": self.message, "hint": self.hint}});
        (self.status, Json(body)).into_response()
    }
}
