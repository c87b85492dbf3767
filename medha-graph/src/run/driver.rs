//! The driver: does what the machine says. The only file that knows tokio, and the only one that reads a clock.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::Instant;

use super::attempt::Scope;
use super::error::RunError;
use super::event::{Event, EventQueue, Outcome};
use super::input::Input;
use crate::engine::checkpoint::Checkpoint;
use crate::engine::machine::{Action, AttemptEnd, Machine, Reaction, SlotEnd, Time};
use crate::engine::record::waiting_joins;
use crate::engine::round::Round;
use crate::engine::session::{Record, Session, Settled, Setup};
use crate::engine::timer::Timer;
use crate::graph::compiled::CompiledGraph;
use crate::node::pulse::Pulse;
use crate::state::State;
use crate::store::checkpointer::Checkpointer;

/// Supersteps of one task that are run in one go before other tasks of the runtime get their turn.
const STEPS_PER_TURN: u32 = 128;

/// Stands for a time no clock can show: some thirty years.
const FAR_FUTURE: Duration = Duration::from_secs(1_000_000_000);

/// Everything one run needs.
pub(crate) struct Run<S: State> {
    pub(crate) graph: CompiledGraph<S>,
    pub(crate) saver: Option<Arc<dyn Checkpointer>>,
    pub(crate) thread: Arc<str>,
    pub(crate) queue: Option<Arc<EventQueue<Event<S>>>>,
}

/// The one path of `invoke`, `stream` and `resume`.
pub(crate) async fn drive<S: State>(run: Run<S>, input: Input<S>) -> Result<Outcome<S>, RunError> {
    let head = match (&run.saver, &input) {
        (Some(saver), _) => saver.load(&run.thread).await?,
        (None, Input::Update(_)) => None,
        (None, Input::Resume(_)) => {
            return Err(RunError::NoCheckpointer { operation: "resuming a thread" });
        }
    };
    let setup = Setup {
        thread: Arc::clone(&run.thread),
        is_recorded: run.saver.is_some(),
        limits: run.graph.limits,
        // Drawn, not made of the thread's name: runs that fail together must not come back together.
        seed: fastrand::u64(..),
    };
    let (mut session, record) = Session::open(Arc::clone(&run.graph.topology), setup, head, input)?;
    run.emit(|| Event::RunStarted {
        graph: run.graph.name().to_owned(),
        thread: run.thread.to_string(),
        next: next_nodes(&session),
    });
    if let Some(record) = record {
        run.store(*record).await?;
    }
    let clock = Clock::default();
    let mut turn = 0;
    if run.queue.is_some() {
        tokio::task::yield_now().await;
    }
    while session.prepare()? {
        superstep(&run, &mut session, &clock).await;
        match session.settle() {
            Settled::Advanced(None) => {}
            Settled::Advanced(Some(record)) => run.store(*record).await?,
            Settled::Interrupted(interrupts, record) => {
                if let Some(record) = record {
                    run.store(*record).await?;
                }
                run.emit(|| Event::Interrupted { interrupts: interrupts.clone() });
                return Ok(Outcome::Interrupted { state: session.checkpoint.state, interrupts });
            }
            Settled::Failed(error, record) => {
                let Some(record) = record else { return Err(*error) };
                if let Err(second) = run.store(*record).await {
                    tracing::warn!(thread = %run.thread, error = %second, "what finished beside a failure was not stored");
                }
                return Err(*error);
            }
        }
        run.emit(|| Event::Values {
            step: session.checkpoint.frontier.step,
            state: session.checkpoint.state.clone(),
            next: next_nodes(&session),
        });
        turn += 1;
        // A watcher sees each superstep before the next begins, and decides with its reading how fast the run goes.
        if turn == STEPS_PER_TURN || run.queue.is_some() {
            turn = 0;
            tokio::task::yield_now().await;
        }
    }
    let Checkpoint { state, frontier } = session.checkpoint;
    if frontier.joins.iter().any(Round::is_waiting) {
        let waiting = waiting_joins(&session.topology, &frontier);
        tracing::warn!(graph = run.graph.name(), thread = %run.thread, ?waiting, "the run is done, and a join still waits");
    }
    run.emit(|| Event::RunFinished {
        state: state.clone(),
        waiting_joins: waiting_joins(&session.topology, &frontier),
    });
    Ok(Outcome::Done(state))
}

impl<S: State> Run<S> {
    #[inline]
    fn emit(&self, event: impl FnOnce() -> Event<S>) {
        if let Some(queue) = &self.queue {
            queue.push(event());
        }
    }

    async fn store(&self, record: Record) -> Result<(), RunError> {
        let Some(saver) = &self.saver else { return Ok(()) };
        match record {
            Record::Checkpoint { expected, checkpoint } => {
                let id = checkpoint.id;
                saver.commit(&self.thread, expected, *checkpoint).await?;
                self.emit(|| Event::CheckpointSaved { id });
            }
            Record::Progress { head, progress } => saver.save_progress(&self.thread, head, progress).await?,
        }
        Ok(())
    }
}

/// Runs the tasks of one superstep until all are settled.
async fn superstep<S: State>(run: &Run<S>, session: &mut Session<S>, clock: &Clock) {
    let base = session.base();
    let Session { topology, checkpoint, machine, progress, .. } = session;
    let scope = Scope {
        topology,
        thread: &run.thread,
        values: &run.graph.values,
        queue: run.queue.as_ref(),
        state: &checkpoint.state,
        tasks: &checkpoint.frontier.next,
        progress,
        step: checkpoint.frontier.step + 1,
        base,
    };
    let step = Step { run, scope: &scope, clock };
    if machine.is_alone() { alone(&step, machine).await } else { together(&step, machine).await }
}

/// One task: awaited in place, without a queue.
async fn alone<S: State>(step: &Step<'_, S>, machine: &mut Machine<S>) {
    loop {
        match step.poll(machine) {
            Action::Start { position, attempt, timed_from: None } if !step.is_watched() => {
                let end = step.scope.attempt(position, attempt, None).await;
                step.finish(machine, Ended { position, attempt, end, elapsed: Duration::ZERO });
                if machine.is_settled() {
                    return;
                }
            }
            Action::Start { position, attempt, timed_from } => {
                let ended = step.attempt(position, attempt, timed_from).await;
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
            Action::Start { position, attempt, timed_from } => {
                running.push(step.attempt(position, attempt, timed_from))
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

    async fn attempt(&self, position: usize, attempt: u32, timed_from: Option<Time>) -> Ended<S> {
        let started = self.run.queue.as_ref().map(|_| self.clock.now());
        self.run.emit(|| Event::TaskStarted { task: self.scope.task_ref(position, attempt) });
        let end = match timed_from {
            None => self.scope.attempt(position, attempt, None).await,
            Some(start) => self.timed(position, attempt, start).await,
        };
        let elapsed = started.map_or(Duration::ZERO, |started| self.clock.now().saturating_sub(started));
        Ended { position, attempt, end, elapsed }
    }

    /// Drops the attempt at its deadline, which signs of life move.
    async fn timed(&self, position: usize, attempt: u32, start: Time) -> AttemptEnd<S> {
        let timeouts = self.scope.timeouts(position);
        let mut timer = Timer::new(timeouts, start);
        let pulse = timeouts.has_moving().then(Arc::<Pulse>::default);
        let mut work = pin!(self.scope.attempt(position, attempt, pulse.as_ref()));
        let ring = |timer: &Timer| self.clock.instant(timer.deadline().map_or(Time::MAX, |first| first.at));
        let mut alarm = pin!(tokio::time::sleep_until(ring(&timer)));
        poll_fn(|cx| {
            if let Some(pulse) = &pulse {
                pulse.register(cx.waker());
            }
            if let Poll::Ready(end) = work.as_mut().poll(cx) {
                return Poll::Ready(end);
            }
            let now = self.clock.now();
            if let Some(sign) = pulse.as_ref().and_then(|pulse| pulse.take()) {
                timer.note(sign, now);
                alarm.as_mut().reset(ring(&timer));
            }
            // The alarm alone would not do: a node that is always busy leaves it no turn.
            let has_rung = alarm.as_mut().poll(cx).is_ready();
            match timer.deadline() {
                Some(first) if has_rung || first.at <= now => {
                    Poll::Ready(AttemptEnd::TimedOut(first.expired))
                }
                Some(_) | None => Poll::Pending,
            }
        })
        .await
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
            let update = || command.update.clone();
            self.run.emit(|| Event::TaskFinished { task: task(), update: update(), elapsed });
        }
        let now = if end.is_failure() { self.clock.now() } else { Time::ZERO };
        match machine.finish(self.scope.topology, self.scope.tasks, position, end, now) {
            Reaction::Done => {}
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

fn next_nodes<S: State>(session: &Session<S>) -> Vec<String> {
    let tasks = session.checkpoint.frontier.next.iter();
    tasks.map(|task| session.topology.name_of(task.node).to_string()).collect()
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
