//! What is kept of a database between two questions: answers for a minute, and its schema.

use std::sync::Arc;

use medha_connectors::cache::{CacheOptions, CachedConnector, ResultCache, SharedCache};
use medha_connectors::{ConnectorError, Secret};

use crate::cli::ServeArgs;
use crate::source::{Source, SourceError};

/// Puts the caches that are asked for in front of a database.
pub(crate) fn cached(mut source: Source, args: &ServeArgs) -> Result<Source, SourceError> {
    if args.cache.no_cache {
        return Ok(source);
    }
    let server = Some(source.place.clone()).filter(|place| place.file().is_none());
    let options = CacheOptions::default();
    let (name, results) = match (&args.cache.redis, server) {
        (Some(redis), Some(server)) => {
            (server.account().to_string(), ResultCache::with_shared(options, shared(redis)?))
        }
        (None, Some(server)) => (server.account().to_string(), ResultCache::new(options)),
        (redis, None) => {
            // A file of the same path on another machine is another file.
            if redis.is_some() {
                source.remarks.push("Answers from a file are not shared; each server keeps its own".into());
            }
            (source.name.clone(), ResultCache::new(options))
        }
    };
    let cached = CachedConnector::new(source.connector, name, results);
    source.connector = Arc::new(cached.starting_with(Arc::clone(&source.schema)));
    Ok(source)
}

#[cfg(feature = "redis")]
fn shared(url: &Secret) -> Result<Arc<dyn SharedCache>, ConnectorError> {
    use medha_connectors::cache::{RedisCache, RedisOptions};
    Ok(Arc::new(RedisCache::open(url, RedisOptions::default())?))
}

#[cfg(not(feature = "redis"))]
fn shared(_: &Secret) -> Result<Arc<dyn SharedCache>, ConnectorError> {
    let reason = "this program was built without the feature \"redis\"".to_owned();
    Err(ConnectorError::Open { database: "redis://…".to_owned(), reason })
}
