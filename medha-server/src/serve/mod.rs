//! `medha serve`: the analyst over HTTP.
//!
//! Every handler parses, calls one function, answers. What is wrong with a request is said in one shape:
//! `{"error": {"code", "message", "hint"}}`.

mod server;
mod cache;
mod router;
mod query;
mod events;
mod health;
mod problem;

pub(crate) use server::{ServeError, serve};
