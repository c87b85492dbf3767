//! A node that may write only the fields it said it would.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::command::Command;
use super::error::NodeError;
use super::extract::Attempt;
use super::function::CallNode;
use crate::state::{FieldSet, State, Update};

/// Checks what a node wrote against what was said of it.
pub(crate) struct Confined<S: State> {
    inner: Arc<dyn CallNode<S>>,
    allowed: FieldSet,
}

impl<S: State> Confined<S> {
    /// Names that are no fields of the state are left to the build checks.
    pub(crate) fn new(inner: Arc<dyn CallNode<S>>, fields: &[String]) -> Self {
        let mut allowed = FieldSet::EMPTY;
        for (position, field) in S::FIELDS.iter().enumerate() {
            if fields.iter().any(|allowed| allowed == field.name) {
                allowed.insert(position);
            }
        }
        Self { inner, allowed }
    }

    fn check(&self, node: &str, command: &Command<S>) -> Result<(), NodeError> {
        let written = command.update.written();
        let is_outside = |position: usize| {
            let mut one = FieldSet::EMPTY;
            one.insert(position);
            !written.and(one).is_empty() && self.allowed.and(one).is_empty()
        };
        let outside = S::FIELDS.iter().enumerate().find(|(position, _)| is_outside(*position));
        let Some((_, field)) = outside else { return Ok(()) };
        let text = format!(
            "node {node:?} wrote `{0}` and did not say so; add {0:?} to its `.writes(..)`",
            field.name
        );
        Err(NodeError::new(text).terminal())
    }
}

impl<S: State> CallNode<S> for Confined<S> {
    fn call<'a>(&'a self, attempt: &Attempt<'a, S>) -> BoxFuture<'a, Result<Command<S>, NodeError>> {
        let (work, node) = (self.inner.call(attempt), attempt.node_name());
        Box::pin(async move {
            let command = work.await?;
            self.check(&node, &command)?;
            Ok(command)
        })
    }
}
