//! The state of every workflow: what it was given, what it came to, and what it keeps for its next run.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::node::error::NodeError;
use crate::node::extract::{Attempt, FromTask};
use crate::{Input, State};

/// The state of the one-node graph that a workflow is.
///
/// A workflow over a thread is a graph over this state, so all that works on threads works on it.
#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WorkflowState {
    /// What the last run was given.
    pub input: Option<Held>,
    /// What the last run came to; nothing while it is not done.
    pub output: Option<Held>,
    /// What the next run finds as [`Previous`].
    pub saved: Option<Held>,
}

/// A value of a workflow as JSON; one that is `null` is not the same as none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// The value.
    pub value: Value,
}

impl Held {
    pub(super) fn of(what: &str, value: &impl Serialize) -> Result<Self, NodeError> {
        let cannot = |error| NodeError::new(format!("{what} cannot be written as JSON: {error}")).terminal();
        serde_json::to_value(value).map(|value| Self { value }).map_err(cannot)
    }

    pub(super) fn read<T: DeserializeOwned>(&self, what: &str) -> Result<T, NodeError> {
        let wanted = std::any::type_name::<T>();
        let misfit = |error| NodeError::new(format!("{what} is not a `{wanted}`: {error}")).terminal();
        T::deserialize(&self.value).map_err(misfit)
    }
}

impl WorkflowState {
    /// A new run: what the last one came to is no longer the output.
    pub(super) fn begin(input: Held) -> Input<Self> {
        Input::Update(Self::update().input(Some(input)).output(None))
    }
}

/// A parameter of a workflow: what its last run on this thread saved, nothing on the first.
///
/// A run saves what it returns, unless it returns a [`Final`](crate::workflow::Final).
///
/// ```
/// use medha_graph::prelude::*;
/// use medha_graph::workflow::{Previous, Workflow};
///
/// async fn count(step: u32, Previous(so_far): Previous<u32>) -> Result<u32, NodeError> {
///     Ok(so_far.unwrap_or(0) + step)
/// }
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let count = Workflow::new("count", count).compile()?.with_checkpointer(MemorySaver::default());
/// let thread = count.thread("t");
/// thread.invoke(2).await?;
/// assert_eq!(thread.invoke(3).await?.into_output(), Some(5));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Previous<T>(pub Option<T>);

impl<T: DeserializeOwned> FromTask<WorkflowState> for Previous<T> {
    fn from_task(attempt: &Attempt<'_, WorkflowState>) -> Result<Self, NodeError> {
        let saved = attempt.state.saved.as_ref();
        saved.map(|saved| saved.read("what the last run saved")).transpose().map(Self)
    }
}
