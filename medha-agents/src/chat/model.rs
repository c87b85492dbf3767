//! The trait of chat models, and how one is asked while somebody watches.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use medha_graph::{Ctx, NodeError};

use super::request::{ChatDelta, ChatRequest, ChatResponse, MessagePiece};

/// A model that goes on with a conversation.
///
/// An adapter writes [`complete`](Self::complete), and [`stream`](Self::stream) if the provider sends answers in pieces;
/// both must come to the same answer.
///
/// ```
/// use futures_util::future::BoxFuture;
/// use medha_agents::chat::{ChatError, ChatModel, ChatRequest, ChatResponse};
///
/// struct Echo;
///
/// impl ChatModel for Echo {
///     fn name(&self) -> &str { "echo" }
///     fn complete<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, Result<ChatResponse, ChatError>> {
///         let said = request.messages.last().map_or("", |message| message.text());
///         Box::pin(async move { Ok(ChatResponse::text(format!("You said: {said}"))) })
///     }
/// }
/// ```
pub trait ChatModel: Send + Sync + 'static {
    /// The name of the model, for errors and logs.
    fn name(&self) -> &str;

    /// The whole answer at once.
    fn complete<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, Result<ChatResponse, ChatError>>;

    /// The answer in pieces, of which the last is [`ChatDelta::Done`].
    fn stream<'a>(&'a self, request: &'a ChatRequest) -> BoxStream<'a, Result<ChatDelta, ChatError>> {
        let whole = self.complete(request).map(|answer| {
            let answer = answer?;
            let text = answer.message.text.clone();
            let first = (!text.is_empty()).then_some(ChatDelta::Text(text));
            Ok::<_, ChatError>(first.into_iter().chain([ChatDelta::Done(answer)]))
        });
        let pieces = stream::once(whole).flat_map(|answer| match answer {
            Ok(pieces) => stream::iter(pieces.map(Ok).collect::<Vec<_>>()),
            Err(error) => stream::iter(vec![Err(error)]),
        });
        pieces.boxed()
    }
}

impl<T: ChatModel + ?Sized> ChatModel for Arc<T> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn complete<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, Result<ChatResponse, ChatError>> {
        (**self).complete(request)
    }

    fn stream<'a>(&'a self, request: &'a ChatRequest) -> BoxStream<'a, Result<ChatDelta, ChatError>> {
        (**self).stream(request)
    }
}

/// Why a model did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChatError {
    /// The request cannot be answered as it is; trying again would not help.
    #[error("model {model:?} refused the request: {reason}")]
    Refused {
        /// The model.
        model: String,
        /// What the provider says.
        reason: String,
    },
    /// The provider is down, slow or out of reach.
    #[error("model {model:?} did not answer: {reason}")]
    Unavailable {
        /// The model.
        model: String,
        /// What went wrong.
        reason: String,
    },
    /// Too many requests.
    #[error("model {model:?} is asked too often")]
    RateLimited {
        /// The model.
        model: String,
        /// How long the provider asks to wait.
        retry_after: Option<Duration>,
    },
    /// The stream of an answer ended before the answer was whole.
    #[error("the answer of model {model:?} broke off")]
    BrokeOff {
        /// The model.
        model: String,
    },
}

impl ChatError {
    /// The error of the node that asked, which knows whether and when to try again.
    pub fn into_node_error(self) -> NodeError {
        match &self {
            Self::Refused { .. } => NodeError::from(self).terminal(),
            Self::RateLimited { retry_after: Some(pause), .. } => {
                let pause = *pause;
                NodeError::from(self).retry_after(pause)
            }
            Self::RateLimited { retry_after: None, .. }
            | Self::Unavailable { .. }
            | Self::BrokeOff { .. } => NodeError::from(self),
        }
    }
}

/// Asks a model from inside a node. If somebody watches the run, the pieces of the answer are sent with
/// [`Ctx::emit_message`] under this message id; otherwise the answer comes at once.
pub async fn ask(
    model: &dyn ChatModel,
    request: &ChatRequest,
    ctx: &Ctx,
    id: &str,
) -> Result<ChatResponse, NodeError> {
    if !ctx.is_watched() {
        return model.complete(request).await.map_err(ChatError::into_node_error);
    }
    let mut pieces = model.stream(request);
    while let Some(piece) = pieces.next().await {
        let (text, call) = match piece.map_err(ChatError::into_node_error)? {
            ChatDelta::Text(text) => (Some(text), None),
            ChatDelta::Call(call) => (None, Some(call)),
            ChatDelta::Done(answer) => return Ok(answer),
        };
        ctx.emit_message(MessagePiece { id: id.to_owned(), text, call });
    }
    Err(ChatError::BrokeOff { model: model.name().to_owned() }.into_node_error())
}
