//! A run as its caller sees it: events with numbers and times, then the answer.

use std::collections::VecDeque;
use std::fmt::{self, Debug};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::{Stream, StreamExt};
use jiff::Timestamp;
use medha_graph::{Event, Interrupt, RunError, RunStream};
use tokio_util::sync::CancellationToken;

use super::answer::{Answer, AnswerOutcome, Note, Timing};
use super::ask::{Analyst, Waiting};
use super::event::{AnalystEvent, EventPayload};
use super::json;
use super::state::AnalystState;
use super::tools::milliseconds;
use crate::planner::Clarification;

/// The events of one question, from `run.started` to `run.finished`; reading it drives the run.
///
/// Dropping it stops the run and the database's work.
#[must_use = "nothing happens unless the events are read"]
pub struct AnswerStream {
    analyst: Analyst,
    /// Taken when the run is kept for later.
    waiting: Option<Waiting>,
    run_id: String,
    question: String,
    cancel: CancellationToken,
    events: RunStream<AnalystState>,
    ready: VecDeque<EventPayload>,
    seq: u64,
    started: Timestamp,
    /// Steps that have begun and not ended.
    open: Vec<(String, Option<usize>)>,
    timings: Vec<Timing>,
    /// The state as of the last superstep, for what is told of a run that breaks off.
    state: AnalystState,
    answer: Option<Answer>,
}

impl AnswerStream {
    pub(crate) fn new(
        analyst: Analyst,
        waiting: Waiting,
        cancel: CancellationToken,
        events: RunStream<AnalystState>,
    ) -> Self {
        let (run_id, question) = (waiting.run_id().to_owned(), waiting.question().to_owned());
        let started = analyst.clock().now();
        let ready = VecDeque::from([EventPayload::RunStarted { question: question.clone() }]);
        Self {
            analyst,
            waiting: Some(waiting),
            run_id,
            question,
            cancel,
            events,
            ready,
            seq: 0,
            started,
            open: Vec::new(),
            timings: Vec::new(),
            state: AnalystState::default(),
            answer: None,
        }
    }

    /// What the run is called; [`Analyst::resume`] goes on with it.
    #[must_use]
    pub fn run_id(&self) -> &str {
        &self.run_id
    }

    /// The next event.
    pub async fn next(&mut self) -> Option<AnalystEvent> {
        StreamExt::next(self).await
    }

    /// The answer, once `run.finished` has been read.
    #[must_use]
    pub fn finished(&self) -> Option<&Answer> {
        self.answer.as_ref()
    }

    /// Reads to the end and returns the answer.
    pub async fn answer(mut self) -> Answer {
        while self.next().await.is_some() {}
        let unfinished = || Answer {
            question: self.question.clone(),
            outcome: AnswerOutcome::Cancelled,
            panels: Vec::new(),
            follow_ups: Vec::new(),
            notes: Vec::new(),
            timings: Vec::new(),
        };
        self.answer.take().unwrap_or_else(unfinished)
    }

    /// Takes in one event of the graph.
    fn see(&mut self, event: Event<AnalystState>) {
        match event {
            Event::Custom { value, .. } => match serde_json::from_value::<EventPayload>(value) {
                Ok(payload) => self.tell(payload),
                Err(error) => tracing::error!(%error, "an event of the workflow could not be read"),
            },
            Event::Values { state, .. } => self.state = state,
            Event::RunFinished { state, .. } => self.finish(state.into_answer()),
            Event::Interrupted { interrupts } => self.interrupt(&interrupts),
            // Starts, retries and checkpoints of tasks are the engine's; steps are told by the nodes.
            _ => {}
        }
    }

    fn tell(&mut self, payload: EventPayload) {
        if let EventPayload::StepStarted { step, panel, .. } = &payload {
            self.open.push((step.clone(), *panel));
        }
        if let EventPayload::StepFinished { step, panel, ms, .. } = &payload {
            if let Some(place) = self.open.iter().position(|open| open.0 == *step && open.1 == *panel) {
                self.open.remove(place);
            }
            self.timings.push(Timing { step: step.clone(), panel: *panel, ms: *ms });
        }
        self.ready.push_back(payload);
    }

    /// The run stops for a choice; it is kept so that it can go on.
    fn interrupt(&mut self, interrupts: &[Interrupt]) {
        let asked = interrupts.first().map(|interrupt| interrupt.question.clone());
        let clarification: Clarification = asked
            .and_then(|question| serde_json::from_value(question).ok())
            .unwrap_or_else(|| Clarification {
                prompt: "The question could mean several things.".into(),
                options: Vec::new(),
            });
        let mut answer = std::mem::take(&mut self.state).into_answer();
        answer.outcome = AnswerOutcome::NeedsChoice(clarification);
        if let Some(waiting) = self.waiting.take() {
            self.analyst.keep_waiting(waiting);
        }
        self.finish(answer);
    }

    /// The engine gave up: nothing a question should cause.
    fn fail(&mut self, error: &RunError) {
        let mut answer = std::mem::take(&mut self.state).into_answer();
        if self.cancel.is_cancelled() {
            answer.outcome = AnswerOutcome::Cancelled;
        } else {
            tracing::error!(%error, "the workflow failed");
            let message = "something went wrong inside the analyst".to_owned();
            answer.outcome =
                AnswerOutcome::Failed { message, hint: Some("ask again, or report the question".into()) };
        }
        self.finish(answer);
    }

    fn finish(&mut self, mut answer: Answer) {
        if self.answer.is_some() {
            return;
        }
        answer.question.clone_from(&self.question);
        for (step, panel) in std::mem::take(&mut self.open) {
            let (detail, ok) = match answer.outcome {
                AnswerOutcome::NeedsChoice(_) => ("a choice is needed", true),
                AnswerOutcome::Answered
                | AnswerOutcome::Abstained(_)
                | AnswerOutcome::Refused { .. }
                | AnswerOutcome::Failed { .. }
                | AnswerOutcome::Cancelled => ("stopped", false),
            };
            let ms = milliseconds(self.started, self.analyst.clock().now());
            self.tell(EventPayload::StepFinished { step, panel, detail: detail.into(), ok, ms });
        }
        answer.timings = std::mem::take(&mut self.timings);
        let mut seen: Vec<Note> = Vec::new();
        answer.notes.retain(|note| {
            !seen.contains(note) && {
                seen.push(note.clone());
                true
            }
        });
        let status = match &answer.outcome {
            AnswerOutcome::Answered => "success",
            AnswerOutcome::NeedsChoice(clarification) => {
                let Clarification { prompt, options } = clarification.clone();
                self.ready.push_back(EventPayload::ChoiceRequired { prompt, options });
                "interrupted"
            }
            other @ (AnswerOutcome::Abstained(_)
            | AnswerOutcome::Refused { .. }
            | AnswerOutcome::Failed { .. }
            | AnswerOutcome::Cancelled) => {
                let (code, message, hint) = json::error(other);
                self.ready.push_back(EventPayload::Error { code: code.into(), message, hint });
                other.status()
            }
        };
        let ms = milliseconds(self.started, self.analyst.clock().now());
        self.ready.push_back(EventPayload::RunFinished {
            status: status.into(),
            ms,
            answer: answer.to_json(),
        });
        self.answer = Some(answer);
    }

    fn stamp(&mut self, payload: EventPayload) -> AnalystEvent {
        self.seq += 1;
        let ts = self.analyst.clock().now().to_string();
        AnalystEvent { seq: self.seq, run_id: self.run_id.clone(), ts, payload }
    }
}

impl Stream for AnswerStream {
    type Item = AnalystEvent;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<AnalystEvent>> {
        loop {
            if let Some(payload) = self.ready.pop_front() {
                return Poll::Ready(Some(self.stamp(payload)));
            }
            if self.answer.is_some() {
                return Poll::Ready(None);
            }
            match Pin::new(&mut self.events).poll_next(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(event))) => self.see(event),
                Poll::Ready(Some(Err(error))) => self.fail(&error),
                Poll::Ready(None) => {
                    let answer = std::mem::take(&mut self.state).into_answer();
                    self.finish(answer);
                }
            }
        }
    }
}

impl Debug for AnswerStream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AnswerStream")
            .field("run_id", &self.run_id)
            .field("seq", &self.seq)
            .finish_non_exhaustive()
    }
}
