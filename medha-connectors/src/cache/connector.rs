//! A database behind its caches.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::key::CacheKey;
use super::results::ResultCache;
use super::schema::SchemaCache;
use super::shared::Reach;
use crate::connector::{Connector, QueryOptions, RowStream};
use crate::dialect::Dialect;
use crate::error::ConnectorError;
use crate::guard::GuardedSql;
use crate::schema::Schema;

/// How long a schema is given before it is read again.
const SCHEMA_TTL: Duration = Duration::from_secs(300);

/// A connector that answers from a [`ResultCache`] what it was asked a moment ago, and describes itself from a
/// [`SchemaCache`].
///
/// Limits, deadlines and cancelling hold as they do without it. [`RowStream::age`] says how old an answer is.
///
/// ```
/// use medha_connectors::cache::{CachedConnector, ResultCache};
/// use medha_connectors::dummy::DummyConnector;
/// use medha_connectors::{Connector, Guard, QueryOptions};
/// use std::sync::Arc;
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # runtime.block_on(async {
/// let database = Arc::new(DummyConnector::new(Vec::new()));
/// let cached = CachedConnector::new(database, "counting", ResultCache::default());
///
/// let guard = Guard::new(cached.dialect(), Arc::new(cached.schema().await?));
/// let sql = guard.check("SELECT n FROM endless", 3)?;
/// let first = cached.query(&sql, QueryOptions::default()).await?;
/// assert_eq!(first.age(), None);
/// let first = first.collect().await?;
/// let again = cached.query(&sql, QueryOptions::default()).await?;
/// assert!(again.age().is_some());
/// assert_eq!(first, again.collect().await?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct CachedConnector {
    inner: Arc<dyn Connector>,
    connection: Arc<str>,
    results: ResultCache,
    schemas: SchemaCache,
}

impl CachedConnector {
    /// Puts caches in front of a database.
    ///
    /// `connection` names the database and the account it is asked with; within one `results`, and among all who share it,
    /// no other database has this name.
    #[must_use]
    pub fn new(inner: Arc<dyn Connector>, connection: impl Into<Arc<str>>, results: ResultCache) -> Self {
        let schemas = SchemaCache::new(Arc::clone(&inner), SCHEMA_TTL);
        Self { inner, connection: connection.into(), results, schemas }
    }

    /// With a schema cache of your own over the same database.
    #[must_use]
    pub fn with_schemas(mut self, schemas: SchemaCache) -> Self {
        self.schemas = schemas;
        self
    }

    /// Begins with a schema that was read just now.
    #[must_use]
    pub fn starting_with(mut self, schema: Arc<Schema>) -> Self {
        self.schemas = self.schemas.starting_with(schema);
        self
    }

    /// The schema, and how old it is.
    #[must_use]
    pub fn schemas(&self) -> &SchemaCache {
        &self.schemas
    }

    /// Forgets the answers that were kept, for everybody who shares the cache.
    pub async fn invalidate(&self) -> Reach {
        self.results.invalidate(&self.connection).await
    }
}

#[async_trait]
impl Connector for CachedConnector {
    fn dialect(&self) -> Dialect {
        self.inner.dialect()
    }

    async fn schema(&self) -> Result<Schema, ConnectorError> {
        Ok(Schema::clone(&self.schemas.schema().await?.schema))
    }

    async fn fresh_schema(&self) -> Result<Schema, ConnectorError> {
        Ok(Schema::clone(&*self.schemas.refresh().await?))
    }

    async fn explain(&self, sql: &GuardedSql) -> Result<String, ConnectorError> {
        self.inner.explain(sql).await
    }

    async fn query(&self, sql: &GuardedSql, options: QueryOptions) -> Result<RowStream, ConnectorError> {
        let key = CacheKey::new(Arc::clone(&self.connection), self.dialect(), sql, &options);
        let asked = (Arc::clone(&self.inner), Arc::new(sql.clone()));
        let load = move |options| {
            let (inner, sql) = asked.clone();
            async move { inner.query(&sql, options).await }
        };
        self.results.get_or_load(&key, &options, load).await
    }

    async fn ping(&self) -> Result<(), ConnectorError> {
        self.inner.ping().await
    }
}
