//! Schemas that are kept: given at once, read again meanwhile, and never lost to a failure.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use medha_connectors::Connector;
use medha_connectors::cache::{CachedConnector, Freshness, ResultCache, SchemaCache};

use crate::watched::{OPEN, Watched};

const TTL: Duration = Duration::from_secs(60);

fn cache(database: &Arc<Watched>) -> SchemaCache {
    SchemaCache::new(Arc::clone(database) as _, TTL)
}

/// Lets the tasks of the cache go on, without time.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_who_ask_wait_for_one_reading() {
    let database = Watched::holding_up(0);
    let cache = cache(&database);
    let (answers, ()) =
        tokio::join!(join_all((0..50).map(|_| cache.schema())), async { database.gate.add_permits(OPEN) });
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(database.schemas(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_schema_past_its_time_is_given_at_once_and_read_again_meanwhile() {
    let database = Watched::new();
    let cache = cache(&database);
    let first = cache.schema().await.unwrap();
    assert_eq!(first.freshness, Freshness::Fresh { age: Duration::ZERO });
    tokio::time::advance(TTL).await;
    database.gate.forget_permits(OPEN);
    for _ in 0..3 {
        let stale = cache.schema().await.unwrap();
        assert_eq!(stale.freshness, Freshness::Stale { age: TTL, problem: None });
        assert!(Arc::ptr_eq(&stale.schema, &first.schema));
        settle().await;
    }
    assert_eq!(database.schemas(), 2, "one reading for all of them");
    database.gate.add_permits(OPEN);
    settle().await;
    let fresh = cache.schema().await.unwrap();
    assert_eq!(fresh.freshness, Freshness::Fresh { age: Duration::ZERO });
    assert!(!Arc::ptr_eq(&fresh.schema, &first.schema));
}

#[tokio::test(start_paused = true)]
async fn a_reading_that_fails_is_told_and_leaves_the_schema() {
    let database = Watched::new();
    let cache = cache(&database);
    let first = cache.schema().await.unwrap();
    database.fail(true);
    tokio::time::advance(TTL).await;
    cache.schema().await.unwrap();
    settle().await;
    let problem = Some("the database could not run the query: it was told to fail".to_owned());
    for _ in 0..3 {
        let stale = cache.schema().await.unwrap();
        assert_eq!(stale.freshness, Freshness::Stale { age: TTL, problem: problem.clone() });
        assert!(Arc::ptr_eq(&stale.schema, &first.schema));
        settle().await;
    }
    assert_eq!(database.schemas(), 2, "it is not tried again at once");
    assert!(cache.refresh().await.is_err());
    database.fail(false);
    tokio::time::advance(Duration::from_secs(5)).await;
    cache.schema().await.unwrap();
    settle().await;
    assert!(matches!(cache.schema().await.unwrap().freshness, Freshness::Fresh { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_failure_to_read_what_is_not_known_is_an_error_and_not_kept() {
    let database = Watched::new();
    let cache = cache(&database);
    database.fail(true);
    assert!(cache.schema().await.is_err());
    database.fail(false);
    assert!(cache.schema().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_reading_ends_with_its_cache() {
    let database = Watched::new();
    let cache = cache(&database);
    cache.schema().await.unwrap();
    tokio::time::advance(TTL).await;
    database.gate.forget_permits(OPEN);
    cache.schema().await.unwrap();
    settle().await;
    let (schemas, holders) = (database.schemas(), Arc::strong_count(&database));
    drop(cache);
    settle().await;
    assert_eq!(schemas, 2);
    assert!(Arc::strong_count(&database) < holders && Arc::strong_count(&database) == 1);
}

#[tokio::test]
async fn a_connector_gives_the_schema_it_knows_and_a_fresh_one_on_demand() {
    let database = Watched::new();
    let known = Arc::new(database.schema().await.unwrap());
    let cached =
        CachedConnector::new(Arc::clone(&database) as _, "c", ResultCache::default()).starting_with(known);
    cached.schema().await.unwrap();
    assert_eq!(database.schemas(), 1);
    cached.fresh_schema().await.unwrap();
    assert_eq!(database.schemas(), 2);
    assert!(matches!(cached.schemas().schema().await.unwrap().freshness, Freshness::Fresh { .. }));
}
