//! Which handler answers which request.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::routing::{get, post};

use super::problem::Problem;
use super::{health, query};
use crate::session::Session;

/// No request is larger: a question is a sentence.
pub(crate) const LARGEST_BODY: usize = 64 * 1024;

/// All routes over one session.
pub(crate) fn router(session: Arc<Session>) -> Router {
    Router::new()
        .route("/health", get(health::health))
        .route("/api/v1/query", post(query::query))
        .route("/api/v1/query/stream", post(query::stream))
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_method)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(session)
}

async fn no_such_route(request: Request) -> Problem {
    Problem::no_such_route(request.uri().path())
}

async fn no_such_method(request: Request) -> Problem {
    Problem::no_such_method(request.method(), request.uri().path())
}
