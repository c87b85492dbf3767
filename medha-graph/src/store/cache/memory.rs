//! The cache in memory: the model of all caches.

use std::collections::{BTreeMap, HashMap};
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use futures_core::future::BoxFuture;

use super::node_cache::{CacheError, CacheKey, NodeCache};
use crate::engine::record::Json;
use crate::store::clock::{Clock, SystemClock};

/// Keeps a bounded number of results in memory, and forgets what was not used for the longest time; clones share what
/// they keep.
///
/// See [`CachePolicy`](crate::CachePolicy) for how a graph uses it.
#[derive(Clone, Debug)]
pub struct MemoryCache {
    kept: Arc<Mutex<Kept>>,
    clock: Arc<dyn Clock>,
}

/// Results a cache keeps unless it is told a number.
const CAPACITY: usize = 10_000;

impl MemoryCache {
    /// An empty cache for 10,000 results.
    pub fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    /// An empty cache for this many results (at least one).
    pub fn with_capacity(results: usize) -> Self {
        let kept = Kept { capacity: results.max(1), ..Kept::default() };
        Self { kept: Arc::new(Mutex::new(kept)), clock: Arc::new(SystemClock) }
    }

    /// Takes the time from this clock.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// How many results it keeps now, with those whose time is over and that nobody asked for since.
    pub fn len(&self) -> usize {
        self.kept().results.len()
    }

    /// Whether it keeps nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryCache {
    fn default() -> Self {
        Self::new()
    }
}

impl NodeCache for MemoryCache {
    fn get<'a>(&'a self, key: &'a CacheKey) -> BoxFuture<'a, Result<Option<Json>, CacheError>> {
        let found = self.kept().get(key, || self.clock.now());
        Box::pin(ready(Ok(found)))
    }

    fn put<'a>(
        &'a self,
        key: &'a CacheKey,
        value: Json,
        ttl: Option<Duration>,
    ) -> BoxFuture<'a, Result<(), CacheError>> {
        let ends_at = ttl.and_then(|ttl| self.clock.now().checked_add(ttl));
        self.kept().put(key, value, ends_at);
        Box::pin(ready(Ok(())))
    }

    fn clear<'a>(&'a self, graph: &'a str, node: &'a str) -> BoxFuture<'a, Result<(), CacheError>> {
        self.kept().clear(graph, node);
        Box::pin(ready(Ok(())))
    }
}

/// Results, and in which order they were last used.
#[derive(Debug, Default)]
struct Kept {
    results: HashMap<CacheKey, OneResult>,
    by_use: BTreeMap<u64, CacheKey>,
    uses: u64,
    capacity: usize,
}

#[derive(Debug)]
struct OneResult {
    value: Json,
    ends_at: Option<SystemTime>,
    last_use: u64,
}

impl Kept {
    fn get(&mut self, key: &CacheKey, now: impl FnOnce() -> SystemTime) -> Option<Json> {
        let ends_at = self.results.get(key)?.ends_at;
        if ends_at.is_some_and(|ends_at| ends_at <= now()) {
            self.remove(key);
            return None;
        }
        let last_use = self.next_use(key);
        let result = self.results.get_mut(key)?;
        self.by_use.remove(&result.last_use);
        result.last_use = last_use;
        Some(result.value.clone())
    }

    fn put(&mut self, key: &CacheKey, value: Json, ends_at: Option<SystemTime>) {
        self.remove(key);
        let last_use = self.next_use(key);
        self.results.insert(key.clone(), OneResult { value, ends_at, last_use });
        while self.results.len() > self.capacity
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            self.results.remove(&oldest);
        }
    }

    fn clear(&mut self, graph: &str, node: &str) {
        let is_other = |key: &CacheKey| *key.graph != *graph || *key.node != *node;
        self.results.retain(|key, _| is_other(key));
        self.by_use.retain(|_, key| is_other(key));
    }

    fn remove(&mut self, key: &CacheKey) {
        if let Some(result) = self.results.remove(key) {
            self.by_use.remove(&result.last_use);
        }
    }

    fn next_use(&mut self, key: &CacheKey) -> u64 {
        self.uses += 1;
        self.by_use.insert(self.uses, key.clone());
        self.uses
    }
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;

    use super::*;

    #[test]
    fn whatever_is_done_the_results_used_last_are_kept() {
        let key = |digest| CacheKey { graph: "graph".into(), node: "node".into(), digest };
        for seed in 0..100 {
            let mut rng = Rng::with_seed(seed);
            let mut kept = Kept { capacity: rng.usize(1..5), ..Kept::default() };
            // The same in the plainest way: the last used is the last of a list.
            let mut plain: Vec<(u128, u64)> = Vec::new();
            for number in 0..200 {
                let digest = rng.u128(0..8);
                let old =
                    plain.iter().position(|(other, _)| *other == digest).map(|place| plain.remove(place));
                if rng.bool() {
                    let value = Json::of(&number).expect("a number is JSON");
                    kept.put(&key(digest), value, None);
                    plain.push((digest, number));
                    plain.drain(..plain.len().saturating_sub(kept.capacity));
                } else {
                    let found = kept.get(&key(digest), || SystemTime::UNIX_EPOCH);
                    let found = found.map(|json| json.read::<u64>().expect("a number was kept"));
                    assert_eq!(found, old.map(|(_, number)| number), "seed {seed}");
                    plain.extend(old);
                }
                assert_eq!(
                    (kept.results.len(), kept.by_use.len()),
                    (plain.len(), plain.len()),
                    "seed {seed}"
                );
            }
        }
    }
}
