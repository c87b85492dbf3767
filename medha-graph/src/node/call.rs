//! Calls inside a node: functions whose results are journalled in the order they are called, each with its own retries
//! and timeout.

use std::fmt;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use fastrand::Rng;
use futures_core::future::BoxFuture;
use futures_util::future::{Either, select};
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

use super::cached::result::{CachePlace, kept};
use super::context::Ctx;
use super::error::{NodeError, full_text};
use super::failure::FailureKind;
use super::journal::{CallEnd, RecordedCall, RecordedFailure, hash_of};
use super::task::Emission;
use crate::engine::record::Json;
use crate::engine::retry::{Attempted, Retry, RetryPolicy, after_failure};

/// A call of a function inside a node, made by [`Ctx::call`]: set what it needs, then await it or join it with others.
///
/// It takes its number among the calls when it is made, and runs when it is first polled.
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<'a, T> {
    name: String,
    settings: Settings,
    stage: Stage<'a, T>,
}

/// What is set for one call.
#[derive(Clone, Debug, Default)]
struct Settings {
    /// The first that matches a failure decides.
    retry: Vec<RetryPolicy>,
    timeout: Option<Duration>,
    /// Whether the result is kept for other runs.
    keep: Keep,
}

/// For how long the result of a call is kept for other runs.
#[derive(Clone, Copy, Debug, Default)]
enum Keep {
    #[default]
    No,
    AsLongAsThereIsRoom,
    For(Duration),
}

enum Stage<'a, T> {
    Planned(Box<dyn FnOnce(Settings) -> Work<'a, T> + Send + 'a>),
    Running(Work<'a, T>),
    Over,
}

type Work<'a, T> = BoxFuture<'a, Result<T, NodeError>>;

/// How far a call has come, for whoever watches.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CallPhase {
    /// It runs. A call whose result is taken from the journal does not, and is not seen again.
    Started,
    /// It failed, and is tried again.
    Retrying {
        /// What went wrong.
        error: String,
    },
    /// It is done.
    Finished {
        /// What it came to.
        output: Value,
    },
    /// Its last attempt failed.
    Failed {
        /// What went wrong.
        error: String,
    },
}

impl<'a, T: Serialize + DeserializeOwned + Send + 'a> Call<'a, T> {
    pub(crate) fn new<A, E, F, W>(ctx: &Ctx, name: String, args: A, work: F) -> Self
    where
        A: Serialize + Clone + Send + 'a,
        E: Into<NodeError>,
        F: Fn(A) -> W + Send + 'a,
        W: Future<Output = Result<T, E>> + Send + 'a,
    {
        let task = Running { ctx: ctx.clone(), name: name.clone(), key: ctx.next_call() };
        // Written now: an argument that changes inside, like a counter behind an `Arc`, would change with it.
        let given = serde_json::to_value(&args);
        let planned = move |settings: Settings| -> Work<'a, T> {
            let start = move || {
                let started = work(args.clone());
                async move { started.await.map_err(Into::into) }
            };
            Box::pin(async move {
                let given = given.map_err(|error| task.cannot("its arguments cannot be written", &error))?;
                task.run(&given, settings, start).await
            })
        };
        Self { name, settings: Settings::default(), stage: Stage::Planned(Box::new(planned)) }
    }

    /// Tries again after a failure, as the policy says, without running the node again; a further policy decides what
    /// those before it do not match.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.settings.retry.push(policy);
        self
    }

    /// Fails an attempt of the call that takes longer; the policy may then try again.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.settings.timeout = Some(limit);
        self
    }

    /// Keeps the result in the cache of the graph: a call of this name with the same arguments, in this node of whatever
    /// run on whatever thread, is given it without being made. Without
    /// [`with_cache`](crate::CompiledGraph::with_cache) every call is made;
    /// [`clear_cache`](crate::CompiledGraph::clear_cache) forgets what the calls of a node came to.
    pub fn cache(mut self) -> Self {
        self.settings.keep = Keep::AsLongAsThereIsRoom;
        self
    }

    /// The same for so long.
    pub fn cache_for(mut self, ttl: Duration) -> Self {
        self.settings.keep = Keep::For(ttl);
        self
    }
}

impl<T> Future for Call<'_, T> {
    type Output = Result<T, NodeError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match std::mem::replace(&mut self.stage, Stage::Over) {
                Stage::Planned(start) => {
                    let settings = self.settings.clone();
                    self.stage = Stage::Running(start(settings));
                }
                Stage::Running(mut work) => {
                    let polled = work.as_mut().poll(cx);
                    if polled.is_pending() {
                        self.stage = Stage::Running(work);
                    }
                    return polled;
                }
                Stage::Over => {
                    let text = format!("call {:?} was polled after it had ended", self.name);
                    return Poll::Ready(Err(NodeError::new(text).terminal()));
                }
            }
        }
    }
}

// Nothing in it is pinned in place: the work is in a box of its own.
impl<T> Unpin for Call<'_, T> {}

/// A call that has its number.
struct Running {
    ctx: Ctx,
    name: String,
    key: String,
}

impl Running {
    async fn run<T, W>(
        self,
        given: &Value,
        settings: Settings,
        start: impl Fn() -> W + Send,
    ) -> Result<T, NodeError>
    where
        T: Serialize + DeserializeOwned + Send,
        W: Future<Output = Result<T, NodeError>> + Send,
    {
        self.check(&settings)?;
        let args = hash_of(given);
        if let Some(json) = self.ctx.effects().find(&self.key) {
            return self.replay(&json, &args);
        }
        self.ctx.record_lived_through().await?;
        self.ctx.effects().footing().await?;
        let place = match settings.keep {
            Keep::No => None,
            Keep::AsLongAsThereIsRoom => CachePlace::of(&self.ctx, &self.name, given, None),
            Keep::For(ttl) => CachePlace::of(&self.ctx, &self.name, given, Some(ttl)),
        };
        if let Some(place) = &place
            && let Some(value) = place.look_up(&self.ctx).await
        {
            // Journalled like any other: the node must be given the same when it runs again, whatever the cache says then.
            let json = self.done(args, &value)?;
            self.ctx.effects().record(self.key.clone(), json).await?;
            return Ok(value);
        }
        self.emit(|| CallPhase::Started);
        match self.attempts(settings, start).await {
            Ok(value) => {
                let (json, kept) = (self.done(args, &value)?, place.as_ref().map(|_| kept(&value)));
                self.ctx.effects().record(self.key.clone(), json).await?;
                if let Some((place, kept)) = place.as_ref().zip(kept) {
                    place.keep(&self.ctx, kept).await;
                }
                self.emit(|| CallPhase::Finished {
                    output: serde_json::to_value(&value).unwrap_or_default(),
                });
                Ok(value)
            }
            Err(error) => {
                let failure = RecordedFailure::new(error);
                self.emit(|| CallPhase::Failed { error: failure.text().to_owned() });
                let failed = CallEnd::<()>::Failed(failure.clone());
                let json = self.json(&RecordedCall { name: self.name.clone(), args, end: failed })?;
                self.ctx.journal().failed(self.key.clone(), json);
                Err(failure.into_error())
            }
        }
    }

    fn done<T: Serialize>(&self, args: String, value: &T) -> Result<Json, NodeError> {
        self.json(&RecordedCall { name: self.name.clone(), args, end: CallEnd::Done(value) })
    }

    fn check(&self, settings: &Settings) -> Result<(), NodeError> {
        match settings.retry.iter().find_map(RetryPolicy::problem) {
            Some(problem) => Err(NodeError::new(format!("call {:?}: {problem}", self.name)).terminal()),
            None => Ok(()),
        }
    }

    /// What was recorded for this call, if it is what was recorded.
    fn replay<T: DeserializeOwned>(&self, json: &Json, args: &str) -> Result<T, NodeError> {
        let misfit = |error| self.cannot("its recorded result does not fit", &error);
        let known: RecordedCall<IgnoredAny> = json.read().map_err(misfit)?;
        let number = &self.key[1..];
        let rule = "a node must make the same calls in the same order whenever it runs; \
                    give calls that run side by side one after the other a `ctx.branch()` each";
        if known.name != self.name {
            let text = format!(
                "call {number} is {:?}, and was {:?} when it was recorded; {rule}",
                self.name, known.name
            );
            return Err(NodeError::new(text).terminal());
        }
        if known.args != args {
            let text = format!(
                "call {number}, {:?}, has other arguments than when it was recorded; {rule}",
                self.name
            );
            return Err(NodeError::new(text).terminal());
        }
        let recorded: RecordedCall<T> = json.read().map_err(misfit)?;
        match recorded.end {
            CallEnd::Done(value) => Ok(value),
            CallEnd::Failed(failure) => Err(failure.into_error()),
        }
    }

    async fn attempts<T, W>(&self, settings: Settings, start: impl Fn() -> W) -> Result<T, NodeError>
    where
        W: Future<Output = Result<T, NodeError>>,
    {
        let seed = format!("{}{}{}", self.ctx.task().id, self.ctx.task().attempt, self.key);
        let mut rng = Rng::with_seed(xxh3_64(seed.as_bytes()));
        let mut counts = Vec::new();
        for attempt in 1.. {
            let (error, kind) = match self.attempt(settings.timeout, start()).await {
                Ok(value) => return Ok(value),
                Err(failed) => failed,
            };
            if !error.is_retryable() {
                return Err(error);
            }
            let text = full_text(error.as_error());
            let source = (kind == FailureKind::Error).then(|| error.as_error());
            let attempted = Attempted { source, kind, text: &text, attempt };
            match after_failure(&settings.retry, &attempted, error.pause(), &mut counts, &mut rng) {
                Err(why) => return Err(NodeError::new(format!("{text}; and {why}")).terminal()),
                Ok(Retry::GiveUp) => return Err(error),
                Ok(Retry::After(pause)) => {
                    self.emit(|| CallPhase::Retrying { error: error.to_string() });
                    self.ctx.effects().log.sleep(pause).await;
                }
            }
        }
        unreachable!("a policy gives up before attempts cannot be counted any more")
    }

    async fn attempt<T>(
        &self,
        timeout: Option<Duration>,
        work: impl Future<Output = Result<T, NodeError>>,
    ) -> Result<T, (NodeError, FailureKind)> {
        let returned = |error| (error, FailureKind::Error);
        let Some(limit) = timeout else { return work.await.map_err(returned) };
        match select(pin!(work), self.ctx.effects().log.sleep(limit)).await {
            Either::Left((ended, _)) => ended.map_err(returned),
            Either::Right(_) => {
                let text = format!("call {:?} took longer than its timeout of {limit:?}", self.name);
                Err((NodeError::new(text), FailureKind::Timeout))
            }
        }
    }

    fn json(&self, recorded: &impl Serialize) -> Result<Json, NodeError> {
        Json::of(recorded).map_err(|error| self.cannot("its result cannot be recorded", &error))
    }

    fn cannot(&self, what: &str, error: &serde_json::Error) -> NodeError {
        NodeError::new(format!("call {:?}: {what}: {error}", self.name)).terminal()
    }

    fn emit(&self, phase: impl FnOnce() -> CallPhase) {
        self.ctx.emit_more(|| Emission::Call { name: self.name.clone(), phase: phase() });
    }
}

impl<T> fmt::Debug for Call<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("name", &self.name)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
