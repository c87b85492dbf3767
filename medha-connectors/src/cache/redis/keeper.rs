//! The task that keeps the line: it connects, looks whether Redis answers, hears what is invalidated, and runs errands that
//! nobody waits for.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::redis::aio::{MultiplexedConnection, PubSubStream};
use ::redis::{AsyncConnectionConfig, Client, Cmd, Msg, RedisError, cmd};
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::commands::Names;
use super::line::{Ask, Line};
use crate::cache::shared::{Invalidated, Told};

/// No Redis that can be reached needs longer to be connected to.
const CONNECT_TIME: Duration = Duration::from_secs(1);
/// A line that is in use is tried this often.
const BEAT: Duration = Duration::from_secs(1);
/// One that is down is tried again after this,
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// then after twice as long each time, up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What the keeper and those who ask have in common.
pub(super) struct Common {
    pub(super) line: Line,
    pub(super) names: Names,
    pub(super) longest_life: Duration,
    /// Connections whose invalidation has not reached Redis.
    pub(super) untold: Mutex<BTreeSet<String>>,
    pub(super) listeners: Mutex<Vec<Told>>,
}

/// Keeps the line until it is aborted.
pub(super) async fn keep(common: Arc<Common>, client: Client, mut errands: mpsc::Receiver<Cmd>) {
    let mut pause = FIRST_PAUSE;
    let mut is_known = false;
    loop {
        match connect(&common, &client).await {
            Ok((connection, messages)) => {
                (pause, is_known) = (FIRST_PAUSE, false);
                // What was said while nobody listened is not known.
                common.tell(&Invalidated::Everything);
                common.line.up(connection);
                stay(&common, messages, &mut errands).await;
                common.line.take_down();
            }
            Err(problem) if is_known => tracing::debug!(problem, "the shared cache still cannot be reached"),
            Err(problem) => {
                is_known = true;
                tracing::warn!(
                    problem,
                    "the shared cache cannot be reached; every process keeps its own answers"
                );
            }
        }
        // Those who lost it together should not come back together.
        sleep(pause.mul_f64(0.5 + 0.5 * fastrand::f64())).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Connects, and comes back only with a line that has given a sign of life.
async fn connect(common: &Common, client: &Client) -> Result<(MultiplexedConnection, PubSubStream), String> {
    let config = AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT_TIME));
    let connecting = async {
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        let mut messages = client.get_async_pubsub().await?;
        messages.subscribe(common.names.channel()).await?;
        for connection_name in common.untold().iter() {
            let tell = common.names.invalidate(connection_name, common.longest_life);
            tell.query_async::<()>(&mut connection).await?;
        }
        cmd("PING").query_async::<()>(&mut connection).await?;
        Ok::<_, RedisError>((connection, messages.into_on_message()))
    };
    let connected = timeout(2 * CONNECT_TIME, connecting).await;
    let connected = connected.map_err(|_| "it does not answer in time".to_owned())?;
    connected.map_err(|error| error.to_string())
}

/// Until the line is down.
async fn stay(common: &Common, mut messages: PubSubStream, errands: &mut mpsc::Receiver<Cmd>) {
    let mut beat = interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = common.line.went_down() => return,
            message = messages.next() => match message {
                Some(message) => common.hear(&message),
                None => return,
            },
            Some(errand) = errands.recv() => {
                common.line.ask::<::redis::Value>(Ask::One(&errand)).await;
            }
            _ = beat.tick() => {
                common.line.ask::<()>(Ask::One(&cmd("PING"))).await;
                common.tell_the_untold().await;
            }
        }
    }
}

impl Common {
    /// Tells Redis that a connection was invalidated; if that fails, the keeper does it later.
    pub(super) async fn invalidate(&self, connection: &str) -> bool {
        // Before it is tried, so that it is not forgotten when whoever waits for it goes away.
        self.untold_now().insert(connection.to_owned());
        let invalidate = self.names.invalidate(connection, self.longest_life);
        let is_told = self.line.ask::<()>(Ask::Several(&invalidate)).await.is_some();
        if is_told {
            self.untold_now().remove(connection);
        }
        is_told
    }

    async fn tell_the_untold(&self) {
        for connection in self.untold() {
            self.invalidate(&connection).await;
        }
    }

    fn hear(&self, message: &Msg) {
        let invalidated = match message.get_payload::<String>() {
            Ok(connection) => Invalidated::Connection(connection),
            // It says something, and what it says cannot be told: nothing is safe.
            Err(_) => Invalidated::Everything,
        };
        self.tell(&invalidated);
    }

    fn tell(&self, invalidated: &Invalidated) {
        let listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for told in listeners {
            told(invalidated.clone());
        }
    }

    fn untold(&self) -> BTreeSet<String> {
        self.untold_now().clone()
    }

    fn untold_now(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.untold.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
