//! How control moves: the two ends of a graph, routes, and the edges as the builder keeps them.

use std::sync::Arc;

use super::join::Join;
use crate::node::failure::Failure;
use crate::node::sent::{Sent, ToPayload};
use crate::state::State;

/// Where a run begins: the source of the first edges.
pub const START: &str = "__start__";

/// Where a path ends: an edge to it starts nothing.
pub const END: &str = "__end__";

/// The closed set of nodes a router may choose from; derive it for an enum.
///
/// ```
/// use medha_graph::{END, Route};
/// use serde::Serialize;
///
/// #[derive(Serialize)]
/// struct Chapter { title: String }
///
/// #[derive(Route)]
/// enum Next {
///     #[route("write")]
///     Write(Chapter),                                  // starts a task of "write" with this payload
///     #[route(END)]
///     Stop,
/// }
/// assert_eq!(Next::TARGETS[0].node, "write");
/// ```
///
/// A router returns one route, an `Option` of one, or a `Vec` of them to start several tasks at once.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a set of targets",
    note = "derive `Route` for an enum with a `#[route(\"node\")]` per variant"
)]
pub trait Route: Sized {
    /// Every node it may lead to, in the order of the variants.
    const TARGETS: &'static [RouteTarget];
    /// The target of this value, and its payload.
    fn choose(self) -> Choice;
}

/// One variant of a [`Route`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RouteTarget {
    /// The name of the variant; the drawing puts it on the edge.
    pub label: &'static str,
    /// The node it leads to, or [`END`].
    pub node: &'static str,
}

impl RouteTarget {
    /// A variant and the node it leads to.
    pub const fn new(label: &'static str, node: &'static str) -> Self {
        Self { label, node }
    }
}

/// One choice of a router: a position in [`Route::TARGETS`], and perhaps a payload.
#[derive(Clone, Debug)]
pub struct Choice {
    pub(crate) index: usize,
    /// In a box, since most choices carry none and pass through every superstep.
    pub(crate) payload: Option<Box<Sent>>,
}

impl Choice {
    /// The target at this position.
    pub fn new(index: usize) -> Self {
        Self { index, payload: None }
    }

    /// The target at this position, with a payload.
    pub fn with_payload(index: usize, payload: &impl ToPayload) -> Self {
        Self { index, payload: Some(Box::new(payload.to_payload())) }
    }
}

/// What a router may return: a [`Route`], an `Option` of one, or a `Vec` of them.
#[diagnostic::on_unimplemented(
    message = "a router cannot return `{Self}`",
    label = "not a route",
    note = "a router returns an enum that derives `Route`, so that `compile()` knows every target; or an `Option` or `Vec` of one",
    note = "to go to a node whose name is only known at run time, return `Command::new().goto(name)` from the node"
)]
pub trait IntoRoutes {
    /// The set of targets.
    type Route: Route;
    /// Hands each choice to `take`, in order.
    fn each(self, take: &mut dyn FnMut(Choice));
}

impl<R: Route> IntoRoutes for R {
    type Route = R;
    fn each(self, take: &mut dyn FnMut(Choice)) {
        take(self.choose());
    }
}

impl<R: Route> IntoRoutes for Option<R> {
    type Route = R;
    fn each(self, take: &mut dyn FnMut(Choice)) {
        if let Some(route) = self {
            take(route.choose());
        }
    }
}

impl<R: Route> IntoRoutes for Vec<R> {
    type Route = R;
    fn each(self, take: &mut dyn FnMut(Choice)) {
        for route in self {
            take(route.choose());
        }
    }
}

/// The source of an edge: one node, or several that must all finish first (a join).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sources(pub(crate) Vec<String>);

impl From<&str> for Sources {
    fn from(source: &str) -> Self {
        Self(vec![source.to_owned()])
    }
}

impl From<String> for Sources {
    fn from(source: String) -> Self {
        Self(vec![source])
    }
}

impl From<&String> for Sources {
    fn from(source: &String) -> Self {
        Self(vec![source.clone()])
    }
}

impl<T: Into<String>, const N: usize> From<[T; N]> for Sources {
    fn from(sources: [T; N]) -> Self {
        Self(sources.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<String>> From<Vec<T>> for Sources {
    fn from(sources: Vec<T>) -> Self {
        Self(sources.into_iter().map(Into::into).collect())
    }
}

/// A router over the merged state.
pub(crate) type PickByState<S> = Arc<dyn Fn(&S, &mut dyn FnMut(Choice)) + Send + Sync>;
/// A router over a failure.
pub(crate) type PickByFailure = Arc<dyn Fn(&Failure, &mut dyn FnMut(Choice)) + Send + Sync>;

/// A label and a node name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) label: String,
    pub(crate) node: String,
}

impl Target {
    pub(crate) fn all(targets: &[RouteTarget]) -> Vec<Self> {
        targets.iter().map(|one| Self { label: one.label.to_owned(), node: one.node.to_owned() }).collect()
    }
}

/// An edge as it was added.
#[derive(Clone)]
pub(crate) enum Edge<S: State> {
    Static { source: String, target: String },
    Join { join: Join, target: String },
    Conditional { source: String, targets: Vec<Target>, pick: PickByState<S> },
    Error { source: String, target: String },
    ConditionalError { source: String, targets: Vec<Target>, pick: PickByFailure },
}

/// The kind of an edge, for checks and drawing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EdgeKind {
    Static,
    /// From one of the sources of the join with this number, which needs so many of so many sources.
    Join {
        number: usize,
        needed: usize,
        sources: usize,
    },
    Conditional(String),
    Error(Option<String>),
    /// Declared with `goes_to`.
    Command,
}

/// One line from a node to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) source: String,
    pub(crate) target: String,
    pub(crate) kind: EdgeKind,
}

impl<S: State> Edge<S> {
    /// The lines this edge is made of; `joins` counts the joins seen so far.
    pub(crate) fn lines(&self, joins: &mut usize) -> Vec<Line> {
        let line = |source: &String, target: &String, kind| Line {
            source: source.clone(),
            target: target.clone(),
            kind,
        };
        match self {
            Self::Static { source, target } => vec![line(source, target, EdgeKind::Static)],
            Self::Join { join: Join { sources, needed }, target } => {
                let kind = EdgeKind::Join { number: *joins, needed: *needed, sources: sources.len() };
                *joins += 1;
                sources.iter().map(|source| line(source, target, kind.clone())).collect()
            }
            Self::Conditional { source, targets, .. } => {
                let kind = |target: &Target| EdgeKind::Conditional(target.label.clone());
                targets.iter().map(|target| line(source, &target.node, kind(target))).collect()
            }
            Self::Error { source, target } => vec![line(source, target, EdgeKind::Error(None))],
            Self::ConditionalError { source, targets, .. } => {
                let kind = |target: &Target| EdgeKind::Error(Some(target.label.clone()));
                targets.iter().map(|target| line(source, &target.node, kind(target))).collect()
            }
        }
    }
}
