//! What follows the question: parentheses, and sentences that say what to show and how to order it.

use super::compare::Depth;
use super::parser::{Parser, Use};
use super::sketch::{Scope, Special};
use crate::planner::text::words::is_imperative;

impl Parser<'_> {
    /// Reads the sentences after the first.
    pub(super) fn tails(&mut self) {
        while !self.is_at_end() {
            if self.is_sentence_end() {
                self.take(1);
                continue;
            }
            self.skip(&["please", "then", "also", "and", "now"]);
            let mut scope = std::mem::take(&mut self.sketch.scope);
            self.tail(&mut scope);
            self.clause(&mut scope, Depth::Main);
            let mut rest = std::mem::take(&mut self.sketch.scope);
            scope.conds.append(&mut rest.conds);
            scope.mentions.append(&mut rest.mentions);
            self.sketch.scope = scope;
        }
        self.settle_averages();
    }

    fn tail(&mut self, scope: &mut Scope) {
        if self.ordering() {
            return;
        }
        let Some(word) = self.peek(0).map(|token| token.lower.clone()) else { return };
        if matches!(word.as_str(), "ignore" | "exclude" | "excluding" | "ignoring") {
            self.take(1);
            return self.pass_rest();
        }
        if matches!(word.as_str(), "only" | "consider" | "considering") && self.is_word(1, &["include", "consider", "count", "successful"]) {
            self.take(2);
            return;
        }
        if is_imperative(&word) {
            return self.instruction(scope);
        }
        if self.is_word(0, &["how", "what", "which", "who"]) {
            self.lead();
            return;
        }
        // `Name only.`, `Date and amount.`
        let mark = self.mark();
        let wants = std::mem::take(&mut self.sketch.wants);
        if self.want_list() {
            self.skip(&["only"]);
            if self.is_sentence_end() {
                self.sketch.wants_are_final = true;
                return;
            }
        }
        self.sketch.wants = wants;
        self.reset(mark);
    }

    /// `Return the id and name`: what is shown, instead of what the question named.
    pub(super) fn instruction(&mut self, scope: &mut Scope) {
        self.take(1);
        self.skip(&["me", "us", "only", "just", "the", "list", "of", "also", "back", "them", "out", "with", "together"]);
        let add = self.is_word(0, &["as"]);
        let groups = self.sketch.groups.len();
        let superlative = self.sketch.superlative.clone();
        let before = std::mem::take(&mut self.sketch.wants);
        let distinct = self.sketch.distinct;
        // The conditions of the question stay with the question.
        let held = std::mem::take(&mut self.sketch.scope);
        if self.want_list() && !add {
            let usable = !before.is_empty();
            self.sketch.wants_are_final |= usable;
            // A superlative said twice is said once.
            if superlative.is_some() {
                self.sketch.superlative = superlative;
            }
            if usable {
                self.sketch.groups.truncate(groups.max(0));
            }
        } else {
            self.sketch.wants = before;
        }
        self.sketch.distinct |= distinct;
        let mut added = std::mem::replace(&mut self.sketch.scope, held);
        scope.conds.append(&mut added.conds);
        self.skip(&["as", "well", "only", "too"]);
    }

    /// A parenthesis: names of what to show, or a remark that is passed over.
    pub(super) fn parenthesis(&mut self, scope: &mut Scope) {
        self.take(1);
        let close = (self.at..self.tokens.len()).find(|&place| self.tokens[place].is_symbol(')'));
        let close = close.unwrap_or(self.tokens.len());
        let mark = self.mark();
        let before = self.sketch.clone();
        self.sketch.wants.clear();
        let read = self.want_list();
        self.skip(&["only"]);
        let names_fields = read && self.at == close && !before.wants.is_empty() && self.sketch.scope.conds.len() == before.scope.conds.len();
        if names_fields {
            self.sketch.wants_are_final = true;
            self.take(1);
            return;
        }
        let special = before.special.clone();
        self.sketch = before;
        self.reset(mark);
        // Conditions in parentheses count; anything else explains.
        let conds = scope.conds.len();
        let uses = self.uses.clone();
        while self.at < close && !self.is_at_end() {
            let here = self.at;
            self.step(scope, Depth::Nested);
            if self.at == here {
                self.pass();
            }
        }
        let clean = self.uses[mark_at(&uses, self.at)..].iter().all(|_| true) && self.at == close && !self.uses[..close.min(self.uses.len())].contains(&Use::Unknown);
        if !clean || matches!(special, Some(Special::Per(_))) {
            scope.conds.truncate(conds);
            self.at = close;
        }
        for place in 0..close.min(self.uses.len()) {
            if uses[place] == Use::Open && self.uses[place] == Use::Unknown {
                self.uses[place] = Use::Passed;
            }
        }
        if self.at < self.tokens.len() {
            self.take(1);
        }
    }

    /// Passes over the rest of a sentence, noting what had content.
    fn pass_rest(&mut self) {
        while !self.is_sentence_end() {
            self.pass();
        }
    }
}

fn mark_at(uses: &[Use], at: usize) -> usize {
    at.min(uses.len())
}
