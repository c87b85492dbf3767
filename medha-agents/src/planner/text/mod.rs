//! From characters to words: the first layer of the planner, which knows English but no model.

mod token;
mod stem;
mod number;
mod quality;
mod verb;
pub(crate) mod words;

pub(crate) use number::{multiplier, number_word, ordinal_word};
pub(crate) use stem::{root, stem};
pub(crate) use token::{Token, TokenKind, tokenize, words_of_identifier, words_of_text};
