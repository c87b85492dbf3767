//! What a run is told at its start, and what it tells its tasks of itself.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::checkpoint::{CheckpointId, RunId};
use super::machine::OnFailure;
use super::pause::{Breakpoints, Durability, Unfinished};
use super::record::Origin;
use crate::store::key::ThreadKey;

/// What a run is told at its start.
pub(crate) struct Setup {
    pub(crate) key: ThreadKey,
    /// When what happens is stored; `None` without a saver: then nothing is put into stored form.
    pub(crate) durability: Option<Durability>,
    pub(crate) limits: Limits,
    /// Of what is left to chance: the jitter of retries, the names of the run and of a new line.
    pub(crate) seed: u64,
    pub(crate) breakpoints: Arc<Breakpoints>,
    pub(crate) metadata: Map<String, Value>,
    /// What becomes of unfinished work, if the caller has said so.
    pub(crate) unfinished: Option<Unfinished>,
    /// For a subgraph: the task that runs it.
    pub(crate) origin: Option<Origin>,
}

/// The limits of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Supersteps one run may take.
    pub(crate) steps: u64,
    /// Tasks that run at once.
    pub(crate) concurrency: usize,
    pub(crate) on_failure: OnFailure,
}

/// Supersteps of a run, unless it is told otherwise.
const STEPS: u64 = 10_000;

impl Limits {
    /// The limits of a subgraph in a graph with these.
    pub(crate) fn within(self, parent: Self) -> Self {
        let steps = if self.steps == STEPS { parent.steps } else { self.steps };
        Self { steps, concurrency: self.concurrency.min(parent.concurrency), ..self }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { steps: STEPS, concurrency: usize::MAX, on_failure: OnFailure::Drain }
    }
}

/// What tells the tasks of a superstep from those of other runs that were planned in the same place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lineage {
    pub(crate) run: RunId,
    /// The checkpoint the superstep follows, and the run that wrote it; nothing if it is not stored.
    pub(crate) checkpoint: Option<CheckpointId>,
    pub(crate) head_run: Option<RunId>,
}
