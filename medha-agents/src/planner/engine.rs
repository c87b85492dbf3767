//! The planner: reads a question, checks the reading, and says why when it gives none.

use std::sync::Arc;

use jiff::civil::DateTime;

use super::build::Failure;
use super::follow::follow_ups;
use super::lexicon::Lexicon;
use super::propose::{name_of, proposals, understood};
use super::read::{content_words, is_answerable, read, read_tokens};
use super::refuse::refusal;
use super::spelling::{clipped, corrections, mend};
use super::steps::{ranking_and_trend, turn_to_trend};
use super::text::{Token, tokenize};
use super::understanding::{Abstention, Clarification, Planned, Question, Understanding};
use crate::semantic::SemanticModel;

/// Turns questions about one semantic model into plans.
///
/// It is deterministic and reads no clock: the same question at the same `now` gives the same answer.
#[derive(Debug, Clone)]
pub struct Planner {
    lexicon: Arc<Lexicon>,
}

impl Planner {
    /// Builds the lexicon of a model; do it once and keep the planner.
    #[must_use]
    pub fn new(model: Arc<SemanticModel>) -> Self {
        Self { lexicon: Arc::new(Lexicon::new(model)) }
    }

    /// What a question means, or why that is not sure.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use medha_agents::planner::{Planner, Question, Understanding};
    /// use medha_agents::semantic::SemanticModel;
    ///
    /// let planner = Planner::new(Arc::new(SemanticModel::default()));
    /// let now = jiff::civil::date(2025, 6, 30).at(12, 0, 0, 0);
    /// let question = Question { text: "What is the weather in Paris?", now, instructions: None, history: &[] };
    /// assert!(matches!(planner.understand(&question), Understanding::NotUnderstood(_)));
    /// ```
    #[must_use]
    pub fn understand(&self, question: &Question<'_>) -> Understanding {
        let tokens = tokenize(question.text);
        if content_words(&tokens) == 0 && tokens.iter().all(|token| token.number().is_none()) {
            return self.abstain("the question names nothing to look up", &tokens, Vec::new(), question.now);
        }
        if let Some(reason) = refusal(&tokens, &self.lexicon) {
            return self.abstain(&reason, &tokens, Vec::new(), question.now);
        }
        let clipped = clipped(&tokens, &self.lexicon);
        if !clipped.is_empty() {
            let mended = mend(question.text, &clipped);
            let unknown = read(&mended, &self.lexicon, question.now).unknown;
            let all = clipped.into_iter().chain(corrections(&unknown, &self.lexicon)).collect();
            return Understanding::Misspelt { corrections: all };
        }
        if let Some(steps) = self.two_steps(&tokens, question.now) {
            return Understanding::Planned(steps);
        }
        let reading = read(question.text, &self.lexicon, question.now);
        if !reading.unknown.is_empty() {
            let corrections = corrections(&reading.unknown, &self.lexicon);
            if corrections.len() == reading.unknown.len() {
                return Understanding::Misspelt { corrections };
            }
            let words = reading.unknown.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(", ");
            let reason = format!("nothing in the data is called {words}");
            return self.abstain(&reason, &tokens, reading.unknown, question.now);
        }
        match reading.step {
            Ok(step) if step.plan.outputs.is_empty() => {
                self.abstain("what is to be shown is not clear", &tokens, Vec::new(), question.now)
            }
            Ok(step) => {
                Understanding::Planned(Planned { steps: vec![step], assumptions: reading.assumptions })
            }
            Err(Failure::Missing(reason) | Failure::OutOfRange(reason)) => {
                self.abstain(&reason, &tokens, Vec::new(), question.now)
            }
            Err(Failure::Ambiguous { word, options }) => self.clarify(question, &tokens, &word, &options),
        }
    }

    /// Questions that can be asked after an answer, each understood as it stands.
    #[must_use]
    pub fn follow_ups(&self, planned: &Planned, now: DateTime) -> Vec<String> {
        follow_ups(planned, &self.lexicon, now)
    }

    /// A ranking and its development, where both are asked for.
    fn two_steps(&self, tokens: &[Token], now: DateTime) -> Option<Planned> {
        let turn = turn_to_trend(tokens, &self.lexicon, now)?;
        let reading = read_tokens(&turn.first, &self.lexicon, now);
        let first = reading.step.ok().filter(|_| reading.unknown.is_empty())?;
        let steps = ranking_and_trend(first, &turn, &self.lexicon)?;
        Some(Planned { steps, assumptions: reading.assumptions })
    }

    /// Asks back, with questions that can be answered as they stand.
    fn clarify(
        &self,
        question: &Question<'_>,
        tokens: &[Token],
        word: &str,
        options: &[String],
    ) -> Understanding {
        let text = question.text.trim().trim_end_matches(['?', '.', '!', ' ']);
        let asked = |option: &String| {
            let option = super::phrase::identifier(option);
            match text.rfind(word).filter(|_| word != "best") {
                Some(place) => format!("{}{option}{}", &text[..place], &text[place + word.len()..]),
                None => format!("{text} by {option}"),
            }
        };
        let mut questions: Vec<String> = options
            .iter()
            .map(asked)
            .filter(|option| is_answerable(option, &self.lexicon, question.now))
            .collect();
        questions.dedup();
        questions.truncate(5);
        if questions.len() < 2 {
            return self.abstain(
                &format!("{word:?} can mean several things"),
                tokens,
                vec![word.to_owned()],
                question.now,
            );
        }
        Understanding::Ambiguous(Clarification {
            prompt: format!("{word:?} can mean several things; which is meant?"),
            options: questions,
        })
    }

    fn abstain(
        &self,
        reason: &str,
        tokens: &[Token],
        not_understood: Vec<String>,
        now: DateTime,
    ) -> Understanding {
        let known = understood(tokens, &self.lexicon);
        Understanding::NotUnderstood(Abstention {
            reason: reason.to_owned(),
            understood: known.iter().map(|target| name_of(*target, &self.lexicon)).collect(),
            not_understood,
            proposals: proposals(&known, &self.lexicon, now),
        })
    }
}
