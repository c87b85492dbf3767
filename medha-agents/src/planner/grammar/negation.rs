//! What is not: `without`, `no`, `never`, `did not`, `except`, and conditions joined by `or`, `both` and `either`.

use super::compare::{Depth, opposite};
use super::noun::Np;
use super::parser::{Parser, Use};
use super::sketch::{Cond, Noun, Scope, Timed};
use crate::planner::lexicon::Target;
use crate::planner::text::TokenKind;
use crate::planner::text::words::{is_light_verb, is_stop_word};

impl Parser<'_> {
    /// Reads a negated phrase; whether there was one.
    pub(super) fn negation(&mut self, scope: &mut Scope) -> bool {
        let mark = self.mark();
        if self.eat_any(&["without", "lacking"]).is_some()
            || self.eat(&["except", "for"])
            || self.eat_any(&["except", "excluding"]).is_some()
        {
            return self.excepted(scope, &mark);
        }
        self.skip(&["have", "has", "had", "with", "got", "there", "is", "are"]);
        if self.is_word(0, &["no"]) && !self.is_word(1, &["more", "less", "fewer"]) {
            if let Some(np) = self.noun_phrase() {
                return self.negate(np, scope);
            }
            self.reset(mark);
            return false;
        }
        self.skip(&["do", "does", "did", "was", "were", "be", "been", "which", "who", "that"]);
        let negated = self.eat_any(&["not", "never", "neither"]).is_some();
        if !negated {
            self.reset(mark);
            return false;
        }
        self.negated_predicate(scope, &mark)
    }

    /// What follows `not`: a comparison, a value, a thing, or a verb alone.
    fn negated_predicate(&mut self, scope: &mut Scope, mark: &super::parser::Mark) -> bool {
        if let Some(cond) = self.comparison(None) {
            scope.conds.push(negate_cond(cond));
            return true;
        }
        self.negated_object(scope, mark)
    }

    /// `except for stadiums that had a concert`: what those had is what the others must not have.
    fn excepted(&mut self, scope: &mut Scope, mark: &super::parser::Mark) -> bool {
        let here = self.mark();
        if let Some(np) = self.noun_phrase() {
            let related = np.noun.as_ref().is_some_and(|noun| noun.dataset().is_some())
                && self.is_word(0, &["having", "with", "that", "who", "which"]);
            if related {
                let mut inner = Scope::default();
                self.clause(&mut inner, Depth::Nested);
                if let Some(noun) = inner.mentions.pop() {
                    scope.conds.push(Cond::Related { noun, scope: inner, negated: true });
                    return true;
                }
            }
        }
        self.reset(here);
        self.negated_object(scope, mark)
    }

    fn negated_object(&mut self, scope: &mut Scope, mark: &super::parser::Mark) -> bool {
        let start = self.at;
        let mut verbs: Vec<usize> = Vec::new();
        // Verbs and small words up to the object.
        for _ in 0..7 {
            if self.is_sentence_end() || self.is_symbol(0, ',') || self.is_word(0, &["and", "but", "or"]) {
                break;
            }
            if self.window_at(self.at).is_some() && !verbs.is_empty() {
                break;
            }
            let Some(token) = self.peek(0).cloned() else { break };
            if token.kind == TokenKind::Quoted {
                let mut inner = Scope::default();
                self.quoted_text(&mut inner, None);
                scope.conds.extend(inner.conds.into_iter().map(negate_cond));
                return true;
            }
            let is_verb = is_light_verb(&token.stem)
                && !self.is_word(1, &["and", "but", "or", "in", "on"])
                && self.peek(1).is_some_and(|next| !matches!(next.kind, TokenKind::Symbol(_)));
            let found = if is_verb { None } else { self.noun_phrase() };
            if let Some(np) = found {
                return self.negate(np, scope);
            }
            if token.kind != TokenKind::Word
                || !(is_light_verb(&token.stem)
                    || is_stop_word(&token.lower)
                    || token.lower.ends_with("ed")
                    || token.lower.ends_with("ing")
                    || !self.lexicon.by_root(&token).is_empty())
            {
                break;
            }
            if !is_stop_word(&token.lower) {
                verbs.push(self.at);
                self.verb = Some(token.stem.clone());
            }
            self.take(1);
        }
        // A verb alone: `have never been sold`, `have not been returned`.
        if let Some(&place) = verbs.first() {
            if let Some(noun) = self.verb_thing(place) {
                let mut inner = Scope::default();
                self.clause(&mut inner, Depth::Nested);
                scope.conds.push(Cond::Related { noun, scope: inner, negated: true });
                return true;
            }
            self.uses[place] = Use::Unknown;
        }
        let _ = start;
        self.reset(mark.clone());
        false
    }

    /// The thing or field that a verb names: `sold`, `returned`, `ordered`.
    fn verb_thing(&self, place: usize) -> Option<Noun> {
        let token = &self.tokens[place];
        let mut matches = self.lexicon.lookup(&self.tokens, place);
        matches.retain(|found| found.len == 1 && !matches!(found.target, Target::Value(_)));
        let named = self.lexicon.model.metrics.iter().enumerate().filter(|(_, metric)| {
            let words = std::iter::once(&metric.name).chain(&metric.synonyms);
            words
                .flat_map(|name| crate::planner::text::words_of_identifier(name))
                .any(|word| word == token.lower)
        });
        matches.extend(named.map(|(index, _)| crate::planner::lexicon::Match {
            target: Target::Metric(index),
            len: 1,
            score: 0.7,
        }));
        matches.extend(self.lexicon.by_root(token));
        (!matches.is_empty()).then(|| Noun {
            matches,
            text: token.text.clone(),
            at: place,
            ..Noun::default()
        })
    }

    /// Negates a noun phrase: nothing of it is there.
    fn negate(&mut self, mut np: Np, scope: &mut Scope) -> bool {
        np.no = false;
        let Some(noun) = np.noun.clone() else {
            scope.conds.extend(np.conds.drain(..).map(negate_cond));
            return true;
        };
        if np.is_condition {
            scope.conds.extend(np.conds.drain(..).map(negate_cond));
            return true;
        }
        let measurable = noun.has_field() && noun.dataset().is_none();
        if measurable {
            if let Some(cond) = self.comparison(Some(&np)) {
                scope.conds.push(negate_cond(cond));
                return true;
            }
            let mut inner = Scope::default();
            if self.value_of(&noun, &mut inner) {
                scope.conds.extend(inner.conds.into_iter().map(negate_cond));
                return true;
            }
            if np.conds.is_empty() {
                let cond = self.absence(noun);
                scope.conds.push(cond);
                return true;
            }
        }
        let mut inner = Scope { conds: std::mem::take(&mut np.conds), ..Scope::default() };
        self.clause(&mut inner, Depth::Nested);
        scope.conds.push(Cond::Related { noun, scope: inner, negated: true });
        true
    }

    /// A value or quoted text right after a field: `the nationality "USA"`.
    fn value_of(&mut self, noun: &Noun, inner: &mut Scope) -> bool {
        if self.quoted_text(inner, Some(noun.clone())) {
            return true;
        }
        let matches = self.lookup();
        let own: Vec<_> = matches
            .into_iter()
            .filter(|found| {
                found.target.field().is_some_and(|field| {
                    noun.matches.iter().any(|known| known.target == Target::Field(field))
                }) && matches!(found.target, Target::Value(_))
            })
            .collect();
        match self.value_list(&own) {
            Some(values) => {
                inner.conds.push(Cond::Is { values, field: Some(noun.clone()), near: None, negated: false });
                true
            }
            None => false,
        }
    }

    /// Nothing is stored, or nothing belongs to it.
    pub(super) fn absence(&self, noun: Noun) -> Cond {
        match noun.best().map(|found| found.target) {
            Some(Target::Field(_)) if self.is_flag(&noun) => Cond::Flag { field: noun, negated: true },
            Some(Target::Field(_)) => Cond::Missing { field: noun, negated: false },
            Some(Target::Dataset(_) | Target::Metric(_) | Target::Named(_) | Target::Value(_)) | None => {
                Cond::Related { noun, scope: Scope::default(), negated: true }
            }
        }
    }

    /// `both 2014 and 2015`, `either X or Y`.
    pub(super) fn both_or_either(&mut self, scope: &mut Scope) -> bool {
        let both = self.is_word(0, &["both"]);
        if !both && !self.is_word(0, &["either"]) {
            // `in both 2014 and 2015`.
            let prefixed = self.is_word(0, &["in", "for", "from", "of", "during", "the", "years"])
                && (1..4).any(|ahead| {
                    self.is_word(ahead, &["both"])
                        && (1..ahead)
                            .all(|between| self.is_word(between, &["the", "years", "of", "year", "in"]))
                });
            if !prefixed {
                return false;
            }
            while !self.is_word(0, &["both"]) {
                self.take(1);
            }
            return self.both_or_either(scope);
        }
        let mark = self.mark();
        self.take(1);
        self.skip(&["the", "years", "in", "of"]);
        let mut inner = Scope::default();
        let mut parts: Vec<Vec<Cond>> = Vec::new();
        for _ in 0..4 {
            let before = self.at;
            if let Some(window) = self.year_window() {
                self.take(1);
                inner.conds.push(Cond::Time(Timed { window, verb: self.verb.clone(), near: self.last }));
            } else {
                self.step(&mut inner, Depth::Nested);
                while !self.is_sentence_end()
                    && !self.is_word(0, &["and", "or"])
                    && !self.is_symbol(0, ',')
                    && self.at > before
                {
                    let here = self.at;
                    self.step(&mut inner, Depth::Nested);
                    if self.at == here {
                        break;
                    }
                }
            }
            parts.push(std::mem::take(&mut inner.conds));
            if self.is_word(0, &["and", "or"]) {
                self.take(1);
                self.skip(&["also", "the", "those", "in", "year", "years"]);
            } else {
                break;
            }
        }
        let mut conds: Vec<Cond> = parts.into_iter().flat_map(split_values).collect();
        if conds.len() < 2 {
            if conds.is_empty() && inner.mentions.is_empty() {
                self.reset(mark);
                self.take(1);
                return true;
            }
            scope.conds.append(&mut conds);
        } else {
            scope.conds.push(if both { Cond::Both(conds) } else { Cond::Any(conds) });
        }
        scope.mentions.append(&mut inner.mentions);
        scope.verbs.append(&mut inner.verbs);
        true
    }

    /// `or before 2008`: the last condition or the next one.
    pub(super) fn alternative(&mut self, scope: &mut Scope, depth: Depth) {
        self.take(1);
        let before = scope.conds.len();
        let start = self.at;
        for _ in 0..6 {
            if self.is_sentence_end() || scope.conds.len() > before {
                break;
            }
            let here = self.at;
            self.step(scope, depth);
            if self.at == here {
                self.pass();
            }
        }
        if before > 0 && scope.conds.len() > before {
            let added: Vec<Cond> = scope.conds.drain(before..).collect();
            if let Some(first) = scope.conds.pop() {
                let mut any = match first {
                    Cond::Any(any) => any,
                    other => vec![other],
                };
                any.extend(added);
                scope.conds.push(Cond::Any(any));
            }
        } else if start < self.at && before == 0 {
            // An `or` that joins nothing that was understood.
            self.uses[start] = if self.uses[start] == Use::Passed { Use::Unknown } else { self.uses[start] };
        }
    }

    /// After `and` or a comma: more that is wanted, or the next clause.
    pub(super) fn continuation(&mut self, scope: &mut Scope, depth: Depth) {
        self.take(1);
        self.skip_commas();
        self.skip(&["and", "also", "then"]);
        if depth == Depth::Nested {
            return;
        }
        let asks = self.is_word(
            0,
            &[
                "how", "what", "number", "numbers", "count", "their", "its", "return", "show", "give",
                "list", "display", "report",
            ],
        ) || (self.is_word(0, &["the"])
            && self.peek(1).is_some_and(|next| {
                matches!(
                    next.lower.as_str(),
                    "number"
                        | "total"
                        | "average"
                        | "corresponding"
                        | "count"
                        | "sum"
                        | "minimum"
                        | "maximum"
                )
            }));
        if asks {
            if self.is_word(0, &["return", "show", "give", "list", "display", "report"]) {
                return self.instruction(scope);
            }
            if self.want_list() {
                return;
            }
        }
        let in_relation = !scope.conds.is_empty() || !scope.mentions.is_empty();
        if in_relation && !self.sketch.wants.is_empty() {
            return;
        }
        let mark = self.mark();
        let wants = self.sketch.wants.len();
        if !self.want_list() {
            self.sketch.wants.truncate(wants);
            self.reset(mark);
        }
    }
}

/// Values of one condition become conditions of their own: `both Ben Jones and Michael Chang`.
fn split_values(conds: Vec<Cond>) -> Vec<Cond> {
    if conds.len() != 1 {
        return conds;
    }
    conds
        .into_iter()
        .flat_map(|cond| match cond {
            Cond::Is { values, field, near, negated: false } if values.len() > 1 => values
                .into_iter()
                .map(|value| Cond::Is { values: vec![value], field: field.clone(), near, negated: false })
                .collect(),
            Cond::Any(any) => any,
            other => vec![other],
        })
        .collect()
}

/// The condition that holds where this one does not.
pub(super) fn negate_cond(cond: Cond) -> Cond {
    match cond {
        Cond::Is { values, field, near, negated } => Cond::Is { values, field, near, negated: !negated },
        Cond::Equals { field, texts, negated } => Cond::Equals { field, texts, negated: !negated },
        Cond::Compare { left, function, quality, op, right } => {
            Cond::Compare { left, function, quality, op: opposite(op), right }
        }
        Cond::CountIs { of, op, number } => Cond::CountIs { of, op: opposite(op), number },
        Cond::Matches { field, kind, text, negated } => {
            Cond::Matches { field, kind, text, negated: !negated }
        }
        Cond::Missing { field, negated } => Cond::Missing { field, negated: !negated },
        Cond::Related { noun, scope, negated } => Cond::Related { noun, scope, negated: !negated },
        Cond::Named { index, negated } => Cond::Named { index, negated: !negated },
        Cond::Flag { field, negated } => Cond::Flag { field, negated: !negated },
        Cond::Time(timed) => Cond::Time(timed),
        Cond::OnDays { days } => Cond::OnDays { days: (0..7).filter(|day| !days.contains(day)).collect() },
        Cond::Any(any) => Cond::Any(any),
        Cond::Both(both) => Cond::Both(both),
    }
}
