//! Plain async functions as nodes, and the `Node` trait for types that hold something.
//!
//! A function that borrows the state has a future that depends on the borrow, so it is bound by a trait with a
//! lifetime (`RefFn`), for all lifetimes. `AsyncFn(&S)` would read better, but it cannot ask that the future is
//! `Send`. Marker types keep functions with and without the state apart.

use std::fmt;
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};

use super::cached::call::CachedNode;
use super::cached::policy::CachePolicy;
use super::command::{Command, IntoCommand};
use super::config::NodeConfig;
use super::context::Ctx;
use super::error::NodeError;
use super::extract::{Attempt, FromTask, Needs};
use crate::draw::drawing::Drawing;
use crate::state::State;

/// A node that holds something: a client, a model, a table. Functions need no such type.
///
/// ```
/// use medha_graph::{Ctx, Node, NodeError, State};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
/// struct Essay { draft: String }
///
/// struct Writer { style: String }
///
/// impl Node<Essay> for Writer {
///     type Output = Result<EssayUpdate, NodeError>;
///     async fn run(&self, essay: &Essay, _ctx: Ctx) -> Self::Output {
///         Ok(Essay::update().draft(format!("{} ({})", essay.draft, self.style)))
///     }
/// }
/// ```
pub trait Node<S: State>: Send + Sync + 'static {
    /// What it returns: an update, a command, or a result of one.
    type Output: IntoCommand<S>;
    /// One attempt.
    fn run(&self, state: &S, ctx: Ctx) -> impl Future<Output = Self::Output> + Send;
}

/// Anything that can be added with `.node(name, ..)`: an async function, a [`Node`], either with settings.
///
/// `M` is a marker the compiler finds; it says which kind of thing this is.
#[diagnostic::on_unimplemented(
    message = "this is not a node of a graph over `{S}`",
    label = "not a node of `{S}`",
    note = "a node is an async function that takes `&{S}` first (or not at all), then any of `Payload<T>`, `Failure`, `Ctx`, `Context<T>`, `View<T>` (where `T: From<&{S}>`), `StepsLeft`, `LastStep`",
    note = "it returns the update of `{S}`, `()`, `Command<{S}>`, or an `Option` or a `Result<_, NodeError>` of these",
    note = "its future must be `Send`: nothing like `Rc` or a `RefCell` borrow may be held across an `.await`"
)]
pub trait IntoNode<S: State, M>: Sized {
    /// The node in the form the engine keeps.
    fn into_node(self) -> ErasedNode<S>;
}

/// A node of any kind, with its settings.
pub struct ErasedNode<S: State> {
    pub(crate) call: Arc<dyn CallNode<S>>,
    pub(crate) config: NodeConfig,
    pub(crate) may_goto: bool,
    pub(crate) needs: Needs,
    /// What is inside of it, if it is a graph itself; for drawing only.
    pub(crate) subgraph: Option<Arc<Drawing>>,
}

impl<S: State> ErasedNode<S> {
    /// Keeps what it comes to.
    pub(crate) fn keep(&mut self, policy: CachePolicy<S>) {
        self.call = Arc::new(CachedNode { inner: Arc::clone(&self.call), policy });
        self.config.is_cached = true;
    }

    /// Whether its commands may go to any node.
    pub(crate) fn roams(&self) -> bool {
        self.may_goto && self.config.goes_to.is_empty()
    }
}

impl<S: State> Clone for ErasedNode<S> {
    fn clone(&self) -> Self {
        Self {
            call: Arc::clone(&self.call),
            config: self.config.clone(),
            may_goto: self.may_goto,
            needs: self.needs,
            subgraph: self.subgraph.clone(),
        }
    }
}

impl<S: State> fmt::Debug for ErasedNode<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErasedNode").field("config", &self.config).finish_non_exhaustive()
    }
}

/// The one place where the type of a node is erased.
pub(crate) trait CallNode<S: State>: Send + Sync {
    fn call<'a>(&'a self, attempt: &'a Attempt<'a, S>) -> BoxFuture<'a, Result<Command<S>, NodeError>>;
}

pub(crate) fn erase<S: State>(
    call: impl CallNode<S> + 'static,
    may_goto: bool,
    needs: Needs,
) -> ErasedNode<S> {
    ErasedNode { call: Arc::new(call), config: NodeConfig::default(), may_goto, needs, subgraph: None }
}

/// A function from a borrowed state and parameters to a future that may keep the borrow.
pub trait RefFn<'a, S, Args>: Send + Sync + 'static {
    /// What the future resolves to.
    type Output;
    /// The future.
    type Future: Future<Output = Self::Output> + Send + 'a;
    /// Calls it.
    fn call(&self, state: &'a S, args: Args) -> Self::Future;
}

/// A function from parameters alone.
pub trait ValueFn<Args>: Send + Sync + 'static {
    /// What the future resolves to.
    type Output;
    /// The future.
    type Future: Future<Output = Self::Output> + Send + 'static;
    /// Calls it.
    fn call(&self, args: Args) -> Self::Future;
}

macro_rules! functions {
    ($(($($name:ident $value:ident),*))*) => {$(
        impl<'a, S: 'a, F, Fut, $($name),*> RefFn<'a, S, ($($name,)*)> for F
        where
            F: Fn(&'a S, $($name),*) -> Fut + Send + Sync + 'static,
            Fut: Future + Send + 'a,
        {
            type Output = Fut::Output;
            type Future = Fut;
            fn call(&self, state: &'a S, ($($value,)*): ($($name,)*)) -> Fut { self(state, $($value),*) }
        }

        impl<F, Fut, $($name),*> ValueFn<($($name,)*)> for F
        where
            F: Fn($($name),*) -> Fut + Send + Sync + 'static,
            Fut: Future + Send + 'static,
        {
            type Output = Fut::Output;
            type Future = Fut;
            fn call(&self, ($($value,)*): ($($name,)*)) -> Fut { self($($value),*) }
        }
    )*};
}
functions!(()(A a)(A a, B b)(A a, B b, C c)(A a, B b, C c, D d)(A a, B b, C c, D d, E e));

/// Marks a function that takes the state.
#[derive(Debug)]
pub enum ByRef {}

/// Marks a function that takes parameters only.
#[derive(Debug)]
pub enum ByValue {}

/// Marks a type that implements [`Node`].
#[derive(Debug)]
pub enum IsNode {}

struct RefNode<F, M>(F, std::marker::PhantomData<fn() -> M>);
struct ValueNode<F, M>(F, std::marker::PhantomData<fn() -> M>);
struct TypeNode<N>(N);

impl<S, F, Args, R> IntoNode<S, (ByRef, Args, R)> for F
where
    S: State,
    F: for<'a> RefFn<'a, S, Args, Output = R>,
    Args: FromTask<S> + 'static,
    R: IntoCommand<S> + 'static,
{
    fn into_node(self) -> ErasedNode<S> {
        erase(RefNode::<F, (Args, R)>(self, std::marker::PhantomData), R::MAY_GOTO, Args::NEEDS)
    }
}

impl<S, F, Args, R> CallNode<S> for RefNode<F, (Args, R)>
where
    S: State,
    F: for<'a> RefFn<'a, S, Args, Output = R>,
    Args: FromTask<S> + 'static,
    R: IntoCommand<S> + 'static,
{
    fn call<'a>(&'a self, attempt: &Attempt<'a, S>) -> BoxFuture<'a, Result<Command<S>, NodeError>> {
        match Args::from_task(attempt) {
            // A combinator rather than an async block, which would move the future once more at its first poll.
            Ok(args) => Box::pin(self.0.call(attempt.state, args).map(R::into_command)),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }
}

impl<S, F, Args, R> IntoNode<S, (ByValue, Args, R)> for F
where
    S: State,
    F: ValueFn<Args, Output = R>,
    Args: FromTask<S> + 'static,
    R: IntoCommand<S> + 'static,
{
    fn into_node(self) -> ErasedNode<S> {
        erase(ValueNode::<F, (Args, R)>(self, std::marker::PhantomData), R::MAY_GOTO, Args::NEEDS)
    }
}

impl<S, F, Args, R> CallNode<S> for ValueNode<F, (Args, R)>
where
    S: State,
    F: ValueFn<Args, Output = R>,
    Args: FromTask<S> + 'static,
    R: IntoCommand<S> + 'static,
{
    fn call<'a>(&'a self, attempt: &Attempt<'a, S>) -> BoxFuture<'a, Result<Command<S>, NodeError>> {
        match Args::from_task(attempt) {
            Ok(args) => Box::pin(self.0.call(args).map(R::into_command)),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }
}

impl<S: State, N: Node<S>> IntoNode<S, IsNode> for N {
    fn into_node(self) -> ErasedNode<S> {
        erase(TypeNode(self), <N::Output as IntoCommand<S>>::MAY_GOTO, Needs::NOTHING)
    }
}

impl<S: State, N: Node<S>> CallNode<S> for TypeNode<N> {
    fn call<'a>(&'a self, attempt: &Attempt<'a, S>) -> BoxFuture<'a, Result<Command<S>, NodeError>> {
        Box::pin(self.0.run(attempt.state, attempt.ctx().clone()).map(IntoCommand::into_command))
    }
}
