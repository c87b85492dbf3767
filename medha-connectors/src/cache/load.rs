//! One answer on its way: from memory, from those who share, or from the database.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::watch;
use tokio::time::Instant;

use super::codec;
use super::generation::Generations;
use super::key::CacheKey;
use super::near::{Content, Entry, Life, Near, weight_of_row};
use super::options::CacheOptions;
use super::shared::{Looked, SharedCache, TURN_BEAT, Turn};
use crate::connector::RowStream;
use crate::error::ConnectorError;
use crate::value::{ResultColumn, ResultSet};

/// While somebody else loads, it is looked again after this,
const FIRST_PAUSE: Duration = Duration::from_millis(5);
/// then after twice as long each time, up to this.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// Where answers are looked for.
#[derive(Debug)]
pub(super) struct Tiers {
    pub(super) options: CacheOptions,
    pub(super) near: Near,
    pub(super) far: Option<Arc<dyn SharedCache>>,
    pub(super) generations: Arc<Generations>,
}

/// What a load came to.
#[derive(Debug, Clone)]
pub(super) enum Loaded {
    /// It was kept before.
    Kept(Arc<Entry>),
    /// The database gave it just now.
    Fresh(Arc<ResultSet>),
    /// It is too large to be kept: the rows, for whoever has begun it.
    Large(Large),
}

/// The rows of an answer that is not kept.
#[derive(Debug, Clone)]
pub(super) struct Large(Arc<Mutex<Option<RowStream>>>);

impl Large {
    /// The rows, once.
    pub(super) fn take(&self) -> Option<RowStream> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Tiers {
    /// Loads an answer and keeps it, if it is none that is too large. What its columns are is told as soon as it is known.
    pub(super) async fn load(
        self: Arc<Self>,
        key: CacheKey,
        generation: u64,
        columns: watch::Sender<Option<Vec<ResultColumn>>>,
        query: impl Future<Output = Result<RowStream, ConnectorError>> + Send,
    ) -> Result<Loaded, ConnectorError> {
        // It may have come between the look of whoever has begun this and now.
        if let Some(entry) = self.near.find(&key, generation, now()).await {
            return Ok(Loaded::Kept(entry));
        }
        let turn = match &self.far {
            Some(far) => match self.look(far, &key, generation).await {
                Far::Found(entry) => return Ok(Loaded::Kept(entry)),
                Far::Load(turn) => Some(turn),
                Far::Unavailable => None,
            },
            None => None,
        };
        let limit =
            self.options.max_value_bytes.min(usize::try_from(self.options.max_bytes).unwrap_or(usize::MAX));
        let read = read(query, &columns, limit);
        let read = match &turn {
            Some(turn) => turn.kept_while(read).await,
            None => read.await,
        };
        let since = now();
        let lifetime = self.options.lifetime(fastrand::f64());
        let life = Life { since, until: since + lifetime, generation };
        match read? {
            Read::Whole(result) => {
                let result = Arc::new(result);
                if let Some(turn) = turn {
                    turn.store(codec::seal(&key, lifetime, &result), lifetime);
                }
                self.keep(&key, Content::Rows(Arc::clone(&result)), life).await;
                Ok(Loaded::Fresh(result))
            }
            Read::Large(rows) => {
                self.keep(&key, Content::TooLarge, life).await;
                Ok(Loaded::Large(Large(Arc::new(Mutex::new(Some(rows))))))
            }
        }
    }

    /// Keeps what is still valid; what is not would take the place of what was loaded since.
    async fn keep(&self, key: &CacheKey, content: Content, life: Life) -> Arc<Entry> {
        let entry = Entry::new(content, life);
        if self.generations.of(key.connection()) == life.generation {
            self.near.keep(key, Arc::clone(&entry)).await;
        }
        entry
    }

    /// Looks among what is shared, and waits while somebody else loads it.
    async fn look(&self, far: &Arc<dyn SharedCache>, key: &CacheKey, generation: u64) -> Far {
        let mut pause = FIRST_PAUSE;
        let mut was_unreadable = false;
        loop {
            match far.look(key).await {
                Looked::Found { value, left } => match codec::unseal(key, &value) {
                    Some(unsealed) => {
                        let age = unsealed.lifetime.saturating_sub(left);
                        let since = now().checked_sub(age).unwrap_or_else(now);
                        let life = Life { since, until: now() + left.min(self.options.ttl), generation };
                        let rows = Content::Rows(Arc::new(unsealed.result));
                        return Far::Found(self.keep(key, rows, life).await);
                    }
                    None if was_unreadable => return Far::Unavailable,
                    None => {
                        was_unreadable = true;
                        tracing::warn!(
                            connection = key.connection(),
                            "an answer that was shared cannot be read; it is loaded again"
                        );
                        far.forget(key).await;
                    }
                },
                Looked::Load(turn) => {
                    return Far::Load(Held { far: Arc::clone(far), key: key.clone(), turn: Some(turn) });
                }
                Looked::Wait => {
                    // Several that wait should not look at the same moments.
                    tokio::time::sleep(pause.mul_f64(0.5 + 0.5 * fastrand::f64())).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Looked::Unavailable => return Far::Unavailable,
            }
        }
    }
}

enum Far {
    Found(Arc<Entry>),
    Load(Held),
    Unavailable,
}

/// A turn that ends when it is dropped, so that a load that fails or is given up holds nobody up.
struct Held {
    far: Arc<dyn SharedCache>,
    key: CacheKey,
    turn: Option<Turn>,
}

impl Held {
    async fn kept_while<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            match tokio::time::timeout(TURN_BEAT, &mut work).await {
                Ok(done) => return done,
                Err(_) => {
                    if let Some(turn) = &self.turn {
                        self.far.keep_turn(&self.key, turn);
                    }
                }
            }
        }
    }

    fn store(mut self, value: Vec<u8>, lifetime: Duration) {
        if let Some(turn) = self.turn.take() {
            self.far.store(&self.key, &turn, value, lifetime);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(turn) = self.turn.take() {
            self.far.end_turn(&self.key, &turn);
        }
    }
}

enum Read {
    Whole(ResultSet),
    Large(RowStream),
}

/// Reads an answer up to so many bytes of memory. The columns stay as they were declared, as whoever reads the rows settles
/// them.
async fn read(
    query: impl Future<Output = Result<RowStream, ConnectorError>>,
    columns: &watch::Sender<Option<Vec<ResultColumn>>>,
    limit: usize,
) -> Result<Read, ConnectorError> {
    let mut stream = query.await?;
    columns.send_replace(Some(stream.columns().to_vec()));
    let (mut rows, mut weight) = (Vec::new(), 0);
    while let Some(row) = stream.next().await {
        let row = row?;
        weight += weight_of_row(&row);
        rows.push(row);
        if weight > limit {
            stream.put_back(rows);
            return Ok(Read::Large(stream));
        }
    }
    Ok(Read::Whole(ResultSet { columns: stream.columns().to_vec(), rows, truncated: stream.truncated() }))
}

/// The moment it is, by the clock that tests can stop.
#[allow(
    clippy::disallowed_methods,
    reason = "how old an answer is is measured at the edge, where it is kept"
)]
pub(super) fn now() -> Instant {
    Instant::now()
}
