//! One visit of a subgraph: finds where it stands, drives it, and says what that means for the task of the parent.

use std::collections::BTreeMap;

use serde_json::Value;

use super::host::Host;
use super::node::Memory;
use super::place::{self, Place};
use crate::engine::record::StoredQuestion;
use crate::engine::recorder::Recorder;
use crate::graph::compiled::CompiledGraph;
use crate::node::command::{Command, IntoCommand};
use crate::node::context::{Interrupt, Question};
use crate::node::error::{NodeError, Stop};
use crate::node::failure::FailureKind;
use crate::node::parent::ParentCommand;
use crate::run::driver;
use crate::run::error::RunError;
use crate::run::event::Outcome;
use crate::run::input::{Input, Resume};
use crate::state::State;

/// What a visit came to; that it stopped is an error with a [`Stop`] in it.
pub(super) enum Visited<T> {
    Done(T),
    ToParent(ParentCommand),
}

/// Answers of the parent's task, by the ordinal of the question.
type Answers = BTreeMap<u32, Value>;

/// Runs a subgraph to its state. `begin` makes the input of a new visit: `Input::From` or `Input::Renew`.
pub(super) async fn run<C: State>(
    graph: &CompiledGraph<C>,
    memory: Memory,
    host: Host,
    answers: &Answers,
    begin: impl FnOnce() -> Result<Input<C>, NodeError>,
) -> Result<Visited<C>, NodeError> {
    let visit = Visit { graph, memory, host, answers };
    let place = visit.place().await?;
    Ok(match visit.drive(place, begin, None).await? {
        Visited::Done((state, _)) => Visited::Done(state),
        Visited::ToParent(command) => Visited::ToParent(command),
    })
}

/// Runs a subgraph to what its nodes wrote, over all runs of this visit.
pub(super) async fn hand_up<C: State>(
    graph: &CompiledGraph<C>,
    memory: Memory,
    host: Host,
    answers: &Answers,
    begin: impl FnOnce() -> Result<Input<C>, NodeError>,
) -> Result<Visited<Vec<C::Update>>, NodeError> {
    let visit = Visit { graph, memory, host, answers };
    let place = visit.place().await?;
    let mut recorder = Box::new(Recorder::new(&graph.topology));
    if let (Place::Own(standing), Some(saver)) = (&place, &visit.host.saver) {
        let key = visit.host.child_key(memory);
        place::restore_writes(&**saver, &graph.topology, &key, &standing.stored, &mut recorder).await?;
    }
    Ok(match visit.drive(place, begin, Some(recorder)).await? {
        Visited::Done((_, recorder)) => {
            Visited::Done(recorder.map(|recorder| recorder.into_updates()).unwrap_or_default())
        }
        Visited::ToParent(command) => Visited::ToParent(command),
    })
}

/// A command of a node of the subgraph, as what its own node returns.
pub(super) fn taken<P: State>(command: ParentCommand, node: &str) -> Result<Command<P>, NodeError> {
    command.unpack::<P>(node)?.into_command()
}

struct Visit<'a, C: State> {
    graph: &'a CompiledGraph<C>,
    memory: Memory,
    host: Host,
    answers: &'a Answers,
}

/// The state at the end, and what was noted on the way.
type End<C> = (C, Option<Box<Recorder<C>>>);

impl<C: State> Visit<'_, C> {
    async fn place(&self) -> Result<Place<C>, NodeError> {
        match (self.memory, &self.host.saver) {
            (Memory::Stateless, _) | (_, None) => Ok(Place::Nowhere),
            (Memory::PerVisit | Memory::Persistent, Some(saver)) => {
                Ok(place::find(&**saver, &self.graph.topology, &self.host, self.memory).await?)
            }
        }
    }

    async fn drive(
        self,
        place: Place<C>,
        begin: impl FnOnce() -> Result<Input<C>, NodeError>,
        recorder: Option<Box<Recorder<C>>>,
    ) -> Result<Visited<End<C>>, NodeError> {
        let (standing, input) = match place {
            Place::Own(standing) if standing.checkpoint.frontier.next.is_empty() => {
                return Ok(Visited::Done((standing.checkpoint.state, recorder)));
            }
            Place::Own(standing) => {
                (Some(standing), Input::Resume(Resume::handed(self.host.answers(self.answers))))
            }
            Place::Remembered(standing) => (Some(standing), begin()?),
            Place::End(standing) => (Some(standing), afresh(begin()?)),
            Place::Nowhere => (None, afresh(begin()?)),
        };
        let saver = match self.memory {
            Memory::Stateless => None,
            Memory::PerVisit | Memory::Persistent => self.host.saver.clone(),
        };
        let run = self.host.run(self.graph, saver, self.host.child_key(self.memory));
        match driver::drive_from(run, standing, input, recorder).await {
            Ok((Outcome::Done(state), recorder)) => Ok(Visited::Done((state, recorder))),
            Ok((Outcome::Interrupted { interrupts, .. }, _)) => Err(self.asked(interrupts)),
            Ok((Outcome::Paused { pause, .. }, _)) => Err(NodeError::stop(Stop::Paused(pause))),
            Err(RunError::NoParent { command, .. }) => Ok(Visited::ToParent(command)),
            // The control is the parent's too: it ends this attempt as soon as it is polled.
            Err(RunError::Cancelled { .. }) => std::future::pending().await,
            Err(error) => Err(self.failed(error)),
        }
    }

    fn asked(&self, interrupts: Vec<Interrupt>) -> NodeError {
        if self.memory == Memory::Stateless {
            let node = interrupts.first().map(|interrupt| interrupt.node.as_str()).unwrap_or_default();
            let graph = self.graph.name();
            let text = format!(
                "node {node:?} of subgraph {graph:?} asks a question, and there is nothing to go on from when it is \
                 answered; leave `stateless` out"
            );
            return NodeError::new(text).terminal();
        }
        let questions = interrupts.into_iter().zip(0..).map(|(interrupt, ordinal)| Question {
            ordinal,
            value: interrupt.question,
            id: Some(interrupt.id),
            path: Some(interrupt.node),
            refused: None,
        });
        NodeError::stop(Stop::Asked(questions.collect()))
    }

    fn failed(&self, error: RunError) -> NodeError {
        if let RunError::BadAnswer { id, reason, .. } = &error
            && let Some(known) = self.host.questions.iter().find(|question| question.id == *id)
        {
            let StoredQuestion { ordinal, id, value, path } = known.clone();
            let refused = Some(reason.clone());
            return NodeError::stop(Stop::Asked(vec![Question {
                ordinal,
                value,
                id: Some(id),
                path,
                refused,
            }]));
        }
        let inner = error.failure().cloned();
        let may_help = match &inner {
            Some(failure) => failure.kind != FailureKind::Panic,
            None => matches!(error, RunError::Checkpoint(_)),
        };
        let mut error = NodeError::from(error);
        if let Some(failure) = inner {
            error = error.with_detail(failure);
        }
        if may_help { error } else { error.terminal() }
    }
}

/// The same input where nothing is remembered.
fn afresh<C: State>(input: Input<C>) -> Input<C> {
    match input {
        Input::Update(update) | Input::Fresh(update) | Input::Renew(update) => Input::Fresh(update),
        Input::From(state) => Input::From(state),
        Input::Resume(resume) => Input::Resume(resume),
        Input::ResumeWith(resume, command) => Input::ResumeWith(resume, command),
    }
}
