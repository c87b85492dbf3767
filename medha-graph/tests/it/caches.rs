//! Caches keep the promises of the trait, and one that does not stops no run.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use medha_graph::prelude::*;
use medha_graph::store::{CacheError, CacheKey, Json, ManualClock, NodeCache, cache_conformance};
use medha_graph::{CachePolicy, MemoryCache};
use serde_json::{Value, json};

#[tokio::test]
async fn the_cache_in_memory_keeps_every_promise() {
    let clock = ManualClock::default();
    let cache = MemoryCache::with_capacity(10).with_clock(clock.clone());
    assert_eq!(cache_conformance::broken_promises(&cache, &clock).await, Vec::<String>::new());
    assert!(cache.is_empty());
    let shared: Arc<dyn NodeCache> = Arc::new(cache);
    assert_eq!(cache_conformance::broken_promises(&shared, &clock).await, Vec::<String>::new());
}

/// A cache that is wrong in one way.
#[derive(Debug)]
struct Wrong(MemoryCache, Fault);

#[derive(Clone, Debug, PartialEq)]
enum Fault {
    CannotRead,
    CannotWrite,
    Finds(Value),
    IgnoresNodes,
    IgnoresLifetimes,
    NeverClears,
}

fn down() -> CacheError {
    CacheError::Storage("connection refused".into())
}

impl NodeCache for Wrong {
    fn get<'a>(&'a self, key: &'a CacheKey) -> BoxFuture<'a, Result<Option<Json>, CacheError>> {
        Box::pin(async move {
            match &self.1 {
                Fault::CannotRead => Err(down()),
                Fault::Finds(value) => Ok(Some(Json::of(value).unwrap())),
                Fault::IgnoresNodes => self.0.get(&CacheKey { node: "any".into(), ..key.clone() }).await,
                Fault::CannotWrite | Fault::IgnoresLifetimes | Fault::NeverClears => self.0.get(key).await,
            }
        })
    }

    fn put<'a>(
        &'a self,
        key: &'a CacheKey,
        value: Json,
        ttl: Option<Duration>,
    ) -> BoxFuture<'a, Result<(), CacheError>> {
        Box::pin(async move {
            match &self.1 {
                Fault::CannotWrite => Err(down()),
                Fault::IgnoresNodes => {
                    self.0.put(&CacheKey { node: "any".into(), ..key.clone() }, value, ttl).await
                }
                Fault::IgnoresLifetimes => self.0.put(key, value, None).await,
                Fault::CannotRead | Fault::Finds(_) | Fault::NeverClears => self.0.put(key, value, ttl).await,
            }
        })
    }

    fn clear<'a>(&'a self, graph: &'a str, node: &'a str) -> BoxFuture<'a, Result<(), CacheError>> {
        Box::pin(async move {
            if self.1 == Fault::NeverClears { Ok(()) } else { self.0.clear(graph, node).await }
        })
    }
}

#[tokio::test]
async fn the_suite_notices_a_cache_that_breaks_one_promise() {
    for fault in [
        Fault::CannotRead,
        Fault::CannotWrite,
        Fault::Finds(json!(1)),
        Fault::IgnoresNodes,
        Fault::IgnoresLifetimes,
        Fault::NeverClears,
    ] {
        let clock = ManualClock::default();
        let cache = Wrong(MemoryCache::new().with_clock(clock.clone()), fault.clone());
        assert!(!cache_conformance::broken_promises(&cache, &clock).await.is_empty(), "{fault:?}");
    }
}

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Count {
    n: u32,
}

async fn count(count: &Count) -> CountUpdate {
    Count::update().n(count.n + 1)
}

/// The failures of the cache a run reports, whether its node was run, and what it came to.
async fn run_with(fault: Fault) -> (Vec<String>, bool, u32) {
    let graph = StateGraph::<Count>::new("count")
        .node("count", count.cache(CachePolicy::new()))
        .edge(START, "count")
        .edge("count", END)
        .compile()
        .unwrap()
        .with_cache(Wrong(MemoryCache::new(), fault));
    let mut events = graph.thread("t").stream(Count::update().n(1));
    let (mut errors, mut was_run, mut n) = (Vec::new(), false, 0);
    while let Some(event) = events.next().await {
        match event.unwrap() {
            Event::CacheFailed { task, error } => errors.push(format!("{}: {error}", task.node)),
            Event::TaskFinished { cached, .. } => was_run = !cached,
            Event::RunFinished { state, .. } => n = state.n,
            _ => {}
        }
    }
    (errors, was_run, n)
}

#[tokio::test]
async fn a_cache_that_fails_is_reported_and_the_node_runs() {
    let table = [
        (Fault::CannotRead, "the cache failed: connection refused"),
        (Fault::CannotWrite, "the cache failed: connection refused"),
        (
            Fault::Finds(json!({"format": 99})),
            "what was kept cannot be used: it has format 99, and this program reads format 1",
        ),
        (
            Fault::Finds(json!({"outcome": {}})),
            "what was kept cannot be used: missing field `format` at line 1 column 14",
        ),
        (
            Fault::Finds(
                json!({"format": 1, "outcome": {"done": {"writes": [{"field": "n", "json": "seven"}]}}}),
            ),
            r#"what was kept cannot be used: its state does not fit: `n`: invalid type: string "seven", expected u32 at line 1 column 7"#,
        ),
    ];
    for (fault, error) in table {
        assert_eq!(run_with(fault).await, (vec![format!("count: {error}")], true, 2));
    }
}

#[tokio::test]
async fn a_result_that_was_kept_in_the_first_format_is_used() {
    let kept = json!({"format": 1, "outcome": {"done": {"writes": [{"field": "n", "json": 7}]}}});
    assert_eq!(run_with(Fault::Finds(kept)).await, (Vec::new(), false, 7));
}
