//! Settings for all nodes of a graph, put in when it is compiled.

use std::collections::HashSet;
use std::time::Duration;

use super::check;
use super::check_nodes;
use super::edge::{END, Edge, EdgeKind, Line};
use super::problem::BuildProblem;
use super::topology::hint;
use crate::engine::retry::RetryPolicy;
use crate::engine::timer::Timeouts;
use crate::node::cached::policy::CachePolicy;
use crate::node::function::ErasedNode;
use crate::state::State;

/// Settings for every node of a graph that does not say otherwise.
///
/// A node keeps what it sets itself: `.retry(..)` replaces all default policies (`RetryPolicy::attempts(1)` tries
/// once), each timeout its default (`Duration::MAX` waits as long as it takes), and any error edge of its own the
/// default one.
///
/// ```
/// use std::time::Duration;
/// use medha_graph::prelude::*;
/// use medha_graph::NodeDefaults;
///
/// #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
/// struct Order { paid: bool, note: String }
///
/// async fn pay() -> Result<OrderUpdate, NodeError> { Err(NodeError::new("the card is blocked").terminal()) }
/// async fn pack() -> OrderUpdate { Order::update().note("packed") }
/// async fn apologize(failure: Failure) -> OrderUpdate {
///     Order::update().note(format!("{} failed: {}", failure.node, failure.error))
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let graph = StateGraph::<Order>::new("order")
///     .defaults(NodeDefaults::new()
///         .retry(RetryPolicy::attempts(3))
///         .timeout(Duration::from_secs(30))
///         .error_to("apologize"))
///     .node("pay", pay).node("pack", pack).node("apologize", apologize)
///     .edge(START, "pay").edge("pay", "pack").edge("pack", END).edge("apologize", END)
///     .compile().unwrap();
/// let order = graph.invoke(Order::update()).await.unwrap().into_state();
/// assert_eq!(order.note, "pay failed: the card is blocked");
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "hand it to `StateGraph::defaults`"]
pub struct NodeDefaults {
    retry: Vec<RetryPolicy>,
    timeouts: Timeouts,
    error_to: Option<String>,
    cache: Option<Keep>,
}

/// For how long results are kept; as long as there is room unless it is said.
#[derive(Clone, Copy, Debug, Default)]
struct Keep {
    ttl: Option<Duration>,
}

/// A graph with the defaults put in.
pub(crate) struct Applied<S: State> {
    pub(crate) nodes: Vec<(String, ErasedNode<S>)>,
    pub(crate) edges: Vec<Edge<S>>,
    pub(crate) problems: Vec<BuildProblem>,
}

impl NodeDefaults {
    /// No settings yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// How a failing node is tried again; the first policy that matches a failure decides.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry.push(policy);
        self
    }

    /// How long an attempt may take.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeouts.run = Some(limit);
        self
    }

    /// How long an attempt may go without a sign of life.
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.timeouts.idle = Some(limit);
        self
    }

    /// How long an attempt may go without a heartbeat.
    pub fn heartbeat_timeout(mut self, limit: Duration) -> Self {
        self.timeouts.heartbeat = Some(limit);
        self
    }

    /// The node that runs after a node without error edges has failed its last attempt; `END` lets the path end there.
    ///
    /// Nodes that only run after a failure have no default error edge: a failure in them fails the run, where it
    /// would otherwise lead back to them for ever. They do have the other defaults.
    pub fn error_to(mut self, node: impl Into<String>) -> Self {
        self.error_to = Some(node.into());
        self
    }

    /// Keeps what each node comes to, for when it is given the same again; the graph needs a
    /// [cache](crate::CompiledGraph::with_cache). A node with a policy of its own keeps that; nodes behind error edges are
    /// run every time.
    pub fn cache(mut self) -> Self {
        self.cache = Some(Keep::default());
        self
    }

    /// The same for so long.
    pub fn cache_for(mut self, ttl: Duration) -> Self {
        self.cache = Some(Keep { ttl: Some(ttl) });
        self
    }

    /// The nodes and edges of a graph with these settings put in, and what is wrong with the settings.
    pub(crate) fn apply<S: State>(&self, nodes: &[(String, ErasedNode<S>)], edges: &[Edge<S>]) -> Applied<S> {
        let (nodes_before, mut edges) = (nodes, edges.to_vec());
        let mut nodes = nodes.to_vec();
        let mut problems: Vec<BuildProblem> = check_nodes::setting_problems(&self.retry, self.timeouts)
            .map(|reason| BuildProblem::BadDefault { reason: reason.to_owned() })
            .collect();
        if problems.is_empty() {
            nodes.iter_mut().for_each(|(_, node)| self.configure(node));
        }
        if let Some(Keep { ttl }) = self.cache {
            let mut policy = CachePolicy::new();
            policy = ttl.map_or(policy.clone(), |ttl| policy.ttl(ttl));
            let handlers = self.handlers(nodes_before, &edges);
            let wants_one =
                |name: &str, node: &ErasedNode<S>| !node.config.is_cached && !handlers.contains(name);
            let without = nodes.iter_mut().filter(|(name, node)| wants_one(name, node));
            without.for_each(|(_, node)| node.keep(policy.clone()));
        }
        if let Some(target) = &self.error_to {
            let names = nodes_before.iter().map(|(name, _)| name.as_str());
            if target == END || names.clone().any(|name| name == target) {
                edges.extend(default_error_edges(nodes_before, &edges, target));
            } else {
                let hint = hint(target, names);
                let edge = "the default error edge".to_owned();
                problems.push(BuildProblem::UnknownNode { node: target.clone(), edge, hint });
            }
        }
        Applied { nodes, edges, problems }
    }

    /// The nodes that error edges lead to.
    fn handlers<S: State>(&self, nodes: &[(String, ErasedNode<S>)], edges: &[Edge<S>]) -> HashSet<String> {
        let lines =
            check::lines(nodes, edges).into_iter().filter(|line| matches!(line.kind, EdgeKind::Error(_)));
        lines.map(|line| line.target).chain(self.error_to.clone()).collect()
    }

    fn configure<S: State>(&self, node: &mut ErasedNode<S>) {
        let config = &mut node.config;
        if config.retry.is_empty() {
            config.retry.clone_from(&self.retry);
        }
        let (own, default) = (config.timeouts, self.timeouts);
        config.timeouts = Timeouts {
            run: own.run.or(default.run),
            idle: own.idle.or(default.idle),
            heartbeat: own.heartbeat.or(default.heartbeat),
        };
    }
}

/// An error edge for each node that has none and can run before anything has failed.
fn default_error_edges<S: State>(
    nodes: &[(String, ErasedNode<S>)],
    edges: &[Edge<S>],
    target: &str,
) -> Vec<Edge<S>> {
    let (after_failures, lines): (Vec<Line>, Vec<Line>) =
        check::lines(nodes, edges).into_iter().partition(|line| matches!(line.kind, EdgeKind::Error(_)));
    let reached = check::reachable(&lines);
    let runs_anything = nodes.iter().any(|(name, node)| node.roams() && reached.contains(name.as_str()));
    let has_own: HashSet<&str> = after_failures.iter().map(|line| line.source.as_str()).collect();
    let is_handler: HashSet<&str> = after_failures.iter().map(|line| line.target.as_str()).collect();
    let wants_one = |name: &&String| {
        let name = name.as_str();
        let runs_before = reached.contains(name) || runs_anything;
        name != target && runs_before && !has_own.contains(name) && !is_handler.contains(name)
    };
    let sources = nodes.iter().map(|(name, _)| name).filter(wants_one);
    sources.map(|source| Edge::Error { source: source.clone(), target: target.to_owned() }).collect()
}
