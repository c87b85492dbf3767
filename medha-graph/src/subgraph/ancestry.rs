//! The supersteps that lead to a checkpoint, over all forks: they say which visits of a subgraph it knows of.

use std::collections::BTreeMap;

use crate::engine::checkpoint::{CheckpointId, Line};
use crate::engine::record::{Origin, StoredCheckpoint};
use crate::store::checkpointer::{Checkpointer, HistoryQuery};
use crate::store::error::CheckpointError;
use crate::store::key::ThreadKey;

/// For each line of history that leads to a checkpoint, its supersteps.
#[derive(Debug, Default)]
pub(super) struct Ancestry(Vec<Span>);

#[derive(Debug)]
struct Span {
    line: Line,
    /// The superstep before the first.
    after: u64,
    /// The last superstep.
    until: u64,
}

impl Ancestry {
    /// The supersteps that lead to this checkpoint.
    pub(super) async fn of(
        saver: &dyn Checkpointer,
        key: &ThreadKey,
        at: CheckpointId,
    ) -> Result<Self, CheckpointError> {
        let query = HistoryQuery::default().before(CheckpointId(at.0.saturating_add(1)));
        let history = saver.history(key, &query).await?;
        let by_id: BTreeMap<CheckpointId, &StoredCheckpoint> =
            history.iter().map(|checkpoint| (checkpoint.id, checkpoint)).collect();
        let mut spans: Vec<Span> = Vec::new();
        let mut next = by_id.get(&at);
        while let Some(checkpoint) = next {
            let parent = checkpoint.parent.and_then(|id| by_id.get(&id));
            let after = parent.map_or(0, |parent| parent.step);
            match spans.last_mut().filter(|span| span.line == checkpoint.line) {
                Some(span) => span.after = after,
                None => spans.push(Span { line: checkpoint.line, after, until: checkpoint.step }),
            }
            next = parent;
        }
        Ok(Self(spans))
    }

    /// Whether the superstep of this task is among them.
    pub(super) fn has(&self, origin: &Origin) -> bool {
        self.0
            .iter()
            .any(|span| span.line == origin.line && span.after < origin.step && origin.step <= span.until)
    }

    /// Counts the superstep after the checkpoint in.
    pub(super) fn and_next(mut self) -> Self {
        if let Some(span) = self.0.first_mut() {
            span.until += 1;
        }
        self
    }

    /// The last checkpoint of a subgraph that one of them has led to.
    pub(super) async fn last_visit(
        &self,
        saver: &dyn Checkpointer,
        key: &ThreadKey,
    ) -> Result<Option<CheckpointId>, CheckpointError> {
        Ok(self.last_visit_with_origin(saver, key).await?.map(|(id, _)| id))
    }

    /// The same, with the task.
    pub(super) async fn last_visit_with_origin(
        &self,
        saver: &dyn Checkpointer,
        key: &ThreadKey,
    ) -> Result<Option<(CheckpointId, Origin)>, CheckpointError> {
        let history = saver.history(key, &HistoryQuery::default()).await?;
        let mut visits = history.iter().filter_map(|checkpoint| Some((checkpoint.id, checkpoint.origin?)));
        Ok(visits.find(|(_, origin)| self.has(origin)))
    }
}
