//! A saver for tests: writes down what is stored, yields at every call, and fails where it is told to.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use medha_graph::store::retention::{Pruned, Retention};
use medha_graph::store::{
    Answer, CheckpointError, Checkpointer, Effect, Head, HeadRef, HistoryQuery, Line, Operation, Progress,
    StoredCheckpoint, ThreadKey, Written,
};
use medha_graph::{CheckpointId, MemorySaver};

#[derive(Clone, Debug, Default)]
pub(crate) struct Stage {
    pub(crate) saver: MemorySaver,
    told: Arc<Told>,
}

#[derive(Debug, Default)]
struct Told {
    /// What was stored, in words: `commit 1`, `progress on 1`.
    log: Mutex<Vec<String>>,
    writes: AtomicUsize,
    /// The write that fails, from 1; none if 0.
    fails_at: AtomicUsize,
}

impl Stage {
    /// Lets this write fail, counted from now, from 1.
    pub(crate) fn fail_at(&self, write: usize) {
        self.told.writes.store(0, Ordering::Relaxed);
        self.told.fails_at.store(write, Ordering::Relaxed);
    }

    /// What was stored since the last call.
    pub(crate) fn log(&self) -> Vec<String> {
        std::mem::take(&mut *self.told.log.lock().unwrap())
    }

    async fn write(&self, key: &ThreadKey, what: String) -> Result<(), CheckpointError> {
        tokio::task::yield_now().await;
        let write = self.told.writes.fetch_add(1, Ordering::Relaxed) + 1;
        if write == self.told.fails_at.load(Ordering::Relaxed) {
            self.told.log.lock().unwrap().push(format!("{what} failed"));
            return Err(CheckpointError::storage(key, Operation::Save, "the disk is full"));
        }
        self.told.log.lock().unwrap().push(what);
        Ok(())
    }
}

impl Checkpointer for Stage {
    fn load<'a>(&'a self, key: &'a ThreadKey, at: Option<CheckpointId>) -> Answer<'a, Option<Head>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            self.saver.load(key, at).await
        })
    }

    fn written<'a>(
        &'a self,
        key: &'a ThreadKey,
        ranges: &'a [(CheckpointId, CheckpointId)],
    ) -> Answer<'a, Vec<(CheckpointId, Written)>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            self.saver.written(key, ranges).await
        })
    }

    fn commit<'a>(
        &'a self,
        key: &'a ThreadKey,
        expected: Option<HeadRef>,
        checkpoint: StoredCheckpoint,
    ) -> Answer<'a, ()> {
        Box::pin(async move {
            self.write(key, format!("commit {}", checkpoint.id)).await?;
            self.saver.commit(key, expected, checkpoint).await
        })
    }

    fn save_progress<'a>(&'a self, key: &'a ThreadKey, head: HeadRef, progress: Progress) -> Answer<'a, ()> {
        Box::pin(async move {
            self.write(key, format!("progress on {}", head.id)).await?;
            self.saver.save_progress(key, head, progress).await
        })
    }

    fn save_effect<'a>(&'a self, key: &'a ThreadKey, effect: Effect) -> Answer<'a, ()> {
        Box::pin(async move {
            self.write(key, format!("effect {}", effect.key)).await?;
            self.saver.save_effect(key, effect).await
        })
    }

    fn history<'a>(
        &'a self,
        key: &'a ThreadKey,
        query: &'a HistoryQuery,
    ) -> Answer<'a, Vec<StoredCheckpoint>> {
        self.saver.history(key, query)
    }

    fn namespaces<'a>(&'a self, thread: &'a str) -> Answer<'a, Vec<ThreadKey>> {
        self.saver.namespaces(thread)
    }

    fn threads<'a>(&'a self, after: Option<&'a str>, limit: usize) -> Answer<'a, Vec<String>> {
        self.saver.threads(after, limit)
    }

    fn copy<'a>(&'a self, from: &'a str, to: &'a str, salt: Line) -> Answer<'a, ()> {
        self.saver.copy(from, to, salt)
    }

    fn prune<'a>(&'a self, thread: &'a str, retention: &'a Retention) -> Answer<'a, Pruned> {
        self.saver.prune(thread, retention)
    }

    fn delete<'a>(&'a self, thread: &'a str) -> Answer<'a, ()> {
        self.saver.delete(thread)
    }
}
