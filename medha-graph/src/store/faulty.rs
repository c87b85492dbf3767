//! A saver that fails on purpose, to test what a program does when its storage does.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use super::checkpointer::{Answer, Checkpointer, Head, HistoryQuery};
use super::error::{CheckpointError, Operation};
use super::key::ThreadKey;
use super::retention::{Pruned, Retention};
use crate::engine::checkpoint::{CheckpointId, HeadRef, Line};
use crate::engine::record::{Effect, Progress, StoredCheckpoint, Written};

/// A saver around another one that breaks one call, or [all from one on](Self::for_good), until it is
/// [mended](Self::mend); clones share what they count and break.
///
/// Every call is pending once before it is carried out, as one that goes over a network is.
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
    how: Break,
    /// The calls that are counted and may break; every call, if none is named.
    only: Vec<Call>,
    is_for_good: bool,
    standing: Arc<Mutex<Standing>>,
}

/// What clones share.
#[derive(Debug)]
struct Standing {
    /// The number of the call that breaks, of those that are counted.
    at: Option<u64>,
    counted: u64,
    calls: Vec<Call>,
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
        Self::breaking(inner, Some(at), how)
    }

    /// Breaks nothing until [`break_at`](Self::break_at) says so, and then before anything is done.
    pub fn sound(inner: C) -> Self {
        Self::breaking(inner, None, Break::Before)
    }

    fn breaking(inner: C, at: Option<u64>, how: Break) -> Self {
        let standing = Arc::new(Mutex::new(Standing { at, counted: 0, calls: Vec::new() }));
        Self { inner, how, only: Vec::new(), is_for_good: false, standing }
    }

    /// Counts and breaks calls of these methods only.
    #[must_use]
    pub fn only(mut self, calls: impl IntoIterator<Item = Call>) -> Self {
        self.only = calls.into_iter().collect();
        self
    }

    /// Breaks all calls after that one too, before they reach the storage, until it is [mended](Self::mend): as if the
    /// process had died.
    ///
    /// ```
    /// use medha_graph::prelude::*;
    /// use medha_graph::store::{Break, Call, FaultySaver};
    ///
    /// # #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
    /// # struct Essay { draft: String }
    /// # async fn write() -> EssayUpdate { Essay::update().draft("All about bridges.") }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // The input is stored, and what comes after it is not.
    /// let saver = FaultySaver::new(MemorySaver::default(), 1, Break::Before).only([Call::Commit]).for_good();
    /// let graph = StateGraph::<Essay>::new("essay")
    ///     .node("write", write).edge(START, "write").edge("write", END).compile()?
    ///     .with_checkpointer(saver.clone());
    /// let thread = graph.thread("essay-1");
    /// assert!(thread.invoke(Essay::update()).await.is_err());
    /// assert!(thread.resume(Resume::next()).await.is_err());
    ///
    /// assert!(saver.mend(), "something was broken");
    /// assert_eq!(thread.resume(Resume::next()).await?.state().draft, "All about bridges.");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn for_good(mut self) -> Self {
        self.is_for_good = true;
        self
    }

    /// Breaks the call of this number, counted from now, from 0.
    pub fn break_at(&self, at: u64) {
        let mut standing = self.standing();
        (standing.at, standing.counted) = (Some(at), 0);
    }

    /// Breaks nothing any more, and says whether the call that was to break has come.
    pub fn mend(&self) -> bool {
        let mut standing = self.standing();
        standing.at.take().is_some_and(|at| standing.counted > at)
    }

    /// The calls so far, broken ones included.
    pub fn calls(&self) -> Vec<Call> {
        self.standing().calls.clone()
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a call down, and says how it breaks, if it does.
    fn count(&self, call: Call) -> Option<Break> {
        let mut standing = self.standing();
        standing.calls.push(call);
        if !self.only.is_empty() && !self.only.contains(&call) {
            return None;
        }
        let number = standing.counted;
        standing.counted += 1;
        match standing.at {
            Some(at) if number == at => Some(self.how),
            Some(at) if number > at && self.is_for_good => Some(Break::Before),
            Some(_) | None => None,
        }
    }

    fn pass<'a, T: Send + 'a>(
        &'a self,
        call: Call,
        key: ThreadKey,
        work: impl FnOnce() -> Answer<'a, T> + Send + 'a,
    ) -> Answer<'a, T> {
        Box::pin(async move {
            pending_once().await;
            match self.count(call) {
                None => return work().await,
                Some(Break::Before) => {}
                Some(Break::After) => drop(work().await?),
            }
            Err(CheckpointError::storage(&key, call.operation(), "the connection was lost"))
        })
    }
}

/// Gives others a turn, whatever the runtime.
async fn pending_once() {
    let mut was_polled = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut was_polled, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
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
