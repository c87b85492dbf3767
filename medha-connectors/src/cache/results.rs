//! The cache of answers: in memory, and behind it one that processes share.

use std::sync::Arc;

use super::ask::{Asking, Loads};
use super::generation::Generations;
use super::key::CacheKey;
use super::load::{Tiers, now};
use super::near::Near;
use super::options::CacheOptions;
use super::shared::{Invalidated, Reach, SharedCache};
use crate::connector::{QueryOptions, RowStream};
use crate::error::ConnectorError;

/// Keeps answers for a while, by [`CacheKey`]. It is cheap to clone; clones share everything.
///
/// Those who ask the same at the same time share one query. Errors are not kept, and neither are answers larger than
/// [`CacheOptions::max_value_bytes`]: those stream through. Put it in front of a database with a
/// [`CachedConnector`](super::CachedConnector).
#[derive(Debug, Clone)]
pub struct ResultCache {
    tiers: Arc<Tiers>,
    loads: Arc<Loads>,
}

impl Default for ResultCache {
    fn default() -> Self {
        Self::new(CacheOptions::default())
    }
}

impl ResultCache {
    /// A cache in the memory of this process.
    #[must_use]
    pub fn new(options: CacheOptions) -> Self {
        Self::over(options, None)
    }

    /// A cache in the memory of this process, with one behind it that others share.
    #[must_use]
    pub fn with_shared(options: CacheOptions, shared: Arc<dyn SharedCache>) -> Self {
        Self::over(options, Some(shared))
    }

    fn over(options: CacheOptions, far: Option<Arc<dyn SharedCache>>) -> Self {
        let generations = Arc::new(Generations::default());
        if let Some(far) = &far {
            let generations = Arc::clone(&generations);
            far.listen(Arc::new(move |invalidated: Invalidated| generations.move_on(&invalidated)));
        }
        let near = Near::new(&options);
        Self { tiers: Arc::new(Tiers { options, near, far, generations }), loads: Arc::default() }
    }

    /// The rows that are kept under the key, else those that `load` queries, which are then kept.
    ///
    /// `load` is given the limits to query with, and may be called more than once. A caller who cancels or whose deadline
    /// passes goes away alone; the query goes on for the others, and is stopped when there are none.
    ///
    /// # Errors
    /// What the query says, and [`Deadline`](ConnectorError::Deadline) or [`Cancelled`](ConnectorError::Cancelled) by
    /// `options`.
    pub async fn get_or_load<L, Q>(
        &self,
        key: &CacheKey,
        options: &QueryOptions,
        load: L,
    ) -> Result<RowStream, ConnectorError>
    where
        L: Fn(QueryOptions) -> Q + Send + Sync + 'static,
        Q: Future<Output = Result<RowStream, ConnectorError>> + Send + 'static,
    {
        let asking = Asking {
            tiers: Arc::clone(&self.tiers),
            loads: Arc::clone(&self.loads),
            key: key.clone(),
            options: options.clone(),
            started: now(),
            load,
        };
        Arc::new(asking).rows().await
    }

    /// Forgets the answers of a connection, here and wherever they are shared. Queries that run now are not kept either.
    pub async fn invalidate(&self, connection: &str) -> Reach {
        self.tiers.generations.move_on(&Invalidated::Connection(connection.to_owned()));
        match &self.tiers.far {
            Some(far) => far.invalidate(connection).await,
            None => Reach::Everybody,
        }
    }
}
