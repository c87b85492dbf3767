//! One connection to PostgreSQL.

use std::fmt::Write as _;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{AssertSqlSafe, Column as _, ConnectOptions as _, Connection as _, Executor as _, PgConnection};
use sqlx::{Row as _, SqlSafeStr as _, Statement as _};

use super::failure;
use super::kind::{self, Reading};
use super::values;
use crate::server::{BATCH_ROWS, MAX_BATCH_BYTES, Sender, Wire};
use crate::value::{ResultColumn, Value};

/// A connection, and the number of the process that serves it.
pub(crate) struct PgWire {
    connection: PgConnection,
    process: i32,
}

/// What one fetch has brought to the reader.
pub(crate) struct Fetched {
    pub(crate) rows: usize,
    /// How large they are.
    pub(crate) bytes: usize,
    /// Whether all that was asked for has been read; if not, rows are still on their way.
    pub(crate) is_read: bool,
}

impl Wire for PgWire {
    type Options = PgConnectOptions;
    type Id = i32;

    async fn connect(options: &PgConnectOptions) -> Result<Self, sqlx::Error> {
        Ok(Self { connection: options.connect().await?, process: 0 })
    }

    async fn begin(&mut self, time: Duration) -> Result<(), sqlx::Error> {
        // All rows are wanted, so a plan that finds the first ones soon is not what a cursor should get here. The guard reads a
        // backslash in a text as a backslash, so the server must too. The process is asked for each time, because behind a
        // pooler it may be another one.
        let milliseconds = milliseconds(time);
        let sql = format!(
            "BEGIN TRANSACTION READ ONLY; \
             SET LOCAL statement_timeout = {milliseconds}; \
             SET LOCAL idle_in_transaction_session_timeout = {milliseconds}; \
             SET LOCAL cursor_tuple_fraction = 1; \
             SET LOCAL standard_conforming_strings = on; \
             SELECT pg_catalog.pg_backend_pid()"
        );
        let row = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_one(&mut self.connection).await?;
        self.process = row.try_get(0)?;
        Ok(())
    }

    async fn reset(&mut self) -> Result<(), sqlx::Error> {
        self.connection.execute(sqlx::raw_sql("ROLLBACK")).await?;
        // Settings, session locks, prepared statements, temporary tables; it must be alone in its message.
        self.connection.execute(sqlx::raw_sql("DISCARD ALL")).await?;
        Ok(())
    }

    fn id(&self) -> i32 {
        self.process
    }

    async fn stop(options: &PgConnectOptions, process: i32) -> Result<(), sqlx::Error> {
        let mut other = options.connect().await?;
        sqlx::query("SELECT pg_catalog.pg_cancel_backend($1)")
            .persistent(false)
            .bind(process)
            .execute(&mut other)
            .await?;
        other.close().await
    }

    fn may_pass(error: &sqlx::Error) -> bool {
        failure::may_pass(error)
    }

    fn is_lost(error: &sqlx::Error) -> bool {
        failure::is_lost(error)
    }

    fn connect_failure(error: &sqlx::Error) -> String {
        failure::of_connect(error)
    }
}

impl PgWire {
    /// Declares the statement as a cursor, which takes one statement and only one that reads, and says what its columns are.
    pub(crate) async fn declare(&mut self, sql: &str) -> Result<Vec<ResultColumn>, sqlx::Error> {
        let declare = format!("DECLARE medha_cursor NO SCROLL CURSOR FOR {sql}");
        sqlx::query(AssertSqlSafe(declare)).persistent(false).execute(&mut self.connection).await?;
        // The columns are known from a fetch that is only described.
        let fetch = self.connection.prepare("FETCH FORWARD 0 FROM medha_cursor".into_sql_str()).await?;
        let columns = fetch.columns().iter().map(|column| ResultColumn {
            name: column.name().to_owned(),
            kind: kind::kind(column.type_info().oid().map_or(0, |oid| oid.0)),
        });
        Ok(columns.collect())
    }

    /// Sends the next rows of the cursor to the reader, as many as are asked for or fit in `max_bytes`; the server makes `each`
    /// of them at a time.
    pub(crate) async fn fetch(
        &mut self,
        rows: usize,
        each: usize,
        max_bytes: usize,
        time: Duration,
        send: &Sender,
    ) -> Result<Fetched, sqlx::Error> {
        // The server's limit is for one statement, ours for all. It keeps the rows of a `FETCH` until it has all of them, so many
        // small ones in one message let it work on the next rows while these are read.
        let mut sql = format!("SET LOCAL statement_timeout = {}", milliseconds(time));
        for asked in (0..rows).step_by(each) {
            let _ = write!(sql, "; FETCH FORWARD {} FROM medha_cursor", each.min(rows - asked));
        }
        let mut arriving = sqlx::raw_sql(AssertSqlSafe(sql)).fetch(&mut self.connection);
        let mut readings: Vec<Reading> = Vec::new();
        let mut fetched = Fetched { rows: 0, bytes: 0, is_read: true };
        let (mut batch, mut sent) = (Vec::with_capacity(rows.min(BATCH_ROWS)), 0);
        while let Some(row) = arriving.try_next().await? {
            if fetched.rows == 0 {
                readings = values::readings(&row);
            }
            let row = values::decode_row(&row, &readings)?;
            fetched.bytes = row.iter().map(Value::size).fold(fetched.bytes, usize::saturating_add);
            fetched.rows += 1;
            batch.push(row);
            let is_enough = fetched.bytes > max_bytes;
            if is_enough || batch.len() == BATCH_ROWS || fetched.bytes - sent >= MAX_BATCH_BYTES {
                sent = fetched.bytes;
                let nobody_listens = send.send(Ok(std::mem::take(&mut batch))).await.is_err();
                if is_enough || nobody_listens {
                    fetched.is_read = false;
                    return Ok(fetched);
                }
                batch.reserve(BATCH_ROWS);
            }
        }
        if !batch.is_empty() {
            // Whoever does not listen any more will be noticed at the next fetch.
            let _ = send.send(Ok(batch)).await;
        }
        Ok(fetched)
    }

    /// The first column of all rows of a statement of ours, as text.
    pub(crate) async fn texts(&mut self, sql: String) -> Result<Vec<String>, sqlx::Error> {
        let rows: Vec<PgRow> =
            sqlx::query(AssertSqlSafe(sql)).persistent(false).fetch_all(&mut self.connection).await?;
        // A plan is JSON, which arrives as its text.
        rows.iter().map(|row| row.try_get_unchecked(0)).collect()
    }
}

fn milliseconds(time: Duration) -> i32 {
    i32::try_from(time.as_millis()).unwrap_or(i32::MAX).max(1)
}
