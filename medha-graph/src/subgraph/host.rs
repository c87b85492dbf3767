//! What the task of a parent graph gives to the subgraph it runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::event::{ForChild, PathSegment};
use super::node::Memory;
use crate::engine::checkpoint::{InterruptId, RunId};
use crate::engine::record::{Origin, StoredQuestion};
use crate::engine::session::Limits;
use crate::graph::compiled::{CompiledGraph, RunOptions};
use crate::node::context::ContextValues;
use crate::run::driver::Run;
use crate::run::interest::Interest;
use crate::run::queue::{ChildSink, EventSink};
use crate::state::State;
use crate::store::checkpointer::Checkpointer;
use crate::store::key::ThreadKey;

pub(crate) struct Host {
    pub(crate) thread: Arc<str>,
    pub(crate) values: ContextValues,
    pub(crate) saver: Option<Arc<dyn Checkpointer>>,
    /// The history of the parent.
    pub(crate) key: ThreadKey,
    pub(crate) limits: Option<Limits>,
    pub(crate) options: RunOptions,
    pub(crate) sink: Option<Arc<dyn ChildSink>>,
    /// The task, as the checkpoints of the subgraph name it.
    pub(crate) origin: Origin,
    /// The run that wrote the checkpoint the parent's superstep follows.
    pub(crate) head_run: Option<RunId>,
    /// The task, as the outside sees it.
    pub(crate) task: PathSegment,
    /// What the task has asked in earlier runs.
    pub(crate) questions: Vec<StoredQuestion>,
}

impl Host {
    /// What the history of the subgraph is called.
    pub(crate) fn child_key(&self, memory: Memory) -> ThreadKey {
        match memory {
            Memory::Persistent => self.key.child(&segment(&self.task.node)),
            Memory::PerVisit | Memory::Stateless => {
                let PathSegment { node, step, position } = &self.task;
                self.key.child(&format!("{}:{step}.{position}", segment(node)))
            }
        }
    }

    /// Whether a checkpoint of the subgraph is of this task, from this run or from one that stopped here.
    ///
    /// Line, superstep and position alone would not do: a task that was planned, abandoned and planned again with
    /// another input has the same.
    pub(crate) fn is_own(&self, origin: &Origin) -> bool {
        let mine = &self.origin;
        let is_same_place =
            (origin.line, origin.step, origin.position) == (mine.line, mine.step, mine.position);
        let is_same_plan = origin.run == mine.run
            || (origin.checkpoint == mine.checkpoint && mine.checkpoint.0 > 0)
            || Some(origin.run) == self.head_run;
        is_same_place && is_same_plan
    }

    /// The answers that were given for questions of the subgraph.
    pub(crate) fn answers(&self, answers: &BTreeMap<u32, Value>) -> Vec<(InterruptId, Value)> {
        let inner = self.questions.iter().filter(|question| question.path.is_some());
        inner.filter_map(|question| Some((question.id, answers.get(&question.ordinal)?.clone()))).collect()
    }

    /// A run of the subgraph.
    pub(crate) fn run<C: State>(
        &self,
        graph: &CompiledGraph<C>,
        saver: Option<Arc<dyn Checkpointer>>,
        key: ThreadKey,
    ) -> Run<C> {
        let mut graph = graph.clone();
        let breakpoints = Arc::clone(&graph.options.breakpoints);
        graph.options = RunOptions { breakpoints, ..self.options.clone() };
        graph.values = graph.values.over(&self.values);
        if let Some(limits) = self.limits {
            graph.limits = graph.limits.within(limits);
        }
        let watched = self.sink.as_ref().filter(|parent| parent.wants(Interest::CHILDREN));
        let queue = watched.map(|parent| -> Arc<dyn EventSink<C>> {
            Arc::new(ForChild { parent: Arc::clone(parent), task: self.task.clone() })
        });
        let (thread, origin) = (Arc::clone(&self.thread), Some(self.origin));
        Run { graph, saver, key, thread, at: None, origin, queue }
    }
}

/// The name of a node as a part of a path.
pub(crate) fn segment(node: &str) -> String {
    node.replace('%', "%25").replace('/', "%2F").replace(':', "%3A")
}
