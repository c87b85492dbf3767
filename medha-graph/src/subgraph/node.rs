//! `Subgraph`: a compiled graph over the state of its parent, as a node.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::de::DeserializeOwned;

use super::mapped::{Mapping, TakeInput};
use super::visit::{self, Visited};
use crate::engine::checkpoint::TaskInput;
use crate::graph::compiled::CompiledGraph;
use crate::node::command::Command;
use crate::node::config::NodeConfig;
use crate::node::error::NodeError;
use crate::node::extract::Needs;
use crate::node::extract::{Attempt, FromTask, Payload};
use crate::node::function::{CallNode, ErasedNode, IntoNode};
use crate::run::input::Input;
use crate::state::State;

/// A compiled graph as a node: over the same state as its parent, or over one of its own with
/// [`input`](Self::input) and [`output`](Mapping::output).
///
/// Over the same state it begins with the parent's, and hands up what its nodes wrote, in order, as updates of its
/// node: appended items arrive once, and what it does not write does not collide with what others write.
///
/// What it does is stored beside what its parent stores, by the parent's saver and as often; its own saver is for
/// threads of its own. A visit that stopped (a question, a failure, a crash) goes on where it stopped, and one that was
/// done is not run again. Questions of its nodes are asked by the parent's run and answered there, by their ids. It shares
/// the parent's control, metadata and dependencies, its own coming first, and the parent's step limit and concurrency
/// unless it has its own. Its failure is a failure of its node, with the [`Failure`](crate::Failure) inside as detail;
/// a retry goes on from its last checkpoint.
///
/// ```
/// use medha_graph::prelude::*;
/// use medha_graph::Subgraph;
///
/// #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
/// struct Essay { text: String, #[state(append)] notes: Vec<String> }
///
/// async fn draft() -> EssayUpdate { Essay::update().text("a draft").notes(["drafted"]) }
/// async fn polish(essay: &Essay) -> EssayUpdate {
///     Essay::update().text(format!("{}, polished", essay.text)).notes(["polished"])
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let write = StateGraph::<Essay>::new("write")
///     .node("draft", draft).node("polish", polish)
///     .edge(START, "draft").edge("draft", "polish").edge("polish", END).compile()?;
/// let essay = StateGraph::<Essay>::new("essay")
///     .node("write", Subgraph::new(write)).edge(START, "write").edge("write", END).compile()?
///     .invoke(Essay::update().notes(["begun"])).await?.into_state();
/// assert_eq!(essay.text, "a draft, polished");
/// assert_eq!(essay.notes, ["begun", "drafted", "polished"]);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[must_use = "add it with `.node(name, ..)`"]
pub struct Subgraph<C: State> {
    graph: CompiledGraph<C>,
    memory: Memory,
}

/// What a subgraph remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Memory {
    /// Each visit begins anew, and goes on where it stopped.
    PerVisit,
    /// Each visit begins with what those before it left.
    Persistent,
    /// Nothing is stored.
    Stateless,
}

impl<C: State> Subgraph<C> {
    /// This graph as a node.
    pub fn new(graph: CompiledGraph<C>) -> Self {
        Self { graph, memory: Memory::PerVisit }
    }

    /// Stores nothing of it: a visit that stops begins anew, and its nodes can ask no questions.
    pub fn stateless(mut self) -> Self {
        self.memory = Memory::Stateless;
        self
    }

    /// Gives it a state of its own, made of the parent's; say with [`output`](Mapping::output) what comes back.
    pub fn input<P: State>(self, input: impl Fn(&P) -> C::Update + Send + Sync + 'static) -> Mapping<C, P> {
        self.taking(Arc::new(move |attempt| Ok(input(attempt.state))))
    }

    /// The same for a node that a fan-out, a route with a payload or `Command::send` starts.
    pub fn input_with<P: State, T: DeserializeOwned>(
        self,
        input: impl Fn(&P, T) -> C::Update + Send + Sync + 'static,
    ) -> Mapping<C, P> {
        self.taking(Arc::new(move |attempt| {
            let Payload(payload) = Payload::<T>::from_task(attempt)?;
            Ok(input(attempt.state, payload))
        }))
    }

    fn taking<P: State>(self, input: TakeInput<C, P>) -> Mapping<C, P> {
        Mapping { graph: self.graph, memory: self.memory, input }
    }
}

/// Marks a subgraph over the state of its parent.
#[derive(Debug)]
pub enum IsSubgraph {}

impl<S: State> IntoNode<S, IsSubgraph> for Subgraph<S> {
    fn into_node(self) -> ErasedNode<S> {
        let subgraph = Some(Arc::new(self.graph.drawing()));
        ErasedNode {
            call: Arc::new(self),
            config: NodeConfig::default(),
            may_goto: false,
            subgraph,
            needs: Needs::NOTHING,
        }
    }
}

impl<S: State> CallNode<S> for Subgraph<S> {
    fn call<'a>(&'a self, attempt: &Attempt<'a, S>) -> BoxFuture<'a, Result<Command<S>, NodeError>> {
        let (host, answers, state) = (attempt.origin.host(), attempt.answers, attempt.state);
        let takes_nothing = match attempt.input {
            TaskInput::State => Ok(()),
            TaskInput::Payload(_) | TaskInput::Failure(_) => Err(NodeError::new(format!(
                "subgraph {:?} takes the state and no payload; use `input_with`",
                self.graph.name()
            ))
            .terminal()),
        };
        Box::pin(async move {
            takes_nothing?;
            let node = Arc::clone(&host.task.node);
            let begin = || Ok(Input::From(Box::new(state.clone())));
            match visit::hand_up(&self.graph, self.memory, host, answers, begin).await? {
                Visited::Done(updates) => Ok(Command::with_targets(updates, Vec::new())),
                Visited::ToParent(command) => visit::taken(command, &node),
            }
        })
    }
}
