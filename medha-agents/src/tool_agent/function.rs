//! Async functions as tools: the schema of their arguments is read from the type.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use medha_graph::{NodeError, RetryPolicy};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::context::ToolContext;
use super::failure::ToolMistake;
use super::outcome::{IntoToolOutcome, ToolOutcome};
use super::tool::{Tool, ToolSettings};
use crate::chat::ToolSpec;

/// Makes a tool of an async function that takes its arguments, and a [`ToolContext`] if it wants one.
///
/// ```
/// use medha_agents::tool_agent::tool;
/// use schemars::JsonSchema;
/// use serde::Deserialize;
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Sum {
///     /// The numbers to add.
///     numbers: Vec<f64>,
/// }
///
/// async fn sum(args: Sum) -> String {
///     args.numbers.iter().sum::<f64>().to_string()
/// }
/// let sum = tool("sum", "Adds numbers.", sum);
/// # let _ = sum;
/// ```
pub fn tool<M: 'static, F: ToolFn<M>>(
    name: impl Into<String>,
    description: impl Into<String>,
    function: F,
) -> FunctionTool {
    let mut parameters = schemars::schema_for!(F::Args);
    // Providers refuse a schema without it, and a type without fields has none.
    if parameters.get("properties").is_none() {
        parameters.insert("properties".to_owned(), Value::Object(Map::new()));
    }
    let parameters = parameters.to_value();
    let spec = ToolSpec { name: name.into(), description: description.into(), parameters };
    let call = Arc::new(Typed(function, PhantomData::<fn() -> M>));
    FunctionTool { spec, settings: ToolSettings::default(), call }
}

/// An async function as a tool; made by [`tool`].
#[derive(Clone)]
pub struct FunctionTool {
    spec: ToolSpec,
    settings: ToolSettings,
    call: Arc<dyn CallTool>,
}

impl FunctionTool {
    /// Tries again after a failure, as the policy says.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.settings = self.settings.retry(policy);
        self
    }

    /// Fails a call that takes longer.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.settings = self.settings.timeout(limit);
        self
    }

    /// Makes its result the answer: the model does not read it first.
    #[must_use]
    pub fn return_direct(mut self) -> Self {
        self.settings = self.settings.return_direct();
        self
    }

    /// Says that a call changes something outside: one that came to its end is not made again.
    #[must_use]
    pub fn side_effects(mut self) -> Self {
        self.settings = self.settings.side_effects();
        self
    }

    /// Asks a person before each call.
    #[must_use]
    pub fn approval(mut self) -> Self {
        self.settings = self.settings.approval();
        self
    }
}

impl Tool for FunctionTool {
    fn spec(&self) -> ToolSpec {
        self.spec.clone()
    }

    fn call<'a>(
        &'a self,
        arguments: Value,
        ctx: ToolContext<'a>,
    ) -> BoxFuture<'a, Result<ToolOutcome, NodeError>> {
        self.call.call(arguments, ctx)
    }

    fn settings(&self) -> ToolSettings {
        self.settings.clone()
    }
}

impl fmt::Debug for FunctionTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionTool")
            .field("spec", &self.spec)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// An async function that can be a tool. `M` is a marker the compiler finds.
#[diagnostic::on_unimplemented(
    message = "this is not a tool function",
    note = "a tool is an async function that takes its arguments (a type that is `JsonSchema` and `Deserialize`), then a `ToolContext<'_>` if it wants one",
    note = "it returns `String`, `&'static str`, `serde_json::Value`, `()`, `ToolOutcome`, or a `Result` of these"
)]
pub trait ToolFn<M>: Send + Sync + 'static {
    /// The arguments.
    type Args: JsonSchema + DeserializeOwned + Send;
    /// Calls it.
    fn call<'a>(
        &'a self,
        args: Self::Args,
        ctx: ToolContext<'a>,
    ) -> BoxFuture<'a, Result<ToolOutcome, NodeError>>;
}

/// Marks a function of its arguments alone.
#[derive(Debug)]
pub enum ByArgs {}

/// Marks a function that takes the context too.
#[derive(Debug)]
pub enum WithContext {}

impl<F, A, Fut, R> ToolFn<(ByArgs, A, R)> for F
where
    F: Fn(A) -> Fut + Send + Sync + 'static,
    A: JsonSchema + DeserializeOwned + Send,
    Fut: Future<Output = R> + Send + 'static,
    R: IntoToolOutcome,
{
    type Args = A;

    fn call<'a>(&'a self, args: A, _: ToolContext<'a>) -> BoxFuture<'a, Result<ToolOutcome, NodeError>> {
        let work = self(args);
        Box::pin(async move { work.await.into_outcome() })
    }
}

/// A function of arguments and a context whose future may borrow what the context borrows.
pub trait ContextFn<'a, A>: Send + Sync + 'static {
    /// What the future resolves to.
    type Output;
    /// The future.
    type Future: Future<Output = Self::Output> + Send + 'a;
    /// Calls it.
    fn call(&self, args: A, ctx: ToolContext<'a>) -> Self::Future;
}

impl<'a, F, A, Fut> ContextFn<'a, A> for F
where
    F: Fn(A, ToolContext<'a>) -> Fut + Send + Sync + 'static,
    Fut: Future + Send + 'a,
{
    type Output = Fut::Output;
    type Future = Fut;

    fn call(&self, args: A, ctx: ToolContext<'a>) -> Fut {
        self(args, ctx)
    }
}

impl<F, A, R> ToolFn<(WithContext, A, R)> for F
where
    F: for<'a> ContextFn<'a, A, Output = R>,
    A: JsonSchema + DeserializeOwned + Send,
    R: IntoToolOutcome,
{
    type Args = A;

    fn call<'a>(&'a self, args: A, ctx: ToolContext<'a>) -> BoxFuture<'a, Result<ToolOutcome, NodeError>> {
        let work = ContextFn::call(self, args, ctx);
        Box::pin(async move { work.await.into_outcome() })
    }
}

/// A tool function of any type: the one place where it is erased.
trait CallTool: Send + Sync {
    fn call<'a>(
        &'a self,
        arguments: Value,
        ctx: ToolContext<'a>,
    ) -> BoxFuture<'a, Result<ToolOutcome, NodeError>>;
}

struct Typed<F, M>(F, PhantomData<fn() -> M>);

impl<M, F: ToolFn<M>> CallTool for Typed<F, M> {
    fn call<'a>(
        &'a self,
        arguments: Value,
        ctx: ToolContext<'a>,
    ) -> BoxFuture<'a, Result<ToolOutcome, NodeError>> {
        match serde_json::from_value::<F::Args>(arguments) {
            Ok(args) => self.0.call(args, ctx),
            Err(error) => {
                let mistake =
                    ToolMistake::Arguments { tool: ctx.call.name.clone(), reason: error.to_string() };
                Box::pin(std::future::ready(Err(NodeError::from(mistake).terminal())))
            }
        }
    }
}
