//! One reading of a question: sketch, plan, and the account of its words.

use jiff::civil::DateTime;

use super::build::{Builder, Failure, intent, title};
use super::grammar::{Special, parse};
use super::lexicon::Lexicon;
use super::text::{Token, TokenKind, tokenize, words};
use super::time::Clock;
use super::understanding::PlannedStep;

/// What became of one reading.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reading {
    /// The step, or why there is none.
    pub(crate) step: Result<PlannedStep, Failure>,
    /// Words with content that nothing used.
    pub(crate) unknown: Vec<String>,
    /// What was assumed.
    pub(crate) assumptions: Vec<String>,
    /// How sure the choices were.
    pub(crate) confidence: f32,
}

/// Reads a question once.
pub(crate) fn read(text: &str, lexicon: &Lexicon, now: DateTime) -> Reading {
    read_tokens(&tokenize(text), lexicon, now)
}

/// Whether a question can be answered as it stands.
pub(crate) fn is_answerable(text: &str, lexicon: &Lexicon, now: DateTime) -> bool {
    let reading = read(text, lexicon, now);
    reading.unknown.is_empty() && reading.step.is_ok_and(|step| !step.plan.outputs.is_empty())
}

/// Reads tokens once.
pub(crate) fn read_tokens(tokens: &[Token], lexicon: &Lexicon, now: DateTime) -> Reading {
    let clock = Clock { now, calendar: &lexicon.model.calendar };
    let (sketch, parser) = parse(tokens, lexicon, clock);
    let unknown = parser.unknown_words();
    let asks_share = matches!(sketch.special, Some(Special::Share));
    let mut builder = Builder::new(lexicon, clock, sketch);
    let plan = builder.plan();
    let step = plan.map(|plan| PlannedStep { title: title(&plan), intent: intent(&plan, asks_share), plan });
    Reading { step, unknown, assumptions: builder.assumptions, confidence: builder.confidence }
}

/// The words of a question that are content.
pub(crate) fn content_words(tokens: &[Token]) -> usize {
    tokens.iter().filter(|token| token.kind == TokenKind::Word && !words::is_stop_word(&token.lower)).count()
}
