//! Answers that were given a moment ago, and schemas that were read a while ago.
//!
//! [`CachedConnector`] puts both in front of a [`Connector`](crate::Connector). In reading order: what makes two questions the
//! same (`key`), what may be kept and for how long (`options`), one piece of work for all who want it (`flight`), what is kept
//! in memory (`near`), bytes that others keep for us (`codec`, `shared`, and `redis` with that feature), how they work together
//! ([`ResultCache`]), and schemas ([`SchemaCache`]).
//!
//! *Architecture invariant: an error is never kept, and a cache that is gone costs nothing but speed.*

mod key;
mod options;
mod flight;
mod generation;
mod near;
mod codec;
mod shared;
#[cfg(feature = "redis")]
mod redis;
mod rows;
mod load;
mod ask;
mod results;
mod schema;
mod connector;

pub use connector::CachedConnector;
pub use key::CacheKey;
pub use options::CacheOptions;
#[cfg(feature = "redis")]
pub use redis::{RedisCache, RedisOptions};
pub use results::ResultCache;
pub use schema::{Described, Freshness, SchemaCache};
pub use shared::{Invalidated, Looked, Reach, SharedCache, TURN_BEAT, Told, Turn};
