//! State graphs for agents: typed state, deterministic supersteps, checkpoints, interrupts.
//!
//! A graph is async functions with names and edges between them. Every function gets the typed state and returns a
//! partial update; what runs at once is merged at once, and after each such *superstep* a checkpoint can be stored.
//! A thread that stopped (a question to a human, an error, a crash) goes on from there.
//!
//! ```
//! use std::time::Duration;
//! use medha_graph::prelude::*;
//!
//! #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
//! struct Essay {
//!     topic: String,
//!     draft: String,
//!     score: u32,
//!     #[state(append)]
//!     notes: Vec<String>,
//! }
//!
//! #[derive(Route)]
//! enum Verdict {
//!     #[route("write")]
//!     Revise,
//!     #[route(END)]
//!     Accept,
//! }
//!
//! async fn write(essay: &Essay) -> Result<EssayUpdate, NodeError> {
//!     let draft = format!("All about {}.", essay.topic);
//!     Ok(Essay::update().draft(draft).notes([format!("draft {}", essay.notes.len() + 1)]))
//! }
//! async fn review(essay: &Essay) -> EssayUpdate {
//!     Essay::update().score(40 * essay.notes.len() as u32)
//! }
//! async fn apologize(failure: Failure) -> EssayUpdate {
//!     Essay::update().draft(format!("{} gave up: {}", failure.node, failure.error))
//! }
//! fn verdict(essay: &Essay) -> Verdict {
//!     if essay.score < 80 { Verdict::Revise } else { Verdict::Accept }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let graph = StateGraph::<Essay>::new("essay")
//!     .node("write", write.retry(RetryPolicy::attempts(3)).timeout(Duration::from_secs(30)))
//!     .node("review", review)
//!     .node("apologize", apologize)
//!     .edge(START, "write")
//!     .edge("write", "review")
//!     .conditional_edge("review", verdict)
//!     .error_edge("write", "apologize")
//!     .edge("apologize", END)
//!     .compile()?
//!     .with_checkpointer(MemorySaver::default());
//!
//! let essay = graph.thread("essay-1").invoke(Essay::update().topic("bridges")).await?.into_state();
//! assert_eq!((essay.score, essay.notes.len()), (80, 2));
//! # Ok(()) }
//! ```
//!
//! # Overview
//!
//! In reading order:
//!
//! 1. [`State`] and [`reducer`]: the shared value, its partial update, and how parallel writes combine.
//! 2. [`StateGraph`], [`Route`] and [`Join`]: nodes and edges; [`BuildError`] says all that is wrong at once.
//! 3. [`Node`], [`Command`] and [`FromTask`]: async functions as nodes, what they return and what they may take.
//! 4. [`NodeExt`], [`RetryPolicy`], [`NodeDefaults`] and [`Failure`]: retries, timeouts, and what comes after a failure.
//! 5. [`CompiledGraph`], [`Thread`], [`Outcome`] and [`Resume`]: running a graph, stopping, and going on.
//! 6. [`Event`], [`Mode`]: watching a run. [`Drawing`]: looking at a graph.
//! 7. [`store`]: checkpoints, long-term memory, caches. [`Subgraph`], [`Workflow`]: graphs in graphs, functions as graphs.
//! 8. [`JsonState`], [`DynGraph`], [`Schemas`]: graphs that are configured or served. [`testing`]: virtual time and crashes.
//!
//! # Cookbook
//!
//! | How do I | With |
//! |---|---|
//! | start one task for each item of a list | [`StateGraph::fan_out`], [`Payload`] |
//! | wait for several nodes, some of them, or all that is queued | [`StateGraph::edge`] with a list, [`Join`], [`NodeExt::defer`] |
//! | choose the next node at run time | [`StateGraph::conditional_edge`], or [`Command::goto`] in the node |
//! | ask a human in the middle of a node | [`Ctx::interrupt`], [`Thread::resume`] |
//! | charge a card once, however often the node runs | [`Ctx::once`] |
//! | stop before a node | [`CompiledGraph::with_interrupt_before`] |
//! | hand a client or a configuration to nodes | [`CompiledGraph::with_context`], [`Context`] |
//! | remember something across threads | [`CompiledGraph::with_store`], [`Store`] |
//! | not do costly work twice | [`NodeExt::cache`], [`CompiledGraph::with_cache`] |
//! | show tokens and progress | [`Ctx::emit_message`], [`Ctx::emit`], [`RunStream::modes`] |
//! | handle what failed | [`StateGraph::error_edge`], [`NodeExt::retry`], [`OrTerminal`] |
//! | correct a state, go back, try another way | [`Thread::update`], [`Thread::at`], [`Thread::fork`] |
//! | keep the database small | [`Thread::prune`], [`store::retention`] |
//! | change a graph that has live threads | [`StateGraph::migrate`], [`StateGraph::renamed_node`] |
//! | stop for a restart, or at once | [`RunControl`] |
//! | write a saver | [`Checkpointer`], [`store::conformance`] |
//! | test a graph | [`testing::simulate`] |
//!
//! # Comparison
//!
//! For those who know LangGraph: [the same idioms side by side](guide::coming_from_langgraph), and
//! [every feature, every case and what differs](guide::langgraph).

// The derives name this crate by its name, in its own tests too.
extern crate self as medha_graph;

mod draw;
mod engine;
mod graph;
pub mod guide;
mod json;
mod node;
pub mod prelude;
pub mod reducer;
mod run;
mod state;
pub mod store;
mod subgraph;
pub mod testing;
mod workflow;

pub use medha_graph_macros::{Route, State};

pub use draw::drawing::{Drawing, DrawnEdge, DrawnEdgeKind, DrawnInterrupt, DrawnNode, DrawnNodeKind};
pub use engine::checkpoint::{CheckpointId, InterruptId, ParseIdError, RunId, TaskId};
pub use engine::machine::OnFailure;
pub use engine::pause::{Durability, Pause, Unfinished};
pub use engine::retry::{Attempted, RetryPolicy};
pub use graph::builder::StateGraph;
pub use graph::compiled::CompiledGraph;
pub use graph::defaults::NodeDefaults;
pub use graph::edge::{Choice, END, IntoRoutes, Route, RouteTarget, START, Sources};
pub use graph::join::Join;
pub use graph::problem::{BuildError, BuildProblem};
pub use json::graph::{DynCall, DynError, DynGraph, DynStream};
pub use json::schema::{FieldSchema, Schemas};
pub use json::state::{FieldError, JsonState};
pub use json::update::JsonUpdate;
pub use node::cached::policy::CachePolicy;
pub use node::call::{Call, CallPhase};
pub use node::command::{Command, IntoCommand};
pub use node::config::{Configured, NodeExt};
pub use node::context::{Ctx, Interrupt, TaskRef};
pub use node::error::{NodeError, OrRetry, OrTerminal};
pub use node::extract::{Attempt, Context, FromTask, Needs, Payload};
pub use node::failure::{Failure, FailureKind};
pub use node::function::{ErasedNode, IntoNode, Node};
pub use node::once::IdempotencyKey;
pub use node::parameters::{LastStep, StepsLeft, View};
pub use node::parent::ParentCommand;
pub use node::sent::{Sent, Timed, ToPayload};
pub use run::control::RunControl;
pub use run::error::RunError;
pub use run::event::{Event, Outcome};
pub use run::input::{Input, Resume};
pub use run::modes::{Mode, ModeStream, Part, PartContent};
pub use run::snapshot::{Snapshot, TaskSnapshot};
pub use run::stream::RunStream;
pub use run::thread::Thread;
pub use state::read_back::ReadsBack;
pub use state::shared::Shared;
pub use state::{Field, FieldSet, MergeError, State, Storage, Update, WriteMode};
pub use store::cache::memory::MemoryCache;
pub use store::cache::node_cache::NodeCache;
pub use store::checkpointer::Checkpointer;
pub use store::error::{CheckpointError, CheckpointErrorKind};
pub use store::long_term::memory::MemoryStore;
pub use store::long_term::namespace::Namespace;
pub use store::long_term::store::Store;
pub use store::memory::MemorySaver;
pub use subgraph::event::{ChildEvent, PathSegment};
pub use subgraph::mapped::{MappedSubgraph, Mapping};
pub use subgraph::node::Subgraph;
pub use workflow::compiled::{CompiledWorkflow, Workflow};
pub use workflow::function::{Final, IntoFinal, Unsaved, WorkflowFn};
pub use workflow::state::{Held, Previous, WorkflowState};
pub use workflow::thread::{Ended, WorkflowThread};

/// What the derives name; not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use crate::json::schema::{AnySchema, KnownSchema, Probe};
    pub use crate::state::change::Change;
    pub use crate::state::field::no_field;
    pub use crate::state::read_back::{AnyReadBack, ReadBack};
    pub use schemars::SchemaGenerator;
    pub use serde;
    pub use serde_json::value::{RawValue, to_raw_value};
    pub use serde_json::{Error as JsonError, from_str};
}
