//! Drawings: the structure of a graph as a value, and the formats it can be written in.
//!
//! A [`Drawing`] is made by [`CompiledGraph::drawing`](crate::CompiledGraph::drawing) without running anything. It
//! writes itself as Mermaid, DOT or SVG; whoever draws it another way reads its nodes and edges.
//!
//! ```
//! use medha_graph::draw::{Drawing, DrawnEdgeKind};
//! use medha_graph::prelude::*;
//!
//! #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
//! struct Essay { draft: String }
//! async fn write() {}
//! async fn apologize(_: Failure) {}
//!
//! let drawing: Drawing = StateGraph::<Essay>::new("essay")
//!     .node("write", write)
//!     .node("apologize", apologize)
//!     .edge(START, "write").edge("write", END)
//!     .error_edge("write", "apologize").edge("apologize", END)
//!     .compile().unwrap()
//!     .drawing();
//! assert!(drawing.dot().starts_with("digraph"));
//! let recovery = drawing.edges().iter().find(|edge| matches!(edge.kind, DrawnEdgeKind::Error { .. }));
//! assert_eq!(recovery.map(|edge| &*edge.target), Some("apologize"));
//! ```

// `drawing` makes the value; `mermaid` and `dot` write it for programs that lay it out, `svg` lays it out itself:
// `layout` puts boxes in layers (`layer`), adds the bends of long edges (`grid`), orders each row (`order`), finds
// its coordinates (`place`) and the way of every edge (`route`).

pub(crate) mod drawing;
mod mermaid;
mod dot;
mod svg;
mod picture;
mod path;
mod text;
mod layout;
mod layer;
mod grid;
mod order;
mod place;
mod route;

pub use drawing::{Drawing, DrawnEdge, DrawnEdgeKind, DrawnInterrupt, DrawnNode, DrawnNodeKind};
