//! `POST /api/v1/query`: a question in, an answer or a stream of events out.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use medha_agents::analyst::AnswerOutcome;
use serde_json::{Map, Value as JsonValue};

use super::events;
use super::problem::Problem;
use crate::clock::parse_moment;
use crate::question::QuestionText;
use crate::session::{Asked, Session};

/// Answers as one JSON object, or as events if the client accepts those.
pub(crate) async fn query(
    State(session): State<Arc<Session>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let asked = read(&headers, body)?;
    if wants_events(&headers) {
        return Ok(events::stream(&session, asked));
    }
    // The handler is dropped when the client goes away, and the run with it.
    let answer = session.ask(asked, |_| {}).await;
    match answer.outcome {
        AnswerOutcome::Failed { message, hint } => Err(Problem::failed(message, hint)),
        AnswerOutcome::Cancelled => Err(Problem::failed("the question was cancelled".into(), None)),
        AnswerOutcome::Answered
        | AnswerOutcome::NeedsChoice(_)
        | AnswerOutcome::Abstained(_)
        | AnswerOutcome::Refused { .. } => Ok((StatusCode::OK, Json(answer.to_json())).into_response()),
    }
}

/// Answers as events.
pub(crate) async fn stream(
    State(session): State<Arc<Session>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    Ok(events::stream(&session, read(&headers, body)?))
}

fn read(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<Asked, Problem> {
    if !is_json(headers) {
        return Err(Problem::content_type());
    }
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(),
        _ => Problem::body(rejection.body_text()),
    })?;
    parse(&body)
}

/// Reads a request; unknown fields are errors, because a misspelt one would be ignored otherwise.
fn parse(body: &[u8]) -> Result<Asked, Problem> {
    let json: JsonValue = serde_json::from_slice(body)
        .map_err(|error| Problem::body(format!("the body is no JSON: {error}")))?;
    let JsonValue::Object(mut fields) = json else { return Err(Problem::body("the body is no JSON object")) };
    let question = match fields.remove("question") {
        None | Some(JsonValue::Null) => return Err(Problem::missing_question()),
        Some(JsonValue::String(text)) => {
            QuestionText::new(&text).map_err(|error| Problem::question(&error))?
        }
        Some(_) => return Err(Problem::field("question", "it is no text", "send a sentence")),
    };
    let asked = Asked {
        question: question.as_str().to_owned(),
        now: text(&mut fields, "now")?
            .map(|text| parse_moment(&text))
            .transpose()
            .map_err(|error| Problem::field("now", error.to_string(), "leave it out for the present"))?,
        dry_run: match fields.remove("dry_run") {
            None | Some(JsonValue::Null) => false,
            Some(JsonValue::Bool(flag)) => flag,
            Some(_) => return Err(Problem::field("dry_run", "it is neither true nor false", "leave it out")),
        },
        max_rows: match fields.remove("max_rows") {
            None | Some(JsonValue::Null) => None,
            Some(number) => match number.as_u64().and_then(|number| usize::try_from(number).ok()) {
                Some(number) if number > 0 => Some(number),
                _ => return Err(Problem::field("max_rows", "it is no whole number above 0", "leave it out")),
            },
        },
        choice: text(&mut fields, "choice")?,
        ..Asked::default()
    };
    match fields.keys().next() {
        None => Ok(asked),
        Some(unknown) => {
            let hint = "known are question, now, dry_run, max_rows and choice";
            Err(Problem::field(unknown, "this field is not known", hint))
        }
    }
}

fn text(fields: &mut Map<String, JsonValue>, name: &str) -> Result<Option<String>, Problem> {
    match fields.remove(name) {
        None | Some(JsonValue::Null) => Ok(None),
        Some(JsonValue::String(text)) => Ok(Some(text)),
        Some(_) => Err(Problem::field(name, "it is no text", "leave it out or send text")),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let kind = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

fn wants_events(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut kinds = accepted.flat_map(|value| value.split(','));
    kinds.any(|kind| {
        kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/event-stream")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_request_is_read_with_all_its_fields() {
        let body = br#"{"question": " how many? ", "now": "2025-06-30", "dry_run": true, "max_rows": 5, "choice": "a"}"#;
        let asked = parse(body).unwrap();
        let expected = Asked {
            question: "how many?".into(),
            now: Some(date(2025, 6, 30).at(12, 0, 0, 0)),
            dry_run: true,
            max_rows: Some(5),
            choice: Some("a".into()),
            ..Asked::default()
        };
        assert_eq!(asked, expected);
    }

    #[test]
    fn what_is_wrong_with_a_request_is_said() {
        let cases = [
            ("", "bad_json", "the body is no JSON: EOF while parsing a value at line 1 column 0"),
            ("[]", "bad_json", "the body is no JSON object"),
            ("{}", "missing_question", "there is no question"),
            (r#"{"question": " "}"#, "missing_question", "there is no question"),
            (r#"{"question": 5}"#, "bad_field", r#""question": it is no text"#),
            (
                r#"{"question": "a", "now": "soon"}"#,
                "bad_field",
                r#""now": "soon" is no date; write 2025-06-30 or 2025-06-30T12:00"#,
            ),
            (
                r#"{"question": "a", "max_rows": 0}"#,
                "bad_field",
                r#""max_rows": it is no whole number above 0"#,
            ),
            (r#"{"question": "a", "dry_run": 1}"#, "bad_field", r#""dry_run": it is neither true nor false"#),
            (r#"{"question": "a", "dryrun": true}"#, "bad_field", r#""dryrun": this field is not known"#),
        ];
        for (body, code, message) in cases {
            let problem = parse(body.as_bytes()).unwrap_err();
            assert_eq!((problem.code, problem.message.as_str()), (code, message), "{body}");
        }
    }

    #[test]
    fn headers_say_what_is_sent_and_what_is_wanted() {
        let headers =
            |name: header::HeaderName, value: &str| HeaderMap::from_iter([(name, value.parse().unwrap())]);
        assert!(is_json(&headers(header::CONTENT_TYPE, "application/json; charset=utf-8")));
        assert!(is_json(&headers(header::CONTENT_TYPE, "application/vnd.medha+json")));
        assert!(!is_json(&headers(header::CONTENT_TYPE, "text/plain")));
        assert!(!is_json(&HeaderMap::new()));
        assert!(wants_events(&headers(header::ACCEPT, "application/json, text/event-stream;q=0.9")));
        assert!(!wants_events(&headers(header::ACCEPT, "*/*")));
    }
}
