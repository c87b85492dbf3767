//! A saver that fails on purpose, to test what a program does when its storage does.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::checkpointer::{Answer, Checkpointer, Head, HistoryQuery};
use super::error::{CheckpointError, Operation};
use super::key::ThreadKey;
use super::retention::{Pruned, Retention};
use crate::engine::checkpoint::{CheckpointId, HeadRef, Line};
use crate::engine::record::{Effect, Progress, StoredCheckpoint, Written};

/// A saver around another one that breaks one call; clones share what they count.
///
/// ```
/// use medha_graph::prelude::*;
/// use medha_graph::store::{Break, FaultySaver, ThreadKey, Checkpointer};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let saver = FaultySaver::new(MemorySaver::default(), 1, Break::Before);
/// assert!(saver.load(&ThreadKey::root("t"), None).await.is_ok());
/// let error = saver.load(&ThreadKey::root("t"), None).await.unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     r#"cannot load the checkpoint of thread "t": the storage failed: the connection was lost"#
/// );
/// assert!(saver.load(&ThreadKey::root("t"), None).await.is_ok());
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct FaultySaver<C> {
    inner: C,
    at: u64,
    how: Break,
    count: Arc<AtomicU64>,
    calls: Arc<Mutex<Vec<Call>>>,
}

/// When the connection is lost. Exhaustive on purpose: there is no third moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// Before the call reaches the storage: nothing is done.
    Before,
    /// Before the answer comes back: it is done, and the caller does not know.
    After,
}

/// A method of [`Checkpointer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Call {
    /// [`Checkpointer::load`]
    Load,
    /// [`Checkpointer::written`]
    Written,
    /// [`Checkpointer::commit`]
    Commit,
    /// [`Checkpointer::save_progress`]
    SaveProgress,
    /// [`Checkpointer::save_effect`]
    SaveEffect,
    /// [`Checkpointer::history`]
    History,
    /// [`Checkpointer::namespaces`]
    Namespaces,
    /// [`Checkpointer::threads`]
    Threads,
    /// [`Checkpointer::copy`]
    Copy,
    /// [`Checkpointer::prune`]
    Prune,
    /// [`Checkpointer::delete`]
    Delete,
}

impl<C: Checkpointer> FaultySaver<C> {
    /// Breaks the call of this number, from 0, and no other.
    pub fn new(inner: C, at: u64, how: Break) -> Self {
        Self { inner, at, how, count: Arc::default(), calls: Arc::default() }
    }

    /// The calls so far, the broken one included.
    pub fn calls(&self) -> Vec<Call> {
        self.log().clone()
    }

    fn log(&self) -> MutexGuard<'_, Vec<Call>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pass<'a, T: Send + 'a>(
        &'a self,
        call: Call,
        key: ThreadKey,
        work: impl FnOnce() -> Answer<'a, T> + Send + 'a,
    ) -> Answer<'a, T> {
        Box::pin(async move {
            self.log().push(call);
            let is_broken = self.count.fetch_add(1, Ordering::SeqCst) == self.at;
            if !is_broken {
                return work().await;
            }
            match self.how {
                Break::Before => {}
                Break::After => drop(work().await?),
            }
            Err(CheckpointError::storage(&key, call.operation(), "the connection was lost"))
        })
    }
}

impl Call {
    fn operation(self) -> Operation {
        match self {
            Self::Load | Self::Written | Self::History | Self::Namespaces | Self::Threads => Operation::Load,
            Self::Commit | Self::SaveProgress | Self::SaveEffect | Self::Copy => Operation::Save,
            Self::Prune | Self::Delete => Operation::Delete,
        }
    }
}

impl<C: Checkpointer> Checkpointer for FaultySaver<C> {
    fn load<'a>(&'a self, key: &'a ThreadKey, at: Option<CheckpointId>) -> Answer<'a, Option<Head>> {
        self.pass(Call::Load, key.clone(), move || self.inner.load(key, at))
    }

    fn written<'a>(
        &'a self,
        key: &'a ThreadKey,
        ranges: &'a [(CheckpointId, CheckpointId)],
    ) -> Answer<'a, Vec<(CheckpointId, Written)>> {
        self.pass(Call::Written, key.clone(), move || self.inner.written(key, ranges))
    }

    fn commit<'a>(
        &'a self,
        key: &'a ThreadKey,
        expected: Option<HeadRef>,
        checkpoint: StoredCheckpoint,
    ) -> Answer<'a, ()> {
        self.pass(Call::Commit, key.clone(), move || self.inner.commit(key, expected, checkpoint))
    }

    fn save_progress<'a>(&'a self, key: &'a ThreadKey, head: HeadRef, progress: Progress) -> Answer<'a, ()> {
        self.pass(Call::SaveProgress, key.clone(), move || self.inner.save_progress(key, head, progress))
    }

    fn save_effect<'a>(&'a self, key: &'a ThreadKey, effect: Effect) -> Answer<'a, ()> {
        self.pass(Call::SaveEffect, key.clone(), move || self.inner.save_effect(key, effect))
    }

    fn history<'a>(
        &'a self,
        key: &'a ThreadKey,
        query: &'a HistoryQuery,
    ) -> Answer<'a, Vec<StoredCheckpoint>> {
        self.pass(Call::History, key.clone(), move || self.inner.history(key, query))
    }

    fn namespaces<'a>(&'a self, thread: &'a str) -> Answer<'a, Vec<ThreadKey>> {
        self.pass(Call::Namespaces, ThreadKey::root(thread), move || self.inner.namespaces(thread))
    }

    fn threads<'a>(&'a self, after: Option<&'a str>, limit: usize) -> Answer<'a, Vec<String>> {
        self.pass(Call::Threads, ThreadKey::root("*"), move || self.inner.threads(after, limit))
    }

    fn copy<'a>(&'a self, from: &'a str, to: &'a str, salt: Line) -> Answer<'a, ()> {
        self.pass(Call::Copy, ThreadKey::root(to), move || self.inner.copy(from, to, salt))
    }

    fn prune<'a>(&'a self, thread: &'a str, retention: &'a Retention) -> Answer<'a, Pruned> {
        self.pass(Call::Prune, ThreadKey::root(thread), move || self.inner.prune(thread, retention))
    }

    fn delete<'a>(&'a self, thread: &'a str) -> Answer<'a, ()> {
        self.pass(Call::Delete, ThreadKey::root(thread), move || self.inner.delete(thread))
    }
}
