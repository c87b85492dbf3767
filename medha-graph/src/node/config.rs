//! What can be set for one node: retries, a timeout, when it runs, where its commands may go.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use super::cached::call::CachedNode;
use super::cached::policy::CachePolicy;
use super::function::{ErasedNode, IntoNode};
use crate::engine::retry::RetryPolicy;
use crate::state::State;

/// `.retry(..)`, `.timeout(..)`, `.defer()`, `.cache(..)` and `.goes_to(..)` on anything that can be a node.
pub trait NodeExt<S: State, M>: IntoNode<S, M> {
    /// Tries again after a failure, as the policy says.
    fn retry(self, policy: RetryPolicy) -> Configured<Self, S, M> {
        Configured::new(self).retry(policy)
    }

    /// Fails an attempt that takes longer; the policy may then try again.
    fn timeout(self, limit: Duration) -> Configured<Self, S, M> {
        Configured::new(self).timeout(limit)
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
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) is_deferred: bool,
    pub(crate) goes_to: Vec<String>,
}

impl<T, S: State, M> Configured<T, S, M> {
    fn new(node: T) -> Self {
        Self { node, config: NodeConfig::default(), cache: None, marker: PhantomData }
    }

    /// Tries again after a failure, as the policy says.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.config.retry = Some(policy);
        self
    }

    /// Fails an attempt that takes longer; the policy may then try again.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.config.timeout = Some(limit);
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
        node.config = self.config;
        if let Some(policy) = self.cache {
            node.call = Arc::new(CachedNode { inner: node.call, policy });
        }
        node
    }
}
