//! Savers keep the promises of the trait.

use std::sync::Arc;

use medha_graph::MemorySaver;
use medha_graph::store::conformance;

#[tokio::test]
async fn the_saver_in_memory_keeps_every_promise() {
    assert_eq!(conformance::broken_promises(&MemorySaver::default()).await, Vec::<String>::new());
    assert_eq!(conformance::broken_promises(&Arc::new(MemorySaver::default())).await, Vec::<String>::new());
}

/// A saver that is wrong in one way, to see that the suite notices.
mod wrong {
    use futures_util::future::BoxFuture;
    use medha_graph::store::{CheckpointError, Checkpointer, Head, Progress, StoredCheckpoint};
    use medha_graph::{CheckpointId, MemorySaver};

    #[derive(Clone, Copy, Debug, PartialEq)]
    pub(super) enum Fault {
        IgnoresHead,
        KeepsProgress,
        OldestFirst,
        NeverDeletes,
    }

    #[derive(Debug)]
    pub(super) struct Wrong(pub(super) MemorySaver, pub(super) Fault);

    impl Checkpointer for Wrong {
        fn load<'a>(&'a self, thread: &'a str) -> BoxFuture<'a, Result<Option<Head>, CheckpointError>> {
            self.0.load(thread)
        }

        fn commit<'a>(
            &'a self,
            thread: &'a str,
            expected: Option<CheckpointId>,
            checkpoint: StoredCheckpoint,
        ) -> BoxFuture<'a, Result<(), CheckpointError>> {
            Box::pin(async move {
                let before = self.0.load(thread).await?;
                let head = before.as_ref().map(|head| head.checkpoint.id);
                let expected = if self.1 == Fault::IgnoresHead { head } else { expected };
                let id = checkpoint.id;
                self.0.commit(thread, expected, checkpoint).await?;
                match before.filter(|_| self.1 == Fault::KeepsProgress) {
                    Some(before) => {
                        let progress = Progress { revision: 1, ..before.progress };
                        self.0.save_progress(thread, id, progress).await
                    }
                    None => Ok(()),
                }
            })
        }

        fn save_progress<'a>(
            &'a self,
            thread: &'a str,
            head: CheckpointId,
            progress: Progress,
        ) -> BoxFuture<'a, Result<(), CheckpointError>> {
            self.0.save_progress(thread, head, progress)
        }

        fn history<'a>(
            &'a self,
            thread: &'a str,
            before: Option<CheckpointId>,
            limit: usize,
        ) -> BoxFuture<'a, Result<Vec<StoredCheckpoint>, CheckpointError>> {
            Box::pin(async move {
                let mut history = self.0.history(thread, before, limit).await?;
                if self.1 == Fault::OldestFirst {
                    history.reverse();
                }
                Ok(history)
            })
        }

        fn delete<'a>(&'a self, thread: &'a str) -> BoxFuture<'a, Result<(), CheckpointError>> {
            Box::pin(async move {
                if self.1 == Fault::NeverDeletes { Ok(()) } else { self.0.delete(thread).await }
            })
        }
    }
}

#[tokio::test]
async fn the_suite_notices_a_saver_that_breaks_one_promise() {
    use wrong::{Fault, Wrong};
    for fault in [Fault::IgnoresHead, Fault::KeepsProgress, Fault::OldestFirst, Fault::NeverDeletes] {
        let broken = conformance::broken_promises(&Wrong(MemorySaver::default(), fault)).await;
        assert!(!broken.is_empty(), "{fault:?}");
    }
}
