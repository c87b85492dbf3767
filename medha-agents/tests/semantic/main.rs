//! Semantic models: read from Ossie, written back, inferred from a schema, compared with a database.
#![allow(clippy::unwrap_used, reason = "tests unwrap")]

mod schema;
mod ossie;
mod access;
mod infer;
mod observe;
