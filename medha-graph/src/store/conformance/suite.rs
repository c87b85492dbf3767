//! Runs the subjects one after another and collects what is broken.

use super::fixture::key;
use crate::engine::checkpoint::{CheckpointId, HeadRef};
use crate::engine::record::{StoredCheckpoint, StoredField};
use crate::store::checkpointer::{Checkpointer, HistoryQuery};
use crate::store::error::{CheckpointError, CheckpointErrorKind};
use crate::store::key::ThreadKey;

/// Every promise of [`Checkpointer`] this saver breaks, in words; empty for a good one.
///
/// Uses threads whose names begin with `conformance`, and deletes them at the end.
pub async fn broken_promises(saver: &dyn Checkpointer) -> Vec<String> {
    let mut suite = Suite { saver, broken: Vec::new() };
    let ended = [
        ("heads", suite.heads().await),
        ("values", suite.values().await),
        ("progress", suite.progress().await),
        ("effects", suite.effects().await),
        ("written", suite.written().await),
        ("history", suite.history().await),
        ("threads", suite.threads().await),
        ("copies", suite.copies().await),
        ("pruning", suite.pruning().await),
        ("writers", suite.writers().await),
        ("deletion", suite.leave_nothing().await),
    ];
    for (subject, result) in ended {
        if let Err(error) = result {
            suite.broken.push(format!("{subject}: a call that should succeed failed: {error}"));
        }
    }
    suite.broken
}

pub(super) type Checked = Result<(), CheckpointError>;

pub(super) struct Suite<'a> {
    pub(super) saver: &'a dyn Checkpointer,
    broken: Vec<String>,
}

impl Suite<'_> {
    pub(super) fn expect(&mut self, promise: &str, is_kept: bool) {
        if !is_kept && !self.broken.iter().any(|broken| broken == promise) {
            self.broken.push(promise.to_owned());
        }
    }

    /// The call must be refused because of this.
    pub(super) fn expect_conflict(
        &mut self,
        promise: &str,
        result: &Checked,
        expected: Option<HeadRef>,
        found: Option<HeadRef>,
    ) {
        let wanted = CheckpointErrorKind::Conflict { expected, found };
        let is_refused = matches!(result, Err(error) if error.kind == wanted);
        self.expect(promise, is_refused);
    }

    pub(super) async fn head(&self, key: &ThreadKey) -> Result<Option<HeadRef>, CheckpointError> {
        let head = self.saver.load(key, None).await?;
        Ok(head.map(|head| head.checkpoint.head_ref()))
    }

    /// The numbers of the checkpoints that a query finds.
    pub(super) async fn ids(
        &self,
        key: &ThreadKey,
        query: &HistoryQuery,
    ) -> Result<Vec<u64>, CheckpointError> {
        let found = self.saver.history(key, query).await?;
        Ok(found.iter().map(|checkpoint| checkpoint.id.0).collect())
    }

    /// Stores these on an empty history, one on the other.
    pub(super) async fn commit_all(
        &self,
        key: &ThreadKey,
        checkpoints: impl IntoIterator<Item = StoredCheckpoint>,
    ) -> Result<Option<HeadRef>, CheckpointError> {
        let mut head = None;
        for checkpoint in checkpoints {
            let next = checkpoint.head_ref();
            self.saver.commit(key, head, checkpoint).await?;
            head = Some(next);
        }
        Ok(head)
    }

    /// The pieces the fields of a checkpoint are made of, in order, as a reader puts them together.
    pub(super) async fn assembled(
        &self,
        key: &ThreadKey,
        checkpoint: &StoredCheckpoint,
    ) -> Result<Vec<Option<Vec<String>>>, CheckpointError> {
        let pieces = self.saver.written(key, &checkpoint.needs()).await?;
        let of_field = |field: &StoredField| {
            let base = pieces.iter().position(|(id, _)| *id == field.base)?;
            let written = &pieces[base].1;
            let last_write = || written.writes_to(&field.name).last().map(|write| &write.json);
            let mut texts = vec![written.value_of(&field.name).or_else(last_write)?.get().to_owned()];
            let later = pieces[base + 1..].iter().filter(|(id, _)| *id <= field.last);
            let writes = later.flat_map(|(_, written)| written.writes_to(&field.name));
            texts.extend(writes.map(|write| write.json.get().to_owned()));
            Some(texts)
        };
        Ok(checkpoint.fields.iter().map(of_field).collect())
    }

    async fn leave_nothing(&mut self) -> Checked {
        let mut after: Option<String> = Some("conformance".to_owned());
        loop {
            let names = self.saver.threads(after.as_deref(), 50).await?;
            let ours: Vec<&String> = names.iter().filter(|name| name.starts_with("conformance")).collect();
            for name in &ours {
                self.saver.delete(name).await?;
                self.expect("a deleted thread is gone", self.head(&key(name)).await?.is_none());
            }
            match names.last() {
                Some(last) if ours.len() == names.len() => after = Some(last.clone()),
                Some(_) | None => return Ok(()),
            }
        }
    }
}

pub(super) fn id(number: u64) -> CheckpointId {
    CheckpointId(number)
}
