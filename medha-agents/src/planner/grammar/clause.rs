//! Clauses about what is wanted: conditions, groups, windows of time, relations.

use super::compare::Depth;
use super::parser::Parser;
use super::sketch::{Cond, Scope, Timed};
use crate::plan::CompareOp;
use crate::planner::lexicon::Target;
use crate::planner::text::TokenKind;
use crate::planner::text::words::{Quality, grain_noun, is_light_verb};

/// What stands before a noun in a clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// `with`.
    With,
    /// `having`, `whose`, `has`.
    Has,
    /// Another preposition, or nothing.
    Other,
}

impl Parser<'_> {
    /// Reads the clauses of the main sentence.
    pub(super) fn main_clause(&mut self) {
        let mut scope = std::mem::take(&mut self.sketch.scope);
        self.clause(&mut scope, Depth::Main);
        let mut rest = std::mem::take(&mut self.sketch.scope);
        scope.conds.append(&mut rest.conds);
        scope.mentions.append(&mut rest.mentions);
        self.sketch.scope = scope;
    }

    /// Reads clauses until the sentence, or the inner clause, ends.
    pub(super) fn clause(&mut self, scope: &mut Scope, depth: Depth) {
        while !self.is_sentence_end() {
            if depth == Depth::Nested && self.nested_ends() {
                return;
            }
            let before = self.at;
            self.step(scope, depth);
            if self.at == before {
                self.pass();
            }
        }
    }

    /// Whether an inner clause ends here because the outer one goes on.
    pub(super) fn nested_ends(&self) -> bool {
        let goes_on = [
            "have", "has", "had", "are", "is", "do", "does", "did", "show", "return", "also", "who", "that",
            "whose", "list", "give", "sort", "order", "how", "what", "their", "the",
        ];
        if self.is_word(0, &["but", "ordered", "sorted", "sort", "order"]) || self.is_symbol(0, ')') {
            return true;
        }
        if self.is_word(0, &["and"]) {
            return self.is_word(1, &goes_on);
        }
        self.is_symbol(0, ',')
            && (self.is_word(1, &goes_on)
                || self.is_word(1, &["and", "by", "per", "but", "sorted", "ordered"]))
    }

    /// Reads one phrase of a clause.
    pub(super) fn step(&mut self, scope: &mut Scope, depth: Depth) {
        let Some(left) = self.fuel.checked_sub(1) else { return self.pass() };
        self.fuel = left;
        if self.is_symbol(0, '(') {
            return self.parenthesis(scope);
        }
        if self.is_symbol(0, ':') && depth == Depth::Main && self.colon_list() {
            return;
        }
        if self.is_word(0, &["look", "looks", "looked", "looking"]) && self.is_word(1, &["after"]) {
            return self.take(2);
        }
        if self.eat(&["at", "once"]) || self.eat(&["each", "time"]) || self.eat(&["every", "time"]) {
            return;
        }
        if self.eat(&["on", "file"]) || self.eat(&["on", "record"]) {
            return;
        }
        if self.measure_verb(scope) {
            return;
        }
        if depth == Depth::Main && (self.ordering() || self.special_phrase()) {
            return;
        }
        if self.both_or_either(scope)
            || self.time(scope)
            || self.negation(scope)
            || self.text_match(scope)
            || self.days(scope)
        {
            return;
        }
        if self.group() {
            return;
        }
        if self.is_word(0, &["or"]) {
            return self.alternative(scope, depth);
        }
        if self.is_word(0, &["and"]) || self.is_symbol(0, ',') || self.is_symbol(0, ';') {
            return self.continuation(scope, depth);
        }
        if let Some(cond) = self.comparison(None) {
            return scope.conds.push(cond);
        }
        if self.is_word(
            0,
            &["with", "whose", "having", "where", "has", "have", "had", "that", "which", "who", "containing"],
        ) {
            let is_with = self.is_word(0, &["with", "whose", "having", "where", "has", "have", "had"]);
            let before = if self.is_word(0, &["with"]) { Before::With } else { Before::Has };
            if self.is_word(0, &["where"]) && self.definition() {
                return;
            }
            self.take(1);
            if is_with || self.is_word(0, &["have", "has", "had"]) {
                self.skip(&["have", "has", "had", "a", "an"]);
                self.with_phrase(scope, before);
            }
            return;
        }
        if self.is_word(0, &["named", "called", "titled", "entitled"]) {
            self.take(1);
            return self.called(scope);
        }
        if self.is_word(
            0,
            &[
                "in", "from", "on", "at", "to", "of", "for", "by", "as", "under", "within", "into",
                "through", "across", "among", "about", "via", "using", "is", "are", "was", "were", "be",
                "being", "been",
            ],
        ) {
            if self.is_word(0, &["by"]) && self.by_phrase(scope) {
                return;
            }
            self.take(1);
            return self.object(scope, Before::Other);
        }
        self.object(scope, Before::Other);
    }

    /// `cost 1.99`, `weigh more than 10`: the verb names what is compared.
    pub(super) fn measure_verb(&mut self, scope: &mut Scope) -> bool {
        let quality = match self.peek(0).map(|token| token.lower.as_str()) {
            Some("cost" | "costs" | "costing" | "priced") => Quality::Price,
            Some("weigh" | "weighs" | "weighing") => Quality::Weight,
            Some("last" | "lasts" | "lasting") => Quality::Length,
            Some(_) | None => return false,
        };
        let mark = self.mark();
        self.take(1);
        self.skip(&["at", "exactly", "is", "are"]);
        if self.is_word(0, &["most", "least"]) && self.tokens[self.at - 1].is("at") {
            self.at -= 1;
        }
        let right = |value| super::sketch::Right::Number { value, unit: None };
        if let Some(number) = self.number_here().filter(|_| !self.is_word(1, &["or"])) {
            self.take(1);
            self.skip(&["dollars", "dollar", "euros", "pounds", "usd"]);
            scope.conds.push(Cond::Compare {
                left: None,
                function: None,
                quality,
                op: CompareOp::Equal,
                right: right(number),
            });
            return true;
        }
        match self.comparison(None) {
            Some(Cond::Compare { left: None, function, op, right, .. }) => {
                scope.conds.push(Cond::Compare { left: None, function, quality, op, right });
                true
            }
            Some(_) | None => {
                self.reset(mark);
                false
            }
        }
    }

    /// `, where gross margin is revenue minus cost`: says what a known metric means, which the model says already.
    pub(super) fn definition(&mut self) -> bool {
        let mark = self.mark();
        self.take(1);
        let defines =
            self.noun_phrase().is_some_and(|np| np.noun.is_some_and(|noun| noun.metric().is_some()))
                && self.is_word(0, &["is", "means", "equals", "="]);
        if !defines {
            self.reset(mark);
            return false;
        }
        while !self.is_sentence_end() {
            self.take(1);
        }
        true
    }

    /// `...: name and price` says what to show.
    pub(super) fn colon_list(&mut self) -> bool {
        let mark = self.mark();
        self.take(1);
        let before = std::mem::take(&mut self.sketch.wants);
        let read = self.want_list() && self.is_sentence_end();
        if read {
            self.replace_wants(before);
            return true;
        }
        self.sketch.wants = before;
        self.reset(mark);
        false
    }

    /// A noun, a value or a word that is passed over.
    pub(super) fn object(&mut self, scope: &mut Scope, before: Before) {
        let orders = self.is_word(0, &["ordered", "sorted", "arranged"])
            && self.is_word(1, &["by", "in", "from", "alphabetically"]);
        if self.window_at(self.at).is_some() || orders {
            return;
        }
        if let Some(cond) = self.comparison(None) {
            return scope.conds.push(cond);
        }
        if self.peek(0).is_some_and(|token| token.kind == TokenKind::Quoted) && self.quoted_text(scope, None)
        {
            return;
        }
        if self.is_grammar() {
            return;
        }
        match self.noun_phrase() {
            Some(np) => self.attach(np, scope, before),
            None => self.verb_or_pass(scope),
        }
    }

    /// Whether a word stands here that another phrase begins with.
    pub(super) fn is_grammar(&self) -> bool {
        self.is_sentence_end()
            || self.is_word(
                0,
                &[
                    "not", "never", "with", "whose", "who", "that", "which", "and", "or", "by", "per",
                    "without", "but", "in", "on", "from", "between", "of", "for", "at", "to", "have", "has",
                    "both", "either",
                ],
            )
            || self.is_symbol(0, ',')
            || self.is_symbol(0, '(')
    }

    /// A verb that names a thing (`rented` for `rental`), or a word that is passed over.
    pub(super) fn verb_or_pass(&mut self, scope: &mut Scope) {
        let Some(token) = self.peek(0).cloned() else { return };
        if token.kind == TokenKind::Word {
            scope.verbs.push(token.stem.clone());
            let by_root = self.lexicon.by_root(&token);
            let is_verb = token.lower.ends_with("ed")
                || token.lower.ends_with("ing")
                || is_light_verb(&token.stem)
                || token.lower.ends_with('s');
            if is_verb && !by_root.is_empty() && !crate::planner::text::words::is_stop_word(&token.lower) {
                let things: Vec<_> = by_root
                    .iter()
                    .filter(|found| matches!(found.target, Target::Dataset(_)))
                    .copied()
                    .collect();
                if !things.is_empty() {
                    scope.mentions.push(self.noun_of(things, 1));
                }
                self.verb = Some(token.stem.clone());
                self.take(1);
                return;
            }
        }
        self.pass();
    }

    /// After `with`, `having`, `whose`: comparisons, superlatives, things that belong to it.
    pub(super) fn with_phrase(&mut self, scope: &mut Scope, before: Before) {
        if self.negation(scope) || self.text_match(scope) {
            return;
        }
        if let Some(cond) = self.comparison(None) {
            return scope.conds.push(cond);
        }
        if let Some(np) = self.noun_phrase() {
            self.attach(np, scope, before);
        }
    }

    /// `in 2024`, `last month`; `2014 or 2015`; `2024 and 2025`.
    pub(super) fn time(&mut self, scope: &mut Scope) -> bool {
        let Some(token) = self.peek(0) else { return false };
        let field_first = self.lookup().first().is_some_and(|found| found.len >= 2 && found.score >= 0.9);
        if field_first
            || token.is("of")
                && self.is_word(1, &["the"])
                && grain_noun(&self.peek(2).map_or(String::new(), |t| t.lower.clone())).is_some()
        {
            return false;
        }
        let Some(window) = self.window() else { return false };
        let timed = |window| Cond::Time(Timed { window, verb: None, near: None });
        let mut windows = vec![window];
        while self.is_word(0, &["or", "and"]) || self.is_symbol(0, ',') {
            let mark = self.mark();
            self.take(1);
            self.skip(&["in", "the", "year", "and", "or"]);
            match self.year_window() {
                Some(next) => {
                    self.take(1);
                    windows.push(next);
                }
                None => {
                    self.reset(mark);
                    break;
                }
            }
        }
        let near = self.last;
        let verb = self.verb.clone();
        let mut conds: Vec<Cond> = windows.into_iter().map(timed).collect();
        for cond in &mut conds {
            if let Cond::Time(timed) = cond {
                timed.near = near;
                timed.verb.clone_from(&verb);
            }
        }
        match conds.len() {
            1 => scope.conds.append(&mut conds),
            _ => scope.conds.push(Cond::Any(conds)),
        }
        true
    }
}
