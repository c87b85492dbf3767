//! What is forgotten: a plan made of what checkpoints need of each other, which every saver carries out in its own way.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::checkpoint::CheckpointId;
use crate::engine::name::Name;
use crate::engine::record::{Cause, StoredCheckpoint, Written};

/// Which checkpoints of a history are kept; one is kept if any rule keeps it. The head always is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    last: usize,
    since: Option<u64>,
    inputs: bool,
}

impl Retention {
    /// Keeps the head alone.
    #[must_use]
    pub fn head() -> Self {
        Self::default()
    }

    /// Keeps the newest `count` checkpoints.
    #[must_use]
    pub fn last(count: usize) -> Self {
        Self { last: count, ..Self::default() }
    }

    /// Also keeps what was stored at or after this time, in milliseconds since 1970.
    #[must_use]
    pub fn since(mut self, time: u64) -> Self {
        self.since = Some(time);
        self
    }

    /// Also keeps the checkpoints at which runs began.
    #[must_use]
    pub fn inputs(mut self) -> Self {
        self.inputs = true;
        self
    }

    fn keeps(&self, newer: usize, checkpoint: &StoredCheckpoint) -> bool {
        newer < self.last.max(1)
            || self.since.is_some_and(|since| checkpoint.saved_at >= since)
            || (self.inputs && checkpoint.cause == Cause::Input)
    }
}

/// What was forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Checkpoints that are no longer in the history.
    pub checkpoints: usize,
    /// Of those, the ones of which something is still kept, because a newer checkpoint needs it.
    pub still_needed: usize,
}

/// What to do with the checkpoints of one history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Nothing of them is needed.
    pub delete: Vec<CheckpointId>,
    /// They leave the history; of what they have written, only these fields stay.
    pub hollow: Vec<(CheckpointId, BTreeSet<Name>)>,
}

/// Plans what is forgotten of a history. `stored` is all of it, ascending; `hollow` are the numbers of those that an
/// earlier prune has taken out of the history already.
pub fn plan(retention: &Retention, stored: &[StoredCheckpoint], hollow: &BTreeSet<CheckpointId>) -> Plan {
    let listed: Vec<&StoredCheckpoint> =
        stored.iter().filter(|checkpoint| !hollow.contains(&checkpoint.id)).collect();
    let count = listed.len();
    let is_kept =
        |(index, checkpoint): &(usize, &&StoredCheckpoint)| retention.keeps(count - 1 - index, checkpoint);
    let kept: BTreeMap<CheckpointId, &StoredCheckpoint> = listed
        .iter()
        .enumerate()
        .filter(is_kept)
        .map(|(_, checkpoint)| (checkpoint.id, *checkpoint))
        .collect();
    let mut plan = Plan::default();
    for checkpoint in stored.iter().filter(|checkpoint| !kept.contains_key(&checkpoint.id)) {
        let fields: BTreeSet<Name> = kept
            .values()
            .flat_map(|kept| &kept.fields)
            .filter(|field| field.base <= checkpoint.id && checkpoint.id <= field.last)
            .map(|field| field.name.clone())
            .collect();
        if fields.is_empty() {
            plan.delete.push(checkpoint.id);
        } else {
            plan.hollow.push((checkpoint.id, fields));
        }
    }
    plan
}

/// What stays of what a checkpoint has written when only some fields of it are needed.
#[must_use]
pub fn hollowed(mut written: Written, fields: &BTreeSet<Name>) -> Written {
    use crate::engine::record::StoredOutcome;
    written.values.retain(|value| fields.contains(&value.field));
    for task in &mut written.tasks {
        if let StoredOutcome::Done { writes, goto } = &mut task.outcome {
            writes.retain(|write| fields.contains(&write.field));
            goto.clear();
        }
    }
    written
        .tasks
        .retain(|task| matches!(&task.outcome, StoredOutcome::Done { writes, .. } if !writes.is_empty()));
    written
}
