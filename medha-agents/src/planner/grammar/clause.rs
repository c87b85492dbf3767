//! Clauses about what is wanted: conditions, groups, windows of time, relations.

use super::compare::Depth;
use super::noun::Np;
use super::parser::Parser;
use super::sketch::{Cond, Group, Measure, Noun, Scope, Superlative, Timed};
use crate::plan::{CompareOp, DatePart};
use crate::planner::lexicon::Target;
use crate::planner::text::TokenKind;
use crate::planner::text::words::{Quality, date_part, grain_noun, is_light_verb};

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
    fn nested_ends(&self) -> bool {
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
    fn measure_verb(&mut self, scope: &mut Scope) -> bool {
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
    fn definition(&mut self) -> bool {
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
    fn colon_list(&mut self) -> bool {
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
    fn object(&mut self, scope: &mut Scope, before: Before) {
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
    fn is_grammar(&self) -> bool {
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
    fn verb_or_pass(&mut self, scope: &mut Scope) {
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
    fn with_phrase(&mut self, scope: &mut Scope, before: Before) {
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
    fn more_wants(&mut self) {
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
    fn is_the_most(&mut self, np: &Np) -> bool {
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

    fn attach_superlative(&mut self, np: Np, scope: &mut Scope) {
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
    fn equality(&mut self, np: &Np, scope: &mut Scope) -> bool {
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
        if !own.is_empty() {
            if let Some(values) = self.value_list(&own) {
                let near = noun.best().map(|found| found.target);
                scope.conds.push(Cond::Is { values, field: Some(noun), near, negated });
                return true;
            }
        }
        let literal = self.peek(0).cloned();
        if let Some(token) =
            literal.filter(|token| linked && matches!(token.kind, TokenKind::Quoted | TokenKind::Number(_)))
        {
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
        if !known.is_empty() {
            if let Some(values) = self.value_list(&known) {
                scope.conds.push(Cond::Is { values, field, near: self.last, negated: false });
                return true;
            }
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
    fn called(&mut self, scope: &mut Scope) {
        if self.quoted_text(scope, None) {
            return;
        }
        let matches = self.lookup();
        if let Some(values) = self.value_list(&matches) {
            scope.conds.push(Cond::Is { values, field: None, near: self.last, negated: false });
        }
    }

    /// `in 2024`, `last month`; `2014 or 2015`; `2024 and 2025`.
    fn time(&mut self, scope: &mut Scope) -> bool {
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

    /// `by month`, `per region`, `for each customer`, `each year`.
    fn group(&mut self) -> bool {
        let mark = self.mark();
        let opened = self.eat(&["broken", "down", "by"])
            || self.eat(&["split", "by"])
            || self.eat(&["grouped", "by"])
            || self.eat(&["group", "by"])
            || self.eat(&["segmented", "by"])
            || self.eat(&["differ", "by"])
            || self.eat(&["for", "each"])
            || self.eat(&["for", "every"])
            || self.eat_any(&["per"]).is_some()
            || (self.is_word(
                0,
                &["in", "of", "from", "at", "on", "to", "within", "across", "by", "with", "among", "during"],
            ) && self.is_word(1, &["each", "every"])
                && {
                    self.take(2);
                    true
                })
            || (self.is_word(0, &["over", "across", "through"])
                && self.is_word(1, &["the"])
                && self.is_word(2, &["years", "months", "weeks", "quarters", "days"])
                && {
                    self.take(2);
                    true
                })
            || self.eat_any(&["each", "every"]).is_some();
        if !opened {
            return false;
        }
        self.skip(&["of", "the", "different", "distinct", "last", "past"]);
        if self.group_list() {
            return true;
        }
        self.reset(mark);
        false
    }

    /// Groups joined by `and` and commas.
    pub(super) fn group_list(&mut self) -> bool {
        let mut any = false;
        loop {
            let Some(group) = self.group_term() else { return any };
            self.sketch.groups.push(group);
            any = true;
            let mark = self.mark();
            self.skip_commas();
            if self.eat_any(&["and"]).is_none()
                && !self.tokens.get(self.at.wrapping_sub(1)).is_some_and(|token| token.is_symbol(','))
            {
                self.reset(mark);
                return true;
            }
            self.skip(&["by", "per", "the", "each"]);
            let probe = self.mark();
            let next_is_group = self.group_term().is_some() && !self.is_word(0, &["is", "are", "who"]);
            if !next_is_group {
                self.reset(mark);
                return true;
            }
            self.reset(probe);
        }
    }

    /// One group: a period, a part of time, a field or a thing.
    pub(super) fn group_term(&mut self) -> Option<Group> {
        let token = self.peek(0)?.clone();
        self.skip(&["iso", "calendar"]);
        let token = self.peek(0).cloned().unwrap_or(token);
        let known = self.lookup().iter().any(|found| {
            found.score >= 0.9 && (found.len >= 2 || !matches!(token.lower.as_str(), "date" | "day"))
        });
        if self.eat(&["day", "of", "the", "week"])
            || self.eat(&["day", "of", "week"])
            || self.eat(&["days", "of", "the", "week"])
        {
            return Some(Group::Part(DatePart::DayOfWeek));
        }
        if let Some(part) = date_part(&token.lower).filter(|_| !known) {
            self.take(1);
            let _ = self.eat(&["of", "the", "day"]) || self.eat(&["of", "day"]);
            return Some(Group::Part(part));
        }
        if let Some(grain) = grain_noun(&token.lower).filter(|_| !known) {
            self.take(1);
            self.eat_any(&["start"]);
            return Some(Group::Bucket(grain));
        }
        let mut np = self.noun_phrase()?;
        let noun = np.noun.clone();
        self.sketch.scope.conds.append(&mut np.conds);
        if np.superlative.is_some() || np.count || !np.functions.is_empty() {
            return None;
        }
        noun.map(|noun| Group::Noun(Noun { each: true, ..noun }))
    }
}
