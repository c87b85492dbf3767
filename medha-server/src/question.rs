//! A question as it arrives from outside: trimmed, and of a size somebody could have typed.

use std::io::{self, Read};

/// A question that can be handed to the analyst.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QuestionText(String);

/// Why a question cannot be handed to the analyst.
#[derive(Debug, thiserror::Error)]
pub(crate) enum QuestionError {
    /// Nothing was asked.
    #[error(
        "there is no question; ask one, as in: medha ask \"What were our top 5 products by revenue last quarter?\""
    )]
    Empty,
    /// It is an essay.
    #[error("the question has {length} characters and at most {LONGEST} are read; ask one thing at a time")]
    TooLong {
        /// How many characters it has, or at least has.
        length: usize,
    },
    /// Standard input failed.
    #[error("cannot read the question from standard input: {0}")]
    Input(#[source] io::Error),
}

/// The most characters a question may have.
pub(crate) const LONGEST: usize = 2_000;

impl QuestionText {
    /// Takes a question if it can be one.
    pub(crate) fn new(text: &str) -> Result<Self, QuestionError> {
        let text = text.trim_matches(|c: char| c.is_whitespace() || c.is_control());
        if text.is_empty() {
            return Err(QuestionError::Empty);
        }
        match text.chars().count() {
            length if length > LONGEST => Err(QuestionError::TooLong { length }),
            _ => Ok(Self(text.to_owned())),
        }
    }

    /// Reads it from the words of the command line, or from `input` if the only word is `-`.
    pub(crate) fn read(words: &[String], input: impl Read) -> Result<Self, QuestionError> {
        if words != ["-"] {
            return Self::new(&words.join(" "));
        }
        // More than the longest question is never wanted, so no more than that is held.
        let mut bytes = Vec::new();
        input.take(16 * LONGEST as u64).read_to_end(&mut bytes).map_err(QuestionError::Input)?;
        Self::new(&String::from_utf8_lossy(&bytes))
    }

    /// The words.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_comes_from_words_or_from_standard_input() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let read = |text: &str| QuestionText::read(&words(text), "from input\n".as_bytes()).unwrap();
        assert_eq!(read("how many orders").as_str(), "how many orders");
        assert_eq!(read("-").as_str(), "from input");
    }

    #[test]
    fn nothing_and_an_essay_are_refused() {
        assert!(matches!(QuestionText::new(" \n\0"), Err(QuestionError::Empty)));
        let error = QuestionText::new(&"why ".repeat(25_000)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the question has 99999 characters and at most 2000 are read; ask one thing at a time"
        );
        assert!(QuestionText::new(&"é".repeat(LONGEST)).is_ok());
    }
}
