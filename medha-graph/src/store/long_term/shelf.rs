//! What a store in memory holds. Pure: the time and the vectors come in.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::embed::closeness;
use super::item::{Item, Put};
use super::namespace::Namespace;
use super::operation::{Delete, Get};
use super::search::{Found, ListNamespaces, Place, Search};

/// The items, by namespace and key, and what is over when.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    namespaces: BTreeMap<Namespace, BTreeMap<String, Kept>>,
    /// One entry for every item that has an end, in the order they end.
    ends: BTreeSet<(SystemTime, Namespace, String)>,
}

#[derive(Debug)]
struct Kept {
    value: Value,
    created_at: SystemTime,
    updated_at: SystemTime,
    /// How long it lives from when it was put in or renewed.
    ttl: Option<Duration>,
    ends_at: Option<SystemTime>,
    vectors: Vec<Vec<f32>>,
}

impl Kept {
    fn item(&self, namespace: &Namespace, key: &str) -> Item {
        Item {
            namespace: namespace.clone(),
            key: key.to_owned(),
            value: self.value.clone(),
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

impl Shelf {
    /// Removes every item whose time is over; costs nothing when there is none.
    pub(super) fn sweep(&mut self, now: SystemTime) {
        while let Some((ends_at, ..)) = self.ends.first()
            && *ends_at <= now
            && let Some((_, namespace, key)) = self.ends.pop_first()
        {
            self.remove(&namespace, &key);
        }
    }

    pub(super) fn put(&mut self, put: Put, vectors: Vec<Vec<f32>>, ttl: Option<Duration>, now: SystemTime) {
        let Put { namespace, key, value, .. } = put;
        let old = self.remove(&namespace, &key);
        let ends_at = self.end(&namespace, &key, ttl, now);
        let created_at = old.map_or(now, |old| old.created_at);
        let kept = Kept { value, created_at, updated_at: now, ttl, ends_at, vectors };
        self.namespaces.entry(namespace).or_default().insert(key, kept);
        // A lifetime of nothing is over at once.
        self.sweep(now);
    }

    pub(super) fn get(&mut self, get: &Get, is_renewed: bool, now: SystemTime) -> Option<Item> {
        let Get { namespace, key, .. } = get;
        let item = self.namespaces.get(namespace)?.get(key)?.item(namespace, key);
        if is_renewed {
            self.renew(namespace, key, now);
        }
        Some(item)
    }

    pub(super) fn delete(&mut self, delete: &Delete) -> bool {
        self.remove(&delete.namespace, &delete.key).is_some()
    }

    pub(super) fn search(
        &mut self,
        search: &Search,
        query: Option<&[f32]>,
        is_renewed: bool,
        now: SystemTime,
    ) -> Vec<Found> {
        // Labels are compared one by one, so what is inside a namespace follows it without a gap.
        let from = search.within.as_ref().map_or(Bound::Unbounded, Bound::Included);
        let folders = self.namespaces.range((from, Bound::Unbounded));
        let is_inside =
            |namespace: &Namespace| search.within.as_ref().is_none_or(|within| namespace.is_under(within));
        // Only the page is copied: documents may be large, and many.
        let mut found = Vec::new();
        for (namespace, items) in folders.take_while(|(namespace, _)| is_inside(namespace)) {
            for (key, kept) in items.iter().filter(|(_, kept)| search.accepts(namespace, &kept.value)) {
                let score = query.and_then(|query| closeness(query, kept.vectors.iter().map(Vec::as_slice)));
                found.push((Place { score, updated_at: kept.updated_at, namespace, key }, kept));
            }
        }
        found.sort_by(|(a, _), (b, _)| a.order(b));
        let page = found.into_iter().skip(search.offset).take(search.limit);
        let found: Vec<Found> = page
            .map(|(place, kept)| Found { item: kept.item(place.namespace, place.key), score: place.score })
            .collect();
        if is_renewed {
            for one in &found {
                self.renew(&one.item.namespace, &one.item.key, now);
            }
        }
        found
    }

    pub(super) fn list(&self, list: &ListNamespaces) -> Vec<Namespace> {
        list.pick(self.namespaces.keys())
    }

    /// Whether no end is written down, as must be when nothing that is held has one.
    #[cfg(test)]
    pub(super) fn forgets_all_ends(&self) -> bool {
        self.ends.is_empty()
    }

    fn renew(&mut self, namespace: &Namespace, key: &str, now: SystemTime) {
        let Some(kept) = self.namespaces.get(namespace).and_then(|items| items.get(key)) else { return };
        let (ttl, old) = (kept.ttl, kept.ends_at);
        self.forget_end(namespace, key, old);
        let ends_at = self.end(namespace, key, ttl, now);
        if let Some(kept) = self.namespaces.get_mut(namespace).and_then(|items| items.get_mut(key)) {
            kept.ends_at = ends_at;
        }
    }

    fn remove(&mut self, namespace: &Namespace, key: &str) -> Option<Kept> {
        let items = self.namespaces.get_mut(namespace)?;
        let kept = items.remove(key)?;
        if items.is_empty() {
            self.namespaces.remove(namespace);
        }
        self.forget_end(namespace, key, kept.ends_at);
        Some(kept)
    }

    /// Writes down when an item ends; one that ends after all time never does.
    fn end(
        &mut self,
        namespace: &Namespace,
        key: &str,
        ttl: Option<Duration>,
        now: SystemTime,
    ) -> Option<SystemTime> {
        let ends_at = now.checked_add(ttl?)?;
        self.ends.insert((ends_at, namespace.clone(), key.to_owned()));
        Some(ends_at)
    }

    fn forget_end(&mut self, namespace: &Namespace, key: &str, ends_at: Option<SystemTime>) {
        if let Some(ends_at) = ends_at {
            self.ends.remove(&(ends_at, namespace.clone(), key.to_owned()));
        }
    }
}
