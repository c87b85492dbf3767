//! The driver: does what the session says: runs supersteps, stores what they lead to, emits what happens.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use futures_core::future::BoxFuture;

use super::control::RunControl;
use super::effects::RunEffects;
use super::error::RunError;
use super::event::{Event, Outcome};
use super::input::Input;
use super::interest::Interest;
pub(crate) use super::needs::Run;
use super::open;
use super::queue::EventSink;
use super::superstep::{Clock, sleep, superstep};
use crate::engine::checkpoint::Checkpoint;
use crate::engine::pause::{Durability, Pause};
use crate::engine::recorder::Recorder;
use crate::engine::round::{Round, waiting_joins};
use crate::engine::session::{Prepared, Record, Session, Settled, Standing};
use crate::node::context::Interrupt;
use crate::node::once::EffectLog;
use crate::state::State;
use crate::store::checkpointer::Checkpointer;

/// Supersteps of one task that are run in one go before other tasks of the runtime get their turn.
const STEPS_PER_TURN: u32 = 128;

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
        run.store(record).await?;
    }
    run.emit_values(Interest::FIRST_VALUES, &session);
    let mut shell = Shell { run: &run, log, effects, clock: Clock::default(), pending: None, refused: None };
    if let Some(queue) = &run.queue {
        let_read(&**queue).await;
    }
    let driven = shell.supersteps(&mut session).await;
    // Whatever stopped the run, what was being stored beside it is stored first.
    shell.flush().await?;
    match driven {
        Ok(Stop::Done) => {}
        Ok(Stop::Paused(pause, records)) => {
            run.store_all(records).await?;
            run.store_all(session.close()?).await?;
            let next = session.next_nodes();
            run.emit(|| Event::Paused { pause: pause.clone(), next: next.clone() });
            return Ok((Outcome::Paused { state: session.checkpoint.state, pause, next }, session.recorder));
        }
        Ok(Stop::Interrupted(interrupts, records)) => {
            run.store_all(records).await?;
            if run.is_wanted(Interest::VALUES)
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
    run.store_all(session.close()?).await?;
    let Checkpoint { state, frontier } = session.checkpoint;
    if frontier.joins.iter().any(Round::is_waiting) {
        let waiting = waiting_joins(&session.topology, &frontier);
        tracing::warn!(graph = run.graph.name(), thread = %run.key, ?waiting, "the run is done, and a join still waits");
    }
    run.emit_wanted(Interest::END, || Event::RunFinished {
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
                    let records = session.close().ok().flatten();
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
                Settled::Advanced(Some(record)) => self.keep(record).await.map_err(bare)?,
                Settled::Interrupted(interrupts, records) => {
                    return Ok(Stop::Interrupted(interrupts, records));
                }
                Settled::Paused(pause, records) => return Ok(Stop::Paused(pause, records)),
                Settled::Failed(error, records) => return Err((error, records)),
            }
            self.run.emit_values(Interest::VALUES, session);
            turn += 1;
            if turn == STEPS_PER_TURN {
                turn = 0;
                tokio::task::yield_now().await;
            } else if let Some(queue) = &self.run.queue {
                let_read(&**queue).await;
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
            Record::Progress { head, progress } => saver.save_progress(&self.key, head, *progress).await?,
        }
        Ok(())
    }
}

/// Lets whoever watches read what has happened before more happens.
async fn let_read<S: State>(queue: &dyn EventSink<S>) {
    if queue.hand_over() { once_pending().await } else { tokio::task::yield_now().await }
}

/// Goes back to whoever polls, once, without waking anybody.
fn once_pending() -> impl Future<Output = ()> {
    let mut has_been = false;
    poll_fn(move |_| if std::mem::replace(&mut has_been, true) { Poll::Ready(()) } else { Poll::Pending })
}

#[allow(clippy::disallowed_methods, reason = "the driver is the edge where the clock is read")]
pub(super) fn unix_millis() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
