//! A thread: a named history of checkpoints, and the verbs on it.

use std::fmt;
use std::sync::Arc;

use futures_core::future::BoxFuture;
use serde_json::Value;

use super::control::RunControl;
use super::driver::{self, Run};
use super::error::RunError;
use super::event::Outcome;
use super::input::{Input, Resume};
use super::queue::{EventQueue, EventSink};
use super::stream::RunStream;
use crate::engine::checkpoint::CheckpointId;
use crate::engine::pause::{Durability, Unfinished};
use crate::graph::compiled::CompiledGraph;
use crate::node::command::Command;
use crate::state::State;
use crate::store::checkpointer::Checkpointer;
use crate::store::key::ThreadKey;

/// A named history of checkpoints of one graph. Made by [`CompiledGraph::thread`]; owns what it needs.
pub struct Thread<S: State> {
    pub(crate) graph: CompiledGraph<S>,
    /// `None` for a run that stores nothing and has no name.
    pub(crate) key: Option<ThreadKey>,
    /// The checkpoint its runs go on from, where it is not the head.
    pub(crate) at: Option<CheckpointId>,
}

impl<S: State> Thread<S> {
    pub(crate) fn new(graph: CompiledGraph<S>, key: Option<ThreadKey>) -> Self {
        Self { graph, key, at: None }
    }

    /// Gives the nodes of this run a dependency, besides those of the graph; the same type replaces.
    #[must_use]
    pub fn with_context<T: ?Sized + Send + Sync + 'static>(mut self, value: Arc<T>) -> Self {
        self.graph = self.graph.with_context(value);
        self
    }

    /// Lets somebody else drain or cancel the runs started here.
    #[must_use]
    pub fn with_control(mut self, control: &RunControl) -> Self {
        self.graph.options.control = Some(control.clone());
        self
    }

    /// Attaches a value to the checkpoints of runs started here; histories can be searched by it.
    #[must_use]
    pub fn with_metadata(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.graph.options.metadata.insert(key.into(), value.into());
        self
    }

    /// Says when what runs started here do is stored.
    #[must_use]
    pub fn with_durability(mut self, durability: Durability) -> Self {
        self.graph = self.graph.with_durability(durability);
        self
    }

    /// Stops runs started here before these nodes (`"*"`: before every node).
    #[must_use]
    pub fn with_interrupt_before<N: Into<String>>(mut self, nodes: impl IntoIterator<Item = N>) -> Self {
        self.graph = self.graph.with_interrupt_before(nodes);
        self
    }

    /// Stops runs started here after these nodes (`"*"`: after every node).
    #[must_use]
    pub fn with_interrupt_after<N: Into<String>>(mut self, nodes: impl IntoIterator<Item = N>) -> Self {
        self.graph = self.graph.with_interrupt_after(nodes);
        self
    }

    /// Says what becomes of unfinished work when something else happens on the thread: new input, an update, or
    /// [`abandon`](Self::abandon). Without it, new input on an unfinished thread is refused, and so is an update that
    /// would lose what tasks have finished.
    #[must_use]
    pub fn with_unfinished(mut self, unfinished: Unfinished) -> Self {
        self.graph.options.unfinished = Some(unfinished);
        self
    }

    /// The same thread as it stood at an earlier checkpoint: what is run from here forks its history.
    #[must_use]
    pub fn at(mut self, checkpoint: CheckpointId) -> Self {
        self.at = Some(checkpoint);
        self
    }

    /// The name of the thread; empty for a run without one.
    pub fn id(&self) -> &str {
        self.key.as_ref().map_or("", ThreadKey::thread)
    }

    /// Runs until done, interrupted or failed. Takes an update, or a [`Resume`].
    ///
    /// On a thread that is done, an update begins a new run on the state so far. Dropping the future leaves the
    /// thread at its last checkpoint; `resume(Resume::next())` goes on from there.
    pub async fn invoke(&self, input: impl Into<Input<S>>) -> Result<Outcome<S>, RunError> {
        // In a box, so that the type of a caller's future does not hold that of the whole engine.
        let run: BoxFuture<'_, _> = Box::pin(driver::drive(self.run(None), input.into()));
        run.await
    }

    /// Goes on where the thread stopped, with an answer or just on. The same as `invoke` with a [`Resume`].
    pub async fn resume(&self, resume: Resume) -> Result<Outcome<S>, RunError> {
        self.invoke(resume).await
    }

    /// The same run as `invoke`, read event by event. Nothing happens before the stream is read.
    pub fn stream(&self, input: impl Into<Input<S>>) -> RunStream<S> {
        let queue: Arc<EventQueue<S>> = Arc::default();
        let sink: Arc<dyn EventSink<S>> = Arc::clone(&queue) as _;
        let run = driver::drive(self.run(Some(sink)), input.into());
        RunStream::new(Box::pin(run), queue)
    }

    /// Goes on with an answer, or just on, on a state that is changed first; targets of the command are planned besides
    /// what is planned already.
    ///
    /// ```
    /// # use medha_graph::prelude::*;
    /// # #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
    /// # struct Trip { budget: u32, #[state(append)] log: Vec<String> }
    /// # async fn book(trip: &Trip, ctx: Ctx) -> TripUpdate {
    /// #     let by: String = ctx.interrupt("train or plane?").await;
    /// #     Trip::update().log([format!("{by} for {}", trip.budget)])
    /// # }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let graph = StateGraph::<Trip>::new("trip")
    /// #     .node("book", book).edge(START, "book").edge("book", END).compile()?
    /// #     .with_checkpointer(MemorySaver::default());
    /// let thread = graph.thread("trip");
    /// thread.invoke(Trip::update().budget(100)).await?;            // asks "train or plane?"
    /// let correction = Command::new().update(Trip::update().budget(80));
    /// let outcome = thread.resume_with(Resume::answer("train"), correction).await?;
    /// assert_eq!(outcome.state().log, ["train for 80"]);
    /// # Ok(()) }
    /// ```
    pub async fn resume_with(&self, resume: Resume, command: Command<S>) -> Result<Outcome<S>, RunError> {
        self.invoke(Input::ResumeWith(resume, Box::new(command))).await
    }

    pub(super) fn run(&self, queue: Option<Arc<dyn EventSink<S>>>) -> Run<S> {
        let saver = self.key.as_ref().and(self.graph.saver.clone());
        let key = self.key.clone().unwrap_or_else(|| ThreadKey::root(""));
        let thread = Arc::from(key.thread());
        Run { graph: self.graph.clone(), saver, key, thread, at: self.at, origin: None, queue }
    }

    pub(crate) fn saver(&self, operation: &'static str) -> Result<(&dyn Checkpointer, &ThreadKey), RunError> {
        match (&self.graph.saver, &self.key) {
            (Some(saver), Some(key)) => Ok((&**saver, key)),
            (None, _) | (_, None) => Err(RunError::NoCheckpointer { operation }),
        }
    }
}

impl<S: State> Clone for Thread<S> {
    fn clone(&self) -> Self {
        Self { graph: self.graph.clone(), key: self.key.clone(), at: self.at }
    }
}

impl<S: State> fmt::Debug for Thread<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Thread")
            .field("graph", &self.graph.name())
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
