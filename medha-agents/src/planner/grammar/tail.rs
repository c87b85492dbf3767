//! What follows the question: parentheses, and sentences that say what to show and how to order it.

use super::compare::Depth;
use super::parser::{Parser, Use};
use super::sketch::{Scope, Want};
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
        if matches!(word.as_str(), "only" | "consider" | "considering")
            && self.is_word(1, &["include", "consider", "count", "successful"])
        {
            self.take(2);
            return;
        }
        if is_imperative(&word) {
            return self.instruction(scope);
        }
        if self.is_word(0, &["how", "what", "which", "who"]) {
            let alone = self.is_word(1, &["many"])
                && self
                    .peek(2)
                    .is_none_or(|token| matches!(token.kind, crate::planner::text::TokenKind::Symbol(_)));
            if !alone && self.sketch.wants.iter().any(Want::sums_up) {
                // A second question of its own would be lost.
                self.uses[self.at] = Use::Unknown;
                self.at += 1;
                return;
            }
            self.lead();
            return;
        }
        // `Name only.`, `Date and amount.`
        let mark = self.mark();
        let wants = std::mem::take(&mut self.sketch.wants);
        self.sketch.asked.clone_from(&wants);
        if self.want_list() {
            self.skip(&["only"]);
            if self.is_sentence_end() {
                if self.sketch.superlative.is_some() {
                    self.sketch.asked = wants;
                    self.sketch.wants_are_final = true;
                } else {
                    self.replace_wants(wants);
                }
                return;
            }
        }
        self.sketch.wants = wants;
        self.reset(mark);
    }

    /// `Return the id and name`: what is shown, instead of what the question named.
    pub(super) fn instruction(&mut self, scope: &mut Scope) {
        self.take(1);
        self.skip(&[
            "me", "us", "only", "just", "the", "list", "of", "also", "back", "them", "out", "with",
            "together",
        ]);
        let add = self.is_word(0, &["as"]);
        let groups = self.sketch.groups.len();
        let superlative = self.sketch.superlative.clone();
        let before = std::mem::take(&mut self.sketch.wants);
        let distinct = self.sketch.distinct;
        // The conditions of the question stay with the question.
        let held = std::mem::take(&mut self.sketch.scope);
        self.sketch.asked.clone_from(&before);
        if self.want_list() && !add {
            let usable = !before.is_empty();
            self.sketch.wants_are_final |= usable;
            // A superlative said twice is said once.
            if superlative.is_some() {
                self.sketch.superlative = superlative;
            }
            // `How many ...? Give the names.`: the number stays beside the names.
            let regrouped = self.sketch.groups.len() > groups;
            if regrouped && self.sketch.wants.iter().any(Want::sums_up) {
                self.sketch.superlative = None;
            }
            if usable {
                self.sketch.groups.truncate(groups);
            }
            self.keep_numbers(before);
        } else {
            self.sketch.wants = before;
        }
        self.sketch.distinct |= distinct;
        let mut added = std::mem::replace(&mut self.sketch.scope, held);
        scope.conds.append(&mut added.conds);
        self.skip(&["as", "well", "only", "too"]);
    }

    /// Puts the wants just read in the place of those asked before; numbers asked for stay.
    pub(super) fn replace_wants(&mut self, before: Vec<Want>) {
        self.sketch.asked.clone_from(&before);
        self.sketch.wants_are_final = !before.is_empty();
        self.keep_numbers(before);
    }

    fn keep_numbers(&mut self, before: Vec<Want>) {
        let names_number = self.sketch.wants.iter().any(Want::sums_up);
        if !names_number {
            self.sketch.wants.extend(before.into_iter().filter(Want::sums_up));
        }
    }

    /// A parenthesis: names of what to show, or a remark that is passed over.
    pub(super) fn parenthesis(&mut self, scope: &mut Scope) {
        self.take(1);
        let close = (self.at..self.tokens.len()).find(|&place| self.tokens[place].is_symbol(')'));
        let close = close.unwrap_or(self.tokens.len());
        let mark = self.mark();
        let before = self.sketch.clone();
        let wants = std::mem::take(&mut self.sketch.wants);
        let read = self.want_list();
        self.skip(&["only"]);
        let conditions = self.sketch.scope.conds.len() == before.scope.conds.len();
        if read && self.at == close && !wants.is_empty() && conditions {
            self.replace_wants(wants);
            self.take(1);
            return;
        }
        self.sketch = before.clone();
        self.reset(mark.clone());
        // Conditions in parentheses count where all of them are understood; anything else explains.
        let held = scope.clone();
        while self.at < close && !self.is_at_end() {
            let here = self.at;
            self.step(scope, Depth::Nested);
            if self.at == here {
                self.pass();
            }
        }
        let explains_weeks = self
            .sketch
            .groups
            .iter()
            .any(|group| matches!(group, super::sketch::Group::Bucket(crate::plan::Grain::Week)));
        let understood = !explains_weeks
            && self.at == close
            && !self.uses[..close].contains(&Use::Unknown)
            && scope.conds.len() > held.conds.len();
        if !understood {
            *scope = held;
            self.sketch = before;
            self.reset(mark);
            while self.at < close && !self.is_at_end() {
                self.take(1);
            }
        }
        if !self.is_at_end() {
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
