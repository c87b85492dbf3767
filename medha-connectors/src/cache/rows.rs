//! Streams of rows that were kept, that are still on their way, and that somebody else's token does not stop.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{StreamExt, stream};
use tokio_util::sync::CancellationToken;

use crate::connector::RowStream;
use crate::error::ConnectorError;
use crate::value::{ResultColumn, ResultSet, Truncation};

/// Rows that were kept, up to where they ended.
pub(super) fn kept(result: Arc<ResultSet>, age: Option<Duration>, cancel: CancellationToken) -> RowStream {
    let ending = OnceLock::new();
    if let Some(truncation) = result.truncated {
        ending.get_or_init(|| truncation);
    }
    let columns = result.columns.clone();
    let rows = stream::iter(0..result.rows.len()).map(move |place| {
        if cancel.is_cancelled() { Err(ConnectorError::Cancelled) } else { Ok(result.rows[place].clone()) }
    });
    RowStream::already_limited(columns, rows, Arc::new(ending), age)
}

/// Rows whose columns are known and which somebody will have soon.
pub(super) fn soon(
    columns: Vec<ResultColumn>,
    rows: BoxFuture<'static, Result<RowStream, ConnectorError>>,
) -> RowStream {
    on_their_way(columns, OnTheirWay::Awaited(rows), CancellationToken::new())
}

/// Rows that also end when `cancel` says so, whose token the database was not told.
pub(super) fn stopped_by(rows: RowStream, cancel: CancellationToken) -> RowStream {
    on_their_way(rows.columns().to_vec(), OnTheirWay::Read(rows), cancel)
}

enum OnTheirWay {
    Awaited(BoxFuture<'static, Result<RowStream, ConnectorError>>),
    Read(RowStream),
}

fn on_their_way(columns: Vec<ResultColumn>, rows: OnTheirWay, cancel: CancellationToken) -> RowStream {
    let ending = Arc::new(OnceLock::new());
    let told = Arc::clone(&ending);
    let each = stream::unfold(Some(rows), move |rows| {
        let (told, cancel) = (Arc::clone(&told), cancel.clone());
        async move {
            let rows = rows?;
            tokio::select! {
                biased;
                () = cancel.cancelled() => Some((Err(ConnectorError::Cancelled), None)),
                next = next(rows, &told) => next,
            }
        }
    });
    RowStream::already_limited(columns, each, ending, None)
}

type Next = Option<(Result<Vec<crate::value::Value>, ConnectorError>, Option<OnTheirWay>)>;

async fn next(rows: OnTheirWay, ending: &OnceLock<Truncation>) -> Next {
    let mut stream = match rows {
        OnTheirWay::Read(stream) => stream,
        OnTheirWay::Awaited(stream) => match stream.await {
            Ok(stream) => stream,
            Err(error) => return Some((Err(error), None)),
        },
    };
    if let Some(row) = stream.next().await {
        return Some((row, Some(OnTheirWay::Read(stream))));
    }
    if let Some(truncation) = stream.truncated() {
        ending.get_or_init(|| truncation);
    }
    None
}
