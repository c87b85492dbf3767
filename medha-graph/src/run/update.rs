//! A thread changed from outside: updates in the name of a node, copies, and what is given up or forgotten.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::error::RunError;
use super::open;
use super::thread::Thread;
use crate::engine::checkpoint::{CheckpointId, Line};
use crate::engine::pause::{Durability, Unfinished};
use crate::engine::record::Cause;
use crate::engine::session::{Record, Session, Standing};
use crate::engine::update::Updates;
use crate::graph::edge::START;
use crate::state::State;
use crate::store::checkpointer::{Checkpointer, Head};
use crate::store::key::ThreadKey;
use crate::store::retention::{Pruned, Retention};

impl<S: State> Thread<S> {
    /// Changes the state from outside, as if the last node that ran had written this: its edges and routers decide anew
    /// what runs next. Returns the number of the checkpoint this makes.
    ///
    /// On a thread that was never run it acts as input. Where it is not clear which node is meant (several ran in the
    /// last superstep), it is an error, and [`update_as`](Self::update_as) says it. On a thread taken
    /// [`at`](Self::at) an earlier checkpoint, history forks there.
    ///
    /// ```
    /// # use medha_graph::prelude::*;
    /// # #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
    /// # struct Mail { text: String, sent: String }
    /// # async fn write() -> MailUpdate { Mail::update().text("Deer Sir") }
    /// # async fn send(mail: &Mail) -> MailUpdate { Mail::update().sent(mail.text.clone()) }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let graph = StateGraph::<Mail>::new("mail")
    ///     .node("write", write).node("send", send)
    ///     .edge(START, "write").edge("write", "send").edge("send", END)
    ///     .compile()?
    ///     .with_checkpointer(MemorySaver::default())
    ///     .with_interrupt_before(["send"]);
    /// let thread = graph.thread("mail");
    /// thread.invoke(Mail::update()).await?;                         // stops before "send"
    /// thread.update(Mail::update().text("Dear Sir")).await?;
    /// let mail = thread.resume(Resume::next()).await?.into_state();
    /// assert_eq!(mail.sent, "Dear Sir");
    /// # Ok(()) }
    /// ```
    pub async fn update(&self, update: S::Update) -> Result<CheckpointId, RunError> {
        let (saver, key) = self.saver("updating a thread")?;
        let standing = self.standing(saver, key).await?;
        let node = self.writer(saver, key, standing.as_ref()).await?;
        self.write(standing, vec![vec![(node, update)]]).await.map(|ids| last(&ids))
    }

    /// The same, as if this node had written it: what was planned is planned anew by its edges, its routers (on the
    /// updated state) and its joins.
    ///
    /// As [`START`] it acts as input; as [`END`](crate::END) it clears what would run next, and keeps what finished
    /// tasks of an unfinished superstep wrote unless [`with_unfinished`](Self::with_unfinished) says otherwise. As any
    /// other node it is refused when such writes would be lost, until that is said.
    pub async fn update_as(
        &self,
        node: impl Into<String>,
        update: S::Update,
    ) -> Result<CheckpointId, RunError> {
        self.update_many([[(node.into(), update)]]).await.map(|ids| last(&ids))
    }

    /// Several supersteps made from outside: each inner list is one, with its own checkpoint, in which its updates are
    /// merged as those of parallel nodes are. All are merged before the first is stored.
    pub async fn update_many<N: Into<String>, U: IntoIterator<Item = (N, S::Update)>>(
        &self,
        supersteps: impl IntoIterator<Item = U>,
    ) -> Result<Vec<CheckpointId>, RunError> {
        let named = |(node, update): (N, S::Update)| (node.into(), update);
        let supersteps = supersteps.into_iter().map(|updates| updates.into_iter().map(named).collect());
        let supersteps: Vec<Updates<S>> = supersteps.collect();
        if supersteps.is_empty() {
            return Err(RunError::BadUpdate {
                reason: "there is no superstep to make; add a list of updates".to_owned(),
            });
        }
        let (saver, key) = self.saver("updating a thread")?;
        let standing = self.standing(saver, key).await?;
        self.write(standing, supersteps).await
    }

    /// Makes a copy of the checkpoint the thread stands on, the head or one taken [`at`](Self::at), its new head: a line
    /// of history of its own, on which everything planned runs again and asks again.
    pub async fn fork(&self) -> Result<CheckpointId, RunError> {
        let (saver, key) = self.saver("forking a thread")?;
        let Some(standing) = self.standing(saver, key).await? else {
            return Err(RunError::NothingToResume { thread: key.to_string() });
        };
        let record = self.session(Some(standing)).fork()?;
        self.store(record).await.map(|ids| last(&ids))
    }

    /// Gives up the unfinished work of the thread, open questions included, and keeps its state; what finished tasks of
    /// the unfinished superstep wrote goes too, unless [`with_unfinished`](Self::with_unfinished) says to keep it.
    pub async fn abandon(&self) -> Result<(), RunError> {
        let (saver, key) = self.saver("abandoning work")?;
        let Some(head) = saver.load(key, None).await? else { return Ok(()) };
        if head.checkpoint.next.is_empty() && head.progress.is_empty() {
            return Ok(());
        }
        let pieces = open::pieces(saver, key, &head.checkpoint).await?;
        let topology = &self.graph.topology;
        let standing = match self.graph.options.unfinished {
            Some(Unfinished::Keep) => Standing::new(topology, key, head, &pieces)?,
            // This works where the graph could not go on.
            Some(Unfinished::Discard) | None => Standing::idle(topology, key, head, &pieces)?,
        };
        let record = self.session(Some(standing)).abandon()?;
        self.store(record).await.map(|_| ())
    }

    /// Copies the whole history, that of subgraphs included, to a thread that does not exist yet, and returns that
    /// thread. What the copy does from then on is its own.
    pub async fn copy_to(&self, thread: impl Into<String>) -> Result<Self, RunError> {
        let (saver, key) = self.saver("copying a thread")?;
        let to = thread.into();
        if saver.load(key, None).await?.is_none() {
            return Err(RunError::NothingToResume { thread: key.to_string() });
        }
        saver.copy(key.thread(), &to, Line(fastrand::u64(1..))).await?;
        Ok(Self { graph: self.graph.clone(), key: Some(ThreadKey::new(to, key.namespace())), at: None })
    }

    /// Forgets the thread, with the histories of its subgraphs; one that was never run is no error.
    pub async fn delete(&self) -> Result<(), RunError> {
        let (saver, key) = self.saver("deleting a thread")?;
        Ok(saver.delete(key.thread()).await?)
    }

    /// Forgets the checkpoints the retention does not keep; the head, and what is needed to read it, always stay.
    pub async fn prune(&self, retention: &Retention) -> Result<Pruned, RunError> {
        let (saver, key) = self.saver("pruning a thread")?;
        Ok(saver.prune(key.thread(), retention).await?)
    }

    async fn write(
        &self,
        standing: Option<Standing<S>>,
        supersteps: Vec<Updates<S>>,
    ) -> Result<Vec<CheckpointId>, RunError> {
        let mut session = self.session(standing);
        let mut records = Vec::with_capacity(supersteps.len());
        for updates in supersteps {
            records.extend(session.update(updates)?);
        }
        self.store(records).await
    }

    /// A session that runs nothing. It always stores what is done with it, however rarely runs store.
    fn session(&self, standing: Option<Standing<S>>) -> Session<S> {
        let mut setup = self.run(None).setup();
        setup.durability = setup.durability.map(|_| Durability::Sync);
        Session::stand(Arc::clone(&self.graph.topology), setup, standing)
    }

    async fn store(&self, records: impl IntoIterator<Item = Record>) -> Result<Vec<CheckpointId>, RunError> {
        let records: Vec<Record> = records.into_iter().collect();
        let number = |record: &Record| match record {
            Record::Checkpoint { checkpoint, .. } => Some(checkpoint.id),
            Record::Progress { .. } => None,
        };
        let ids = records.iter().filter_map(number).collect();
        self.run(None).store_all(records).await?;
        Ok(ids)
    }

    async fn standing(
        &self,
        saver: &dyn Checkpointer,
        key: &ThreadKey,
    ) -> Result<Option<Standing<S>>, RunError> {
        open::standing(saver, &self.graph.topology, key, self.at).await
    }

    /// The only node that wrote the superstep before: what an update counts as written by.
    async fn writer(
        &self,
        saver: &dyn Checkpointer,
        key: &ThreadKey,
        standing: Option<&Standing<S>>,
    ) -> Result<String, RunError> {
        let Some(standing) = standing else { return Ok(START.to_owned()) };
        let mut stored = standing.stored.clone();
        while let (Cause::Fork, Some(parent)) = (stored.cause, stored.parent) {
            match saver.load(key, Some(parent)).await? {
                Some(Head { checkpoint, .. }) => stored = checkpoint,
                None => break,
            }
        }
        let lineage = &self.graph.topology.lineage;
        let nodes: BTreeSet<&str> =
            stored.written.tasks.iter().map(|task| lineage.node(&task.node)).collect();
        let candidates: Vec<String> = nodes.into_iter().map(str::to_owned).collect();
        match candidates.as_slice() {
            [only] => Ok(only.clone()),
            [] | [_, _, ..] => Err(RunError::WhichNode { candidates }),
        }
    }
}

/// The number of the last checkpoint made.
fn last(ids: &[CheckpointId]) -> CheckpointId {
    ids.last().copied().unwrap_or(CheckpointId(0))
}
