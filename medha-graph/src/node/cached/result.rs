//! The results of calls inside a node that are kept for other runs.

use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::call::Caching;
use super::digest::Digest;
use crate::engine::json::Json;
use crate::node::context::Ctx;
use crate::node::task::{Emission, GraphRef};
use crate::store::cache::node_cache::CacheKey;

/// The version of [`Kept`].
const FORMAT: u32 = 1;

/// A result as it is kept. A change of shape gets a new number, and what has another number is not used.
#[derive(Debug, Serialize, Deserialize)]
struct Kept<T> {
    format: u32,
    result: T,
}

/// A place in the cache for what one call comes to.
pub(crate) struct CachePlace {
    caching: Arc<Caching>,
    key: CacheKey,
    ttl: Option<Duration>,
}

impl CachePlace {
    /// Where the result of this call is kept; nowhere if the graph has no cache.
    pub(crate) fn of(ctx: &Ctx, name: &str, args: &Value, ttl: Option<Duration>) -> Option<Self> {
        let caching = ctx.values().get::<Caching>()?;
        let GraphRef { name: graph, version, fingerprint } = ctx.graph();
        let node = &ctx.task().node;
        let digest = Digest::of_graph(*version, fingerprint).text(graph).text(node).text("call").text(name);
        let key =
            CacheKey { graph: Arc::clone(graph), node: Arc::clone(node), digest: digest.json(args).finish() };
        Some(Self { caching, key, ttl })
    }

    /// What is kept, if it is there and fits. A cache that fails stops no call.
    pub(crate) async fn look_up<T: DeserializeOwned>(&self, ctx: &Ctx) -> Option<T> {
        let found = match self.caching.cache.get(&self.key).await {
            Ok(found) => found?,
            Err(error) => {
                report(ctx, &error.to_string());
                return None;
            }
        };
        match found.read::<Kept<T>>() {
            Ok(Kept { format: FORMAT, result }) => Some(result),
            Ok(Kept { format, .. }) => {
                report(
                    ctx,
                    &format!("what was kept has format {format}, and this program reads format {FORMAT}"),
                );
                None
            }
            Err(error) => {
                report(ctx, &format!("what was kept cannot be used: {error}"));
                None
            }
        }
    }

    /// Keeps what [`kept`] has written.
    pub(crate) async fn keep(&self, ctx: &Ctx, kept: Result<Json, serde_json::Error>) {
        let kept = match kept {
            Ok(kept) => kept,
            Err(error) => return report(ctx, &format!("the result cannot be kept: {error}")),
        };
        if let Err(error) = self.caching.cache.put(&self.key, kept, self.ttl).await {
            report(ctx, &error.to_string());
        }
    }
}

/// A result as it is kept; apart, so that it need not be borrowed while the cache works.
pub(crate) fn kept<T: Serialize>(result: &T) -> Result<Json, serde_json::Error> {
    Json::of(&Kept { format: FORMAT, result })
}

fn report(ctx: &Ctx, error: &str) {
    let (graph, node) = (&*ctx.graph().name, &*ctx.task().node);
    tracing::warn!(graph, node, error, "the cache failed, and the call is made without it");
    ctx.emit_more(|| Emission::CacheFailed(error.to_owned()));
}
