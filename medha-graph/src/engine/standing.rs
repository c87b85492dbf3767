//! Where a thread stands when a run opens on it.

use std::collections::BTreeMap;

use super::checkpoint::{Checkpoint, Frontier, HeadRef};
use super::record::{Progress, Recorded, StoredCheckpoint};
use super::restore::{self, Piece};
use crate::graph::topology::Topology;
use crate::state::State;
use crate::store::checkpointer::Head;
use crate::store::error::CheckpointError;
use crate::store::key::ThreadKey;

/// The checkpoint a run opens on.
#[derive(Debug)]
pub(crate) struct Standing<S> {
    pub(crate) stored: StoredCheckpoint,
    pub(crate) checkpoint: Checkpoint<S>,
    pub(crate) progress: Progress,
    pub(crate) effects: Effects,
    /// The last checkpoint of the thread; another one than `stored` where history is to fork.
    pub(crate) tip: HeadRef,
    /// Whether the run was asked for at this checkpoint rather than at the head.
    pub(crate) is_past: bool,
}

/// Recorded effects by superstep and position.
pub(crate) type Effects = BTreeMap<(u64, usize), Recorded>;

impl<S: State> Standing<S> {
    /// Puts numbers for names.
    pub(crate) fn new(
        topology: &Topology<S>,
        key: &ThreadKey,
        mut head: Head,
        pieces: &[Piece],
    ) -> Result<Self, CheckpointError> {
        let unusable = |why| CheckpointError::unusable(key, &why);
        restore::check_progress(&head.progress).map_err(unusable)?;
        restore::bring_up(topology, key, &mut head).map_err(unusable)?;
        let checkpoint = restore::checkpoint(topology, &head.checkpoint, pieces).map_err(unusable)?;
        let mut effects = Effects::new();
        for effect in head.effects {
            effects.entry((effect.step, effect.position)).or_default().insert(effect.key, effect.json);
        }
        let tip = head.checkpoint.head_ref();
        let (stored, progress) = (head.checkpoint, head.progress);
        Ok(Self { stored, checkpoint, progress, effects, tip, is_past: false })
    }

    /// The place where a history ends, for a run that begins with nothing of it.
    pub(crate) fn end_of(topology: &Topology<S>, stored: StoredCheckpoint) -> Self {
        let checkpoint = Checkpoint { state: topology.initial.clone(), frontier: Frontier::empty(topology) };
        let tip = stored.head_ref();
        let (progress, effects) = (Progress::default(), Effects::new());
        Self { stored, checkpoint, progress, effects, tip, is_past: false }
    }

    /// The state alone, with nothing to run: this works where the graph could not go on.
    pub(crate) fn idle(
        topology: &Topology<S>,
        key: &ThreadKey,
        head: Head,
        pieces: &[Piece],
    ) -> Result<Self, CheckpointError> {
        let (next, joins, deferred) = (Vec::new(), Vec::new(), Vec::new());
        let checkpoint = StoredCheckpoint { next, joins, deferred, ..head.checkpoint };
        let (progress, effects) = (Progress::default(), Vec::new());
        Self::new(topology, key, Head { checkpoint, progress, effects }, pieces)
    }
}
