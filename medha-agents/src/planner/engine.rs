//! The planner: reads a question, checks the reading, and says why when it gives none.

use std::sync::Arc;

use super::build::Failure;
use super::lexicon::Lexicon;
use super::read::{content_words, read};
use super::refuse::refusal;
use super::spelling::corrections;
use super::text::tokenize;
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
    #[must_use]
    pub fn understand(&self, question: &Question<'_>) -> Understanding {
        let tokens = tokenize(question.text);
        if content_words(&tokens) == 0 && tokens.iter().all(|token| token.number().is_none()) {
            return self.abstain("the question names nothing to look up", Vec::new());
        }
        if let Some(reason) = refusal(&tokens, &self.lexicon) {
            return self.abstain(&reason, Vec::new());
        }
        let reading = read(question.text, &self.lexicon, question.now);
        if !reading.unknown.is_empty() {
            let corrections = corrections(&reading.unknown, &self.lexicon);
            if corrections.len() == reading.unknown.len() {
                return Understanding::Misspelt { corrections };
            }
            let words = reading.unknown.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(", ");
            return self.abstain(&format!("nothing in the data is called {words}"), reading.unknown);
        }
        match reading.step {
            Ok(step) if step.plan.outputs.is_empty() => self.abstain("what is to be shown is not clear", Vec::new()),
            Ok(step) => Understanding::Planned(Planned { steps: vec![step], assumptions: reading.assumptions }),
            Err(Failure::Missing(reason) | Failure::OutOfRange(reason)) => self.abstain(&reason, Vec::new()),
            Err(Failure::Ambiguous { word, options }) => Understanding::Ambiguous(Clarification {
                prompt: format!("{word:?} can mean several things"),
                options,
            }),
        }
    }

    fn abstain(&self, reason: &str, not_understood: Vec<String>) -> Understanding {
        Understanding::NotUnderstood(Abstention {
            reason: reason.to_owned(),
            understood: Vec::new(),
            not_understood,
            proposals: Vec::new(),
        })
    }
}
