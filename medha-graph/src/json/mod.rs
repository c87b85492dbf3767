//! Graphs and states behind JSON: for programs that are configured, and for those that serve graphs of many types.
//!
//! A [`JsonState`] is declared at run time, field by field, and changed by [`JsonUpdate`]s. A [`DynGraph`] is any graph,
//! with its types known as JSON only; its [`Schemas`] say what it takes and gives.
//!
//! ```
//! use medha_graph::json::{DynGraph, JsonState, JsonUpdate};
//! use medha_graph::prelude::*;
//! use serde_json::json;
//!
//! async fn count(essay: &JsonState) -> Result<JsonUpdate, NodeError> {
//!     let text: String = essay.get("text")?;
//!     Ok(JsonState::update().set("words", text.split(' ').count()))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let state = JsonState::new().field("text").field("words");
//! let graph: std::sync::Arc<dyn DynGraph> = StateGraph::starting_from("essay", state)
//!     .node("count", count).edge(START, "count").edge("count", END).compile()?
//!     .into_dyn();
//! let done = graph.run("", json!({"text": "all about bridges"}).into()).await?;
//! assert_eq!(done["state"]["words"], 3);
//! # Ok(()) }
//! ```

pub(crate) mod state;
pub(crate) mod update;
pub(crate) mod schema;
pub(crate) mod graph;

pub use graph::{DynCall, DynError, DynGraph, DynStream};
pub use schema::{FieldSchema, Schemas};
pub use state::{FieldError, JsonState};
pub use update::JsonUpdate;
