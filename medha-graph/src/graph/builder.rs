//! The graph under construction: nodes and edges by name, in any order.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::check;
use super::compiled::CompiledGraph;
use super::defaults::{Applied, NodeDefaults};
use super::edge::{Choice, Edge, IntoRoutes, Route, Sources, Target};
use super::join::Join;
use super::lineage::Lineage;
use super::problem::{BuildError, BuildProblem};
use super::topology::Topology;
use crate::node::failure::Failure;
use crate::node::function::{ErasedNode, IntoNode};
use crate::node::sent::ToPayload;
use crate::state::State;

/// A graph under construction. Nothing is checked before [`compile`](Self::compile), which checks everything.
///
/// ```
/// use medha_graph::{END, START, State, StateGraph};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
/// struct Sum { #[state(add)] total: u32 }
///
/// async fn one() -> SumUpdate { Sum::update().total(1) }
/// async fn two() -> SumUpdate { Sum::update().total(2) }
/// async fn double(sum: &Sum) -> SumUpdate { Sum::update().total(sum.total) }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let graph = StateGraph::<Sum>::new("sum")
///     .node("one", one).node("two", two).node("double", double)
///     .edge(START, "one").edge(START, "two")           // both run at once
///     .edge(["one", "two"], "double")                  // runs when both have finished
///     .edge("double", END)
///     .compile().unwrap();
/// assert_eq!(graph.invoke(Sum::update()).await.unwrap().into_state().total, 6);
/// # }
/// ```
pub struct StateGraph<S: State> {
    name: String,
    version: u32,
    initial: S,
    nodes: Vec<(String, ErasedNode<S>)>,
    edges: Vec<Edge<S>>,
    defaults: NodeDefaults,
    lineage: Lineage,
}

impl<S: State> StateGraph<S> {
    /// An empty graph of this name.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self::starting_from(name, S::default())
    }

    /// An empty graph whose threads begin with this state rather than the default one.
    #[must_use]
    pub fn starting_from(name: impl Into<String>, initial: S) -> Self {
        Self {
            name: name.into(),
            version: 1,
            initial,
            nodes: Vec::new(),
            edges: Vec::new(),
            defaults: NodeDefaults::new(),
            lineage: Lineage::default(),
        }
    }

    /// The version of the state's shape, 1 unless set. A checkpoint of a newer version is refused, and one of an older
    /// version unless [`migrate`](Self::migrate) leads from there to here.
    #[must_use]
    pub fn version(mut self, version: u32) -> Self {
        self.version = version;
        self
    }

    /// Sets what holds for every node that does not say otherwise, in place of earlier defaults.
    #[must_use]
    pub fn defaults(mut self, defaults: NodeDefaults) -> Self {
        self.defaults = defaults;
        self
    }

    /// Brings the fields of a state of version `from` to the version after it. Migrations are chained; a thread is
    /// stored in the new form by its next checkpoint.
    ///
    /// Tasks of an unfinished superstep that had finished under the older version run again.
    ///
    /// ```
    /// use medha_graph::{END, START, State, StateGraph};
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
    /// struct Order { cents: u64 }                     // version 1 had `euros`
    ///
    /// # async fn check() {}
    /// let graph = StateGraph::<Order>::new("order")
    ///     .version(2)
    ///     .migrate(1, |order| {
    ///         let euros = order.remove("euros").and_then(|euros| euros.as_u64()).unwrap_or_default();
    ///         order.insert("cents".into(), (euros * 100).into());
    ///     })
    ///     .node("check", check).edge(START, "check").edge("check", END)
    ///     .compile();
    /// assert!(graph.is_ok());
    /// ```
    #[must_use]
    pub fn migrate(
        mut self,
        from: u32,
        migration: impl Fn(&mut Map<String, Value>) + Send + Sync + 'static,
    ) -> Self {
        self.lineage.migrations.push((from, Arc::new(migration)));
        self
    }

    /// Says that a node had another name: threads that stopped before it go on at the new one.
    #[must_use]
    pub fn renamed_node(mut self, old: impl Into<String>, new: impl Into<String>) -> Self {
        self.lineage.nodes.push((old.into(), new.into()));
        self
    }

    /// Says that a field of the state had another name. After migrations, which see the old one.
    #[must_use]
    pub fn renamed_field(mut self, old: impl Into<String>, new: impl Into<String>) -> Self {
        self.lineage.fields.push((old.into(), new.into()));
        self
    }

    /// Adds a node: an async function, a [`Node`](crate::Node), or either with settings.
    #[must_use]
    pub fn node<M>(mut self, name: impl Into<String>, node: impl IntoNode<S, M>) -> Self {
        self.nodes.push((name.into(), node.into_node()));
        self
    }

    /// Runs `target` in the superstep after `source`; with several sources, once all of them have finished since
    /// it last ran (a join; see [`join`](Self::join) for others).
    #[must_use]
    pub fn edge(mut self, source: impl Into<Sources>, target: impl Into<String>) -> Self {
        let target = target.into();
        self.edges.push(match <[String; 1]>::try_from(source.into().0) {
            Ok([source]) => Edge::Static { source, target },
            Err(sources) => Edge::Join { join: Join::all(sources), target },
        });
        self
    }

    /// Runs `target` in the superstep after enough of several nodes have finished: any one, a quorum, or all.
    #[must_use]
    pub fn join(mut self, join: Join, target: impl Into<String>) -> Self {
        self.edges.push(Edge::Join { join, target: target.into() });
        self
    }

    /// Lets a function of the merged state choose what runs after `source`.
    ///
    /// The function runs when the whole superstep has been merged, so it sees what all its nodes wrote. It
    /// returns a [`Route`], an `Option` of one (`None` ends this path) or a `Vec`, and must be pure.
    #[must_use]
    pub fn conditional_edge<R: IntoRoutes>(
        mut self,
        source: impl Into<String>,
        router: impl Fn(&S) -> R + Send + Sync + 'static,
    ) -> Self {
        self.edges.push(Edge::Conditional {
            source: source.into(),
            targets: Target::all(<R::Route as Route>::TARGETS),
            pick: Arc::new(move |state, take| router(state).each(take)),
        });
        self
    }

    /// Starts one task of `target` for every payload the function returns, all in one superstep.
    ///
    /// The node takes its payload as [`Payload<T>`](crate::Payload); a [`Timed`](crate::Timed) one gives its task a
    /// timeout of its own. No payloads, no tasks: if something must happen then, use a conditional edge that says so.
    #[must_use]
    pub fn fan_out<P: ToPayload, I: IntoIterator<Item = P>>(
        mut self,
        source: impl Into<String>,
        target: impl Into<String>,
        payloads: impl Fn(&S) -> I + Send + Sync + 'static,
    ) -> Self {
        let each = move |state: &S, take: &mut dyn FnMut(Choice)| {
            for payload in payloads(state) {
                take(Choice::with_payload(0, &payload));
            }
        };
        self.edges.push(Edge::Conditional {
            source: source.into(),
            targets: vec![Target { label: "each".to_owned(), node: target.into() }],
            pick: Arc::new(each),
        });
        self
    }

    /// Runs `target` after `source` has failed its last attempt; it takes the [`Failure`] as a parameter.
    ///
    /// The error edge takes the place of the edges of `source`: these are not followed, and `source` does not count as
    /// arrived at a join. The run goes on where the edges of `target` lead, so `target` completes the failed node if it
    /// has the same edges, and takes another way if it has others. A join that either of them may complete is a quorum.
    ///
    /// ```
    /// use medha_graph::prelude::*;
    /// use medha_graph::Join;
    ///
    /// #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
    /// struct Trip { #[state(append)] booked: Vec<String> }
    ///
    /// async fn flight() -> Result<TripUpdate, NodeError> { Err(NodeError::new("no seats"))? }
    /// async fn train(_: Failure) -> TripUpdate { Trip::update().booked(["train"]) }
    /// async fn hotel() -> TripUpdate { Trip::update().booked(["hotel"]) }
    /// async fn pack(trip: &Trip) -> TripUpdate { Trip::update().booked([format!("packed for {}", trip.booked.len())]) }
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let graph = StateGraph::<Trip>::new("trip")
    ///     .node("flight", flight).node("train", train).node("hotel", hotel).node("pack", pack)
    ///     .edge(START, "flight").edge(START, "hotel")
    ///     .error_edge("flight", "train")                                  // the train completes the flight:
    ///     .join(Join::quorum(2, ["flight", "train", "hotel"]), "pack")    // one of the two, and the hotel
    ///     .edge("pack", END)
    ///     .compile().unwrap();
    /// let trip = graph.invoke(Trip::update()).await.unwrap().into_state();
    /// assert_eq!(trip.booked, ["hotel", "train", "packed for 2"]);
    /// # }
    /// ```
    #[must_use]
    pub fn error_edge(mut self, source: impl Into<String>, target: impl Into<String>) -> Self {
        self.edges.push(Edge::Error { source: source.into(), target: target.into() });
        self
    }

    /// Lets a function of the failure choose what runs after `source` has failed its last attempt.
    ///
    /// If it returns no route (`None`), the failure is not handled and the run fails.
    #[must_use]
    pub fn conditional_error_edge<R: IntoRoutes>(
        mut self,
        source: impl Into<String>,
        router: impl Fn(&Failure) -> R + Send + Sync + 'static,
    ) -> Self {
        self.edges.push(Edge::ConditionalError {
            source: source.into(),
            targets: Target::all(<R::Route as Route>::TARGETS),
            pick: Arc::new(move |failure, take| router(failure).each(take)),
        });
        self
    }

    /// Checks the whole graph and makes it runnable, or reports everything that is wrong with it.
    pub fn compile(&self) -> Result<CompiledGraph<S>, BuildError> {
        let Applied { nodes, edges, mut problems } = self.defaults.apply(&self.nodes, &self.edges);
        problems.extend(self.initial.problems().into_iter().map(|reason| BuildProblem::State { reason }));
        let names: Vec<&str> = nodes.iter().map(|(name, _)| name.as_str()).collect();
        let fields: Vec<&str> = self.initial.fields().iter().map(|field| &*field.name).collect();
        problems.extend(self.lineage.problems(self.version, &names, &fields));
        let lines = check::lines(&nodes, &edges);
        let problems = check::problems(&nodes, &edges, &lines, self.initial.fields(), problems);
        if problems.is_empty() {
            let initial = self.initial.clone();
            let mut topology = Topology::new(&self.name, self.version, initial, &nodes, &edges, lines);
            topology.lineage = self.lineage.clone();
            Ok(CompiledGraph::new(topology))
        } else {
            Err(BuildError { graph: self.name.clone(), problems })
        }
    }
}

impl<S: State> fmt::Debug for StateGraph<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.nodes.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("StateGraph").field("name", &self.name).field("nodes", &names).finish_non_exhaustive()
    }
}
