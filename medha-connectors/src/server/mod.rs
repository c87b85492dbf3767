//! What the connectors for database servers share: addresses, a small pool, work that is stopped on the server, a stream of
//! batches, and a look at the values.

#[cfg(any(feature = "postgres", feature = "mysql"))]
mod address;
mod breaker;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod pool;
mod profile;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod rows;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod session;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod wire;
#[cfg_attr(
    not(any(feature = "postgres", feature = "mysql")),
    allow(dead_code, reason = "only connections of ours are told a limit of their own")
)]
mod work;

#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) use address::{Address, is_loopback};
#[cfg(feature = "mcp")]
pub(crate) use breaker::Breaker;
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) use pool::Pool;
pub(crate) use profile::{Described, Look, look_at};
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) use rows::{MAX_BATCH_BYTES, Rows, Sender};
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) use session::Session;
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) use wire::{Wire, is_about_tls};
pub(crate) use work::Work;
