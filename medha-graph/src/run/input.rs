//! What a run is given: an update of the state, or a way on from where the thread stopped.

use serde::Serialize;
use serde_json::Value;

use crate::engine::checkpoint::InterruptId;
use crate::node::command::Command;
use crate::state::State;

/// What a run starts with; an update and a [`Resume`] both convert.
#[derive(Debug)]
#[non_exhaustive]
pub enum Input<S: State> {
    /// A new run: the update is merged, then the first edges are followed.
    Update(S::Update),
    /// The same on the state a new thread begins with, whatever the thread holds and has left unfinished.
    Fresh(S::Update),
    /// A new run on this state, whatever the thread holds and has left unfinished.
    From(Box<S>),
    /// A new run on what the thread holds; what it has left unfinished is given up.
    Renew(S::Update),
    /// The unfinished run of the thread goes on.
    Resume(Resume),
    /// The same, on a state that is changed first, and with the tasks of the command besides those that are planned.
    ResumeWith(Resume, Box<Command<S>>),
}

impl<S: State> From<Resume> for Input<S> {
    fn from(resume: Resume) -> Self {
        Self::Resume(resume)
    }
}

/// How an unfinished run goes on: with an answer to its question, or just on.
///
/// ```
/// use medha_graph::Resume;
///
/// let approve = Resume::answer(true);                 // the only open question
/// let go_on = Resume::next();                         // after a failure or a crash
/// # let _ = (approve, go_on);
/// ```
#[derive(Clone, Debug)]
#[must_use = "hand it to `resume` or `stream`"]
pub struct Resume {
    pub(crate) reply: Reply,
}

#[derive(Clone, Debug)]
pub(crate) enum Reply {
    None,
    One(Answer),
    ById(Vec<(InterruptId, Answer)>),
    /// Answers a parent graph was given, for a subgraph: perhaps for questions that are no longer open.
    Handed(Vec<(InterruptId, Value)>),
    /// An answer without an id beside answers with one: nobody knows what it answers.
    Mixed,
}

pub(crate) type Answer = Result<Value, String>;

impl Resume {
    /// Goes on where the run stopped: failed and unfinished tasks run again, finished ones keep what they wrote.
    pub fn next() -> Self {
        Self { reply: Reply::None }
    }

    /// Answers the one open question.
    pub fn answer(answer: impl Serialize) -> Self {
        Self { reply: Reply::One(to_value(answer)) }
    }

    /// Answers one of several open questions, by its id; chain [`and`](Self::and) for more.
    pub fn answer_to(id: InterruptId, answer: impl Serialize) -> Self {
        Self { reply: Reply::ById(vec![(id, to_value(answer))]) }
    }

    pub(crate) fn handed(answers: Vec<(InterruptId, Value)>) -> Self {
        Self { reply: Reply::Handed(answers) }
    }

    /// Answers these questions, each by its id; the others stay open.
    pub fn answers<A: Serialize>(answers: impl IntoIterator<Item = (InterruptId, A)>) -> Self {
        let answers = answers.into_iter().map(|(id, answer)| (id, to_value(answer)));
        Self { reply: Reply::ById(answers.collect()) }
    }

    /// Answers a further question.
    pub fn and(mut self, id: InterruptId, answer: impl Serialize) -> Self {
        match &mut self.reply {
            Reply::ById(answers) => answers.push((id, to_value(answer))),
            Reply::None => return Self::answer_to(id, answer),
            Reply::One(_) | Reply::Mixed | Reply::Handed(_) => self.reply = Reply::Mixed,
        }
        self
    }

    /// Whether nothing is answered.
    pub(crate) fn is_bare(&self) -> bool {
        matches!(self.reply, Reply::None)
    }
}

fn to_value(answer: impl Serialize) -> Answer {
    serde_json::to_value(answer).map_err(|error| error.to_string())
}
