//! Plain async functions as workflows: the input first, then what any node may take.

use std::marker::PhantomData;

use futures_core::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::state::{Held, WorkflowState};
use crate::node::command::Command;
use crate::node::error::NodeError;
use crate::node::extract::{Attempt, FromTask};
use crate::node::function::CallNode;

/// What a run returns and, apart from that, what it saves for the next run on its thread.
///
/// ```
/// use medha_graph::prelude::*;
/// use medha_graph::workflow::{Final, Previous, Workflow};
///
/// // Returns how much there was before, and saves how much there is now.
/// async fn deposit(amount: u64, Previous(balance): Previous<u64>) -> Result<Final<u64, u64>, NodeError> {
///     let balance = balance.unwrap_or(0);
///     Ok(Final::new(balance).save(balance + amount))
/// }
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let account = Workflow::new("deposit", deposit).compile()?.with_checkpointer(MemorySaver::default());
/// let thread = account.thread("t");
/// assert_eq!(thread.invoke(10).await?.into_output(), Some(0));
/// assert_eq!(thread.invoke(5).await?.into_output(), Some(10));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "return it from the workflow"]
pub struct Final<T, S> {
    value: T,
    saved: S,
}

/// Nothing is saved: the next run finds what an earlier one saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsaved;

impl<T> Final<T, Unsaved> {
    /// Returns this value and leaves what was saved before as it is.
    pub fn new(value: T) -> Self {
        Self { value, saved: Unsaved }
    }

    /// Saves this for the next run.
    pub fn save<S>(self, saved: S) -> Final<T, S> {
        Final { value: self.value, saved }
    }
}

/// What a workflow may return: a value, which is also saved, or a [`Final`].
#[diagnostic::on_unimplemented(
    message = "a workflow cannot return `{Self}`",
    note = "it returns `Result<T, NodeError>`, where `T` is a type that serde reads and writes, or `Final` of two such types"
)]
pub trait IntoFinal: Send + 'static {
    /// What whoever runs the workflow is given.
    type Output: Serialize + DeserializeOwned + Send + 'static;
    /// The output and what is saved.
    #[doc(hidden)]
    fn into_parts(self) -> Result<(Held, Option<Held>), NodeError>;
}

impl<T: Serialize + DeserializeOwned + Send + 'static> IntoFinal for T {
    type Output = T;
    fn into_parts(self) -> Result<(Held, Option<Held>), NodeError> {
        let output = Held::of("what the workflow returned", &self)?;
        Ok((output.clone(), Some(output)))
    }
}

impl<T, S> IntoFinal for Final<T, S>
where
    T: Serialize + DeserializeOwned + Send + 'static,
    S: Serialize + Send + 'static,
{
    type Output = T;
    fn into_parts(self) -> Result<(Held, Option<Held>), NodeError> {
        let output = Held::of("what the workflow returned", &self.value)?;
        Ok((output, Some(Held::of("what the workflow saved", &self.saved)?)))
    }
}

impl<T: Serialize + DeserializeOwned + Send + 'static> IntoFinal for Final<T, Unsaved> {
    type Output = T;
    fn into_parts(self) -> Result<(Held, Option<Held>), NodeError> {
        Ok((Held::of("what the workflow returned", &self.value)?, None))
    }
}

/// An async function of an input and parameters; the parameters are those of nodes, and
/// [`Previous`](crate::workflow::Previous).
#[diagnostic::on_unimplemented(
    message = "this is not a workflow",
    note = "a workflow is an async function that takes its input by value, then any of `Ctx`, `Context<T>`, `Previous<T>`",
    note = "it returns `Result<T, NodeError>` or `Result<Final<T, S>, NodeError>`, and its future must be `Send`"
)]
pub trait WorkflowFn<I, Args>: Send + Sync + 'static {
    /// What the function returns when it succeeds.
    type Returned: IntoFinal;
    /// Calls it.
    #[doc(hidden)]
    fn call(&self, input: I, args: Args) -> BoxFuture<'static, Result<Self::Returned, NodeError>>;
}

macro_rules! functions {
    ($(($($name:ident $value:ident),*))*) => {$(
        impl<F, Fut, I, R, E, $($name),*> WorkflowFn<I, ($($name,)*)> for F
        where
            F: Fn(I, $($name),*) -> Fut + Send + Sync + 'static,
            Fut: Future<Output = Result<R, E>> + Send + 'static,
            R: IntoFinal,
            E: Into<NodeError>,
        {
            type Returned = R;
            fn call(&self, input: I, ($($value,)*): ($($name,)*)) -> BoxFuture<'static, Result<R, NodeError>> {
                let work = self(input, $($value),*);
                Box::pin(async move { work.await.map_err(Into::into) })
            }
        }
    )*};
}
functions!(()(A a)(A a, B b)(A a, B b, C c)(A a, B b, C c, D d));

/// The one node of a workflow.
pub(super) struct WorkflowNode<F, M>(pub(super) F, pub(super) PhantomData<fn() -> M>);

impl<F, I, Args> CallNode<WorkflowState> for WorkflowNode<F, (I, Args)>
where
    F: WorkflowFn<I, Args>,
    I: DeserializeOwned + 'static,
    Args: FromTask<WorkflowState> + 'static,
{
    fn call<'a>(
        &'a self,
        attempt: &Attempt<'a, WorkflowState>,
    ) -> BoxFuture<'a, Result<Command<WorkflowState>, NodeError>> {
        let given = attempt
            .state
            .input
            .as_ref()
            .ok_or_else(|| NodeError::new("the workflow has no input").terminal());
        let input = given.and_then(|given| given.read("the input of the workflow"));
        match input.and_then(|input| Ok((input, Args::from_task(attempt)?))) {
            Ok((input, args)) => {
                let work = self.0.call(input, args);
                Box::pin(async move {
                    let (output, saved) = work.await?.into_parts()?;
                    let update = WorkflowState::update().output(Some(output));
                    Ok(Command::from_update(match saved {
                        Some(saved) => update.saved(Some(saved)),
                        None => update,
                    }))
                })
            }
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }
}
