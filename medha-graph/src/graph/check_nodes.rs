//! The build checks of nodes: their names and settings, what they need to be given, what they may write.

use std::collections::{HashMap, HashSet};

use super::check::describe;
use super::edge::{END, EdgeKind, Line, START};
use super::problem::BuildProblem;
use super::topology::field_hint;
use crate::engine::retry::RetryPolicy;
use crate::engine::timer::Timeouts;
use crate::node::extract::Needs;
use crate::node::function::ErasedNode;
use crate::state::{Field, State};

pub(crate) fn check<S: State>(
    nodes: &[(String, ErasedNode<S>)],
    lines: &[Line],
    fields: &[Field],
    problems: &mut Vec<BuildProblem>,
) {
    check_settings(nodes, problems);
    check_needs(nodes, lines, problems);
    check_writes(nodes, lines, fields, problems);
}

fn check_settings<S: State>(nodes: &[(String, ErasedNode<S>)], problems: &mut Vec<BuildProblem>) {
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
        setting_problems(&node.config.retry, node.config.timeouts).for_each(&mut bad);
        if node.config.concurrency == Some(0) {
            bad("a concurrency of zero lets no task run; leave it out to let all of them run at once");
        }
    }
}

/// What is wrong with retries and timeouts.
pub(crate) fn setting_problems(
    retry: &[RetryPolicy],
    Timeouts { run, idle, heartbeat }: Timeouts,
) -> impl Iterator<Item = &'static str> {
    let is_zero = [run, idle, heartbeat].into_iter().flatten().any(|limit| limit.is_zero());
    let zero =
        is_zero.then_some("a timeout of zero fails every attempt; leave it out to wait as long as it takes");
    retry.iter().filter_map(RetryPolicy::problem).chain(zero)
}

/// An edge that never carries what its target takes would fail every task it starts.
fn check_needs<S: State>(
    nodes: &[(String, ErasedNode<S>)],
    lines: &[Line],
    problems: &mut Vec<BuildProblem>,
) {
    let needs: HashMap<&str, Needs> = nodes.iter().map(|(name, node)| (name.as_str(), node.needs)).collect();
    for line in lines {
        let needs = needs.get(line.target.as_str()).copied().unwrap_or_default();
        let mut missing = |what: &'static str, way_out: &'static str| {
            let (node, edge) = (line.target.clone(), describe(line));
            problems.push(BuildProblem::MissingInput { node, what, edge, way_out });
        };
        let (is_plain, is_from_failure) = match &line.kind {
            EdgeKind::Static | EdgeKind::Join { .. } => (true, false),
            EdgeKind::Error(None) => (true, true),
            EdgeKind::Error(Some(_)) => (false, true),
            EdgeKind::Conditional(_) | EdgeKind::Command => (false, false),
        };
        if needs.payload && is_plain {
            missing("payload", "send one with `fan_out`, a route or a command, or take `Option<Payload<T>>`");
        }
        if needs.failure && !is_from_failure {
            missing("failure", "use an error edge, or take `Option<Failure>`");
        }
    }
    for (name, _) in nodes.iter().filter(|(_, node)| node.needs.payload && node.needs.failure) {
        let reason = "it takes a payload and a failure, and no task has both; take one as an `Option`";
        problems.push(BuildProblem::BadSetting { node: name.clone(), reason: reason.to_owned() });
    }
}

/// Declared writes name fields of the state, and two nodes that one source starts together share no exclusive field.
fn check_writes<S: State>(
    nodes: &[(String, ErasedNode<S>)],
    lines: &[Line],
    fields: &[Field],
    problems: &mut Vec<BuildProblem>,
) {
    let names = || fields.iter().map(|field| &*field.name);
    let mut exclusive: HashMap<&str, Vec<&str>> = HashMap::new();
    for (name, node) in nodes {
        for written in node.config.writes.iter().flatten() {
            match fields.iter().find(|field| field.name == *written) {
                // A deferred node never runs beside one that is not.
                Some(field) if field.is_exclusive && !node.config.is_deferred => {
                    exclusive.entry(name).or_default().push(&field.name);
                }
                Some(_) => {}
                None => {
                    let (hint, node) = (field_hint(written, names()), name.clone());
                    problems.push(BuildProblem::UnknownField { node, field: written.clone(), hint });
                }
            }
        }
    }
    let mut writers: HashMap<(&str, &str), &str> = HashMap::new();
    let mut seen = HashSet::new();
    for line in lines.iter().filter(|line| line.kind == EdgeKind::Static) {
        for field in exclusive.get(line.target.as_str()).into_iter().flatten().copied() {
            let first = *writers.entry((&line.source, field)).or_insert(&line.target);
            if first != line.target && seen.insert((first, line.target.as_str(), field)) {
                let (field, first, second) = (field.to_owned(), first.to_owned(), line.target.clone());
                problems.push(BuildProblem::SharedField { field, first, second });
            }
        }
    }
}
