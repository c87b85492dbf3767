//! Chat models as agents see them: messages, requests, the `ChatModel` trait, and a scripted model for tests.
//!
//! Nothing here knows a provider; an adapter implements [`ChatModel`].

mod message;
mod request;
mod model;
mod history;
mod scripted;

pub use history::{HistoryError, check_history};
pub use message::{AfterTool, AssistantMessage, Message, TextMessage, ToolCall, ToolMessage};
pub use model::{ChatError, ChatModel, ask};
pub use request::{
    AnswerSchema, CallPiece, ChatDelta, ChatRequest, ChatResponse, FinishReason, MessagePiece, ToolSpec,
    Usage,
};
pub use scripted::{ScriptedModel, Turn};
