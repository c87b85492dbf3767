//! Embedders whose work can be watched and held up.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use tokio::sync::Semaphore;

use crate::retrieval::embedder::{EmbedError, Embedder};

/// Makes a vector of four numbers of the length of a text and its first letter; counts, and waits for permits.
#[derive(Debug)]
pub(super) struct Watched {
    id: &'static str,
    /// How many texts were embedded.
    pub(super) texts: AtomicUsize,
    /// Calls that may be made.
    pub(super) permits: Semaphore,
    /// What the next call fails with.
    pub(super) failure: Mutex<Option<String>>,
}

impl Watched {
    /// One that never waits.
    pub(super) fn new(id: &'static str) -> Self {
        Self::held(id, Semaphore::MAX_PERMITS)
    }

    /// One that waits after so many calls.
    pub(super) fn held(id: &'static str, permits: usize) -> Self {
        Self { id, texts: AtomicUsize::new(0), permits: Semaphore::new(permits), failure: Mutex::new(None) }
    }

    pub(super) fn embedded(&self) -> usize {
        self.texts.load(Ordering::SeqCst)
    }

    pub(super) fn fail_next(&self, reason: &str) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason.to_owned());
    }
}

#[async_trait]
impl Embedder for Watched {
    fn id(&self) -> &str {
        self.id
    }

    fn dimensions(&self) -> usize {
        4
    }

    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.permits.acquire().await?.forget();
        if let Some(reason) = self.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(reason.into());
        }
        self.texts.fetch_add(texts.len(), Ordering::SeqCst);
        Ok(texts.iter().map(|text| vector(text)).collect())
    }
}

fn vector(text: &str) -> Vec<f32> {
    let first = text.bytes().next().map_or(0.0, f32::from);
    let length = u16::try_from(text.len()).map_or(f32::MAX, f32::from);
    vec![1.0, first / 128.0, length.min(100.0) / 100.0, 0.5]
}
