//! What is forgotten: a plan made of what checkpoints need of each other, which every saver carries out in its own way.
//!
//! ```
//! # use medha_graph::prelude::*;
//! use medha_graph::store::{CheckpointError, Checkpointer};
//! use medha_graph::store::retention::{Retention, retain};
//!
//! # async fn nightly(now: u64) -> Result<(), CheckpointError> {
//! # let saver = MemorySaver::default();
//! // One thread: its last 10 checkpoints, and the ones at which runs began.
//! saver.prune("essay-1", &Retention::last(10).inputs()).await?;
//! // All threads; those that nothing has happened in for 90 days are deleted.
//! let swept = retain(&saver, &Retention::last(10), Some(now - 90 * 24 * 3_600_000)).await?;
//! println!("{} threads deleted, {} checkpoints forgotten", swept.deleted, swept.pruned.checkpoints);
//! # Ok(()) }
//! ```

use std::collections::{BTreeMap, BTreeSet};

use super::checkpointer::Checkpointer;
use super::error::CheckpointError;
use super::key::ThreadKey;
use crate::engine::checkpoint::CheckpointId;
use crate::engine::name::Name;
use crate::engine::record::{Cause, StoredCheckpoint, StoredOutcome, Written};

/// Threads that [`retain`] asks for at a time.
const PAGE: usize = 100;

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

    pub(super) fn keeps(&self, newer: usize, checkpoint: &StoredCheckpoint) -> bool {
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
    /// Checkpoints outside the history of which something is still kept, because a newer one needs it.
    pub still_needed: usize,
}

/// What [`retain`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Threads that were looked at.
    pub threads: usize,
    /// Threads that were deleted whole.
    pub deleted: usize,
    /// What was forgotten of the others.
    pub pruned: Pruned,
}

/// Prunes every thread of a saver, and deletes those whose last checkpoint is older than `idle_since` (milliseconds
/// since 1970), open questions or not. For a job that is run now and then; it may run beside everything else.
pub async fn retain(
    saver: &dyn Checkpointer,
    retention: &Retention,
    idle_since: Option<u64>,
) -> Result<Swept, CheckpointError> {
    let mut swept = Swept::default();
    let mut page = saver.threads(None, PAGE).await?;
    while let Some(last) = page.last().cloned() {
        for thread in &page {
            swept.threads += 1;
            let head = match idle_since {
                Some(_) => saver.load(&ThreadKey::root(thread.as_str()), None).await?,
                None => None,
            };
            if head.is_some_and(|head| idle_since.is_some_and(|since| head.checkpoint.saved_at < since)) {
                saver.delete(thread).await?;
                swept.deleted += 1;
            } else {
                let pruned = saver.prune(thread, retention).await?;
                swept.pruned.checkpoints += pruned.checkpoints;
                swept.pruned.still_needed += pruned.still_needed;
            }
        }
        page = saver.threads(Some(&last), PAGE).await?;
    }
    Ok(swept)
}

/// One history of a thread, as [`plan_thread`] needs it.
#[derive(Clone, Copy, Debug)]
pub struct StoredHistory<'a> {
    /// Its namespace.
    pub namespace: &'a str,
    /// All its checkpoints, ascending. What they have written is not looked at.
    pub stored: &'a [StoredCheckpoint],
    /// The numbers of those that an earlier prune has taken out of the history already.
    pub hollow: &'a BTreeSet<CheckpointId>,
}

impl StoredHistory<'_> {
    fn listed(&self) -> impl DoubleEndedIterator<Item = &StoredCheckpoint> {
        self.stored.iter().filter(|checkpoint| !self.hollow.contains(&checkpoint.id))
    }
}

/// What to do with one history. Exhaustive on purpose: a saver carries out each of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Forget {
    /// All of it: it belongs to a superstep that is no longer in the history of its parent.
    Whole,
    /// Some of its checkpoints.
    Some(Plan),
}

/// What to do with the checkpoints of one history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Nothing of them is needed.
    pub delete: Vec<CheckpointId>,
    /// They leave the history; of what they have written, only these fields stay.
    pub hollow: Vec<(CheckpointId, BTreeSet<Name>)>,
}

/// Plans what is forgotten of a thread: one answer per history, in the same order. `histories` are all of them, each
/// after the one its namespace lies in (the order of [`Checkpointer::namespaces`]).
#[must_use]
pub fn plan_thread(retention: &Retention, histories: &[StoredHistory<'_>]) -> Vec<Forget> {
    let mut plans: BTreeMap<&str, (StoredHistory<'_>, Forget)> = BTreeMap::new();
    let mut answers = Vec::with_capacity(histories.len());
    for history in histories {
        let is_orphan = parent_of(history.namespace)
            .and_then(|(parent, segment)| Some((plans.get(parent)?, segment)))
            .is_some_and(|((parent, forget), segment)| is_orphan(history, segment, parent, forget));
        let forget = if is_orphan {
            Forget::Whole
        } else {
            Forget::Some(plan(retention, history.stored, history.hollow))
        };
        answers.push(forget.clone());
        plans.insert(history.namespace, (*history, forget));
    }
    answers
}

/// The namespace a namespace lies in, and its last segment.
fn parent_of(namespace: &str) -> Option<(&str, &str)> {
    (!namespace.is_empty()).then(|| namespace.rsplit_once('/').unwrap_or(("", namespace)))
}

/// Whether the superstep that a history belongs to is forgotten. A history that outlives runs has no `:` in its last
/// segment and belongs to none; it goes only with its parent.
fn is_orphan(
    child: &StoredHistory<'_>,
    segment: &str,
    parent: &StoredHistory<'_>,
    of_parent: &Forget,
) -> bool {
    let plan = match of_parent {
        Forget::Whole => return true,
        Forget::Some(plan) => plan,
    };
    let origin = child.listed().next_back().and_then(|head| head.origin);
    let (Some(origin), Some(head)) = (origin, parent.listed().next_back()) else { return false };
    // With exit durability, the superstep may lie ahead of all that is stored.
    let is_under_way = head.line == origin.line && head.step < origin.step;
    if !segment.contains(':') || is_under_way {
        return false;
    }
    let gone: BTreeSet<CheckpointId> =
        plan.delete.iter().chain(plan.hollow.iter().map(|(id, _)| id)).copied().collect();
    let mut kept = parent.listed().filter(|checkpoint| !gone.contains(&checkpoint.id));
    !kept.any(|kept| kept.id == origin.checkpoint || (kept.line == origin.line && kept.step == origin.step))
}

/// Plans what is forgotten of one history. `stored` is all of it, ascending; `hollow` are the numbers of those that an
/// earlier prune has taken out of the history already.
#[must_use]
pub fn plan(retention: &Retention, stored: &[StoredCheckpoint], hollow: &BTreeSet<CheckpointId>) -> Plan {
    let mut kept: BTreeSet<CheckpointId> = BTreeSet::new();
    let mut needed: BTreeMap<&Name, Vec<(CheckpointId, CheckpointId)>> = BTreeMap::new();
    let listed = stored.iter().rev().filter(|checkpoint| !hollow.contains(&checkpoint.id));
    for (_, checkpoint) in listed.enumerate().filter(|(newer, one)| retention.keeps(*newer, one)) {
        kept.insert(checkpoint.id);
        for field in &checkpoint.fields {
            needed.entry(&field.name).or_default().push((field.base, field.last));
        }
    }
    needed.values_mut().for_each(merge);
    let mut plan = Plan::default();
    for checkpoint in stored.iter().filter(|checkpoint| !kept.contains(&checkpoint.id)) {
        let is_needed = |ranges: &[(CheckpointId, CheckpointId)]| {
            let after = ranges.partition_point(|(from, _)| *from <= checkpoint.id);
            after > 0 && checkpoint.id <= ranges[after - 1].1
        };
        let fields = needed.iter().filter(|(_, ranges)| is_needed(ranges));
        let fields: BTreeSet<Name> = fields.map(|(name, _)| (*name).clone()).collect();
        if fields.is_empty() {
            plan.delete.push(checkpoint.id);
        } else {
            plan.hollow.push((checkpoint.id, fields));
        }
    }
    plan
}

/// Ranges in order, those that overlap as one.
fn merge(ranges: &mut Vec<(CheckpointId, CheckpointId)>) {
    ranges.sort_unstable();
    ranges.dedup_by(|next, before| {
        let overlap = next.0 <= before.1;
        if overlap {
            before.1 = before.1.max(next.1);
        }
        overlap
    });
}

/// What stays of what a checkpoint has written when only some fields of it are needed.
#[must_use]
pub fn hollowed(mut written: Written, fields: &BTreeSet<Name>) -> Written {
    written.values.retain(|value| fields.contains(&value.field));
    for task in &mut written.tasks {
        if let StoredOutcome::Done { writes, goto, timeouts } = &mut task.outcome {
            writes.retain(|write| fields.contains(&write.field));
            goto.clear();
            timeouts.clear();
        }
    }
    written
        .tasks
        .retain(|task| matches!(&task.outcome, StoredOutcome::Done { writes, .. } if !writes.is_empty()));
    written
}

#[cfg(test)]
#[path = "retention_tests.rs"]
mod tests;
