//! What a node may take as parameters besides the state.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::cached::flight::Superstep;
use super::context::{ContextValues, Ctx};
use super::error::NodeError;
use super::failure::Failure;
use super::once::TaskEffects;
use super::pulse::Pulse;
use super::task::{Emit, GraphRef, TaskRef};
use crate::engine::checkpoint::TaskInput;
use crate::graph::topology::Topology;
use crate::state::State;
use crate::subgraph::host::Host;

/// One attempt, as the driver hands it to a node: the state and where parameters come from.
pub struct Attempt<'a, S: State> {
    pub(crate) state: &'a S,
    pub(crate) input: &'a TaskInput,
    pub(crate) topology: &'a Topology<S>,
    pub(crate) answers: &'a BTreeMap<u32, Value>,
    pub(crate) origin: &'a dyn Origin,
    /// Made when a parameter first asks for it: most nodes never do.
    pub(crate) ctx: OnceLock<Ctx>,
}

/// What the attempts of one superstep share.
pub(crate) trait Origin: Sync {
    fn task(&self) -> TaskRef;
    fn node(&self) -> &str;
    fn thread(&self) -> Arc<str>;
    fn values(&self) -> &ContextValues;
    fn emit(&self) -> Option<Emit>;
    fn effects(&self) -> TaskEffects;
    fn pulse(&self) -> Option<Arc<Pulse>>;
    /// What a subgraph runs on.
    fn host(&self) -> Host;
    fn steps_left(&self) -> u64;
    fn superstep(&self) -> Superstep;
    fn cache_failed(&self, error: String);
}

impl<S: State> Attempt<'_, S> {
    pub(crate) fn ctx(&self) -> &Ctx {
        self.ctx.get_or_init(|| {
            let origin = self.origin;
            let values = origin.values().clone();
            let (answers, effects) = (self.answers.clone(), origin.effects());
            let Topology { name, version, fingerprint, .. } = self.topology;
            let (name, fingerprint) = (Arc::clone(name), fingerprint.clone());
            let graph = GraphRef { name, version: *version, fingerprint };
            let rest = (graph, origin.steps_left(), origin.pulse());
            Ctx::new(origin.task(), origin.thread(), values, answers, origin.emit(), effects, rest)
        })
    }
}

impl<S: State> std::fmt::Debug for Attempt<'_, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attempt").field("node", &self.origin.node()).finish_non_exhaustive()
    }
}

/// A type that can be a parameter of a node: [`Payload`], [`Failure`], [`Ctx`], [`Context`], or your own.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of a node",
    label = "not a parameter of a node",
    note = "a node takes `&{S}` first (or not at all), then any of `Payload<T>`, `Failure`, `Ctx`, `Context<T>`, `View<T>` (where `T: From<&{S}>`), `StepsLeft`, `LastStep`"
)]
pub trait FromTask<S: State>: Sized {
    /// What a task must carry so that this can be had; the build checks refuse edges that never carry it.
    const NEEDS: Needs = Needs::NOTHING;
    /// Takes the parameter out of the task, or says why it cannot be had; the attempt then fails for good.
    fn from_task(attempt: &Attempt<'_, S>) -> Result<Self, NodeError>;
}

/// What a parameter needs a task to carry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Needs {
    /// A payload: of a fan-out, a route or a command.
    pub payload: bool,
    /// A failure: of an error edge.
    pub failure: bool,
}

impl Needs {
    /// Nothing: any edge will do.
    pub const NOTHING: Self = Self { payload: false, failure: false };
    /// A payload.
    pub const PAYLOAD: Self = Self { payload: true, failure: false };
    /// A failure.
    pub const FAILURE: Self = Self { payload: false, failure: true };

    /// What either of the two needs.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self { payload: self.payload || other.payload, failure: self.failure || other.failure }
    }
}

/// The payload of a task that a fan-out, a route with a payload or `Command::send` started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload<T>(pub T);

impl<S: State, T: DeserializeOwned> FromTask<S> for Payload<T> {
    const NEEDS: Needs = Needs::PAYLOAD;

    fn from_task(attempt: &Attempt<'_, S>) -> Result<Self, NodeError> {
        let (node, wanted) = (attempt.origin.node(), std::any::type_name::<T>());
        let TaskInput::Payload(json) = attempt.input else {
            let text = format!(
                "node {node:?} takes a payload, and it was started by an edge that carries none; use `fan_out`"
            );
            return Err(NodeError::new(text).terminal());
        };
        json.read().map(Self).map_err(|error| {
            NodeError::new(format!("the payload of node {node:?} is not a `{wanted}`: {error}")).terminal()
        })
    }
}

/// Nothing, where there is no payload: for nodes that a fan-out and another edge lead to.
impl<S: State, T: DeserializeOwned> FromTask<S> for Option<Payload<T>> {
    fn from_task(attempt: &Attempt<'_, S>) -> Result<Self, NodeError> {
        match attempt.input {
            TaskInput::Payload(_) => Payload::from_task(attempt).map(Some),
            TaskInput::State | TaskInput::Failure(_) => Ok(None),
        }
    }
}

impl<S: State> FromTask<S> for Failure {
    const NEEDS: Needs = Needs::FAILURE;

    fn from_task(attempt: &Attempt<'_, S>) -> Result<Self, NodeError> {
        match attempt.input {
            TaskInput::Failure(failure) => Ok((**failure).clone()),
            TaskInput::State | TaskInput::Payload(_) => {
                let node = attempt.origin.node();
                let text = format!("node {node:?} takes a failure, and no error edge started it");
                Err(NodeError::new(text).terminal())
            }
        }
    }
}

/// Nothing, where there is no failure: for nodes that an error edge and another edge lead to.
impl<S: State> FromTask<S> for Option<Failure> {
    fn from_task(attempt: &Attempt<'_, S>) -> Result<Self, NodeError> {
        Ok(match attempt.input {
            TaskInput::Failure(failure) => Some((**failure).clone()),
            TaskInput::State | TaskInput::Payload(_) => None,
        })
    }
}

impl<S: State> FromTask<S> for Ctx {
    fn from_task(attempt: &Attempt<'_, S>) -> Result<Self, NodeError> {
        Ok(attempt.ctx().clone())
    }
}

/// A dependency given with `with_context`, by its type; trait objects work too.
///
/// ```
/// use std::sync::Arc;
/// use medha_graph::{Context, State, StateGraph, START, END};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
/// struct Greeting { text: String }
///
/// trait Clock: Send + Sync { fn hour(&self) -> u32; }
/// struct Noon;
/// impl Clock for Noon { fn hour(&self) -> u32 { 12 } }
///
/// async fn greet(_: &Greeting, clock: Context<dyn Clock>) -> GreetingUpdate {
///     Greeting::update().text(if clock.hour() < 18 { "good day" } else { "good evening" })
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let graph = StateGraph::<Greeting>::new("greet").node("greet", greet)
///     .edge(START, "greet").edge("greet", END).compile().unwrap()
///     .with_context::<dyn Clock>(Arc::new(Noon));
/// let done = graph.invoke(Greeting::update()).await.unwrap().into_state();
/// assert_eq!(done.text, "good day");
/// # }
/// ```
#[derive(Debug)]
pub struct Context<T: ?Sized>(pub Arc<T>);

impl<T: ?Sized> Clone for Context<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: ?Sized> Deref for Context<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<S: State, T: ?Sized + Send + Sync + 'static> FromTask<S> for Context<T> {
    fn from_task(attempt: &Attempt<'_, S>) -> Result<Self, NodeError> {
        attempt.origin.values().find(attempt.origin.node()).map(Self)
    }
}

macro_rules! tuples {
    ($(($($name:ident),*))*) => {$(
        impl<S: State, $($name: FromTask<S>),*> FromTask<S> for ($($name,)*) {
            const NEEDS: Needs = Needs::NOTHING$(.or($name::NEEDS))*;

            #[allow(unused_variables, reason = "a node without parameters takes nothing out")]
            fn from_task(attempt: &Attempt<'_, S>) -> Result<Self, NodeError> {
                Ok(($($name::from_task(attempt)?,)*))
            }
        }
    )*};
}
tuples!(()(A)(A, B)(A, B, C)(A, B, C, D)(A, B, C, D, E));
