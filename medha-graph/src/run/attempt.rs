//! One attempt of one task: what it is given, and how it ends. The driver and the simulation share it.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;

use super::driver::Run;
use super::event::Event;
use super::queue::EventSink;
use crate::engine::checkpoint::{Line, Task, TaskId};
use crate::engine::machine::AttemptEnd;
use crate::engine::record::{Origin as StoredOrigin, Progress};
use crate::engine::session::Lineage;
use crate::engine::superstep::panic_text;
use crate::engine::timer::Timeouts;
use crate::graph::topology::Topology;
use crate::node::cached::flight::Superstep;
use crate::node::context::ContextValues;
use crate::node::error::{NodeError, Stop};
use crate::node::extract::{Attempt, Origin};
use crate::node::once::{EffectLog, TaskEffects};
use crate::node::pulse::Pulse;
use crate::node::task::{Emission, Emit, TaskRef};
use crate::state::State;
use crate::store::key::ThreadKey;
use crate::subgraph::event::PathSegment;
use crate::subgraph::host::Host;

/// What the attempts of one superstep share.
pub(crate) struct Scope<'a, S: State> {
    pub(crate) topology: &'a Topology<S>,
    pub(crate) thread: &'a Arc<str>,
    pub(crate) values: &'a ContextValues,
    pub(crate) queue: Option<&'a Arc<dyn EventSink<S>>>,
    pub(crate) state: &'a S,
    pub(crate) tasks: &'a [Task],
    pub(crate) progress: &'a Progress,
    pub(crate) effects: &'a Arc<dyn EffectLog>,
    /// What subgraphs run on; nothing where only the tasks of one graph are looked at.
    pub(crate) run: Option<&'a Run<S>>,
    pub(crate) lineage: Lineage,
    /// The superstep that runs.
    pub(crate) step: u64,
    /// How many more the run may take.
    pub(crate) steps_left: u64,
    /// The line of history it belongs to.
    pub(crate) line: Line,
    /// The namespace of the graph.
    pub(crate) namespace: &'a str,
}

impl<S: State> Scope<'_, S> {
    /// Runs one attempt: catches its panic, and ends it when it asks a question. Its signs of life go to the pulse.
    #[inline]
    pub(crate) async fn attempt(
        &self,
        position: usize,
        attempt: u32,
        pulse: Option<&Arc<Pulse>>,
    ) -> AttemptEnd<S> {
        let origin = AttemptOrigin { scope: self, position, attempt, pulse };
        let task = &self.tasks[position];
        let node = self.topology.node(task.node);
        let answers = self.progress.answers(position);
        let Self { state, topology, .. } = *self;
        let given =
            Attempt { state, input: task.input(), topology, answers, origin: &origin, ctx: OnceLock::new() };
        // By hand rather than with a combinator: this is the hot path, and every layer moves the result once more.
        let mut work = Work { future: None, node: &node.name };
        let mut poll = |cx: &mut Context<'_>| {
            work.future.get_or_insert_with(|| node.call.call(&given)).as_mut().poll(cx)
        };
        poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| poll(cx))) {
            Ok(Poll::Ready(Ok(command))) => Poll::Ready(AttemptEnd::Done(command)),
            Ok(Poll::Ready(Err(error))) => Poll::Ready(ended(error)),
            Ok(Poll::Pending) => poll_question(&given, cx),
            Err(panic) => Poll::Ready(AttemptEnd::Panicked(panic_text(panic.as_ref()))),
        })
        .await
    }

    /// How long an attempt of the task at this position may take.
    pub(crate) fn timeouts(&self, position: usize) -> Timeouts {
        let task = &self.tasks[position];
        Timeouts::of(&self.topology.node(task.node).config.timeouts, task)
    }

    pub(crate) fn task_ref(&self, position: usize, attempt: u32) -> TaskRef {
        let node = self.topology.name_of(self.tasks[position].node);
        let id = TaskId::new(self.line, self.namespace, (self.step, position), node);
        TaskRef { id, node: Arc::clone(node), step: self.step, attempt }
    }
}

/// The future of a node. It is dropped unfinished when it asks, takes too long or is cancelled, and what its locals
/// then panic with must not take the run down.
struct Work<'a, T> {
    future: Option<BoxFuture<'a, T>>,
    node: &'a str,
}

impl<T> Drop for Work<'_, T> {
    #[inline]
    fn drop(&mut self) {
        let future = self.future.take();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(future))) {
            let panic = panic_text(panic.as_ref());
            tracing::warn!(node = self.node, panic, "a node panicked while it was dropped");
        }
    }
}

/// What an error of a node says: a failure, unless it carries why the node stopped.
#[cold]
fn ended<S: State>(mut error: NodeError) -> AttemptEnd<S> {
    match error.take_stop() {
        None => AttemptEnd::Failed(error),
        Some(Stop::Asked(questions)) => AttemptEnd::Asked(questions),
        Some(Stop::Paused(pause)) => AttemptEnd::Paused(pause),
        Some(Stop::ToParent(command)) => AttemptEnd::ToParent(command),
    }
}

/// Ends an attempt that has asked a question.
fn poll_question<S: State>(given: &Attempt<'_, S>, cx: &Context<'_>) -> Poll<AttemptEnd<S>> {
    let Some(ctx) = given.ctx.get() else { return Poll::Pending };
    ctx.register(cx.waker());
    let questions = ctx.take_questions();
    if questions.is_empty() { Poll::Pending } else { Poll::Ready(AttemptEnd::Asked(questions)) }
}

/// Where an attempt gets what it asks for besides the state.
struct AttemptOrigin<'a, 'b, S: State> {
    scope: &'a Scope<'b, S>,
    position: usize,
    attempt: u32,
    pulse: Option<&'a Arc<Pulse>>,
}

impl<S: State> Origin for AttemptOrigin<'_, '_, S> {
    fn task(&self) -> TaskRef {
        self.scope.task_ref(self.position, self.attempt)
    }

    fn node(&self) -> &str {
        self.scope.topology.name_of(self.scope.tasks[self.position].node)
    }

    fn thread(&self) -> Arc<str> {
        Arc::clone(self.scope.thread)
    }

    fn values(&self) -> &ContextValues {
        self.scope.values
    }

    fn effects(&self) -> TaskEffects {
        let Scope { effects, line, step, .. } = *self.scope;
        TaskEffects { log: Arc::clone(effects), line, step, position: self.position }
    }

    fn host(&self) -> Host {
        let Scope { run, lineage, step, line, .. } = *self.scope;
        let position = self.position;
        let node = Arc::clone(self.scope.topology.name_of(self.scope.tasks[position].node));
        let checkpoint = lineage.checkpoint.unwrap_or_default();
        Host {
            thread: Arc::clone(self.scope.thread),
            values: self.scope.values.clone(),
            saver: run.and_then(|run| run.saver.clone()),
            key: run.map_or_else(|| ThreadKey::new("", self.scope.namespace), |run| run.key.clone()),
            limits: run.map(|run| run.graph.limits),
            options: run.map(|run| run.graph.options.clone()).unwrap_or_default(),
            sink: self.scope.queue.map(|queue| Arc::clone(queue) as _),
            origin: StoredOrigin { line, run: lineage.run, checkpoint, step, position },
            head_run: lineage.head_run,
            task: PathSegment { node, step, position },
            questions: self
                .scope
                .progress
                .of(position)
                .map(|task| task.questions.clone())
                .unwrap_or_default(),
        }
    }

    /// A superstep is where its scope is: no two live at once in one place.
    fn superstep(&self) -> Superstep {
        Superstep(std::ptr::from_ref(self.scope).addr())
    }

    fn cache_failed(&self, error: String) {
        if let Some(queue) = self.scope.queue {
            queue.push(Event::CacheFailed { task: self.task(), error });
        }
    }

    fn steps_left(&self) -> u64 {
        self.scope.steps_left
    }

    fn emit(&self) -> Option<Emit> {
        let queue = Arc::clone(self.scope.queue?);
        Some(Arc::new(move |task, emission| {
            queue.push_progress(match emission {
                Emission::Custom(value) => Event::Custom { task, value },
                Emission::Message(message) => Event::Message { task, message },
                Emission::Call { name, phase } => Event::Call { task, name, phase },
                Emission::CacheFailed(error) => Event::CacheFailed { task, error },
            });
        }))
    }

    fn pulse(&self) -> Option<Arc<Pulse>> {
        self.pulse.cloned()
    }
}
