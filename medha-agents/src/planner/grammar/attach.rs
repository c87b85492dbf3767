//! The role of a noun in its clause: compared, equal to something, ranked by, required.

use super::clause::Before;
use super::noun::Np;
use super::parser::Parser;
use super::sketch::{Cond, Group, Measure, Noun, Scope, Superlative};
use crate::plan::CompareOp;
use crate::planner::lexicon::Target;
use crate::planner::text::TokenKind;
use crate::planner::text::words::Quality;

impl Parser<'_> {
    /// Gives a noun phrase its role in the clause.
    pub(super) fn attach(&mut self, mut np: Np, scope: &mut Scope, before: Before) {
        let Some(noun) = np.noun.clone() else {
            scope.conds.append(&mut np.conds);
            if np.superlative.is_some() {
                self.attach_superlative(np, scope);
            }
            return;
        };
        let is_sure_thing = crate::planner::build::names_thing(&noun) && !np.count;
        self.skip(&["members", "events", "entries", "situations"]);
        let measurable = (noun.has_field() || noun.metric().is_some() || np.count) && !is_sure_thing;
        if measurable && np.superlative.is_none() && !np.is_condition {
            if self.text_of(&noun, scope) {
                scope.conds.append(&mut np.conds);
                return;
            }
            if self.is_the_most(&np) {
                return scope.conds.append(&mut np.conds);
            }
            if let Some(cond) = self.comparison(Some(&np)) {
                scope.conds.append(&mut np.conds);
                return scope.conds.push(cond);
            }
            if self.equality(&np, scope) {
                scope.conds.append(&mut np.conds);
                return;
            }
        }
        scope.conds.append(&mut np.conds);
        self.sketch.groups.append(&mut np.groups);
        if np.superlative.is_some() {
            return self.attach_superlative(np, scope);
        }
        if np.is_condition {
            if noun.dataset().is_some() {
                scope.mentions.push(noun);
            }
            return;
        }
        if np.no {
            return scope.conds.push(self.absence(noun));
        }
        if np.each {
            self.sketch.groups.push(Group::Noun(Noun { each: true, ..noun }));
            return;
        }
        if let Some(number) = np.number.filter(|_| noun.dataset().is_some()) {
            return scope.conds.push(Cond::CountIs { of: Some(noun), op: CompareOp::Equal, number });
        }
        let is_thing = matches!(np.target(), Some(Target::Dataset(_)));
        if before != Before::Other && !is_thing && self.is_flag(&noun) {
            return scope.conds.push(Cond::Flag { field: noun, negated: false });
        }
        if before == Before::With && !is_thing {
            // `with the revenue`, `with their names`: shown beside the rest.
            self.sketch.wants.extend(np.wants());
            self.more_wants();
            return;
        }
        if before == Before::With && np.count {
            self.sketch.wants.extend(np.wants());
            self.more_wants();
            return;
        }
        scope.mentions.push(noun);
    }

    /// `and the total`: what else is shown.
    pub(super) fn more_wants(&mut self) {
        let mark = self.mark();
        self.skip_commas();
        if self.eat_any(&["and"]).is_some()
            && !self.is_word(0, &["is", "are", "have", "has", "who", "that", "with"])
            && self.want_list()
        {
            return;
        }
        self.reset(mark);
    }

    /// `whose capacity is the largest`.
    pub(super) fn is_the_most(&mut self, np: &Np) -> bool {
        let mark = self.mark();
        let copula = self.eat_any(&["is", "are", "was", "were"]).is_some();
        self.skip(&["the"]);
        let word = self.peek(0).and_then(|token| crate::planner::text::words::superlative(&token.lower));
        if let Some((quality, descending)) = word.filter(|_| copula) {
            self.take(1);
            if self.is_sentence_end() || self.is_symbol(0, ',') || self.is_word(0, &["and"]) {
                self.sketch.superlative = Some(Superlative {
                    quality,
                    descending,
                    measure: np.measure(),
                    count: None,
                    skip: 0,
                    of: None,
                });
                return true;
            }
        }
        self.reset(mark);
        false
    }

    /// Whether every reading of a noun is a yes-or-no field.
    pub(super) fn is_flag(&self, noun: &Noun) -> bool {
        noun.best().is_some_and(|found| match found.target {
            Target::Field(field) => crate::planner::build::is_boolean(self.lexicon.field(field)),
            Target::Metric(_) | Target::Dataset(_) | Target::Named(_) | Target::Value(_) => false,
        })
    }

    pub(super) fn attach_superlative(&mut self, np: Np, scope: &mut Scope) {
        let Some(mut superlative) = np.superlative.clone() else { return };
        let target = np.target();
        if let Some(number) = np.number {
            superlative.count = superlative.count.or(Some(number as u64));
        }
        let is_thing = matches!(target, Some(Target::Dataset(_))) && !np.count;
        let by_amount = superlative.quality == Quality::Amount;
        if superlative.measure.is_none() {
            superlative.measure = match (is_thing, by_amount) {
                (true, true) => np.noun.clone().map(Measure::Count),
                (false, true | false) => np.measure(),
                (true, false) => None,
            };
        }
        if is_thing && !by_amount {
            superlative.of = target;
        }
        if let (true, Some(noun)) = (is_thing, np.noun) {
            scope.mentions.push(noun);
        }
        // `the top 5 ... with the highest ...`: the number was said before.
        if let Some(before) = self.sketch.superlative.take() {
            superlative.count = superlative.count.or(before.count);
            superlative.of = superlative.of.or(before.of);
            superlative.skip = superlative.skip.max(before.skip);
        }
        self.sketch.superlative = Some(Superlative { ..superlative });
    }

    /// `is Rock`, `= 5`, `: "x"` after a field.
    pub(super) fn equality(&mut self, np: &Np, scope: &mut Scope) -> bool {
        let Some(noun) = np.noun.clone().filter(Noun::has_field) else { return false };
        let mark = self.mark();
        let mut linked = false;
        while self.is_word(
            0,
            &[
                "is", "are", "was", "were", "equals", "equal", "to", "be", "being", "of", "named", "called",
                "the", "either", "a", "as", "in",
            ],
        ) || self.is_symbol(0, '=')
            || self.is_symbol(0, ':')
        {
            linked = true;
            self.take(1);
        }
        let negated = self.eat_any(&["not"]).is_some();
        self.skip(&["in", "either", "the", "equal", "to"]);
        let matches = self.lookup();
        let fits: Vec<_> =
            matches.into_iter().filter(|found| matches!(found.target, Target::Value(_))).collect();
        let own: Vec<_> = fits
            .iter()
            .filter(|found| {
                found.target.field().is_some_and(|field| {
                    noun.matches.iter().any(|known| known.target == Target::Field(field))
                })
            })
            .copied()
            .collect();
        if !own.is_empty()
            && let Some(values) = self.value_list(&own)
        {
            let near = noun.best().map(|found| found.target);
            scope.conds.push(Cond::Is { values, field: Some(noun), near, negated });
            return true;
        }
        let literal = self.peek(0).cloned();
        if let Some(token) = literal.filter(|token| {
            linked && !self.is_time(&noun) && matches!(token.kind, TokenKind::Quoted | TokenKind::Number(_))
        }) {
            let mut texts = vec![token.text.clone()];
            self.take(1);
            while (self.is_word(0, &["or"]) || self.is_symbol(0, ','))
                && self.peek(1).is_some_and(|next| {
                    std::mem::discriminant(&next.kind) == std::mem::discriminant(&token.kind)
                })
            {
                texts.extend(self.peek(1).map(|next| next.text.clone()));
                self.take(2);
            }
            scope.conds.push(Cond::Equals { field: Some(noun), texts, negated });
            return true;
        }
        self.reset(mark);
        false
    }

    /// Quoted text, known or not; `field` is what it was said of.
    pub(super) fn quoted_text(&mut self, scope: &mut Scope, field: Option<Noun>) -> bool {
        let Some(token) = self.peek(0).filter(|token| token.kind == TokenKind::Quoted).cloned() else {
            return false;
        };
        let known = self.lookup();
        if !known.is_empty()
            && let Some(values) = self.value_list(&known)
        {
            scope.conds.push(Cond::Is { values, field, near: self.last, negated: false });
            return true;
        }
        let field = field.or_else(|| self.last_noun());
        self.take(1);
        if self.is_word(0, &["in"]) && self.is_word(1, &["its", "their", "the", "his", "her"]) {
            let probe = self.mark();
            self.take(2);
            match self.noun_phrase().and_then(|np| np.noun) {
                Some(noun) if noun.is_label || noun.has_field() => {
                    let field = if noun.is_label { field } else { Some(noun) };
                    let kind = crate::plan::TextMatch::Contains;
                    scope.conds.push(Cond::Matches { field, kind, text: token.text, negated: false });
                    return true;
                }
                Some(_) | None => self.reset(probe),
            }
        }
        scope.conds.push(Cond::Equals { field, texts: vec![token.text], negated: false });
        true
    }

    /// The noun read last, as a noun again.
    pub(super) fn last_noun(&self) -> Option<Noun> {
        let target = self.last?;
        Some(Noun {
            matches: vec![crate::planner::lexicon::Match { target, len: 1, score: 1.0 }],
            ..Noun::default()
        })
    }

    /// After `named`, `called`: a value, or any text, of the thing before.
    pub(super) fn called(&mut self, scope: &mut Scope) {
        if self.quoted_text(scope, None) {
            return;
        }
        let matches = self.lookup();
        if let Some(values) = self.value_list(&matches) {
            scope.conds.push(Cond::Is { values, field: None, near: self.last, negated: false });
        }
    }
}
