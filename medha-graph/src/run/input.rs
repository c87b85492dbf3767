//! What a run is given: an update of the state, or a way on from where the thread stopped.

use serde::Serialize;
use serde_json::Value;

use crate::engine::checkpoint::InterruptId;
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
}

type Answer = Result<Value, String>;

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

    /// Answers a further question.
    pub fn and(mut self, id: InterruptId, answer: impl Serialize) -> Self {
        match &mut self.reply {
            Reply::ById(answers) => answers.push((id, to_value(answer))),
            Reply::None | Reply::One(_) | Reply::Handed(_) => return Self::answer_to(id, answer),
        }
        self
    }
}

fn to_value(answer: impl Serialize) -> Answer {
    serde_json::to_value(answer).map_err(|error| error.to_string())
}
