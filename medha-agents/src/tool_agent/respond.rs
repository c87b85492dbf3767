//! The node that puts the answer into a shape: a last question to the model, and one chance to mend what it says.

use std::sync::Arc;

use medha_graph::{Ctx, Node, NodeError};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::state::{ToolAgentState, ToolAgentStateUpdate};
use super::voice::Voice;
use crate::chat::{AnswerSchema, Message, ask};

/// Whether a value fits, and why not.
type Check = dyn Fn(&Value) -> Result<(), String> + Send + Sync;

/// The shape of an answer, and how to tell whether something has it.
#[derive(Clone)]
pub(super) struct AnswerShape {
    pub(super) schema: AnswerSchema,
    check: Arc<Check>,
}

impl AnswerShape {
    pub(super) fn of<T: JsonSchema + DeserializeOwned>() -> Self {
        let (name, schema) = (T::schema_name().into_owned(), schemars::schema_for!(T).to_value());
        let check = |value: &Value| T::deserialize(value).map(drop).map_err(|error| error.to_string());
        Self { schema: AnswerSchema { name, schema }, check: Arc::new(check) }
    }

    /// The answer in a text, or what is wrong with it.
    fn read(&self, text: &str) -> Result<Value, String> {
        let value: Value =
            serde_json::from_str(without_fence(text)).map_err(|error| format!("not JSON: {error}"))?;
        (self.check)(&value)?;
        Ok(value)
    }
}

/// The node "respond".
pub(super) struct RespondNode {
    pub(super) voice: Voice,
    pub(super) shape: AnswerShape,
}

/// The model did not manage to answer in the shape that was asked for.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the answer does not fit the schema of {shape:?}, and could not be mended: {reason}")]
struct Misshapen {
    shape: String,
    reason: String,
}

impl Node<ToolAgentState> for RespondNode {
    type Output = Result<ToolAgentStateUpdate, NodeError>;

    async fn run(&self, state: &ToolAgentState, ctx: Ctx) -> Self::Output {
        let schema = &self.shape.schema;
        let mut request = self.voice.request(state, |request| {
            let text = format!(
                "Give your answer as one JSON value that fits this schema, and nothing else:\n{}",
                schema.schema
            );
            request.messages.push(Message::user(text));
            request.answer_schema = Some(schema.clone());
        })?;
        let model = (self.voice.model)(state);
        let id = ctx.task().id.to_string();
        let first = ask(&*model, &request, &ctx, &id).await?.message;
        let reason = match self.shape.read(&first.text) {
            Ok(answer) => return Ok(ToolAgentState::update().answer(Some(answer))),
            Err(reason) => reason,
        };
        request.messages.push(Message::assistant(first.text));
        let text = format!("That does not fit the schema: {reason}. Give the whole answer again, mended.");
        request.messages.push(Message::user(text));
        let second = ask(&*model, &request, &ctx, &format!("{id}-mended")).await?.message;
        let answer = self
            .shape
            .read(&second.text)
            .map_err(|reason| NodeError::from(Misshapen { shape: schema.name.clone(), reason }).terminal())?;
        Ok(ToolAgentState::update().answer(Some(answer)))
    }
}

/// Models like to put JSON between fences.
fn without_fence(text: &str) -> &str {
    let text = text.trim();
    let Some(inner) = text.strip_prefix("```").and_then(|rest| rest.strip_suffix("```")) else { return text };
    inner.strip_prefix("json").unwrap_or(inner).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_found_between_fences() {
        for text in ["{}", " {} ", "```json\n{}\n```", "```\n{}```"] {
            assert_eq!(without_fence(text), "{}", "{text:?}");
        }
    }
}
