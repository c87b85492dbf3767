//! Nodes: what does the work of a graph.
//!
//! Most are async functions ([`IntoNode`] says which); a type that holds something implements [`Node`]. They take the
//! state, and parameters that are found [by their type](FromTask); they return an update or a [`Command`], or fail with
//! a [`NodeError`]. How often and how long they are tried is said by [`NodeExt`], and a [`Failure`] is what an error
//! edge hands on.
//!
//! What is only named here, and not at the root of the crate, is for those who write parameters of their own, or
//! functions that are generic over nodes:
//!
//! ```
//! use std::sync::Arc;
//! use medha_graph::node::{Attempt, FromTask};
//! use medha_graph::prelude::*;
//!
//! #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
//! struct Order { total: f64 }
//!
//! struct Prices { currency: &'static str, rate: f64 }
//!
//! /// A parameter made of another one.
//! struct Rate(f64);
//!
//! impl<S: State> FromTask<S> for Rate {
//!     fn from_task(attempt: &Attempt<'_, S>) -> Result<Self, NodeError> {
//!         let Context(prices) = Context::<Prices>::from_task(attempt)?;
//!         match prices.currency {
//!             "EUR" => Ok(Self(prices.rate)),
//!             other => Err(NodeError::new(format!("there is no rate for {other}")).terminal()),
//!         }
//!     }
//! }
//!
//! async fn convert(order: &Order, Rate(rate): Rate) -> OrderUpdate { Order::update().total(order.total * rate) }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let order = StateGraph::<Order>::new("order")
//!     .node("convert", convert).edge(START, "convert").edge("convert", END).compile()?
//!     .with_context(Arc::new(Prices { currency: "EUR", rate: 2.0 }))
//!     .invoke(Order::update().total(21.0)).await?;
//! assert_eq!(order.state().total, 42.0);
//! # Ok(()) }
//! ```

pub(crate) mod command;
pub(crate) mod config;
pub(crate) mod confined;
pub(crate) mod task;
pub(crate) mod context;
pub(crate) mod once;
pub(crate) mod parent;
pub(crate) mod call;
pub(crate) mod journal;
pub(crate) mod parameters;
pub(crate) mod error;
pub(crate) mod extract;
pub(crate) mod failure;
pub(crate) mod function;
pub(crate) mod pulse;
pub(crate) mod sent;
pub(crate) mod cached;

pub use crate::engine::retry::{Attempted, RetryPolicy};
pub use cached::policy::CachePolicy;
pub use call::{Call, CallPhase};
pub use command::{Command, IntoCommand};
pub use config::{Configured, NodeExt};
pub use context::{Ctx, Interrupt};
pub use error::{NodeError, OrRetry, OrTerminal};
pub use extract::{Attempt, Context, FromTask, Needs, Payload};
pub use failure::{Failure, FailureKind};
pub use function::{ErasedNode, IntoNode, Node};
pub use once::IdempotencyKey;
pub use parameters::{LastStep, StepsLeft, View};
pub use sent::{Sent, Timed, ToPayload};
pub use task::TaskRef;
