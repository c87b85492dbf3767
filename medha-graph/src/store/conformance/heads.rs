//! The head moves by compare-and-swap, on its number and its line.

use super::fixture::{LINE, bare, full, head_ref, key};
use super::suite::{Checked, Suite, id};
use crate::engine::checkpoint::{HeadRef, Line};
use crate::engine::record::{Progress, StoredCheckpoint};
use crate::store::checkpointer::{Head, HistoryQuery};

const A: &str = "conformance heads";

impl Suite<'_> {
    pub(super) async fn heads(&mut self) -> Checked {
        let key = &key(A);
        let head = self.saver.load(key, None).await?;
        self.expect("a thread that was never run has no head", head.is_none());
        self.expect(
            "a thread that was never run has no checkpoint",
            self.saver.load(key, Some(id(1))).await?.is_none(),
        );
        let history = self.saver.history(key, &HistoryQuery::default()).await?;
        self.expect("a thread that was never run has no history", history.is_empty());
        let refused = self.saver.commit(key, Some(head_ref(1)), bare(2)).await;
        self.expect_conflict("a head that was never there is refused", &refused, Some(head_ref(1)), None);

        self.saver.commit(key, None, full(1)).await?;
        let expected =
            |number| Head { checkpoint: full(number), progress: Progress::default(), effects: Vec::new() };
        let head = self.saver.load(key, None).await?;
        self.expect("what was committed is loaded, unchanged", head == Some(expected(1)));
        let refused = self.saver.commit(key, None, bare(1)).await;
        self.expect_conflict("a second first checkpoint is refused", &refused, None, Some(head_ref(1)));

        self.saver.commit(key, Some(head_ref(1)), full(2)).await?;
        let refused = self.saver.commit(key, Some(head_ref(1)), bare(2)).await;
        let (old, now) = (Some(head_ref(1)), Some(head_ref(2)));
        self.expect_conflict("a checkpoint on an old head is refused", &refused, old, now);
        let refused = self.saver.commit(key, Some(head_ref(1)), bare(3)).await;
        self.expect_conflict(
            "a checkpoint on an old head is refused, whatever its number",
            &refused,
            old,
            now,
        );
        let other = HeadRef { id: id(2), line: Line(LINE.0 - 1) };
        let refused = self.saver.commit(key, Some(other), bare(3)).await;
        self.expect_conflict(
            "a head of the same number on another line is refused",
            &refused,
            Some(other),
            now,
        );
        self.expect("a refused checkpoint leaves the head", self.head(key).await? == now);
        self.expect(
            "a refused checkpoint is not in the history",
            self.ids(key, &HistoryQuery::default()).await? == [2, 1],
        );

        let fork = StoredCheckpoint { line: Line(9), parent: Some(id(1)), ..full(3) };
        self.saver.commit(key, Some(head_ref(2)), fork.clone()).await?;
        let head = self.saver.load(key, None).await?;
        self.expect(
            "a checkpoint on another line becomes the head",
            head.is_some_and(|head| head.checkpoint == fork),
        );
        let first = self.saver.load(key, Some(id(1))).await?;
        self.expect("an earlier checkpoint can be loaded by its number", first == Some(expected(1)));
        self.expect(
            "a number that is not there loads nothing",
            self.saver.load(key, Some(id(4))).await?.is_none(),
        );
        self.saver.delete(A).await
    }
}
