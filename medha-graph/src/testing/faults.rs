//! What goes wrong in a simulation: failures of nodes, and what happens to runs from outside.

use fastrand::Rng;
use xxhash_rust::xxh3::xxh3_64;

/// What goes wrong in a simulation.
///
/// What goes wrong in nodes is decided by the seed of the faults, the node, the superstep, the place of the task in it and
/// the attempt, so that the same things go wrong in whatever order tasks finish. What happens to runs as a whole (drained,
/// cancelled, dead) is decided by the seed of the simulation.
#[derive(Clone, Debug)]
#[must_use = "hand it to a simulation"]
pub struct Faults {
    seed: u64,
    failing: f64,
    panicking: f64,
    hanging: f64,
    spared: Vec<String>,
    pub(super) crash: Option<Crash>,
    pub(super) draining: f64,
    pub(super) cancelling: f64,
    pub(super) dying: f64,
}

/// A crash at a storage call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Crash {
    /// At the call of this number, from 0, before anything is stored.
    Before(u64),
    /// At the call of this number, from 0, after it was stored and before the run knows.
    After(u64),
}

impl Faults {
    /// Nothing goes wrong.
    pub fn none() -> Self {
        Self::seeded(0)
    }

    /// Nothing goes wrong yet; this seed decides what will.
    pub fn seeded(seed: u64) -> Self {
        Self {
            seed,
            failing: 0.0,
            panicking: 0.0,
            hanging: 0.0,
            spared: Vec::new(),
            crash: None,
            draining: 0.0,
            cancelling: 0.0,
            dying: 0.0,
        }
    }

    /// This share of attempts fails with a retryable error.
    pub fn failing(mut self, share: f64) -> Self {
        self.failing = share;
        self
    }

    /// This share of attempts panics.
    pub fn panicking(mut self, share: f64) -> Self {
        self.panicking = share;
        self
    }

    /// This share of the attempts of nodes with a timeout takes too long.
    pub fn hanging(mut self, share: f64) -> Self {
        self.hanging = share;
        self
    }

    /// Nothing goes wrong in these nodes.
    pub fn sparing<N: Into<String>>(mut self, nodes: impl IntoIterator<Item = N>) -> Self {
        self.spared.extend(nodes.into_iter().map(Into::into));
        self
    }

    /// Before this share of supersteps the run is drained.
    pub fn draining(mut self, share: f64) -> Self {
        self.draining = share;
        self
    }

    /// In this share of supersteps the run is cancelled.
    pub fn cancelling(mut self, share: f64) -> Self {
        self.cancelling = share;
        self
    }

    /// In a race, a process dies with this chance at each of its steps.
    pub fn dying(mut self, share: f64) -> Self {
        self.dying = share;
        self
    }

    /// The run ends with a storage error there, as if the process had died.
    pub fn crash(mut self, at: Crash) -> Self {
        self.crash = Some(at);
        self
    }

    pub(super) fn decide(&self, node: &str, step: u64, position: usize, attempt: u32) -> Fate {
        if self.spared.iter().any(|spared| spared == node) {
            return Fate::Runs;
        }
        let text = format!("{}\0{node}\0{step}\0{position}\0{attempt}", self.seed);
        let drawn = Rng::with_seed(xxh3_64(text.as_bytes())).f64();
        if drawn < self.failing {
            Fate::Fails
        } else if drawn < self.failing + self.panicking {
            Fate::Panics
        } else if drawn < self.failing + self.panicking + self.hanging {
            Fate::Hangs
        } else {
            Fate::Runs
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Runs,
    Fails,
    Panics,
    Hangs,
}
