//! The tools of an agent, and the node that runs one call of one of them.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use medha_graph::{Command, Ctx, NodeError};
use serde_json::Value;

use super::approval::{Approval, ApprovalRequest};
use super::around::{AroundTool, NextTool};
use super::context::ToolContext;
use super::failure::{ToolErrors, ToolMistake, ToolTimeout};
use super::outcome::ToolOutcome;
use super::state::ToolAgentState;
use super::tool::{Tool, ToolSettings};
use crate::chat::{AfterTool, Message, ToolCall, ToolMessage, ToolSpec};

/// The tools of an agent, and what is done around their calls.
pub(super) struct Toolbox {
    pub(super) tools: Vec<Held>,
    pub(super) around: Vec<Arc<dyn AroundTool>>,
    pub(super) errors: ToolErrors,
    /// Tools whose calls a person approves, besides those that say so themselves.
    pub(super) approve: BTreeSet<String>,
}

/// A tool, and what it says of itself.
pub(super) struct Held {
    pub(super) tool: Arc<dyn Tool>,
    pub(super) spec: ToolSpec,
    pub(super) settings: ToolSettings,
}

impl Held {
    pub(super) fn new(tool: Arc<dyn Tool>) -> Self {
        Self { spec: tool.spec(), settings: tool.settings(), tool }
    }

    /// One call with its retries.
    async fn tries(&self, ctx: ToolContext<'_>) -> Result<ToolOutcome, NodeError> {
        let mut attempt = 1;
        loop {
            let error = match self.one_try(ctx.clone()).await {
                Ok(outcome) => return Ok(outcome),
                Err(error) => error,
            };
            let policy = self.settings.retry.as_ref();
            let Some(wait) = policy.and_then(|policy| policy.wait_after(attempt, &error, fastrand::f64()))
            else {
                return Err(error);
            };
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }

    async fn one_try(&self, ctx: ToolContext<'_>) -> Result<ToolOutcome, NodeError> {
        let arguments = ctx.call.arguments.clone();
        let work = self.tool.call(arguments, ctx);
        match self.settings.timeout {
            None => work.await,
            Some(limit) => tokio::time::timeout(limit, work).await.map_err(|_| ToolTimeout { limit })?,
        }
    }
}

/// What a person has said to a call.
enum Verdict {
    Run(ToolCall),
    RunEdited(ToolCall),
    Refused(String),
}

impl Toolbox {
    /// The tools as the model sees them.
    pub(super) fn specs(&self) -> Vec<ToolSpec> {
        self.tools.iter().map(|held| held.spec.clone()).collect()
    }

    /// Whether the result of a call is the answer.
    pub(super) fn is_direct(&self, call: &ToolCall) -> bool {
        self.held(&call.name).is_some_and(|held| held.settings.is_direct)
    }

    /// The task of one call: approval, interceptors, the tool, and the message that says what it came to.
    pub(super) async fn run(
        &self,
        state: &ToolAgentState,
        call: ToolCall,
        ctx: Ctx,
    ) -> Result<Command<ToolAgentState>, NodeError> {
        let id = ctx.task().id.to_string();
        let (outcome, note) = match self.verdict(&call, &ctx).await {
            Verdict::Refused(text) => (ToolOutcome::error(text), None),
            Verdict::Run(call) => (self.outcome(state, call, ctx).await?, None),
            Verdict::RunEdited(call) => {
                let note = format!("(a person changed the arguments to {})\n", call.arguments);
                (self.outcome(state, call, ctx).await?, Some(note))
            }
        };
        Ok(self.command(&call, outcome, note, id))
    }

    async fn verdict(&self, call: &ToolCall, ctx: &Ctx) -> Verdict {
        let Some(held) = self.held(&call.name) else { return Verdict::Run(call.clone()) };
        let is_asked = held.settings.needs_approval || self.approve.contains(&call.name);
        if !is_asked || call.unreadable.is_some() {
            return Verdict::Run(call.clone());
        }
        let question = ApprovalRequest {
            tool: call.name.clone(),
            description: held.spec.description.clone(),
            call_id: call.id.clone(),
            arguments: call.arguments.clone(),
        };
        match ctx.interrupt(question).await {
            Approval::Approve => Verdict::Run(call.clone()),
            Approval::Edit { arguments } => Verdict::RunEdited(ToolCall { arguments, ..call.clone() }),
            Approval::Reject { reason } if reason.is_empty() => {
                Verdict::Refused(format!("a person rejected this call of tool {:?}", call.name))
            }
            Approval::Reject { reason } => {
                Verdict::Refused(format!("a person rejected this call of tool {:?}: {reason}", call.name))
            }
        }
    }

    /// What a call comes to, with its failure told to the model or not.
    async fn outcome(
        &self,
        state: &ToolAgentState,
        call: ToolCall,
        ctx: Ctx,
    ) -> Result<ToolOutcome, NodeError> {
        let (calls, name) = (AtomicU32::new(0), call.name.clone());
        let context = ToolContext { ctx, state, call: Arc::new(call.clone()), key: None };
        let first = NextTool { toolbox: self, passed: 0, ctx: context, calls: &calls };
        match first.run(call).await {
            Ok(outcome) => Ok(outcome),
            Err(error) => {
                let text = self.errors.text_for_model(&name, &error);
                text.map_or(Err(error), |text| Ok(ToolOutcome::error(text)))
            }
        }
    }

    /// The call itself, once all interceptors have handed it on. One with side effects is recorded.
    pub(super) async fn call<'a>(
        &'a self,
        mut ctx: ToolContext<'a>,
        calls: &'a AtomicU32,
    ) -> Result<ToolOutcome, NodeError> {
        let call = Arc::clone(&ctx.call);
        let held =
            self.held(&call.name).ok_or_else(|| NodeError::from(self.unknown(&call.name)).terminal())?;
        if let Some(text) = &call.unreadable {
            let reason =
                serde_json::from_str::<Value>(text).map_or_else(|error| error.to_string(), |_| text.clone());
            let mistake = ToolMistake::Unreadable { tool: call.name.clone(), reason };
            return Err(NodeError::from(mistake).terminal());
        }
        let number = calls.fetch_add(1, Ordering::Relaxed) + 1;
        if !held.settings.has_side_effects {
            return held.tries(ctx).await;
        }
        let run = ctx.ctx.clone();
        run.once(format!("tool call {number}"), |key| {
            ctx.key = Some(key);
            held.tries(ctx)
        })
        .await
    }

    fn command(
        &self,
        call: &ToolCall,
        outcome: ToolOutcome,
        note: Option<String>,
        id: String,
    ) -> Command<ToolAgentState> {
        let ToolOutcome { text, is_error, artifact, update, goto } = outcome;
        let then = if !goto.is_empty() {
            AfterTool::Elsewhere
        } else if self.is_direct(call) && !is_error {
            AfterTool::Answer
        } else {
            AfterTool::Model
        };
        let message = ToolMessage {
            id: Some(id),
            call_id: call.id.clone(),
            tool: call.name.clone(),
            text: note.unwrap_or_default() + &text,
            is_error,
            artifact,
            then,
        };
        let mut command = Command::from_update(ToolAgentState::update().messages([Message::Tool(message)]));
        if let Some(update) = update {
            command = command.then(update);
        }
        goto.into_iter().fold(command, Command::goto)
    }

    fn held(&self, name: &str) -> Option<&Held> {
        self.tools.iter().find(|held| held.spec.name == name)
    }

    fn unknown(&self, name: &str) -> ToolMistake {
        let names: Vec<String> = self.tools.iter().map(|held| format!("{:?}", held.spec.name)).collect();
        let hint = match names.as_slice() {
            [] => "there are no tools at all".to_owned(),
            [only] => format!("the only tool is {only}"),
            [_, ..] => format!("the tools are {}", names.join(", ")),
        };
        ToolMistake::Unknown { name: name.to_owned(), hint }
    }
}

impl fmt::Debug for Toolbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.tools.iter().map(|held| &held.spec.name)).finish()
    }
}
