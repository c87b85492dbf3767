//! [`RedisCache`]: the cache that processes share.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::redis::{Client, Cmd, ConnectionAddr};
use async_trait::async_trait;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::commands::{Names, token};
use super::keeper::{Common, keep};
use super::line::{Ask, Line};
use crate::cache::key::CacheKey;
use crate::cache::shared::{Looked, Reach, SharedCache, Told, Turn};
use crate::error::ConnectorError;
use crate::secret::{Secret, without_secrets};

/// So many errands wait at most; one more is not run, and its answer is not shared.
const ERRANDS: usize = 64;

/// How a Redis is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisOptions {
    /// Every key begins with it. Those who share it share their answers; `medha` by default.
    pub prefix: String,
    /// No command is waited for longer; 50 milliseconds by default.
    pub command_time: Duration,
    /// No answer is kept longer; a day by default.
    pub longest_life: Duration,
}

impl Default for RedisOptions {
    fn default() -> Self {
        Self {
            prefix: "medha".to_owned(),
            command_time: Duration::from_millis(50),
            longest_life: Duration::from_secs(24 * 60 * 60),
        }
    }
}

/// Answers in a Redis, for all processes that use the same prefix.
///
/// When Redis is down or slow it is left alone, and a task of this cache finds out when it is back: questions never wait for
/// it longer than [`RedisOptions::command_time`], and mostly not at all. What it holds is neither secret nor proven: whoever
/// can read it can read answers, and whoever can write to it can change them, so it is to be reached by nobody else.
///
/// ```
/// use medha_connectors::Secret;
/// use medha_connectors::cache::{CacheOptions, RedisCache, RedisOptions, ResultCache};
/// use std::sync::Arc;
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # runtime.block_on(async {
/// let redis = RedisCache::open(&Secret::new("redis://127.0.0.1:6379"), RedisOptions::default())?;
/// let cache = ResultCache::with_shared(CacheOptions::default(), Arc::new(redis));
/// # drop(cache);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct RedisCache {
    common: Arc<Common>,
    errands: mpsc::Sender<Cmd>,
    keeper: JoinHandle<()>,
}

impl RedisCache {
    /// A cache in the Redis at `redis://…`, or `rediss://…` with TLS. It is connected to in the background.
    ///
    /// # Errors
    /// [`ConnectorError::Open`] if the address cannot be read, or outside of a tokio runtime.
    pub fn open(url: &Secret, options: RedisOptions) -> Result<Self, ConnectorError> {
        let refuse =
            |reason: String| ConnectorError::Open { database: without_secrets(url.expose()), reason };
        let runtime = Handle::try_current().map_err(|error| refuse(error.to_string()))?;
        let client = Client::open(url.expose()).map_err(|error| refuse(error.to_string()))?;
        match client.get_connection_info().addr() {
            ConnectionAddr::TcpTls { .. } => choose_tls(),
            ConnectionAddr::Tcp(host, _) if !is_this_machine(host) => {
                tracing::warn!(
                    host,
                    "answers travel to the shared cache in the clear; use rediss:// for TLS"
                );
            }
            _ => {}
        }
        let common = Arc::new(Common {
            line: Line::new(options.command_time),
            names: Names::new(options.prefix),
            longest_life: options.longest_life,
            untold: Mutex::new(BTreeSet::new()),
            listeners: Mutex::default(),
        });
        let (errands, wanted) = mpsc::channel(ERRANDS);
        let keeper = runtime.spawn(keep(Arc::clone(&common), client, wanted));
        Ok(Self { common, errands, keeper })
    }

    /// Whether Redis is used at this moment.
    #[must_use]
    pub fn is_available(&self) -> bool {
        self.common.line.is_up()
    }

    /// Leaves something to the keeper, unless there is no line or too much is left already.
    fn leave(&self, errand: Cmd) {
        if self.is_available() && self.errands.try_send(errand).is_err() {
            tracing::debug!("the shared cache has too much to do; an answer is not shared");
        }
    }
}

#[async_trait]
impl SharedCache for RedisCache {
    async fn look(&self, key: &CacheKey) -> Looked {
        let token = token();
        let look = self.common.names.look(key, &token);
        match self.common.line.ask::<(String, Vec<u8>, i64)>(Ask::One(&look)).await {
            Some((found, value, left)) if found == "found" => {
                Looked::Found { value, left: Duration::from_millis(u64::try_from(left).unwrap_or_default()) }
            }
            Some((load, generation, _)) if load == "load" => match String::from_utf8(generation) {
                Ok(generation) => Looked::Load(Turn { token, generation }),
                Err(_) => Looked::Unavailable,
            },
            Some(_) => Looked::Wait,
            None => {
                // It may be ours all the same, and nobody else should wait for us.
                self.end_turn(key, &Turn { token, generation: String::new() });
                Looked::Unavailable
            }
        }
    }

    fn store(&self, key: &CacheKey, turn: &Turn, value: Vec<u8>, lifetime: Duration) {
        self.leave(self.common.names.store(key, turn, &value, lifetime.min(self.common.longest_life)));
    }

    fn keep_turn(&self, key: &CacheKey, turn: &Turn) {
        self.leave(self.common.names.keep_turn(key, turn));
    }

    fn end_turn(&self, key: &CacheKey, turn: &Turn) {
        self.leave(self.common.names.end_turn(key, turn));
    }

    async fn forget(&self, key: &CacheKey) {
        let forget = self.common.names.forget(key);
        self.common.line.ask::<()>(Ask::One(&forget)).await;
    }

    async fn invalidate(&self, connection: &str) -> Reach {
        if self.common.invalidate(connection).await { Reach::Everybody } else { Reach::OnlyUs }
    }

    fn listen(&self, told: Told) {
        self.common.listeners.lock().unwrap_or_else(PoisonError::into_inner).push(told);
    }
}

impl Drop for RedisCache {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl fmt::Debug for RedisCache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RedisCache")
            .field("is_available", &self.is_available())
            .finish_non_exhaustive()
    }
}

/// Says which cryptography TLS is done with, where nobody has: with several in one program the choice is not made by itself.
fn choose_tls() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Somebody else may have chosen since, which is as well.
        drop(rustls::crypto::ring::default_provider().install_default());
    }
}

fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
