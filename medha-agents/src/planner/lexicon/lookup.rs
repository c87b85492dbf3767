//! Looking words up: which targets the tokens at a place may stand for, longest and best first.

use super::general::synonyms;
use super::index::{Lexicon, ValueEntry};
use super::names::is_filler;
use super::target::{Match, Target, ValueId};
use crate::planner::text::{Token, TokenKind, root, stem, words_of_text};

impl Lexicon {
    /// What the tokens that begin at `at` may stand for: the longest first, then the best.
    pub(crate) fn lookup(&self, tokens: &[Token], at: usize) -> Vec<Match> {
        let Some(token) = tokens.get(at) else { return Vec::new() };
        let mut matches = Vec::new();
        match token.kind {
            TokenKind::Quoted => matches.extend(self.quoted(&token.text)),
            TokenKind::Word => {
                self.sequences(tokens, at, &mut matches);
                self.compounds_at(tokens, at, &mut matches);
                self.bags_at(tokens, at, &mut matches);
            }
            TokenKind::Number(_) | TokenKind::Date(_) | TokenKind::Possessive | TokenKind::Symbol(_) => {}
        }
        if matches!(token.kind, TokenKind::Word | TokenKind::Number(_)) {
            self.values_at(tokens, at, &mut matches);
        }
        best_of_each(matches)
    }

    /// What a word may stand for by its root alone: `directed` for `director`.
    pub(crate) fn by_root(&self, token: &Token) -> Vec<Match> {
        if token.kind != TokenKind::Word || token.lower.chars().count() < 4 {
            return Vec::new();
        }
        let targets = self.roots.get(root(&token.stem)).map_or(&[][..], Vec::as_slice);
        targets.iter().map(|&target| Match { target, len: 1, score: 0.5 }).collect()
    }

    /// The values a quoted text may be: all of its words, in order.
    pub(crate) fn quoted(&self, text: &str) -> Vec<Match> {
        let words = words_of_text(text);
        let Some(first) = words.first() else { return Vec::new() };
        let entries = self.values.get(&stem(first)).map_or(&[][..], Vec::as_slice);
        let same = entries.iter().filter(|entry| entry.words == words && entry.score >= 0.95);
        same.map(|entry| Match { target: Target::Value(entry.target), len: 1, score: 1.0 }).collect()
    }

    /// The stored text of a value.
    pub(crate) fn value_text(&self, id: ValueId) -> &str {
        &self.field(id.field).values[id.value].value
    }

    fn sequences(&self, tokens: &[Token], at: usize, matches: &mut Vec<Match>) {
        let token = &tokens[at];
        let mut starts: Vec<(&str, f32)> = vec![(token.stem.as_str(), 1.0)];
        starts.extend(synonyms(&token.stem).map(|other| (other, 0.8)));
        for (start, factor) in starts {
            for entry in self.phrases.get(start).map_or(&[][..], Vec::as_slice) {
                if let Some(len) = follow(&entry.stems[1..], tokens, at + 1) {
                    matches.push(Match { target: entry.target, len: 1 + len, score: entry.score * factor });
                }
            }
        }
    }

    fn compounds_at(&self, tokens: &[Token], at: usize, matches: &mut Vec<Match>) {
        let mut joined = String::new();
        for len in 1..=3 {
            let Some(token) = tokens.get(at + len - 1).filter(|token| token.kind == TokenKind::Word) else {
                break;
            };
            joined.push_str(&token.lower);
            for entry in self.compounds.get(&stem(&joined)).map_or(&[][..], Vec::as_slice) {
                if len != entry.stems.len() {
                    matches.push(Match { target: entry.target, len, score: entry.score });
                }
            }
        }
    }

    /// Fields some of whose words are here in any order: `type of pet`, `membership level`, `air date`.
    fn bags_at(&self, tokens: &[Token], at: usize, matches: &mut Vec<Match>) {
        let first = &tokens[at].stem;
        let mut candidates: Vec<_> = self.bags.get(first).map_or(&[][..], Vec::as_slice).to_vec();
        for other in synonyms(first) {
            candidates.extend(self.bags.get(other).map_or(&[][..], Vec::as_slice));
        }
        candidates.sort_unstable();
        candidates.dedup();
        for id in candidates {
            let own = self.stems_of(id);
            let dataset = super::names::identifier_stems(&self.dataset(id.dataset).name);
            let mut found: Vec<&str> = Vec::new();
            let mut exact = true;
            let mut end = at;
            let mut here = at;
            while let Some(token) = tokens.get(here) {
                let glue = token.kind == TokenKind::Possessive
                    || (here > at && matches!(token.lower.as_str(), "of" | "the" | "in" | "for"));
                let hit = own.iter().find(|stem| **stem == token.stem).or_else(|| {
                    own.iter().find(|stem| synonyms(&token.stem).any(|other| other == stem.as_str()))
                });
                if let Some(hit) = hit.filter(|hit| !found.contains(&hit.as_str())) {
                    exact &= *hit == token.stem;
                    found.push(hit);
                    end = here + 1;
                } else if !(glue || (here > at && dataset.contains(&token.stem) && own.len() > found.len())) {
                    break;
                }
                here += 1;
                if here > at + 6 {
                    break;
                }
            }
            if found.is_empty() || found.iter().all(|stem| is_filler(stem)) {
                continue;
            }
            let share = found.len() as f32 / own.len() as f32;
            let hidden = if self.is_link(id.dataset) { 0.7 } else { 1.0 };
            let score = (0.5 + 0.4 * share) * if exact { 1.0 } else { 0.8 } * hidden;
            matches.push(Match { target: Target::Field(id), len: end - at, score });
        }
    }

    fn values_at(&self, tokens: &[Token], at: usize, matches: &mut Vec<Match>) {
        for entry in self.values.get(&stem(&tokens[at].lower)).map_or(&[][..], Vec::as_slice) {
            if let Some((len, score)) = follow_value(entry, tokens, at) {
                matches.push(Match { target: Target::Value(entry.target), len, score });
            }
        }
    }
}

/// How many tokens the stems take from `at` on, if all of them are there.
fn follow(stems: &[String], tokens: &[Token], at: usize) -> Option<usize> {
    let mut here = at;
    for stem in stems {
        while tokens
            .get(here)
            .is_some_and(|token| token.is_symbol('-') || token.kind == TokenKind::Possessive)
        {
            here += 1;
        }
        let token = tokens.get(here)?;
        if token.stem != *stem {
            return None;
        }
        here += 1;
    }
    Some(here - at)
}

/// How many tokens a value takes and how well it fits.
fn follow_value(entry: &ValueEntry, tokens: &[Token], at: usize) -> Option<(usize, f32)> {
    let mut here = at;
    let mut same = true;
    for (index, word) in entry.words.iter().enumerate() {
        while index > 0
            && tokens.get(here).is_some_and(|token| {
                matches!(token.kind, TokenKind::Symbol('-' | '/' | '&' | '.' | ',' | ':'))
                    || token.kind == TokenKind::Possessive
            })
        {
            here += 1;
        }
        let token = tokens.get(here)?;
        if !matches!(token.kind, TokenKind::Word | TokenKind::Number(_)) {
            return None;
        }
        if token.lower != *word {
            same = false;
            let is_form =
                index + 1 == entry.words.len() && word.chars().count() > 2 && token.stem == stem(word);
            if !is_form {
                return None;
            }
        }
        here += 1;
    }
    if let Some(exact) = &entry.exact {
        let written: String = tokens[at..here].iter().map(|token| token.text.as_str()).collect();
        if written != exact.replace(|character: char| !character.is_alphanumeric(), "") {
            return None;
        }
    }
    Some((here - at, if same { entry.score } else { entry.score * 0.9 }))
}

/// Keeps the best match of each target and length, longest and best first.
fn best_of_each(mut matches: Vec<Match>) -> Vec<Match> {
    matches.sort_by(|left, right| {
        right.len.cmp(&left.len).then(right.score.total_cmp(&left.score)).then(left.target.cmp(&right.target))
    });
    let mut kept: Vec<Match> = Vec::with_capacity(matches.len());
    for candidate in matches {
        if !kept.iter().any(|held| held.target == candidate.target) {
            kept.push(candidate);
        }
    }
    kept
}
