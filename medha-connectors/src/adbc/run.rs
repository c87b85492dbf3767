//! One statement on a thread of its own, because drivers block, and the ways it is stopped: from another thread, again and
//! again until it has ended, since a driver may not yet have begun when it is first told.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use adbc_core::error::{Error, Status};
use adbc_core::{CancelHandle, Connection, Statement};
use adbc_driver_manager::ManagedConnection;
use arrow_array::RecordBatch;
use arrow_schema::Schema;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::failure;
use super::pool::Pool;
use super::values;
use crate::connector::{QueryOptions, RowStream};
use crate::error::ConnectorError;
use crate::server::{MAX_BATCH_BYTES, Rows, Sender, Work};
use crate::value::{ResultColumn, Value};

/// The most rows that are handed over together.
const MAX_BATCH_ROWS: usize = 4_096;
/// Between two tries to stop a statement, at first; it grows up to the second.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Runs a statement; what it gives arrives as a stream.
pub(super) async fn run(
    pool: &Arc<Pool>,
    sql: String,
    options: &QueryOptions,
) -> Result<RowStream, ConnectorError> {
    let work = Work::begin(options.deadline, options.cancel.clone());
    let (columns_to, columns) = oneshot::channel();
    let (rows_to, wait_for_rows) = oneshot::channel();
    let reader = Reader::Waits { columns_to, rows_to: wait_for_rows };
    let running = start(pool, &work, move |at_work| at_work.answer(&sql, reader)).await?;
    let columns = match work.wait_for(columns).await? {
        Ok(columns) => columns?,
        Err(_) => return Err(gone(pool)),
    };
    let rows = Rows::new(work, move |send| {
        // It fails if the thread has ended, which shows in the rows.
        let _ = rows_to.send(send);
        // Dropped with the pump, it stops the statement.
        running.ended()
    });
    Ok(RowStream::new(columns, rows, options))
}

/// Does something with a connection, and waits for what it gives.
pub(super) async fn with_connection<T: Send + 'static>(
    pool: &Arc<Pool>,
    options: &QueryOptions,
    act: impl FnOnce(&mut ManagedConnection) -> Result<T, Error> + Send + 'static,
) -> Result<T, ConnectorError> {
    let work = Work::begin(options.deadline, options.cancel.clone());
    let (result_to, result) = oneshot::channel();
    let running = start(pool, &work, move |at_work| at_work.act(act, result_to)).await?;
    let outcome = match work.wait_for(result).await? {
        Ok(outcome) => outcome,
        Err(_) => Err(gone(pool)),
    };
    running.ended().await;
    outcome
}

async fn start(
    pool: &Arc<Pool>,
    work: &Work,
    task: impl FnOnce(AtWork) + Send + 'static,
) -> Result<Running, ConnectorError> {
    if let Some(reason) = work.stop_reason() {
        return Err(reason);
    }
    let permit = pool.permit(work).await?;
    let stop = Arc::new(Stop::default());
    let (end, ended) = mpsc::channel(1);
    let at_work =
        AtWork { pool: Arc::clone(pool), work: work.clone(), stop: Arc::clone(&stop), _ends: (permit, end) };
    let begun = thread::Builder::new().name("medha-adbc".to_owned()).spawn(move || task(at_work));
    begun.map_err(|error| ConnectorError::Query { reason: format!("no thread can be started: {error}") })?;
    Ok(Running { stop, ended })
}

fn gone(pool: &Pool) -> ConnectorError {
    ConnectorError::Query { reason: format!("the driver of {:?} has panicked", pool.source.name) }
}

/// The side that waits. Dropping it stops the work.
struct Running {
    stop: Arc<Stop>,
    ended: mpsc::Receiver<()>,
}

impl Running {
    async fn ended(mut self) {
        // Nothing is ever sent; it is closed by the end of the thread.
        let _ = self.ended.recv().await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.stop.state().has_ended {
            return;
        }
        self.stop.state().is_wanted = true;
        let stop = Arc::clone(&self.stop);
        // A driver may block while it is told to stop, too.
        let stopping = thread::Builder::new().name("medha-adbc-stop".to_owned()).spawn(move || stop.insist());
        if let Err(error) = stopping {
            tracing::warn!(%error, "a query could not be stopped");
        }
    }
}

/// What both sides know.
#[derive(Default)]
struct Stop {
    state: Mutex<State>,
    has_ended: Condvar,
}

#[derive(Default)]
struct State {
    is_wanted: bool,
    has_ended: bool,
    handles: Vec<Arc<dyn CancelHandle>>,
}

impl Stop {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the driver to stop until it has.
    fn insist(&self) {
        let mut pause = FIRST_PAUSE;
        let mut state = self.state();
        while !state.has_ended {
            let handles = state.handles.clone();
            drop(state);
            for handle in handles {
                // Whether it was heard shows in the end of the work; a driver that cannot stop works on for nobody.
                let _ = handle.try_cancel();
            }
            state = self.state();
            if !state.has_ended {
                let waited = self.has_ended.wait_timeout(state, pause);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn ended(&self) {
        let mut state = self.state();
        state.has_ended = true;
        state.handles.clear();
        self.has_ended.notify_all();
    }
}

/// The side that works, on its thread.
struct AtWork {
    pool: Arc<Pool>,
    work: Work,
    stop: Arc<Stop>,
    /// Given back when all else is done: the place in the pool, and the word that it has ended.
    _ends: (OwnedSemaphorePermit, mpsc::Sender<()>),
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.stop.ended();
    }
}

impl AtWork {
    fn answer(self, sql: &str, reader: Reader) {
        let mut connection = match self.pool.connection() {
            Ok(connection) => connection,
            Err(error) => return reader.fail(error),
        };
        let mut reader = reader;
        let outcome = self.send(&mut connection, sql, &mut reader);
        let unwanted = self.give_back(connection, outcome.as_ref().err().is_none_or(failure::is_harmless));
        let failure = outcome.err().map(|error| self.failure(&error));
        // The reader that sees the end of its rows must find the work ended.
        drop(self);
        if let Some(error) = failure {
            reader.fail(error);
        }
        drop(unwanted);
    }

    /// Runs the statement and hands all rows over, some at a time.
    fn send(&self, connection: &mut ManagedConnection, sql: &str, reader: &mut Reader) -> Result<(), Error> {
        let mut statement = connection.new_statement()?;
        statement.set_sql_query(sql)?;
        self.arm(connection.get_cancel_handle(), Some(statement.get_cancel_handle()))?;
        // Not every driver can tell the columns before it has an answer.
        if let Ok(schema) = statement.execute_schema() {
            reader.tell(&schema);
        }
        let batches = statement.execute()?;
        reader.tell(&batches.schema());
        for batch in batches {
            let batch = batch?;
            let rows = batch.num_rows();
            let together = rows_together(&batch);
            for first in (0..rows).step_by(together) {
                reader.read(values::rows(&batch, first..rows.min(first + together)))?;
            }
        }
        Ok(())
    }

    fn act<T>(
        self,
        act: impl FnOnce(&mut ManagedConnection) -> Result<T, Error>,
        result_to: oneshot::Sender<Result<T, ConnectorError>>,
    ) {
        let (outcome, unwanted) = match self.pool.connection() {
            Ok(mut connection) => {
                let armed = self.arm(connection.get_cancel_handle(), None);
                let outcome = armed.and_then(|()| act(&mut connection));
                let is_clean = outcome.as_ref().err().is_none_or(failure::is_harmless);
                let unwanted = self.give_back(connection, is_clean);
                (outcome.map_err(|error| self.failure(&error)), unwanted)
            }
            Err(error) => (Err(error), None),
        };
        // Nobody may wait any more.
        let _ = result_to.send(outcome);
        drop(self);
        drop(unwanted);
    }

    /// Lets the other side stop what is about to begin, unless it already wants to.
    fn arm(
        &self,
        connection: Box<dyn CancelHandle>,
        statement: Option<Box<dyn CancelHandle>>,
    ) -> Result<(), Error> {
        let mut state = self.stop.state();
        if state.is_wanted {
            return Err(Error::with_message_and_status("stopped before it began", Status::Cancelled));
        }
        state.handles = statement.into_iter().chain([connection]).map(Arc::from).collect();
        Ok(())
    }

    /// Gives a clean connection back. Another one is to be closed when the work has ended, since that may take a server long.
    fn give_back(&self, connection: ManagedConnection, is_clean: bool) -> Option<ManagedConnection> {
        if !is_clean || self.stop.state().is_wanted {
            return Some(connection);
        }
        self.pool.take_back(connection);
        None
    }

    fn failure(&self, error: &Error) -> ConnectorError {
        failure::of_query(error, &self.pool.source.name, &self.pool.source.hidden, &self.work)
    }
}

/// Whoever reads the answer: it wants the columns first and says then where the rows go.
enum Reader {
    Waits { columns_to: oneshot::Sender<Columns>, rows_to: oneshot::Receiver<Sender> },
    Reads(Sender),
    HasLeft,
}

type Columns = Result<Vec<ResultColumn>, ConnectorError>;

impl Reader {
    /// Tells it the columns, if it does not know them.
    fn tell(&mut self, schema: &Schema) {
        *self = match std::mem::replace(self, Self::HasLeft) {
            Self::Waits { columns_to, rows_to } => match columns_to.send(Ok(values::columns(schema))) {
                Ok(()) => rows_to.blocking_recv().map_or(Self::HasLeft, Self::Reads),
                Err(_) => Self::HasLeft,
            },
            known => known,
        };
    }

    fn read(&self, rows: Vec<Vec<Value>>) -> Result<(), Error> {
        match self {
            Self::Reads(rows_to) if rows_to.blocking_send(Ok(rows)).is_ok() => Ok(()),
            Self::Reads(_) | Self::Waits { .. } | Self::HasLeft => {
                Err(Error::with_message_and_status("nobody reads on", Status::Cancelled))
            }
        }
    }

    /// Tells it why there is nothing, or no more. Nobody may wait any longer.
    fn fail(self, error: ConnectorError) {
        match self {
            Self::Waits { columns_to, .. } => drop(columns_to.send(Err(error))),
            Self::Reads(rows_to) => drop(rows_to.blocking_send(Err(error))),
            Self::HasLeft => {}
        }
    }
}

fn rows_together(batch: &RecordBatch) -> usize {
    let row_bytes = (batch.get_array_memory_size() / batch.num_rows().max(1)).max(1);
    (MAX_BATCH_BYTES / row_bytes).clamp(1, MAX_BATCH_ROWS)
}
