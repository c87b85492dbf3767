//! What is kept in memory.

use std::sync::Arc;
use std::time::{Duration, Instant as SystemInstant};

use moka::Expiry;
use moka::future::Cache;
use tokio::time::Instant;

use super::key::CacheKey;
use super::options::CacheOptions;
use crate::value::{ResultSet, Value};

/// The answers of this process, up to a number of bytes.
#[derive(Debug)]
pub(super) struct Near {
    entries: Cache<CacheKey, Arc<Entry>>,
}

/// One answer, or that it is too large to be one.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) content: Content,
    /// When the database gave it.
    pub(super) since: Instant,
    until: Instant,
    generation: u64,
    weight: u32,
}

#[derive(Debug)]
pub(super) enum Content {
    Rows(Arc<ResultSet>),
    /// Whoever asks goes to the database.
    TooLarge,
}

/// The life of an entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Life {
    pub(super) since: Instant,
    pub(super) until: Instant,
    pub(super) generation: u64,
}

impl Near {
    pub(super) fn new(options: &CacheOptions) -> Self {
        let entries = Cache::builder()
            .max_capacity(options.max_bytes)
            .weigher(|_: &CacheKey, entry: &Arc<Entry>| entry.weight)
            .expire_after(Lives)
            .build();
        Self { entries }
    }

    /// What is kept under the key and still valid.
    pub(super) async fn find(&self, key: &CacheKey, generation: u64, now: Instant) -> Option<Arc<Entry>> {
        let entry = self.entries.get(key).await?;
        if entry.generation == generation && now < entry.until {
            return Some(entry);
        }
        self.entries.invalidate(key).await;
        None
    }

    pub(super) async fn keep(&self, key: &CacheKey, entry: Arc<Entry>) {
        self.entries.insert(key.clone(), entry).await;
    }
}

impl Entry {
    pub(super) fn new(content: Content, life: Life) -> Arc<Self> {
        let weight = match &content {
            Content::Rows(result) => weight_of(result),
            Content::TooLarge => 0,
        };
        let weight = u32::try_from(weight + ENTRY).unwrap_or(u32::MAX);
        let Life { since, until, generation } = life;
        Arc::new(Self { content, since, until, generation, weight })
    }
}

/// Lets memory go when a life is over. Whether it is over is decided by [`Near::find`], whose clock can be stopped.
struct Lives;

impl Expiry<CacheKey, Arc<Entry>> for Lives {
    fn expire_after_create(&self, _: &CacheKey, entry: &Arc<Entry>, _: SystemInstant) -> Option<Duration> {
        Some(entry.until.saturating_duration_since(entry.since))
    }

    fn expire_after_update(
        &self,
        key: &CacheKey,
        entry: &Arc<Entry>,
        now: SystemInstant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        self.expire_after_create(key, entry, now)
    }
}

/// What an entry takes besides its rows: its key, and the cache's own records.
const ENTRY: usize = 256;

fn weight_of(result: &ResultSet) -> usize {
    let columns: usize = result.columns.iter().map(|column| size_of_val(column) + column.name.len()).sum();
    columns + result.rows.iter().map(|row| weight_of_row(row)).sum::<usize>()
}

/// Roughly the memory of a row.
pub(super) fn weight_of_row(row: &[Value]) -> usize {
    size_of::<Vec<Value>>() + row.iter().map(|value| size_of::<Value>() + value.size()).sum::<usize>()
}
