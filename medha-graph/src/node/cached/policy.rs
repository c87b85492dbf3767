//! What is kept of a node, for how long, and what tells two tasks apart.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::digest::Digest;
use crate::node::extract::Attempt;
use crate::state::State;
use crate::store::cache::node_cache::CacheKey;

/// Keeps what a node comes to, and uses it in place of a run of the node when it is given the same again: by any
/// thread, in this run or a later one.
///
/// What a node is given is the state and its payload, or the failure it handles. Dependencies, the clock and the code
/// are not seen: give a [`ttl`](Self::ttl), or [clear](crate::CompiledGraph::clear_cache) the node when they change. A
/// graph that changes begins anew. Only what a node finished is kept, never a failure or a question; a task that was
/// given answers is that thread's own and neither uses the cache nor fills it. What must not be stored (an untracked
/// field) is not kept either: a node that wrote one runs every time, and says so.
///
/// Tasks of one superstep that are given the same run once. Two runs that need the same at once both run the node.
///
/// ```
/// use std::time::Duration;
/// use medha_graph::prelude::*;
/// use medha_graph::{CachePolicy, MemoryCache};
///
/// #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
/// struct Trip { city: String, user: String, weather: String }
///
/// async fn forecast(trip: &Trip) -> TripUpdate {
///     Trip::update().weather(format!("rain in {}, asked for by {}", trip.city, trip.user))
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let hour = Duration::from_secs(3600);
/// let by_city = CachePolicy::new().ttl(hour).key(|trip: &Trip| trip.city.clone());
/// let graph = StateGraph::<Trip>::new("trip")
///     .node("forecast", forecast.cache(by_city))
///     .edge(START, "forecast").edge("forecast", END).compile()?
///     .with_cache(MemoryCache::new());
///
/// graph.invoke(Trip::update().city("Bergen").user("ann")).await?;
/// let trip = graph.invoke(Trip::update().city("Bergen").user("bob")).await?.into_state();
/// assert_eq!(trip.weather, "rain in Bergen, asked for by ann");
/// # Ok(()) }
/// ```
#[must_use = "a policy does nothing until a node gets it with `.cache(..)`"]
pub struct CachePolicy<S: State> {
    pub(super) ttl: Option<Duration>,
    key: Option<Arc<KeyOf<S>>>,
}

type KeyOf<S> = dyn Fn(&S) -> Result<Value, serde_json::Error> + Send + Sync;

impl<S: State> CachePolicy<S> {
    /// Keeps results for as long as the cache has room, and tells tasks apart by the whole state and the payload.
    pub fn new() -> Self {
        Self { ttl: None, key: None }
    }

    /// Keeps a result for this long.
    pub fn ttl(mut self, lifetime: Duration) -> Self {
        self.ttl = Some(lifetime);
        self
    }

    /// Tells tasks apart by this part of the state, in place of the whole. Payloads always tell them apart.
    ///
    /// It must hold everything the node reads of the state. Without it, what other nodes write to the state makes the
    /// task another one.
    pub fn key<K: Serialize>(mut self, part: impl Fn(&S) -> K + Send + Sync + 'static) -> Self {
        self.key = Some(Arc::new(move |state| serde_json::to_value(part(state))));
        self
    }

    /// The key of a task, or why it has none.
    pub(super) fn key_of(&self, attempt: &Attempt<'_, S>) -> Result<CacheKey, serde_json::Error> {
        let read = match &self.key {
            Some(key) => key(attempt.state)?,
            None => serde_json::to_value(attempt.state)?,
        };
        let (graph, node) = (attempt.topology, attempt.origin.node());
        let digest = Digest::of_graph(graph.version, &graph.fingerprint)
            .text(&graph.name)
            .text(node)
            .json(&read)
            .json(&serde_json::to_value(attempt.input)?);
        Ok(CacheKey { graph: Arc::clone(&graph.name), node: Arc::from(node), digest: digest.finish() })
    }
}

impl<S: State> Default for CachePolicy<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: State> Clone for CachePolicy<S> {
    fn clone(&self) -> Self {
        Self { ttl: self.ttl, key: self.key.clone() }
    }
}

impl<S: State> fmt::Debug for CachePolicy<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = if self.key.is_some() { "a part of the state" } else { "the state" };
        f.debug_struct("CachePolicy").field("ttl", &self.ttl).field("key", &key).finish()
    }
}
