//! Where a run stops on purpose, and how sure it makes of what it has done.

use std::collections::BTreeSet;

use serde::Serialize;

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

/// Where a run stops without a question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Breakpoints {
    pub(crate) before: Names,
    pub(crate) after: Names,
}

/// Some nodes, or every node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    All,
    These(BTreeSet<String>),
}

impl Default for Names {
    fn default() -> Self {
        Self::These(BTreeSet::new())
    }
}

impl Names {
    /// The names, or all nodes for `"*"`.
    pub(crate) fn of<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        let names: BTreeSet<String> = names.into_iter().map(Into::into).collect();
        if names.contains("*") { Self::All } else { Self::These(names) }
    }

    fn has(&self, node: &str) -> bool {
        match self {
            Self::All => true,
            Self::These(names) => names.contains(node),
        }
    }

    fn is_empty(&self) -> bool {
        matches!(self, Self::These(names) if names.is_empty())
    }

    fn listed(&self) -> impl Iterator<Item = &String> {
        match self {
            Self::All => None,
            Self::These(names) => Some(names.iter()),
        }
        .into_iter()
        .flatten()
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
        self.before.listed().chain(self.after.listed())
    }
}
