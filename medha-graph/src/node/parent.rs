//! A command for the graph that a subgraph is a node of, on its way there.

use std::any::{Any, type_name};
use std::fmt;

use super::command::Command;
use super::error::NodeError;
use crate::state::State;

/// What a node of a subgraph hands to the parent graph with [`Command::to_parent`]; its type is known there.
pub struct ParentCommand {
    /// The state of the graph it is for.
    state: &'static str,
    command: Box<dyn Any + Send + Sync>,
}

impl ParentCommand {
    pub(crate) fn new<P: State>(command: Command<P>) -> Self {
        Self { state: type_name::<P>(), command: Box::new(command) }
    }

    /// The command, if it is for a graph over this state.
    pub(crate) fn unpack<P: State>(self, node: &str) -> Result<Command<P>, NodeError> {
        self.command.downcast::<Command<P>>().map(|command| *command).map_err(|_| {
            let (found, wanted) = (self.state, type_name::<P>());
            let text =
                format!("node {node:?} hands a command for a graph over `{found}` to one over `{wanted}`");
            NodeError::new(text).terminal()
        })
    }
}

impl fmt::Debug for ParentCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParentCommand").field("state", &self.state).finish_non_exhaustive()
    }
}
