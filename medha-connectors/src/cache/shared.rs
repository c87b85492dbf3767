//! A cache that several processes share, behind the one in memory.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::key::CacheKey;

/// Keeps bytes for several processes, and lets one of them at a time load what is not there.
///
/// No method may hold its caller up for long, and none fails: what cannot be reached is [`Looked::Unavailable`], and costs
/// nothing but speed. `RedisCache`, with the feature `redis`, is one.
#[async_trait]
pub trait SharedCache: Debug + Send + Sync {
    /// Looks a key up. If it is not there, one caller gets the turn to load it.
    async fn look(&self, key: &CacheKey) -> Looked;

    /// Keeps a value and ends the turn, unless its connection was invalidated since the turn began. It does not wait.
    fn store(&self, key: &CacheKey, turn: &Turn, value: Vec<u8>, lifetime: Duration);

    /// Says that a turn still goes on. To be called every [`TURN_BEAT`]: a turn of which nothing is heard ends by itself.
    fn keep_turn(&self, key: &CacheKey, turn: &Turn);

    /// Ends a turn without a value.
    fn end_turn(&self, key: &CacheKey, turn: &Turn);

    /// Forgets a value that cannot be read.
    async fn forget(&self, key: &CacheKey);

    /// Forgets all values of a connection, and tells everybody who listens.
    async fn invalidate(&self, connection: &str) -> Reach;

    /// From now on `told` is called for what is invalidated anywhere.
    fn listen(&self, told: Told);
}

/// Called with what is no longer valid.
pub type Told = Arc<dyn Fn(Invalidated) + Send + Sync>;

/// What is no longer valid.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Invalidated {
    /// All answers of a connection.
    Connection(String),
    /// All answers, because something may have been missed.
    Everything,
}

/// How far an invalidation reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Reach {
    /// Everybody who shares the cache.
    Everybody,
    /// This process; the others are told as soon as they can be reached.
    OnlyUs,
}

/// What was found under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Looked {
    /// The value.
    Found {
        /// As it was stored.
        value: Vec<u8>,
        /// How long it still lives.
        left: Duration,
    },
    /// Nothing, and it is on the caller to load it.
    Load(Turn),
    /// Nothing yet; somebody else is loading it. Look again soon.
    Wait,
    /// It cannot be told.
    Unavailable,
}

/// The right to load a key, until it is stored, given up or not heard of any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Nobody else has this one.
    pub token: String,
    /// What was valid when it began.
    pub generation: String,
}

/// How often a turn is kept.
pub const TURN_BEAT: Duration = Duration::from_millis(500);
