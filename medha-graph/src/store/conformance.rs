//! The suite every saver passes. Run it in the tests of a saver, on an empty storage:
//!
//! ```
//! # async fn test() {
//! use medha_graph::MemorySaver;
//! use medha_graph::store::conformance;
//!
//! let broken = conformance::broken_promises(&MemorySaver::default()).await;
//! assert!(broken.is_empty(), "{broken:#?}");
//! # }
//! ```

use serde_json::json;

use super::checkpointer::{Checkpointer, Head, HistoryQuery};
use super::error::{CheckpointError, CheckpointErrorKind};
use super::key::ThreadKey;
use crate::engine::checkpoint::{CheckpointId, HeadRef, Line, RunId, TaskInput};
use crate::engine::record::{
    Cause, FORMAT, FieldValue, Json, Progress, StoredCheckpoint, StoredField, StoredTask, TaskProgress,
    Written,
};
use crate::node::failure::Failure;
use crate::state::Storage;

/// Every promise of [`Checkpointer`] this saver breaks, in words; empty for a good one.
///
/// Uses the threads `conformance a` and `conformance b`, and deletes them at the end.
pub async fn broken_promises(saver: &dyn Checkpointer) -> Vec<String> {
    let mut suite = Suite { saver, broken: Vec::new() };
    if let Err(error) = suite.run().await {
        suite.broken.push(format!("a call that should succeed failed: {error}"));
    }
    suite.broken
}

struct Suite<'a> {
    saver: &'a dyn Checkpointer,
    broken: Vec<String>,
}

const A: &str = "conformance a";
const B: &str = "conformance b";

impl Suite<'_> {
    async fn run(&mut self) -> Result<(), CheckpointError> {
        self.empty().await?;
        self.heads().await?;
        self.progress().await?;
        self.history().await?;
        self.threads().await
    }

    async fn empty(&mut self) -> Result<(), CheckpointError> {
        let head = self.saver.load(&key(A), None).await?;
        self.expect("a thread that was never run has no head", head.is_none());
        let history = self.saver.history(&key(A), &HistoryQuery::last(10)).await?;
        self.expect("a thread that was never run has no history", history.is_empty());
        let result = self.saver.save_progress(&key(A), head_ref(1), progress(1)).await;
        self.expect_conflict("progress needs a head", &result);
        let result = self.saver.commit(&key(A), Some(head_ref(1)), checkpoint(2)).await;
        self.expect_conflict("a first checkpoint expects no head", &result);
        self.saver.delete(A).await
    }

    async fn heads(&mut self) -> Result<(), CheckpointError> {
        self.saver.commit(&key(A), None, checkpoint(1)).await?;
        let head = self.saver.load(&key(A), None).await?;
        let expected = Head { checkpoint: checkpoint(1), progress: Progress::default(), effects: Vec::new() };
        self.expect("what was committed is loaded, unchanged", head == Some(expected));
        let result = self.saver.commit(&key(A), None, checkpoint(1)).await;
        self.expect_conflict("a second first checkpoint is refused", &result);
        self.saver.commit(&key(A), Some(head_ref(1)), checkpoint(2)).await?;
        let result = self.saver.commit(&key(A), Some(head_ref(1)), checkpoint(2)).await;
        self.expect_conflict("a checkpoint on an old head is refused", &result);
        let head = self.saver.load(&key(A), None).await?;
        let id = head.map(|head| head.checkpoint.id);
        self.expect("a refused checkpoint leaves the head", id == Some(CheckpointId(2)));
        Ok(())
    }

    async fn progress(&mut self) -> Result<(), CheckpointError> {
        let head = head_ref(2);
        self.saver.save_progress(&key(A), head, progress(1)).await?;
        let found = self.saver.load(&key(A), None).await?;
        let is_there = found.is_some_and(|found| found.progress == progress(1));
        self.expect("progress is loaded with its head", is_there);
        let empty = Progress { tasks: Vec::new(), ..progress(2) };
        self.saver.save_progress(&key(A), head, empty).await?;
        let found = self.saver.load(&key(A), None).await?;
        let is_empty = found.is_some_and(|found| found.progress.tasks.is_empty());
        self.expect("new progress replaces the old", is_empty);
        for (promise, stale) in [
            ("progress a second run has already replaced is refused", progress(2)),
            ("progress that is older than what there is is refused", progress(1)),
            ("progress that skips a revision is refused", progress(4)),
        ] {
            let result = self.saver.save_progress(&key(A), head, stale).await;
            self.expect_conflict(promise, &result);
        }
        let result = self.saver.save_progress(&key(A), head_ref(1), progress(3)).await;
        self.expect_conflict("progress on an old head is refused", &result);
        self.saver.save_progress(&key(A), head, progress(3)).await?;
        self.saver.commit(&key(A), Some(head), checkpoint(3)).await?;
        let found = self.saver.load(&key(A), None).await?;
        self.expect(
            "a new head has no progress",
            found.is_some_and(|found| found.progress == Progress::default()),
        );
        Ok(())
    }

    async fn history(&mut self) -> Result<(), CheckpointError> {
        let numbers = |history: Vec<StoredCheckpoint>| history.iter().map(|one| one.id.0).collect::<Vec<_>>();
        let all = numbers(self.saver.history(&key(A), &HistoryQuery::last(10)).await?);
        self.expect("history is newest first", all == [3, 2, 1]);
        let two = numbers(self.saver.history(&key(A), &HistoryQuery::last(2)).await?);
        self.expect("history stops at its limit", two == [3, 2]);
        let older =
            numbers(self.saver.history(&key(A), &HistoryQuery::last(1).before(CheckpointId(3))).await?);
        self.expect("history begins before the given checkpoint", older == [2]);
        Ok(())
    }

    async fn threads(&mut self) -> Result<(), CheckpointError> {
        self.saver.commit(&key(B), None, checkpoint(1)).await?;
        self.saver.delete(A).await?;
        let (a, b) = (self.saver.load(&key(A), None).await?, self.saver.load(&key(B), None).await?);
        self.expect("a deleted thread is gone", a.is_none());
        self.expect("deleting a thread leaves the others", b.is_some());
        self.saver.commit(&key(A), None, checkpoint(1)).await?;
        let history = self.saver.history(&key(A), &HistoryQuery::last(10)).await?;
        self.expect("a thread of the same name begins anew", history.len() == 1);
        self.saver.delete(A).await?;
        self.saver.delete(B).await
    }

    fn expect(&mut self, promise: &str, is_kept: bool) {
        if !is_kept {
            self.broken.push(promise.to_owned());
        }
    }

    fn expect_conflict(&mut self, promise: &str, result: &Result<(), CheckpointError>) {
        let is_conflict =
            matches!(result, Err(error) if matches!(error.kind, CheckpointErrorKind::Conflict { .. }));
        self.expect(promise, is_conflict);
    }
}

/// A checkpoint with something in every corner: large numbers, text of all kinds, nested values.
fn checkpoint(id: u64) -> StoredCheckpoint {
    let failure = Failure::new("worker", "quote \" and \u{1F600}").with_detail(json!({"a": [1, null]}));
    let value =
        json!({"big": u64::MAX, "small": i64::MIN, "half": 0.5, "text": "a\u{0}b\n\u{FFFD}", "none": null});
    let value = Json::of(&value).expect("a JSON value is written as JSON");
    StoredCheckpoint {
        format: FORMAT,
        id: CheckpointId(id),
        parent: id.checked_sub(1).filter(|parent| *parent > 0).map(CheckpointId),
        line: LINE,
        run: RunId(7),
        graph: "conformance".into(),
        version: 1,
        fingerprint: "0123456789abcdef".into(),
        cause: Cause::Superstep,
        step: id,
        saved_at: 1_700_000_000_000 + id,
        metadata: [("user".to_owned(), json!("u1"))].into_iter().collect(),
        origin: None,
        fields: vec![StoredField {
            name: "value".into(),
            storage: Storage::Whole,
            base: CheckpointId(id),
            last: CheckpointId(id),
            deltas: 0,
            delta_bytes: 0,
            base_bytes: 2,
        }],
        next: vec![
            StoredTask { node: "worker".into(), input: TaskInput::State },
            StoredTask { node: "worker".into(), input: TaskInput::Payload(json!({"item": [id]})) },
            StoredTask { node: "mend".into(), input: TaskInput::Failure(Box::new(failure)) },
        ],
        joins: Vec::new(),
        deferred: vec![StoredTask { node: "last".into(), input: TaskInput::State }],
        written: Written {
            tasks: Vec::new(),
            values: vec![FieldValue { field: "value".into(), json: value }],
        },
    }
}

fn key(thread: &str) -> ThreadKey {
    ThreadKey::root(thread)
}

fn head_ref(id: u64) -> HeadRef {
    HeadRef { id: CheckpointId(id), line: LINE }
}

const LINE: Line = Line(u64::MAX);

fn progress(revision: u64) -> Progress {
    let answers = [(0, json!("yes")), (7, json!(null))].into();
    let task = TaskProgress { position: 1, answers, ..TaskProgress::default() };
    Progress { format: FORMAT, revision, tasks: vec![task], commands: Vec::new() }
}
