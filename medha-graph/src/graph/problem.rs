//! What can be wrong with a graph, in words.

use std::fmt;

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
    /// A join needs none of its sources, or more than it has.
    #[error(
        "the join into {node:?} needs {needed} of {sources} sources; ask for at least 1, and no more than there are"
    )]
    BadQuorum {
        /// The target of the join.
        node: String,
        /// How many sources it needs.
        needed: usize,
        /// How many it has.
        sources: usize,
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
    /// An edge to a node carries nothing of a kind the node takes.
    #[error("node {node:?} takes a {what}, and {edge} carries none; {way_out}")]
    MissingInput {
        /// The node.
        node: String,
        /// What it takes: a payload or a failure.
        what: &'static str,
        /// The edge.
        edge: String,
        /// What to do.
        way_out: &'static str,
    },
    /// A node was said to write a field the state does not have.
    #[error("node {node:?} is said to write `{field}`, which is no field of the state; {hint}")]
    UnknownField {
        /// The node.
        node: String,
        /// The name that is not there.
        field: String,
        /// What may have been meant.
        hint: String,
    },
    /// Two nodes that run at once were said to write a field without a reducer.
    #[error(
        "nodes {first:?} and {second:?} run at once and both write `{field}`, which has no reducer; give it one, or \
         let one run after the other"
    )]
    SharedField {
        /// The field.
        field: String,
        /// The first node.
        first: String,
        /// The second node.
        second: String,
    },
    /// A default setting makes no sense.
    #[error("the defaults of the nodes: {reason}")]
    BadDefault {
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
