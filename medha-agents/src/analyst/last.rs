//! The saver of one run: it keeps the last checkpoint, so that a run can wait for a choice, and none before it.

use std::future::ready;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use medha_graph::CheckpointId;
use medha_graph::store::{CheckpointError, Checkpointer, Head, Progress, StoredCheckpoint};

/// Keeps the last checkpoint of the one thread it is used for.
#[derive(Debug, Default)]
pub(crate) struct LastCheckpoint {
    kept: Mutex<Option<(StoredCheckpoint, Progress)>>,
}

impl LastCheckpoint {
    fn kept(&self) -> MutexGuard<'_, Option<(StoredCheckpoint, Progress)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Checkpointer for LastCheckpoint {
    fn load<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Option<Head>, CheckpointError>> {
        let head = self.kept().clone().map(|(checkpoint, progress)| Head { checkpoint, progress });
        Box::pin(ready(Ok(head)))
    }

    fn commit<'a>(
        &'a self,
        thread: &'a str,
        expected: Option<CheckpointId>,
        checkpoint: StoredCheckpoint,
    ) -> BoxFuture<'a, Result<(), CheckpointError>> {
        let mut kept = self.kept();
        let found = kept.as_ref().map(|(checkpoint, _)| checkpoint.id);
        if found != expected {
            return Box::pin(ready(Err(CheckpointError::conflict(thread, expected, found))));
        }
        *kept = Some((checkpoint, Progress::default()));
        Box::pin(ready(Ok(())))
    }

    fn save_progress<'a>(
        &'a self,
        thread: &'a str,
        head: CheckpointId,
        progress: Progress,
    ) -> BoxFuture<'a, Result<(), CheckpointError>> {
        let mut kept = self.kept();
        match kept.as_mut().filter(|(checkpoint, _)| checkpoint.id == head) {
            Some((_, stored)) => *stored = progress,
            None => {
                let found = kept.as_ref().map(|(checkpoint, _)| checkpoint.id);
                return Box::pin(ready(Err(CheckpointError::conflict(thread, Some(head), found))));
            }
        }
        Box::pin(ready(Ok(())))
    }

    fn history<'a>(
        &'a self,
        _: &'a str,
        before: Option<CheckpointId>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<StoredCheckpoint>, CheckpointError>> {
        let kept = self.kept().clone().map(|(checkpoint, _)| checkpoint);
        let wanted =
            kept.filter(|checkpoint| limit > 0 && before.is_none_or(|before| checkpoint.id < before));
        Box::pin(ready(Ok(wanted.into_iter().collect())))
    }

    fn delete<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), CheckpointError>> {
        *self.kept() = None;
        Box::pin(ready(Ok(())))
    }
}
