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
//! The root has what most programs name; the module of each subject has that too, and what is rarely named. In reading
//! order:
//!
//! 1. [`state`], [`reducer`]: [`State`], the shared value, its partial update, and how parallel writes combine.
//! 2. [`graph`]: [`StateGraph`], [`Route`] and [`Join`], nodes and edges; [`BuildError`], all that is wrong at once.
//! 3. [`node`]: [`Node`], [`Command`] and [`FromTask`], async functions as nodes, what they return and what they may take;
//!    [`NodeExt`], [`RetryPolicy`] and [`Failure`], retries, timeouts, and what comes after a failure.
//! 4. [`run`]: [`Thread`], [`Outcome`] and [`Resume`], running a [`CompiledGraph`], stopping, and going on; [`Event`] and
//!    [`Mode`], watching a run.
//! 5. [`store`]: checkpoints, long-term memory, caches.
//! 6. [`subgraph`], [`workflow`]: graphs in graphs, functions as graphs.
//! 7. [`draw`], [`json`]: looking at a graph; graphs that are configured or served.
//! 8. [`testing`]: virtual time and crashes.
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
//! | write an agent as one function | [`workflow::Workflow`] |
//! | show a graph | [`CompiledGraph::mermaid`], [`draw::Drawing`] |
//! | serve a graph, or build one from a configuration | [`json::DynGraph`], [`json::JsonState`] |
//! | test a graph | [`testing::simulate`] |
//!
//! # Comparison
//!
//! For those who know LangGraph: [the same idioms side by side](guide::coming_from_langgraph), and
//! [every feature, every case and what differs](guide::langgraph).

// The derives name this crate by its name, in its own tests too.
extern crate self as medha_graph;

// In the order a newcomer should read them.
pub mod prelude;
pub mod state;
pub mod reducer;
pub mod graph;
pub mod node;
pub mod run;
pub mod store;
pub mod subgraph;
pub mod workflow;
pub mod draw;
pub mod json;
pub mod testing;
pub mod guide;
mod engine;

#[doc(inline)]
pub use graph::{BuildError, CompiledGraph, END, Join, NodeDefaults, Route, START, StateGraph};
#[doc(inline)]
pub use node::{
    CachePolicy, Command, Context, Ctx, Failure, FailureKind, FromTask, IdempotencyKey, Interrupt, LastStep,
    Node, NodeError, NodeExt, OrRetry, OrTerminal, Payload, RetryPolicy, StepsLeft, Timed, View,
};
#[doc(inline)]
pub use run::{
    CheckpointId, Durability, Event, Input, InterruptId, Mode, OnFailure, Outcome, Part, PartContent, Pause,
    Resume, RunControl, RunError, RunStream, Snapshot, Thread, Unfinished,
};
#[doc(inline)]
pub use state::State;
#[doc(inline)]
pub use store::{CheckpointError, Checkpointer, MemoryCache, MemorySaver, MemoryStore, Namespace, Store};
#[doc(inline)]
pub use subgraph::Subgraph;

/// What the derives name; not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use crate::engine::json::Json;
    pub use crate::json::schema::{AnySchema, KnownSchema, Probe};
    pub use crate::state::change::Change;
    pub use crate::state::field::no_field;
    pub use crate::state::read_back::{AnyReadBack, ReadBack};
    pub use schemars::SchemaGenerator;
    pub use serde;
    pub use serde_json::value::RawValue;
    pub use serde_json::{Error as JsonError, from_str};
}
