//! The schema of a database, read once in a while and given at once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::flight::Flights;
use super::load::now;
use crate::connector::Connector;
use crate::error::ConnectorError;
use crate::schema::Schema;

/// After a refresh that failed, the next is begun no sooner.
const PAUSE: Duration = Duration::from_secs(5);

/// Gives the schema of a database from memory. One that is older than its time is still given, and read again meanwhile.
///
/// ```
/// use medha_connectors::cache::{Freshness, SchemaCache};
/// use medha_connectors::dummy::DummyConnector;
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # runtime.block_on(async {
/// let cache = SchemaCache::new(Arc::new(DummyConnector::new(Vec::new())), Duration::from_secs(300));
/// let described = cache.schema().await?;
/// assert!(matches!(described.freshness, Freshness::Fresh { .. }));
/// assert!(Arc::ptr_eq(&described.schema, &cache.schema().await?.schema));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct SchemaCache {
    connector: Arc<dyn Connector>,
    ttl: Duration,
    known: Arc<Mutex<Known>>,
    /// All who want it read share one reading.
    readings: Flights<(), (), Result<Arc<Schema>, ConnectorError>>,
    refreshing: Mutex<Option<JoinHandle<()>>>,
}

/// A schema, and how well it is known.
#[derive(Debug, Clone)]
pub struct Described {
    /// The tables.
    pub schema: Arc<Schema>,
    /// How old they are.
    pub freshness: Freshness,
}

/// How old a schema is. Exhaustive on purpose: it is one or the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Freshness {
    /// Younger than its time.
    Fresh {
        /// Since it was read.
        age: Duration,
    },
    /// Older; it is being read again, or could not be.
    Stale {
        /// Since it was read.
        age: Duration,
        /// Why the last try to read it again failed, if it did.
        problem: Option<String>,
    },
}

/// What was read last.
#[derive(Debug, Default)]
struct Known {
    read: Option<(Arc<Schema>, Instant)>,
    failed: Option<(String, Instant)>,
}

impl SchemaCache {
    /// Reads nothing yet. After `ttl` a schema is read again, when somebody asks for it.
    #[must_use]
    pub fn new(connector: Arc<dyn Connector>, ttl: Duration) -> Self {
        Self {
            connector,
            ttl,
            known: Arc::default(),
            readings: Flights::default(),
            refreshing: Mutex::default(),
        }
    }

    /// Begins with a schema that was read just now.
    #[must_use]
    pub fn starting_with(self, schema: Arc<Schema>) -> Self {
        lock(&self.known).read = Some((schema, now()));
        self
    }

    /// The schema as it is known. Only the very first call waits for the database.
    ///
    /// # Errors
    /// If nothing is known and it cannot be read. A schema that is known outlives every failure to read it again.
    pub async fn schema(&self) -> Result<Described, ConnectorError> {
        let Some((described, wants_refresh)) = self.known(now()) else {
            let schema = self.refresh().await?;
            return Ok(Described { schema, freshness: Freshness::Fresh { age: Duration::ZERO } });
        };
        if wants_refresh {
            self.refresh_meanwhile();
        }
        Ok(described)
    }

    /// Reads the schema again and waits for it. Those who ask while it is being read share the reading.
    ///
    /// # Errors
    /// If it cannot be read; what was known stays known.
    pub async fn refresh(&self) -> Result<Arc<Schema>, ConnectorError> {
        self.reading().await
    }

    /// What is known at this moment, and whether it is time to read it again.
    fn known(&self, now: Instant) -> Option<(Described, bool)> {
        let known = lock(&self.known);
        let (schema, read_at) = known.read.as_ref()?;
        let age = now.saturating_duration_since(*read_at);
        let schema = Arc::clone(schema);
        if age < self.ttl {
            return Some((Described { schema, freshness: Freshness::Fresh { age } }, false));
        }
        let problem = known.failed.as_ref().map(|(problem, _)| problem.clone());
        let is_time = known.failed.as_ref().is_none_or(|(_, at)| now.saturating_duration_since(*at) >= PAUSE);
        Some((Described { schema, freshness: Freshness::Stale { age, problem } }, is_time))
    }

    fn reading(&self) -> impl Future<Output = Result<Arc<Schema>, ConnectorError>> + Send + 'static {
        let (connector, known) = (Arc::clone(&self.connector), Arc::clone(&self.known));
        let work = async move {
            let read = connector.fresh_schema().await.map(Arc::new);
            let mut known = lock(&known);
            match &read {
                Ok(schema) => *known = Known { read: Some((Arc::clone(schema), now())), failed: None },
                Err(error) => {
                    if known.read.is_some() {
                        tracing::warn!(%error, "the schema could not be read again; the one from before is used");
                    }
                    known.failed = Some((error.to_string(), now()));
                }
            }
            read
        };
        self.readings.board(&(), || ((), work)).0
    }

    #[allow(
        clippy::disallowed_methods,
        reason = "the task ends with its reading, or with the cache, which aborts it"
    )]
    fn refresh_meanwhile(&self) {
        let mut refreshing = lock(&self.refreshing);
        if refreshing.as_ref().is_none_or(JoinHandle::is_finished) {
            let reading = self.reading();
            *refreshing = Some(tokio::spawn(async move { drop(reading.await) }));
        }
    }
}

impl Drop for SchemaCache {
    fn drop(&mut self) {
        if let Some(refreshing) = lock(&self.refreshing).take() {
            refreshing.abort();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
