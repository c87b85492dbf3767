//! Comparisons: `older than 10`, `at least 3`, `above the average`, `between 5 and 9`, `> 4.5`.

use super::noun::Np;
use super::parser::Parser;
use super::sketch::{Cond, Noun, Right, Scope, Timed};
use crate::plan::{AggregateFunction, CompareOp};
use crate::planner::lexicon::Target;
use crate::planner::text::words::{Quality, comparative};
use crate::planner::text::{TokenKind, multiplier};

/// How a comparison begins.
#[derive(Debug, Clone, Copy)]
struct Opening {
    quality: Quality,
    op: CompareOp,
}

impl Parser<'_> {
    /// Reads a comparison of `left`, or of whatever fits if nothing was named; nothing is taken if there is none.
    pub(super) fn comparison(&mut self, left: Option<&Np>) -> Option<Cond> {
        let mark = self.mark();
        self.skip(&[
            "is", "are", "was", "were", "be", "of", "that", "which", "has", "have", "been", "a", "an",
        ]);
        let negated = self.eat_any(&["not"]).is_some();
        let found = self.comparison_here(left, negated);
        if found.is_none() {
            self.reset(mark);
        }
        found
    }

    fn comparison_here(&mut self, left: Option<&Np>, negated: bool) -> Option<Cond> {
        if let Some(cond) = self.between(left) {
            return Some(cond);
        }
        if let Some(cond) = self.number_or_more(left) {
            return Some(cond);
        }
        let opening = self.opening()?;
        let op = if negated { opposite(opening.op) } else { opening.op };
        // `above age 20`, `a greater weight than 10`: the field stands after the comparative.
        let mut named = left.cloned();
        if left.is_none() && self.number_here().is_none() && !self.is_word(0, &["than", "the", "average"]) {
            let mark = self.mark();
            self.plain = true;
            let found = self.noun_phrase();
            self.plain = false;
            match found {
                Some(np) if np.noun.as_ref().is_some_and(Noun::has_field) && np.functions.is_empty() => {
                    named = Some(np)
                }
                Some(_) | None => self.reset(mark),
            }
        }
        self.skip(&["than", "to", "equal", "a", "an", "or", "value", "rating", "about"]);
        let left_noun = named.as_ref().and_then(|np| np.noun.clone());
        let function = named.as_ref().and_then(|np| np.functions.first().copied());
        let counts = named.as_ref().is_some_and(|np| np.count);
        if self.is_symbol(0, '$') {
            self.take(1);
        }
        if let Some((number, unit)) = self.number_with_unit() {
            return Some(self.compare_number(opening.quality, op, number, unit, left_noun, function, counts));
        }
        if let Some(window) = self.point_in_time(opening.quality) {
            return Some(window);
        }
        let right = self.aggregate_right()?;
        Some(Cond::Compare { left: left_noun, function, quality: opening.quality, op, right })
    }

    #[expect(clippy::too_many_arguments, reason = "each is a part of one comparison that was just read")]
    fn compare_number(
        &mut self,
        quality: Quality,
        op: CompareOp,
        number: f64,
        unit: Option<Np>,
        left: Option<Noun>,
        function: Option<AggregateFunction>,
        counts: bool,
    ) -> Cond {
        if counts {
            return Cond::CountIs { of: left, op, number };
        }
        if left.is_none() && quality == Quality::Amount {
            if let Some(np) = unit {
                let noun = np.noun.clone().unwrap_or_default();
                // `more than 10 people killed`: the unit names a field; `more than 5 customers` counts.
                return match np.target() {
                    Some(Target::Field(_)) if np.conds.is_empty() && noun.dataset().is_none() => {
                        Cond::Compare {
                            left: Some(noun),
                            function: np.functions.first().copied(),
                            quality,
                            op,
                            right: Right::Number { value: number, unit: None },
                        }
                    }
                    Some(Target::Metric(_)) if noun.dataset().is_none() => Cond::Compare {
                        left: Some(noun),
                        function: None,
                        quality,
                        op,
                        right: Right::Number { value: number, unit: None },
                    },
                    Some(
                        Target::Field(_)
                        | Target::Dataset(_)
                        | Target::Metric(_)
                        | Target::Named(_)
                        | Target::Value(_),
                    )
                    | None => {
                        if np.conds.is_empty() {
                            Cond::CountIs { of: Some(noun), op, number }
                        } else {
                            let scope = Scope { conds: np.conds, ..Scope::default() };
                            self.counted_with(noun, scope, op, number)
                        }
                    }
                };
            }
            if self.eat_any(&["times", "time"]).is_some() {
                return Cond::CountIs { of: None, op, number };
            }
        }
        let unit = self.unit_word();
        Cond::Compare { left, function, quality, op, right: Right::Number { value: number, unit } }
    }

    /// A count under conditions: `more than one employee under age 30`.
    fn counted_with(&mut self, noun: Noun, scope: Scope, op: CompareOp, number: f64) -> Cond {
        self.sketch.scope.conds.extend(scope.conds);
        Cond::CountIs { of: Some(noun), op, number }
    }

    /// `minutes`, `dollars`, `years old`, `percent` after a number.
    fn unit_word(&mut self) -> Option<String> {
        if self.is_symbol(0, '%') {
            self.take(1);
            return Some("percent".to_owned());
        }
        let word = self.eat_any(&[
            "minutes",
            "minute",
            "mins",
            "min",
            "hours",
            "hour",
            "seconds",
            "second",
            "milliseconds",
            "ms",
            "days",
            "day",
            "weeks",
            "months",
            "years",
            "year",
            "dollars",
            "dollar",
            "usd",
            "euros",
            "euro",
            "pounds",
            "gbp",
            "percent",
            "kg",
            "km",
            "miles",
            "meters",
            "metres",
            "cm",
            "lbs",
            "points",
            "grams",
        ])?;
        self.eat_any(&["old", "long", "of"]);
        Some(word)
    }

    /// How a comparison begins here: `more than`, `at least`, `>`, `over`.
    fn opening(&mut self) -> Option<Opening> {
        let amount = |op| Some(Opening { quality: Quality::Amount, op });
        if self.eat(&["at", "least"])
            || self.eat(&["no", "less", "than"])
            || self.eat(&["no", "fewer", "than"])
            || self.eat(&["not", "less", "than"])
        {
            return amount(CompareOp::GreaterOrEqual);
        }
        if self.eat(&["at", "most"])
            || self.eat(&["no", "more", "than"])
            || self.eat(&["up", "to"])
            || self.eat(&["not", "more", "than"])
        {
            return amount(CompareOp::LessOrEqual);
        }
        if self.eat(&["minimum", "of"]) || self.eat(&["a", "minimum", "of"]) {
            return amount(CompareOp::GreaterOrEqual);
        }
        if self.eat(&["exactly"]) || self.eat(&["equal", "to"]) || self.eat(&["equals"]) {
            return amount(CompareOp::Equal);
        }
        if let Some(symbol) = self.peek(0).and_then(|token| match token.kind {
            TokenKind::Symbol(symbol) => Some(symbol),
            TokenKind::Word
            | TokenKind::Number(_)
            | TokenKind::Date(_)
            | TokenKind::Quoted
            | TokenKind::Possessive => None,
        }) {
            let or_equal = self.is_symbol(1, '=');
            let op = match (symbol, or_equal) {
                ('>', true) | ('≥', _) => CompareOp::GreaterOrEqual,
                ('<', true) | ('≤', _) => CompareOp::LessOrEqual,
                ('>', false) => CompareOp::Greater,
                ('<', false) if self.is_symbol(1, '>') => CompareOp::NotEqual,
                ('<', false) => CompareOp::Less,
                _ => return None,
            };
            self.take(if or_equal || op == CompareOp::NotEqual { 2 } else { 1 });
            return amount(op);
        }
        let word = self.peek(0)?.lower.clone();
        let (quality, up) = comparative(&word)?;
        let next_fits = self.number_at(1).is_some()
            || self.is_word(1, &["than", "the", "average", "a", "or", "equal", "its", "their"])
            || self.is_symbol(1, '$')
            || !self.lookup_at(self.at + 1).is_empty();
        if !next_fits {
            return None;
        }
        self.take(1);
        // `more expensive than`: the adjective says what it is about.
        let mut quality = quality;
        if matches!(word.as_str(), "more" | "less")
            && let Some((adjective, _)) =
                self.peek(0).and_then(|token| crate::planner::text::words::graded_adjective(&token.lower))
            && self.is_word(1, &["than"])
        {
            quality = adjective;
            self.take(1);
        }
        let or_equal = self.eat(&["than", "or", "equal", "to"]) || self.eat(&["or", "equal", "to"]);
        Some(Opening {
            quality,
            op: match (up, or_equal) {
                (true, true) => CompareOp::GreaterOrEqual,
                (true, false) => CompareOp::Greater,
                (false, true) => CompareOp::LessOrEqual,
                (false, false) => CompareOp::Less,
            },
        })
    }

    fn number_at(&self, ahead: usize) -> Option<f64> {
        let token = self.peek(ahead)?;
        token.number().or_else(|| crate::planner::text::number_word(&token.lower)).or(
            match token.lower.as_str() {
                "once" => Some(1.0),
                "twice" => Some(2.0),
                _ => None,
            },
        )
    }

    /// A number here, and the noun after it.
    fn number_with_unit(&mut self) -> Option<(f64, Option<Np>)> {
        let is_times = self.is_word(0, &["once", "twice"]);
        let mut number = self.number_at(0)?;
        self.take(1);
        if let Some(factor) = self.peek(0).and_then(|token| multiplier(&token.lower)) {
            number *= factor;
            self.take(1);
        }
        if is_times {
            return Some((number, Some(Np { noun: Some(Noun::default()), ..Np::default() })));
        }
        if self.is_sentence_end()
            || self.is_word(0, &["in", "on", "by", "for", "and", "or", "with", "from", "times", "to"])
            || self.is_symbol(0, ',')
        {
            return Some((number, None));
        }
        let mark = self.mark();
        self.skip(&["different", "distinct", "of"]);
        if self.is_word(0, &["people", "persons"]) && self.lookup().is_empty() {
            self.take(1);
        }
        let unit = match self.noun_phrase() {
            Some(np) if np.noun.is_some() && !np.is_condition => Some(np),
            Some(_) | None => {
                self.reset(mark);
                None
            }
        };
        Some((number, unit))
    }

    /// `4 or more`, `2 or fewer`, `18 and older`.
    fn number_or_more(&mut self, left: Option<&Np>) -> Option<Cond> {
        let number = self.number_at(0)?;
        if !self.is_word(1, &["or", "and"]) {
            return None;
        }
        let op = match self.peek(2)?.lower.as_str() {
            "more" | "above" | "higher" | "greater" | "older" | "longer" | "over" | "up" => {
                CompareOp::GreaterOrEqual
            }
            "less" | "fewer" | "below" | "lower" | "younger" | "shorter" | "under" => CompareOp::LessOrEqual,
            _ => return None,
        };
        self.take(3);
        let left_noun = left.and_then(|np| np.noun.clone());
        if left_noun.is_none() {
            let mark = self.mark();
            match self.noun_phrase() {
                Some(np) if np.noun.is_some() => return Some(Cond::CountIs { of: np.noun, op, number }),
                Some(_) | None => self.reset(mark),
            }
            if self.eat_any(&["times", "time"]).is_some() {
                return Some(Cond::CountIs { of: None, op, number });
            }
        }
        let unit = self.unit_word();
        let right = Right::Number { value: number, unit };
        Some(Cond::Compare { left: left_noun, function: None, quality: Quality::Amount, op, right })
    }

    /// `between 5 and 9`.
    fn between(&mut self, left: Option<&Np>) -> Option<Cond> {
        if !self.is_word(0, &["between"]) || (self.window_at(self.at).is_some() && left.is_none()) {
            return None;
        }
        let low = self.number_at(1)?;
        let high = self.number_at(3).filter(|_| self.is_word(2, &["and"]))?;
        self.take(4);
        self.unit_word();
        let left = left.and_then(|np| np.noun.clone());
        Some(Cond::Compare {
            left,
            function: None,
            quality: Quality::Amount,
            op: CompareOp::Equal,
            right: Right::Between(low, high),
        })
    }

    /// `later than March 2024`, `older than 2000-01-01`.
    fn point_in_time(&mut self, quality: Quality) -> Option<Cond> {
        if !matches!(quality, Quality::Recency) {
            return None;
        }
        let window = self.window()?;
        Some(Cond::Time(Timed { window, verb: self.verb.clone(), near: self.last }))
    }

    /// `the average`, `the minimum staff of all museums opened after 2010`, `its list price`.
    fn aggregate_right(&mut self) -> Option<Right> {
        let mark = self.mark();
        self.skip(&["the", "that", "of", "overall"]);
        if let Some(function) =
            self.peek(0).and_then(|token| crate::planner::text::words::aggregate(&token.lower))
        {
            let bare = {
                let probe = self.mark();
                let found = self.noun_phrase();
                let is_bare = !found.as_ref().is_some_and(|np| np.noun.is_some() && !np.functions.is_empty());
                if is_bare {
                    self.reset(probe);
                }
                if is_bare { None } else { found }
            };
            let mut scope = Scope::default();
            let of = match bare {
                Some(np) => {
                    scope.conds.extend(np.conds);
                    if np.noun.as_ref().is_some_and(|noun| noun.owner.is_some()) {
                        self.clause(&mut scope, Depth::Nested);
                    }
                    np.noun
                }
                None => {
                    self.take(1);
                    None
                }
            };
            self.aggregate_scope(&mut scope);
            return Some(Right::Aggregate { function, of, scope });
        }
        if let Some(np) = self.noun_phrase() {
            let fits = np.noun.as_ref().is_some_and(Noun::has_field) && np.functions.is_empty();
            if let Some(noun) = np.noun.filter(|_| fits) {
                return Some(Right::Noun(noun));
            }
        }
        self.reset(mark);
        None
    }

    /// The conditions of an aggregate to compare with.
    fn aggregate_scope(&mut self, scope: &mut Scope) {
        if self.is_word(0, &["of", "for", "across", "among", "over"]) {
            let mark = self.mark();
            self.take(1);
            match self.noun_phrase() {
                Some(np) => {
                    scope.conds.extend(np.conds);
                    scope.mentions.extend(np.noun);
                    self.clause(scope, Depth::Nested);
                }
                None => self.reset(mark),
            }
        }
    }
}

/// Whether a clause stands by itself or inside another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// By itself.
    Main,
    /// Inside another one: it ends where the outer one goes on.
    Nested,
}

/// The comparison that holds where this one does not.
pub(super) fn opposite(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Equal => CompareOp::NotEqual,
        CompareOp::NotEqual => CompareOp::Equal,
        CompareOp::Less => CompareOp::GreaterOrEqual,
        CompareOp::LessOrEqual => CompareOp::Greater,
        CompareOp::Greater => CompareOp::LessOrEqual,
        CompareOp::GreaterOrEqual => CompareOp::Less,
    }
}
