//! The build checks: everything that is wrong with a graph, before its first run.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;

use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::{Dfs, Reversed};

use super::edge::{END, Edge, EdgeKind, Line, START};
use super::topology::hint;
use crate::node::function::ErasedNode;
use crate::state::State;

/// Why a graph cannot be compiled: every problem, not the first one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BuildError {
    /// The name of the graph.
    pub graph: String,
    /// What is wrong, in the order nodes and edges were added.
    pub problems: Vec<BuildProblem>,
}

impl std::error::Error for BuildError {}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "graph {:?} cannot be built", self.graph)?;
        for problem in &self.problems {
            write!(f, "\n- {problem}")?;
        }
        Ok(())
    }
}

/// One thing that is wrong with a graph.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildProblem {
    /// The state is declared in a way that does not hold together.
    #[error("the state: {reason}")]
    State {
        /// What is wrong.
        reason: String,
    },
    /// Two nodes have one name.
    #[error("node {node:?} was added twice; names are unique")]
    DuplicateNode {
        /// The name.
        node: String,
    },
    /// A node has the name of an end of the graph, or none.
    #[error("a node cannot be named {node:?}; that name is reserved")]
    ReservedName {
        /// The name.
        node: String,
    },
    /// An edge names a node that does not exist.
    #[error("{edge} names {node:?}, which is no node; {hint}")]
    UnknownNode {
        /// The name that is not there.
        node: String,
        /// The edge that names it.
        edge: String,
        /// What may have been meant.
        hint: String,
    },
    /// Nothing leads out of `START`.
    #[error("nothing runs first; add an edge from START")]
    NoEntry,
    /// An edge leads into `START` or out of `END`, or an error edge out of `START`.
    #[error("{edge} is the wrong way round; START has no way in and cannot fail, END has no way out")]
    WrongEnd {
        /// The edge.
        edge: String,
    },
    /// The same edge was added twice.
    #[error("{edge} was added twice")]
    DuplicateEdge {
        /// The edge.
        edge: String,
    },
    /// A join has no sources, or START among them.
    #[error("the join into {node:?} needs nodes as sources, at least one, each once")]
    BadJoin {
        /// The target of the join.
        node: String,
    },
    /// No path leads to a node.
    #[error(
        "node {node:?} is never reached; add an edge to it, or `.goes_to([{node:?}])` on the node whose command goes there"
    )]
    Unreachable {
        /// The node.
        node: String,
    },
    /// A join waits for a node that cannot run before it.
    #[error("the join into {node:?} never fires: it waits for {missing:?}, which cannot run before it")]
    JoinNeverFires {
        /// The target of the join.
        node: String,
        /// The sources that never come.
        missing: Vec<String>,
    },
    /// A node has no way out.
    #[error("node {node:?} has no way out; add an edge to END if it is the last one")]
    DeadEnd {
        /// The node.
        node: String,
    },
    /// A node leads on, but never to the end.
    #[error("node {node:?} never leads to END: it goes round for ever; add a conditional edge that ends")]
    NeverEnds {
        /// The node.
        node: String,
    },
    /// A migration leads nowhere.
    #[error("the migration from version {from} makes no sense: {reason}")]
    BadMigration {
        /// The version it starts from.
        from: u32,
        /// What is wrong with it.
        reason: String,
    },
    /// A node or a field was not renamed like that.
    #[error("the {what} {old:?} was not renamed to {new:?}: {reason}")]
    BadRename {
        /// `"node"` or `"field"`.
        what: &'static str,
        /// The old name.
        old: String,
        /// The new one.
        new: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A setting of a node makes no sense.
    #[error("node {node:?}: {reason}")]
    BadSetting {
        /// The node.
        node: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// All lines of a graph: of its edges, and of what its commands were declared to do.
pub(crate) fn lines<S: State>(nodes: &[(String, ErasedNode<S>)], edges: &[Edge<S>]) -> Vec<Line> {
    let mut joins = 0;
    let mut lines: Vec<Line> = edges.iter().flat_map(|edge| edge.lines(&mut joins)).collect();
    for (name, node) in nodes {
        lines.extend(node.config.goes_to.iter().map(|target| Line {
            source: name.clone(),
            target: target.clone(),
            kind: EdgeKind::Command,
        }));
    }
    lines
}

pub(crate) fn problems<S: State>(
    nodes: &[(String, ErasedNode<S>)],
    edges: &[Edge<S>],
    lines: &[Line],
) -> Vec<BuildProblem> {
    let mut problems = Vec::new();
    check_nodes(nodes, &mut problems);
    check_joins(edges, &mut problems);
    check_lines(nodes, lines, &mut problems);
    // Paths are only worth talking about when every name is right.
    if !problems.iter().any(|problem| matches!(problem, BuildProblem::UnknownNode { .. })) {
        check_paths(nodes, lines, &mut problems);
    }
    problems
}

fn check_nodes<S: State>(nodes: &[(String, ErasedNode<S>)], problems: &mut Vec<BuildProblem>) {
    let mut seen = HashSet::new();
    for (name, node) in nodes {
        if name.is_empty() || name == START || name == END {
            problems.push(BuildProblem::ReservedName { node: name.clone() });
        } else if !seen.insert(name) {
            problems.push(BuildProblem::DuplicateNode { node: name.clone() });
        }
        let mut bad = |reason: &str| {
            problems.push(BuildProblem::BadSetting { node: name.clone(), reason: reason.to_owned() });
        };
        if let Some(reason) = node.config.retry.as_ref().and_then(crate::RetryPolicy::problem) {
            bad(reason);
        }
        if node.config.timeout.is_some_and(|limit| limit.is_zero()) {
            bad("a timeout of zero fails every attempt; leave it out to wait as long as it takes");
        }
    }
}

fn check_joins<S: State>(edges: &[Edge<S>], problems: &mut Vec<BuildProblem>) {
    let mut seen = HashSet::new();
    for edge in edges {
        if let Edge::Static { sources, target } = edge {
            let distinct: BTreeSet<&String> = sources.iter().collect();
            let has_start = sources.len() > 1 && sources.iter().any(|source| source == START);
            if sources.is_empty() || distinct.len() != sources.len() || has_start {
                problems.push(BuildProblem::BadJoin { node: target.clone() });
            } else if sources.len() > 1 && !seen.insert((distinct, target)) {
                let edge = format!("the join {sources:?} -> {target:?}");
                problems.push(BuildProblem::DuplicateEdge { edge });
            }
        }
    }
}

fn check_lines<S: State>(
    nodes: &[(String, ErasedNode<S>)],
    lines: &[Line],
    problems: &mut Vec<BuildProblem>,
) {
    let names: HashSet<&str> = nodes.iter().map(|(name, _)| name.as_str()).collect();
    let mut seen = HashSet::new();
    for line in lines {
        let is_from_end = line.source == END;
        let is_failing_start = line.source == START && matches!(line.kind, EdgeKind::Error(_));
        if line.target == START || is_from_end || is_failing_start {
            problems.push(BuildProblem::WrongEnd { edge: describe(line) });
        }
        for (name, is_end) in [(&line.source, START), (&line.target, END)] {
            if !names.contains(name.as_str()) && name != is_end && name != START && name != END {
                let hint = hint(name, nodes.iter().map(|(name, _)| name.as_str()));
                problems.push(BuildProblem::UnknownNode { node: name.clone(), edge: describe(line), hint });
            }
        }
        let is_plain = matches!(line.kind, EdgeKind::Static | EdgeKind::Error(None));
        if is_plain && !seen.insert((&line.source, &line.target, matches!(line.kind, EdgeKind::Static))) {
            problems.push(BuildProblem::DuplicateEdge { edge: describe(line) });
        }
    }
    if !lines.iter().any(|line| line.source == START) {
        problems.push(BuildProblem::NoEntry);
    }
}

fn check_paths<S: State>(
    nodes: &[(String, ErasedNode<S>)],
    lines: &[Line],
    problems: &mut Vec<BuildProblem>,
) {
    let mut graph = DiGraph::<&str, ()>::new();
    let mut places: HashMap<&str, NodeIndex> = HashMap::new();
    for name in [START, END].into_iter().chain(nodes.iter().map(|(name, _)| name.as_str())) {
        places.entry(name).or_insert_with(|| graph.add_node(name));
    }
    for line in lines {
        if let (Some(source), Some(target)) =
            (places.get(line.source.as_str()), places.get(line.target.as_str()))
        {
            graph.add_edge(*source, *target, ());
        }
    }
    let reached = reachable(lines);
    // A node whose commands may go anywhere may reach any node, and may end.
    let roams = |node: &ErasedNode<S>| node.may_goto && node.config.goes_to.is_empty();
    let anything_may_be_reached =
        nodes.iter().any(|(name, node)| roams(node) && reached.contains(name.as_str()));
    let mut ending = leading_to(&graph, places[END]);
    for (name, node) in nodes {
        if roams(node) {
            ending.extend(leading_to(&graph, places[name.as_str()]));
        }
    }
    for (name, node) in nodes {
        let node_name = name.clone();
        let has_way_out = roams(node) || lines.iter().any(|line| line.source == *name && !is_error(line));
        if !reached.contains(name.as_str()) && !anything_may_be_reached {
            let is_waiting = |line: &&Line| line.target == *name && matches!(line.kind, EdgeKind::Join(_));
            let sources = lines.iter().filter(is_waiting).map(|line| &line.source);
            let (ready, missing): (Vec<_>, Vec<_>) =
                sources.partition(|source| reached.contains(source.as_str()));
            problems.push(if ready.is_empty() || missing.is_empty() {
                BuildProblem::Unreachable { node: node_name }
            } else {
                BuildProblem::JoinNeverFires {
                    node: node_name,
                    missing: missing.into_iter().cloned().collect(),
                }
            });
        } else if !has_way_out {
            problems.push(BuildProblem::DeadEnd { node: node_name });
        } else if !ending.contains(name.as_str()) {
            problems.push(BuildProblem::NeverEnds { node: node_name });
        }
    }
}

/// What can run: an edge leads on from one node, a join from all of its sources together.
fn reachable(lines: &[Line]) -> HashSet<&str> {
    let mut out: HashMap<&str, Vec<&Line>> = HashMap::new();
    let mut missing: HashMap<usize, usize> = HashMap::new();
    for line in lines {
        out.entry(&line.source).or_default().push(line);
        if let EdgeKind::Join(join) = line.kind {
            *missing.entry(join).or_default() += 1;
        }
    }
    let mut reached = HashSet::from([START]);
    let mut queue = vec![START];
    while let Some(place) = queue.pop() {
        for line in out.get(place).into_iter().flatten() {
            if let EdgeKind::Join(join) = line.kind
                && let Some(missing) = missing.get_mut(&join)
            {
                *missing -= 1;
                if *missing > 0 {
                    continue;
                }
            }
            if reached.insert(&line.target) {
                queue.push(&line.target);
            }
        }
    }
    reached
}

/// Everything that leads there.
fn leading_to<'a>(graph: &DiGraph<&'a str, ()>, place: NodeIndex) -> HashSet<&'a str> {
    let mut seen = HashSet::new();
    let mut search = Dfs::new(Reversed(graph), place);
    while let Some(place) = search.next(Reversed(graph)) {
        seen.insert(graph[place]);
    }
    seen
}

fn is_error(line: &Line) -> bool {
    matches!(line.kind, EdgeKind::Error(_))
}

fn describe(line: &Line) -> String {
    let kind = match line.kind {
        EdgeKind::Static => "edge",
        EdgeKind::Join(_) => "join",
        EdgeKind::Conditional(_) => "conditional edge",
        EdgeKind::Error(_) => "error edge",
        EdgeKind::Command => "`goes_to`",
    };
    let end = |name: &str| match name {
        START => "START".to_owned(),
        END => "END".to_owned(),
        name => format!("{name:?}"),
    };
    format!("the {kind} {} -> {}", end(&line.source), end(&line.target))
}
