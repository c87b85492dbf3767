//! Tools for testing graphs: the real engine in virtual time, with the order of completion, failures and crashes
//! decided by seeds. No runtime, no waiting.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::ready;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use fastrand::Rng;
use futures_core::future::BoxFuture;
use xxhash_rust::xxh3::xxh3_64;

use crate::engine::machine::{Action, AttemptEnd, Time};
use crate::engine::record::{Effect, Json, Progress, StoredCheckpoint};
use crate::engine::session::{Effects, Prepared, Record, Session, Settled, Setup, Standing};
use crate::graph::compiled::CompiledGraph;
use crate::node::error::NodeError;
use crate::node::once::EffectLog;
use crate::run::attempt::Scope;
use crate::run::error::RunError;
use crate::run::event::Outcome;
use crate::run::input::Input;
use crate::state::State;
use crate::store::checkpointer::{Checkpointer, Head, HistoryQuery};
use crate::store::error::{CheckpointError, Operation};
use crate::store::key::ThreadKey;
use crate::store::memory::MemorySaver;

/// Polls after which a node that is still not done counts as waiting for something outside.
const PATIENCE: usize = 10_000;

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

/// What goes wrong in a simulation. Decided by the seed of the faults, the node, the superstep, the place of the
/// task in it and the attempt, so that the same things go wrong in whatever order tasks finish.
#[derive(Clone, Debug)]
#[must_use = "hand it to a simulation"]
pub struct Faults {
    seed: u64,
    failing: f64,
    panicking: f64,
    hanging: f64,
    spared: Vec<String>,
    crash: Option<Crash>,
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
        Self { seed, failing: 0.0, panicking: 0.0, hanging: 0.0, spared: Vec::new(), crash: None }
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

    /// The run ends with a storage error there, as if the process had died.
    pub fn crash(mut self, at: Crash) -> Self {
        self.crash = Some(at);
        self
    }

    fn decide(&self, node: &str, step: u64, position: usize, attempt: u32) -> Fate {
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
enum Fate {
    Runs,
    Fails,
    Panics,
    Hangs,
}

/// A thread in virtual time, with a disk of its own: it can be run, crash and be resumed.
///
/// The graph's own checkpointer is not used. Nodes must finish by themselves: one that waits for something outside
/// fails its task.
#[derive(Debug)]
pub struct Simulation<S: State> {
    graph: CompiledGraph<S>,
    rng: Rng,
    faults: Faults,
    disk: Arc<Disk>,
    order: Vec<String>,
    elapsed: Time,
}

/// The disk of a simulation: a saver in memory, and the crash that is to come.
#[derive(Debug)]
struct Disk {
    saver: MemorySaver,
    key: ThreadKey,
    calls: AtomicU64,
    crash: Mutex<Option<Crash>>,
    known: Mutex<Effects>,
}

impl Disk {
    /// Stores something, unless this is where the process dies.
    fn store(&self, record: Record) -> Result<(), CheckpointError> {
        self.call(|| match record {
            Record::Checkpoint { expected, checkpoint } => {
                now(self.saver.commit(&self.key, expected, *checkpoint))
            }
            Record::Progress { head, progress } => now(self.saver.save_progress(&self.key, head, progress)),
        })
    }

    fn call(&self, work: impl FnOnce() -> Result<(), CheckpointError>) -> Result<(), CheckpointError> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let crash = *self.crash.lock().unwrap_or_else(PoisonError::into_inner);
        let crashed = || Err(CheckpointError::storage(&self.key, Operation::Save, "simulated crash"));
        match crash {
            // A process that has died stores nothing any more.
            Some(Crash::Before(at)) if at <= call => crashed(),
            Some(Crash::After(at)) if at < call => crashed(),
            Some(Crash::After(at)) if at == call => {
                work()?;
                crashed()
            }
            Some(Crash::Before(_) | Crash::After(_)) | None => work(),
        }
    }

    fn load(&self) -> Option<Head> {
        now(self.saver.load(&self.key, None)).ok().flatten()
    }
}

impl EffectLog for Disk {
    fn find(&self, step: u64, position: usize, key: &str) -> Option<Json> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&(step, position))?.get(key).cloned()
    }

    fn record(&self, effect: Effect) -> BoxFuture<'_, Result<(), CheckpointError>> {
        let stored = self.call(|| now(self.saver.save_effect(&self.key, effect.clone())));
        if stored.is_ok() {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.entry((effect.step, effect.position)).or_default().insert(effect.key, effect.json);
        }
        Box::pin(ready(stored))
    }
}

/// What a saver in memory answers: it never waits.
fn now<T>(answer: BoxFuture<'_, Result<T, CheckpointError>>) -> Result<T, CheckpointError> {
    let mut answer = answer;
    match answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => unreachable!("the saver in memory is always ready"),
    }
}

impl<S: State> Simulation<S> {
    /// A thread that was never run.
    pub fn new(graph: &CompiledGraph<S>, seed: u64, faults: Faults) -> Self {
        let disk = Disk {
            saver: MemorySaver::default(),
            key: ThreadKey::root("simulated"),
            calls: AtomicU64::new(0),
            crash: Mutex::new(faults.crash),
            known: Mutex::default(),
        };
        let (graph, rng) = (graph.clone(), Rng::with_seed(seed));
        Self { graph, rng, faults, disk: Arc::new(disk), order: Vec::new(), elapsed: Time::ZERO }
    }

    /// Runs until done, stopped, failed or crashed.
    pub fn run(&mut self, input: impl Into<Input<S>>) -> Result<Outcome<S>, RunError> {
        let options = &self.graph.options;
        let setup = Setup {
            key: self.disk.key.clone(),
            durability: Some(options.durability),
            limits: self.graph.limits,
            seed: 0,
            breakpoints: Arc::clone(&options.breakpoints),
            metadata: options.metadata.clone(),
            unfinished: options.unfinished,
            origin: None,
        };
        let topology = Arc::clone(&self.graph.topology);
        let standing = match self.disk.load() {
            None => None,
            Some(head) => {
                let needs = head.checkpoint.needs();
                let pieces = now(self.disk.saver.written(&self.disk.key, &needs))?;
                Some(Standing::new(&topology, &self.disk.key, head, &pieces)?)
            }
        };
        let (mut session, record) = Session::open(topology, setup, standing, input.into())?;
        *self.disk.known.lock().unwrap_or_else(PoisonError::into_inner) =
            std::mem::take(&mut session.effects);
        self.store(record)?;
        loop {
            match session.prepare(None)? {
                Prepared::Run => {}
                Prepared::Done => break,
                Prepared::Paused(pause) => {
                    self.store(session.close()?)?;
                    let next = session.next_nodes();
                    return Ok(Outcome::Paused { state: session.checkpoint.state, pause, next });
                }
            }
            self.superstep(&mut session);
            match session.settle() {
                Settled::Advanced(record) => self.store(record)?,
                Settled::Interrupted(interrupts, records) => {
                    self.store_all(records)?;
                    return Ok(Outcome::Interrupted { state: session.checkpoint.state, interrupts });
                }
                Settled::Paused(pause, records) => {
                    self.store_all(records)?;
                    let next = session.next_nodes();
                    return Ok(Outcome::Paused { state: session.checkpoint.state, pause, next });
                }
                Settled::Failed(error, records) => {
                    self.store_all(records)?;
                    return Err(*error);
                }
            }
        }
        self.store(session.close()?)?;
        Ok(Outcome::Done(session.checkpoint.state))
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
        self.disk.calls.load(Ordering::Relaxed)
    }

    /// The nodes of all attempts, in the order they ended.
    pub fn order(&self) -> &[String] {
        &self.order
    }

    /// Virtual time so far.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Lets the thread be resumed after a crash: no further crash happens.
    pub fn recover(&mut self) {
        *self.disk.crash.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn superstep(&mut self, session: &mut Session<S>) {
        let effects: Arc<dyn EffectLog> = Arc::clone(&self.disk) as Arc<dyn EffectLog>;
        let values = self.graph.values.clone();
        let lineage = session.lineage();
        let steps_left = session.steps_left();
        let Session { topology, checkpoint, machine, progress, setup, .. } = session;
        let thread: Arc<str> = Arc::from(setup.key.thread());
        let scope = Scope {
            topology,
            thread: &thread,
            values: &values,
            queue: None,
            state: &checkpoint.state,
            tasks: &checkpoint.frontier.next,
            progress,
            effects: &effects,
            run: None,
            lineage,
            step: checkpoint.frontier.step + 1,
            steps_left,
            line: checkpoint.frontier.line,
            namespace: "",
        };
        // Attempts that run, by the time they end; the drawn number makes ties a matter of the seed.
        let mut running: BinaryHeap<Reverse<(Time, u64, usize, u32)>> = BinaryHeap::new();
        loop {
            match machine.poll(topology, scope.tasks, self.elapsed) {
                Action::Start { position, attempt, deadline } => {
                    let ends = self.end_of(&scope, position, attempt, deadline);
                    running.push(Reverse((ends, self.rng.u64(..), position, attempt)));
                }
                Action::Wait { until } => {
                    let first = running.peek().map(|Reverse((ends, ..))| *ends);
                    match (first, until) {
                        (Some(ends), until) if until.is_none_or(|until| ends <= until) => {
                            let Some(Reverse((_, _, position, attempt))) = running.pop() else { continue };
                            self.elapsed = self.elapsed.max(ends);
                            let end = self.end(&scope, position, attempt);
                            self.order.push(scope.topology.name_of(scope.tasks[position].node).to_string());
                            machine.finish(topology, scope.tasks, position, end, self.elapsed);
                        }
                        (_, Some(until)) => self.elapsed = self.elapsed.max(until),
                        (_, None) => unreachable!("the machine waits for something"),
                    }
                }
                Action::CancelRunning => running.clear(),
                Action::Settle => return,
            }
        }
    }

    /// When an attempt ends: at its deadline if it hangs, else at any time before.
    fn end_of(
        &mut self,
        scope: &Scope<'_, S>,
        position: usize,
        attempt: u32,
        deadline: Option<Time>,
    ) -> Time {
        match (deadline, self.fate(scope, position, attempt)) {
            (Some(deadline), Fate::Hangs) => deadline,
            (Some(deadline), Fate::Runs | Fate::Fails | Fate::Panics) => {
                self.elapsed + deadline.saturating_sub(self.elapsed).mul_f64(self.rng.f64() * 0.99)
            }
            (None, _) => self.elapsed.saturating_add(Duration::from_micros(self.rng.u64(1..1_000_000))),
        }
    }

    fn end(&self, scope: &Scope<'_, S>, position: usize, attempt: u32) -> AttemptEnd<S> {
        let has_timeout = scope.topology.node(scope.tasks[position].node).config.timeout.is_some();
        match self.fate(scope, position, attempt) {
            Fate::Fails => AttemptEnd::Failed(NodeError::new("simulated failure")),
            Fate::Panics => AttemptEnd::Panicked("simulated panic".to_owned()),
            Fate::Hangs if has_timeout => AttemptEnd::TimedOut,
            Fate::Hangs | Fate::Runs => run_now(scope, position, attempt),
        }
    }

    fn fate(&self, scope: &Scope<'_, S>, position: usize, attempt: u32) -> Fate {
        let node = scope.topology.name_of(scope.tasks[position].node);
        self.faults.decide(node, scope.step, position, attempt)
    }

    fn store(&self, record: Option<Box<Record>>) -> Result<(), RunError> {
        self.store_all(record.map(|record| *record))
    }

    fn store_all(&self, records: impl IntoIterator<Item = Record>) -> Result<(), RunError> {
        records.into_iter().try_for_each(|record| Ok(self.disk.store(record)?))
    }
}

fn run_now<S: State>(scope: &Scope<'_, S>, position: usize, attempt: u32) -> AttemptEnd<S> {
    let mut work = pin!(scope.attempt(position, attempt));
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..PATIENCE {
        if let Poll::Ready(end) = work.as_mut().poll(&mut context) {
            return end;
        }
    }
    let why = "waits for something outside; a simulation runs nodes that finish by themselves";
    AttemptEnd::Failed(NodeError::new(why).terminal())
}
