//! Graphs: built by name, checked as a whole, then run.
//!
//! [`StateGraph`] takes nodes and edges, [`StateGraph::compile`] says everything that is wrong with them at once, and
//! what it gives is a [`CompiledGraph`]. Where a run goes is said by edges, by routers that choose a [`Route`], and by
//! [`Join`]s that wait.
//!
//! What is only named here, and not at the root of the crate: the single [problems](BuildProblem) of a [`BuildError`],
//! and what routes and edges are made of.
//!
//! ```
//! use medha_graph::graph::BuildProblem;
//! use medha_graph::prelude::*;
//!
//! #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
//! struct Essay { draft: String }
//! async fn write() -> EssayUpdate { Essay::update().draft("All about bridges.") }
//!
//! let error = StateGraph::<Essay>::new("essay")
//!     .node("write", write)
//!     .edge(START, "wriet")
//!     .compile()
//!     .unwrap_err();
//! assert!(matches!(&error.problems[0], BuildProblem::UnknownNode { node, .. } if node == "wriet"));
//! assert!(error.problems[0].to_string().ends_with(r#"did you mean "write"?"#));
//! ```

pub(crate) mod builder;
pub(crate) mod check;
pub(crate) mod check_nodes;
pub(crate) mod compiled;
pub(crate) mod defaults;
pub(crate) mod edge;
pub(crate) mod join;
pub(crate) mod lineage;
pub(crate) mod problem;
pub(crate) mod topology;

pub use builder::StateGraph;
pub use compiled::CompiledGraph;
pub use defaults::NodeDefaults;
pub use edge::{Choice, END, IntoRoutes, Route, RouteTarget, START, Sources};
pub use join::Join;
pub use medha_graph_macros::Route;
pub use problem::{BuildError, BuildProblem};
