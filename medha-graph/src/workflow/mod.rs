//! Workflows: one async function that calls others, with everything a graph has.
//!
//! For work that is easier to write down as plain control flow than as nodes and edges. A [`Workflow`] is made of a
//! function that takes an input, and after it what any node may take; [`Previous`] is what the last run on its thread
//! saved. What the function [calls](crate::Ctx::call) is journalled, so that a run that is resumed does not do it again.
//! The run [ends](Ended) with the function's own output, and saves it, unless that is a [`Final`].
//!
//! ```
//! use medha_graph::prelude::*;
//! use medha_graph::workflow::{Ended, Previous, Workflow};
//!
//! async fn translate(word: String) -> Result<String, NodeError> { Ok(word.to_uppercase()) }
//!
//! async fn lesson(word: String, Previous(known): Previous<Vec<String>>, ctx: Ctx) -> Result<Vec<String>, NodeError> {
//!     let mut known = known.unwrap_or_default();
//!     known.push(ctx.call("translate", word, translate).await?);
//!     Ok(known)
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let lesson = Workflow::new("lesson", lesson).compile()?.with_checkpointer(MemorySaver::default());
//! let thread = lesson.thread("ann");
//! thread.invoke("bridge".to_owned()).await?;
//! let ended = thread.invoke("river".to_owned()).await?;
//! assert_eq!(ended, Ended::Done(vec!["BRIDGE".to_owned(), "RIVER".to_owned()]));
//! # Ok(()) }
//! ```

pub(crate) mod function;
pub(crate) mod state;
pub(crate) mod compiled;
pub(crate) mod thread;

pub use compiled::{CompiledWorkflow, Workflow};
pub use function::{Final, IntoFinal, Unsaved, WorkflowFn};
pub use state::{Held, Previous, WorkflowState};
pub use thread::{Ended, WorkflowThread};
