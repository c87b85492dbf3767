//! The audit record of an analyst: one line for every statement that was to be asked of the database.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use medha_connectors::audit::{AuditError, AuditLog, AuditRecord, Decision};
use medha_connectors::{ConnectorError, GuardedSql};

use super::clock::Clock;
use super::tools::milliseconds;
use super::trouble::Trouble;

/// Where what an analyst asks of its database is noted, and in whose name.
///
/// Every statement has one line, whatever becomes of it. An answer whose line cannot be written is not given.
#[derive(Clone)]
pub struct AuditTrail {
    log: Arc<AuditLog>,
    user: String,
    connection: String,
}

impl AuditTrail {
    /// Notes in this log what `user` asks of `connection`, a name or an address without secrets.
    #[must_use]
    pub fn new(log: Arc<AuditLog>, user: impl Into<String>, connection: impl Into<String>) -> Self {
        Self { log, user: user.into(), connection: connection.into() }
    }

    /// Begins the line of a statement.
    pub(crate) fn begin(&self, clock: &Arc<dyn Clock>, question: Option<&str>, asked: &str) -> Noting {
        let mut record = AuditRecord::new(&self.user, &self.connection, asked);
        record.at = clock.now();
        record.question = question.map(str::to_owned);
        let pending = Pending { log: Arc::clone(&self.log), record, sent_at: None };
        Noting { pending: Some(pending), clock: Arc::clone(clock) }
    }
}

impl fmt::Debug for AuditTrail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditTrail")
            .field("log", &self.log.path())
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// A statement whose line is not written yet. If it is dropped before it ends, whoever asked has gone: that is noted.
pub(crate) struct Noting {
    pending: Option<Pending>,
    clock: Arc<dyn Clock>,
}

struct Pending {
    log: Arc<AuditLog>,
    record: AuditRecord,
    sent_at: Option<Timestamp>,
}

impl Pending {
    fn write(self) -> Result<(), AuditError> {
        self.log.append(&self.record).map(drop)
    }
}

impl Noting {
    /// The statement has passed the guard and is sent.
    pub(crate) fn sent(&mut self, checked: &GuardedSql) {
        if let Some(Pending { record, sent_at, .. }) = &mut self.pending {
            record.sent = Some(checked.without_salts(checked.as_str()));
            record.tables = checked.tables().to_vec();
            record.columns = checked.columns().to_vec();
            record.rules = checked.rules().to_vec();
            *sent_at = Some(self.clock.now());
        }
    }

    /// The database has answered with so many rows, or failed; the user may have been told to name a reference.
    pub(crate) async fn ended(
        mut self,
        rows: Result<usize, &ConnectorError>,
        reference: Option<String>,
    ) -> Result<(), Trouble> {
        if let Some(pending) = &mut self.pending {
            pending.record.reference = reference;
        }
        match rows {
            Ok(rows) => self.write(Decision::Allowed, Some(rows as u64)).await,
            Err(ConnectorError::Cancelled) => self.write(Decision::Cancelled, None).await,
            Err(error) => self.write(Decision::Failed { error: error.to_string() }, None).await,
        }
    }

    /// The guard has refused it.
    pub(crate) async fn refused(self, reason: String) -> Result<(), Trouble> {
        self.write(Decision::Refused { reason }, None).await
    }

    async fn write(mut self, decision: Decision, rows: Option<u64>) -> Result<(), Trouble> {
        let Some(mut pending) = self.pending.take() else { return Ok(()) };
        pending.record.decision = decision;
        pending.record.rows = rows;
        pending.record.took_ms =
            pending.sent_at.map(|sent| milliseconds(sent, self.clock.now()).round() as u64);
        let not_written = |why: String| {
            let hint = "no answer is given without it; see that the file can be written";
            Trouble::failed(format!("the audit record cannot be written: {why}"), Some(hint))
        };
        // It waits for the disk.
        match tokio::task::spawn_blocking(move || pending.write()).await {
            Ok(written) => written.map_err(|error| not_written(error.to_string())),
            Err(error) => Err(not_written(error.to_string())),
        }
    }
}

impl Drop for Noting {
    fn drop(&mut self) {
        let Some(mut pending) = self.pending.take() else { return };
        pending.record.decision = Decision::Cancelled;
        if let Err(error) = pending.write() {
            tracing::error!(%error, "a statement that was stopped is not in the audit record");
        }
    }
}
