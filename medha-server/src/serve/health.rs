//! `GET /health`: whether questions can be answered.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::clock;
use crate::session::Session;

/// Asks the database for a sign of life. 503 if there is none.
pub(crate) async fn health(State(session): State<Arc<Session>>) -> (StatusCode, Json<Value>) {
    let started = clock::start();
    let ping = session.ping().await;
    let latency = started.elapsed().as_secs_f64() * 1000.0;
    let (status, word) = match ping {
        Ok(()) => (StatusCode::OK, "ok"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
    };
    let body = json!({
        "status": word,
        "version": env!("CARGO_PKG_VERSION"),
        "database": {
            "name": session.name(),
            "status": word,
            "latency_ms": (latency * 1000.0).round() / 1000.0,
            "error": ping.err().map(|error| error.in_words()),
        },
    });
    (status, Json(body))
}
