//! Wants: the list of what is to be shown.

use super::noun::Np;
use super::parser::Parser;
use super::sketch::{Group, Measure, Noun, PerUnit, Special, Superlative, Want};
use crate::plan::AggregateFunction;
use crate::planner::lexicon::Target;
use crate::planner::text::TokenKind;
use crate::planner::text::words::{Quality, date_part, grain_noun};

impl Parser<'_> {
    /// Reads wants as long as they go on; whether there was any.
    pub(super) fn want_list(&mut self) -> bool {
        let before = self.sketch.wants.len();
        let mut more = None;
        loop {
            if !self.want() {
                if let Some(mark) = more {
                    self.reset(mark);
                }
                break;
            }
            let mark = self.mark();
            let mut separated = false;
            loop {
                if self.is_symbol(0, ',')
                    || self.is_symbol(0, '&')
                    || self.is_word(0, &["and", "plus", "also", "then"])
                {
                    self.take(1);
                } else if self.sees(&["as", "well", "as"]) {
                    self.take(3);
                } else if self.sees(&["along", "with"])
                    || self.sees(&["together", "with"])
                    || self.sees(&["or", "the"])
                {
                    self.take(2);
                } else {
                    break;
                }
                separated = true;
            }
            let clause_follows = self.is_word(
                0,
                &[
                    "with",
                    "for",
                    "by",
                    "ordered",
                    "sorted",
                    "order",
                    "sort",
                    "who",
                    "that",
                    "in",
                    "from",
                    "but",
                    "have",
                    "has",
                    "are",
                    "is",
                    "where",
                    "list",
                    "show",
                    "return",
                    "give",
                    "whose",
                    "not",
                    "do",
                    "does",
                    "excluding",
                    "including",
                ],
            );
            if !separated || self.is_sentence_end() || clause_follows {
                self.reset(mark);
                break;
            }
            more = Some(mark);
        }
        self.sketch.wants.len() > before
    }

    /// Reads one want.
    pub(super) fn want(&mut self) -> bool {
        let mark = self.mark();
        self.skip(&["only", "just", "both", "then", "also", "again"]);
        let asks_place = self.is_word(0, &["where", "when"])
            && self.is_word(1, &["is", "are", "was", "were", "did", "do", "does", "can"]);
        if self.is_word(0, &["how"]) || asks_place {
            let before = self.sketch.wants.len();
            self.lead();
            return self.sketch.wants.len() > before;
        }
        if self.is_word(0, &["what", "which"]) {
            self.take(1);
            self.skip(&["is", "are", "was", "were"]);
        }
        if self.everything() || self.special_want() || self.the_measure() || self.period_want() {
            return true;
        }
        let Some(np) = self.noun_phrase() else {
            self.reset(mark);
            return false;
        };
        // `revenue above 100` is a condition and no want.
        let compared = np.noun.is_some() && np.functions.is_empty() && self.is_word(0, &["<", ">", "="]);
        if compared || (np.noun.is_none() && np.conds.is_empty()) {
            self.reset(mark);
            return false;
        }
        self.take_np_as_want(np)
    }

    /// `and the total`, `count`: the number that was asked for.
    pub(super) fn the_measure(&mut self) -> bool {
        let mark = self.mark();
        self.skip(&["the", "their", "its", "respective", "corresponding"]);
        let named =
            self.eat_any(&["count", "counts", "total", "number", "amount", "totals", "average"]).is_some();
        let ends = self.is_sentence_end()
            || self.is_symbol(0, ',')
            || self.is_symbol(0, ')')
            || self.is_word(0, &["and", "per", "for", "by", "in", "only"]);
        let known = self.sketch.wants.iter().chain(&self.sketch.asked).any(Want::sums_up)
            || self.sketch.superlative.is_some()
            || !self.sketch.scope.conds.is_empty();
        if !named || !ends || !known {
            self.reset(mark);
            return false;
        }
        self.sketch.wants.push(Want::TheMeasure);
        true
    }

    /// `all information about X`, `everything about X`.
    pub(super) fn everything(&mut self) -> bool {
        let mark = self.mark();
        self.skip(&["all", "the", "of", "any", "full", "complete", "every"]);
        let word = self.eat_any(&[
            "information",
            "info",
            "details",
            "detail",
            "data",
            "everything",
            "columns",
            "fields",
            "attributes",
            "records",
            "rows",
        ]);
        if word.is_none() || !self.is_word(0, &["about", "of", "on", "for", "from", "regarding", "in"]) {
            self.reset(mark);
            return false;
        }
        self.take(1);
        match self.noun_phrase() {
            Some(mut np) if np.noun.is_some() => {
                let noun = self.accept_parts(&mut np);
                self.sketch.wants.push(Want::Everything(noun));
                true
            }
            Some(_) | None => {
                self.reset(mark);
                false
            }
        }
    }

    /// `month`, `the year`, `weekday`, `each month's ...`: periods as columns.
    pub(super) fn period_want(&mut self) -> bool {
        let mark = self.mark();
        self.skip(&["the", "each", "every"]);
        let Some(token) = self.peek(0).cloned() else { return false };
        let known = self.lookup().iter().any(|found| found.score >= 0.8 || found.len >= 2);
        if known
            || token.kind != TokenKind::Word
            || self.window_at(self.at).is_some_and(|window| window.len > 1)
        {
            self.reset(mark);
            return false;
        }
        if self.sees(&["day", "of", "the", "week"]) || self.sees(&["day", "of", "week"]) {
            self.take(if self.sees(&["day", "of", "the", "week"]) { 4 } else { 3 });
            self.sketch.wants.push(Want::Part(crate::plan::DatePart::DayOfWeek));
            return true;
        }
        if let Some(part) = date_part(&token.lower) {
            self.take(1);
            let _ = self.eat(&["of", "the", "day"]) || self.eat(&["of", "day"]);
            self.sketch.wants.push(Want::Part(part));
            return true;
        }
        if let Some(grain) = grain_noun(&token.lower) {
            self.take(1);
            if self.peek(0).is_some_and(|token| token.kind == TokenKind::Possessive) {
                self.take(1);
                self.sketch.groups.push(Group::Bucket(grain));
                return self.want();
            }
            self.sketch.wants.push(Want::Bucket(grain));
            return true;
        }
        self.reset(mark);
        false
    }

    /// Takes the parts of a phrase into the sketch and returns its noun.
    pub(super) fn accept_parts(&mut self, np: &mut Np) -> Noun {
        self.sketch.scope.conds.append(&mut np.conds);
        self.sketch.groups.append(&mut np.groups);
        if let Some(superlative) = np.superlative.take() {
            self.set_superlative(superlative, np);
        }
        if let Some(grain) = np.grain {
            self.sketch.groups.push(Group::Bucket(grain));
        }
        let mut noun = np.noun.clone().unwrap_or_default();
        noun.window = np.window.clone();
        noun
    }

    pub(super) fn accept(&mut self, mut np: Np) -> Noun {
        self.accept_parts(&mut np)
    }

    pub(super) fn set_superlative(&mut self, mut superlative: Superlative, np: &Np) {
        superlative.of = superlative.of.or(np.target());
        superlative.count = superlative.count.or(np.number.map(|number| number as u64));
        if self.sketch.superlative.is_none() {
            self.sketch.superlative = Some(superlative);
        }
    }

    /// A noun phrase where something is to be shown.
    pub(super) fn take_np_as_want(&mut self, mut np: Np) -> bool {
        self.sketch.scope.conds.append(&mut np.conds);
        self.sketch.groups.append(&mut np.groups);
        self.sketch.distinct |= np.distinct && !np.count;
        if np.percent {
            self.sketch.percent = true;
            self.sketch.special = Some(Special::Share);
        }
        if let Some(grain) = np.grain {
            let averaged = np.functions.contains(&AggregateFunction::Average)
                && (np.noun.as_ref().is_some_and(|noun| noun.metric().is_some()) || np.count);
            if averaged {
                self.sketch.special = Some(Special::Per(PerUnit::Grain(grain)));
                np.functions.clear();
            } else {
                self.sketch.groups.push(Group::Bucket(grain));
            }
        }
        if let Some(superlative) = np.superlative.take() {
            self.superlative_want(superlative, &mut np);
        } else if let Some(number) = np.number {
            self.sketch.superlative.get_or_insert(Superlative {
                quality: Quality::Amount,
                descending: true,
                measure: None,
                count: Some(number as u64),
                skip: 0,
                of: np.target(),
            });
        }
        if np.each
            && np.functions.is_empty()
            && !np.count
            && let Some(noun) = &np.noun
        {
            self.sketch.groups.push(Group::Noun(noun.clone()));
        }
        let wants = np.wants();
        let any = !wants.is_empty();
        self.sketch.wants.extend(wants);
        self.share_of_before();
        while np.count
            && np.distinct
            && self.is_word(0, &["and"])
            && self
                .lookup_at(self.at + 1)
                .first()
                .is_some_and(|found| matches!(found.target, Target::Field(_)))
        {
            self.take(1);
            let Some(next) = self.noun_phrase().and_then(|next| next.noun) else { break };
            self.sketch.wants.push(Want::Count { of: Noun { distinct: true, ..next } });
        }
        any
    }

    /// `revenue share`, `order percentage`: the share of what stands before.
    fn share_of_before(&mut self) {
        let shares = ["share", "shares", "percentage", "percentages", "proportion", "proportions"];
        let [.., last] = self.sketch.wants.as_mut_slice() else { return };
        let counted = match last {
            Want::Noun(noun)
                if noun.best().is_some_and(|found| matches!(found.target, Target::Metric(_))) =>
            {
                None
            }
            Want::Noun(noun) if crate::planner::build::names_thing(noun) => Some(noun.clone()),
            Want::Count { .. } => None,
            _ => return,
        };
        let mark = self.mark();
        if self.is_symbol(0, '%') {
            self.take(1);
        } else if self.eat_any(&shares).is_none() {
            return;
        }
        let names_field = self.at > 0 && self.lookup_at(self.at - 1).iter().any(|found| found.score >= 0.95);
        if names_field || self.is_word(0, &["of"]) {
            return self.reset(mark);
        }
        if let (Some(of), Some(want)) = (counted, self.sketch.wants.last_mut()) {
            *want = Want::Count { of };
        }
        self.sketch.percent = true;
        self.sketch.special = Some(Special::Share);
    }

    /// `the youngest singer` ranks; `the highest grade` is an aggregate of the grade.
    pub(super) fn superlative_want(&mut self, mut superlative: Superlative, np: &mut Np) {
        let target = np.target();
        let function = if superlative.descending { AggregateFunction::Max } else { AggregateFunction::Min };
        let is_field = matches!(target, Some(Target::Field(_))) && np.functions.is_empty() && !np.count;
        let aggregates = is_field
            && superlative.count.is_none()
            && superlative.skip == 0
            && matches!(superlative.quality, Quality::Amount | Quality::Recency)
            && superlative.measure.is_none();
        if aggregates {
            np.functions.push(function);
            return;
        }
        superlative.of = superlative.of.or(target);
        if superlative.measure.is_none() && superlative.quality == Quality::Amount && (is_field || np.count) {
            superlative.measure = if np.count { np.measure() } else { np.noun.clone().map(Measure::Noun) };
        }
        superlative.count = superlative.count.or(np.number.map(|number| number as u64));
        self.sketch.superlative = Some(superlative);
    }
}
