//! A compiled graph as a node of another.
//!
//! [`Subgraph`] makes a node of a graph over the same state; with an input and an output ([`Mapping`]) it is one over a
//! state of its own ([`MappedSubgraph`]). What happens inside reaches whoever watches the parent as a [`ChildEvent`],
//! with the path of tasks that leads to it.
//!
//! ```
//! use futures_util::StreamExt;
//! use medha_graph::Subgraph;
//! use medha_graph::prelude::*;
//! use medha_graph::subgraph::PathSegment;
//!
//! #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
//! struct Essay { draft: String }
//! async fn write() -> EssayUpdate { Essay::update().draft("All about bridges.") }
//!
//! fn shown(path: &[PathSegment], inner: &Event<Essay>) -> Option<String> {
//!     let nodes: Vec<&str> = path.iter().map(|segment| &*segment.node).collect();
//!     match inner {
//!         Event::TaskFinished { task, .. } => Some(format!("{}/{}", nodes.join("/"), task.node)),
//!         _ => None,
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let draft = StateGraph::<Essay>::new("draft")
//!     .node("write", write).edge(START, "write").edge("write", END).compile()?;
//! let essay = StateGraph::<Essay>::new("essay")
//!     .node("draft", Subgraph::new(draft)).edge(START, "draft").edge("draft", END).compile()?;
//!
//! let mut finished = Vec::new();
//! let mut events = essay.thread("essay-1").stream(Essay::update());
//! while let Some(event) = events.next().await {
//!     if let Event::Child { path, event } = event? {
//!         finished.extend(event.of().and_then(|inner| shown(&path, inner)));
//!     }
//! }
//! assert_eq!(finished, ["draft/write"]);
//! # Ok(()) }
//! ```

// `node` and `mapped` are how it is written, `visit` is what happens when it is run.

pub(crate) mod node;
pub(crate) mod mapped;
pub(crate) mod host;
pub(crate) mod visit;
pub(crate) mod place;
pub(crate) mod ancestry;
pub(crate) mod event;
pub(crate) mod inspect;

pub use crate::node::parent::ParentCommand;
pub use event::{ChildContent, ChildEvent, PathSegment};
pub use mapped::{MappedSubgraph, Mapping};
pub use node::Subgraph;
