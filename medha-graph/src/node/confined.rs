//! A node that may write only the fields it said it would.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::command::Command;
use super::error::NodeError;
use super::extract::Attempt;
use super::function::CallNode;
use crate::state::{Field, State};

/// Checks what a node wrote against what was said of it.
pub(crate) struct Confined<S: State> {
    inner: Arc<dyn CallNode<S>>,
    /// Names that are no fields of the state are left to the build checks.
    allowed: Vec<String>,
}

impl<S: State> Confined<S> {
    pub(crate) fn new(inner: Arc<dyn CallNode<S>>, fields: &[String]) -> Self {
        Self { inner, allowed: fields.to_vec() }
    }

    fn check(&self, node: &str, fields: &[Field], command: &Command<S>) -> Result<(), NodeError> {
        let is_outside =
            |position: &usize| !self.allowed.iter().any(|name| **name == *fields[*position].name);
        let Some(outside) = command.written(fields).positions().find(is_outside) else { return Ok(()) };
        let field = &fields[outside].name;
        let text =
            format!("node {node:?} wrote `{field}` and did not say so; add {field:?} to its `.writes(..)`");
        Err(NodeError::new(text).terminal())
    }
}

impl<S: State> CallNode<S> for Confined<S> {
    fn call<'a>(&'a self, attempt: &'a Attempt<'a, S>) -> BoxFuture<'a, Result<Command<S>, NodeError>> {
        let work = self.inner.call(attempt);
        Box::pin(async move {
            let command = work.await?;
            self.check(attempt.origin.node(), attempt.state.fields(), &command)?;
            Ok(command)
        })
    }
}
