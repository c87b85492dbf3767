//! One caller and what it wants: from memory, with others who want the same, or alone.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::flight::{Flight, Flights, Seat};
use super::key::CacheKey;
use super::load::{Loaded, Tiers, now};
use super::near::{Content, Entry};
use super::rows;
use crate::connector::{QueryOptions, RowStream};
use crate::error::ConnectorError;
use crate::value::ResultColumn;

/// The loads that are on their way, by key and generation.
pub(super) type Loads = Flights<(CacheKey, u64), Columns, Landed>;
type Columns = watch::Receiver<Option<Vec<ResultColumn>>>;
type Landed = Result<Loaded, ConnectorError>;

/// A caller.
pub(super) struct Asking<L> {
    pub(super) tiers: Arc<Tiers>,
    pub(super) loads: Arc<Loads>,
    pub(super) key: CacheKey,
    pub(super) options: QueryOptions,
    pub(super) started: Instant,
    pub(super) load: L,
}

impl<L, Q> Asking<L>
where
    L: Fn(QueryOptions) -> Q + Send + Sync + 'static,
    Q: Future<Output = Result<RowStream, ConnectorError>> + Send + 'static,
{
    /// The rows, as soon as their columns are known.
    pub(super) fn rows(self: Arc<Self>) -> BoxFuture<'static, Result<RowStream, ConnectorError>> {
        async move {
            if self.options.cancel.is_cancelled() {
                return Err(ConnectorError::Cancelled);
            }
            let generation = self.tiers.generations.of(self.key.connection());
            if let Some(entry) = self.tiers.near.find(&self.key, generation, now()).await {
                return self.kept(&entry).await;
            }
            let (flight, mut columns, seat) = self.loads.board(&(self.key.clone(), generation), || {
                let (told, columns) = watch::channel(None);
                // The query is everybody's, so nobody's token stops it.
                let query = (self.load)(self.left_over(CancellationToken::new()));
                (columns, Arc::clone(&self.tiers).load(self.key.clone(), generation, told, query))
            });
            let known = async {
                let known = columns.wait_for(Option::is_some).await.map(|known| known.clone());
                match known {
                    Ok(known) => known.unwrap_or_default(),
                    // Nobody will tell any more: it has landed.
                    Err(_) => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = self.options.cancel.cancelled() => Err(ConnectorError::Cancelled),
                landed = timeout(self.left(), flight.clone()) => match landed {
                    Ok(landed) => self.landed(landed, seat).await,
                    Err(_) => Err(self.late()),
                },
                columns = known => Ok(rows::soon(columns, Arc::clone(&self).landing(flight, seat))),
            }
        }
        .boxed()
    }

    /// The rows of a flight whose columns are known.
    fn landing(
        self: Arc<Self>,
        flight: Flight<Landed>,
        seat: Seat,
    ) -> BoxFuture<'static, Result<RowStream, ConnectorError>> {
        async move {
            tokio::select! {
                biased;
                () = self.options.cancel.cancelled() => Err(ConnectorError::Cancelled),
                landed = timeout(self.left(), flight) => match landed {
                    Ok(landed) => self.landed(landed, seat).await,
                    Err(_) => Err(self.late()),
                },
            }
        }
        .boxed()
    }

    async fn landed(self: &Arc<Self>, landed: Landed, seat: Seat) -> Result<RowStream, ConnectorError> {
        match (landed, seat) {
            (Ok(Loaded::Fresh(result)), _) => Ok(rows::kept(result, None, self.options.cancel.clone())),
            (Ok(Loaded::Kept(entry)), _) => self.kept(&entry).await,
            (Ok(Loaded::Large(large)), Seat::Leads) => match large.take() {
                Some(large) => Ok(rows::stopped_by(large, self.options.cancel.clone())),
                None => self.alone().await,
            },
            (Ok(Loaded::Large(_)), Seat::Follows) => self.alone().await,
            // Whoever began had less time.
            (Err(ConnectorError::Deadline { .. }), Seat::Follows) if !self.left().is_zero() => {
                Arc::clone(self).rows().await
            }
            (Err(ConnectorError::Deadline { .. }), _) => Err(self.late()),
            (Err(error), _) => Err(error),
        }
    }

    async fn kept(&self, entry: &Entry) -> Result<RowStream, ConnectorError> {
        match &entry.content {
            Content::Rows(result) => {
                let age = now().saturating_duration_since(entry.since);
                Ok(rows::kept(Arc::clone(result), Some(age), self.options.cancel.clone()))
            }
            Content::TooLarge => self.alone().await,
        }
    }

    /// Straight from the database.
    async fn alone(&self) -> Result<RowStream, ConnectorError> {
        (self.load)(self.left_over(self.options.cancel.clone())).await
    }

    fn left_over(&self, cancel: CancellationToken) -> QueryOptions {
        QueryOptions { deadline: self.left(), cancel, ..self.options.clone() }
    }

    fn left(&self) -> Duration {
        self.options.deadline.saturating_sub(self.started.elapsed())
    }

    fn late(&self) -> ConnectorError {
        ConnectorError::Deadline { after: self.options.deadline }
    }
}
