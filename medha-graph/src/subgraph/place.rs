//! Where a visit of a subgraph begins: at what it has done already, at what earlier visits left, or with nothing.

use std::collections::BTreeMap;

use super::ancestry::Ancestry;
use super::host::Host;
use super::node::Memory;
use crate::engine::checkpoint::CheckpointId;
use crate::engine::record::StoredCheckpoint;
use crate::engine::recorder::Recorder;
use crate::engine::session::Standing;
use crate::graph::topology::Topology;
use crate::run::error::RunError;
use crate::run::open;
use crate::state::State;
use crate::store::checkpointer::{Checkpointer, Head, HistoryQuery};
use crate::store::error::CheckpointError;
use crate::store::key::ThreadKey;

pub(super) enum Place<C> {
    /// Nothing is stored.
    Nowhere,
    /// This visit has begun, in this run or in one that stopped.
    Own(Standing<C>),
    /// Other visits have been here, and this one begins with what they left.
    Remembered(Standing<C>),
    /// Other visits have been here, and this one has nothing to do with them.
    End(Standing<C>),
}

pub(super) async fn find<C: State>(
    saver: &dyn Checkpointer,
    topology: &Topology<C>,
    host: &Host,
    memory: Memory,
) -> Result<Place<C>, RunError> {
    let key = host.child_key(memory);
    let Some(head) = saver.load(&key, None).await? else { return Ok(Place::Nowhere) };
    let origin = head.checkpoint.origin;
    if origin.is_some_and(|origin| host.is_own(&origin)) {
        return Ok(Place::Own(standing(saver, topology, &key, head).await?));
    }
    match memory {
        Memory::PerVisit | Memory::Stateless => Ok(Place::End(Standing::end_of(topology, head.checkpoint))),
        Memory::Persistent if origin.is_none_or(|origin| origin.line == host.origin.line) => {
            Ok(Place::Remembered(standing(saver, topology, &key, head).await?))
        }
        Memory::Persistent => remembered(saver, topology, host, &key, head).await,
    }
}

/// The history of the parent has forked: what counts is what was remembered where it did.
async fn remembered<C: State>(
    saver: &dyn Checkpointer,
    topology: &Topology<C>,
    host: &Host,
    key: &ThreadKey,
    head: Head,
) -> Result<Place<C>, RunError> {
    let ancestry = match saver.load(&host.key, None).await? {
        Some(parent) => Ancestry::of(saver, &host.key, parent.checkpoint.id).await?,
        None => Ancestry::default(),
    };
    let Some(last) = ancestry.last_visit(saver, key).await? else {
        return Ok(Place::End(Standing::end_of(topology, head.checkpoint)));
    };
    let tip = head.checkpoint.head_ref();
    let Some(past) = saver.load(key, Some(last)).await? else {
        return Err(RunError::NoSuchCheckpoint { thread: key.to_string(), id: last });
    };
    let mut standing = standing(saver, topology, key, past).await?;
    (standing.tip, standing.is_past) = (tip, true);
    Ok(Place::Remembered(standing))
}

async fn standing<C: State>(
    saver: &dyn Checkpointer,
    topology: &Topology<C>,
    key: &ThreadKey,
    head: Head,
) -> Result<Standing<C>, RunError> {
    let pieces = open::pieces(saver, key, &head.checkpoint).await?;
    Ok(Standing::new(topology, key, head, &pieces)?)
}

/// Takes in again what the nodes of a visit wrote before it stopped.
pub(super) async fn restore_writes<C: State>(
    saver: &dyn Checkpointer,
    topology: &Topology<C>,
    key: &ThreadKey,
    head: &StoredCheckpoint,
    recorder: &mut Recorder<C>,
) -> Result<(), RunError> {
    let history = saver.history(key, &HistoryQuery::default()).await?;
    let parents: BTreeMap<CheckpointId, Option<CheckpointId>> =
        history.iter().map(|checkpoint| (checkpoint.id, checkpoint.parent)).collect();
    // A visit begins with a checkpoint that follows none.
    let mut chain = vec![head.id];
    let mut next = head.parent;
    while let Some(id) = next {
        let gone = || {
            let why = "it needs all checkpoints since its subgraph began, and some were pruned";
            CheckpointError::corrupt(key, why.to_owned())
        };
        next = *parents.get(&id).ok_or_else(gone)?;
        chain.push(id);
    }
    chain.reverse();
    let mut pieces = saver.written(key, &[(chain[0], head.id)]).await?;
    pieces.retain(|(id, _)| chain.binary_search(id).is_ok());
    recorder.restore(topology, &pieces).map_err(|why| CheckpointError::unusable(key, &why))?;
    Ok(())
}
