//! Which questions a [`Resume`] answers: everything is checked before anything is changed or stored.

use std::collections::BTreeSet;

use serde_json::Value;

use super::checkpoint::InterruptId;
use super::record::{Progress, StoredQuestion, TaskProgress};
use crate::run::error::RunError;
use crate::run::input::{Answer, Reply};

/// One answer and where it goes: the index of the task in the progress, and the ordinal of the question.
#[derive(Debug, PartialEq)]
pub(super) struct Placed {
    pub(super) task: usize,
    pub(super) ordinal: u32,
    pub(super) answer: Value,
}

/// Finds the question of every answer, or says which are open.
pub(super) fn place(thread: &str, progress: &Progress, reply: Reply) -> Result<Vec<Placed>, RunError> {
    let open: Vec<InterruptId> =
        progress.tasks.iter().flat_map(TaskProgress::open).map(|question| question.id).collect();
    let answers = match reply {
        Reply::None => return Ok(Vec::new()),
        Reply::One(answer) => match open.as_slice() {
            [only] => vec![(*only, answer)],
            [] => return Err(RunError::NothingAsked { thread: thread.to_owned() }),
            [_, _, ..] => return Err(RunError::AmbiguousAnswer { open }),
        },
        Reply::Handed(answers) => {
            // What a parent hands down again is known already.
            let fresh = |(id, answer)| place_one(progress, id, Ok(answer), &open).ok();
            return Ok(answers.into_iter().filter_map(fresh).collect());
        }
        Reply::Mixed => return Err(RunError::AmbiguousAnswer { open }),
        Reply::ById(answers) if answers.is_empty() => return Err(RunError::NoAnswers { open }),
        Reply::ById(answers) => answers,
    };
    let mut seen = BTreeSet::new();
    let mut placed = Vec::with_capacity(answers.len());
    for (id, answer) in answers {
        if !seen.insert(id) {
            return Err(RunError::AnsweredTwice { id, open });
        }
        placed.push(place_one(progress, id, answer, &open)?);
    }
    Ok(placed)
}

fn place_one(
    progress: &Progress,
    id: InterruptId,
    answer: Answer,
    open: &[InterruptId],
) -> Result<Placed, RunError> {
    let is_it = |question: &&StoredQuestion| question.id == id;
    let found = progress.tasks.iter().enumerate().find_map(|(index, task)| {
        let question = task.questions.iter().find(is_it)?;
        Some((index, question.ordinal, task.answers.contains_key(&question.ordinal)))
    });
    let open = open.to_vec();
    match found {
        None => Err(RunError::UnknownInterrupt { id, open }),
        Some((_, _, true)) => Err(RunError::AnsweredBefore { id, open }),
        Some((task, ordinal, false)) => match answer {
            Ok(answer) => Ok(Placed { task, ordinal, answer }),
            Err(reason) => Err(RunError::BadAnswer { id, node: String::new(), reason }),
        },
    }
}
