//! The node around a node: looks the result up, or runs the node and keeps the result.

use std::fmt::Display;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::flight::{Flights, Seat};
use super::policy::CachePolicy;
use crate::engine::ledger;
use crate::engine::record::{Json, StoredOutcome};
use crate::engine::restore::{targets, updates};
use crate::graph::topology::Topology;
use crate::node::command::Command;
use crate::node::error::NodeError;
use crate::node::extract::Attempt;
use crate::node::function::CallNode;
use crate::state::State;
use crate::store::cache::node_cache::{CacheKey, NodeCache};

/// The cache of a graph, which its cached nodes find among the dependencies.
#[derive(Debug)]
pub(crate) struct Caching {
    pub(crate) cache: Arc<dyn NodeCache>,
    flights: Flights,
}

impl Caching {
    pub(crate) fn new(cache: impl NodeCache) -> Self {
        Self { cache: Arc::new(cache), flights: Flights::default() }
    }
}

/// A node whose results are kept.
pub(crate) struct CachedNode<S: State> {
    pub(crate) inner: Arc<dyn CallNode<S>>,
    pub(crate) policy: CachePolicy<S>,
}

/// A result as it is kept. A change of shape gets a new number, and what has another number is not used.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    format: u32,
    outcome: StoredOutcome,
}

/// What every shape begins with.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// The version of [`Kept`].
const FORMAT: u32 = 1;

impl<S: State> CallNode<S> for CachedNode<S> {
    fn call<'a>(&'a self, attempt: &'a Attempt<'a, S>) -> BoxFuture<'a, Result<Command<S>, NodeError>> {
        // What a human answered in this thread is not to be used in others.
        let caching = attempt.origin.values().get::<Caching>().filter(|_| attempt.answers.is_empty());
        let Some(caching) = caching else { return self.inner.call(attempt) };
        match self.policy.key_of(attempt) {
            Ok(key) => Box::pin(self.through(caching, key, attempt)),
            Err(error) => {
                report(attempt, format!("what the node is given cannot be written as JSON: {error}"));
                self.inner.call(attempt)
            }
        }
    }
}

impl<S: State> CachedNode<S> {
    async fn through<'a>(
        &'a self,
        caching: Arc<Caching>,
        key: CacheKey,
        attempt: &'a Attempt<'a, S>,
    ) -> Result<Command<S>, NodeError> {
        if let Some(command) = look_up(&caching, &key, attempt).await {
            return Ok(command);
        }
        let seat = caching.flights.board(attempt.origin.superstep(), &key);
        let leads = match seat {
            Seat::Leads(_) => Some(seat),
            Seat::Follows(landing) => {
                landing.wait().await;
                if let Some(command) = look_up(&caching, &key, attempt).await {
                    return Ok(command);
                }
                None
            }
        };
        let command = self.inner.call(attempt).await?;
        self.keep(&caching, &key, &command, attempt).await;
        drop(leads);
        Ok(command)
    }

    async fn keep(&self, caching: &Caching, key: &CacheKey, command: &Command<S>, attempt: &Attempt<'_, S>) {
        let value = match to_kept(attempt.topology, command) {
            Ok(value) => value,
            Err(why) => return report(attempt, format!("what the node wrote cannot be kept: {why}")),
        };
        if let Err(error) = caching.cache.put(key, value, self.policy.ttl).await {
            report(attempt, error);
        }
    }
}

async fn look_up<S: State>(
    caching: &Caching,
    key: &CacheKey,
    attempt: &Attempt<'_, S>,
) -> Option<Command<S>> {
    match caching.cache.get(key).await {
        Ok(kept) => match from_kept(attempt.topology, &kept?) {
            Ok(command) => Some(command),
            Err(why) => {
                report(attempt, format!("what was kept cannot be used: {why}"));
                None
            }
        },
        Err(error) => {
            report(attempt, error);
            None
        }
    }
}

fn to_kept<S: State>(topology: &Topology<S>, command: &Command<S>) -> Result<Json, String> {
    let untracked = command.written(&topology.fields).minus(topology.tracked);
    if let Some(position) = untracked.first() {
        return Err(format!("field `{}` is not to be stored", topology.fields[position].name));
    }
    let outcome = ledger::outcome(topology, command)?;
    Json::of(&Kept { format: FORMAT, outcome }).map_err(|error| error.to_string())
}

fn from_kept<S: State>(topology: &Topology<S>, json: &Json) -> Result<Command<S>, String> {
    let unreadable = |error: serde_json::Error| error.to_string();
    let Format { format } = json.read().map_err(unreadable)?;
    if format != FORMAT {
        return Err(format!("it has format {format}, and this program reads format {FORMAT}"));
    }
    let Kept { outcome, .. } = json.read().map_err(unreadable)?;
    let StoredOutcome::Done { writes, goto, timeouts } = outcome else {
        return Err("it is a failure".to_owned());
    };
    let updates = updates(topology, &writes).map_err(|why| why.to_string())?;
    Ok(Command::from_cache(updates, targets(&goto, &timeouts)))
}

/// A cache that fails stops no run, but is not passed over in silence.
fn report<S: State>(attempt: &Attempt<'_, S>, error: impl Display) {
    let (graph, node, error) = (&*attempt.topology.name, attempt.origin.node(), error.to_string());
    tracing::warn!(graph, node, error, "the cache failed, and the node runs without it");
    attempt.origin.cache_failed(error);
}
