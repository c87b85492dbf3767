//! A compiled graph as the engine reads it: nodes and joins are numbers, edges are lists of numbers.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use xxhash_rust::xxh3::xxh3_64;

use super::edge::{Choice, END, Edge, EdgeKind, Line, PickByFailure, PickByState, START, Target};
use super::join::Join;
use super::lineage::Lineage;
use crate::draw::drawing::Drawing;
use crate::engine::checkpoint::{Task, TaskInput};
use crate::engine::name::Name;
use crate::engine::superstep::panic_text;
use crate::node::config::NodeConfig;
use crate::node::failure::Failure;
use crate::node::function::{CallNode, ErasedNode};
use crate::state::{Field, FieldSet, State, Storage};

/// The number of a node in its graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct NodeIx(pub(crate) u32);

pub(crate) struct Topology<S: State> {
    pub(crate) name: Arc<str>,
    pub(crate) version: u32,
    /// Of the nodes, edges and fields: changes when any of them does.
    pub(crate) fingerprint: Name,
    pub(crate) nodes: Vec<NodeEntry<S>>,
    pub(crate) start: Outgoing<S>,
    pub(crate) joins: Vec<JoinEntry>,
    /// The state a thread begins with.
    pub(crate) initial: S,
    pub(crate) fields: Vec<Field>,
    /// Their names, as they are stored.
    pub(crate) names: Vec<Name>,
    pub(crate) exclusive: FieldSet,
    pub(crate) ephemeral: FieldSet,
    /// Fields that are stored.
    pub(crate) tracked: FieldSet,
    pub(crate) lines: Vec<Line>,
    /// What it was called and looked like before.
    pub(crate) lineage: Lineage,
    numbers: HashMap<Arc<str>, NodeIx>,
}

pub(crate) struct NodeEntry<S: State> {
    pub(crate) name: Arc<str>,
    pub(crate) call: Arc<dyn CallNode<S>>,
    pub(crate) config: NodeConfig,
    pub(crate) out: Outgoing<S>,
    pub(crate) subgraph: Option<Arc<Drawing>>,
}

/// Where a node leads. Edges to `END` start nothing, so they are not kept, except as choices of routers.
pub(crate) struct Outgoing<S: State> {
    pub(crate) direct: Vec<NodeIx>,
    /// Joins this node is a source of, and its position among the sources.
    pub(crate) joins: Vec<(usize, usize)>,
    pub(crate) routers: Vec<Router<S>>,
    pub(crate) failures: Vec<FailureEdge>,
}

pub(crate) struct Router<S: State> {
    pub(crate) targets: Vec<Option<NodeIx>>,
    pub(crate) pick: PickByState<S>,
}

pub(crate) enum FailureEdge {
    Always(Option<NodeIx>),
    Choose { targets: Vec<Option<NodeIx>>, pick: PickByFailure },
}

pub(crate) struct JoinEntry {
    pub(crate) sources: Vec<NodeIx>,
    /// How many of them must have come.
    pub(crate) needed: usize,
    pub(crate) target: NodeIx,
}

impl<S: State> Topology<S> {
    /// Puts numbers for names. The names were checked before.
    pub(crate) fn new(
        name: &str,
        version: u32,
        initial: S,
        nodes: &[(String, ErasedNode<S>)],
        edges: &[Edge<S>],
        lines: Vec<Line>,
    ) -> Self {
        let numbers: HashMap<Arc<str>, NodeIx> = nodes
            .iter()
            .zip(0..)
            .map(|((name, _), number)| (Arc::from(name.as_str()), NodeIx(number)))
            .collect();
        let entries = nodes.iter().map(|(name, node)| NodeEntry {
            name: Arc::from(name.as_str()),
            call: Arc::clone(&node.call),
            config: node.config.clone(),
            out: Outgoing::default(),
            subgraph: node.subgraph.clone(),
        });
        let fields = initial.fields().to_vec();
        let mut topology = Self {
            name: Arc::from(name),
            version,
            fingerprint: Name::from(format!("{:016x}", fingerprint(nodes, &lines, &fields))),
            nodes: entries.collect(),
            start: Outgoing::default(),
            joins: Vec::new(),
            names: fields.iter().map(|field| Name::from(&*field.name)).collect(),
            exclusive: FieldSet::of(&fields, |field| field.is_exclusive),
            ephemeral: FieldSet::of(&fields, |field| field.is_ephemeral),
            tracked: FieldSet::of(&fields, |field| field.storage != Storage::Untracked),
            fields,
            initial,
            lines,
            lineage: Lineage::default(),
            numbers,
        };
        for edge in edges {
            topology.add(edge);
        }
        topology
    }

    pub(crate) fn number(&self, name: &str) -> Option<NodeIx> {
        self.numbers.get(name).copied()
    }

    /// The position of a field, by the name it has or had.
    pub(crate) fn position(&self, field: &str) -> Option<usize> {
        let name = self.lineage.field(field);
        self.names.iter().position(|known| **known == *name)
    }

    #[inline]
    pub(crate) fn node(&self, number: NodeIx) -> &NodeEntry<S> {
        &self.nodes[number.0 as usize]
    }

    #[inline]
    pub(crate) fn name_of(&self, number: NodeIx) -> &Arc<str> {
        &self.node(number).name
    }

    /// The tasks that take over after a failure: none if no error edge wants it, an error if a router is broken.
    pub(crate) fn handlers(&self, node: NodeIx, failure: &Failure) -> Result<Option<Vec<Task>>, String> {
        let mut tasks: Option<Vec<Task>> = None;
        let mut take = |target: Option<NodeIx>, input: TaskInput, timeout: Option<Duration>| {
            let tasks = tasks.get_or_insert_default();
            tasks.extend(target.map(|node| Task::given(node, input, timeout)));
        };
        let whole = || TaskInput::Failure(Box::new(failure.clone()));
        let mut problem = None;
        for edge in &self.node(node).out.failures {
            match edge {
                FailureEdge::Always(target) => take(*target, whole(), None),
                FailureEdge::Choose { targets, pick } => {
                    let picked = catch_unwind(AssertUnwindSafe(|| {
                        pick(failure, &mut |choice: Choice| {
                            let sent = choice.payload.map(|sent| (sent.payload, sent.timeout));
                            match (targets.get(choice.index), sent) {
                                (None, _) => problem = Some("chose a target that does not exist".to_owned()),
                                (_, Some((Err(error), _))) => {
                                    problem = Some(format!("chose a payload that {error}"));
                                }
                                (Some(target), None) => take(*target, whole(), None),
                                (Some(target), Some((Ok(payload), timeout))) => {
                                    take(*target, TaskInput::Payload(payload), timeout);
                                }
                            }
                        });
                    }));
                    if let Err(panic) = picked {
                        problem = Some(format!("panicked: {}", panic_text(panic.as_ref())));
                    }
                }
            }
        }
        problem.map_or(Ok(tasks), Err)
    }

    fn add(&mut self, edge: &Edge<S>) {
        match edge {
            Edge::Static { source, target } => {
                if let Some(target) = self.number(target) {
                    self.out(source).direct.push(target);
                }
            }
            Edge::Join { join: Join { sources, needed }, target } => {
                let Some(target) = self.number(target) else { return };
                let join = self.joins.len();
                for (position, source) in sources.iter().enumerate() {
                    self.out(source).joins.push((join, position));
                }
                let sources = sources.iter().filter_map(|source| self.number(source)).collect();
                self.joins.push(JoinEntry { sources, needed: *needed, target });
            }
            Edge::Conditional { source, targets, pick } => {
                let router = Router { targets: self.all(targets), pick: Arc::clone(pick) };
                self.out(source).routers.push(router);
            }
            Edge::Error { source, target } => {
                let target = self.number(target);
                self.out(source).failures.push(FailureEdge::Always(target));
            }
            Edge::ConditionalError { source, targets, pick } => {
                let edge = FailureEdge::Choose { targets: self.all(targets), pick: Arc::clone(pick) };
                self.out(source).failures.push(edge);
            }
        }
    }

    fn all(&self, targets: &[Target]) -> Vec<Option<NodeIx>> {
        targets.iter().map(|target| self.number(&target.node)).collect()
    }

    fn out(&mut self, source: &str) -> &mut Outgoing<S> {
        match self.number(source) {
            Some(number) => &mut self.nodes[number.0 as usize].out,
            None => {
                debug_assert_eq!(source, START, "sources are checked before");
                &mut self.start
            }
        }
    }
}

impl<S: State> Default for Outgoing<S> {
    fn default() -> Self {
        Self { direct: Vec::new(), joins: Vec::new(), routers: Vec::new(), failures: Vec::new() }
    }
}

/// The closest of the names, if one is close enough to be what was meant.
pub(crate) fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    let wanted_lower = wanted.to_lowercase();
    let allowed = (wanted.chars().count() / 3).max(1);
    names
        .map(|name| (strsim::damerau_levenshtein(&wanted_lower, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, name)| name.to_owned())
}

/// `did you mean "write"?`, or what there is.
pub(crate) fn hint<'a>(wanted: &str, names: impl Iterator<Item = &'a str> + Clone) -> String {
    hint_of(wanted, names, ("the graph has no nodes", "the nodes are"))
}

/// The same for the fields of a state.
pub(crate) fn field_hint<'a>(wanted: &str, names: impl Iterator<Item = &'a str> + Clone) -> String {
    hint_of(wanted, names, ("the state has no fields", "the fields are"))
}

fn hint_of<'a>(
    wanted: &str,
    names: impl Iterator<Item = &'a str> + Clone,
    (nothing, there_are): (&str, &str),
) -> String {
    if let Some(name) = nearest(wanted, names.clone()) {
        return format!("did you mean {name:?}?");
    }
    let all: Vec<String> = names.take(8).map(|name| format!("{name:?}")).collect();
    if all.is_empty() { nothing.to_owned() } else { format!("{there_are} {}", all.join(", ")) }
}

fn fingerprint<S: State>(nodes: &[(String, ErasedNode<S>)], lines: &[Line], fields: &[Field]) -> u64 {
    let mut text = String::new();
    let mut put = |part: &str| {
        text.push_str(part);
        text.push('\0');
    };
    for (name, _) in nodes {
        put(name);
    }
    for line in lines {
        put(&line.source);
        put(&line.target);
        match &line.kind {
            EdgeKind::Static => put("static"),
            EdgeKind::Join { number, needed, .. } => put(&format!("join {number} needs {needed}")),
            EdgeKind::Conditional(label) => put(label),
            EdgeKind::Error(label) => put(label.as_deref().unwrap_or("error")),
            EdgeKind::Command => put("command"),
        }
    }
    for field in fields {
        put(&field.name);
    }
    put(END);
    xxh3_64(text.as_bytes())
}
