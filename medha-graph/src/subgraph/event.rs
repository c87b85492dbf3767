//! Events of subgraphs on their way to the stream of the outermost graph.

use std::any::Any;
use std::fmt::{self, Debug};
use std::sync::Arc;

use serde::ser::Error;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::run::event::Event;
use crate::run::interest::Interest;
use crate::run::modes::{Mode, PartContent};
use crate::run::public;
use crate::run::queue::{ChildSink, EventSink};
use crate::run::sorter::Sorter;
use crate::state::State;

/// A task that runs a subgraph, as a part of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct PathSegment {
    /// The node.
    pub node: Arc<str>,
    /// The superstep, counted over the life of its thread, from 1.
    pub step: u64,
    /// The position of the task in it.
    pub position: usize,
}

impl fmt::Display for PathSegment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}.{}", self.node, self.step, self.position)
    }
}

impl Serialize for PathSegment {
    fn serialize<W: Serializer>(&self, serializer: W) -> Result<W::Ok, W::Error> {
        serializer.collect_str(self)
    }
}

/// An [`Event`] of a subgraph: of which state is known to whoever built it. As JSON it is the event itself.
#[derive(Clone)]
pub struct ChildEvent(Arc<dyn AnyEvent>);

trait AnyEvent: Any + Send + Sync {
    fn to_json(&self) -> Result<Value, serde_json::Error>;
    fn to_public_json(&self) -> Result<Value, serde_json::Error>;
    fn debug(&self) -> &dyn Debug;
    fn any(&self) -> &dyn Any;
    fn sort(&self, sorter: &mut Sorter, path: &[PathSegment]) -> Vec<ChildContent>;
}

impl<C: State> AnyEvent for Event<C> {
    fn sort(&self, sorter: &mut Sorter, path: &[PathSegment]) -> Vec<ChildContent> {
        sorter.sort(path, self).into_iter().map(|content| ChildContent(Arc::new(content))).collect()
    }

    fn to_json(&self) -> Result<Value, serde_json::Error> {
        serde_json::to_value(self)
    }

    fn to_public_json(&self) -> Result<Value, serde_json::Error> {
        public::event(self, C::default().fields())
    }

    fn debug(&self) -> &dyn Debug {
        self
    }

    fn any(&self) -> &dyn Any {
        self
    }
}

impl ChildEvent {
    /// The event, if it is one of a graph over this state.
    pub fn of<C: State>(&self) -> Option<&Event<C>> {
        self.0.any().downcast_ref()
    }

    /// The event as JSON, whatever the state.
    pub fn to_json(&self) -> Result<Value, serde_json::Error> {
        self.0.to_json()
    }
}

impl ChildEvent {
    /// The same without private fields.
    pub(crate) fn to_public_json(&self) -> Result<Value, serde_json::Error> {
        self.0.to_public_json()
    }

    /// What it shows in the modes that are wanted.
    pub(crate) fn sort(&self, sorter: &mut Sorter, path: &[PathSegment]) -> Vec<ChildContent> {
        self.0.sort(sorter, path)
    }
}

impl Debug for ChildEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.debug().fmt(f)
    }
}

impl Serialize for ChildEvent {
    fn serialize<W: Serializer>(&self, serializer: W) -> Result<W::Ok, W::Error> {
        self.to_json().map_err(W::Error::custom)?.serialize(serializer)
    }
}

/// What a subgraph shows in a mode: of which state is known to whoever built it. As JSON it is the content itself.
#[derive(Clone)]
pub struct ChildContent(Arc<dyn AnyContent>);

trait AnyContent: Any + Send + Sync {
    fn mode(&self) -> Mode;
    fn to_json(&self) -> Result<Value, serde_json::Error>;
    fn debug(&self) -> &dyn Debug;
    fn any(&self) -> &dyn Any;
}

impl<C: State> AnyContent for PartContent<C> {
    fn mode(&self) -> Mode {
        self.mode()
    }

    fn to_json(&self) -> Result<Value, serde_json::Error> {
        serde_json::to_value(self)
    }

    fn debug(&self) -> &dyn Debug {
        self
    }

    fn any(&self) -> &dyn Any {
        self
    }
}

impl ChildContent {
    /// The content, if it is one of a graph over this state.
    pub fn of<C: State>(&self) -> Option<&PartContent<C>> {
        self.0.any().downcast_ref()
    }

    /// The mode it is shown in.
    pub fn mode(&self) -> Mode {
        self.0.mode()
    }

    /// The content as JSON, whatever the state.
    pub fn to_json(&self) -> Result<Value, serde_json::Error> {
        self.0.to_json()
    }
}

impl Debug for ChildContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.debug().fmt(f)
    }
}

impl Serialize for ChildContent {
    fn serialize<W: Serializer>(&self, serializer: W) -> Result<W::Ok, W::Error> {
        self.to_json().map_err(W::Error::custom)?.serialize(serializer)
    }
}

/// Where the events of one visit of a subgraph go.
pub(crate) struct ForChild {
    pub(crate) parent: Arc<dyn ChildSink>,
    pub(crate) task: PathSegment,
}

impl<C: State> EventSink<C> for ForChild {
    fn push(&self, event: Event<C>) {
        self.push_child(Vec::new(), ChildEvent(Arc::new(event)));
    }

    fn push_progress(&self, event: Event<C>) {
        self.push_child_progress(Vec::new(), ChildEvent(Arc::new(event)));
    }

    /// What runs a subgraph waits for its wakers.
    fn hand_over(&self) -> bool {
        false
    }
}

impl ChildSink for ForChild {
    fn wants(&self, kind: Interest) -> bool {
        self.parent.wants(kind)
    }

    fn push_child(&self, mut path: Vec<PathSegment>, event: ChildEvent) {
        path.insert(0, self.task.clone());
        self.parent.push_child(path, event);
    }

    fn push_child_progress(&self, mut path: Vec<PathSegment>, event: ChildEvent) {
        path.insert(0, self.task.clone());
        self.parent.push_child_progress(path, event);
    }
}
