//! What a task may ask of its run: who it is, a question to a human, a progress event, a dependency.

use std::any::{Any, TypeId};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use futures_util::task::AtomicWaker;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::call::Call;
use super::error::NodeError;
use super::journal::{Journal, Place, effect_key};
use super::once::{IdempotencyKey, TaskEffects};
use super::pulse::Pulse;
use super::task::{Emission, Emit, GraphRef, TaskRef};
use crate::engine::checkpoint::InterruptId;
use crate::engine::record::Json;
use crate::engine::timer::Sign;
use crate::store::long_term::store::Store;

/// The running task: take it as a parameter of a node (`ctx: Ctx`).
///
/// ```
/// use medha_graph::{Ctx, State};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
/// struct Mail { text: String, sent: bool }
///
/// async fn send(mail: &Mail, ctx: Ctx) -> MailUpdate {
///     ctx.emit("asking for approval");
///     let approved: bool = ctx.interrupt(format!("send {:?}?", mail.text)).await;
///     Mail::update().sent(approved)
/// }
/// ```
#[derive(Clone)]
pub struct Ctx(Arc<CtxInner>, Place);

pub(crate) struct CtxInner {
    pub(crate) task: TaskRef,
    pub(crate) thread: Arc<str>,
    pub(crate) values: ContextValues,
    /// The graph it is a node of, as caches know it.
    pub(crate) graph: GraphRef,
    pub(crate) answers: BTreeMap<u32, Value>,
    pub(crate) emit: Option<Emit>,
    effects: TaskEffects,
    journal: Journal,
    steps_left: u64,
    /// Effects that are under way.
    busy: Mutex<BTreeSet<String>>,
    /// For tasks whose timeouts signs of life move.
    pulse: Option<Arc<Pulse>>,
    asked: AtomicU32,
    pending: Mutex<Vec<Question>>,
    waker: AtomicWaker,
}

/// A question a task asked, before it has an id for the outside.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Question {
    pub(crate) ordinal: u32,
    pub(crate) value: Value,
    /// The id it has already, if it comes from a subgraph.
    pub(crate) id: Option<InterruptId>,
    /// The nodes that lead to the one that asks, if it comes from a subgraph.
    pub(crate) path: Option<String>,
    /// Why the answer it was given cannot be used.
    pub(crate) refused: Option<String>,
}

impl Ctx {
    pub(crate) fn new(
        task: TaskRef,
        thread: Arc<str>,
        values: ContextValues,
        answers: BTreeMap<u32, Value>,
        emit: Option<Emit>,
        effects: TaskEffects,
        (graph, steps_left, pulse): (GraphRef, u64, Option<Arc<Pulse>>),
    ) -> Self {
        let inner = CtxInner {
            task,
            thread,
            values,
            graph,
            answers,
            emit,
            effects,
            steps_left,
            journal: Journal::default(),
            busy: Mutex::default(),
            pulse,
            asked: AtomicU32::new(0),
            pending: Mutex::new(Vec::new()),
            waker: AtomicWaker::new(),
        };
        Self(Arc::new(inner), Place::default())
    }

    /// Asks a question of whoever runs the graph and waits for the answer.
    ///
    /// The first time, the node stops here and the run ends as `Outcome::Interrupted`; everything else of the
    /// superstep is finished and kept. When the answer is given with `resume`, the node runs again from its first
    /// line, and this call returns the answer: keep what comes before it free of side effects. An answer of
    /// another type is refused where it is given, and the question stays open. Without a saver the run ends at the
    /// question all the same, but nothing can be resumed.
    pub async fn interrupt<A: DeserializeOwned>(&self, question: impl Serialize) -> A {
        let ordinal = self.0.asked.fetch_add(1, Ordering::Relaxed);
        let refused = match self.0.answers.get(&ordinal).map(|answer| A::deserialize(answer)) {
            Some(Ok(answer)) => {
                self.show(Sign::Activity);
                return answer;
            }
            Some(Err(error)) => Some(error.to_string()),
            None => None,
        };
        let value = serde_json::to_value(question).unwrap_or_else(|error| Value::String(error.to_string()));
        self.0.journal.goes_on(&self.1);
        // If that cannot be recorded, the run fails with the reason.
        let _ = self.record_lived_through().await;
        self.pending().push(Question { ordinal, value, id: None, path: None, refused });
        let _asking = Asking { ctx: self, ordinal };
        self.0.waker.wake();
        // The driver ends this attempt as soon as it sees the question.
        poll_fn(|_| Poll::<A>::Pending).await
    }

    /// Does something once, however often this node is run: its result is recorded the moment it is there, and a retry, a
    /// resume or the same node after a crash is given the recorded result.
    ///
    /// A crash between the effect and its record makes it run again, with the same [`IdempotencyKey`]; hand that to the
    /// service that carries it out. An effect that fails is not recorded. `name` tells the effects of this task apart: in a
    /// loop give each round its own. Without a saver the record lasts as long as the run.
    ///
    /// ```
    /// # use medha_graph::prelude::*;
    /// # #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
    /// # struct Order { receipt: String }
    /// # async fn charge(_key: &str) -> Result<String, std::io::Error> { Ok("r-1".to_owned()) }
    /// async fn pay(_: &Order, ctx: Ctx) -> Result<OrderUpdate, NodeError> {
    ///     let receipt: String = ctx.once("charge", |key| async move { charge(key.as_str()).await }).await?;
    ///     let sure: bool = ctx.interrupt(format!("charged {receipt}; keep it?")).await;   // the answer does not charge again
    ///     Ok(Order::update().receipt(if sure { receipt } else { String::new() }))
    /// }
    /// ```
    pub async fn once<T, E, F, W>(&self, name: impl Into<String>, effect: F) -> Result<T, NodeError>
    where
        T: Serialize + DeserializeOwned,
        E: Into<NodeError>,
        F: FnOnce(IdempotencyKey) -> W,
        W: Future<Output = Result<T, E>>,
    {
        self.show(Sign::Activity);
        let name = effect_key(name.into());
        let misfit = |error: serde_json::Error| {
            NodeError::new(format!("the recorded result of effect {name:?} does not fit: {error}")).terminal()
        };
        if let Some(json) = self.0.effects.find(&name) {
            return json.read().map_err(misfit);
        }
        let _busy = Busy::claim(self, &name)?;
        self.0.journal.goes_on(&self.1);
        self.record_lived_through().await?;
        self.0.effects.footing().await?;
        let value = effect(IdempotencyKey::new(self.0.task.id, &name)).await.map_err(Into::into)?;
        let json = Json::of(&value).map_err(|error| {
            NodeError::new(format!("the result of effect {name:?} cannot be recorded: {error}")).terminal()
        })?;
        self.show(Sign::Activity);
        self.0.effects.record(name.clone(), json).await?;
        Ok(value)
    }

    /// Calls a function whose result is journalled: when the node runs again, the same call at the same place in the order
    /// of calls is given what it came to the first time, a failure that the node lived through included.
    ///
    /// `name` and `args` must be the same then; otherwise the node fails for good rather than go on with a result that is
    /// not its own. Calls may run side by side, joined or in a `FuturesUnordered`: they are numbered in the order they are
    /// made, whichever ends first. What runs side by side and makes several calls in turn gets a [`branch`](Self::branch).
    ///
    /// A crash between the work and its record makes it run again: for effects on the outside, hand on the key that
    /// [`once`](Self::once) gives. Each call can have its own [`retry`](Call::retry), [`timeout`](Call::timeout) and [`cache`](Call::cache).
    ///
    /// ```
    /// # use medha_graph::prelude::*;
    /// # use std::time::Duration;
    /// # #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
    /// # struct Page { words: usize }
    /// async fn fetch(url: String) -> Result<String, std::io::Error> { Ok(format!("text of {url}")) }
    ///
    /// async fn compare(_: &Page, ctx: Ctx) -> Result<PageUpdate, NodeError> {
    ///     let here = ctx.call("fetch", "a.org".to_owned(), fetch).retry(RetryPolicy::attempts(3));
    ///     let there = ctx.call("fetch", "b.org".to_owned(), fetch).timeout(Duration::from_secs(5));
    ///     let (here, there) = tokio::try_join!(here, there)?;            // side by side
    ///     let keep: bool = ctx.interrupt("keep them?").await;            // the answer does not fetch again
    ///     Ok(Page::update().words(if keep { here.len() + there.len() } else { 0 }))
    /// }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let graph = StateGraph::new("compare").node("compare", compare).edge(START, "compare").edge("compare", END)
    /// #     .compile().unwrap().with_checkpointer(MemorySaver::default());
    /// # graph.thread("t").invoke(Page::update()).await.unwrap();
    /// # assert_eq!(graph.thread("t").resume(Resume::answer(true)).await.unwrap().state().words, 26);
    /// # }
    /// ```
    pub fn call<'a, A, T, E, F, W>(&self, name: impl Into<String>, args: A, work: F) -> Call<'a, T>
    where
        A: Serialize + Clone + Send + 'a,
        T: Serialize + DeserializeOwned + Send + 'a,
        E: Into<NodeError>,
        F: Fn(A) -> W + Send + 'a,
        W: Future<Output = Result<T, E>> + Send + 'a,
    {
        Call::new(self, name.into(), args, work)
    }

    /// The same context with an order of calls of its own, for work that runs beside other work and makes several calls in
    /// turn: which of the two makes its second call first is then not seen.
    ///
    /// Branches take their place in the order of calls when they are made.
    #[must_use]
    pub fn branch(&self) -> Self {
        self.0.journal.goes_on(&self.1);
        Self(Arc::clone(&self.0), self.0.journal.branch(&self.1))
    }

    /// Sends a progress event to whoever watches the run; free when nobody does.
    ///
    /// The watcher reads when the node awaits. Of what one attempt sends before that, a bounded number is kept; the rest
    /// is counted in [`Event::Skipped`](crate::Event::Skipped).
    pub fn emit(&self, value: impl Serialize) {
        self.send(Emission::Custom, value);
    }

    /// Sends a message, or a piece of one, to whoever watches the run: for texts that come word by word.
    ///
    /// Give the pieces the `id` of the message they are of: when it is then written to the state, the stream of
    /// [`Mode::Messages`](crate::Mode::Messages) does not show it a second time.
    pub fn emit_message(&self, message: impl Serialize) {
        self.send(Emission::Message, message);
    }

    /// How many supersteps the run may take after this one.
    pub fn steps_left(&self) -> u64 {
        self.0.steps_left
    }

    /// Whether this is the last superstep the run's step limit allows.
    pub fn is_last_step(&self) -> bool {
        self.0.steps_left == 0
    }

    fn send(&self, emission: fn(Value) -> Emission, value: impl Serialize) {
        self.show(Sign::Activity);
        if let Some(emit) = &self.0.emit {
            let value = serde_json::to_value(value).unwrap_or_else(|error| Value::String(error.to_string()));
            emit(self.0.task.clone(), emission(value));
        }
    }

    /// Says that the node is still at work, for the timeouts set with `.idle_timeout(..)` and
    /// `.heartbeat_timeout(..)`; free where there are none. It may be called from another task or thread.
    ///
    /// ```
    /// use std::time::Duration;
    /// use medha_graph::prelude::*;
    ///
    /// #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
    /// struct Import { rows: u32 }
    /// async fn import(ctx: Ctx) -> ImportUpdate {
    ///     for _part in 0..10 {
    ///         tokio::time::sleep(Duration::from_millis(1)).await;
    ///         ctx.heartbeat();
    ///     }
    ///     Import::update().rows(1000)
    /// }
    /// // The import may take as long as it likes, if each part is done in five seconds.
    /// let graph = StateGraph::<Import>::new("import").node("import", import.heartbeat_timeout(Duration::from_secs(5)));
    /// ```
    pub fn heartbeat(&self) {
        self.show(Sign::Heartbeat);
    }

    /// Whether anybody watches the run, for events that are costly to make.
    pub fn is_watched(&self) -> bool {
        self.0.emit.is_some()
    }

    /// A dependency given with `with_context`.
    pub fn context<T: ?Sized + Send + Sync + 'static>(&self) -> Result<Arc<T>, NodeError> {
        self.0.values.find(&self.0.task.node)
    }

    /// The store given with [`with_store`](crate::CompiledGraph::with_store): what is known beyond this thread.
    pub fn store(&self) -> Result<Arc<dyn Store>, NodeError> {
        let node = &*self.0.task.node;
        let text = || format!("node {node:?} needs a store, and none was given; add one with `with_store`");
        self.0.values.find(node).map_err(|_| NodeError::new(text()).terminal())
    }

    /// The running task.
    pub fn task(&self) -> &TaskRef {
        &self.0.task
    }

    /// The thread this run belongs to; empty for a run without one.
    pub fn thread(&self) -> &str {
        &self.0.thread
    }

    /// Gives a sign of life. Whatever a node does through its context does.
    pub(crate) fn show(&self, sign: Sign) {
        if let Some(pulse) = &self.0.pulse {
            pulse.show(sign);
        }
    }

    pub(crate) fn effects(&self) -> &TaskEffects {
        &self.0.effects
    }

    pub(crate) fn journal(&self) -> &Journal {
        &self.0.journal
    }

    /// The key of the next call; making it, the node goes on after what has failed.
    pub(crate) fn next_call(&self) -> String {
        self.0.journal.goes_on(&self.1);
        self.0.journal.next_key(&self.1)
    }

    pub(crate) async fn record_lived_through(&self) -> Result<(), NodeError> {
        while let Some((key, json)) = self.0.journal.next_lived_through() {
            self.0.effects.record(key, json).await?;
        }
        Ok(())
    }

    pub(crate) fn emit_more(&self, emitted: impl FnOnce() -> Emission) {
        self.show(Sign::Activity);
        if let Some(emit) = &self.0.emit {
            emit(self.0.task.clone(), emitted());
        }
    }

    pub(crate) fn values(&self) -> &ContextValues {
        &self.0.values
    }

    pub(crate) fn graph(&self) -> &GraphRef {
        &self.0.graph
    }

    pub(crate) fn take_questions(&self) -> Vec<Question> {
        std::mem::take(&mut *self.pending())
    }

    pub(crate) fn register(&self, waker: &std::task::Waker) {
        self.0.waker.register(waker);
    }

    fn busy(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.0.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pending(&self) -> std::sync::MutexGuard<'_, Vec<Question>> {
        self.0.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An effect that is under way.
struct Busy<'a> {
    ctx: &'a Ctx,
    name: String,
}

impl<'a> Busy<'a> {
    fn claim(ctx: &'a Ctx, name: &str) -> Result<Self, NodeError> {
        if ctx.busy().insert(name.to_owned()) {
            return Ok(Self { ctx, name: name.to_owned() });
        }
        let text =
            format!("effect {name:?} is under way already; give each effect of a node a name of its own");
        Err(NodeError::new(text).terminal())
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.ctx.busy().remove(&self.name);
    }
}

/// A question that is being asked: it is taken back if the node no longer waits for the answer.
struct Asking<'a> {
    ctx: &'a Ctx,
    ordinal: u32,
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.ctx.pending().retain(|question| question.ordinal != self.ordinal);
    }
}

impl fmt::Debug for Ctx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ctx")
            .field("task", &self.0.task)
            .field("thread", &self.0.thread)
            .finish_non_exhaustive()
    }
}

/// A question that stopped a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Interrupt {
    /// Names the question when several are open.
    pub id: InterruptId,
    /// The node that asks; in a subgraph with those above it, as in `"research/draft"`.
    pub node: String,
    /// The question, as the node gave it.
    pub question: Value,
}

impl Interrupt {
    pub(crate) fn new(id: InterruptId, node: String, question: Value) -> Self {
        Self { id, node, question }
    }
}

/// Dependencies of nodes, one per type, shared by reference.
#[derive(Clone, Default)]
pub(crate) struct ContextValues(Arc<HashMap<TypeId, Held>>);

/// The name of a type, and an `Arc` of an `Arc` of it: the inner one may point to a trait object.
type Held = (&'static str, Arc<dyn Any + Send + Sync>);

impl ContextValues {
    pub(crate) fn with<T: ?Sized + Send + Sync + 'static>(&self, value: Arc<T>) -> Self {
        let mut values = (*self.0).clone();
        values.insert(TypeId::of::<T>(), (std::any::type_name::<T>(), Arc::new(value)));
        Self(Arc::new(values))
    }

    /// These, and what is missing in them from the others.
    pub(crate) fn over(&self, others: &Self) -> Self {
        if self.0.is_empty() {
            return others.clone();
        }
        let mut values = (*others.0).clone();
        values.extend(self.0.iter().map(|(id, held)| (*id, held.clone())));
        Self(Arc::new(values))
    }

    pub(crate) fn get<T: ?Sized + Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let (_, value) = self.0.get(&TypeId::of::<T>())?;
        value.downcast_ref::<Arc<T>>().cloned()
    }

    pub(crate) fn find<T: ?Sized + Send + Sync + 'static>(&self, node: &str) -> Result<Arc<T>, NodeError> {
        self.get().ok_or_else(|| {
            let wanted = std::any::type_name::<T>();
            let text =
                format!("node {node:?} needs a `{wanted}`, and none was given; add it with `with_context`");
            NodeError::new(text).terminal()
        })
    }
}

impl fmt::Debug for ContextValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.values().map(|(name, _)| name)).finish()
    }
}
