//! The tasks of one superstep: does what the machine says. Polls attempts, sleeps, reads the clock.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;

use futures_core::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::Instant;

use super::attempt::Scope;
use super::driver::Run;
use super::event::Event;
use super::interest::Interest;
use crate::engine::machine::{Action, AttemptEnd, Machine, Reaction, SlotEnd, Time};
use crate::engine::session::Session;
use crate::engine::timer::Timer;
use crate::node::once::EffectLog;
use crate::node::pulse::Pulse;
use crate::state::State;

/// Stands for a time no clock can show: some thirty years.
const FAR_FUTURE: Duration = Duration::from_secs(1_000_000_000);

/// Runs the tasks of one superstep until all are settled.
pub(super) async fn superstep<S: State>(
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
        let started = self.run.is_wanted(Interest::TIMES).then(|| self.clock.now());
        let task = || self.scope.task_ref(position, attempt);
        self.run.emit_wanted(Interest::STARTS, || Event::TaskStarted { task: task() });
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
        self.finish_watched(machine, Ended { position, attempt, end, elapsed });
    }

    /// The same, and says what happened to whoever watches.
    fn finish_watched(&self, machine: &mut Machine<S>, Ended { position, attempt, end, elapsed }: Ended<S>) {
        let task = || self.scope.task_ref(position, attempt);
        if let AttemptEnd::Done(command) = &end {
            let (update, more) = (|| command.update.clone(), || command.more().to_vec());
            let cached = command.is_cached();
            let finished =
                || Event::TaskFinished { task: task(), update: update(), more: more(), elapsed, cached };
            self.run.emit_wanted(Interest::UPDATES, finished);
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
                    let failure = Box::new(failure);
                    self.run.emit(|| Event::TaskFailed { task: task(), failure, is_handled });
                }
            }
        }
    }
}

/// A wait inside a node.
pub(super) fn sleep(pause: Duration) -> BoxFuture<'static, ()> {
    Box::pin(tokio::time::sleep(pause))
}

/// The time since the run first asked for it; a run that never asks reads no clock.
#[derive(Default)]
pub(super) struct Clock {
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
