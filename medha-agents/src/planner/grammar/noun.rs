//! Noun phrases: `the average age`, `top 5 products`, `number of tracks in each genre`, `2024 revenue`.

use super::parser::Parser;
use super::sketch::{Cond, Group, Measure, Noun, Superlative, Want};
use crate::plan::{AggregateFunction, Grain};
use crate::planner::lexicon::{Match, Target};
use crate::planner::text::words::{self, Quality, aggregate, graded_adjective, grain_adjective, superlative};
use crate::planner::text::{TokenKind, number_word, ordinal_word};
use crate::planner::time::Window;

/// A noun phrase.
#[derive(Debug, Clone, Default)]
pub(super) struct Np {
    pub(super) noun: Option<Noun>,
    pub(super) functions: Vec<AggregateFunction>,
    pub(super) count: bool,
    pub(super) percent: bool,
    pub(super) no: bool,
    pub(super) each: bool,
    pub(super) distinct: bool,
    pub(super) number: Option<f64>,
    pub(super) superlative: Option<Superlative>,
    pub(super) grain: Option<Grain>,
    pub(super) window: Option<Window>,
    pub(super) conds: Vec<Cond>,
    /// Whether it is only a condition: `the West region`.
    pub(super) is_condition: bool,
    /// Fields that stand before a metric: `category revenue`.
    pub(super) groups: Vec<Group>,
    /// Whether a determiner says that it is known: `the`, `their`.
    pub(super) definite: bool,
}

impl Np {
    /// The target it stands for at best.
    pub(super) fn target(&self) -> Option<Target> {
        self.noun.as_ref().and_then(Noun::best).map(|found| found.target)
    }

    /// What it asks to be shown.
    pub(super) fn wants(&self) -> Vec<Want> {
        let Some(noun) = self.noun.clone() else { return Vec::new() };
        if self.count {
            if self.functions.contains(&AggregateFunction::Average) {
                return vec![Want::AverageCount { of: noun }];
            }
            return vec![Want::Count { of: Noun { distinct: self.distinct, ..noun } }];
        }
        if self.functions.is_empty() {
            return vec![Want::Noun(noun)];
        }
        self.functions.iter().map(|&function| Want::Aggregate { function, of: noun.clone() }).collect()
    }

    /// What it measures.
    pub(super) fn measure(&self) -> Option<Measure> {
        let noun = self.noun.clone()?;
        if self.count {
            return Some(Measure::Count(noun));
        }
        Some(match self.functions.first() {
            Some(&function) => Measure::Aggregate { function, of: noun },
            None => Measure::Noun(noun),
        })
    }
}

impl Parser<'_> {
    /// Reads a noun phrase; nothing is taken if there is none.
    pub(super) fn noun_phrase(&mut self) -> Option<Np> {
        self.fuel = self.fuel.checked_sub(1)?;
        let mark = self.mark();
        let near = self.last;
        let mut np = Np::default();
        self.determiners(&mut np);
        let found = self.chain(&mut np);
        let is_times =
            np.superlative.as_ref().is_some_and(|found| matches!(found.measure, Some(Measure::Times)));
        if !found && np.conds.is_empty() && !is_times {
            self.reset(mark);
            return None;
        }
        self.of_phrase(&mut np);
        if let Some(noun) = &mut np.noun {
            noun.each = np.each;
            noun.distinct = np.distinct;
            noun.window = np.window.clone();
            noun.near = near;
        }
        if let Some(target) = np.target() {
            self.last = Some(target);
        }
        Some(np)
    }

    fn determiners(&mut self, np: &mut Np) {
        for _ in 0..14 {
            let Some(token) = self.peek(0) else { return };
            if token.kind == TokenKind::Symbol('-') {
                self.take(1);
                continue;
            }
            let word = token.lower.clone();
            let matches = self.lookup();
            if matches.iter().any(|found| found.len >= 2 && found.score >= 0.88) {
                return;
            }
            match word.as_str() {
                "this"
                    if self.peek(1).is_some_and(|next| {
                        crate::planner::text::words::grain_noun(&next.lower).is_some()
                    }) =>
                {
                    return;
                }
                "the" | "a" | "an" | "our" | "your" | "my" | "its" | "his" | "her" | "this" | "these"
                | "those" | "that" => {
                    np.definite |= word != "a" && word != "an";
                    self.take(1);
                }
                "their" => {
                    np.definite = true;
                    self.take(1);
                }
                "all" if self.is_word(1, &["of"]) => self.take(2),
                "one" if self.is_word(1, &["time"]) && self.noun_follows(2) => self.take(2),
                "all" | "any" | "some" | "single" | "overall" | "own" | "individual" | "various"
                | "corresponding" | "respective" | "other" | "actual" | "existing" => self.take(1),
                "each" | "every" => {
                    np.each = true;
                    self.take(1);
                    self.skip(&["of", "the"]);
                }
                "no" => {
                    np.no = true;
                    self.take(1);
                }
                "different" | "distinct" | "unique" => {
                    np.distinct = true;
                    self.take(1);
                }
                _ => {
                    let word = word.as_str();
                    if !self.quantity(np, word, &matches)
                        && !self.rank_word(np, word, &matches)
                        && !self.time_word(np, word)
                    {
                        return;
                    }
                }
            }
        }
    }

    /// `number of`, `average`, `percentage of`, `5`.
    fn quantity(&mut self, np: &mut Np, word: &str, matches: &[Match]) -> bool {
        let is_field =
            matches.iter().any(|found| found.score >= 0.95 && !matches!(found.target, Target::Value(_)));
        if matches!(word, "number" | "numbers" | "count" | "counts" | "amount" | "quantity")
            && self.is_word(1, &["of"])
        {
            let is_amount = matches!(word, "amount" | "quantity");
            if is_amount && is_field && !self.is_word(2, &["money"]) {
                return false;
            }
            self.take(2);
            if is_amount {
                if np.functions.is_empty() {
                    np.functions.push(AggregateFunction::Sum);
                }
            } else {
                np.count = true;
                np.functions.retain(|function| *function != AggregateFunction::Sum);
            }
            return true;
        }
        if matches!(word, "share" | "percentage" | "percent" | "proportion" | "fraction")
            && self.is_word(1, &["of"])
            && !is_field
            && np.functions.is_empty()
        {
            np.percent = true;
            self.take(2);
            return true;
        }
        if let Some(function) = aggregate(word) {
            let joined = self.is_word(1, &["and"])
                && self.peek(2).is_some_and(|token| aggregate(&token.lower).is_some());
            if is_field && !self.noun_follows(1) && !joined {
                return false;
            }
            let repeated = np.functions.contains(&function);
            if !repeated {
                np.functions.push(function);
            }
            self.take(1);
            self.take_function_separator();
            self.skip_of_before_noun();
            return true;
        }
        let like_year = self.peek(0).is_some_and(|token| {
            token.text.len() == 4 && token.number().is_some_and(|number| (1900.0..2100.0).contains(&number))
        });
        if let Some(number) = self.number_here().filter(|_| !like_year)
            && self.noun_follows(1)
        {
            np.number = Some(number);
            self.take(1);
            return true;
        }
        false
    }

    /// `average and maximum age`: takes what joins two aggregates.
    fn take_function_separator(&mut self) {
        let mut ahead = 0;
        while self.is_word(ahead, &["and", "or", "the", "then"])
            || self.is_symbol(ahead, ',')
            || self.is_symbol(ahead, '&')
        {
            ahead += 1;
        }
        let next_is_function = self.peek(ahead).is_some_and(|token| aggregate(&token.lower).is_some());
        if ahead > 0 && next_is_function {
            self.take(ahead);
        }
    }

    /// `sum of the amounts`: the `of` belongs to the aggregate.
    fn skip_of_before_noun(&mut self) {
        if self.is_word(0, &["of"]) && !self.is_word(1, &["all", "each"]) {
            self.take(1);
        }
    }

    /// The number written here, as digits or as a word.
    pub(super) fn number_here(&self) -> Option<f64> {
        let token = self.peek(0)?;
        token.number().or_else(|| number_word(&token.lower))
    }

    /// Whether something that can be a noun stands `ahead`.
    fn noun_follows(&self, ahead: usize) -> bool {
        let Some(token) = self.peek(ahead) else { return false };
        let grammar_goes_on = superlative(&token.lower).is_some()
            || graded_adjective(&token.lower).is_some()
            || aggregate(&token.lower).is_some()
            || matches!(
                token.lower.as_str(),
                "different" | "distinct" | "unique" | "number" | "of" | "the" | "and" | ","
            );
        grammar_goes_on && token.lower != "and" || !self.lookup_at(self.at + ahead).is_empty()
    }

    /// `top 5`, `most recent`, `second highest`, `best selling`.
    fn rank_word(&mut self, np: &mut Np, word: &str, matches: &[Match]) -> bool {
        if matches.iter().any(|found| found.score >= 0.99)
            && !matches!(word, "most" | "top" | "best")
            && !self.noun_follows(1)
        {
            return false;
        }
        if matches!(word, "first" | "last" | "latest" | "final" | "initial") && np.superlative.is_none() {
            return self.first_or_last(np, word);
        }
        if let Some(place) = ordinal_word(word).filter(|place| (2..=20).contains(place)) {
            let ranked = self.peek(1).is_some_and(|token| superlative(&token.lower).is_some());
            if !ranked {
                return false;
            }
            self.take(1);
            let skip = place - 1;
            if let Some((quality, descending)) = self.peek(0).and_then(|token| superlative(&token.lower)) {
                self.take(1);
                np.superlative =
                    Some(Superlative { quality, descending, measure: None, count: Some(1), skip, of: None });
            }
            return true;
        }
        let Some((mut quality, mut descending)) = superlative(word) else { return false };
        self.take(1);
        let mut measure = None;
        if matches!(word, "most" | "least") {
            if let Some((adjective, up)) = self.peek(0).and_then(|token| graded_adjective(&token.lower)) {
                quality = adjective;
                descending = up == (word == "most");
                self.take(1);
                if quality == Quality::Merit {
                    self.eat_any(&["rated", "ranked", "scored"]);
                } else if self.is_word(0, &["used", "rated", "occurring", "bought", "ordered", "sold"]) {
                    measure = self.participle_measure();
                }
            } else if self.is_word(0, &["of"]) && self.noun_follows(1) {
                self.take(1);
            } else if self.eat_any(&["times", "often"]).is_some() {
                quality = Quality::Popularity;
                measure = Some(Measure::Times);
            } else if let Some(found) = self.participle_measure() {
                quality = Quality::Popularity;
                measure = Some(found);
            }
        } else if self.is_word(0, &["rated", "rating"])
            || (self.is_symbol(0, '-') && self.is_word(1, &["rated"]))
        {
            if !self.is_word(0, &["rating"]) {
                self.take(if self.is_symbol(0, '-') { 2 } else { 1 });
                quality = Quality::Merit;
            }
        } else if self.is_word(0, &["selling"]) || (self.is_symbol(0, '-') && self.is_word(1, &["selling"])) {
            self.take(if self.is_symbol(0, '-') { 2 } else { 1 });
            quality = Quality::Popularity;
            measure = Some(Measure::Quality(Quality::Popularity));
        }
        let mut count = np.number.take().map(|number| number as u64);
        if let Some(number) = self.number_here().filter(|number| *number >= 1.0 && number.fract() == 0.0)
            && (matches!(quality, Quality::Amount | Quality::Merit) || self.noun_follows(1))
        {
            count = Some(number as u64);
            self.take(1);
        }
        // `top 3 highest`: the second word says of what.
        if let Some(before) = np.superlative.take() {
            count = count.or(before.count);
            measure = measure.or(before.measure);
        }
        np.superlative = Some(Superlative { quality, descending, measure, count, skip: 0, of: None });
        true
    }

    /// `most rented`, `most visited`: how often the thing that the verb names happened.
    fn participle_measure(&mut self) -> Option<Measure> {
        let token = self.peek(0)?.clone();
        let looks_like = token.lower.ends_with("ed") || words::is_light_verb(&token.stem);
        if !looks_like
            || token.kind != TokenKind::Word
            || !self.lookup().iter().all(|found| found.score < 0.9)
        {
            return None;
        }
        let by_root: Vec<Match> = self
            .lexicon
            .by_root(&token)
            .into_iter()
            .filter(|found| matches!(found.target, Target::Dataset(_)))
            .collect();
        let known = !by_root.is_empty() || words::is_light_verb(&token.stem);
        if !known {
            return None;
        }
        let noun = self.noun_of(by_root, 1);
        self.take(1);
        Some(if noun.matches.is_empty() { Measure::Times } else { Measure::Count(noun) })
    }

    /// `the first invoice`, `the last 5 orders`; not `first name` and not `last month`.
    fn first_or_last(&mut self, np: &mut Np, word: &str) -> bool {
        if self.window_at(self.at).is_some() {
            return false;
        }
        let descending = matches!(word, "last" | "latest" | "final");
        let number = self.peek(1).and_then(|token| token.number().or_else(|| number_word(&token.lower)));
        let noun_at = if number.is_some() { 2 } else { 1 };
        let joined = self.is_word(1, &["and"]);
        if self.lookup_at(self.at + noun_at).is_empty() && !joined {
            return false;
        }
        if joined {
            // `the first and the most recent date`: both ends.
            let mark = self.mark();
            self.take(2);
            self.skip(&["the"]);
            let other = self.eat(&["most", "recent"]) || self.eat_any(&["last", "latest"]).is_some();
            if other {
                np.functions.extend([AggregateFunction::Min, AggregateFunction::Max]);
                return true;
            }
            self.reset(mark);
            return false;
        }
        self.take(noun_at);
        np.superlative = Some(Superlative {
            quality: Quality::Recency,
            descending,
            measure: None,
            count: number.map(|number| number as u64),
            skip: 0,
            of: None,
        });
        true
    }

    /// `monthly`, `April`, `2024`, `last month's` before a noun.
    fn time_word(&mut self, np: &mut Np, word: &str) -> bool {
        if let Some(grain) = grain_adjective(word) {
            let noun_next = self.noun_follows(1) || self.is_word(1, &["number", "count"]);
            if noun_next && np.grain.is_none() {
                np.grain = Some(grain);
                self.take(1);
                return true;
            }
            return false;
        }
        let is_year = self.peek(0).is_some_and(|token| {
            token.text.len() == 4 && token.number().is_some_and(|number| (1900.0..2100.0).contains(&number))
        });
        let may_be_time = is_year || self.peek(0).is_some_and(|token| token.kind == TokenKind::Word);
        if !may_be_time
            || np.window.is_some()
            || matches!(
                word,
                "in" | "on"
                    | "of"
                    | "for"
                    | "from"
                    | "between"
                    | "year"
                    | "since"
                    | "before"
                    | "after"
                    | "during"
                    | "over"
                    | "within"
                    | "at"
            )
        {
            return false;
        }
        let window = if is_year { self.year_window() } else { self.window_at(self.at) };
        let Some(window) = window else { return false };
        let mut after = self.at + window.len;
        if self.tokens.get(after).is_some_and(|token| token.kind == TokenKind::Possessive) {
            after += 1;
        }
        let names_measure = self.lookup_at(after).iter().any(|found| match found.target {
            Target::Metric(_) | Target::Field(_) | Target::Dataset(_) => true,
            Target::Named(_) | Target::Value(_) => false,
        });
        let grammar_next = self.tokens.get(after).is_some_and(|token| aggregate(&token.lower).is_some());
        if !names_measure && !grammar_next {
            return false;
        }
        let len = after - self.at;
        np.window = Some(window);
        self.take(len);
        true
    }

    /// The window of a bare year here.
    pub(super) fn year_window(&self) -> Option<Window> {
        let token = self.peek(0)?;
        let tokens = crate::planner::text::tokenize(&format!("in {}", token.text));
        let mut window = crate::planner::time::read_window(&tokens, 0, &self.clock)?;
        window.len = 1;
        window.year.is_some().then_some(window)
    }

    /// `of the singers`: whose it is, or what is counted.
    fn of_phrase(&mut self, np: &mut Np) {
        let takes_of = self.is_word(0, &["of"])
            || (np.noun.as_ref().is_some_and(|noun| noun.is_label) && self.is_word(0, &["for"]));
        if !takes_of {
            return;
        }
        let head_takes_owner = match np.target() {
            Some(Target::Field(_) | Target::Metric(_)) => true,
            Some(Target::Dataset(_)) => np.noun.as_ref().is_some_and(Noun::has_field),
            None => np.noun.is_some(),
            Some(Target::Named(_) | Target::Value(_)) => false,
        };
        if !head_takes_owner || self.window_at(self.at).is_some() {
            return;
        }
        let mark = self.mark();
        self.take(1);
        let Some(inner) = self.noun_phrase() else {
            self.reset(mark);
            return;
        };
        let inner_is_measure = inner.count || !inner.functions.is_empty();
        if inner_is_measure {
            self.reset(mark);
            return;
        }
        np.conds.extend(inner.conds);
        if let Some(mut found) = inner.superlative {
            found.of = inner.noun.as_ref().and_then(Noun::best).map(|found| found.target);
            if found.count.is_none() {
                found.count = inner.number.map(|number| number as u64);
            }
            if self.sketch.superlative.is_none() {
                self.sketch.superlative = Some(found);
            }
        }
        np.distinct |= inner.distinct && np.count;
        if let (Some(noun), Some(owner)) = (&mut np.noun, inner.noun) {
            noun.owner = Some(Box::new(owner));
        }
    }
}
