//! Where a run stops on purpose, and how sure it makes of what it has done.

use std::collections::BTreeSet;

use serde::Serialize;

use super::session::Session;
use crate::graph::topology::hint;
use crate::run::error::RunError;
use crate::state::State;

/// When what a run does is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Each superstep, before the next begins. A crash loses nothing that was finished.
    #[default]
    Sync,
    /// Each superstep, while the next one runs; never more than one behind. A crash may lose the last superstep, which
    /// then runs again as it did, and a storage that fails stops the run one superstep late.
    Async,
    /// Once, when the run ends, stops or fails. A crash loses the run, and with it what tells its effects apart from
    /// those of the next try; a merge that fails loses it too.
    Exit,
}

/// Why a run stopped between two supersteps; `resume` goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Pause {
    /// A breakpoint stands before these nodes, which run next; those of a subgraph as in `"research/draft"`.
    Before {
        /// The nodes.
        nodes: Vec<String>,
    },
    /// A breakpoint stands after these nodes, which have just run.
    After {
        /// The nodes.
        nodes: Vec<String>,
    },
    /// Somebody asked the run to stop at the next chance.
    Drained {
        /// What for.
        reason: String,
    },
}

impl Pause {
    /// The same as the graph sees it that this one is a node of.
    pub(crate) fn within(self, node: &str) -> Self {
        let inside = |nodes: Vec<String>| nodes.into_iter().map(|inner| format!("{node}/{inner}")).collect();
        match self {
            Self::Before { nodes } => Self::Before { nodes: inside(nodes) },
            Self::After { nodes } => Self::After { nodes: inside(nodes) },
            Self::Drained { reason } => Self::Drained { reason },
        }
    }
}

/// What becomes of the unfinished work of a thread when something else is to happen on it: new input, an update from
/// outside, or nothing at all.
///
/// A superstep is unfinished when some of its tasks have asked, failed or not been run. Only what its *other* tasks
/// have finished can be kept; what has not finished is given up either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfinished {
    /// What finished tasks wrote is merged.
    Keep,
    /// It goes, with everything else of that superstep.
    Discard,
}

/// Where a run stops without a question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Breakpoints {
    pub(crate) before: Names,
    pub(crate) after: Names,
}

/// Some nodes, or every node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    is_all: bool,
    /// Kept beside `"*"` as well: a name that is wrong is wrong.
    these: BTreeSet<String>,
}

impl Names {
    /// The names; `"*"` among them stands for all nodes.
    pub(crate) fn of<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        let mut these: BTreeSet<String> = names.into_iter().map(Into::into).collect();
        Self { is_all: these.remove("*"), these }
    }

    fn has(&self, node: &str) -> bool {
        self.is_all || self.these.contains(node)
    }

    fn is_empty(&self) -> bool {
        !self.is_all && self.these.is_empty()
    }
}

impl Breakpoints {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.before.is_empty() && self.after.is_empty()
    }

    pub(crate) fn is_before(&self, node: &str) -> bool {
        self.before.has(node)
    }

    pub(crate) fn is_after(&self, node: &str) -> bool {
        self.after.has(node)
    }

    /// Every name in it.
    pub(crate) fn names(&self) -> impl Iterator<Item = &String> {
        self.before.these.iter().chain(&self.after.these)
    }
}

impl<S: State> Session<S> {
    pub(super) fn breakpoint(&mut self) -> Option<Pause> {
        let after = std::mem::take(&mut self.paused_after);
        if !after.is_empty() {
            return Some(Pause::After { nodes: after });
        }
        // What a run finds at its start is what the last one stopped before.
        let nodes: Vec<String> =
            self.next_nodes().into_iter().filter(|node| self.setup.breakpoints.is_before(node)).collect();
        let is_known = self.steps == 0 && self.is_resumed;
        (!nodes.is_empty() && !is_known).then_some(Pause::Before { nodes })
    }

    pub(super) fn check_breakpoints(&self) -> Result<(), RunError> {
        let unknown = self.setup.breakpoints.names().find(|name| self.topology.number(name).is_none());
        unknown.map_or(Ok(()), |name| {
            let names = self.topology.nodes.iter().map(|entry| &*entry.name);
            Err(RunError::UnknownNode { name: name.clone(), hint: hint(name, names) })
        })
    }

    pub(super) fn nodes_after(&self) -> Vec<String> {
        let breakpoints = &self.setup.breakpoints;
        let mut nodes: Vec<String> =
            self.next_nodes().into_iter().filter(|node| breakpoints.is_after(node)).collect();
        nodes.dedup();
        nodes
    }
}
