//! Progress belongs to a head, and moves revision by revision.

use super::fixture::{LINE, bare, head_ref, key, progress};
use super::suite::{Checked, Suite, id};
use crate::engine::checkpoint::{HeadRef, Line};
use crate::engine::record::Progress;

const A: &str = "conformance progress";

impl Suite<'_> {
    pub(super) async fn progress(&mut self) -> Checked {
        let (key, head) = (&key(A), head_ref(2));
        let refused = self.saver.save_progress(key, head_ref(1), progress(1)).await;
        self.expect_conflict("progress needs a head", &refused, Some(head_ref(1)), None);
        self.commit_all(key, [bare(1), bare(2)]).await?;
        for (promise, revision) in
            [("the first progress has revision 1", 2), ("the first progress has revision 1, not 0", 0)]
        {
            let refused = self.saver.save_progress(key, head, progress(revision)).await;
            self.expect_conflict(promise, &refused, Some(head), Some(head));
        }
        self.saver.save_progress(key, head, progress(1)).await?;
        self.expect(
            "progress is loaded with its head, unchanged",
            self.saved(key).await? == Some(progress(1)),
        );
        let empty = Progress { tasks: Vec::new(), ..progress(2) };
        self.saver.save_progress(key, head, empty.clone()).await?;
        self.expect("new progress replaces the old", self.saved(key).await? == Some(empty));
        for (promise, revision) in [
            ("progress a second run has already replaced is refused", 2),
            ("progress that is older than what there is is refused", 1),
            ("progress that skips a revision is refused", 4),
        ] {
            let refused = self.saver.save_progress(key, head, progress(revision)).await;
            self.expect_conflict(promise, &refused, Some(head), Some(head));
        }
        for (promise, stale) in [
            ("progress on an old head is refused", head_ref(1)),
            ("progress on another line is refused", HeadRef { line: Line(LINE.0 - 1), ..head }),
            ("progress on a head that is not there yet is refused", head_ref(3)),
        ] {
            for revision in [1, 3] {
                let refused = self.saver.save_progress(key, stale, progress(revision)).await;
                self.expect_conflict(promise, &refused, Some(stale), Some(head));
            }
        }
        self.saver.save_progress(key, head, progress(3)).await?;
        let at = self.saver.load(key, Some(id(2))).await?;
        self.expect(
            "a checkpoint loaded by its number has no progress",
            at.is_some_and(|at| at.progress == Progress::default()),
        );
        self.saver.commit(key, Some(head), bare(3)).await?;
        self.expect("a new head has no progress", self.saved(key).await? == Some(Progress::default()));
        let refused = self.saver.save_progress(key, head_ref(3), progress(4)).await;
        let now = Some(head_ref(3));
        self.expect_conflict("a new head begins at revision 1", &refused, now, now);
        self.saver.save_progress(key, head_ref(3), progress(1)).await?;
        self.expect("a new head takes new progress", self.saved(key).await? == Some(progress(1)));
        self.saver.delete(A).await?;
        self.commit_all(key, [bare(1), bare(2), bare(3)]).await?;
        self.expect(
            "a thread that was deleted and run again has no progress",
            self.saved(key).await? == Some(Progress::default()),
        );
        self.saver.delete(A).await
    }

    async fn saved(
        &self,
        key: &crate::store::key::ThreadKey,
    ) -> Result<Option<Progress>, crate::store::error::CheckpointError> {
        Ok(self.saver.load(key, None).await?.map(|head| head.progress))
    }
}
