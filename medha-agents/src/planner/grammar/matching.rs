//! Text that contains or begins with something, and days of the week.

use super::parser::Parser;
use super::sketch::{Cond, Noun, Scope};
use crate::plan::TextMatch;
use crate::planner::text::TokenKind;

impl Parser<'_> {
    /// `contains "x"`, `starts with J`, `with the word "Love" in its title`.
    pub(super) fn text_match(&mut self, scope: &mut Scope) -> bool {
        let field = self.last_noun();
        self.text_match_of(field, scope)
    }

    /// The same after a field: `whose name starts with J`.
    pub(super) fn text_of(&mut self, noun: &Noun, scope: &mut Scope) -> bool {
        self.text_match_of(Some(noun.clone()), scope)
    }

    pub(super) fn text_match_of(&mut self, field: Option<Noun>, scope: &mut Scope) -> bool {
        let mark = self.mark();
        self.skip(&["that", "which", "who", "do", "does", "did"]);
        let mut negated = self.eat_any(&["not"]).is_some();
        self.skip(&["has", "have", "having", "with"]);
        let kind = if self
            .eat_any(&["contains", "contain", "containing", "including", "includes", "include"])
            .is_some()
            || self.eat(&["substring"])
            || self.eat(&["the", "substring"])
            || self.eat(&["the", "word"])
            || self.eat(&["the", "phrase"])
            || self.eat(&["the", "letters"])
        {
            TextMatch::Contains
        } else if self
            .eat_any(&["starts", "start", "starting", "begins", "begin", "beginning", "started"])
            .is_some()
            && self.eat_any(&["with", "in", "from"]).is_some()
        {
            TextMatch::StartsWith
        } else if self.eat_any(&["ends", "end", "ending", "ended"]).is_some()
            && self.eat_any(&["with", "in"]).is_some()
        {
            TextMatch::EndsWith
        } else {
            self.reset(mark);
            return false;
        };
        negated |= self.eat_any(&["not"]).is_some();
        self.skip(&[
            "the",
            "a",
            "word",
            "words",
            "letter",
            "letters",
            "substring",
            "string",
            "text",
            "phrase",
            "prefix",
            "suffix",
            "character",
            "characters",
            "term",
        ]);
        let Some(token) = self.peek(0).cloned() else {
            self.reset(mark);
            return false;
        };
        let single =
            token.kind == TokenKind::Word && (token.text.chars().count() == 1 || kind != TextMatch::Contains);
        if token.kind != TokenKind::Quoted && !single {
            self.reset(mark);
            return false;
        }
        self.take(1);
        // `in its title`.
        let mut field = field;
        if self.is_word(0, &["in"]) && self.is_word(1, &["its", "their", "the", "his"]) {
            let probe = self.mark();
            self.take(2);
            match self.noun_phrase() {
                Some(np) if np.noun.as_ref().is_some_and(|noun| noun.has_field() || noun.is_label) => {
                    let owner = field.filter(|noun| noun.dataset().is_some() || noun.has_field());
                    field = np
                        .noun
                        .map(|noun| Noun { owner: noun.owner.clone().or(owner.map(Box::new)), ..noun });
                }
                Some(_) | None => self.reset(probe),
            }
        }
        scope.conds.push(Cond::Matches { field, kind, text: token.text, negated });
        true
    }

    /// `on weekends`, `on Saturday or Sunday`.
    pub(super) fn days(&mut self, scope: &mut Scope) -> bool {
        let mark = self.mark();
        self.skip(&["on", "the", "during", "a"]);
        let mut days: Vec<i64> = Vec::new();
        while let Some(token) = self.peek(0) {
            let found: &[i64] = match token.lower.as_str() {
                "weekend" | "weekends" => &[0, 6],
                "sunday" | "sundays" => &[0],
                "monday" | "mondays" => &[1],
                "tuesday" | "tuesdays" => &[2],
                "wednesday" | "wednesdays" => &[3],
                "thursday" | "thursdays" => &[4],
                "friday" | "fridays" => &[5],
                "saturday" | "saturdays" => &[6],
                "or" | "and" if !days.is_empty() => &[],
                _ => break,
            };
            let is_joiner = found.is_empty();
            if is_joiner
                && !self.peek(1).is_some_and(|next| next.lower.trim_end_matches('s').ends_with("day"))
            {
                break;
            }
            days.extend(found);
            self.take(1);
        }
        if days.is_empty() {
            self.reset(mark);
            return false;
        }
        scope.conds.push(Cond::OnDays { days });
        true
    }
}
