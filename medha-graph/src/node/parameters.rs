//! Parameters that are worked out for a node and never stored: how far the run may still go, and views of the state.

use std::ops::Deref;

use super::error::NodeError;
use super::extract::{Attempt, FromTask};
use crate::state::State;

/// How many supersteps the run may take after this one; 0 in the last one its step limit allows.
///
/// ```
/// use medha_graph::prelude::*;
/// use medha_graph::{LastStep, StepsLeft};
///
/// #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
/// struct Search { report: String }
///
/// async fn look(search: &Search, left: StepsLeft, is_last: LastStep) -> SearchUpdate {
///     let report = if is_last.0 { "I had to stop".to_owned() } else { format!("{} rounds to go", left.0) };
///     Search::update().report(format!("{} {report}", search.report).trim_start().to_owned())
/// }
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let graph = StateGraph::<Search>::new("search")
///     .node("look", look).node("again", look)
///     .edge(START, "look").edge("look", "again").edge("again", END).compile()?.with_step_limit(2);
/// let search = graph.invoke(Search::update()).await?.into_state();
/// assert_eq!(search.report, "1 rounds to go I had to stop");
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepsLeft(pub u64);

/// Whether this is the last superstep the run's step limit allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastStep(pub bool);

impl<S: State> FromTask<S> for StepsLeft {
    fn from_task(attempt: &Attempt<'_, S>) -> Result<Self, NodeError> {
        Ok(Self(attempt.origin.steps_left()))
    }
}

impl<S: State> FromTask<S> for LastStep {
    fn from_task(attempt: &Attempt<'_, S>) -> Result<Self, NodeError> {
        Ok(Self(attempt.origin.steps_left() == 0))
    }
}

/// The part of the state a node is about, as a type of its own that is made from the state.
///
/// Such a node is written without knowing the whole state, and can be used in every graph whose state gives the view.
///
/// ```
/// use medha_graph::prelude::*;
/// use medha_graph::View;
///
/// #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
/// struct Desk { question: String, mood: String, answer: String }
///
/// struct Question { text: String }
/// impl From<&Desk> for Question {
///     fn from(desk: &Desk) -> Self { Self { text: desk.question.clone() } }
/// }
///
/// async fn answer(question: View<Question>) -> DeskUpdate {
///     Desk::update().answer(format!("{}? Hm.", question.text))
/// }
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let graph = StateGraph::<Desk>::new("desk")
///     .node("answer", answer).edge(START, "answer").edge("answer", END).compile()?;
///
/// struct Answer(String);
/// impl From<&Desk> for Answer {
///     fn from(desk: &Desk) -> Self { Self(desk.answer.clone()) }
/// }
/// let done = graph.invoke(Desk::update().question("why")).await?.project::<Answer>();
/// assert_eq!(done.into_state().0, "why? Hm.");
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View<T>(pub T);

impl<T> Deref for View<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<S: State, T: for<'a> From<&'a S>> FromTask<S> for View<T> {
    fn from_task(attempt: &Attempt<'_, S>) -> Result<Self, NodeError> {
        Ok(Self(T::from(attempt.state)))
    }
}
