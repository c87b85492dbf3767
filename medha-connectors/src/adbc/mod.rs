//! DuckDB, Snowflake and every other system with an ADBC driver: a library that is loaded when the program runs.
//!
//! From the outside in: `connector` (the trait), `open` and `address` (from an address and options to a `Source`), `driver`
//! (finding the library), `pool` (the database and its connections), `run` (a statement on a thread of its own, stopped from
//! another one), `values`, `nested` and `moments` (Arrow into our values), `duckdb`, `snowflake` and `objects` (what is in the
//! database), `failure` (errors, without secrets).
//!
//! *Architecture invariant: drivers block, so nothing here calls one on a thread of the runtime.*

mod connector;
mod open;
mod address;
mod driver;
mod pool;
mod run;
mod values;
mod nested;
mod moments;
mod duckdb;
mod snowflake;
mod objects;
mod failure;

pub use connector::AdbcConnector;
