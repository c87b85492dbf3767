//! The build checks: everything that is wrong with a graph, before its first run.

use std::collections::{BTreeSet, HashMap, HashSet};

use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::{Dfs, Reversed};

use super::check_nodes;
use super::edge::{END, Edge, EdgeKind, Line, START};
use super::join::Join;
use super::problem::BuildProblem;
use super::topology::hint;
use crate::node::function::ErasedNode;
use crate::state::{Field, State};

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

/// Everything that is wrong, after what was found before.
pub(crate) fn problems<S: State>(
    nodes: &[(String, ErasedNode<S>)],
    edges: &[Edge<S>],
    lines: &[Line],
    fields: &[Field],
    mut problems: Vec<BuildProblem>,
) -> Vec<BuildProblem> {
    check_nodes::check(nodes, lines, fields, &mut problems);
    check_joins(edges, &mut problems);
    check_lines(nodes, lines, &mut problems);
    // Paths are only worth talking about when every name is right.
    if !problems.iter().any(|problem| matches!(problem, BuildProblem::UnknownNode { .. })) {
        check_paths(nodes, lines, &mut problems);
    }
    problems
}

fn check_joins<S: State>(edges: &[Edge<S>], problems: &mut Vec<BuildProblem>) {
    let mut seen = HashSet::new();
    for edge in edges {
        if let Edge::Join { join: Join { sources, needed }, target } = edge {
            let (needed, node) = (*needed, target.clone());
            let distinct: BTreeSet<&String> = sources.iter().collect();
            let has_start = sources.iter().any(|source| source == START);
            if sources.is_empty() || distinct.len() != sources.len() || has_start {
                problems.push(BuildProblem::BadJoin { node });
            } else if needed == 0 || needed > sources.len() {
                problems.push(BuildProblem::BadQuorum { node, needed, sources: sources.len() });
            } else if !seen.insert((distinct, target)) {
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
    let anything_may_be_reached =
        nodes.iter().any(|(name, node)| node.roams() && reached.contains(name.as_str()));
    let mut ending = leading_to(&graph, places[END]);
    for (name, node) in nodes {
        if node.roams() {
            ending.extend(leading_to(&graph, places[name.as_str()]));
        }
    }
    for (name, node) in nodes {
        let node_name = name.clone();
        let has_way_out = node.roams() || lines.iter().any(|line| line.source == *name && !is_error(line));
        if !reached.contains(name.as_str()) && !anything_may_be_reached {
            let is_waiting =
                |line: &&Line| line.target == *name && matches!(line.kind, EdgeKind::Join { .. });
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

/// What can run: an edge leads on from one node, a join from as many of its sources as it needs.
pub(crate) fn reachable(lines: &[Line]) -> HashSet<&str> {
    let mut out: HashMap<&str, Vec<&Line>> = HashMap::new();
    let mut missing: HashMap<usize, usize> = HashMap::new();
    for line in lines {
        out.entry(&line.source).or_default().push(line);
        if let EdgeKind::Join { number, needed, .. } = line.kind {
            missing.insert(number, needed);
        }
    }
    let mut reached = HashSet::from([START]);
    let mut queue = vec![START];
    while let Some(place) = queue.pop() {
        for line in out.get(place).into_iter().flatten() {
            if let EdgeKind::Join { number, .. } = line.kind
                && let Some(missing) = missing.get_mut(&number)
            {
                *missing = missing.saturating_sub(1);
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

pub(crate) fn describe(line: &Line) -> String {
    let kind = match line.kind {
        EdgeKind::Static => "edge",
        EdgeKind::Join { .. } => "join",
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
