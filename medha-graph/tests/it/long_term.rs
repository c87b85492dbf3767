//! Long-term memory: stores keep their promises, and nodes of all threads share one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use medha_graph::prelude::*;
use medha_graph::store::{
    Embed, EmbedError, Filter, Found, Get, Item, ManualClock, Put, Renewal, Search, StoreError, StoreOp,
    StoreReply, VectorIndex, store_conformance,
};
use medha_graph::{MemoryStore, Namespace, Store};
use serde_json::json;

fn conforming() -> (MemoryStore, ManualClock) {
    let clock = ManualClock::default();
    (MemoryStore::new().with_index(store_conformance::index()).with_clock(clock.clone()), clock)
}

fn notes() -> Namespace {
    "users.ann.notes".parse().unwrap()
}

#[tokio::test]
async fn the_store_in_memory_keeps_every_promise() {
    let (store, clock) = conforming();
    assert_eq!(store_conformance::broken_promises(&store, &clock).await, Vec::<String>::new());
    let shared: Arc<dyn Store> = Arc::new(store);
    assert_eq!(store_conformance::broken_promises(&shared, &clock).await, Vec::<String>::new());
}

/// A store that is wrong in one way, to see that the suite notices.
#[derive(Debug)]
struct Wrong(MemoryStore, Fault);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    NeverDeletes,
    IgnoresLifetimes,
    IgnoresFilters,
    IgnoresQueries,
    KeepsHalfABatch,
    ReturnsWholeLists,
}

impl Store for Wrong {
    fn batch<'a>(&'a self, operations: Vec<StoreOp>) -> BoxFuture<'a, Result<Vec<StoreReply>, StoreError>> {
        let bend = |operation| match (operation, self.1) {
            (StoreOp::Delete(delete), Fault::NeverDeletes) => Get::new(&delete.namespace, delete.key).into(),
            (StoreOp::Put(put), Fault::IgnoresLifetimes) => put.forever().into(),
            (StoreOp::Search(search), Fault::IgnoresFilters) => {
                Search { filters: Vec::new(), ..search }.into()
            }
            (StoreOp::Search(search), Fault::IgnoresQueries) => Search { query: None, ..search }.into(),
            (StoreOp::Namespaces(list), Fault::ReturnsWholeLists) => list.limit(usize::MAX).offset(0).into(),
            (operation, _) => operation,
        };
        let operations: Vec<StoreOp> = operations.into_iter().map(bend).collect();
        Box::pin(async move {
            if self.1 != Fault::KeepsHalfABatch {
                return self.0.batch(operations).await;
            }
            let mut replies = Vec::new();
            for operation in operations {
                replies.extend(self.0.batch(vec![operation]).await?);
            }
            Ok(replies)
        })
    }
}

#[tokio::test]
async fn the_suite_notices_a_store_that_breaks_one_promise() {
    for fault in [
        Fault::NeverDeletes,
        Fault::IgnoresLifetimes,
        Fault::IgnoresFilters,
        Fault::IgnoresQueries,
        Fault::KeepsHalfABatch,
        Fault::ReturnsWholeLists,
    ] {
        let (store, clock) = conforming();
        let broken = store_conformance::broken_promises(&Wrong(store, fault), &clock).await;
        assert!(!broken.is_empty(), "{fault:?}");
    }
}

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Chat {
    said: String,
    known: Vec<String>,
}

async fn remember(chat: &Chat, ctx: Ctx) -> Result<ChatUpdate, NodeError> {
    let store = ctx.store()?;
    store.put(Put::new(&notes(), &chat.said, json!({"text": chat.said}))).await?;
    Ok(Chat::update())
}

async fn recall(store: Context<dyn Store>) -> Result<ChatUpdate, NodeError> {
    let mut found = store.search(Search::within(&notes())).await?;
    found.sort_by(|a, b| a.item.key.cmp(&b.item.key));
    Ok(Chat::update().known(found.into_iter().map(|one| one.item.key).collect()))
}

fn chat() -> CompiledGraph<Chat> {
    StateGraph::<Chat>::new("chat")
        .node("remember", remember)
        .node("recall", recall)
        .edge(START, "remember")
        .edge("remember", "recall")
        .edge("recall", END)
        .compile()
        .unwrap()
}

#[tokio::test]
async fn what_one_thread_remembers_another_recalls() {
    let graph = chat().with_store(MemoryStore::new()).with_checkpointer(MemorySaver::default());
    graph.thread("monday").invoke(Chat::update().said("tea")).await.unwrap();
    let done = graph.thread("tuesday").invoke(Chat::update().said("jazz")).await.unwrap();
    assert_eq!(done.state().known, ["jazz", "tea"]);
}

#[tokio::test]
async fn a_node_that_needs_a_store_says_so_when_there_is_none() {
    let error = chat().invoke(Chat::update().said("tea")).await.unwrap_err();
    let text = r#"node "remember" failed in step 1: node "remember" needs a store, and none was given; add one with `with_store`"#;
    assert_eq!(error.to_string(), text);
}

#[tokio::test]
async fn a_store_may_let_all_live_a_while_and_longer_when_read() {
    let clock = ManualClock::default();
    let minute = Duration::from_secs(60);
    let store = MemoryStore::new().with_clock(clock.clone()).with_ttl(minute).renewing_on_read();
    store.put(Put::new(&notes(), "read", 1)).await.unwrap();
    store.put(Put::new(&notes(), "peeked", 1)).await.unwrap();
    store.put(Put::new(&notes(), "kept", 1).forever()).await.unwrap();
    clock.advance(minute / 2);
    store.get(&notes(), "read").await.unwrap().unwrap();
    store.batch(vec![Get::new(&notes(), "peeked").renewal(Renewal::Leave).into()]).await.unwrap();
    clock.advance(minute * 2 / 3);
    assert!(store.get(&notes(), "read").await.unwrap().is_some());
    assert!(store.get(&notes(), "peeked").await.unwrap().is_none());
    clock.advance(minute * 10);
    assert!(store.get(&notes(), "kept").await.unwrap().is_some());
}

#[tokio::test]
async fn a_lifetime_of_nothing_is_over_at_once_and_one_beyond_all_time_never() {
    let store = MemoryStore::new();
    store.put(Put::new(&notes(), "now", 1).ttl(Duration::ZERO)).await.unwrap();
    store.put(Put::new(&notes(), "never", 1).ttl(Duration::MAX)).await.unwrap();
    assert!(store.get(&notes(), "now").await.unwrap().is_none());
    assert!(store.get(&notes(), "never").await.unwrap().is_some());
}

#[tokio::test]
async fn a_search_by_meaning_without_an_embedder_is_an_error_with_the_way_out() {
    let error = MemoryStore::new().search(Search::everywhere().about("tea")).await.unwrap_err();
    let text = "this store has no embedder, so it cannot search by meaning; give it one, or search with `containing`";
    assert_eq!(error.to_string(), text);
}

#[derive(Debug, Default)]
struct Scripted {
    calls: Arc<AtomicUsize>,
    length: usize,
    number: f32,
}

impl Embed for Scripted {
    fn dimensions(&self) -> usize {
        2
    }
    fn embed<'a>(&'a self, texts: &'a [String]) -> BoxFuture<'a, Result<Vec<Vec<f32>>, EmbedError>> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let is_down = texts.iter().any(|text| text == "down");
        Box::pin(async move {
            if is_down {
                Err("no answer".into())
            } else {
                Ok(vec![vec![self.number; self.length]; texts.len()])
            }
        })
    }
}

#[tokio::test]
async fn an_embedder_is_shown_the_documents_of_a_batch_at_once() {
    let calls = Arc::<AtomicUsize>::default();
    let embedder = Scripted { calls: Arc::clone(&calls), length: 2, number: 1.0 };
    let store = MemoryStore::new().with_index(VectorIndex::new(embedder, ["$"]).unwrap());
    let puts = (0..50).map(|n| Put::new(&notes(), n.to_string(), json!({"n": n})).into()).collect();
    assert_eq!(store.batch(puts).await.unwrap().len(), 50);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    store.put(Put::new(&notes(), "plain", "text").unindexed()).await.unwrap();
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn an_embedder_that_fails_or_misbehaves_fails_the_call_and_keeps_nothing() {
    let table = [
        (Scripted { length: 2, ..Scripted::default() }, "down", "the embedder failed: no answer"),
        (
            Scripted { length: 3, ..Scripted::default() },
            "up",
            "a vector of 3 numbers cannot be compared with the 2 numbers of the store's vectors",
        ),
        (
            Scripted { length: 2, number: f32::NAN, ..Scripted::default() },
            "up",
            "the embedder failed: a vector holds NaN",
        ),
    ];
    for (embedder, text, wanted) in table {
        let store = MemoryStore::new().with_index(VectorIndex::new(embedder, ["$"]).unwrap());
        let batch = vec![Put::new(&notes(), "a", 1).unindexed().into(), Put::new(&notes(), "b", text).into()];
        let error = store.batch(batch).await.unwrap_err();
        assert_eq!(error.to_string(), wanted);
        assert!(store.get(&notes(), "a").await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_value_of_ones_own_is_put_in_and_read_back() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Likes {
        what: String,
        stars: u8,
    }
    let store = MemoryStore::new();
    let likes = Likes { what: "tea".to_owned(), stars: 5 };
    store.put(Put::of(&notes(), "tea", &likes).unwrap()).await.unwrap();
    let found = store.search(Search::within(&notes()).filter(Filter::gt("stars", 4).unwrap())).await.unwrap();
    assert_eq!(found[0].item.read::<Likes>().unwrap(), likes);
    let error = found[0].item.read::<Vec<u8>>().unwrap_err().to_string();
    let wanted = r#"item "tea" of namespace "users.ann.notes" is not what was expected: invalid type: map"#;
    assert!(error.starts_with(wanted), "{error}");
}

#[tokio::test]
async fn an_item_is_json_that_reads_back() {
    let store = MemoryStore::new().with_clock(ManualClock::default());
    store.put(Put::new(&notes(), "tea", json!({"stars": 5}))).await.unwrap();
    let item = store.get(&notes(), "tea").await.unwrap().unwrap();
    let json = serde_json::to_value(&item).unwrap();
    let wanted = json!({
        "namespace": "users.ann.notes", "key": "tea", "value": {"stars": 5},
        "created_at": 1_735_689_600_000_u64, "updated_at": 1_735_689_600_000_u64,
    });
    assert_eq!(json, wanted);
    assert_eq!(serde_json::from_value::<Item>(json).unwrap(), item);
}

#[test]
fn a_store_without_an_order_of_its_own_can_arrange_what_it_found() {
    let clock = ManualClock::default();
    let found = |key: &str, age: u64, score: Option<f32>| {
        let time = medha_graph::store::Clock::now(&clock) - Duration::from_secs(age);
        let (namespace, value) = (notes(), json!(null));
        Found {
            item: Item { namespace, key: key.to_owned(), value, created_at: time, updated_at: time },
            score,
        }
    };
    let mixed = vec![
        found("old", 9, None),
        found("far", 0, Some(-0.5)),
        found("b", 5, Some(0.5)),
        found("a", 5, Some(0.5)),
        found("young", 1, None),
        found("near", 9, Some(0.9)),
    ];
    let arranged = |search: Search| -> Vec<String> {
        search.arrange(mixed.clone()).into_iter().map(|one| one.item.key).collect()
    };
    assert_eq!(arranged(Search::everywhere()), ["near", "a", "b", "far", "young", "old"]);
    assert_eq!(arranged(Search::everywhere().offset(3).limit(2)), ["far", "young"]);
}
