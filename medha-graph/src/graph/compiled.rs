//! A checked graph: give it a saver and dependencies, then run threads of it.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::topology::{Topology, hint};
use crate::draw::drawing::Drawing;
use crate::engine::machine::OnFailure;
use crate::engine::pause::{Breakpoints, Durability, Names, Unfinished};
use crate::engine::session::Limits;
use crate::json::graph::DynGraph;
use crate::json::schema::{self, Schemas};
use crate::node::cached::call::Caching;
use crate::node::context::ContextValues;
use crate::run::control::RunControl;
use crate::run::error::RunError;
use crate::run::event::Outcome;
use crate::run::input::Input;
use crate::run::thread::Thread;
use crate::state::State;
use crate::store::cache::node_cache::{CacheError, NodeCache};
use crate::store::checkpointer::Checkpointer;
use crate::store::key::ThreadKey;
use crate::store::long_term::store::Store;

/// A graph that was checked and can run; cheap to clone.
pub struct CompiledGraph<S: State> {
    pub(crate) topology: Arc<Topology<S>>,
    pub(crate) saver: Option<Arc<dyn Checkpointer>>,
    pub(crate) values: ContextValues,
    pub(crate) limits: Limits,
    pub(crate) options: RunOptions,
}

/// What a run can be told besides its limits.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunOptions {
    pub(crate) durability: Durability,
    pub(crate) breakpoints: Arc<Breakpoints>,
    pub(crate) metadata: Map<String, Value>,
    pub(crate) control: Option<RunControl>,
    pub(crate) unfinished: Option<Unfinished>,
    pub(crate) json_context: Option<JsonContext>,
}

/// A dependency of nodes that callers without types give as JSON.
#[derive(Clone, Debug)]
pub(crate) struct JsonContext {
    pub(crate) schema: Value,
    /// Puts it among the dependencies.
    pub(crate) read: fn(&ContextValues, Value) -> Result<ContextValues, serde_json::Error>,
}

impl<S: State> CompiledGraph<S> {
    pub(crate) fn new(topology: Topology<S>) -> Self {
        let (values, options, limits) = (ContextValues::default(), RunOptions::default(), Limits::default());
        Self { topology: Arc::new(topology), saver: None, values, limits, options }
    }

    /// Stores a checkpoint after every superstep, so that threads can be resumed.
    #[must_use]
    pub fn with_checkpointer(mut self, saver: impl Checkpointer) -> Self {
        self.saver = Some(Arc::new(saver));
        self
    }

    /// Gives nodes a dependency; they take it as [`Context<T>`](crate::Context). One value per type.
    #[must_use]
    pub fn with_context<T: ?Sized + Send + Sync + 'static>(mut self, value: Arc<T>) -> Self {
        self.values = self.values.with(value);
        self
    }

    /// Gives nodes a long-term store; they take it as `Context<dyn Store>` or with [`Ctx::store`](crate::Ctx::store).
    #[must_use]
    pub fn with_store(self, store: impl Store) -> Self {
        self.with_context::<dyn Store>(Arc::new(store))
    }

    /// Keeps what the nodes with a [`CachePolicy`](crate::CachePolicy) come to. Without a cache they run every time.
    #[must_use]
    pub fn with_cache(self, cache: impl NodeCache) -> Self {
        self.with_context(Arc::new(Caching::new(cache)))
    }

    /// Forgets what these nodes came to; `graph.node_names()` names all.
    pub async fn clear_cache<N: AsRef<str>>(
        &self,
        nodes: impl IntoIterator<Item = N>,
    ) -> Result<(), CacheError> {
        let graph = || self.name().to_owned();
        let Some(caching) = self.values.get::<Caching>() else {
            return Err(CacheError::NoCache { graph: graph() });
        };
        let nodes: Vec<N> = nodes.into_iter().collect();
        let is_unknown = |node: &&N| self.topology.number(node.as_ref()).is_none();
        if let Some(node) = nodes.iter().find(is_unknown).map(AsRef::as_ref) {
            let hint = hint(node, self.node_names());
            return Err(CacheError::UnknownNode { graph: graph(), node: node.to_owned(), hint });
        }
        for node in &nodes {
            caching.cache.clear(self.name(), node.as_ref()).await?;
        }
        Ok(())
    }

    /// Lets callers without types give a dependency as JSON, with each call of a [`DynGraph`]; nodes take it as
    /// [`Context<T>`](crate::Context). One type per graph; its schema is [`Schemas::context`].
    #[must_use]
    pub fn with_json_context<T: JsonSchema + DeserializeOwned + Send + Sync + 'static>(mut self) -> Self {
        let read = |values: &ContextValues, json: Value| Ok(values.with(Arc::new(T::deserialize(json)?)));
        self.options.json_context = Some(JsonContext { schema: schema::of_type::<T>(), read });
        self
    }

    /// Lets one run take exactly this many supersteps, 10,000 unless set. A run that would need one more fails with
    /// [`RunError::StepLimit`]; resuming it starts a new count.
    #[must_use]
    pub fn with_step_limit(mut self, supersteps: u64) -> Self {
        self.limits.steps = supersteps;
        self
    }

    /// Lets at most this many tasks of a superstep run at once (at least one). For the tasks of one node there is
    /// [`NodeExt::concurrency`](crate::NodeExt::concurrency).
    #[must_use]
    pub fn with_concurrency(mut self, tasks: usize) -> Self {
        self.limits.concurrency = tasks.max(1);
        self
    }

    /// Says what becomes of the other tasks when one fails and no error edge takes over.
    #[must_use]
    pub fn with_on_failure(mut self, on_failure: OnFailure) -> Self {
        self.limits.on_failure = on_failure;
        self
    }

    /// Says when what a run does is stored; each superstep before the next begins, unless set.
    #[must_use]
    pub fn with_durability(mut self, durability: Durability) -> Self {
        self.options.durability = durability;
        self
    }

    /// Stops each run before these nodes (`"*"`: before every node); `resume` goes on.
    #[must_use]
    pub fn with_interrupt_before<N: Into<String>>(mut self, nodes: impl IntoIterator<Item = N>) -> Self {
        Arc::make_mut(&mut self.options.breakpoints).before = Names::of(nodes);
        self
    }

    /// Stops each run after these nodes (`"*"`: after every node), unless nothing is left to run; `resume` goes on.
    #[must_use]
    pub fn with_interrupt_after<N: Into<String>>(mut self, nodes: impl IntoIterator<Item = N>) -> Self {
        Arc::make_mut(&mut self.options.breakpoints).after = Names::of(nodes);
        self
    }

    /// The named history of checkpoints this graph runs on; it exists from its first run.
    #[must_use]
    pub fn thread(&self, id: impl Into<String>) -> Thread<S> {
        Thread::new(self.clone(), Some(ThreadKey::root(id.into())))
    }

    /// Runs once, without a thread and without storing anything.
    pub async fn invoke(&self, input: impl Into<Input<S>>) -> Result<Outcome<S>, RunError> {
        Thread::new(self.clone(), None).invoke(input).await
    }

    /// The name of the graph.
    pub fn name(&self) -> &str {
        &self.topology.name
    }

    /// The names of the nodes, in the order they were added.
    pub fn node_names(&self) -> impl Iterator<Item = &str> + Clone {
        self.topology.nodes.iter().map(|node| &*node.name)
    }

    /// The JSON schemas of the state, of what a run takes and gives, and of what nodes depend on.
    ///
    /// A field whose type implements `schemars::JsonSchema` is described exactly, another one is left open; the state
    /// itself needs no derive for it.
    pub fn schemas(&self) -> Schemas {
        let context = self.options.json_context.as_ref().map(|context| context.schema.clone());
        schema::of_state(&self.topology.initial, self.name(), context)
    }

    /// The same graph for callers that know its types only as JSON.
    #[must_use]
    pub fn into_dyn(self) -> Arc<dyn DynGraph> {
        Arc::new(self)
    }

    /// Its structure as a value, made without running anything.
    pub fn drawing(&self) -> Drawing {
        Drawing::of(&self.topology, &self.options.breakpoints)
    }

    /// The graph as a Mermaid flowchart; see [`Drawing::mermaid`].
    pub fn mermaid(&self) -> String {
        self.drawing().mermaid()
    }

    /// The graph in DOT, the language of `GraphViz`; see [`Drawing::dot`].
    pub fn dot(&self) -> String {
        self.drawing().dot()
    }

    /// The graph as an SVG picture; see [`Drawing::svg`].
    pub fn svg(&self) -> String {
        self.drawing().svg()
    }
}

impl<S: State> Clone for CompiledGraph<S> {
    fn clone(&self) -> Self {
        Self {
            topology: Arc::clone(&self.topology),
            saver: self.saver.clone(),
            values: self.values.clone(),
            limits: self.limits,
            options: self.options.clone(),
        }
    }
}

impl<S: State> fmt::Debug for CompiledGraph<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompiledGraph")
            .field("name", &self.topology.name)
            .field("nodes", &self.node_names().collect::<Vec<_>>())
            .field("saver", &self.saver)
            .field("context", &self.values)
            .finish_non_exhaustive()
    }
}
