//! Threads of workflows: the verbs of a thread, with the workflow's own input and output.

use std::fmt;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::state::{Held, WorkflowState};
use crate::engine::pause::Pause;
use crate::node::context::Interrupt;
use crate::node::error::NodeError;
use crate::node::failure::Failure;
use crate::run::error::RunError;
use crate::run::event::Outcome;
use crate::run::input::{Input, Resume};
use crate::run::stream::RunStream;
use crate::run::thread::Thread;

/// A named history of one workflow. Made by [`CompiledWorkflow::thread`](crate::workflow::CompiledWorkflow::thread).
pub struct WorkflowThread<I, O> {
    thread: Thread<WorkflowState>,
    marker: PhantomData<fn(I) -> O>,
}

/// How a run of a workflow ended when nothing went wrong.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Ended<O> {
    /// It is done, and this is what it came to.
    Done(O),
    /// It has questions; `resume` with the answers.
    Interrupted(Vec<Interrupt>),
    /// It was asked to stop, or a breakpoint was reached; `resume` goes on.
    Paused(Pause),
}

impl<O> Ended<O> {
    /// What it came to, if it is done.
    pub fn into_output(self) -> Option<O> {
        match self {
            Self::Done(output) => Some(output),
            Self::Interrupted(_) | Self::Paused(_) => None,
        }
    }

    /// The open questions; none when it is done.
    pub fn interrupts(&self) -> &[Interrupt] {
        match self {
            Self::Interrupted(interrupts) => interrupts,
            Self::Done(_) | Self::Paused(_) => &[],
        }
    }
}

impl<I: Serialize, O: DeserializeOwned> WorkflowThread<I, O> {
    pub(super) fn new(thread: Thread<WorkflowState>) -> Self {
        Self { thread, marker: PhantomData }
    }

    /// Runs until done, interrupted or failed.
    pub async fn invoke(&self, input: I) -> Result<Ended<O>, RunError> {
        ended(self.thread.invoke(self::input(&input)?).await?)
    }

    /// Goes on where it stopped, with an answer or just on.
    pub async fn resume(&self, resume: Resume) -> Result<Ended<O>, RunError> {
        ended(self.thread.invoke(resume).await?)
    }

    /// The same run as `invoke`, read event by event.
    pub fn stream(&self, input: I) -> Result<RunStream<WorkflowState>, RunError> {
        Ok(self.thread.stream(self::input(&input)?))
    }

    /// The same run as `resume`, read event by event.
    pub fn stream_resume(&self, resume: Resume) -> RunStream<WorkflowState> {
        self.thread.stream(resume)
    }

    /// The thread of the graph that the workflow is: its state, its history, all its verbs.
    pub fn thread(&self) -> &Thread<WorkflowState> {
        &self.thread
    }
}

/// What begins a run.
pub(super) fn input(input: &impl Serialize) -> Result<Input<WorkflowState>, RunError> {
    Held::of("the input of the workflow", input).map(WorkflowState::begin).map_err(|error| unusable(&error))
}

/// What a run came to, in the workflow's own types.
pub(super) fn ended<O: DeserializeOwned>(outcome: Outcome<WorkflowState>) -> Result<Ended<O>, RunError> {
    Ok(match outcome {
        Outcome::Done(state) => {
            let output = state.output.ok_or_else(|| NodeError::new("the workflow is done and has no output"));
            let output = output.and_then(|output| output.read("the output of the workflow"));
            Ended::Done(output.map_err(|error| unusable(&error))?)
        }
        Outcome::Interrupted { interrupts, .. } => Ended::Interrupted(interrupts),
        Outcome::Paused { pause, .. } => Ended::Paused(pause),
    })
}

/// A value that does not fit through JSON; as a failure, since that is what it would be inside the workflow.
fn unusable(error: &NodeError) -> RunError {
    let failure = Box::new(Failure::new(crate::graph::edge::START, error.to_string()));
    RunError::Node { step: 0, failure, others: Vec::new(), source: None }
}

impl<I, O> Clone for WorkflowThread<I, O> {
    fn clone(&self) -> Self {
        Self { thread: self.thread.clone(), marker: PhantomData }
    }
}

impl<I, O> fmt::Debug for WorkflowThread<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkflowThread").field("thread", &self.thread).finish()
    }
}
