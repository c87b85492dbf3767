//! A graph behind JSON: for servers and command lines, which hold graphs of many types.

use std::fmt::{self, Debug};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::future::BoxFuture;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::engine::checkpoint::CheckpointId;
use crate::graph::compiled::CompiledGraph;
use crate::json::schema::Schemas;
use crate::run::error::RunError;
use crate::run::input::{Input, Resume};
use crate::run::public;
use crate::run::thread::Thread;
use crate::state::field::field_hint;
use crate::state::{Field, State};
use crate::store::key::ThreadKey;

/// A graph whose types are known as JSON only. Made with [`CompiledGraph::into_dyn`].
///
/// Private fields of the state are neither taken nor given. What runs is the same as with types.
///
/// ```
/// use medha_graph::prelude::*;
/// use medha_graph::Resume;
/// use medha_graph::json::DynGraph;
/// use serde_json::json;
///
/// #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
/// struct Mail { text: String, sent: bool }
/// async fn send(mail: &Mail, ctx: Ctx) -> MailUpdate {
///     Mail::update().sent(ctx.interrupt(format!("send {:?}?", mail.text)).await)
/// }
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let graph = StateGraph::<Mail>::new("mail").node("send", send).edge(START, "send").edge("send", END)
///     .compile()?.with_checkpointer(MemorySaver::default()).into_dyn();
///
/// let asked = graph.run("t", json!({"text": "hello"}).into()).await?;
/// assert_eq!(asked["interrupts"][0]["question"], "send \"hello\"?");
/// let done = graph.run("t", Resume::answer(true).into()).await?;
/// assert_eq!(done, json!({"status": "done", "state": {"text": "hello", "sent": true}}));
///
/// let refused = graph.run("t", json!({"txt": "hello"}).into()).await.unwrap_err();
/// assert_eq!(refused.to_string(), r#"the input of graph "mail" does not fit: it has no field "txt"; did you mean "text"?"#);
/// # Ok(()) }
/// ```
pub trait DynGraph: Debug + Send + Sync {
    /// The name of the graph.
    fn name(&self) -> &str;

    /// The names of its nodes, in the order they were added.
    fn nodes(&self) -> Vec<String>;

    /// The graph as a Mermaid flowchart.
    fn mermaid(&self) -> String;

    /// What it takes and gives.
    fn schemas(&self) -> Schemas;

    /// Runs a thread until it is done, interrupted or paused; an empty name is a run without a thread.
    ///
    /// The answer is an object: `status` is `done`, `interrupted` (with `interrupts`) or `paused` (with `pause` and
    /// `next`), `state` the public fields.
    fn run(&self, thread: &str, call: DynCall) -> BoxFuture<'static, Result<Value, DynError>>;

    /// The same run, event by event: objects with the name of the event under `event`.
    fn stream(&self, thread: &str, call: DynCall) -> DynStream;

    /// Where the thread stands; nothing if it was never run.
    fn state(&self, thread: &str) -> BoxFuture<'static, Result<Option<Value>, DynError>>;

    /// Up to `limit` checkpoints of the thread, newest first.
    fn history(&self, thread: &str, limit: usize) -> BoxFuture<'static, Result<Vec<Value>, DynError>>;

    /// Changes the state of a thread from outside, as if a node had written it: this one, or the only one of the last
    /// superstep. Gives the number of the new checkpoint.
    fn update(
        &self,
        thread: &str,
        node: Option<&str>,
        update: Value,
    ) -> BoxFuture<'static, Result<CheckpointId, DynError>>;

    /// Gives up the unfinished work of the thread, open questions included, and keeps its state.
    fn abandon(&self, thread: &str) -> BoxFuture<'static, Result<(), DynError>>;
}

/// What a [`DynGraph`] is to do: begin with an input, or go on with a [`Resume`]; both convert.
#[derive(Clone, Debug)]
#[must_use = "hand it to a graph"]
pub struct DynCall {
    begin: Begin,
    context: Option<Value>,
    metadata: Map<String, Value>,
}

#[derive(Clone, Debug)]
enum Begin {
    Input(Value),
    Resume(Resume),
}

impl DynCall {
    /// Gives nodes the dependency the graph was told of with
    /// [`with_json_context`](crate::CompiledGraph::with_json_context).
    pub fn with_context(mut self, context: Value) -> Self {
        self.context = Some(context);
        self
    }

    /// Attaches a value to the checkpoints of this run.
    pub fn with_metadata(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    fn of(begin: Begin) -> Self {
        Self { begin, context: None, metadata: Map::new() }
    }
}

impl From<Value> for DynCall {
    fn from(input: Value) -> Self {
        Self::of(Begin::Input(input))
    }
}

impl From<Resume> for DynCall {
    fn from(resume: Resume) -> Self {
        Self::of(Begin::Resume(resume))
    }
}

/// Why a graph behind JSON could not do what it was called for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DynError {
    /// The input names fields that are unknown or private, or holds values of other types; every problem is listed.
    #[error("the input of graph {graph:?} does not fit: {}", problems.join("; "))]
    Input {
        /// The graph.
        graph: String,
        /// What is wrong with it.
        problems: Vec<String>,
    },
    /// The context is of another type, or the graph takes none.
    #[error("the context of graph {graph:?} does not fit: {reason}")]
    Context {
        /// The graph.
        graph: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The run failed, or could not begin.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A state or an event cannot be written as JSON.
    #[error("graph {graph:?} gave something that cannot be written as JSON: {source}")]
    Write {
        /// The graph.
        graph: String,
        /// Why.
        source: serde_json::Error,
    },
}

/// The events of a run as JSON, then its error if it fails. Read it to drive the run.
#[must_use = "a stream does nothing until it is read"]
pub struct DynStream(BoxStream<'static, Result<Value, DynError>>);

impl DynStream {
    /// The next event.
    pub async fn next(&mut self) -> Option<Result<Value, DynError>> {
        StreamExt::next(&mut self.0).await
    }
}

impl Stream for DynStream {
    type Item = Result<Value, DynError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl Debug for DynStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynStream").finish_non_exhaustive()
    }
}

impl<S: State> DynGraph for CompiledGraph<S> {
    fn name(&self) -> &str {
        Self::name(self)
    }

    fn nodes(&self) -> Vec<String> {
        self.node_names().map(str::to_owned).collect()
    }

    fn mermaid(&self) -> String {
        Self::mermaid(self)
    }

    fn schemas(&self) -> Schemas {
        Self::schemas(self)
    }

    fn run(&self, thread: &str, call: DynCall) -> BoxFuture<'static, Result<Value, DynError>> {
        let begun = begin(self, thread, call);
        let write = writer(self.name());
        Box::pin(async move {
            let (thread, input) = begun?;
            let outcome = thread.invoke(input).await?;
            public::outcome(&outcome).map_err(write)
        })
    }

    fn stream(&self, thread: &str, call: DynCall) -> DynStream {
        let (thread, input) = match begin(self, thread, call) {
            Ok(begun) => begun,
            Err(error) => return DynStream(Box::pin(stream::iter([Err(error)]))),
        };
        let write = writer(self.name());
        let topology = Arc::clone(&self.topology);
        let events =
            thread.stream(input).map(move |event| public::event(&event?, &topology.fields).map_err(&write));
        DynStream(Box::pin(events))
    }

    fn state(&self, thread: &str) -> BoxFuture<'static, Result<Option<Value>, DynError>> {
        let (thread, write) = (self.thread(thread), writer(self.name()));
        Box::pin(async move {
            let snapshot = thread.state().await?;
            snapshot.map(|snapshot| public::snapshot(&snapshot)).transpose().map_err(write)
        })
    }

    fn history(&self, thread: &str, limit: usize) -> BoxFuture<'static, Result<Vec<Value>, DynError>> {
        let (thread, write) = (self.thread(thread), writer(self.name()));
        Box::pin(async move {
            let snapshots = thread.history(limit).await?;
            snapshots.iter().map(public::snapshot).collect::<Result<_, _>>().map_err(write)
        })
    }

    fn update(
        &self,
        thread: &str,
        node: Option<&str>,
        json: Value,
    ) -> BoxFuture<'static, Result<CheckpointId, DynError>> {
        let (thread, node, update) = (self.thread(thread), node.map(str::to_owned), update(self, json));
        Box::pin(async move {
            Ok(match node {
                Some(node) => thread.update_as(node, update?).await?,
                None => thread.update(update?).await?,
            })
        })
    }

    fn abandon(&self, thread: &str) -> BoxFuture<'static, Result<(), DynError>> {
        let thread = self.thread(thread);
        Box::pin(async move { Ok(thread.abandon().await?) })
    }
}

fn writer(graph: &str) -> impl Fn(serde_json::Error) -> DynError + Send + use<> {
    let graph = graph.to_owned();
    move |source| DynError::Write { graph: graph.clone(), source }
}

/// The typed thread and input of a call.
fn begin<S: State>(
    graph: &CompiledGraph<S>,
    thread: &str,
    call: DynCall,
) -> Result<(Thread<S>, Input<S>), DynError> {
    let mut graph = graph.clone();
    if let Some(json) = call.context {
        let misfit = |reason: String| DynError::Context { graph: graph.name().to_owned(), reason };
        let Some(context) = &graph.options.json_context else {
            return Err(misfit("it takes none; declare one with `with_json_context`".to_owned()));
        };
        graph.values = (context.read)(&graph.values, json).map_err(|error| misfit(error.to_string()))?;
    }
    graph.options.metadata.extend(call.metadata);
    let input = match call.begin {
        Begin::Resume(resume) => Input::Resume(resume),
        Begin::Input(json) => Input::Update(update(&graph, json)?),
    };
    let key = (!thread.is_empty()).then(|| ThreadKey::root(thread));
    Ok((Thread::new(graph, key), input))
}

/// An update out of JSON that names public fields only.
fn update<S: State>(graph: &CompiledGraph<S>, json: Value) -> Result<S::Update, DynError> {
    let misfit = |problems| DynError::Input { graph: graph.name().to_owned(), problems };
    let Value::Object(fields) = &json else {
        return Err(misfit(vec!["it is an object of fields to write, such as {}".to_owned()]));
    };
    let known = &graph.topology.fields;
    let public = known.iter().filter(|field| !field.is_private);
    let problems: Vec<String> =
        fields.keys().filter_map(|name| refusal(name, known, public.clone())).collect();
    if problems.is_empty() {
        S::Update::deserialize(json).map_err(|error| misfit(vec![error.to_string()]))
    } else {
        Err(misfit(problems))
    }
}

/// Why a field cannot be given from outside.
fn refusal<'a>(
    name: &str,
    known: &[Field],
    public: impl Iterator<Item = &'a Field> + Clone,
) -> Option<String> {
    match known.iter().find(|field| *field.name == *name) {
        Some(field) if field.is_private => Some(format!("field {name:?} is private; only nodes write it")),
        Some(_) => None,
        None => Some(format!("it has no field {name:?}; {}", field_hint(name, public))),
    }
}
