//! A subgraph over a state of its own: what goes in and what comes out.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::node::Memory;
use super::visit::{self, Visited};
use crate::graph::compiled::CompiledGraph;
use crate::node::command::{Command, IntoCommand};
use crate::node::config::NodeConfig;
use crate::node::error::NodeError;
use crate::node::extract::Attempt;
use crate::node::extract::Needs;
use crate::node::function::{CallNode, ErasedNode, IntoNode};
use crate::run::input::Input;
use crate::state::State;

/// Makes the input of a subgraph.
pub(crate) type TakeInput<C, P> =
    Arc<dyn Fn(&Attempt<'_, P>) -> Result<<C as State>::Update, NodeError> + Send + Sync>;

/// Makes what its node comes to.
type GiveOutput<C, P> = Arc<dyn Fn(&C) -> Result<Command<P>, NodeError> + Send + Sync>;

/// A subgraph with an input; it is a node once it has an [`output`](Self::output).
#[must_use = "say with `output` what comes back"]
pub struct Mapping<C: State, P: State> {
    pub(crate) graph: CompiledGraph<C>,
    pub(crate) memory: Memory,
    pub(crate) input: TakeInput<C, P>,
}

/// A subgraph over a state of its own, as a node of a graph over `P`. Made by [`Mapping::output`].
///
/// ```
/// use medha_graph::prelude::*;
/// use medha_graph::Subgraph;
///
/// #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
/// struct Chat { #[state(append)] said: Vec<String> }
/// #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
/// struct Desk { question: String, answer: String }
///
/// async fn reply(chat: &Chat) -> ChatUpdate { Chat::update().said([format!("answer {}", chat.said.len())]) }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let chat = StateGraph::<Chat>::new("chat")
///     .node("reply", reply).edge(START, "reply").edge("reply", END).compile()?;
/// let chat = Subgraph::new(chat)
///     .input(|desk: &Desk| Chat::update().said([desk.question.clone()]))
///     .output(|chat: &Chat| Desk::update().answer(chat.said.last().cloned().unwrap_or_default()))
///     .persistent();                                  // it remembers what was said on this thread
/// let desk = StateGraph::<Desk>::new("desk")
///     .node("chat", chat).edge(START, "chat").edge("chat", END).compile()?
///     .with_checkpointer(MemorySaver::default());
/// let thread = desk.thread("t");
/// assert_eq!(thread.invoke(Desk::update().question("one?")).await?.into_state().answer, "answer 1");
/// assert_eq!(thread.invoke(Desk::update().question("two?")).await?.into_state().answer, "answer 3");
/// # Ok(()) }
/// ```
#[must_use = "add it with `.node(name, ..)`"]
pub struct MappedSubgraph<C: State, P: State> {
    graph: CompiledGraph<C>,
    memory: Memory,
    input: TakeInput<C, P>,
    output: GiveOutput<C, P>,
    may_goto: bool,
}

impl<C: State, P: State> Mapping<C, P> {
    /// What of the finished subgraph comes back: an update of the parent, or a command.
    pub fn output<R: IntoCommand<P>>(
        self,
        output: impl Fn(&C) -> R + Send + Sync + 'static,
    ) -> MappedSubgraph<C, P> {
        let Self { graph, memory, input } = self;
        let output: GiveOutput<C, P> = Arc::new(move |state| output(state).into_command());
        MappedSubgraph { graph, memory, input, output, may_goto: R::MAY_GOTO }
    }
}

impl<C: State, P: State> MappedSubgraph<C, P> {
    /// Lets each visit begin with what the visits before it left, over the life of the thread: the input is an update of
    /// that. What a visit left unfinished is given up when a later superstep visits it anew, and a visit that
    /// the parent's history knows nothing of (it was abandoned, or the parent went back in time) is not remembered. Two tasks of one superstep must not
    /// visit it at once.
    pub fn persistent(mut self) -> Self {
        self.memory = Memory::Persistent;
        self
    }

    /// Stores nothing of it: a visit that stops begins anew, and its nodes can ask no questions.
    pub fn stateless(mut self) -> Self {
        self.memory = Memory::Stateless;
        self
    }
}

/// Marks a subgraph over a state of its own.
#[derive(Debug)]
pub enum IsMapped {}

impl<C: State, P: State> IntoNode<P, (IsMapped, C)> for MappedSubgraph<C, P> {
    fn into_node(self) -> ErasedNode<P> {
        let (may_goto, subgraph) = (self.may_goto, Some(Arc::new(self.graph.drawing())));
        ErasedNode {
            call: Arc::new(self),
            config: NodeConfig::default(),
            may_goto,
            subgraph,
            needs: Needs::NOTHING,
        }
    }
}

impl<C: State, P: State> CallNode<P> for MappedSubgraph<C, P> {
    fn call<'a>(&'a self, attempt: &Attempt<'a, P>) -> BoxFuture<'a, Result<Command<P>, NodeError>> {
        let (host, answers) = (attempt.origin.host(), attempt.answers);
        let update = (self.input)(attempt);
        Box::pin(async move {
            let node = Arc::clone(&host.task.node);
            let begin = || update.map(Input::Renew);
            match visit::run(&self.graph, self.memory, host, answers, begin).await? {
                Visited::Done(state) => (self.output)(&state),
                Visited::ToParent(command) => visit::taken(command, &node),
            }
        })
    }
}

impl<C: State, P: State> fmt::Debug for Mapping<C, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mapping").field("graph", &self.graph).finish_non_exhaustive()
    }
}

impl<C: State, P: State> fmt::Debug for MappedSubgraph<C, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MappedSubgraph").field("graph", &self.graph).finish_non_exhaustive()
    }
}
