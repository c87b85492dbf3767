//! The parser's place in the tokens, and the account of which of them were used.

use super::rewrite::rewrite;
use super::sketch::{Noun, Sketch, Superlative};
use crate::planner::lexicon::{Lexicon, Match, Target};
use crate::planner::text::{Token, TokenKind, words};
use crate::planner::time::{Clock, Window, read_window};

/// What became of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// Nothing yet.
    Open,
    /// A phrase needed it.
    Taken,
    /// It was passed over, as words without content may be.
    Passed,
    /// It was passed over although it has content.
    Unknown,
}

/// Reads one question.
#[derive(Debug)]
pub(crate) struct Parser<'a> {
    pub(crate) tokens: Vec<Token>,
    pub(crate) lexicon: &'a Lexicon,
    pub(crate) clock: Clock<'a>,
    pub(super) at: usize,
    pub(crate) uses: Vec<Use>,
    pub(super) sketch: Sketch,
    /// The noun read last: what a condition is most likely about.
    pub(super) last: Option<Target>,
    /// The verb read last.
    pub(super) verb: Option<String>,
    /// Set while a noun must not take the number after it.
    pub(super) plain: bool,
    /// How many phrases may still be tried: no question, however strange, takes long.
    pub(super) fuel: usize,
}

/// Reads a question into a sketch; the parser that is returned tells which words were not used.
pub(crate) fn parse<'a>(tokens: &[Token], lexicon: &'a Lexicon, clock: Clock<'a>) -> (Sketch, Parser<'a>) {
    let tokens = rewrite(tokens);
    let uses = vec![Use::Open; tokens.len()];
    let mut parser = Parser {
        tokens,
        lexicon,
        clock,
        at: 0,
        uses,
        sketch: Sketch::default(),
        last: None,
        verb: None,
        plain: false,
        fuel: MOST_PHRASES,
    };
    parser.question();
    let sketch = std::mem::take(&mut parser.sketch);
    (sketch, parser)
}

/// More phrases than any question that means something needs.
const MOST_PHRASES: usize = 4_000;

/// A place to come back to when a reading fails.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    at: usize,
    uses: Vec<Use>,
    last: Option<Target>,
    verb: Option<String>,
    superlative: Option<Superlative>,
}

impl Parser<'_> {
    /// The words that have content and were not used.
    pub(crate) fn unknown_words(&self) -> Vec<String> {
        let unknown = self.uses.iter().zip(&self.tokens).filter(|(used, _)| **used == Use::Unknown);
        unknown.map(|(_, token)| token.text.clone()).collect()
    }

    pub(super) fn mark(&self) -> Mark {
        Mark {
            at: self.at,
            uses: self.uses.clone(),
            last: self.last,
            verb: self.verb.clone(),
            superlative: self.sketch.superlative.clone(),
        }
    }

    pub(super) fn reset(&mut self, mark: Mark) {
        self.at = mark.at;
        self.uses = mark.uses;
        self.last = mark.last;
        self.verb = mark.verb;
        self.sketch.superlative = mark.superlative;
    }

    pub(super) fn peek(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.at + ahead)
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// Whether the token `ahead` is one of these words.
    pub(super) fn is_word(&self, ahead: usize, words: &[&str]) -> bool {
        self.peek(ahead)
            .is_some_and(|token| token.kind == TokenKind::Word && words.contains(&token.lower.as_str()))
    }

    pub(super) fn is_symbol(&self, ahead: usize, symbol: char) -> bool {
        self.peek(ahead).is_some_and(|token| token.is_symbol(symbol))
    }

    /// Whether these words follow one another here.
    pub(super) fn sees(&self, phrase: &[&str]) -> bool {
        phrase
            .iter()
            .enumerate()
            .all(|(ahead, word)| self.peek(ahead).is_some_and(|token| token.lower == *word))
    }

    pub(super) fn take(&mut self, count: usize) {
        for place in self.at..(self.at + count).min(self.tokens.len()) {
            self.uses[place] = Use::Taken;
        }
        self.at += count;
    }

    /// Takes these words if they follow one another here.
    pub(super) fn eat(&mut self, phrase: &[&str]) -> bool {
        let sees = self.sees(phrase);
        if sees {
            self.take(phrase.len());
        }
        sees
    }

    /// Takes the next word if it is one of these.
    pub(super) fn eat_any(&mut self, words: &[&str]) -> Option<String> {
        if !self.is_word(0, words) {
            return None;
        }
        let word = self.peek(0).map(|token| token.lower.clone());
        self.take(1);
        word
    }

    /// Passes over one token: a word with content is noted as not understood.
    pub(super) fn pass(&mut self) {
        let Some(token) = self.tokens.get(self.at) else { return };
        let harmless = match token.kind {
            TokenKind::Word => {
                let light = words::is_stop_word(&token.lower) || words::is_light_verb(&token.stem);
                light && !self.asks_beyond(&token.lower)
            }
            TokenKind::Possessive | TokenKind::Symbol(_) => true,
            TokenKind::Number(_) | TokenKind::Date(_) | TokenKind::Quoted => false,
        };
        if token.kind == TokenKind::Word && !words::is_stop_word(&token.lower) && harmless {
            self.verb = Some(token.stem.clone());
        }
        self.uses[self.at] = if harmless { Use::Passed } else { Use::Unknown };
        self.at += 1;
    }

    /// Words that look light and ask for a quotient or a change, which nothing has taken up.
    fn asks_beyond(&self, word: &str) -> bool {
        let quotient = matches!(word, "rate" | "rates" | "ratio" | "ratios");
        let change = matches!(
            word,
            "grew"
                | "grow"
                | "grown"
                | "growth"
                | "increased"
                | "decreased"
                | "declined"
                | "dropped"
                | "improved"
        );
        quotient || (change && self.sketch.special.is_none())
    }

    /// Passes over words without content that stand between the parts of a phrase.
    pub(super) fn skip(&mut self, words: &[&str]) {
        while self.is_word(0, words) {
            self.take(1);
        }
    }

    pub(super) fn skip_commas(&mut self) {
        while self.is_symbol(0, ',') || self.is_symbol(0, ':') {
            self.take(1);
        }
    }

    /// Whether a sentence ends here.
    pub(super) fn is_sentence_end(&self) -> bool {
        match self.peek(0).map(|token| token.kind) {
            None => true,
            Some(TokenKind::Symbol(symbol)) => matches!(symbol, '.' | '?' | '!' | ';'),
            Some(
                TokenKind::Word
                | TokenKind::Number(_)
                | TokenKind::Date(_)
                | TokenKind::Quoted
                | TokenKind::Possessive,
            ) => false,
        }
    }

    /// What the words here may stand for; words that are only grammar stand for nothing by themselves.
    pub(super) fn lookup(&self) -> Vec<Match> {
        self.lookup_at(self.at)
    }

    pub(super) fn lookup_at(&self, at: usize) -> Vec<Match> {
        let Some(token) = self.tokens.get(at) else { return Vec::new() };
        let mut matches = self.lexicon.lookup(&self.tokens, at);
        let is_code = at > 0
            && token.text.chars().count() >= 2
            && token.text.chars().all(char::is_uppercase)
            && !self.tokens.iter().all(|other| other.text == other.text.to_uppercase());
        if is_code {
            matches.retain(|found| {
                found.len >= 2 || !is_function_word(&token.lower) || matches!(found.target, Target::Value(_))
            });
        } else if is_function_word(&token.lower) {
            matches.retain(|found| found.len >= 2 && found.score >= 0.84);
        }
        // A value that is an everyday word must be written large or in quotes.
        if words::is_stop_word(&token.lower) && token.kind == TokenKind::Word && !is_code {
            let written_large = at > 0 && token.text.starts_with(char::is_uppercase);
            matches
                .retain(|found| !matches!(found.target, Target::Value(_)) || found.len >= 2 || written_large);
        }
        matches
    }

    /// The text of some tokens.
    pub(super) fn text(&self, from: usize, to: usize) -> String {
        let texts: Vec<&str> =
            self.tokens[from..to.min(self.tokens.len())].iter().map(|token| token.text.as_str()).collect();
        texts.join(" ")
    }

    /// Reads a window of time here, if there is one, and takes it.
    pub(super) fn window(&mut self) -> Option<Window> {
        let window = self.window_at(self.at)?;
        self.take(window.len);
        Some(window)
    }

    /// Reads a window of time at a place without taking it.
    pub(super) fn window_at(&self, at: usize) -> Option<Window> {
        read_window(&self.tokens, at, &self.clock)
    }

    /// A noun made of the tokens from here on.
    pub(super) fn noun_of(&self, matches: Vec<Match>, len: usize) -> Noun {
        Noun { matches, text: self.text(self.at, self.at + len), at: self.at, ..Noun::default() }
    }
}

/// Prepositions, pronouns, conjunctions and auxiliaries: they name nothing by themselves.
pub(super) fn is_function_word(word: &str) -> bool {
    matches!(
        word,
        "a" | "an"
            | "the"
            | "of"
            | "in"
            | "on"
            | "at"
            | "to"
            | "for"
            | "from"
            | "by"
            | "with"
            | "and"
            | "or"
            | "as"
            | "is"
            | "are"
            | "was"
            | "were"
            | "be"
            | "been"
            | "being"
            | "do"
            | "does"
            | "did"
            | "has"
            | "have"
            | "had"
            | "having"
            | "we"
            | "us"
            | "our"
            | "i"
            | "me"
            | "my"
            | "you"
            | "your"
            | "it"
            | "its"
            | "they"
            | "them"
            | "their"
            | "he"
            | "she"
            | "his"
            | "her"
            | "there"
            | "this"
            | "that"
            | "these"
            | "those"
            | "which"
            | "who"
            | "whom"
            | "whose"
            | "what"
            | "where"
            | "when"
            | "how"
            | "many"
            | "much"
            | "all"
            | "any"
            | "some"
            | "each"
            | "every"
            | "than"
            | "then"
            | "not"
            | "no"
            | "never"
            | "without"
            | "per"
            | "but"
            | "if"
            | "so"
            | "also"
            | "both"
            | "either"
            | "neither"
            | "only"
            | "into"
            | "over"
            | "under"
            | "above"
            | "below"
            | "between"
            | "after"
            | "before"
            | "since"
            | "until"
            | "during"
            | "most"
            | "least"
            | "more"
            | "less"
            | "fewer"
            | "s"
            | "can"
            | "could"
            | "will"
            | "would"
            | "please"
            | "give"
            | "find"
            | "get"
            | "tell"
            | "return"
            | "me's"
    )
}
