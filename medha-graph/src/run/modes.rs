//! A run read in modes: what its events say, sorted by what a reader wants to show.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::RunError;
use super::event::{Event, Outcome};
use super::interest::Interest;
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
    sorter: Sorter,
    parts: VecDeque<Part<S>>,
}

impl<S: State> ModeStream<S> {
    pub(crate) fn new(run: RunStream<S>, modes: impl IntoIterator<Item = Mode>) -> Self {
        let sorter = Sorter::new(modes);
        run.narrow(Interest::of(&sorter.modes));
        Self { run, sorter, parts: VecDeque::new() }
    }

    /// The next part.
    pub async fn next(&mut self) -> Option<Result<Part<S>, RunError>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Runs to the end and returns how it ended, without the remaining parts.
    pub async fn outcome(self) -> Result<Outcome<S>, RunError> {
        self.run.outcome().await
    }
}

/// Sorts events into the modes that show them. Works for a graph and its subgraphs, whatever their states.
#[derive(Debug)]
pub(crate) struct Sorter {
    modes: BTreeSet<Mode>,
    /// Ids of messages that were shown, or were there before the run.
    shown: HashSet<String>,
    /// The fields of a graph by its path; known from its first values.
    fields: HashMap<Vec<String>, Vec<Field>>,
}

impl Sorter {
    fn new(modes: impl IntoIterator<Item = Mode>) -> Self {
        Self { modes: modes.into_iter().collect(), shown: HashSet::new(), fields: HashMap::new() }
    }

    /// What an event shows in the only mode that is wanted, if it is made of the event's own pieces: nothing is copied.
    #[allow(clippy::result_large_err, reason = "the event goes back to where it came from")]
    pub(crate) fn take_over<C: State>(&self, event: Event<C>) -> Result<PartContent<C>, Event<C>> {
        let is_only = |mode: Mode| self.modes.len() == 1 && self.modes.contains(&mode);
        if is_only(Mode::Updates)
            && let Event::TaskFinished { task, update, more, .. } = event
        {
            let mut updates = vec![update];
            updates.extend(more);
            return Ok(PartContent::Updates { task, updates });
        }
        if is_only(Mode::Values)
            && let Event::Values { step, state, next } = event
        {
            return Ok(PartContent::Values { step, state, next });
        }
        Err(event)
    }

    /// What one event of the graph at this path shows.
    pub(crate) fn sort<C: State>(&mut self, path: &[String], event: &Event<C>) -> Vec<PartContent<C>> {
        let mut contents = Vec::new();
        if self.modes.contains(&Mode::Messages) {
            self.sort_messages(path, event, &mut contents);
        }
        let mut show = |mode: Mode, content: &dyn Fn() -> PartContent<C>| {
            if self.modes.contains(&mode) {
                contents.push(content());
            }
        };
        match event {
            Event::Values { step, state, next } => show(Mode::Values, &|| PartContent::Values {
                step: *step,
                state: state.clone(),
                next: next.clone(),
            }),
            Event::Custom { task, value } => {
                show(Mode::Custom, &|| PartContent::Custom { task: task.clone(), value: value.clone() });
            }
            Event::CheckpointSaved { id, step, cause, next } => {
                show(Mode::Checkpoints, &|| PartContent::Checkpoints {
                    id: *id,
                    step: *step,
                    cause: *cause,
                    next: next.clone(),
                });
            }
            Event::TaskFinished { task, update, more, .. } => {
                show(Mode::Updates, &|| PartContent::Updates {
                    task: task.clone(),
                    updates: std::iter::once(update).chain(more).cloned().collect(),
                });
                show(Mode::Tasks, &|| PartContent::Tasks(Box::new(event.clone())));
            }
            Event::TaskStarted { .. }
            | Event::TaskRetrying { .. }
            | Event::TaskFailed { .. }
            | Event::CacheFailed { .. }
            | Event::Call { .. }
            | Event::TaskAsked { .. } => show(Mode::Tasks, &|| PartContent::Tasks(Box::new(event.clone()))),
            Event::Message { .. }
            | Event::RunStarted { .. }
            | Event::Child { .. }
            | Event::Skipped { .. }
            | Event::Interrupted { .. }
            | Event::Paused { .. }
            | Event::RunFinished { .. } => {}
        }
        show(Mode::Debug, &|| PartContent::Debug(Box::new(event.clone())));
        contents
    }

    fn sort_messages<C: State>(
        &mut self,
        path: &[String],
        event: &Event<C>,
        contents: &mut Vec<PartContent<C>>,
    ) {
        match event {
            Event::Values { state, .. } if !self.fields.contains_key(path) => {
                // What is there before the run is not shown.
                for (position, _) in conversations(state.fields()) {
                    let json = state.field_json(position).ok();
                    let messages = json.and_then(|json| serde_json::from_str::<Vec<Value>>(json.get()).ok());
                    let ids = messages.iter().flatten().filter_map(Message::id).map(str::to_owned);
                    self.shown.extend(ids);
                }
                self.fields.insert(path.to_vec(), state.fields().to_vec());
            }
            Event::Message { task, message } => {
                self.shown.extend(message.id().map(str::to_owned));
                let (task, message) = (task.clone(), message.clone());
                contents.push(PartContent::Messages { task, field: None, message });
            }
            Event::TaskFinished { task, update, more, .. } => {
                let Some(fields) = self.fields.get(path) else { return };
                for update in std::iter::once(update).chain(more) {
                    let written = update.written(fields);
                    for (position, field) in conversations(fields).filter(|(at, _)| written.contains(*at)) {
                        for message in written_messages::<C>(update, position, fields) {
                            if message.id().is_none_or(|id| self.shown.insert(id.to_owned())) {
                                let (task, field) = (task.clone(), Some(field.to_owned()));
                                contents.push(PartContent::Messages { task, field, message });
                            }
                        }
                    }
                }
            }
            Event::Values { .. }
            | Event::Custom { .. }
            | Event::CheckpointSaved { .. }
            | Event::TaskStarted { .. }
            | Event::TaskRetrying { .. }
            | Event::TaskFailed { .. }
            | Event::CacheFailed { .. }
            | Event::TaskAsked { .. }
            | Event::Call { .. }
            | Event::RunStarted { .. }
            | Event::Child { .. }
            | Event::Skipped { .. }
            | Event::Interrupted { .. }
            | Event::Paused { .. }
            | Event::RunFinished { .. } => {}
        }
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
                Poll::Ready(Some(Ok(event))) => match self.sorter.take_over(event) {
                    Ok(content) => return Poll::Ready(Some(Ok(Part { path: Vec::new(), content }))),
                    Err(event) => {
                        let contents = self.sorter.sort(&[], &event);
                        let parts = contents.into_iter().map(|content| Part { path: Vec::new(), content });
                        self.parts.extend(parts);
                    }
                },
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
            .field("modes", &self.sorter.modes)
            .finish_non_exhaustive()
    }
}
