//! The saver in memory: the model of all savers, for tests and for programs that need no more.

use std::collections::{BTreeMap, BTreeSet};
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::checkpointer::{Answer, Checkpointer, Head, HistoryQuery};
use super::error::CheckpointError;
use super::key::ThreadKey;
use super::retention::{self, Forget, Plan, Pruned, Retention, StoredHistory};
use crate::engine::checkpoint::{CheckpointId, HeadRef, Line};
use crate::engine::record::{Effect, Progress, StoredCheckpoint, Written};

/// Keeps every checkpoint in memory, in stored form; clones share what they keep.
///
/// It forgets nothing until [`prune`](Checkpointer::prune) or [`delete`](Checkpointer::delete): a long-lived program
/// deletes the threads it is done with.
#[derive(Clone, Debug, Default)]
pub struct MemorySaver {
    histories: Arc<Mutex<BTreeMap<ThreadKey, History>>>,
}

#[derive(Clone, Debug, Default)]
struct History {
    /// Ascending; the numbers of those that were pruned and are still needed are in `hollow`.
    checkpoints: Vec<StoredCheckpoint>,
    hollow: BTreeSet<CheckpointId>,
    progress: Progress,
    effects: Vec<Effect>,
}

impl History {
    fn head(&self) -> Option<HeadRef> {
        self.checkpoints.last().map(StoredCheckpoint::head_ref)
    }

    fn find(&self, id: CheckpointId) -> Option<&StoredCheckpoint> {
        let found = self.checkpoints.binary_search_by_key(&id, |checkpoint| checkpoint.id).ok()?;
        Some(&self.checkpoints[found]).filter(|_| !self.hollow.contains(&id))
    }

    fn load(&self, at: Option<CheckpointId>) -> Option<Head> {
        if let Some(id) = at {
            let checkpoint = self.find(id)?.clone();
            return Some(Head { checkpoint, progress: Progress::default(), effects: Vec::new() });
        }
        let checkpoint = self.checkpoints.last()?.clone();
        let is_later = |effect: &&Effect| effect.line == checkpoint.line && effect.step > checkpoint.step;
        let effects = self.effects.iter().filter(is_later).cloned().collect();
        Some(Head { checkpoint, progress: self.progress.clone(), effects })
    }

    fn written(&self, ranges: &[(CheckpointId, CheckpointId)]) -> Vec<(CheckpointId, Written)> {
        let mut found = Vec::new();
        for (from, to) in ranges {
            let start = self.checkpoints.partition_point(|checkpoint| checkpoint.id < *from);
            let within = self.checkpoints[start..].iter().take_while(|checkpoint| checkpoint.id <= *to);
            found.extend(within.map(|checkpoint| (checkpoint.id, checkpoint.written.clone())));
        }
        found
    }

    fn commit(&mut self, checkpoint: StoredCheckpoint) {
        self.checkpoints.push(checkpoint);
        self.progress = Progress::default();
    }

    fn forget(&mut self, plan: Plan) -> Pruned {
        let leaving = plan.delete.iter().chain(plan.hollow.iter().map(|(id, _)| id));
        let checkpoints = leaving.filter(|id| !self.hollow.contains(id)).count();
        for (id, fields) in &plan.hollow {
            self.hollow.insert(*id);
            if let Ok(index) = self.checkpoints.binary_search_by_key(id, |checkpoint| checkpoint.id) {
                let written = std::mem::take(&mut self.checkpoints[index].written);
                self.checkpoints[index].written = retention::hollowed(written, fields);
            }
        }
        let gone: BTreeSet<CheckpointId> = plan.delete.into_iter().collect();
        self.checkpoints.retain(|checkpoint| !gone.contains(&checkpoint.id));
        self.hollow.retain(|id| !gone.contains(id));
        let oldest = self.checkpoints.iter().find(|checkpoint| !self.hollow.contains(&checkpoint.id));
        let step = oldest.map_or(0, |checkpoint| checkpoint.step);
        self.effects.retain(|effect| effect.step > step);
        Pruned { checkpoints, still_needed: plan.hollow.len() }
    }

    fn salted(mut self, salt: Line) -> Self {
        let salted = |line: &mut Line| line.0 ^= salt.0;
        for checkpoint in &mut self.checkpoints {
            salted(&mut checkpoint.line);
            if let Some(origin) = &mut checkpoint.origin {
                salted(&mut origin.line);
            }
        }
        self.effects.iter_mut().for_each(|effect| salted(&mut effect.line));
        self
    }
}

impl MemorySaver {
    fn histories(&self) -> MutexGuard<'_, BTreeMap<ThreadKey, History>> {
        self.histories.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The histories of one thread: they lie side by side, each after the one it lies in.
fn of_thread(histories: &BTreeMap<ThreadKey, History>, thread: &str) -> Vec<ThreadKey> {
    let from = histories.range(ThreadKey::root(thread)..);
    from.map(|(key, _)| key).take_while(|key| key.thread() == thread).cloned().collect()
}

impl Checkpointer for MemorySaver {
    fn load<'a>(&'a self, key: &'a ThreadKey, at: Option<CheckpointId>) -> Answer<'a, Option<Head>> {
        let head = self.histories().get(key).and_then(|history| history.load(at));
        Box::pin(ready(Ok(head)))
    }

    fn written<'a>(
        &'a self,
        key: &'a ThreadKey,
        ranges: &'a [(CheckpointId, CheckpointId)],
    ) -> Answer<'a, Vec<(CheckpointId, Written)>> {
        let found = self.histories().get(key).map(|history| history.written(ranges));
        Box::pin(ready(Ok(found.unwrap_or_default())))
    }

    fn commit<'a>(
        &'a self,
        key: &'a ThreadKey,
        expected: Option<HeadRef>,
        checkpoint: StoredCheckpoint,
    ) -> Answer<'a, ()> {
        let mut histories = self.histories();
        let found = histories.get(key).and_then(History::head);
        if found != expected {
            return Box::pin(ready(Err(CheckpointError::conflict(key, expected, found))));
        }
        match histories.get_mut(key) {
            Some(history) => history.commit(checkpoint),
            None => histories.entry(key.clone()).or_default().commit(checkpoint),
        }
        Box::pin(ready(Ok(())))
    }

    fn save_progress<'a>(&'a self, key: &'a ThreadKey, head: HeadRef, progress: Progress) -> Answer<'a, ()> {
        let mut histories = self.histories();
        let found = histories.get(key).and_then(History::head);
        let follows = |kept: &&mut History| {
            kept.head() == Some(head) && kept.progress.revision + 1 == progress.revision
        };
        match histories.get_mut(key).filter(follows) {
            Some(kept) => kept.progress = progress,
            None => return Box::pin(ready(Err(CheckpointError::conflict(key, Some(head), found)))),
        }
        Box::pin(ready(Ok(())))
    }

    fn save_effect<'a>(&'a self, key: &'a ThreadKey, effect: Effect) -> Answer<'a, ()> {
        let mut histories = self.histories();
        let kept = histories.entry(key.clone()).or_default();
        let is_same = |known: &Effect| {
            (known.line, known.step, known.position) == (effect.line, effect.step, effect.position)
                && known.key == effect.key
        };
        if kept.effects.iter().any(is_same) {
            let error = CheckpointError::effect_conflict(key, &effect.key);
            return Box::pin(ready(Err(error)));
        }
        kept.effects.push(effect);
        Box::pin(ready(Ok(())))
    }

    fn history<'a>(
        &'a self,
        key: &'a ThreadKey,
        query: &'a HistoryQuery,
    ) -> Answer<'a, Vec<StoredCheckpoint>> {
        let histories = self.histories();
        let found = histories.get(key).map(|history| {
            let listed =
                history.checkpoints.iter().rev().filter(|checkpoint| {
                    !history.hollow.contains(&checkpoint.id) && query.matches(checkpoint)
                });
            listed.take(query.limit.unwrap_or(usize::MAX)).cloned().collect()
        });
        Box::pin(ready(Ok(found.unwrap_or_default())))
    }

    fn namespaces<'a>(&'a self, thread: &'a str) -> Answer<'a, Vec<ThreadKey>> {
        Box::pin(ready(Ok(of_thread(&self.histories(), thread))))
    }

    fn threads<'a>(&'a self, after: Option<&'a str>, limit: usize) -> Answer<'a, Vec<String>> {
        let histories = self.histories();
        let mut names: Vec<String> = Vec::new();
        for key in histories.keys().filter(|key| after.is_none_or(|after| key.thread() > after)) {
            if names.last().is_none_or(|last| last != key.thread()) {
                if names.len() == limit {
                    break;
                }
                names.push(key.thread().to_owned());
            }
        }
        Box::pin(ready(Ok(names)))
    }

    fn copy<'a>(&'a self, from: &'a str, to: &'a str, salt: Line) -> Answer<'a, ()> {
        let mut histories = self.histories();
        let (sources, taken) = (of_thread(&histories, from), of_thread(&histories, to));
        if let Some(key) = taken.first() {
            let found = histories.get(key).and_then(History::head);
            return Box::pin(ready(Err(CheckpointError::conflict(key, None, found))));
        }
        for key in sources {
            if let Some(history) = histories.get(&key).cloned() {
                histories.insert(ThreadKey::new(to, key.namespace()), history.salted(salt));
            }
        }
        Box::pin(ready(Ok(())))
    }

    fn prune<'a>(&'a self, thread: &'a str, retention: &'a Retention) -> Answer<'a, Pruned> {
        let mut histories = self.histories();
        let keys = of_thread(&histories, thread);
        let stored: Vec<StoredHistory<'_>> = keys
            .iter()
            .filter_map(|key| {
                let History { checkpoints, hollow, .. } = histories.get(key)?;
                Some(StoredHistory { namespace: key.namespace(), stored: checkpoints, hollow })
            })
            .collect();
        let plans = retention::plan_thread(retention, &stored);
        let mut sum = Pruned::default();
        for (key, forget) in keys.iter().zip(plans) {
            let pruned = match (histories.get_mut(key), forget) {
                (Some(history), Forget::Some(plan)) => history.forget(plan),
                (Some(history), Forget::Whole) => {
                    let checkpoints = history.checkpoints.len() - history.hollow.len();
                    histories.remove(key);
                    Pruned { checkpoints, still_needed: 0 }
                }
                (None, _) => continue,
            };
            sum.checkpoints += pruned.checkpoints;
            sum.still_needed += pruned.still_needed;
        }
        Box::pin(ready(Ok(sum)))
    }

    fn delete<'a>(&'a self, thread: &'a str) -> Answer<'a, ()> {
        let mut histories = self.histories();
        let keys = of_thread(&histories, thread);
        for key in keys {
            histories.remove(&key);
        }
        Box::pin(ready(Ok(())))
    }
}
