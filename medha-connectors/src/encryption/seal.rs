//! What of a checkpoint is sealed: all that nodes and people have said. Each piece is bound to its place, so that it
//! opens nowhere else.

use medha_graph::store::{
    Effect, FieldWrite, Json, Progress, StoredCheckpoint, StoredOutcome, StoredTask, TaskInput, ThreadKey,
    Written,
};
use medha_graph::{CheckpointId, Failure};
use serde_json::Value;

use super::keys::{Closed, Keys};

/// Which way things go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Seal,
    Open,
}

/// Seals or opens, piece by piece.
pub(super) struct Turn<'a> {
    pub(super) keys: &'a Keys,
    pub(super) way: Way,
    /// The names the thread has had: its own first, then those it was copied from.
    pub(super) threads: &'a [String],
    pub(super) key: &'a ThreadKey,
    pub(super) id: CheckpointId,
}

type Turned = Result<(), Closed>;

impl Turn<'_> {
    pub(super) fn checkpoint(&self, checkpoint: &mut StoredCheckpoint) -> Turned {
        checkpoint.next.iter_mut().chain(&mut checkpoint.deferred).try_for_each(|task| self.task(task))?;
        self.written(&mut checkpoint.written)
    }

    pub(super) fn written(&self, written: &mut Written) -> Turned {
        for task in &mut written.tasks {
            self.outcome(&mut task.outcome)?;
        }
        written
            .values
            .iter_mut()
            .try_for_each(|value| self.json(&format!("value {}", value.field), &mut value.json))
    }

    pub(super) fn progress(&self, progress: &mut Progress) -> Turned {
        for command in &mut progress.commands {
            self.outcome(command)?;
        }
        for task in &mut progress.tasks {
            if let Some(outcome) = &mut task.outcome {
                self.outcome(outcome)?;
            }
            for question in &mut task.questions {
                self.value("question", &mut question.value)?;
            }
            for answer in task.answers.values_mut() {
                self.value("answer", answer)?;
            }
            if let Some(failure) = &mut task.failure {
                self.failure(failure)?;
            }
        }
        Ok(())
    }

    /// An effect is bound to its superstep and its name; its line changes when its thread is copied.
    pub(super) fn effect(&self, effect: &mut Effect) -> Turned {
        let Effect { step, position, key, json, .. } = effect;
        self.json(&format!("effect {step} {position} {key}"), json)
    }

    fn outcome(&self, outcome: &mut StoredOutcome) -> Turned {
        match outcome {
            StoredOutcome::Done { writes, goto, timeouts: _ } => {
                for FieldWrite { field, json, .. } in writes {
                    self.json(&format!("write {field}"), json)?;
                }
                goto.iter_mut()
                    .filter_map(|(_, payload)| payload.as_mut())
                    .try_for_each(|one| self.json("goto", one))
            }
            StoredOutcome::Failed(failure) => self.failure(failure),
            _ => Err(Closed::Other(
                "this program does not know how to encrypt what a task has come to".to_owned(),
            )),
        }
    }

    fn task(&self, task: &mut StoredTask) -> Turned {
        match &mut task.input {
            TaskInput::State => Ok(()),
            TaskInput::Payload(payload) => self.json("payload", payload),
            TaskInput::Failure(failure) => self.failure(failure),
        }
    }

    fn failure(&self, failure: &mut Failure) -> Turned {
        failure.error = self.text("failure", &failure.error)?;
        let more = failure.payload.as_mut().into_iter().chain(failure.detail.as_mut());
        more.into_iter().try_for_each(|value| self.value("failure", value))
    }

    fn json(&self, what: &str, json: &mut Json) -> Turned {
        let not_json = |error: serde_json::Error| Closed::Other(error.to_string());
        *json = match self.way {
            Way::Seal => Json::of(&self.text(what, json.get())?).map_err(not_json)?,
            Way::Open => {
                let token: String =
                    json.read().map_err(|_| Closed::Other("it is not encrypted".to_owned()))?;
                serde_json::from_str(&self.text(what, &token)?).map_err(not_json)?
            }
        };
        Ok(())
    }

    fn value(&self, what: &str, value: &mut Value) -> Turned {
        *value = match self.way {
            Way::Seal => Value::String(self.text(what, &value.to_string())?),
            Way::Open => {
                let token = value.as_str().ok_or_else(|| Closed::Other("it is not encrypted".to_owned()))?;
                serde_json::from_str(&self.text(what, token)?)
                    .map_err(|error| Closed::Other(error.to_string()))?
            }
        };
        Ok(())
    }

    fn text(&self, what: &str, text: &str) -> Result<String, Closed> {
        let place = |thread: &String| {
            let place = (thread, self.key.namespace(), self.id, what);
            serde_json::to_vec(&place).map_err(|error| Closed::Other(error.to_string()))
        };
        match (self.way, self.threads) {
            (Way::Seal, [own, ..]) => self.keys.seal(text, &place(own)?).map_err(Closed::Other),
            (Way::Seal, []) => Err(Closed::Other("it has no thread".to_owned())),
            (Way::Open, threads) => {
                let places = threads.iter().map(place).collect::<Result<Vec<_>, _>>()?;
                self.keys.open(text, &places)
            }
        }
    }
}
