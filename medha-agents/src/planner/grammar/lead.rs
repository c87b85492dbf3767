//! How a question begins: `how many`, `which`, `show`, `what is`, and the list of what is wanted.

use super::parser::Parser;
use super::sketch::{Noun, Special, Want};
use crate::plan::AggregateFunction;
use crate::planner::lexicon::Target;
use crate::planner::text::words::{Quality, is_imperative, measured_adjective};

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

    pub(super) fn politeness(&mut self) {
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
    pub(super) fn opening_modifiers(&mut self) {
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
            let here = self.at;
            self.step(&mut scope, super::compare::Depth::Main);
            if self.at == here {
                self.pass();
            }
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
        let Some(left) = self.fuel.checked_sub(1) else { return };
        self.fuel = left;
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
    pub(super) fn names_thing_at_start(&self) -> bool {
        let follows = self.is_word(1, &["by", "per", "in", "with", "from", "over", "of", "for"]);
        follows && !self.lookup().is_empty() && !self.is_word(0, &["list", "return", "give", "find", "get"])
    }

    pub(super) fn how(&mut self) {
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
    pub(super) fn count_want(&mut self) {
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

    pub(super) fn how_much(&mut self) {
        let mark = self.mark();
        self.skip(&["of", "the", "our", "total", "in", "money"]);
        if let Some(mut np) = self.noun_phrase()
            && np.noun.is_some()
        {
            let noun = self.accept_parts(&mut np);
            let want = if noun.metric().is_some() {
                Want::Noun(noun)
            } else {
                Want::Aggregate { function: AggregateFunction::Sum, of: noun }
            };
            self.sketch.wants.push(want);
            return;
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
}
