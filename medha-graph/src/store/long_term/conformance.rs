//! The suite every long-term store passes. Run it in the tests of a store, on an empty storage:
//!
//! ```
//! # async fn test() {
//! use medha_graph::MemoryStore;
//! use medha_graph::store::{ManualClock, store_conformance};
//!
//! let clock = ManualClock::default();
//! let store = MemoryStore::new().with_index(store_conformance::index()).with_clock(clock.clone());
//! let broken = store_conformance::broken_promises(&store, &clock).await;
//! assert!(broken.is_empty(), "{broken:#?}");
//! # }
//! ```

use std::time::Duration;

use futures_core::future::BoxFuture;
use serde_json::{Value, json};

use super::embed::{Embed, EmbedError, VectorIndex};
use super::error::StoreError;
use super::filter::Filter;
use super::item::{Item, Put};
use super::namespace::{Namespace, NamespacePattern};
use super::operation::{Delete, Get, StoreOp, StoreReply};
use super::search::{Found, ListNamespaces, Renewal, Search};
use super::store::Store;
use crate::store::clock::{Clock, ManualClock};

/// The index the suite expects: an embedder that counts letters, and the parts `text` and `parts[*]`.
pub fn index() -> VectorIndex {
    VectorIndex::new(Letters, ["text", "parts[*]"]).expect("both paths are well formed")
}

/// Every promise of [`Store`] this store breaks, in words; empty for a good one.
///
/// The store takes its time from this clock, has [`index`] for an index, and lets documents live until they are
/// deleted, without renewing what is read. The suite uses namespaces under `conformance`, and leaves them empty.
pub async fn broken_promises(store: &dyn Store, clock: &ManualClock) -> Vec<String> {
    let mut suite = Suite { store, clock, broken: Vec::new() };
    if let Err(error) = suite.run().await {
        suite.broken.push(format!("a call that should succeed failed: {error}"));
    }
    suite.broken
}

struct Suite<'a> {
    store: &'a dyn Store,
    clock: &'a ManualClock,
    broken: Vec<String>,
}

const SECOND: Duration = Duration::from_secs(1);

impl Suite<'_> {
    async fn run(&mut self) -> Result<(), StoreError> {
        self.items().await?;
        self.lifetimes().await?;
        self.filters().await?;
        self.pages().await?;
        self.meanings().await?;
        self.lists().await?;
        self.batches().await
    }

    async fn items(&mut self) -> Result<(), StoreError> {
        let (a, b) = (space("a"), space("b"));
        self.expect("an item that was never put in is not there", self.store.get(&a, "x").await?.is_none());
        self.expect("deleting what is not there says so", !self.store.delete(&a, "x").await?);
        let created = self.clock.now();
        self.store.put(Put::new(&a, "x", corners())).await?;
        let item = self.store.get(&a, "x").await?;
        let expected = Item {
            namespace: a.clone(),
            key: "x".to_owned(),
            value: corners(),
            created_at: created,
            updated_at: created,
        };
        self.expect("what was put in comes back, unchanged", item.as_ref() == Some(&expected));
        self.expect("a key means nothing in another namespace", self.store.get(&b, "x").await?.is_none());
        self.clock.advance(SECOND);
        self.store.put(Put::new(&a, "x", json!([]))).await?;
        let item = self.store.get(&a, "x").await?;
        let expected = Item { value: json!([]), updated_at: created + SECOND, ..expected };
        self.expect("a second put replaces the value and keeps when it was created", item == Some(expected));
        let odd = "a key: of \"any\" text/\u{1F600}, '; --";
        self.store.put(Put::new(&a, odd, 1)).await?;
        self.expect("keys are any text", self.store.get(&a, odd).await?.is_some());
        for key in ["", "nul\0"] {
            let is_refused =
                matches!(self.store.put(Put::new(&a, key, 1)).await, Err(StoreError::BadKey { .. }));
            self.expect("an empty key or one with NUL is refused", is_refused);
        }
        self.expect("deleting what is there says so", self.store.delete(&a, "x").await?);
        self.expect("a deleted item is gone", self.store.get(&a, "x").await?.is_none());
        self.store.delete(&a, odd).await.map(drop)
    }

    async fn lifetimes(&mut self) -> Result<(), StoreError> {
        let a = space("a");
        self.store.put(Put::new(&a, "short", 1).ttl(10 * SECOND)).await?;
        self.store.put(Put::new(&a, "long", 1).forever()).await?;
        self.clock.advance(6 * SECOND);
        self.store.get(&a, "short").await?;
        self.expect("an item is there within its time", self.store.get(&a, "short").await?.is_some());
        self.clock.advance(4 * SECOND);
        self.expect("an item is gone when its time is over", self.store.get(&a, "short").await?.is_none());
        let found = self.store.search(Search::within(&a)).await?;
        self.expect("a search does not find what is over", keys(&found) == ["long"]);
        self.store.put(Put::new(&a, "short", 1).ttl(10 * SECOND)).await?;
        self.clock.advance(6 * SECOND);
        let renewed = Get::new(&a, "short").renewal(Renewal::Renew);
        self.store.batch(vec![renewed.into()]).await?;
        self.clock.advance(6 * SECOND);
        let item = self.store.get(&a, "short").await?;
        self.expect("a read that renews makes an item live as long again", item.is_some());
        let updated = item.is_some_and(|item| item.updated_at == item.created_at);
        self.expect("renewing is not updating", updated);
        self.store.search(Search::within(&a).renewal(Renewal::Renew)).await?;
        self.clock.advance(6 * SECOND);
        let is_there = self.store.get(&a, "short").await?.is_some();
        self.expect("a search that renews makes what it found live as long again", is_there);
        self.store.put(Put::new(&a, "short", 2).forever()).await?;
        self.clock.advance(20 * SECOND);
        let is_there = self.store.get(&a, "short").await?.is_some();
        self.expect("a second put sets the lifetime anew", is_there);
        self.store.delete(&a, "short").await?;
        self.store.delete(&a, "long").await?;
        self.store.put(Put::new(&a, "gone", 1).ttl(SECOND)).await?;
        let first = self.store.get(&a, "gone").await?;
        self.clock.advance(2 * SECOND);
        self.store.put(Put::new(&a, "gone", 1)).await?;
        let second = self.store.get(&a, "gone").await?;
        let created = |item: Option<Item>| item.map(|item| item.created_at);
        self.expect("an item that was over begins anew", created(first) != created(second));
        self.store.delete(&a, "gone").await.map(drop)
    }

    async fn filters(&mut self) -> Result<(), StoreError> {
        let a = space("a");
        let documents = [
            (
                "one",
                json!({"n": 1, "name": "Ann", "at": {"city": "Oslo"}, "tags": ["red", "blue"], "on": true}),
            ),
            ("two", json!({"n": 2.5, "name": "Bob", "at": {"city": "Bergen"}, "tags": [], "on": false})),
            ("big", json!({"n": u64::MAX, "name": "Caro", "note": "Likes RED wine", "on": null})),
        ];
        for (key, value) in &documents {
            self.store.put(Put::new(&a, *key, value.clone())).await?;
        }
        let table: Vec<(Result<Filter, _>, &[&str])> = vec![
            (Filter::eq("n", 1.0), &["one"]),
            (Filter::eq("at.city", "Oslo"), &["one"]),
            (Filter::eq("at", json!({"city": "Bergen"})), &["two"]),
            (Filter::eq("tags[*]", "blue"), &["one"]),
            (Filter::eq("tags[0]", "blue"), &[]),
            (Filter::eq("on", Value::Null), &["big"]),
            (Filter::eq("on", true), &["one"]),
            (Filter::eq("nowhere", Value::Null), &[]),
            (Filter::ne("name", "Ann"), &["big", "two"]),
            (Filter::ne("at.city", "Oslo"), &["big", "two"]),
            (Filter::gt("n", 1), &["big", "two"]),
            (Filter::gt("n", u64::MAX - 1), &["big"]),
            (Filter::gte("n", 2.5), &["big", "two"]),
            (Filter::lt("n", 2.5), &["one"]),
            (Filter::lte("n", 2.5), &["one", "two"]),
            (Filter::lt("name", "Bz"), &["one", "two"]),
            (Filter::gt("name", 1), &[]),
        ];
        for (filter, wanted) in table {
            let filter = filter.expect("the paths above are well formed");
            let promise = format!("filter `{}` {:?} {}", filter.path, filter.comparison, filter.value);
            let found = self.store.search(Search::within(&a).filter(filter)).await?;
            self.expect(&promise, sorted(&found) == wanted);
        }
        let both = Search::within(&a).containing("red").containing("WINE likes");
        let found = self.store.search(both).await?;
        self.expect("each word must occur in a text, in upper or lower case", keys(&found) == ["big"]);
        let found = self.store.search(Search::within(&a).containing("red")).await?;
        self.expect("words are looked for in all texts of a document", sorted(&found) == ["big", "one"]);
        let found = self.store.search(Search::within(&a).containing("city")).await?;
        self.expect("names of members are no texts", found.is_empty());
        for (key, _) in documents {
            self.store.delete(&a, key).await?;
        }
        Ok(())
    }

    async fn pages(&mut self) -> Result<(), StoreError> {
        let (a, inner, other) = (space("a"), space("a.inner"), space("ab"));
        for (namespace, key) in [(&other, "0"), (&inner, "1"), (&a, "3"), (&a, "2")] {
            self.store.put(Put::new(namespace, key, 1)).await?;
        }
        self.clock.advance(SECOND);
        self.store.put(Put::new(&a, "4", 1)).await?;
        let found = self.store.search(Search::within(&a)).await?;
        let promise = "a namespace is searched with all inside it, last updated first, then by name";
        self.expect(promise, keys(&found) == ["4", "2", "3", "1"]);
        let is_unscored = found.iter().all(|one| one.score.is_none());
        self.expect("without a query nothing has a score", is_unscored);
        let found = self.store.search(Search::within(&a).offset(1).limit(2)).await?;
        self.expect("a page has its offset and its limit", keys(&found) == ["2", "3"]);
        self.expect(
            "a limit of 0 finds nothing",
            self.store.search(Search::within(&a).limit(0)).await?.is_empty(),
        );
        let found = self.store.search(Search::everywhere().limit(1000)).await?;
        self.expect(
            "the whole store can be searched",
            keys(&found).contains(&"0") && keys(&found).contains(&"4"),
        );
        for (namespace, key) in [(&other, "0"), (&inner, "1"), (&a, "2"), (&a, "3"), (&a, "4")] {
            self.store.delete(namespace, key).await?;
        }
        Ok(())
    }

    async fn meanings(&mut self) -> Result<(), StoreError> {
        let a = space("a");
        let texts = ["aaaa", "aaab", "bbbb"];
        for text in texts {
            self.store.put(Put::new(&a, text, json!({"text": text, "other": "cccc"}))).await?;
        }
        self.store.put(Put::new(&a, "parts", json!({"parts": ["cccc", "aabb"]}))).await?;
        self.store.put(Put::new(&a, "plain", json!({"text": "aaaa"})).unindexed()).await?;
        self.store.put(Put::new(&a, "bare", json!({"n": 1}))).await?;
        let about = |text: &str| Search::within(&a).about(text);
        let found = self.store.search(about("aaaa")).await?;
        let order = ["aaaa", "aaab", "parts", "bbbb", "bare", "plain"];
        self.expect("the closest is first, what is not indexed last", keys(&found) == order);
        let scores: Vec<bool> = found.iter().map(|one| one.score.is_some()).collect();
        self.expect("only what is indexed has a score", scores == [true, true, true, true, false, false]);
        let is_exact =
            found.first().and_then(|one| one.score).is_some_and(|score| (score - 1.0).abs() < 1e-3);
        self.expect("a score is the cosine", is_exact);
        let found = self.store.search(about("cccc").limit(1)).await?;
        self.expect("the closest part of an item counts", keys(&found) == ["parts"]);
        let found = self.store.search(Search::within(&a).near([0.0, 1.0, 0.0]).limit(1)).await?;
        self.expect("a vector can be searched for", keys(&found) == ["bbbb"]);
        let result = self.store.search(Search::within(&a).near([1.0])).await;
        let is_refused = matches!(result, Err(StoreError::Dimensions { .. }));
        self.expect("a vector of another length is refused", is_refused);
        let is_b = Filter::eq("text", "bbbb").expect("`text` is a path");
        let found = self.store.search(about("aaaa").filter(is_b)).await?;
        self.expect("filters hold for a search by meaning too", keys(&found) == ["bbbb"]);
        let own = Put::new(&a, "bbbb", json!({"text": "bbbb", "other": "cccc"})).indexed_by(["other"]);
        self.store.put(own.expect("`other` is a path")).await?;
        let found = self.store.search(about("cccc").limit(2)).await?;
        self.expect("an item may say what of it is indexed", sorted(&found) == ["bbbb", "parts"]);
        for key in ["aaaa", "aaab", "bbbb", "parts", "plain", "bare"] {
            self.store.delete(&a, key).await?;
        }
        Ok(())
    }

    async fn lists(&mut self) -> Result<(), StoreError> {
        let names = ["ann.notes", "ann.notes.old", "ann.prefs", "bob.notes"];
        for name in names {
            self.store.put(Put::new(&space(name), "x", 1)).await?;
        }
        self.store.put(Put::new(&space("ann.gone"), "x", 1).ttl(SECOND)).await?;
        self.clock.advance(SECOND);
        let under = pattern("conformance");
        let all = || ListNamespaces::all().prefix(under.clone());
        let table: Vec<(&str, ListNamespaces, &[&str])> = vec![
            ("namespaces that hold items are listed in order", all(), &names),
            ("a prefix may leave a label open", all().prefix(pattern("conformance.*.prefs")), &["ann.prefs"]),
            (
                "a suffix is compared with the last labels",
                all().suffix(pattern("notes")),
                &["ann.notes", "bob.notes"],
            ),
            ("what is equal after the cut is listed once", all().max_depth(2), &["ann", "bob"]),
            (
                "a list has its offset and its limit",
                all().offset(1).limit(2),
                &["ann.notes.old", "ann.prefs"],
            ),
        ];
        for (promise, list, wanted) in table {
            let listed = self.store.list_namespaces(list).await?;
            let wanted: Vec<Namespace> = wanted.iter().map(|name| space(name)).collect();
            self.expect(promise, listed == wanted);
        }
        for name in names {
            self.store.delete(&space(name), "x").await?;
        }
        let left = self.store.list_namespaces(all()).await?;
        self.expect("a namespace without items is gone", left.is_empty());
        Ok(())
    }

    async fn batches(&mut self) -> Result<(), StoreError> {
        let a = space("a");
        let read = || StoreOp::from(Get::new(&a, "x"));
        let steps: Vec<StoreOp> = vec![
            read(),
            Put::new(&a, "x", 1).into(),
            read(),
            Put::new(&a, "x", 2).into(),
            Search::within(&a).into(),
            Delete::new(&a, "x").into(),
            read(),
        ];
        let replies = self.store.batch(steps).await?;
        let seen: Vec<Option<i64>> = replies
            .iter()
            .filter_map(|reply| match reply {
                StoreReply::Item(item) => Some(item.as_ref().and_then(|item| item.value.as_i64())),
                StoreReply::Found(found) => Some(found.first().and_then(|one| one.item.value.as_i64())),
                StoreReply::Stored | StoreReply::Deleted(_) | StoreReply::Namespaces(_) => None,
            })
            .collect();
        self.expect("each operation of a batch gets a reply", replies.len() == 7);
        self.expect("an operation sees what those before it did", seen == [None, Some(1), Some(2), None]);
        let broken = vec![Put::new(&a, "y", 1).into(), Put::new(&a, "", 1).into()];
        self.expect(
            "a batch with something that cannot be done fails",
            self.store.batch(broken).await.is_err(),
        );
        let is_there = self.store.get(&a, "y").await?.is_some();
        self.expect("of a batch that fails nothing is kept", !is_there);
        self.expect("an empty batch is no error", self.store.batch(Vec::new()).await?.is_empty());
        Ok(())
    }

    fn expect(&mut self, promise: &str, is_kept: bool) {
        if !is_kept {
            self.broken.push(promise.to_owned());
        }
    }
}

/// Counts `a`, `b` and `c`: texts of the same letters are of the same meaning.
#[derive(Debug)]
struct Letters;

impl Embed for Letters {
    fn dimensions(&self) -> usize {
        3
    }

    fn embed<'a>(&'a self, texts: &'a [String]) -> BoxFuture<'a, Result<Vec<Vec<f32>>, EmbedError>> {
        let count = |text: &str| ["a", "b", "c"].map(|letter| text.matches(letter).count() as f32).to_vec();
        Box::pin(async move { Ok(texts.iter().map(|text| count(text)).collect()) })
    }
}

/// A document with something in every corner: large numbers, text of all kinds, nested values.
fn corners() -> Value {
    json!({"big": u64::MAX, "small": i64::MIN, "half": 0.5, "text": "a \"quote\"\n\u{1F600}", "none": null, "in": [{}]})
}

fn space(name: &str) -> Namespace {
    format!("conformance.{name}").parse().expect("the names in this file are well formed")
}

fn pattern(text: &str) -> NamespacePattern {
    text.parse().expect("the patterns in this file are well formed")
}

fn keys(found: &[Found]) -> Vec<&str> {
    found.iter().map(|one| one.item.key.as_str()).collect()
}

fn sorted(found: &[Found]) -> Vec<&str> {
    let mut keys = keys(found);
    keys.sort_unstable();
    keys
}
