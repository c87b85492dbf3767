//! The agent under construction: its options, and the graph they come to.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use medha_graph::node::IntoNode;
use medha_graph::{
    Command, CompiledGraph, Ctx, END, NodeError, NodeExt, Payload, RetryPolicy, START, StateGraph,
};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::around::AroundTool;
use super::failure::ToolErrors;
use super::model::{Limits, ModelNode};
use super::next::{self, Next, Order, ToBeforeModel, ToEnd, ToModel, ToRespond, ToTools};
use super::problem::{ToolAgentError, ToolAgentProblem};
use super::respond::{AnswerShape, RespondNode};
use super::state::ToolAgentState;
use super::tool::Tool;
use super::toolbox::{Held, Toolbox};
use super::voice::{Shape, Voice};
use crate::chat::{ChatModel, ChatRequest, ToolCall};

/// An agent that calls tools until it has an answer; [`compile`](Self::compile) makes a graph of it.
///
/// ```
/// use medha_agents::chat::{Message, ScriptedModel, ToolCall, Turn};
/// use medha_agents::tool_agent::{ToolAgent, ToolAgentState, tool};
/// use schemars::JsonSchema;
/// use serde::Deserialize;
/// use serde_json::json;
///
/// #[derive(Deserialize, JsonSchema)]
/// struct City { city: String }
///
/// async fn weather(args: City) -> String { format!("rain in {}", args.city) }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let model = ScriptedModel::new([
///     Turn::calls([ToolCall::new("1", "weather", json!({"city": "Bergen"}))]),
///     Turn::text("Take an umbrella."),
/// ]);
/// let agent = ToolAgent::new(model)
///     .system("You know the weather.")
///     .tool(tool("weather", "Tells the weather in a city.", weather))
///     .compile()?;
/// let question = ToolAgentState::update().messages([Message::user("what do I need in Bergen?")]);
/// let done = agent.invoke(question).await?.into_state();
/// assert_eq!(done.messages[2].text(), "rain in Bergen");
/// assert_eq!(done.last_text(), "Take an umbrella.");
/// # Ok(()) }
/// ```
#[must_use = "an agent does nothing until it is compiled"]
pub struct ToolAgent {
    name: String,
    voice: Voice,
    tools: Vec<Arc<dyn Tool>>,
    around: Vec<Arc<dyn AroundTool>>,
    errors: ToolErrors,
    approve: BTreeSet<String>,
    order: Order,
    max_turns: u32,
    closing: String,
    goes_to: Vec<String>,
    retry: RetryPolicy,
    timeout: Option<Duration>,
    before: Option<AddNode>,
    after: Option<AddNode>,
    respond: Option<AnswerShape>,
}

/// Adds a node to a graph.
type AddNode = Box<dyn FnOnce(StateGraph<ToolAgentState>) -> StateGraph<ToolAgentState> + Send>;

impl ToolAgent {
    /// An agent that asks this model, without tools so far.
    pub fn new(model: impl ChatModel) -> Self {
        let model: Arc<dyn ChatModel> = Arc::new(model);
        Self::choosing(move |_| Arc::clone(&model))
    }

    /// An agent that asks the model this function of the state chooses, anew each turn.
    pub fn choosing(model: impl Fn(&ToolAgentState) -> Arc<dyn ChatModel> + Send + Sync + 'static) -> Self {
        Self {
            name: "tool agent".to_owned(),
            voice: Voice { model: Arc::new(model), system: None, shapes: Vec::new() },
            tools: Vec::new(),
            around: Vec::new(),
            errors: ToolErrors::default(),
            approve: BTreeSet::new(),
            order: Order::default(),
            max_turns: 50,
            closing: "I had to stop before I found the answer: this took more steps than I may take."
                .to_owned(),
            goes_to: Vec::new(),
            retry: RetryPolicy::attempts(1),
            timeout: None,
            before: None,
            after: None,
            respond: None,
        }
    }

    /// The name of the graph; "tool agent" unless set.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Instructions that come before every conversation.
    pub fn system(self, text: impl Into<String>) -> Self {
        let text = text.into();
        self.system_by(move |_| text.clone())
    }

    /// Instructions that depend on the state.
    pub fn system_by(mut self, text: impl Fn(&ToolAgentState) -> String + Send + Sync + 'static) -> Self {
        self.voice.system = Some(Arc::new(text));
        self
    }

    /// Changes every request before it is sent: fewer messages, other tools, options of the provider. The state stays as
    /// it is.
    pub fn shape_request(
        mut self,
        shape: impl Fn(&ToolAgentState, &mut ChatRequest) + Send + Sync + 'static,
    ) -> Self {
        let shape: Shape = Arc::new(shape);
        self.voice.shapes.push(shape);
        self
    }

    /// Adds a tool.
    pub fn tool(mut self, tool: impl Tool) -> Self {
        self.tools.push(Arc::new(tool));
        self
    }

    /// Adds tools.
    pub fn tools<T: Tool>(mut self, tools: impl IntoIterator<Item = T>) -> Self {
        self.tools.extend(tools.into_iter().map(|tool| Arc::new(tool) as Arc<dyn Tool>));
        self
    }

    /// Runs the tools a model calls at once one after the other, in its order, and asks the model for one at a time.
    pub fn one_tool_at_a_time(mut self) -> Self {
        self.order = Order::OneByOne;
        self
    }

    /// Says what becomes of tool calls that fail; the model is told, unless set.
    pub fn tool_errors(mut self, errors: ToolErrors) -> Self {
        self.errors = errors;
        self
    }

    /// Wraps every tool call; the first interceptor given is the outermost.
    pub fn around_tools(mut self, around: impl AroundTool) -> Self {
        self.around.push(Arc::new(around));
        self
    }

    /// Asks a person before each call of these tools; the question is an [`ApprovalRequest`](super::ApprovalRequest), the
    /// answer an [`Approval`](super::Approval). Needs a checkpointer to go on after the answer.
    pub fn approve<N: Into<String>>(mut self, tools: impl IntoIterator<Item = N>) -> Self {
        self.approve.extend(tools.into_iter().map(Into::into));
        self
    }

    /// Names the nodes that tools go to, for the build checks and the drawing; add them to the [`graph`](Self::graph).
    pub fn goes_to<N: Into<String>>(mut self, nodes: impl IntoIterator<Item = N>) -> Self {
        self.goes_to.extend(nodes.into_iter().map(Into::into));
        self
    }

    /// How often the model may speak before a person does again, 50 unless set. If it wants tools in its last turn, or
    /// when the steps of the run are used up, the agent ends with [`closing`](Self::closing) instead.
    pub fn max_turns(mut self, turns: u32) -> Self {
        self.max_turns = turns;
        self
    }

    /// What the agent says when it has to stop.
    pub fn closing(mut self, text: impl Into<String>) -> Self {
        self.closing = text.into();
        self
    }

    /// Asks the model again after a failure, as the policy says.
    pub fn model_retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Fails an attempt to ask the model that takes longer.
    pub fn model_timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Runs this node before each turn of the model: to trim or summarise the conversation, to look something up.
    pub fn before_model<M: 'static>(
        mut self,
        node: impl IntoNode<ToolAgentState, M> + Send + 'static,
    ) -> Self {
        self.before = Some(Box::new(move |graph| graph.node(BEFORE_MODEL, node)));
        self
    }

    /// Runs this node after each turn of the model, before its tools: a guardrail. If it answers the calls itself or adds
    /// a message of a person, the model speaks again.
    pub fn after_model<M: 'static>(
        mut self,
        node: impl IntoNode<ToolAgentState, M> + Send + 'static,
    ) -> Self {
        self.after = Some(Box::new(move |graph| graph.node(AFTER_MODEL, node)));
        self
    }

    /// Has the model put its answer into the shape of a type at the end; [`ToolAgentState::answer_as`] reads it. The
    /// model may mend an answer that does not fit once, then the run fails.
    pub fn respond_with<T: JsonSchema + DeserializeOwned>(mut self) -> Self {
        self.respond = Some(AnswerShape::of::<T>());
        self
    }

    /// The agent as a graph that can run.
    pub fn compile(self) -> Result<CompiledGraph<ToolAgentState>, ToolAgentError> {
        Ok(self.graph()?.compile()?)
    }

    /// The agent as a graph under construction, for further nodes that tools go to.
    pub fn graph(self) -> Result<StateGraph<ToolAgentState>, ToolAgentError> {
        let tools: Vec<Held> = self.tools.into_iter().map(Held::new).collect();
        let problems = problems(&tools, &self.approve, self.max_turns);
        if !problems.is_empty() {
            return Err(ToolAgentError::Options { agent: self.name, problems });
        }
        let (order, has_direct) = (self.order, tools.iter().any(|held| held.settings.is_direct));
        let (has_before, has_after) = (self.before.is_some(), self.after.is_some());
        let (errors, approve) = (self.errors, self.approve);
        let toolbox = Arc::new(Toolbox { tools, around: self.around, errors, approve });
        let limits = Limits {
            turns: self.max_turns,
            order,
            before: u64::from(has_before),
            after: u64::from(has_after),
            ending: u64::from(self.respond.is_some()),
        };
        let model = ModelNode {
            voice: self.voice.clone(),
            specs: toolbox.specs(),
            toolbox: Arc::clone(&toolbox),
            limits,
            closing: self.closing,
        };
        let model = model.retry(self.retry.clone());
        let model = match self.timeout {
            Some(limit) => model.timeout(limit),
            None => model,
        };
        let mut graph = StateGraph::new(self.name)
            .node(MODEL, model)
            .node(TOOLS, tools_node(toolbox).goes_to(self.goes_to))
            .edge(START, if has_before { BEFORE_MODEL } else { MODEL });
        if let Some(add) = self.before {
            graph = add(graph).edge(BEFORE_MODEL, MODEL);
        }
        if let Some(add) = self.after {
            graph = add(graph).edge(MODEL, AFTER_MODEL);
        }
        let last = if has_after { AFTER_MODEL } else { MODEL };
        graph = to_tools(graph, last, move |state| next::after_model(state, order));
        if has_after {
            graph = to_model(graph, last, has_before, move |state| next::after_model(state, order));
        }
        graph = match self.respond {
            None => graph.conditional_edge(last, move |state| {
                (next::after_model(state, order) == Next::Finish).then_some(ToEnd::Done)
            }),
            Some(shape) => graph
                .conditional_edge(last, move |state| {
                    (next::after_model(state, order) == Next::Finish).then_some(ToRespond::Respond)
                })
                .node(RESPOND, RespondNode { voice: self.voice, shape }.retry(self.retry))
                .edge(RESPOND, END),
        };
        if order == Order::OneByOne {
            graph = to_tools(graph, TOOLS, move |state| next::after_tools(state, order));
        }
        graph = to_model(graph, TOOLS, has_before, move |state| next::after_tools(state, order));
        if has_direct {
            graph = graph.conditional_edge(TOOLS, move |state| {
                (next::after_tools(state, order) == Next::Answered).then_some(ToEnd::Done)
            });
        }
        Ok(graph)
    }
}

impl fmt::Debug for ToolAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tools: Vec<String> = self.tools.iter().map(|tool| tool.spec().name).collect();
        f.debug_struct("ToolAgent").field("name", &self.name).field("tools", &tools).finish_non_exhaustive()
    }
}

const MODEL: &str = "model";
const TOOLS: &str = "tools";
const BEFORE_MODEL: &str = "before_model";
const AFTER_MODEL: &str = "after_model";
const RESPOND: &str = "respond";

/// Everything that is wrong with the options.
fn problems(tools: &[Held], approve: &BTreeSet<String>, max_turns: u32) -> Vec<ToolAgentProblem> {
    let mut problems = Vec::new();
    let mut names = BTreeSet::new();
    for name in tools.iter().map(|held| &*held.spec.name) {
        let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
        if name.is_empty() || name.len() > 64 || !name.chars().all(fits) {
            problems.push(ToolAgentProblem::BadName { name: name.to_owned() });
        }
        if !names.insert(name) {
            problems.push(ToolAgentProblem::SameName { name: name.to_owned() });
        }
    }
    for name in approve.iter().filter(|name| !names.contains(name.as_str())) {
        let near = names
            .iter()
            .max_by(|a, b| strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name)));
        let hint = near.map(|near| format!("; did you mean {near:?}?")).unwrap_or_default();
        problems.push(ToolAgentProblem::UnknownTool { name: name.clone(), hint });
    }
    if max_turns == 0 {
        problems.push(ToolAgentProblem::NoTurns);
    }
    problems
}

/// Says that a closure has the shape of a tools node; the compiler does not find the lifetimes without it.
fn borrowing<F>(node: F) -> F
where
    F: for<'a> Fn(&'a ToolAgentState, Payload<Box<ToolCall>>, Ctx) -> Running<'a> + Send + Sync + 'static,
{
    node
}

type Running<'a> = BoxFuture<'a, Result<Command<ToolAgentState>, NodeError>>;

fn tools_node(
    toolbox: Arc<Toolbox>,
) -> impl for<'a> Fn(&'a ToolAgentState, Payload<Box<ToolCall>>, Ctx) -> Running<'a> + Send + Sync + 'static {
    borrowing(move |state, Payload(call), ctx| {
        let toolbox = Arc::clone(&toolbox);
        Box::pin(async move { toolbox.run(state, *call, ctx).await })
    })
}

fn to_tools(
    graph: StateGraph<ToolAgentState>,
    source: &str,
    next: impl Fn(&ToolAgentState) -> Next + Send + Sync + 'static,
) -> StateGraph<ToolAgentState> {
    graph.conditional_edge(source, move |state| match next(state) {
        Next::Tools(calls) => calls.into_iter().map(|call| ToTools::Call(Box::new(call))).collect(),
        Next::Model | Next::Finish | Next::Answered | Next::Elsewhere => Vec::new(),
    })
}

fn to_model(
    graph: StateGraph<ToolAgentState>,
    source: &str,
    has_before: bool,
    next: impl Fn(&ToolAgentState) -> Next + Send + Sync + 'static,
) -> StateGraph<ToolAgentState> {
    if has_before {
        graph.conditional_edge(source, move |state| {
            (next(state) == Next::Model).then_some(ToBeforeModel::BeforeModel)
        })
    } else {
        graph.conditional_edge(source, move |state| (next(state) == Next::Model).then_some(ToModel::Model))
    }
}
