//! What the planner is asked and what it answers.

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::plan::AnalysisPlan;

/// A question and all that may change what it means.
#[derive(Debug, Clone, PartialEq)]
pub struct Question<'a> {
    /// The words.
    pub text: &'a str,
    /// The moment "today" is taken from, in the model's time zone.
    pub now: DateTime,
    /// Hints that came with the question, in plain words.
    pub instructions: Option<&'a str>,
    /// Earlier turns of the same dialog, oldest first.
    pub history: &'a [Turn],
}

/// An earlier turn of a dialog.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// What was asked.
    pub question: String,
    /// What it was taken to mean, if it was understood.
    pub steps: Vec<PlannedStep>,
}

/// What the planner made of a question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Understanding {
    /// It is sure enough to answer.
    Planned(Planned),
    /// Words are not known but near to known ones; ask again with them replaced.
    Misspelt {
        /// What to replace, in the order of the question.
        corrections: Vec<Correction>,
    },
    /// It could mean several things; the user has to choose.
    Ambiguous(Clarification),
    /// It cannot be answered, or not surely enough.
    NotUnderstood(Abstention),
}

/// Queries that answer a question together.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Planned {
    /// One for each part of the answer; each is a panel.
    pub steps: Vec<PlannedStep>,
    /// What was assumed, in plain words: told to the user.
    pub assumptions: Vec<String>,
}

/// One part of an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// A short title: `revenue by region, last quarter`.
    pub title: String,
    /// What kind of answer is wanted; charts and insights follow it.
    pub intent: Intent,
    /// The query.
    pub plan: AnalysisPlan,
}

/// What kind of answer a step wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// One or a few numbers.
    Number,
    /// A number for each group.
    Breakdown,
    /// The first few groups by a number.
    Ranking,
    /// A number over time.
    Trend,
    /// Numbers of two periods or groups beside each other.
    Comparison,
    /// Parts of a whole.
    Share,
    /// Rows as they are.
    List,
}

/// A word that was replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// As written.
    pub from: String,
    /// As understood.
    pub to: String,
}

/// A question back to the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clarification {
    /// What has to be chosen.
    pub prompt: String,
    /// The questions it may have meant, each answerable as it stands.
    pub options: Vec<String>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Abstention {
    /// In one sentence.
    pub reason: String,
    /// What was understood.
    pub understood: Vec<String>,
    /// The words that were not.
    pub not_understood: Vec<String>,
    /// Questions near to it that can be answered.
    pub proposals: Vec<String>,
}
