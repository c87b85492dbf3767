//! What follows `by`: a value, a measure to rank by, or a group.

use super::parser::Parser;
use super::sketch::{Cond, Measure, Noun, Scope, Special, Want};
use crate::planner::lexicon::Target;
use crate::planner::text::TokenKind;

impl Parser<'_> {
    /// `by revenue` after `top 5`, `by Ben Jones` after `directed`, `by region`; whether it was one of these.
    pub(super) fn by_phrase(&mut self, scope: &mut Scope) -> bool {
        let mark = self.mark();
        self.take(1);
        if self.peek(0).is_some_and(|token| token.kind == TokenKind::Quoted) {
            let field = self.verb_field();
            return self.quoted_text(scope, field);
        }
        let matches = self.lookup();
        let value = matches.first().is_some_and(|found| matches!(found.target, Target::Value(_)));
        if value && let Some(values) = self.value_list(&matches) {
            let near = self.verb_field().and_then(|noun| noun.best().map(|found| found.target)).or(self.last);
            scope.conds.push(Cond::Is { values, field: None, near, negated: false });
            return true;
        }
        let ranks = self.sketch.superlative.is_some() || matches!(self.sketch.special, Some(Special::Rank));
        let probe = self.mark();
        self.skip(&["the", "their", "its", "our"]);
        let popular = self.eat_any(&["popularity", "frequency"]).is_some();
        if popular && ranks {
            return self.measured(Measure::Times, true);
        }
        self.reset(probe);
        let probe = self.mark();
        if let Some(np) = self.noun_phrase() {
            let is_metric = np
                .noun
                .as_ref()
                .is_some_and(|noun| matches!(noun.best().map(|found| found.target), Some(Target::Metric(_))));
            let is_measure =
                is_metric || np.count || !np.functions.is_empty() || self.is_measure_field(&np.noun);
            let things_wanted = self.sketch.wants.iter().all(|want| matches!(want, Want::Noun(noun) if noun.metric().is_none() || noun.dataset().is_some()));
            if np.grain.is_none()
                && is_measure
                && (ranks || (is_metric && things_wanted && !self.sketch.wants.is_empty()))
            {
                scope.conds.extend(np.conds.clone());
                let descending = self.sketch.superlative.as_ref().is_none_or(|found| found.descending);
                if let Some(measure) = np.measure() {
                    if ranks {
                        self.bare_superlative_keeping(descending, measure);
                    } else {
                        self.sketch
                            .order
                            .push(super::sketch::OrderKey { by: Some(measure), descending: true });
                        self.sketch.wants.extend(np.wants());
                    }
                }
                return true;
            }
            if np.noun.is_none() && !np.conds.is_empty() {
                scope.conds.extend(np.conds);
                return true;
            }
        }
        self.reset(probe);
        if self.group_list() {
            return true;
        }
        self.reset(mark);
        false
    }

    pub(super) fn bare_superlative_keeping(&mut self, descending: bool, measure: Measure) {
        match &mut self.sketch.superlative {
            Some(found) => found.measure = Some(measure),
            None => {
                if matches!(self.sketch.special, Some(Special::Rank)) {
                    self.sketch.order.push(super::sketch::OrderKey { by: Some(measure), descending });
                }
            }
        }
    }

    pub(super) fn is_measure_field(&self, noun: &Option<Noun>) -> bool {
        noun.as_ref().and_then(Noun::best).is_some_and(|found| match found.target {
            Target::Field(field) => self.lexicon.field(field).role == crate::semantic::Role::Measure,
            Target::Metric(_) => true,
            Target::Dataset(_) | Target::Named(_) | Target::Value(_) => false,
        })
    }

    /// The field that the verb before names: `directed` for `Directed_by`.
    pub(super) fn verb_field(&self) -> Option<Noun> {
        let before = self.at.checked_sub(2).and_then(|place| self.tokens.get(place))?;
        let mut matches = self.lexicon.lookup(&self.tokens, self.at.checked_sub(2)?);
        matches.extend(self.lexicon.by_root(before));
        matches.retain(|found| matches!(found.target, Target::Field(_)));
        (!matches.is_empty()).then(|| Noun { matches, text: before.text.clone(), ..Noun::default() })
    }
}
