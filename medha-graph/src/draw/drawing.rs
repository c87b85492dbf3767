//! The structure of a graph as a plain value: what a drawing shows, whoever draws it.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{dot, mermaid, svg};
use crate::engine::pause::Breakpoints;
use crate::graph::edge::{END, EdgeKind, Line, START};
use crate::graph::join::join_label;
use crate::graph::topology::{NodeEntry, Topology};
use crate::state::State;

/// The structure of a graph: its nodes and edges, each exactly once, and the graphs inside of it.
///
/// [`CompiledGraph::drawing`](crate::CompiledGraph::drawing) makes it without running anything. It can be written as
/// Mermaid, DOT or SVG, or sent (it is serialisable, and what is read back was checked).
///
/// ```
/// use medha_graph::draw::{DrawnEdgeKind, DrawnInterrupt};
/// use medha_graph::prelude::*;
///
/// # #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
/// # struct Essay { draft: String }
/// # async fn write() {}
/// # async fn publish() {}
/// let graph = StateGraph::<Essay>::new("essay")
///     .node("write", write)
///     .node("publish", publish)
///     .edge(START, "write").edge("write", "publish").edge("publish", END)
///     .compile().unwrap()
///     .with_interrupt_before(["publish"]);
///
/// let drawing = graph.drawing();
/// assert_eq!(drawing.edges()[1].kind, DrawnEdgeKind::Static);
/// assert_eq!(drawing.nodes()[2].interrupts, [DrawnInterrupt::Before]);
/// assert!(drawing.mermaid().contains("n0 --> n1"));
/// assert!(drawing.svg().starts_with("<svg"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Sent")]
pub struct Drawing {
    version: u32,
    name: String,
    nodes: Vec<DrawnNode>,
    edges: Vec<DrawnEdge>,
}

/// The version of the serialised form.
const VERSION: u32 = 1;

/// One node of a [`Drawing`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct DrawnNode {
    /// Its name, or [`START`] or [`END`].
    pub name: String,
    /// What it is.
    pub kind: DrawnNodeKind,
    /// It runs when nothing else is queued.
    #[serde(default)]
    pub is_deferred: bool,
    /// Where runs stop at it, if the graph was told to.
    #[serde(default)]
    pub interrupts: Vec<DrawnInterrupt>,
}

/// Where a run stops at a node of a [`Drawing`]. What a node itself asks is not in the structure of a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DrawnInterrupt {
    /// See [`CompiledGraph::with_interrupt_before`](crate::CompiledGraph::with_interrupt_before).
    Before,
    /// See [`CompiledGraph::with_interrupt_after`](crate::CompiledGraph::with_interrupt_after).
    After,
}

/// What a node of a [`Drawing`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DrawnNodeKind {
    /// Where a run begins.
    Start,
    /// Where a path ends.
    End,
    /// A function.
    Node,
    /// A graph, with its own drawing.
    Subgraph(Box<Drawing>),
}

/// One edge of a [`Drawing`], from a node to a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct DrawnEdge {
    /// The name of the node it comes from.
    pub source: String,
    /// The name of the node it leads to.
    pub target: String,
    /// When it is taken.
    pub kind: DrawnEdgeKind,
}

/// When an edge of a [`Drawing`] is taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DrawnEdgeKind {
    /// Always.
    Static,
    /// Together with the other edges of the same join.
    Join {
        /// The same for all edges of one join.
        number: usize,
        /// How many of its sources it waits for, in words.
        label: String,
    },
    /// When a router chooses it; the label is the variant of its [`Route`](crate::Route).
    Conditional(String),
    /// When the source has failed; with a label if a router chooses it.
    Error(Option<String>),
    /// When a command of the source says so.
    Command,
}

impl Drawing {
    /// The name of the graph.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The nodes: START, those of the graph in the order they were added, END.
    pub fn nodes(&self) -> &[DrawnNode] {
        &self.nodes
    }

    /// The edges, in the order they were added; their ends are among the nodes.
    pub fn edges(&self) -> &[DrawnEdge] {
        &self.edges
    }

    /// The same with every subgraph as one node.
    #[must_use]
    pub fn collapsed(&self) -> Self {
        let plain = |node: &DrawnNode| DrawnNode {
            name: node.name.clone(),
            kind: match node.kind {
                DrawnNodeKind::Start => DrawnNodeKind::Start,
                DrawnNodeKind::End => DrawnNodeKind::End,
                DrawnNodeKind::Node | DrawnNodeKind::Subgraph(_) => DrawnNodeKind::Node,
            },
            is_deferred: node.is_deferred,
            interrupts: node.interrupts.clone(),
        };
        Self {
            version: VERSION,
            name: self.name.clone(),
            nodes: self.nodes.iter().map(plain).collect(),
            edges: self.edges.clone(),
        }
    }

    /// A Mermaid flowchart: solid edges are static, dashed ones a router's choice, `on error` ones are taken after a
    /// failure. Mermaid itself refuses more than 500 edges and 50,000 characters unless it is configured otherwise.
    pub fn mermaid(&self) -> String {
        mermaid::write(self)
    }

    /// A digraph in the language of `GraphViz`; subgraphs are clusters.
    pub fn dot(&self) -> String {
        dot::write(self)
    }

    /// A picture of its own, laid out in layers; subgraphs are boxes in it.
    ///
    /// Solid lines are static, dashed ones a router's choice, red ones are taken after a failure, dotted ones by a
    /// command; a dashed box is deferred. Names that are too long to show are cut, and stand in full in the `<title>`
    /// of what they name.
    pub fn svg(&self) -> String {
        svg::write(self)
    }

    /// The static structure of a graph.
    pub(crate) fn of<S: State>(topology: &Topology<S>, breakpoints: &Breakpoints) -> Self {
        let end = |name: &str, kind| DrawnNode {
            name: name.to_owned(),
            kind,
            is_deferred: false,
            interrupts: Vec::new(),
        };
        let mut nodes = vec![end(START, DrawnNodeKind::Start)];
        nodes.extend(topology.nodes.iter().map(|node| drawn_node(node, breakpoints)));
        nodes.push(end(END, DrawnNodeKind::End));
        Self { version: VERSION, name: topology.name.to_string(), nodes, edges: drawn_edges(&topology.lines) }
    }

    /// The positions of the nodes by name.
    pub(super) fn positions(&self) -> HashMap<&str, usize> {
        self.nodes.iter().enumerate().map(|(position, node)| (node.name.as_str(), position)).collect()
    }

    /// The joins in the order of their first edges: number, label and target.
    pub(super) fn joins(&self) -> Vec<(usize, &str, &str)> {
        let mut seen = HashSet::new();
        let mut joins = Vec::new();
        for edge in &self.edges {
            if let DrawnEdgeKind::Join { number, label } = &edge.kind
                && seen.insert(*number)
            {
                joins.push((*number, label.as_str(), edge.target.as_str()));
            }
        }
        joins
    }
}

impl DrawnNode {
    /// What is written under or beside the name.
    pub(super) fn remarks(&self) -> Vec<&'static str> {
        let interrupts = self.interrupts.iter().map(|interrupt| match interrupt {
            DrawnInterrupt::Before => "interrupt before",
            DrawnInterrupt::After => "interrupt after",
        });
        self.is_deferred.then_some("deferred").into_iter().chain(interrupts).collect()
    }

    /// The name as it is shown.
    pub(super) fn shown(&self) -> &str {
        match self.kind {
            DrawnNodeKind::Start => "START",
            DrawnNodeKind::End => "END",
            DrawnNodeKind::Node | DrawnNodeKind::Subgraph(_) => &self.name,
        }
    }
}

impl DrawnEdge {
    /// What is written on it, if anything; a join is labelled where its edges meet.
    pub fn label(&self) -> Option<Cow<'_, str>> {
        match &self.kind {
            DrawnEdgeKind::Static | DrawnEdgeKind::Join { .. } => None,
            DrawnEdgeKind::Conditional(label) => Some(Cow::Borrowed(label)),
            DrawnEdgeKind::Error(None) => Some(Cow::Borrowed("on error")),
            DrawnEdgeKind::Error(Some(label)) => Some(Cow::Owned(format!("on error: {label}"))),
            DrawnEdgeKind::Command => Some(Cow::Borrowed("command")),
        }
    }
}

fn drawn_node<S: State>(node: &NodeEntry<S>, breakpoints: &Breakpoints) -> DrawnNode {
    let before = breakpoints.is_before(&node.name).then_some(DrawnInterrupt::Before);
    let after = breakpoints.is_after(&node.name).then_some(DrawnInterrupt::After);
    DrawnNode {
        name: node.name.to_string(),
        kind: match &node.subgraph {
            Some(inner) => DrawnNodeKind::Subgraph(Box::new(inner.as_ref().clone())),
            None => DrawnNodeKind::Node,
        },
        is_deferred: node.config.is_deferred,
        interrupts: before.into_iter().chain(after).collect(),
    }
}

fn drawn_edges(lines: &[Line]) -> Vec<DrawnEdge> {
    let mut numbers = HashMap::new();
    let kind_of = |line: &Line, numbers: &mut HashMap<usize, usize>| match &line.kind {
        EdgeKind::Static => DrawnEdgeKind::Static,
        // Nothing waits at END, so a join into it was never made.
        EdgeKind::Join { .. } if line.target == END => DrawnEdgeKind::Static,
        EdgeKind::Join { number, needed, sources } => {
            let next = numbers.len();
            let number = *numbers.entry(*number).or_insert(next);
            DrawnEdgeKind::Join { number, label: join_label(*needed, *sources) }
        }
        EdgeKind::Conditional(label) => DrawnEdgeKind::Conditional(label.clone()),
        EdgeKind::Error(label) => DrawnEdgeKind::Error(label.clone()),
        EdgeKind::Command => DrawnEdgeKind::Command,
    };
    lines
        .iter()
        .map(|line| DrawnEdge {
            source: line.source.clone(),
            target: line.target.clone(),
            kind: kind_of(line, &mut numbers),
        })
        .collect()
}

/// A drawing as it was sent, before it is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    version: u32,
    name: String,
    nodes: Vec<DrawnNode>,
    edges: Vec<DrawnEdge>,
}

impl TryFrom<Sent> for Drawing {
    type Error = String;

    fn try_from(sent: Sent) -> Result<Self, String> {
        let Sent { version, name, nodes, edges } = sent;
        if version != VERSION {
            return Err(format!("a drawing of version {version} cannot be read; this is version {VERSION}"));
        }
        let mut problems = Vec::new();
        let mut names = HashSet::new();
        for node in &nodes {
            if !names.insert(node.name.as_str()) {
                problems.push(format!("node {:?} is there twice", node.name));
            }
        }
        for (name, kind) in [(START, DrawnNodeKind::Start), (END, DrawnNodeKind::End)] {
            if !nodes.iter().filter(|node| node.kind == kind).map(|node| &node.name).eq([name]) {
                problems.push(format!("there must be one {kind:?}, and its name must be {name:?}"));
            }
        }
        let mut joins = HashMap::new();
        for edge in &edges {
            for end in [&edge.source, &edge.target] {
                if !names.contains(end.as_str()) {
                    problems.push(format!(
                        "the edge {:?} -> {:?} names no node {end:?}",
                        edge.source, edge.target
                    ));
                }
            }
            if let DrawnEdgeKind::Join { number, .. } = edge.kind
                && *joins.entry(number).or_insert(&edge.target) != &edge.target
            {
                problems.push(format!("join {number} has more than one target"));
            }
        }
        if problems.is_empty() {
            Ok(Self { version, name, nodes, edges })
        } else {
            Err(format!("the drawing {name:?} is broken: {}", problems.join("; ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Drawing, DrawnNodeKind};
    use crate::node::function::{ErasedNode, IntoNode};
    use crate::prelude::*;

    #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
    struct Log {
        seen: u32,
    }

    struct Inside(Arc<Drawing>);

    async fn node() {}

    impl IntoNode<Log, Self> for Inside {
        fn into_node(self) -> ErasedNode<Log> {
            let mut erased = node.into_node();
            erased.subgraph = Some(self.0);
            erased
        }
    }

    #[test]
    fn a_node_that_is_a_graph_has_its_drawing_whatever_is_set_for_it() {
        let inner = StateGraph::<Log>::new("inner").node("a", node).edge(START, "a").edge("a", END);
        let inner = inner.compile().unwrap().drawing();
        let outer = StateGraph::<Log>::new("outer")
            .node("b", Inside(Arc::new(inner.clone())).defer())
            .edge(START, "b")
            .edge("b", END)
            .compile()
            .unwrap()
            .drawing();
        let drawn = &outer.nodes()[1];
        assert!(drawn.is_deferred);
        assert_eq!(drawn.kind, DrawnNodeKind::Subgraph(Box::new(inner)));
    }
}
