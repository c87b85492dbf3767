//! Semantic models: read from Ossie, written back, inferred from a schema, compared with a database.

mod schema;
mod ossie;
mod access;
mod infer;
mod observe;
