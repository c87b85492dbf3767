//! What can be set for one node: retries, timeouts, when it runs, where its commands may go.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use super::cached::policy::CachePolicy;
use super::confined::Confined;
use super::function::{ErasedNode, IntoNode};
use crate::engine::retry::RetryPolicy;
use crate::engine::timer::Timeouts;
use crate::state::State;

/// `.retry(..)`, `.timeout(..)`, `.defer()`, `.cache(..)` and `.goes_to(..)` on anything that can be a node.
pub trait NodeExt<S: State, M>: IntoNode<S, M> {
    /// Tries again after a failure, as the policy says; a further policy decides what those before it do not match.
    fn retry(self, policy: RetryPolicy) -> Configured<Self, S, M> {
        Configured::new(self).retry(policy)
    }

    /// Fails an attempt that takes longer; the policy may then try again.
    fn timeout(self, limit: Duration) -> Configured<Self, S, M> {
        Configured::new(self).timeout(limit)
    }

    /// Fails an attempt that gives no sign of life for so long: anything it does through its `Ctx` is one.
    fn idle_timeout(self, limit: Duration) -> Configured<Self, S, M> {
        Configured::new(self).idle_timeout(limit)
    }

    /// Fails an attempt that sends no [`heartbeat`](crate::Ctx::heartbeat) for so long.
    fn heartbeat_timeout(self, limit: Duration) -> Configured<Self, S, M> {
        Configured::new(self).heartbeat_timeout(limit)
    }

    /// Lets at most this many tasks of this node run at once; the tasks of other nodes do not wait for them.
    ///
    /// ```
    /// use medha_graph::prelude::*;
    ///
    /// #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
    /// struct Crawl { #[state(append)] pages: Vec<u32> }
    ///
    /// async fn fetch(Payload(page): Payload<u32>) -> CrawlUpdate { Crawl::update().pages([page]) }
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let graph = StateGraph::<Crawl>::new("crawl")
    ///     .node("fetch", fetch.concurrency(4))             // the site does not like more
    ///     .fan_out(START, "fetch", |_| 0..100_u32)
    ///     .edge("fetch", END)
    ///     .compile().unwrap();
    /// assert_eq!(graph.invoke(Crawl::update()).await.unwrap().state().pages.len(), 100);
    /// # }
    /// ```
    fn concurrency(self, tasks: usize) -> Configured<Self, S, M> {
        Configured::new(self).concurrency(tasks)
    }

    /// Runs this node only when nothing else is queued, payload tasks included.
    fn defer(self) -> Configured<Self, S, M> {
        Configured::new(self).defer()
    }

    /// Keeps what it comes to, for when it is given the same again; the graph needs a cache.
    fn cache(self, policy: CachePolicy<S>) -> Configured<Self, S, M> {
        Configured::new(self).cache(policy)
    }

    /// Says where its commands go, for the build checks and the drawing.
    fn goes_to<N: Into<String>>(self, targets: impl IntoIterator<Item = N>) -> Configured<Self, S, M> {
        Configured::new(self).goes_to(targets)
    }

    /// Says which fields of the state it may write. An attempt that writes another fails for good, and of nodes that one
    /// source starts together, no two may write the same field without a reducer: the graph is then refused.
    ///
    /// ```
    /// use medha_graph::prelude::*;
    ///
    /// #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
    /// struct Quote { price: u32 }
    ///
    /// async fn ask(_: &Quote) -> QuoteUpdate { Quote::update().price(7) }
    ///
    /// let error = StateGraph::<Quote>::new("quote")
    ///     .node("one shop", ask.writes(["price"])).node("another", ask.writes(["price"]))
    ///     .edge(START, "one shop").edge(START, "another").edge("one shop", END).edge("another", END)
    ///     .compile().unwrap_err();
    /// assert!(error.to_string().contains("run at once and both write `price`"));
    /// ```
    fn writes<N: Into<String>>(self, fields: impl IntoIterator<Item = N>) -> Configured<Self, S, M> {
        Configured::new(self).writes(fields)
    }
}

impl<S: State, M, T: IntoNode<S, M>> NodeExt<S, M> for T {}

/// A node with its settings; made by [`NodeExt`].
#[derive(Debug)]
pub struct Configured<T, S: State, M> {
    node: T,
    config: NodeConfig,
    cache: Option<CachePolicy<S>>,
    marker: PhantomData<fn() -> (S, M)>,
}

/// The settings of one node.
#[derive(Clone, Debug, Default)]
pub(crate) struct NodeConfig {
    /// The first that matches a failure decides.
    pub(crate) retry: Vec<RetryPolicy>,
    pub(crate) timeouts: Timeouts,
    /// How many of its tasks run at once.
    pub(crate) concurrency: Option<usize>,
    pub(crate) is_deferred: bool,
    pub(crate) goes_to: Vec<String>,
    /// The fields it may write; any, if nothing was said.
    pub(crate) writes: Option<Vec<String>>,
    /// Whether it keeps what it comes to.
    pub(crate) is_cached: bool,
}

impl<T, S: State, M> Configured<T, S, M> {
    pub(crate) fn new(node: T) -> Self {
        Self { node, config: NodeConfig::default(), cache: None, marker: PhantomData }
    }

    /// Tries again after a failure, as the policy says; a further policy decides what those before it do not match.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.config.retry.push(policy);
        self
    }

    /// Fails an attempt that takes longer; the policy may then try again.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.config.timeouts.run = Some(limit);
        self
    }

    /// Fails an attempt that gives no sign of life for so long: anything it does through its `Ctx` is one.
    #[must_use]
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.config.timeouts.idle = Some(limit);
        self
    }

    /// Fails an attempt that sends no [`heartbeat`](crate::Ctx::heartbeat) for so long.
    #[must_use]
    pub fn heartbeat_timeout(mut self, limit: Duration) -> Self {
        self.config.timeouts.heartbeat = Some(limit);
        self
    }

    /// Lets at most this many tasks of this node run at once; the tasks of other nodes do not wait for them.
    #[must_use]
    pub fn concurrency(mut self, tasks: usize) -> Self {
        self.config.concurrency = Some(tasks);
        self
    }

    /// Runs this node only when nothing else is queued, payload tasks included.
    #[must_use]
    pub fn defer(mut self) -> Self {
        self.config.is_deferred = true;
        self
    }

    /// Keeps what it comes to, for when it is given the same again; the graph needs a cache.
    #[must_use]
    pub fn cache(mut self, policy: CachePolicy<S>) -> Self {
        self.cache = Some(policy);
        self
    }

    /// Says where its commands go, for the build checks and the drawing.
    #[must_use]
    pub fn goes_to<N: Into<String>>(mut self, targets: impl IntoIterator<Item = N>) -> Self {
        self.config.goes_to.extend(targets.into_iter().map(Into::into));
        self
    }

    /// Says which fields of the state it may write: writing another fails, and the build checks know of it.
    #[must_use]
    pub fn writes<N: Into<String>>(mut self, fields: impl IntoIterator<Item = N>) -> Self {
        self.config.writes.get_or_insert_default().extend(fields.into_iter().map(Into::into));
        self
    }
}

/// Marks a node that carries settings.
#[derive(Debug)]
pub enum WithConfig {}

impl<T, S: State, M> IntoNode<S, (WithConfig, M)> for Configured<T, S, M>
where
    T: IntoNode<S, M>,
{
    fn into_node(self) -> ErasedNode<S> {
        let mut node = self.node.into_node();
        if let Some(fields) = &self.config.writes {
            node.call = Arc::new(Confined::new(node.call, fields));
        }
        node.config = self.config;
        if let Some(policy) = self.cache {
            node.keep(policy);
        }
        node
    }
}
