//! The grammar: from typed words to a sketch of what is asked, before names are tied to one place of the model.
//!
//! It is a recursive descent over the tokens with the lexicon at hand. A question is a lead (`how many`, `show`),
//! a list of wanted things and clauses about them; each phrase is read where it stands, and every word that no
//! phrase uses is kept, because a reading that ignores words is a guess.

mod sketch;
mod parser;
mod rewrite;
mod lead;
mod want;
mod noun;
mod chain;
mod clause;
mod attach;
mod group;
mod by;
mod matching;
mod negation;
mod compare;
mod order;
mod special;
mod tail;

pub(crate) use parser::parse;
pub(crate) use sketch::{Cond, Group, Measure, Noun, PerUnit, Right, Scope, Sketch, Special, Timed, Want};
