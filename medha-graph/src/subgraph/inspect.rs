//! The histories of subgraphs, from the thread they belong to.

use super::ancestry::Ancestry;
use super::host::segment;
use crate::engine::checkpoint::CheckpointId;
use crate::engine::record::StoredCheckpoint;
use crate::graph::compiled::CompiledGraph;
use crate::graph::topology::hint;
use crate::run::error::RunError;
use crate::run::thread::Thread;
use crate::state::State;
use crate::store::checkpointer::Checkpointer;
use crate::store::error::CheckpointError;
use crate::store::key::ThreadKey;

impl<S: State> Thread<S> {
    /// The history of a subgraph: of the last visit of this node that the thread, at its head or where it was taken
    /// [`at`](Thread::at), knows of or is in the middle of. Nothing if there was none, or nothing of it is stored.
    ///
    /// Its [`state`](Thread::state) and [`history`](Thread::history) can be read, and its own subgraphs asked for. Where a
    /// fan-out visits the node several times at once, see [`subgraphs`](Self::subgraphs).
    pub async fn subgraph<C: State>(
        &self,
        child: &CompiledGraph<C>,
        node: &str,
    ) -> Result<Option<Thread<C>>, RunError> {
        Ok(self.subgraphs(child, node).await?.into_iter().next())
    }

    /// The histories of all visits of a node in the last superstep that visited it, in the order of its tasks.
    pub async fn subgraphs<C: State>(
        &self,
        child: &CompiledGraph<C>,
        node: &str,
    ) -> Result<Vec<Thread<C>>, RunError> {
        let (saver, key) = self.saver("reading the history of a subgraph")?;
        if self.graph.topology.number(node).is_none() {
            let hint = hint(node, self.graph.node_names().collect::<Vec<_>>().into_iter());
            return Err(RunError::UnknownNode { name: node.to_owned(), hint });
        }
        let Some(head) = saver.load(key, self.at).await? else {
            return match self.at {
                Some(id) => Err(RunError::NoSuchCheckpoint { thread: key.to_string(), id }),
                None => Ok(Vec::new()),
            };
        };
        let mut visits = visits(saver, key, node, &head.checkpoint).await?;
        let last = visits.iter().map(|visit| visit.step).max();
        visits.retain(|visit| Some(visit.step) == last);
        visits.sort_by_key(|visit| visit.position);
        let thread = |visit: Visit| {
            let mut graph = child.clone();
            graph.saver = self.graph.saver.clone();
            let mut thread = Thread::new(graph, Some(visit.key));
            thread.at = visit.at;
            thread
        };
        Ok(visits.into_iter().map(thread).collect())
    }
}

/// One history of a subgraph, where it stood at the end of its last visit.
struct Visit {
    key: ThreadKey,
    step: u64,
    position: usize,
    /// Its checkpoint, if it has gone on since.
    at: Option<CheckpointId>,
}

async fn visits(
    saver: &dyn Checkpointer,
    key: &ThreadKey,
    node: &str,
    at: &StoredCheckpoint,
) -> Result<Vec<Visit>, CheckpointError> {
    let mut ancestry = Ancestry::of(saver, key, at.id).await?;
    if at.next.iter().any(|task| *task.node == *node) {
        ancestry = ancestry.and_next();
    }
    let mut visits = Vec::new();
    for history in saver.namespaces(key.thread()).await? {
        if !is_of(key, &segment(node), &history) {
            continue;
        }
        if let Some((last, origin)) = ancestry.last_visit_with_origin(saver, &history).await? {
            let head = saver.load(&history, None).await?;
            let is_head = head.is_some_and(|head| head.checkpoint.id == last);
            let at = (!is_head).then_some(last);
            visits.push(Visit { key: history, step: origin.step, position: origin.position, at });
        }
    }
    Ok(visits)
}

/// Whether a history is that of this node, right under this graph.
fn is_of(parent: &ThreadKey, segment: &str, history: &ThreadKey) -> bool {
    let inside = match parent.namespace() {
        "" => Some(history.namespace()),
        above => history.namespace().strip_prefix(above).and_then(|rest| rest.strip_prefix('/')),
    };
    let Some(inside) = inside.filter(|inside| !inside.contains('/')) else { return false };
    inside.strip_prefix(segment).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}
