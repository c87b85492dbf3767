//! A statement on its way: begun under a name of ours, read page by page, and cancelled unless it came to its end.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{sleep, timeout};

use super::client::{Client, JobName};
use super::failure;
use super::values::{self, Reading};
use crate::error::ConnectorError;
use crate::server::{Sender, Work};
use crate::value::Value;

/// Rows of the first page, so that something can be shown soon.
const FIRST_PAGE: usize = 1_000;
/// The most rows of a page.
const LARGEST_PAGE: usize = 50_000;
/// A page of about this size is worth its way; BigQuery itself stops at about 10 MB.
const PAGE_BYTES: usize = 2 * 1024 * 1024;
/// The pause before a job that is at work is asked for again.
const AT_WORK_PAUSE: Duration = Duration::from_millis(20);
/// A job that is cancelled may not have reached BigQuery yet; so long it is tried again.
const CANCEL_TIME: Duration = Duration::from_secs(10);
/// The pause after the first try; it doubles.
const CANCEL_PAUSE: Duration = Duration::from_millis(100);

/// A statement to run.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) sql: String,
    pub(super) readings: Vec<Reading>,
    pub(super) maximum_bytes_billed: u64,
    /// One more than the caller takes, to know whether there are more.
    pub(super) wanted: usize,
}

/// A job on BigQuery's side. Dropping it while it works cancels it there.
pub(super) struct Running {
    client: Arc<Client>,
    name: JobName,
    works: bool,
    /// Its place among those that run at once.
    _permit: OwnedSemaphorePermit,
    /// The stream that owns this may outlive its runtime.
    runtime: Handle,
}

impl Running {
    pub(super) fn new(client: Arc<Client>, permit: OwnedSemaphorePermit) -> Self {
        let id = format!("medha_{:032x}", fastrand::u128(..));
        let location = client.settings.location.clone();
        Self {
            name: JobName { id, location },
            client,
            works: false,
            _permit: permit,
            runtime: Handle::current(),
        }
    }

    /// Runs the statement and sends its rows, or why there are no more.
    pub(super) async fn pump(mut self, statement: Statement, work: Work, send: Sender) {
        if let Err(error) = self.read(&statement, &work, &send).await {
            let _ = send.send(Err(error)).await;
        }
    }

    async fn read(
        &mut self,
        statement: &Statement,
        work: &Work,
        send: &Sender,
    ) -> Result<(), ConnectorError> {
        let Statement { sql, readings, maximum_bytes_billed, wanted } = statement;
        let mut wanted = *wanted;
        // From here on it may work, whether we hear of it or not.
        self.works = true;
        let begun = self.client.insert(&mut self.name, sql, *maximum_bytes_billed, work).await;
        // What was refused, or never arrived, does not.
        self.works = !matches!(begun, Err(ConnectorError::Query { .. } | ConnectorError::Open { .. }));
        begun?;
        let mut token = String::new();
        let mut page = FIRST_PAGE;
        while wanted > 0 {
            let asked = u32::try_from(page.min(wanted)).unwrap_or(u32::MAX);
            let answer = self.client.page(&self.name, &token, asked, work).await;
            self.works = self.works && !matches!(answer, Err(ConnectorError::Query { .. }));
            let answer = answer?;
            if answer.job_complete != Some(true) {
                // BigQuery has waited already; one that has not is not asked without a pause.
                sleep(AT_WORK_PAUSE).await;
                continue;
            }
            self.works = false;
            let (rows, bytes) = decoded(answer.rows, readings)?;
            let count = rows.len();
            wanted = wanted.saturating_sub(count);
            token = answer.page_token;
            if send.send(Ok(rows)).await.is_err() || token.is_empty() {
                return Ok(());
            }
            page = (page * 8).min(PAGE_BYTES / (bytes / count.max(1)).max(1)).clamp(1, LARGEST_PAGE);
        }
        Ok(())
    }
}

/// The rows of a page, and how large they are.
fn decoded(
    rows: Vec<serde_json::Map<String, serde_json::Value>>,
    readings: &[Reading],
) -> Result<(Vec<Vec<Value>>, usize), ConnectorError> {
    let mut bytes = 0_usize;
    let read = rows.into_iter().map(|row| {
        let row = values::row(row, readings).ok_or_else(|| failure::unexpected("a row of other columns"))?;
        bytes = row.iter().map(Value::size).fold(bytes, usize::saturating_add);
        Ok(row)
    });
    let read = read.collect::<Result<Vec<_>, _>>()?;
    Ok((read, bytes))
}

impl Drop for Running {
    #[allow(clippy::disallowed_methods, reason = "the task ends within its time and owns all it works on")]
    fn drop(&mut self) {
        if self.works {
            let (client, name) = (Arc::clone(&self.client), self.name.clone());
            self.runtime.spawn(async move {
                let cancelled = timeout(CANCEL_TIME, cancel(&client, &name)).await;
                if !matches!(cancelled, Ok(Ok(()))) {
                    tracing::warn!(
                        job = name.id,
                        ?cancelled,
                        "a job could not be cancelled; its own time limit ends it"
                    );
                }
            });
        }
    }
}

async fn cancel(client: &Client, name: &JobName) -> Result<(), google_cloud_gax::error::Error> {
    let mut pause = CANCEL_PAUSE;
    while !client.cancel(name).await? {
        sleep(pause).await;
        pause *= 2;
    }
    Ok(())
}
