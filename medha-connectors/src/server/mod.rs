//! What the connectors for database servers share: addresses, a small pool, work that is stopped on the server, a stream of
//! batches, and a look at the values.

#[cfg(any(feature = "postgres", feature = "mysql"))]
mod address;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "mcp"))]
mod breaker;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod pool;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "mcp"))]
mod profile;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "bigquery"))]
mod rows;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod session;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod wire;
mod work;

#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) use address::{Address, is_loopback};
#[cfg(feature = "mcp")]
pub(crate) use breaker::Breaker;
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) use pool::Pool;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "mcp"))]
pub(crate) use profile::{Described, Look, look_at};
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) use rows::MAX_BATCH_BYTES;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "bigquery"))]
pub(crate) use rows::{Rows, Sender};
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) use session::Session;
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) use wire::{Wire, is_about_tls};
pub(crate) use work::Work;
