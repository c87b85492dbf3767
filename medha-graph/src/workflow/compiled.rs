//! A workflow under construction, and one that can run.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::function::{IntoFinal, WorkflowFn, WorkflowNode};
use super::state::WorkflowState;
use super::thread::{Ended, WorkflowThread};
use crate::engine::pause::Durability;
use crate::engine::retry::RetryPolicy;
use crate::graph::builder::StateGraph;
use crate::graph::compiled::CompiledGraph;
use crate::graph::edge::{END, START};
use crate::graph::problem::BuildError;
use crate::node::config::Configured;
use crate::node::extract::{FromTask, Needs};
use crate::node::function::{ErasedNode, IntoNode, erase};
use crate::run::error::RunError;
use crate::store::checkpointer::Checkpointer;

/// One async function as a graph of its own: plain control flow, with checkpoints, questions, retries and streams.
///
/// Inside it, [`Ctx::call`](crate::Ctx::call) runs other functions and journals what they come to, so that a run that is
/// resumed does not run them again; [`Ctx::interrupt`](crate::Ctx::interrupt) asks. (LangGraph calls the two `entrypoint`
/// and `task`.)
///
/// ```
/// use medha_graph::prelude::*;
/// use medha_graph::workflow::Workflow;
///
/// async fn draft(topic: String) -> Result<String, NodeError> { Ok(format!("all about {topic}")) }
///
/// async fn essay(topic: String, ctx: Ctx) -> Result<String, NodeError> {
///     let text = ctx.call("draft", topic, draft).await?;
///     let is_good: bool = ctx.interrupt(format!("publish {text:?}?")).await;
///     Ok(if is_good { text } else { String::new() })
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let essay = Workflow::new("essay", essay).compile()?.with_checkpointer(MemorySaver::default());
/// let thread = essay.thread("essay-1");
/// let asked = thread.invoke("bridges".to_owned()).await?;
/// assert_eq!(asked.interrupts()[0].question, r#"publish "all about bridges"?"#);
/// let done = thread.resume(Resume::answer(true)).await?;          // does not draft again
/// assert_eq!(done.into_output().as_deref(), Some("all about bridges"));
/// # Ok(()) }
/// ```
#[must_use = "compile it"]
pub struct Workflow<I, O> {
    name: String,
    node: WorkflowCall,
    retry: Vec<RetryPolicy>,
    timeout: Option<Duration>,
    marker: PhantomData<fn(I) -> O>,
}

/// The node of a workflow, without its settings.
struct WorkflowCall(ErasedNode<WorkflowState>);

/// Marks the node of a workflow.
enum IsWorkflow {}

impl IntoNode<WorkflowState, IsWorkflow> for WorkflowCall {
    fn into_node(self) -> ErasedNode<WorkflowState> {
        self.0
    }
}

impl<I: Serialize + DeserializeOwned + Send + 'static, O: DeserializeOwned> Workflow<I, O> {
    /// A workflow of this name.
    pub fn new<F, Args>(name: impl Into<String>, function: F) -> Self
    where
        F: WorkflowFn<I, Args>,
        F::Returned: IntoFinal<Output = O>,
        Args: FromTask<WorkflowState> + 'static,
    {
        let node =
            WorkflowCall(erase(WorkflowNode::<F, (I, Args)>(function, PhantomData), false, Needs::NOTHING));
        Self { name: name.into(), node, retry: Vec::new(), timeout: None, marker: PhantomData }
    }

    /// Runs the whole function again after a failure, as the policy says; what its calls came to is not lost.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry.push(policy);
        self
    }

    /// Fails an attempt of the whole function that takes longer.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Checks the settings and makes it runnable.
    pub fn compile(self) -> Result<CompiledWorkflow<I, O>, BuildError> {
        let name = self.name;
        let graph = StateGraph::<WorkflowState>::new(&name);
        let mut node = self.retry.into_iter().fold(Configured::new(self.node), Configured::retry);
        if let Some(limit) = self.timeout {
            node = node.timeout(limit);
        }
        let graph = graph.node(&name, node).edge(START, &name).edge(&name, END).compile()?;
        Ok(CompiledWorkflow { graph, marker: PhantomData })
    }
}

/// A workflow that can run; cheap to clone.
pub struct CompiledWorkflow<I, O> {
    graph: CompiledGraph<WorkflowState>,
    marker: PhantomData<fn(I) -> O>,
}

impl<I: Serialize, O: DeserializeOwned> CompiledWorkflow<I, O> {
    /// Stores checkpoints and what calls came to, so that threads can be resumed.
    #[must_use]
    pub fn with_checkpointer(self, saver: impl Checkpointer) -> Self {
        self.with(|graph| graph.with_checkpointer(saver))
    }

    /// Gives the function a dependency; it takes it as [`Context<T>`](crate::Context).
    #[must_use]
    pub fn with_context<T: ?Sized + Send + Sync + 'static>(self, value: Arc<T>) -> Self {
        self.with(|graph| graph.with_context(value))
    }

    /// Says when checkpoints are stored. What calls come to is stored at once, whatever this says.
    #[must_use]
    pub fn with_durability(self, durability: Durability) -> Self {
        self.with(|graph| graph.with_durability(durability))
    }

    /// Sets whatever else a graph can be told.
    #[must_use]
    pub fn with(
        mut self,
        change: impl FnOnce(CompiledGraph<WorkflowState>) -> CompiledGraph<WorkflowState>,
    ) -> Self {
        self.graph = change(self.graph);
        self
    }

    /// The named history of checkpoints it runs on; it exists from its first run.
    #[must_use]
    pub fn thread(&self, id: impl Into<String>) -> WorkflowThread<I, O> {
        WorkflowThread::new(self.graph.thread(id))
    }

    /// Runs once, without a thread and without storing anything.
    pub async fn invoke(&self, input: I) -> Result<Ended<O>, RunError> {
        let outcome = self.graph.invoke(super::thread::input(&input)?).await?;
        super::thread::ended(outcome)
    }

    /// The graph it is.
    pub fn graph(&self) -> &CompiledGraph<WorkflowState> {
        &self.graph
    }
}

impl<I, O> Clone for CompiledWorkflow<I, O> {
    fn clone(&self) -> Self {
        Self { graph: self.graph.clone(), marker: PhantomData }
    }
}

impl<I, O> fmt::Debug for Workflow<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workflow").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<I, O> fmt::Debug for CompiledWorkflow<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompiledWorkflow").field("graph", &self.graph).finish()
    }
}
