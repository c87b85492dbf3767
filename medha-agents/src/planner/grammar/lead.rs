//! How a question begins: `how many`, `which`, `show`, `what is`, and the list of what is wanted.

use super::noun::Np;
use super::parser::Parser;
use super::sketch::{Group, Measure, Noun, PerUnit, Special, Superlative, Want};
use crate::plan::AggregateFunction;
use crate::planner::lexicon::Target;
use crate::planner::text::TokenKind;
use crate::planner::text::words::{Quality, date_part, grain_noun, is_imperative, measured_adjective};

impl Parser<'_> {
    /// Reads the whole question.
    pub(super) fn question(&mut self) {
        self.politeness();
        self.opening_modifiers();
        if !self.special_lead() {
            self.lead();
        }
        self.main_clause();
        self.tails();
    }

    fn politeness(&mut self) {
        loop {
            let polite = [
                "please",
                "can",
                "could",
                "you",
                "kindly",
                "hi",
                "hello",
                "hey",
                "so",
                "now",
                "just",
                "ok",
                "okay",
                "want",
                "would",
                "like",
                "need",
                "know",
                "i",
                "we",
                "let",
                "also",
                "then",
                "well",
                "curious",
                "wondering",
            ];
            if self.is_word(0, &polite) && !self.is_word(1, &["many", "much"]) {
                self.take(1);
            } else if self.is_word(0, &["to"]) && (self.is_word(1, &["see", "know", "get", "have", "find"])) {
                self.take(2);
            } else if self.is_symbol(0, ',') {
                self.take(1);
            } else {
                return;
            }
        }
    }

    /// `For each stadium,`, `In 2024,`: what is said before the question itself.
    fn opening_modifiers(&mut self) {
        if !self.is_word(
            0,
            &[
                "for", "in", "among", "of", "during", "between", "since", "on", "within", "across", "per",
                "over", "from", "at", "given",
            ],
        ) {
            return;
        }
        if self.is_word(1, &["which", "what", "how"]) {
            return;
        }
        let comma =
            (self.at..self.tokens.len().min(self.at + 24)).find(|&place| self.tokens[place].is_symbol(','));
        let Some(comma) = comma else { return };
        let mark = self.mark();
        let mut scope = std::mem::take(&mut self.sketch.scope);
        while self.at < comma && !self.is_sentence_end() {
            self.step(&mut scope, super::compare::Depth::Main);
        }
        let mut rest = std::mem::take(&mut self.sketch.scope);
        scope.conds.append(&mut rest.conds);
        self.sketch.scope = scope;
        if self.at > comma + 1 {
            self.reset(mark);
        }
        self.skip_commas();
        self.politeness();
    }

    /// Reads what is asked for.
    pub(super) fn lead(&mut self) {
        let Some(token) = self.peek(0).cloned() else { return };
        let word = token.lower.as_str();
        if is_imperative(word) && !self.names_thing_at_start() {
            self.sketch.is_listing = true;
            self.take(1);
            self.skip(&["me", "us", "out", "down", "back", "only", "just", "also", "up"]);
            return self.lead();
        }
        match word {
            "count" if !self.is_word(1, &["of"]) => {
                self.take(1);
                self.skip(&["the", "number", "of", "how", "many", "all"]);
                self.count_want();
            }
            "how" => self.how(),
            "what" | "which" | "whats" => {
                self.take(1);
                self.skip(&["is", "are", "was", "were", "be", "of", "s", "have", "been"]);
                if !self.want_list() && self.sketch.wants.is_empty() {
                    self.sketch.wants.push(Want::Who);
                }
            }
            "who" | "whom" => {
                self.take(1);
                let copula = self.eat_any(&["is", "are", "was", "were"]).is_some();
                if !(copula && self.want_list()) {
                    self.sketch.wants.push(Want::Who);
                }
            }
            "where" => {
                self.take(1);
                self.skip(&["is", "are", "was", "were", "can", "we", "i", "do", "does", "find", "the"]);
                let noun = self.noun_phrase();
                let noun = noun.map(|np| self.accept(np)).unwrap_or_default();
                self.sketch.wants.push(Want::Where(noun));
            }
            "when" => {
                self.take(1);
                self.skip(&["is", "are", "was", "were", "did", "do", "does"]);
                self.sketch.wants.push(Want::When);
            }
            "in" | "on" | "for" | "by" | "from" | "at" | "to" if self.is_word(1, &["which", "what"]) => {
                self.take(2);
                self.want_list();
            }
            "is" | "are" | "was" | "were" => {
                self.take(1);
                self.want_list();
                self.sketch.compares = true;
            }
            "do" | "does" | "did" | "has" | "have" => self.take(1),
            "there" => self.take(1),
            _ => {
                self.sketch.is_bare = !self.sketch.is_listing;
                self.want_list();
            }
        }
    }

    /// Whether the first word is a thing rather than a verb: `orders by month`, `show attendance`.
    fn names_thing_at_start(&self) -> bool {
        let follows = self.is_word(1, &["by", "per", "in", "with", "from", "over", "of", "for"]);
        follows && !self.lookup().is_empty() && !self.is_word(0, &["list", "return", "give", "find", "get"])
    }

    fn how(&mut self) {
        self.take(1);
        if self.eat(&["many"]) {
            if self.eat(&["percent"]) {
                self.sketch.percent = true;
                self.sketch.special = Some(Special::Share);
                return;
            }
            if self.eat_any(&["times"]).is_some() {
                self.sketch.wants.push(Want::Count { of: Noun { text: "times".into(), ..Noun::default() } });
                return;
            }
            return self.count_want();
        }
        if self.eat(&["much"]) {
            return self.how_much();
        }
        if self.eat(&["often"]) {
            self.sketch.wants.push(Want::Count { of: Noun { text: "times".into(), ..Noun::default() } });
            return;
        }
        if let Some(quality) = self.peek(0).and_then(|token| measured_adjective(&token.lower)) {
            self.take(1);
            self.sketch.wants.push(Want::Quality(quality));
            return;
        }
        self.skip(&["do", "does", "did", "has", "have", "is", "are"]);
        self.want_list();
    }

    /// What is counted after `how many`.
    fn count_want(&mut self) {
        self.skip(&["of", "the", "our", "all", "total"]);
        loop {
            let mark = self.mark();
            let Some(mut np) = self.noun_phrase() else {
                self.reset(mark);
                if self.sketch.wants.is_empty() {
                    self.sketch.wants.push(Want::Count { of: Noun::default() });
                }
                return;
            };
            let noun = self.accept_parts(&mut np);
            self.sketch.wants.push(Want::Count { of: Noun { distinct: np.distinct, ..noun } });
            let more = self.is_word(0, &["and"])
                && self
                    .lookup_at(self.at + 1)
                    .first()
                    .is_some_and(|found| matches!(found.target, Target::Field(_)));
            if !more {
                return;
            }
            self.take(1);
        }
    }

    fn how_much(&mut self) {
        let mark = self.mark();
        self.skip(&["of", "the", "our", "total", "in", "money"]);
        if let Some(mut np) = self.noun_phrase() {
            if np.noun.is_some() {
                let noun = self.accept_parts(&mut np);
                let want = if noun.metric().is_some() {
                    Want::Noun(noun)
                } else {
                    Want::Aggregate { function: AggregateFunction::Sum, of: noun }
                };
                self.sketch.wants.push(want);
                return;
            }
        }
        self.reset(mark);
        // `how much did we sell`: the verb says what is meant.
        for ahead in 0..10 {
            let Some(token) = self.peek(ahead) else { break };
            let names: &[&str] = match token.stem.as_str() {
                "weigh" => {
                    self.sketch.wants.push(Want::Quality(Quality::Weight));
                    return;
                }
                "cost" => {
                    self.sketch.wants.push(Want::Quality(Quality::Price));
                    return;
                }
                "sell" | "earn" | "make" | "bring" | "generat" | "collect" => {
                    &["revenue", "sales", "income", "amount"]
                }
                "spend" | "pay" => {
                    &["spend", "amount spent", "amount paid", "spending", "revenue", "amount", "cost"]
                }
                "refund" => &["refunds", "refund amount"],
                "lose" => &["loss"],
                _ => continue,
            };
            if let Some(noun) = self.noun_named(names) {
                self.uses[self.at + ahead] = super::parser::Use::Taken;
                self.sketch.wants.push(Want::Noun(noun));
                return;
            }
        }
        self.uses[self.at - 1] = super::parser::Use::Unknown;
    }

    /// The noun that one of these phrases names, the first that does.
    pub(super) fn noun_named(&self, phrases: &[&str]) -> Option<Noun> {
        phrases.iter().find_map(|phrase| {
            let tokens = crate::planner::text::tokenize(phrase);
            let matches: Vec<_> = self
                .lexicon
                .lookup(&tokens, 0)
                .into_iter()
                .filter(|found| {
                    found.len == tokens.len()
                        && matches!(found.target, Target::Metric(_) | Target::Field(_))
                        && found.score > 0.7
                })
                .collect();
            (!matches.is_empty()).then(|| Noun { matches, text: (*phrase).to_owned(), ..Noun::default() })
        })
    }

    /// Reads wants as long as they go on; whether there was any.
    pub(super) fn want_list(&mut self) -> bool {
        let before = self.sketch.wants.len();
        loop {
            if !self.want() {
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
            let probe = self.mark();
            if !self.want() {
                self.reset(mark);
                break;
            }
            self.reset_keep_wants(probe);
        }
        self.sketch.wants.len() > before
    }

    /// After a look ahead that succeeded: takes back its want and stands before it again.
    fn reset_keep_wants(&mut self, probe: super::parser::Mark) {
        self.sketch.wants.pop();
        self.reset(probe);
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
    fn the_measure(&mut self) -> bool {
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
    fn everything(&mut self) -> bool {
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
    fn period_want(&mut self) -> bool {
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

    fn accept(&mut self, mut np: Np) -> Noun {
        self.accept_parts(&mut np)
    }

    fn set_superlative(&mut self, mut superlative: Superlative, np: &Np) {
        superlative.of = superlative.of.or(np.target());
        superlative.count = superlative.count.or(np.number.map(|number| number as u64));
        if self.sketch.superlative.is_none() {
            self.sketch.superlative = Some(superlative);
        }
    }

    /// A noun phrase where something is to be shown.
    fn take_np_as_want(&mut self, mut np: Np) -> bool {
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
        if np.each && np.functions.is_empty() && !np.count {
            if let Some(noun) = &np.noun {
                self.sketch.groups.push(Group::Noun(noun.clone()));
            }
        }
        let wants = np.wants();
        let any = !wants.is_empty();
        self.sketch.wants.extend(wants);
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

    /// `the youngest singer` ranks; `the highest grade` is an aggregate of the grade.
    fn superlative_want(&mut self, mut superlative: Superlative, np: &mut Np) {
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
