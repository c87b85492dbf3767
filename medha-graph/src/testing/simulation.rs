//! A thread in virtual time: run it, let it crash, let two processes race for it, and compare what is stored.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;

use super::disk::{Disk, now};
use super::faults::Faults;
use super::process::{Process, Shared};
use crate::engine::machine::Time;
use crate::engine::record::{Progress, StoredCheckpoint};
use crate::graph::compiled::CompiledGraph;
use crate::run::error::RunError;
use crate::run::event::Outcome;
use crate::run::input::Input;
use crate::state::State;
use crate::store::checkpointer::{Checkpointer, HistoryQuery};
use crate::store::retention::{Pruned, Retention};

/// Runs a graph once in virtual time; the seed decides the order in which parallel tasks finish.
///
/// For several runs of one thread (answers, crashes) make a [`Simulation`].
///
/// ```
/// use medha_graph::prelude::*;
/// use medha_graph::testing::{Faults, simulate};
///
/// #[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
/// struct Log { #[state(append)] seen: Vec<String> }
/// async fn left() -> LogUpdate { Log::update().seen(["left"]) }
/// async fn right() -> LogUpdate { Log::update().seen(["right"]) }
///
/// let graph = StateGraph::<Log>::new("log").node("left", left).node("right", right)
///     .edge(START, "left").edge(START, "right").edge("left", END).edge("right", END).compile().unwrap();
/// for seed in 0..20 {
///     let log = simulate(&graph, Log::update(), seed, &Faults::none()).unwrap().into_state();
///     assert_eq!(log.seen, ["left", "right"]);        // whichever finished first
/// }
/// ```
pub fn simulate<S: State>(
    graph: &CompiledGraph<S>,
    input: impl Into<Input<S>>,
    seed: u64,
    faults: &Faults,
) -> Result<Outcome<S>, RunError> {
    Simulation::new(graph, seed, faults.clone()).run(input)
}

/// A thread in virtual time, with a disk of its own: it can be run, crash and be resumed.
///
/// The graph's own checkpointer is not used. Nodes must finish by themselves: one that waits for something outside
/// fails its task.
pub struct Simulation<S: State> {
    graph: CompiledGraph<S>,
    disk: Arc<Disk>,
    shared: Shared<S>,
    /// Processes so far.
    processes: u64,
}

impl<S: State> Simulation<S> {
    /// A thread that was never run.
    pub fn new(graph: &CompiledGraph<S>, seed: u64, faults: Faults) -> Self {
        let disk = Arc::new(Disk::new(faults.crash));
        let (rng, order, states) = (Rng::with_seed(seed), Vec::new(), Vec::new());
        let shared = Shared { rng, faults, elapsed: Time::ZERO, order, states };
        Self { graph: graph.clone(), disk, shared, processes: 0 }
    }

    /// Runs until done, stopped, failed or crashed.
    pub fn run(&mut self, input: impl Into<Input<S>>) -> Result<Outcome<S>, RunError> {
        let mut process = self.open(input.into())?;
        loop {
            if let Some(end) = process.step(&mut self.shared) {
                return end;
            }
        }
    }

    /// Two processes run the thread at once, step by step in an order drawn from the seed; how each ended, nothing if it
    /// died on the way.
    pub fn race(&mut self, inputs: [Input<S>; 2]) -> [Option<Result<Outcome<S>, RunError>>; 2] {
        let mut ends = [None, None];
        let mut processes = inputs.map(Some).map(|input| input.map(|input| self.open(input)));
        let mut running: Vec<(usize, Process<S>)> = Vec::new();
        for (index, process) in processes.iter_mut().enumerate() {
            match process.take() {
                Some(Ok(process)) => running.push((index, process)),
                Some(Err(error)) => ends[index] = Some(Err(error)),
                None => {}
            }
        }
        while !running.is_empty() {
            let turn = self.shared.rng.usize(..running.len());
            if self.shared.rng.f64() < self.shared.faults.dying {
                running.swap_remove(turn);
                continue;
            }
            let (index, process) = &mut running[turn];
            if let Some(end) = process.step(&mut self.shared) {
                ends[*index] = Some(end);
                running.swap_remove(turn);
            }
        }
        ends
    }

    /// Everything on the disk, oldest first.
    pub fn checkpoints(&self) -> Vec<StoredCheckpoint> {
        let all = HistoryQuery::default();
        let history = now(self.disk.saver.history(&self.disk.key, &all));
        let mut stored = history.unwrap_or_default();
        stored.reverse();
        stored
    }

    /// How far the superstep after the last checkpoint had come when the run stopped.
    pub fn progress(&self) -> Progress {
        self.disk.load().map(|head| head.progress).unwrap_or_default()
    }

    /// Storage calls so far.
    pub fn storage_calls(&self) -> u64 {
        self.disk.calls()
    }

    /// Runs so far, each a process of its own.
    pub fn runs(&self) -> u64 {
        self.processes
    }

    /// The nodes of all attempts, in the order they ended.
    pub fn order(&self) -> &[String] {
        &self.shared.order
    }

    /// Virtual time so far.
    pub fn elapsed(&self) -> Duration {
        self.shared.elapsed
    }

    /// Lets the thread be resumed after a crash: no further crash happens.
    pub fn recover(&mut self) {
        self.disk.recover();
    }

    /// Lets nothing more go wrong between supersteps: no drain, no cancellation, no death.
    pub fn leave_alone(&mut self) {
        let faults = &mut self.shared.faults;
        (faults.draining, faults.cancelling, faults.dying) = (0.0, 0.0, 0.0);
    }

    /// Forgets checkpoints that the retention does not keep.
    pub fn prune(&mut self, retention: &Retention) -> Result<Pruned, RunError> {
        Ok(now(self.disk.saver.prune(self.disk.key.thread(), retention))?)
    }

    /// Puts the state of every checkpoint together from what is stored, and says where it is not the state that the run
    /// had there.
    pub fn misfits(&self) -> Vec<String>
    where
        S: PartialEq,
    {
        let check = |checkpoint: &StoredCheckpoint| {
            let id = checkpoint.id;
            let stored = match self.disk.state_at(&self.graph.topology, id) {
                Ok(stored) => stored,
                Err(why) => return Some(format!("checkpoint {id} cannot be read: {why}")),
            };
            let mut made = self.shared.states.iter();
            match made.find(|(known, run, _)| (*known, *run) == (id, checkpoint.run)) {
                Some((.., state)) if *state == stored => None,
                Some((.., state)) => Some(format!("checkpoint {id} was {state:?}, and is {stored:?}")),
                None => Some(format!("checkpoint {id} was stored by nobody")),
            }
        };
        self.checkpoints().iter().filter_map(check).collect()
    }

    fn open(&mut self, input: Input<S>) -> Result<Process<S>, RunError> {
        self.processes += 1;
        Process::open(&self.graph, &self.disk, self.processes, &mut self.shared, input)
    }
}

impl<S: State> fmt::Debug for Simulation<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulation")
            .field("graph", &self.graph)
            .field("elapsed", &self.shared.elapsed)
            .field("processes", &self.processes)
            .finish_non_exhaustive()
    }
}
