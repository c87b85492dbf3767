//! Reads where a thread stands: a checkpoint, and what others have written of its state.

use super::error::RunError;
use crate::engine::checkpoint::CheckpointId;
use crate::engine::record::{StoredCheckpoint, ranges};
use crate::engine::restore::Piece;
use crate::engine::session::Standing;
use crate::graph::topology::Topology;
use crate::state::State;
use crate::store::checkpointer::{Checkpointer, Head};
use crate::store::key::ThreadKey;

/// The checkpoint a run opens on: the head, or an earlier one.
pub(crate) async fn standing<S: State>(
    saver: &dyn Checkpointer,
    topology: &Topology<S>,
    key: &ThreadKey,
    at: Option<CheckpointId>,
) -> Result<Option<Standing<S>>, RunError> {
    let Some(head) = saver.load(key, None).await? else {
        return match at {
            Some(id) => Err(RunError::NoSuchCheckpoint { thread: key.to_string(), id }),
            None => Ok(None),
        };
    };
    let tip = head.checkpoint.head_ref();
    let head = match at {
        Some(id) if id != tip.id => saver
            .load(key, at)
            .await?
            .ok_or_else(|| RunError::NoSuchCheckpoint { thread: key.to_string(), id })?,
        Some(_) | None => head,
    };
    let Head { checkpoint, .. } = &head;
    let pieces = pieces(saver, key, checkpoint).await?;
    let mut standing = Standing::new(topology, key, head, &pieces)?;
    (standing.tip, standing.is_past) = (tip, at.is_some());
    Ok(Some(standing))
}

/// What the state of a checkpoint is made of.
pub(crate) async fn pieces(
    saver: &dyn Checkpointer,
    key: &ThreadKey,
    checkpoint: &StoredCheckpoint,
) -> Result<Vec<Piece>, RunError> {
    let needs = checkpoint.needs();
    let is_alone = needs.iter().all(|(from, to)| *from == checkpoint.id && *to == checkpoint.id);
    if is_alone && !needs.is_empty() {
        return Ok(vec![(checkpoint.id, checkpoint.written.clone())]);
    }
    Ok(saver.written(key, &needs).await?)
}

/// What the states of several checkpoints are made of, and what each of them has written: one question to the saver.
pub(crate) async fn pieces_of_all(
    saver: &dyn Checkpointer,
    key: &ThreadKey,
    checkpoints: &[StoredCheckpoint],
) -> Result<Vec<Piece>, RunError> {
    let needs = checkpoints.iter().flat_map(|one| one.needs().into_iter().chain([(one.id, one.id)]));
    let ranges = ranges(needs);
    if ranges.is_empty() { Ok(Vec::new()) } else { Ok(saver.written(key, &ranges).await?) }
}
