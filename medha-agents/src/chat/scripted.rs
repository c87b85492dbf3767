//! A model that says what it was told to say, for tests and examples.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};

use super::message::ToolCall;
use super::model::{ChatError, ChatModel};
use super::request::{CallPiece, ChatDelta, ChatRequest, ChatResponse};

/// A model whose turns are written down beforehand; it keeps the requests it was given. Clones share both.
///
/// ```
/// use medha_agents::chat::{ChatModel, ChatRequest, Message, ScriptedModel, Turn};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let model = ScriptedModel::new([Turn::text("hello"), Turn::text("bye")]);
/// let answer = model.complete(&ChatRequest::new([Message::user("hi")])).await?;
/// assert_eq!(answer.message.text, "hello");
/// assert_eq!(model.requests()[0].messages[0].text(), "hi");
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct ScriptedModel(Arc<Mutex<Script>>);

#[derive(Debug)]
struct Script {
    turns: VecDeque<Turn>,
    requests: Vec<ChatRequest>,
}

/// One turn of a [`ScriptedModel`].
#[derive(Clone)]
pub struct Turn(Act);

#[derive(Clone)]
enum Act {
    Answer(Box<ChatResponse>),
    Fail(ChatError),
    BreakOff(String),
    Reply(Arc<dyn Fn(&ChatRequest) -> ChatResponse + Send + Sync>),
}

impl ScriptedModel {
    /// A model with these turns, one per request; a request after the last is refused.
    pub fn new(turns: impl IntoIterator<Item = Turn>) -> Self {
        let script = Script { turns: turns.into_iter().collect(), requests: Vec::new() };
        Self(Arc::new(Mutex::new(script)))
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<ChatRequest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).requests.clone()
    }

    /// How many turns are left.
    pub fn turns_left(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).turns.len()
    }

    fn next(&self, request: &ChatRequest) -> Act {
        let mut script = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        script.requests.push(request.clone());
        let number = script.requests.len();
        script.turns.pop_front().map_or_else(
            || {
                let reason = format!("the script has no turn {number}; add one");
                Act::Fail(ChatError::Refused { model: NAME.to_owned(), reason })
            },
            |turn| turn.0,
        )
    }
}

impl Turn {
    /// The model says this.
    pub fn text(text: impl Into<String>) -> Self {
        Self::answer(ChatResponse::text(text))
    }

    /// The model calls these tools.
    pub fn calls(calls: impl IntoIterator<Item = ToolCall>) -> Self {
        Self::answer(ChatResponse::calls(calls))
    }

    /// The model answers this.
    pub fn answer(answer: ChatResponse) -> Self {
        Self(Act::Answer(Box::new(answer)))
    }

    /// The model fails.
    pub fn fail(error: ChatError) -> Self {
        Self(Act::Fail(error))
    }

    /// The answer breaks off after this text.
    pub fn break_off(text: impl Into<String>) -> Self {
        Self(Act::BreakOff(text.into()))
    }

    /// The model answers by the request.
    pub fn reply(reply: impl Fn(&ChatRequest) -> ChatResponse + Send + Sync + 'static) -> Self {
        Self(Act::Reply(Arc::new(reply)))
    }
}

impl ChatModel for ScriptedModel {
    fn name(&self) -> &str {
        NAME
    }

    fn complete<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, Result<ChatResponse, ChatError>> {
        async move {
            match self.next(request) {
                Act::Answer(answer) => Ok(*answer),
                Act::Fail(error) => Err(error),
                Act::BreakOff(_) => Err(ChatError::BrokeOff { model: NAME.to_owned() }),
                Act::Reply(reply) => Ok(reply(request)),
            }
        }
        .boxed()
    }

    /// The text word by word, then the calls.
    fn stream<'a>(&'a self, request: &'a ChatRequest) -> BoxStream<'a, Result<ChatDelta, ChatError>> {
        let pieces = match self.next(request) {
            Act::Answer(answer) => pieces(*answer),
            Act::Fail(error) => vec![Err(error)],
            Act::BreakOff(text) => words(&text),
            Act::Reply(reply) => pieces(reply(request)),
        };
        stream::iter(pieces).boxed()
    }
}

const NAME: &str = "scripted";

fn pieces(answer: ChatResponse) -> Vec<Result<ChatDelta, ChatError>> {
    let mut pieces = words(&answer.message.text);
    for (index, call) in answer.message.calls.iter().enumerate() {
        let (id, name) = (Some(call.id.clone()), Some(call.name.clone()));
        let arguments = call.unreadable.clone().unwrap_or_else(|| call.arguments.to_string());
        pieces.push(Ok(ChatDelta::Call(CallPiece { index, id, name, arguments })));
    }
    pieces.push(Ok(ChatDelta::Done(answer)));
    pieces
}

fn words(text: &str) -> Vec<Result<ChatDelta, ChatError>> {
    text.split_inclusive(' ').map(|word| Ok(ChatDelta::Text(word.to_owned()))).collect()
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Act::Answer(answer) => f.debug_tuple("Answer").field(answer).finish(),
            Act::Fail(error) => f.debug_tuple("Fail").field(error).finish(),
            Act::BreakOff(text) => f.debug_tuple("BreakOff").field(text).finish(),
            Act::Reply(_) => f.write_str("Reply"),
        }
    }
}
