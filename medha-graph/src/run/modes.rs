//! A run read in modes: what its events say, sorted by what a reader wants to show.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::RunError;
use super::event::{Event, Outcome};
use super::interest::Interest;
use super::sorter::Sorter;
use super::stream::RunStream;
use crate::engine::checkpoint::CheckpointId;
use crate::engine::record::Cause;
use crate::node::task::TaskRef;
use crate::state::State;
use crate::subgraph::event::{ChildContent, PathSegment};

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
    /// The subgraph it comes from: the tasks that lead to it, the outermost first; empty for the graph itself.
    pub path: Vec<PathSegment>,
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
    /// What a subgraph shows, where [`ModeStream::with_subgraphs`] asks for it. As JSON it is like any other content.
    #[serde(untagged)]
    Child(ChildContent),
}

impl<S: State> Part<S> {
    /// The mode it is shown in.
    pub fn mode(&self) -> Mode {
        self.content.mode()
    }
}

impl<S: State> PartContent<S> {
    /// The mode it is shown in.
    pub fn mode(&self) -> Mode {
        match self {
            Self::Values { .. } => Mode::Values,
            Self::Updates { .. } => Mode::Updates,
            Self::Messages { .. } => Mode::Messages,
            Self::Custom { .. } => Mode::Custom,
            Self::Tasks(_) => Mode::Tasks,
            Self::Checkpoints { .. } => Mode::Checkpoints,
            Self::Debug(_) => Mode::Debug,
            Self::Child(content) => content.mode(),
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
    shows: Shows,
}

/// Whose events are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shows {
    Graph,
    GraphAndSubgraphs,
}

impl<S: State> ModeStream<S> {
    pub(crate) fn new(run: RunStream<S>, modes: impl IntoIterator<Item = Mode>) -> Self {
        let sorter = Sorter::new(modes);
        run.narrow(Interest::of(&sorter.modes));
        Self { run, sorter, parts: VecDeque::new(), shows: Shows::Graph }
    }

    /// The same with what happens in subgraphs, at any depth: in the same modes, with the path that leads to them.
    ///
    /// Without it subgraphs run as if nobody watched them, which costs less.
    ///
    /// ```
    /// use medha_graph::prelude::*;
    /// use medha_graph::{Mode, PartContent, Subgraph};
    ///
    /// #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
    /// struct Count { #[state(add)] n: u32 }
    /// async fn one() -> CountUpdate { Count::update().n(1) }
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let inner = StateGraph::<Count>::new("inner").node("one", one).edge(START, "one").edge("one", END).compile()?;
    /// let outer = StateGraph::<Count>::new("outer")
    ///     .node("inside", Subgraph::new(inner)).edge(START, "inside").edge("inside", END).compile()?;
    ///
    /// let mut parts = outer.thread("t").stream(Count::update()).modes([Mode::Updates]).with_subgraphs();
    /// let mut seen = Vec::new();
    /// while let Some(part) = parts.next().await {
    ///     let part = part?;
    ///     let path: Vec<String> = part.path.iter().map(|task| task.node.to_string()).collect();
    ///     let node = match &part.content {
    ///         PartContent::Updates { task, .. } => task.node.to_string(),
    ///         PartContent::Child(content) => match content.of::<Count>() {
    ///             Some(PartContent::Updates { task, .. }) => task.node.to_string(),
    ///             _ => continue,
    ///         },
    ///         _ => continue,
    ///     };
    ///     seen.push((path, node));
    /// }
    /// assert_eq!(seen, [(vec!["inside".to_owned()], "one".to_owned()), (vec![], "inside".to_owned())]);
    /// # Ok(()) }
    /// ```
    pub fn with_subgraphs(mut self) -> Self {
        self.run.narrow(Interest::of(&self.sorter.modes).and(Interest::CHILDREN));
        self.shows = Shows::GraphAndSubgraphs;
        self
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
                    Err(Event::Child { path, event }) if self.shows == Shows::GraphAndSubgraphs => {
                        let contents = event.sort(&mut self.sorter, &path).into_iter();
                        let part =
                            |content| Part { path: path.clone(), content: PartContent::Child(content) };
                        self.parts.extend(contents.map(part));
                    }
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
