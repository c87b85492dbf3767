//! What the connectors for database servers share: addresses, a small pool, work that is stopped on the server, a stream of
//! batches, and a look at the values.

mod address;
mod breaker;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod pool;
mod profile;
mod rows;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod session;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod wire;
mod work;

pub(crate) use address::{Address, is_loopback};
#[cfg(feature = "mcp")]
pub(crate) use breaker::Breaker;
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) use pool::Pool;
pub(crate) use profile::{Described, Look, look_at, schema_of};
pub(crate) use rows::{BATCH_ROWS, MAX_BATCH_BYTES, Rows, Sender};
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) use session::Session;
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) use wire::{Wire, is_about_tls};
pub(crate) use work::Work;
