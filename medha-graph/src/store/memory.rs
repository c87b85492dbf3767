//! The saver in memory: the model of all savers, for tests and for programs that need no more.

use std::collections::HashMap;
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_core::future::BoxFuture;

use super::checkpointer::{CheckpointError, Checkpointer, Head};
use crate::engine::checkpoint::CheckpointId;
use crate::engine::record::{Progress, StoredCheckpoint};

/// Keeps every checkpoint in memory, in stored form; clones share what they keep.
///
/// It forgets nothing until [`delete`](Checkpointer::delete): a long-lived program deletes the threads it is done
/// with.
#[derive(Clone, Debug, Default)]
pub struct MemorySaver {
    threads: Arc<Mutex<HashMap<String, Thread>>>,
}

#[derive(Debug, Default)]
struct Thread {
    checkpoints: Vec<StoredCheckpoint>,
    progress: Progress,
}

impl Thread {
    fn head(&self) -> Option<CheckpointId> {
        self.checkpoints.last().map(|checkpoint| checkpoint.id)
    }
}

impl MemorySaver {
    fn threads(&self) -> MutexGuard<'_, HashMap<String, Thread>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Checkpointer for MemorySaver {
    fn load<'a>(&'a self, thread: &'a str) -> BoxFuture<'a, Result<Option<Head>, CheckpointError>> {
        let head = self.threads().get(thread).and_then(|thread| {
            let checkpoint = thread.checkpoints.last()?.clone();
            Some(Head { checkpoint, progress: thread.progress.clone() })
        });
        Box::pin(ready(Ok(head)))
    }

    fn commit<'a>(
        &'a self,
        thread: &'a str,
        expected: Option<CheckpointId>,
        checkpoint: StoredCheckpoint,
    ) -> BoxFuture<'a, Result<(), CheckpointError>> {
        let mut threads = self.threads();
        let kept = threads.entry(thread.to_owned()).or_default();
        let found = kept.head();
        if found != expected {
            return Box::pin(ready(Err(CheckpointError::conflict(thread, expected, found))));
        }
        kept.checkpoints.push(checkpoint);
        kept.progress = Progress::default();
        Box::pin(ready(Ok(())))
    }

    fn save_progress<'a>(
        &'a self,
        thread: &'a str,
        head: CheckpointId,
        progress: Progress,
    ) -> BoxFuture<'a, Result<(), CheckpointError>> {
        let mut threads = self.threads();
        let found = threads.get(thread).and_then(Thread::head);
        let follows =
            |kept: &&mut Thread| kept.head() == Some(head) && kept.progress.revision + 1 == progress.revision;
        match threads.get_mut(thread).filter(follows) {
            Some(kept) => kept.progress = progress,
            None => return Box::pin(ready(Err(CheckpointError::conflict(thread, Some(head), found)))),
        }
        Box::pin(ready(Ok(())))
    }

    fn history<'a>(
        &'a self,
        thread: &'a str,
        before: Option<CheckpointId>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<StoredCheckpoint>, CheckpointError>> {
        let threads = self.threads();
        let all = threads.get(thread).map_or(&[][..], |thread| thread.checkpoints.as_slice());
        let older = all.iter().rev().filter(|checkpoint| before.is_none_or(|before| checkpoint.id < before));
        Box::pin(ready(Ok(older.take(limit).cloned().collect())))
    }

    fn delete<'a>(&'a self, thread: &'a str) -> BoxFuture<'a, Result<(), CheckpointError>> {
        self.threads().remove(thread);
        Box::pin(ready(Ok(())))
    }
}
