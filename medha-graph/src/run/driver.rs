//! The driver: does what the machine says. The only file that knows tokio, and the only one that reads a clock.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;

use futures_core::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::Instant;

use super::attempt::Scope;
use super::control::RunControl;
use super::effects::RunEffects;
use super::error::RunError;
use super::event::{Event, Outcome};
use super::input::Input;
pub(crate) use super::needs::Run;
use super::open;
use crate::engine::checkpoint::Checkpoint;
use crate::engine::machine::{Action, AttemptEnd, Machine, Reaction, SlotEnd, Time};
use crate::engine::pause::{Durability, Pause};
use crate::engine::recorder::Recorder;
use crate::engine::session::{Prepared, Record, Session, Settled, Standing, waiting_joins};
use crate::node::context::Interrupt;
use crate::node::once::EffectLog;
use crate::state::State;
use crate::store::checkpointer::Checkpointer;

/// Supersteps of one task that are run in one go before other tasks of the runtime get their turn.
const STEPS_PER_TURN: u32 = 128;

/// Stands for a time no clock can show: some thirty years.
const FAR_FUTURE: Duration = Duration::from_secs(1_000_000_000);

/// The one path of `invoke`, `stream` and `resume`.
pub(crate) async fn drive<S: State>(run: Run<S>, input: Input<S>) -> Result<Outcome<S>, RunError> {
    let standing = match (&run.saver, &input) {
        (Some(saver), _) => open::standing(&**saver, &run.graph.topology, &run.key, run.at).await?,
        (None, Input::Update(_) | Input::Fresh(_) | Input::From(_) | Input::Renew(_)) => None,
        (None, Input::Resume(_) | Input::ResumeWith(..)) => {
            return Err(RunError::NoCheckpointer { operation: "resuming a thread" });
        }
    };
    Ok(drive_from(run, standing, input, None).await?.0)
}

/// The same from where the thread is known to stand. What the nodes write is noted if there is something to note it in.
pub(crate) async fn drive_from<S: State>(
    run: Run<S>,
    standing: Option<Standing<S>>,
    input: Input<S>,
    recorder: Option<Box<Recorder<S>>>,
) -> Result<(Outcome<S>, Option<Box<Recorder<S>>>), RunError> {
    let (mut session, record) = Session::open(Arc::clone(&run.graph.topology), run.setup(), standing, input)?;
    session.recorder = recorder;
    let known = std::mem::take(&mut session.effects);
    let log = Arc::new(RunEffects::new(run.saver.clone(), run.key.clone(), known, sleep));
    let effects: Arc<dyn EffectLog> = Arc::clone(&log) as Arc<dyn EffectLog>;
    run.emit(|| Event::RunStarted {
        graph: run.graph.name().to_owned(),
        thread: run.thread.to_string(),
        next: session.next_nodes(),
    });
    if let Some(record) = record {
        run.store(*record).await?;
    }
    run.emit_values(&session);
    let mut shell = Shell { run: &run, log, effects, clock: Clock::default(), pending: None, refused: None };
    if run.queue.is_some() {
        tokio::task::yield_now().await;
    }
    let driven = shell.supersteps(&mut session).await;
    // Whatever stopped the run, what was being stored beside it is stored first.
    shell.flush().await?;
    match driven {
        Ok(Stop::Done) => {}
        Ok(Stop::Paused(pause, records)) => {
            run.store_all(records).await?;
            run.store_all(session.close()?.map(|record| *record)).await?;
            let next = session.next_nodes();
            run.emit(|| Event::Paused { pause: pause.clone(), next: next.clone() });
            return Ok((Outcome::Paused { state: session.checkpoint.state, pause, next }, session.recorder));
        }
        Ok(Stop::Interrupted(interrupts, records)) => {
            run.store_all(records).await?;
            if run.queue.is_some()
                && let Some((state, next)) = session.preview()
            {
                let step = session.checkpoint.frontier.step;
                run.emit(|| Event::Values { step, state, next });
            }
            run.emit(|| Event::Interrupted { interrupts: interrupts.clone() });
            let outcome = Outcome::Interrupted { state: session.checkpoint.state, interrupts };
            return Ok((outcome, session.recorder));
        }
        Err((error, records)) => {
            if let Err(second) = run.store_all(records).await {
                tracing::warn!(thread = %run.key, error = %second, "what finished beside a failure was not stored");
            }
            return Err(*error);
        }
    }
    run.store_all(session.close()?.map(|record| *record)).await?;
    let Checkpoint { state, frontier } = session.checkpoint;
    if frontier.joins.iter().any(|arrived| arrived.contains(&true)) {
        let waiting = waiting_joins(&session.topology, &frontier);
        tracing::warn!(graph = run.graph.name(), thread = %run.key, ?waiting, "the run is done, and a join still waits");
    }
    run.emit(|| Event::RunFinished {
        state: state.clone(),
        waiting_joins: waiting_joins(&session.topology, &frontier),
    });
    Ok((Outcome::Done(state), session.recorder))
}

/// Why the supersteps ended, and what is still to be stored.
enum Stop {
    Done,
    Paused(Pause, Vec<Record>),
    Interrupted(Vec<Interrupt>, Vec<Record>),
}

/// What the supersteps of a run share.
struct Shell<'a, S: State> {
    run: &'a Run<S>,
    log: Arc<RunEffects>,
    /// The same, as nodes see it.
    effects: Arc<dyn EffectLog>,
    clock: Clock,
    /// The checkpoint that is stored while the next superstep runs.
    pending: Option<Storing<'a>>,
    /// Why it was not stored, until somebody asks.
    refused: Option<RunError>,
}

/// A checkpoint on its way.
type Storing<'a> = BoxFuture<'a, Result<(), RunError>>;

/// Waits for a checkpoint that is being stored; may be dropped and called again.
async fn stored(pending: &mut Option<Storing<'_>>, refused: &mut Option<RunError>) {
    if let Some(storing) = pending {
        *refused = storing.as_mut().await.err();
        *pending = None;
    }
}

impl<'a, S: State> Shell<'a, S> {
    async fn supersteps(&mut self, session: &mut Session<S>) -> Result<Stop, (Box<RunError>, Vec<Record>)> {
        let bare = |error: RunError| (Box::new(error), Vec::new());
        let control = self.run.graph.options.control.as_ref();
        let mut turn = 0;
        loop {
            let drain = control.and_then(RunControl::drain_reason);
            match session.prepare(drain.as_deref()) {
                Ok(Prepared::Run) => {}
                Ok(Prepared::Done) => return Ok(Stop::Done),
                Ok(Prepared::Paused(pause)) => return Ok(Stop::Paused(pause, Vec::new())),
                Err(error) => {
                    let records = session.close().ok().flatten().map(|record| *record);
                    return Err((Box::new(error), records.into_iter().collect()));
                }
            }
            let is_cancelled = match control {
                None => {
                    self.superstep(session).await.map_err(bare)?;
                    false
                }
                Some(control) => self.superstep_unless(control, session).await.map_err(bare)?,
            };
            if let Some(error) = self.log.take_broken() {
                return Err(bare(error.into()));
            }
            if is_cancelled {
                let error = RunError::Cancelled { step: session.checkpoint.frontier.step + 1 };
                return Err((Box::new(error), session.cancelled()));
            }
            match session.settle() {
                Settled::Advanced(None) => {}
                Settled::Advanced(Some(record)) => self.keep(*record).await.map_err(bare)?,
                Settled::Interrupted(interrupts, records) => {
                    return Ok(Stop::Interrupted(interrupts, records));
                }
                Settled::Paused(pause, records) => return Ok(Stop::Paused(pause, records)),
                Settled::Failed(error, records) => return Err((error, records)),
            }
            self.run.emit_values(session);
            turn += 1;
            // A watcher sees each superstep before the next begins, and decides with its reading how fast the run goes.
            if turn == STEPS_PER_TURN || self.run.queue.is_some() {
                turn = 0;
                tokio::task::yield_now().await;
            }
        }
    }

    /// Stores a checkpoint now, or beside the next superstep.
    async fn keep(&mut self, record: Record) -> Result<(), RunError> {
        match self.run.graph.options.durability {
            Durability::Sync | Durability::Exit => self.run.store(record).await,
            Durability::Async => {
                let (run, log) = (self.run, Arc::clone(&self.log));
                log.await_footing();
                self.pending = Some(Box::pin(async move {
                    let stored = run.store(record).await;
                    log.found_footing(stored.is_ok());
                    stored
                }));
                Ok(())
            }
        }
    }

    /// Waits for what is being stored, whatever became of the superstep beside it.
    async fn flush(&mut self) -> Result<(), RunError> {
        stored(&mut self.pending, &mut self.refused).await;
        self.refused.take().map_or(Ok(()), Err)
    }

    /// Runs a superstep, beside the storing of the checkpoint before it. When it is dropped, a checkpoint that is still
    /// on its way stays to be waited for.
    #[inline]
    async fn superstep(&mut self, session: &mut Session<S>) -> Result<(), RunError> {
        if self.pending.is_none() {
            superstep(self.run, session, &self.effects, &self.clock).await;
            return Ok(());
        }
        let work = superstep(self.run, session, &self.effects, &self.clock);
        futures_util::future::join(work, stored(&mut self.pending, &mut self.refused)).await;
        self.refused.take().map_or(Ok(()), Err)
    }

    /// The same, and `true` if the run is cancelled meanwhile.
    async fn superstep_unless(
        &mut self,
        control: &RunControl,
        session: &mut Session<S>,
    ) -> Result<bool, RunError> {
        let mut work = pin!(self.superstep(session));
        poll_fn(|cx| {
            control.register(cx.waker());
            if control.is_cancelled() {
                return Poll::Ready(Ok(true));
            }
            work.as_mut().poll(cx).map(|done| done.map(|()| false))
        })
        .await
    }
}

impl<S: State> Run<S> {
    pub(super) async fn store_all(&self, records: impl IntoIterator<Item = Record>) -> Result<(), RunError> {
        for record in records {
            self.store(record).await?;
        }
        Ok(())
    }

    async fn store(&self, record: Record) -> Result<(), RunError> {
        let Some(saver) = &self.saver else { return Ok(()) };
        match record {
            Record::Checkpoint { expected, mut checkpoint } => {
                checkpoint.saved_at = unix_millis();
                let saved = self.queue.as_ref().map(|_| Event::CheckpointSaved {
                    id: checkpoint.id,
                    step: checkpoint.step,
                    cause: checkpoint.cause,
                    next: checkpoint.next.iter().map(|task| task.node.to_string()).collect(),
                });
                saver.commit(&self.key, expected, *checkpoint).await?;
                if let Some(saved) = saved {
                    self.emit(|| saved);
                }
            }
            Record::Progress { head, progress } => saver.save_progress(&self.key, head, progress).await?,
        }
        Ok(())
    }
}

#[allow(clippy::disallowed_methods, reason = "the driver is the edge where the clock is read")]
pub(super) fn unix_millis() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Runs the tasks of one superstep until all are settled.
async fn superstep<S: State>(
    run: &Run<S>,
    session: &mut Session<S>,
    effects: &Arc<dyn EffectLog>,
    clock: &Clock,
) {
    let lineage = session.lineage();
    let steps_left = session.steps_left();
    let Session { topology, checkpoint, machine, progress, .. } = session;
    let scope = Scope {
        topology,
        thread: &run.thread,
        values: &run.graph.values,
        queue: run.queue.as_ref(),
        state: &checkpoint.state,
        tasks: &checkpoint.frontier.next,
        progress,
        effects,
        run: Some(run),
        lineage,
        step: checkpoint.frontier.step + 1,
        steps_left,
        line: checkpoint.frontier.line,
        namespace: run.key.namespace(),
    };
    let step = Step { run, scope: &scope, clock };
    if machine.is_alone() { alone(&step, machine).await } else { together(&step, machine).await }
}

/// One task: awaited in place, without a queue.
async fn alone<S: State>(step: &Step<'_, S>, machine: &mut Machine<S>) {
    loop {
        match step.poll(machine) {
            Action::Start { position, attempt, deadline: None } if !step.is_watched() => {
                let end = step.scope.attempt(position, attempt).await;
                step.finish(machine, Ended { position, attempt, end, elapsed: Duration::ZERO });
                if machine.is_settled() {
                    return;
                }
            }
            Action::Start { position, attempt, deadline } => {
                let ended = step.attempt(position, attempt, deadline).await;
                step.finish(machine, ended);
            }
            Action::Wait { until } => step.clock.sleep_until(until.unwrap_or_default()).await,
            Action::CancelRunning => {}
            Action::Settle => return,
        }
    }
}

/// Several tasks: polled side by side.
async fn together<S: State>(step: &Step<'_, S>, machine: &mut Machine<S>) {
    let mut running = FuturesUnordered::new();
    loop {
        match step.poll(machine) {
            Action::Start { position, attempt, deadline } => {
                running.push(step.attempt(position, attempt, deadline))
            }
            Action::Wait { until: None } => {
                if let Some(ended) = running.next().await {
                    step.finish(machine, ended);
                }
            }
            Action::Wait { until: Some(at) } if running.is_empty() => step.clock.sleep_until(at).await,
            Action::Wait { until: Some(at) } => {
                if let Ok(Some(ended)) = tokio::time::timeout_at(step.clock.instant(at), running.next()).await
                {
                    step.finish(machine, ended);
                }
            }
            Action::CancelRunning => running.clear(),
            Action::Settle => return,
        }
    }
}

/// One superstep of one run.
struct Step<'a, S: State> {
    run: &'a Run<S>,
    scope: &'a Scope<'a, S>,
    clock: &'a Clock,
}

/// An attempt that is over.
struct Ended<S: State> {
    position: usize,
    attempt: u32,
    end: AttemptEnd<S>,
    elapsed: Duration,
}

impl<S: State> Step<'_, S> {
    fn is_watched(&self) -> bool {
        self.run.queue.is_some()
    }

    /// Asks the machine, with the time if anything depends on it.
    #[inline]
    fn poll(&self, machine: &mut Machine<S>) -> Action {
        let now = if machine.wants_time() { self.clock.now() } else { Time::ZERO };
        machine.poll(self.scope.topology, self.scope.tasks, now)
    }

    async fn attempt(&self, position: usize, attempt: u32, deadline: Option<Time>) -> Ended<S> {
        let started = self.run.queue.as_ref().map(|_| self.clock.now());
        self.run.emit(|| Event::TaskStarted { task: self.scope.task_ref(position, attempt) });
        let work = self.scope.attempt(position, attempt);
        let end = match deadline {
            None => work.await,
            Some(at) => {
                tokio::time::timeout_at(self.clock.instant(at), work).await.unwrap_or(AttemptEnd::TimedOut)
            }
        };
        let elapsed = started.map_or(Duration::ZERO, |started| self.clock.now().saturating_sub(started));
        Ended { position, attempt, end, elapsed }
    }

    #[inline]
    fn finish(&self, machine: &mut Machine<S>, ended: Ended<S>) {
        let Ended { position, attempt, end, elapsed } = ended;
        if !self.is_watched() && !end.is_failure() {
            machine.finish(self.scope.topology, self.scope.tasks, position, end, Time::ZERO);
            return;
        }
        let task = || self.scope.task_ref(position, attempt);
        if let AttemptEnd::Done(command) = &end {
            let (update, more) = (|| command.update.clone(), || command.more().to_vec());
            let cached = command.is_cached();
            self.run.emit(|| Event::TaskFinished {
                task: task(),
                update: update(),
                more: more(),
                elapsed,
                cached,
            });
        }
        let now = if end.is_failure() { self.clock.now() } else { Time::ZERO };
        match machine.finish(self.scope.topology, self.scope.tasks, position, end, now) {
            Reaction::Done | Reaction::Stopped => {}
            Reaction::Asked => self.run.emit(|| Event::TaskAsked { task: task() }),
            Reaction::Retrying { error, pause } => {
                self.run.emit(|| Event::TaskRetrying { task: task(), error, pause });
            }
            Reaction::GaveUp => {
                if let Some(SlotEnd::Failed(gave_up)) = &machine.slots[position].end {
                    let (failure, is_handled) = (gave_up.failure.clone(), gave_up.handlers.is_some());
                    self.run.emit(|| Event::TaskFailed { task: task(), failure, is_handled });
                }
            }
        }
    }
}

/// A wait inside a node.
fn sleep(pause: Duration) -> BoxFuture<'static, ()> {
    Box::pin(tokio::time::sleep(pause))
}

/// The time since the run first asked for it; a run that never asks reads no clock.
#[derive(Default)]
struct Clock {
    origin: OnceLock<Instant>,
}

impl Clock {
    #[allow(clippy::disallowed_methods, reason = "the driver is the edge where the clock is read")]
    fn now(&self) -> Time {
        self.origin.get_or_init(Instant::now).elapsed()
    }

    #[allow(clippy::disallowed_methods, reason = "the driver is the edge where the clock is read")]
    fn instant(&self, at: Time) -> Instant {
        let origin = *self.origin.get_or_init(Instant::now);
        origin.checked_add(at).unwrap_or(origin + FAR_FUTURE)
    }

    async fn sleep_until(&self, at: Time) {
        tokio::time::sleep_until(self.instant(at)).await;
    }
}
