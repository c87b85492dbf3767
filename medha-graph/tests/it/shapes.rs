//! Graphs of a shape that many tests need.

use medha_graph::node::IntoNode;
use medha_graph::prelude::*;

/// A graph of one node.
pub(crate) fn of_one<S: State, M>(graph: &str, node: &str, work: impl IntoNode<S, M>) -> CompiledGraph<S> {
    StateGraph::new(graph).node(node, work).edge(START, node).edge(node, END).compile().unwrap()
}
