//! Why a run did not end: one variant per thing a caller would do differently.

use std::error::Error;

use crate::engine::checkpoint::{CheckpointId, InterruptId};
use crate::engine::failed::GaveUp;
use crate::engine::superstep::StepError;
use crate::node::failure::Failure;
use crate::node::parent::ParentCommand;
use crate::store::error::CheckpointError;

/// Why a run failed. The thread stands at its last good checkpoint and can be resumed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// A node failed its last attempt and no error edge took over.
    #[error("node {:?} failed in step {step}: {}{}", failure.node, failure.error, more(others))]
    Node {
        /// The superstep.
        step: u64,
        /// The node that failed; the first in task order, if several did.
        failure: Box<Failure>,
        /// Other nodes that failed in the same superstep.
        others: Vec<Failure>,
        /// The error the node returned; none for a panic or a timeout.
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// Two nodes of one superstep wrote a field that has no reducer.
    #[error(
        "nodes {first:?} and {second:?} both wrote `{field}` in step {step}, and `{field}` has no reducer"
    )]
    Conflict {
        /// The field.
        field: String,
        /// The first node, in task order.
        first: String,
        /// The second node.
        second: String,
        /// The superstep.
        step: u64,
    },
    /// Two nodes of one superstep overwrote a field.
    #[error(
        "nodes {first:?} and {second:?} both overwrote `{field}` in step {step}; only one may in a superstep"
    )]
    Overwrites {
        /// The field.
        field: String,
        /// The first node, in task order.
        first: String,
        /// The second node.
        second: String,
        /// The superstep.
        step: u64,
    },
    /// A reducer refused what a node wrote.
    #[error("what node {node:?} wrote to `{field}` in step {step} cannot be merged: {reason}")]
    Merge {
        /// The field.
        field: String,
        /// The node.
        node: String,
        /// The superstep.
        step: u64,
        /// Why not.
        reason: String,
    },
    /// A router panicked or chose a payload that cannot be stored.
    #[error("a router after {node:?} failed: {reason}")]
    Router {
        /// The node whose edge it is.
        node: String,
        /// What happened.
        reason: String,
    },
    /// A command named a node that does not exist.
    #[error("node {node:?} goes to {target:?}, which is no node; {hint}")]
    UnknownTarget {
        /// The node whose command it was.
        node: String,
        /// The name.
        target: String,
        /// What may have been meant.
        hint: String,
    },
    /// Something was asked about a node that does not exist.
    #[error("the graph has no node {name:?}; {hint}")]
    UnknownNode {
        /// The name.
        name: String,
        /// What may have been meant.
        hint: String,
    },
    /// A node handed a command to the graph this one is a node of, and it is a node of none.
    #[error(
        "node {node:?} hands a command to a parent graph, and this graph has none; run it as a `Subgraph`, or return \
         the command itself"
    )]
    NoParent {
        /// The node.
        node: String,
        /// The command.
        command: ParentCommand,
    },
    /// The run was cancelled; what its tasks had finished is kept.
    #[error("the run was cancelled in step {step}; `resume` goes on from there")]
    Cancelled {
        /// The superstep.
        step: u64,
    },
    /// An answer was given at a checkpoint that is not the head.
    #[error(
        "a question of thread {thread:?} is answered at its head, not at an earlier checkpoint; to run again from there \
         use `Resume::next()`"
    )]
    AnswerToThePast {
        /// The thread.
        thread: String,
    },
    /// The thread has no checkpoint of this number.
    #[error("thread {thread:?} has no checkpoint {id}; it may have been pruned")]
    NoSuchCheckpoint {
        /// The thread.
        thread: String,
        /// The number.
        id: CheckpointId,
    },
    /// The run took as many supersteps as it may, and something is still to run.
    #[error("the run took {limit} supersteps, its limit, and {next:?} would run next; see `with_step_limit`")]
    StepLimit {
        /// The limit.
        limit: u64,
        /// What would have run next.
        next: Vec<String>,
    },
    /// A thread with unfinished work was given new input.
    #[error(
        "thread {thread:?} is not finished, {next:?} would run next; `resume` it, or `abandon` that work first"
    )]
    Unfinished {
        /// The thread.
        thread: String,
        /// What would run next.
        next: Vec<String>,
    },
    /// A thread whose unfinished superstep has finished tasks was changed from outside.
    #[error(
        "what {finished:?} wrote in the unfinished superstep of thread {thread:?} would be lost; say with \
         `with_unfinished` whether to keep or to discard it"
    )]
    FinishedWork {
        /// The thread.
        thread: String,
        /// The nodes whose tasks are finished.
        finished: Vec<String>,
    },
    /// It is not clear which node an update is to count as written by.
    #[error(
        "which node the update counts as written by is not clear: {}; name it with `update_as`",
        writers(candidates)
    )]
    WhichNode {
        /// The nodes that may be meant; none if what wrote the checkpoint is not known.
        candidates: Vec<String>,
    },
    /// An update from outside, or a command given with an answer, makes no sense.
    #[error("{reason}")]
    BadUpdate {
        /// Why not.
        reason: String,
    },
    /// A thread that was never run was resumed.
    #[error("thread {thread:?} has no checkpoint to resume from; `invoke` it first")]
    NothingToResume {
        /// The thread.
        thread: String,
    },
    /// An answer was given, and no question is open.
    #[error("thread {thread:?} has no open question; to go on without an answer use `Resume::next()`")]
    NothingAsked {
        /// The thread.
        thread: String,
    },
    /// One answer was given, and several questions are open.
    #[error("{} questions are open; answer by id: {open:?}", open.len())]
    AmbiguousAnswer {
        /// The open questions.
        open: Vec<InterruptId>,
    },
    /// An answer names a question that is not open.
    #[error("no open question has the id {id}; the open ones are {open:?}")]
    UnknownInterrupt {
        /// The id.
        id: InterruptId,
        /// The open questions.
        open: Vec<InterruptId>,
    },
    /// An answer is for a question that has its answer already.
    #[error("question {id} is answered already; the open ones are {open:?}")]
    AnsweredBefore {
        /// The id.
        id: InterruptId,
        /// The open questions.
        open: Vec<InterruptId>,
    },
    /// Two answers are for one question.
    #[error("question {id} is given two answers; the open ones are {open:?}")]
    AnsweredTwice {
        /// The id.
        id: InterruptId,
        /// The open questions.
        open: Vec<InterruptId>,
    },
    /// Answers by id were given, and there was none among them.
    #[error(
        "no answer was given, and these questions are open: {open:?}; to go on without an answer use `Resume::next()`"
    )]
    NoAnswers {
        /// The open questions.
        open: Vec<InterruptId>,
    },
    /// An answer does not have the type the node asked for; the question is open again.
    #[error("the answer to question {id} of node {node:?} does not fit: {reason}")]
    BadAnswer {
        /// The question.
        id: InterruptId,
        /// The node that asked.
        node: String,
        /// Why it does not fit.
        reason: String,
    },
    /// Something was asked of the thread that needs stored checkpoints.
    #[error("{operation} needs stored checkpoints; add a saver with `with_checkpointer`")]
    NoCheckpointer {
        /// What was asked.
        operation: &'static str,
    },
    /// The stream of the run has yielded its error before.
    #[error("the run failed, and its stream has already yielded why")]
    AlreadyReported,
    /// A checkpoint could not be read, written or used.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

impl RunError {
    /// The failure that ended the run, if a node did.
    pub fn failure(&self) -> Option<&Failure> {
        if let Self::Node { failure, .. } = self { Some(failure) } else { None }
    }

    pub(crate) fn from_failures(step: u64, failures: Vec<GaveUp>) -> Option<Self> {
        let mut failures = failures.into_iter();
        let first = failures.next()?;
        let others = failures.map(|gave_up| gave_up.failure).collect();
        Some(Self::Node { step, failure: Box::new(first.failure), others, source: first.source })
    }
}

impl From<StepError> for RunError {
    fn from(error: StepError) -> Self {
        match error {
            StepError::Conflict { field, first, second, step } => {
                Self::Conflict { field, first, second, step }
            }
            StepError::Overwrites { field, first, second, step } => {
                Self::Overwrites { field, first, second, step }
            }
            StepError::Merge { field, node, step, reason } => Self::Merge { field, node, step, reason },
            StepError::Router { node, reason } => Self::Router { node, reason },
            StepError::UnknownTarget { node, target, hint } => Self::UnknownTarget { node, target, hint },
        }
    }
}

fn writers(candidates: &[String]) -> String {
    if candidates.is_empty() {
        "what wrote the checkpoint is not known".to_owned()
    } else {
        format!("the superstep before was written by {candidates:?}")
    }
}

fn more(others: &[Failure]) -> String {
    others
        .iter()
        .map(|failure| format!("; node {:?} failed as well: {}", failure.node, failure.error))
        .collect()
}
