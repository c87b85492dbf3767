//! The suite every node cache passes. Run it in the tests of a cache, on an empty storage:
//!
//! ```
//! # async fn test() {
//! use medha_graph::MemoryCache;
//! use medha_graph::store::{ManualClock, cache_conformance};
//!
//! let clock = ManualClock::default();
//! let cache = MemoryCache::new().with_clock(clock.clone());
//! let broken = cache_conformance::broken_promises(&cache, &clock).await;
//! assert!(broken.is_empty(), "{broken:#?}");
//! # }
//! ```

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::node_cache::{CacheError, CacheKey, NodeCache};
use crate::engine::record::Json;
use crate::store::clock::ManualClock;

/// Every promise of [`NodeCache`] this cache breaks, in words; empty for a good one.
///
/// The cache takes its time from this clock and has room for ten results. The suite uses the graphs `conformance a`
/// and `conformance b`, and leaves nothing behind.
pub async fn broken_promises(cache: &dyn NodeCache, clock: &ManualClock) -> Vec<String> {
    let mut suite = Suite { cache, clock, broken: Vec::new() };
    if let Err(error) = suite.run().await {
        suite.broken.push(format!("a call that should succeed failed: {error}"));
    }
    suite.broken
}

struct Suite<'a> {
    cache: &'a dyn NodeCache,
    clock: &'a ManualClock,
    broken: Vec<String>,
}

const A: &str = "conformance a";
const B: &str = "conformance b";
const SECOND: Duration = Duration::from_secs(1);

impl Suite<'_> {
    async fn run(&mut self) -> Result<(), CacheError> {
        self.values().await?;
        self.lifetimes().await?;
        self.clearing().await
    }

    async fn values(&mut self) -> Result<(), CacheError> {
        let (first, second) = (key(A, "node", 1), key(A, "node", u128::MAX));
        self.expect("what was never kept is not there", self.cache.get(&first).await?.is_none());
        let value = json!({"big": u64::MAX, "text": "a \"quote\"\n\u{1F600}", "none": null, "in": [{}]});
        self.cache.put(&first, json(&value), None).await?;
        let found = self.value(&first).await?;
        self.expect("what was kept comes back, unchanged", found == Some(value));
        for other in [&second, &key(A, "other", 1), &key(B, "node", 1)] {
            let is_there = self.cache.get(other).await?.is_some();
            self.expect("graph, node and digest all name a result", !is_there);
        }
        self.cache.put(&first, json(&json!(2)), None).await?;
        let found = self.value(&first).await?;
        self.expect("a second put replaces the first", found == Some(json!(2)));
        self.cache.put(&second, json(&json!(null)), None).await?;
        let found = self.value(&second).await?;
        self.expect("null is a value like others", found == Some(json!(null)));
        Ok(())
    }

    async fn lifetimes(&mut self) -> Result<(), CacheError> {
        let short = key(A, "node", 3);
        self.cache.put(&short, json(&json!(1)), Some(10 * SECOND)).await?;
        self.clock.advance(9 * SECOND);
        self.expect("a result is there within its time", self.cache.get(&short).await?.is_some());
        self.clock.advance(SECOND);
        let is_there = self.cache.get(&short).await?.is_some();
        self.expect("a result is gone when its time is over, though it was read", !is_there);
        self.cache.put(&short, json(&json!(1)), Some(SECOND)).await?;
        self.cache.put(&short, json(&json!(1)), None).await?;
        self.clock.advance(2 * SECOND);
        self.expect("a second put sets the time anew", self.cache.get(&short).await?.is_some());
        Ok(())
    }

    async fn clearing(&mut self) -> Result<(), CacheError> {
        let (same, other_node, other_graph) = (key(A, "node", 1), key(A, "other", 1), key(B, "node", 1));
        for key in [&same, &other_node, &other_graph] {
            self.cache.put(key, json(&json!(1)), None).await?;
        }
        self.cache.clear(A, "node").await?;
        for key in [&same, &key(A, "node", u128::MAX), &key(A, "node", 3)] {
            self.expect("a cleared node has no results", self.cache.get(key).await?.is_none());
        }
        let are_there =
            self.cache.get(&other_node).await?.is_some() && self.cache.get(&other_graph).await?.is_some();
        self.expect("clearing a node leaves other nodes and other graphs", are_there);
        self.cache.clear(A, "other").await?;
        self.cache.clear(B, "node").await?;
        self.expect("the last node can be cleared too", self.cache.get(&other_graph).await?.is_none());
        self.cache.clear(A, "never heard of").await
    }

    /// What is kept, as a value: a cache may put spaces and members in another place.
    async fn value(&self, key: &CacheKey) -> Result<Option<Value>, CacheError> {
        let json = self.cache.get(key).await?;
        json.map(|json| json.read().map_err(|error| CacheError::Storage(error.into()))).transpose()
    }

    fn expect(&mut self, promise: &str, is_kept: bool) {
        if !is_kept {
            self.broken.push(promise.to_owned());
        }
    }
}

fn key(graph: &str, node: &str, digest: u128) -> CacheKey {
    CacheKey { graph: Arc::from(graph), node: Arc::from(node), digest }
}

fn json(value: &Value) -> Json {
    Json::of(value).expect("a JSON value can be written as JSON")
}
