//! A run read in modes: what its events say, sorted by what a reader wants to show.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::RunError;
use super::event::{Event, Outcome};
use super::stream::RunStream;
use crate::engine::checkpoint::CheckpointId;
use crate::engine::record::Cause;
use crate::node::context::TaskRef;
use crate::reducer::Message;
use crate::state::{Field, State, Storage, Update};

/// What a reader of a run wants to see; give some to [`RunStream::modes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Mode {
    /// The whole state: at the start, after each superstep, and at a question once more with what has finished.
    Values,
    /// What each task wrote, as it finishes.
    Updates,
    /// Messages as they are sent with [`Ctx::emit_message`](crate::Ctx::emit_message), and those written to conversations of
    /// the state that have not been shown yet, told by their id.
    Messages,
    /// What nodes send with [`Ctx::emit`](crate::Ctx::emit).
    Custom,
    /// Tasks: started, tried again, failed, stopped to ask, finished.
    Tasks,
    /// Checkpoints as they are stored.
    Checkpoints,
    /// Every event as it is.
    Debug,
}

/// One thing a run shows in one mode.
///
/// As JSON: `{"mode": "updates", "path": [], "data": {..}}`.
#[derive(Clone, Debug, Serialize)]
#[serde(bound = "")]
#[non_exhaustive]
pub struct Part<S: State> {
    /// The subgraph it comes from, by the names of the nodes that run it; empty for the graph itself.
    pub path: Vec<String>,
    /// What it shows.
    #[serde(flatten)]
    pub content: PartContent<S>,
}

/// What a [`Part`] shows; each [`Mode`] has one.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "mode", content = "data", rename_all = "snake_case", bound = "")]
#[non_exhaustive]
pub enum PartContent<S: State> {
    /// The state.
    Values {
        /// The last superstep that was merged.
        step: u64,
        /// The merged state.
        state: S,
        /// The nodes that run next.
        next: Vec<String>,
    },
    /// What a task wrote.
    Updates {
        /// The task.
        task: TaskRef,
        /// Its updates, in the order they are merged.
        updates: Vec<S::Update>,
    },
    /// A message or a piece of one.
    Messages {
        /// The task it comes from.
        task: TaskRef,
        /// The field it was written to; nothing for what was sent while the task ran.
        field: Option<String>,
        /// The message.
        message: Value,
    },
    /// A progress event.
    Custom {
        /// The task it comes from.
        task: TaskRef,
        /// What was sent.
        value: Value,
    },
    /// What became of a task.
    Tasks(Box<Event<S>>),
    /// A checkpoint was stored.
    Checkpoints {
        /// Its number.
        id: CheckpointId,
        /// Supersteps finished over the life of the thread.
        step: u64,
        /// Why it was written.
        cause: Cause,
        /// The nodes that run next.
        next: Vec<String>,
    },
    /// An event as it is.
    Debug(Box<Event<S>>),
}

impl<S: State> Part<S> {
    /// The mode it is shown in.
    pub fn mode(&self) -> Mode {
        match &self.content {
            PartContent::Values { .. } => Mode::Values,
            PartContent::Updates { .. } => Mode::Updates,
            PartContent::Messages { .. } => Mode::Messages,
            PartContent::Custom { .. } => Mode::Custom,
            PartContent::Tasks(_) => Mode::Tasks,
            PartContent::Checkpoints { .. } => Mode::Checkpoints,
            PartContent::Debug(_) => Mode::Debug,
        }
    }
}

/// A run as a stream of [`Part`]s, then its error if it fails. Read it to drive the run.
///
/// ```
/// use medha_graph::prelude::*;
/// use medha_graph::{Mode, PartContent};
///
/// #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
/// struct Count { #[state(add)] n: u32 }
/// async fn one(ctx: Ctx) -> CountUpdate {
///     ctx.emit("on it");
///     Count::update().n(1)
/// }
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let graph = StateGraph::<Count>::new("count").node("one", one).edge(START, "one").edge("one", END).compile()?;
/// let mut parts = graph.thread("t").stream(Count::update()).modes([Mode::Custom, Mode::Values]);
/// let mut seen = Vec::new();
/// while let Some(part) = parts.next().await {
///     match part?.content {
///         PartContent::Custom { value, .. } => seen.push(value.to_string()),
///         PartContent::Values { state, .. } => seen.push(state.n.to_string()),
///         _ => {}
///     }
/// }
/// assert_eq!(seen, ["0", "\"on it\"", "1"]);
/// # Ok(()) }
/// ```
#[must_use = "a stream does nothing until it is read"]
pub struct ModeStream<S: State> {
    run: RunStream<S>,
    modes: BTreeSet<Mode>,
    parts: VecDeque<Part<S>>,
    /// Ids of messages that were shown, or were there before the run.
    shown: HashSet<String>,
    /// The fields of the state; known from the first values.
    fields: Vec<Field>,
}

impl<S: State> ModeStream<S> {
    pub(crate) fn new(run: RunStream<S>, modes: impl IntoIterator<Item = Mode>) -> Self {
        let (modes, parts) = (modes.into_iter().collect(), VecDeque::new());
        Self { run, modes, parts, shown: HashSet::new(), fields: Vec::new() }
    }

    /// The next part.
    pub async fn next(&mut self) -> Option<Result<Part<S>, RunError>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Runs to the end and returns how it ended, without the remaining parts.
    pub async fn outcome(self) -> Result<Outcome<S>, RunError> {
        self.run.outcome().await
    }

    /// Sorts one event into the modes that show it.
    fn sort(&mut self, event: Event<S>) {
        if self.modes.contains(&Mode::Messages) {
            self.sort_messages(&event);
        }
        let in_debug = self.modes.contains(&Mode::Debug).then(|| Box::new(event.clone()));
        let content = match event {
            Event::Values { step, state, next } => {
                self.shown_in(Mode::Values, || PartContent::Values { step, state, next })
            }
            Event::Custom { task, value } => {
                self.shown_in(Mode::Custom, || PartContent::Custom { task, value })
            }
            Event::CheckpointSaved { id, step, cause, next } => {
                self.shown_in(Mode::Checkpoints, || PartContent::Checkpoints { id, step, cause, next })
            }
            Event::TaskFinished { ref task, ref update, ref more, .. } => {
                let updates = || std::iter::once(update).chain(more).cloned().collect();
                let updated = self.shown_in(Mode::Updates, || PartContent::Updates {
                    task: task.clone(),
                    updates: updates(),
                });
                self.parts.extend(updated.map(|content| Part { path: Vec::new(), content }));
                self.shown_in(Mode::Tasks, || PartContent::Tasks(Box::new(event)))
            }
            Event::TaskStarted { .. }
            | Event::TaskRetrying { .. }
            | Event::TaskFailed { .. }
            | Event::TaskAsked { .. } => self.shown_in(Mode::Tasks, || PartContent::Tasks(Box::new(event))),
            Event::Message { .. }
            | Event::RunStarted { .. }
            | Event::Skipped { .. }
            | Event::Interrupted { .. }
            | Event::Paused { .. }
            | Event::RunFinished { .. } => None,
        };
        let debug = in_debug.map(PartContent::Debug);
        self.parts.extend(content.into_iter().chain(debug).map(|content| Part { path: Vec::new(), content }));
    }

    fn shown_in(&self, mode: Mode, content: impl FnOnce() -> PartContent<S>) -> Option<PartContent<S>> {
        self.modes.contains(&mode).then(content)
    }

    fn sort_messages(&mut self, event: &Event<S>) {
        match event {
            Event::Values { state, .. } if self.fields.is_empty() => {
                self.fields = state.fields().to_vec();
                // What is there before the run is not shown.
                for (position, _) in conversations(&self.fields) {
                    let json = state.field_json(position).ok();
                    let messages = json.and_then(|json| serde_json::from_str::<Vec<Value>>(json.get()).ok());
                    let ids = messages.iter().flatten().filter_map(Message::id).map(str::to_owned);
                    self.shown.extend(ids);
                }
            }
            Event::Message { task, message } => {
                self.shown.extend(message.id().map(str::to_owned));
                self.show(task, None, message.clone());
            }
            Event::TaskFinished { task, update, more, .. } => {
                let fields = std::mem::take(&mut self.fields);
                for update in std::iter::once(update).chain(more) {
                    let written = update.written(&fields);
                    for (position, name) in conversations(&fields).filter(|(at, _)| written.contains(*at)) {
                        self.show_written(task, name, written_messages::<S>(update, position, &fields));
                    }
                }
                self.fields = fields;
            }
            Event::Values { .. }
            | Event::Custom { .. }
            | Event::CheckpointSaved { .. }
            | Event::TaskStarted { .. }
            | Event::TaskRetrying { .. }
            | Event::TaskFailed { .. }
            | Event::TaskAsked { .. }
            | Event::RunStarted { .. }
            | Event::Skipped { .. }
            | Event::Interrupted { .. }
            | Event::Paused { .. }
            | Event::RunFinished { .. } => {}
        }
    }

    fn show_written(&mut self, task: &TaskRef, field: &str, messages: Vec<Value>) {
        for message in messages {
            let is_new = message.id().is_none_or(|id| self.shown.insert(id.to_owned()));
            if is_new {
                self.show(task, Some(field.to_owned()), message);
            }
        }
    }

    fn show(&mut self, task: &TaskRef, field: Option<String>, message: Value) {
        let content = PartContent::Messages { task: task.clone(), field, message };
        self.parts.push_back(Part { path: Vec::new(), content });
    }
}

/// The fields that hold messages.
fn conversations(fields: &[Field]) -> impl Iterator<Item = (usize, &str)> {
    let held = fields.iter().enumerate().filter(|(_, field)| field.storage == Storage::Messages);
    held.map(|(position, field)| (position, &*field.name))
}

/// The messages an update puts, without those it removes.
fn written_messages<S: State>(update: &S::Update, position: usize, fields: &[Field]) -> Vec<Value> {
    let json = update.write_json(position, fields).ok();
    let list = json.and_then(|json| serde_json::from_str::<Vec<Value>>(json.get()).ok()).unwrap_or_default();
    let is_mark = |value: &Value| value.get("$remove").is_some() || value.get("$clear").is_some();
    list.into_iter().filter(|value| !is_mark(value)).collect()
}

impl<S: State> Unpin for ModeStream<S> {}

impl<S: State> Stream for ModeStream<S> {
    type Item = Result<Part<S>, RunError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(part) = self.parts.pop_front() {
                return Poll::Ready(Some(Ok(part)));
            }
            match Pin::new(&mut self.run).poll_next(cx) {
                Poll::Ready(Some(Ok(event))) => self.sort(event),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl<S: State> fmt::Debug for ModeStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModeStream")
            .field("run", &self.run)
            .field("modes", &self.modes)
            .finish_non_exhaustive()
    }
}
