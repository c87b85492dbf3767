//! What a node returns: an update, and if it wishes, where to go besides its edges.

use std::time::Duration;

use serde::Serialize;

use super::error::{NodeError, Stop};
use super::parent::ParentCommand;
use super::sent::{Sent, Timed, ToPayload};
use crate::engine::record::Json;
use crate::state::{Field, FieldSet, State, Update};

/// An update plus where to go next; a node that only updates returns the update itself.
///
/// Targets are added to the node's edges: both are followed. A name that is no node of the graph fails the run.
///
/// ```
/// use medha_graph::{Command, State};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
/// struct Desk { open: u32 }
///
/// async fn triage(desk: &Desk) -> Command<Desk> {
///     Command::new().update(Desk::update().open(desk.open + 1)).goto("answer").send("audit", &"case 7")
/// }
/// ```
#[derive(Debug)]
#[must_use = "a command does nothing until a node returns it"]
pub struct Command<S: State> {
    pub(crate) update: S::Update,
    /// In a box, since most commands are bare updates and are moved on every superstep.
    extra: Option<Box<Extra<S>>>,
}

#[derive(Debug)]
struct Extra<S: State> {
    /// Updates after the first.
    more: Vec<S::Update>,
    goto: Vec<Goto>,
    problem: Option<NodeError>,
    /// What is for the parent graph, instead of everything else.
    parent: Option<ParentCommand>,
    is_cached: bool,
}

impl<S: State> Default for Extra<S> {
    fn default() -> Self {
        Self { more: Vec::new(), goto: Vec::new(), problem: None, parent: None, is_cached: false }
    }
}

/// What a command holds besides its first update.
pub(crate) struct Rest<S: State>(Option<Box<Extra<S>>>);

impl<S: State> Rest<S> {
    #[inline]
    pub(crate) fn into_parts(self) -> Option<(Vec<S::Update>, Vec<Goto>)> {
        self.0.map(|extra| (extra.more, extra.goto))
    }
}

/// One dynamic target.
#[derive(Clone, Debug)]
pub(crate) struct Goto {
    pub(crate) target: String,
    pub(crate) payload: Option<Json>,
    /// Of the task, in place of the node's.
    pub(crate) timeout: Option<Duration>,
}

impl<S: State> Command<S> {
    /// A command that changes nothing and goes nowhere else.
    pub fn new() -> Self {
        Self::from_update(S::Update::default())
    }

    /// A command that only updates.
    pub fn from_update(update: S::Update) -> Self {
        Self { update, extra: None }
    }

    pub(crate) fn with_targets(updates: Vec<S::Update>, goto: Vec<Goto>) -> Self {
        let mut updates = updates.into_iter();
        let update = updates.next().unwrap_or_default();
        let more: Vec<S::Update> = updates.collect();
        let is_bare = more.is_empty() && goto.is_empty();
        let extra = (!is_bare).then(|| Box::new(Extra { more, goto, ..Extra::default() }));
        Self { update, extra }
    }

    /// Ends the run of this subgraph here and hands a command to the graph it is a node of: its updates and targets become
    /// those of the parent's node. What else this command holds does not count. One level up, no further; in a graph that
    /// is no subgraph it fails the run.
    ///
    /// ```
    /// # use medha_graph::prelude::*;
    /// # use medha_graph::Subgraph;
    /// #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
    /// struct Draft { text: String }
    /// #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
    /// struct Desk { note: String }
    ///
    /// async fn write() -> Command<Draft> {
    ///     Command::to_parent(Command::<Desk>::new().update(Desk::update().note("too hard")).goto("human"))
    /// }
    /// async fn human(desk: &Desk) -> DeskUpdate { Desk::update().note(format!("{}, done by hand", desk.note)) }
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let draft = StateGraph::<Draft>::new("draft")
    ///     .node("write", write).edge(START, "write").edge("write", END).compile()?;
    /// let child = Subgraph::new(draft)
    ///     .input(|_: &Desk| Draft::update())
    ///     .output(|draft: &Draft| Desk::update().note(draft.text.clone()));
    /// let desk = StateGraph::<Desk>::new("desk")
    ///     .node("draft", child.goes_to(["human"])).node("human", human)
    ///     .edge(START, "draft").edge("draft", END).edge("human", END).compile()?;
    /// assert_eq!(desk.invoke(Desk::update()).await?.into_state().note, "too hard, done by hand");
    /// # Ok(()) }
    /// ```
    pub fn to_parent<P: State>(command: Command<P>) -> Self {
        let extra = Extra { parent: Some(ParentCommand::new(command)), ..Extra::default() };
        Self { update: S::Update::default(), extra: Some(Box::new(extra)) }
    }

    /// What a node came to when it was given the same before.
    pub(crate) fn from_cache(updates: Vec<S::Update>, goto: Vec<Goto>) -> Self {
        let mut command = Self::with_targets(updates, goto);
        command.extra.get_or_insert_default().is_cached = true;
        command
    }

    pub(crate) fn is_cached(&self) -> bool {
        self.extra.as_ref().is_some_and(|extra| extra.is_cached)
    }

    #[inline]
    pub(crate) fn into_parts(self) -> (S::Update, Rest<S>) {
        (self.update, Rest(self.extra))
    }

    /// Its updates, in the order they are merged.
    pub(crate) fn updates(&self) -> impl Iterator<Item = &S::Update> {
        std::iter::once(&self.update).chain(self.more())
    }

    /// The updates after the first.
    pub(crate) fn more(&self) -> &[S::Update] {
        self.extra.as_ref().map_or(&[], |extra| &extra.more)
    }

    pub(crate) fn updates_mut(&mut self) -> impl Iterator<Item = &mut S::Update> {
        let more = self.extra.as_mut().map(|extra| extra.more.iter_mut());
        std::iter::once(&mut self.update).chain(more.into_iter().flatten())
    }

    /// The fields it writes.
    #[inline]
    pub(crate) fn written(&self, fields: &[Field]) -> FieldSet {
        let more = self.more().iter().map(|update| update.written(fields));
        more.fold(self.update.written(fields), FieldSet::or)
    }

    pub(crate) fn targets(&self) -> &[Goto] {
        self.extra.as_ref().map_or(&[], |extra| &extra.goto)
    }

    /// Sets the update.
    pub fn update(mut self, update: S::Update) -> Self {
        self.update = update;
        self
    }

    /// Merges one more update after the ones before, as if another node had written it.
    pub fn then(mut self, update: S::Update) -> Self {
        self.extra.get_or_insert_default().more.push(update);
        self
    }

    /// Also goes to this node (or `END`, which starts nothing).
    pub fn goto(mut self, node: impl Into<String>) -> Self {
        let goto = Goto { target: node.into(), payload: None, timeout: None };
        self.extra.get_or_insert_default().goto.push(goto);
        self
    }

    /// Also starts one task of this node with a payload, which it takes as `Payload<T>`.
    pub fn send(mut self, node: impl Into<String>, payload: &impl ToPayload) -> Self {
        let (target, Sent { payload, timeout }) = (node.into(), payload.to_payload());
        match payload {
            Ok(payload) => {
                let goto = Goto { target, payload: Some(payload), timeout };
                self.extra.get_or_insert_default().goto.push(goto);
            }
            Err(error) => {
                let why = format!("the payload for node {target:?} cannot be written as JSON: {error}");
                self.extra.get_or_insert_default().problem = Some(NodeError::new(why).terminal());
            }
        }
        self
    }

    /// The same, and an attempt of that task may take this long, whatever the timeout of its node is.
    pub fn send_within(self, node: impl Into<String>, payload: &impl Serialize, timeout: Duration) -> Self {
        self.send(node, &Timed::new(payload, timeout))
    }
}

impl<S: State> Default for Command<S> {
    fn default() -> Self {
        Self::new()
    }
}

/// What a node may return: its update, `()`, a [`Command`], an `Option` or a `Result` of these.
#[diagnostic::on_unimplemented(
    message = "a node of this graph cannot return `{Self}`",
    label = "returns `{Self}`",
    note = "a node returns the update of `{S}`, `()`, `Command<{S}>`, or an `Option` or a `Result<_, NodeError>` of these"
)]
pub trait IntoCommand<S: State> {
    /// Whether this type can name targets at run time; the build checks must then allow for them.
    const MAY_GOTO: bool;
    /// The command, or why the attempt failed.
    fn into_command(self) -> Result<Command<S>, NodeError>;
}

impl<S: State> IntoCommand<S> for () {
    const MAY_GOTO: bool = false;
    fn into_command(self) -> Result<Command<S>, NodeError> {
        Ok(Command::new())
    }
}

impl<S: State> IntoCommand<S> for Command<S> {
    const MAY_GOTO: bool = true;
    fn into_command(mut self) -> Result<Self, NodeError> {
        let Some(extra) = &mut self.extra else { return Ok(self) };
        if let Some(problem) = extra.problem.take() {
            return Err(problem);
        }
        let parent = extra.parent.take().map(|command| NodeError::stop(Stop::ToParent(command)));
        parent.map_or(Ok(self), Err)
    }
}

/// Several updates and commands of one node, merged in this order; their targets are all followed.
impl<S: State, T: IntoCommand<S>> IntoCommand<S> for Vec<T> {
    const MAY_GOTO: bool = T::MAY_GOTO;
    fn into_command(self) -> Result<Command<S>, NodeError> {
        let mut parts = self.into_iter();
        let Some(first) = parts.next() else { return Ok(Command::new()) };
        let mut all = first.into_command()?;
        for part in parts {
            let (update, rest) = part.into_command()?.into_parts();
            let extra = all.extra.get_or_insert_default();
            extra.more.push(update);
            if let Some((more, goto)) = rest.into_parts() {
                extra.more.extend(more);
                extra.goto.extend(goto);
            }
        }
        Ok(all)
    }
}

impl<S: State, T: IntoCommand<S>> IntoCommand<S> for Option<T> {
    const MAY_GOTO: bool = T::MAY_GOTO;
    fn into_command(self) -> Result<Command<S>, NodeError> {
        self.map_or_else(|| Ok(Command::new()), T::into_command)
    }
}

impl<S: State, T: IntoCommand<S>, E: Into<NodeError>> IntoCommand<S> for Result<T, E> {
    const MAY_GOTO: bool = T::MAY_GOTO;
    fn into_command(self) -> Result<Command<S>, NodeError> {
        self.map_err(Into::into)?.into_command()
    }
}
