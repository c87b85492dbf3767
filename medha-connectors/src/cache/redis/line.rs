//! The line to Redis: in use, or left alone until it has been found to work again.
//!
//! *Architecture invariant: nobody who waits for an answer ever connects.* A line that is down is refused at once, and only
//! the keeper's own sign of life puts it back into use.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{Cmd, FromRedisValue, Pipeline, RedisError, RedisResult};
use tokio::sync::Notify;
use tokio::time::timeout;

/// So many answers in a row that do not come in time, and the line counts as down.
const TOLERATED: u32 = 3;

#[derive(Debug)]
pub(super) struct Line {
    command_time: Duration,
    state: Mutex<State>,
    went_down: Notify,
}

#[derive(Debug, Default)]
struct State {
    in_use: Option<MultiplexedConnection>,
    /// Which connection it is, so that what an old one still says is not held against a new one.
    number: u64,
    late: u32,
}

/// Something to ask.
pub(super) enum Ask<'a> {
    One(&'a Cmd),
    Several(&'a Pipeline),
}

impl Ask<'_> {
    async fn of<T: FromRedisValue>(&self, connection: &mut MultiplexedConnection) -> RedisResult<T> {
        match self {
            Self::One(command) => command.query_async(connection).await,
            Self::Several(commands) => commands.query_async(connection).await,
        }
    }
}

impl Line {
    /// Down, until the keeper says otherwise.
    pub(super) fn new(command_time: Duration) -> Self {
        Self { command_time, state: Mutex::default(), went_down: Notify::new() }
    }

    pub(super) fn is_up(&self) -> bool {
        self.state().in_use.is_some()
    }

    /// Asks; `None` if there is no answer in time, or none that is of use.
    pub(super) async fn ask<T: FromRedisValue>(&self, ask: Ask<'_>) -> Option<T> {
        let (mut connection, number) = {
            let state = self.state();
            (state.in_use.clone()?, state.number)
        };
        match timeout(self.command_time, ask.of(&mut connection)).await {
            Ok(Ok(answer)) => {
                self.state().late = 0;
                Some(answer)
            }
            Ok(Err(error)) if is_about_the_line(&error) => {
                self.down(number, &error.to_string());
                None
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "the shared cache refuses what it is asked");
                None
            }
            Err(_) => {
                self.late(number);
                None
            }
        }
    }

    /// Puts a connection into use that has given a sign of life.
    pub(super) fn up(&self, connection: MultiplexedConnection) {
        let mut state = self.state();
        *state = State { in_use: Some(connection), number: state.number + 1, late: 0 };
    }

    /// Takes the connection out of use.
    pub(super) fn take_down(&self) {
        self.state().in_use = None;
    }

    /// Waits until somebody has found the line to be down.
    pub(super) async fn went_down(&self) {
        loop {
            self.went_down.notified().await;
            // It may have been said of the connection before.
            if !self.is_up() {
                return;
            }
        }
    }

    fn late(&self, number: u64) {
        let late = {
            let mut state = self.state();
            if state.number == number {
                state.late += 1;
            }
            state.late
        };
        if late >= TOLERATED {
            self.down(number, "it did not answer in time");
        }
    }

    fn down(&self, number: u64, reason: &str) {
        let mut state = self.state();
        if state.number == number && state.in_use.take().is_some() {
            tracing::warn!(reason, "the shared cache is left alone until it answers again");
            self.went_down.notify_one();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_about_the_line(error: &RedisError) -> bool {
    error.is_io_error() || error.is_timeout() || error.is_connection_dropped()
}
