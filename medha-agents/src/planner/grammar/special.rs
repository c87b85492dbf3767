//! Phrases that make a question more than groups and conditions: shares, ratios, changes, totals so far, ranks.

use super::compare::Depth;
use super::parser::Parser;
use super::sketch::{Cond, Group, Measure, PerUnit, Scope, Sketch, Special, Superlative, Timed, Want};
use crate::plan::{AggregateFunction, CompareOp, Grain};
use crate::planner::text::TokenKind;
use crate::planner::text::words::{Quality, grain_noun};

impl Parser<'_> {
    /// Questions that begin in a way of their own: `rank`, `compare`, `sort`, `by how much`.
    pub(super) fn special_lead(&mut self) -> bool {
        if self.is_word(0, &["rank"]) && !self.is_word(1, &["of"]) {
            self.take(1);
            self.sketch.special = Some(Special::Rank);
            self.want_list();
            return true;
        }
        if self.is_word(0, &["compare"]) {
            self.take(1);
            self.sketch.compares = true;
            self.want_list();
            return true;
        }
        if self.is_word(0, &["sort", "order", "arrange"]) && !self.is_word(1, &["by", "count", "value"]) {
            self.take(1);
            self.sketch.is_listing = true;
            self.want_list();
            if self.eat(&["by"]) {
                self.order_by();
            }
            return true;
        }
        if self.eat(&["by", "how", "much"])
            || self.eat(&["by", "how", "many", "percent"])
            || self.eat(&["by", "what", "percentage"])
        {
            let relative = self.tokens[self.at - 1].lower.starts_with("percent");
            self.skip(&["did", "do", "does", "has", "have", "the", "our"]);
            self.want_list();
            self.skip(&[
                "change",
                "changed",
                "grow",
                "grown",
                "increase",
                "increased",
                "decrease",
                "decline",
                "rise",
                "drop",
                "fall",
                "differ",
            ]);
            return self.change_windows(relative);
        }
        false
    }

    /// Two windows to compare: `from July to August 2025`, `between April and May 2025`.
    pub(super) fn change_windows(&mut self, relative: bool) -> bool {
        let mark = self.mark();
        if let Some(window) = self.window()
            && let (Some(start), Some(end)) = (window.start, window.end)
        {
            let later = crate::planner::time::start_of(
                crate::planner::time::add_grain(end, Grain::Day, -1),
                window.grain,
                self.clock.calendar,
            );
            let earlier_end = crate::planner::time::add_grain(start, window.grain, 1);
            let named = |start: jiff::civil::Date, end: jiff::civil::Date| crate::planner::time::Window {
                start: Some(start),
                end: Some(end),
                label: format!("{start}"),
                len: 0,
                year: None,
                ..window.clone()
            };
            if later > start {
                self.sketch.special = Some(Special::Change {
                    from: named(start, earlier_end),
                    to: named(later, end),
                    relative,
                });
                return true;
            }
        }
        self.reset(mark);
        true
    }

    /// Wants with a name of their own: shares, ratios, running totals, growth, ranks.
    pub(super) fn special_want(&mut self) -> bool {
        let mark = self.mark();
        self.skip(&["the", "a", "our", "its", "their"]);
        if self.eat(&["ratio", "of"]) || self.eat(&["ratio", "between"]) {
            return self.ratio();
        }
        if self.eat(&["running", "total", "of"])
            || self.eat(&["cumulative", "total", "of"])
            || self.eat(&["running", "total"])
            || self.eat(&["cumulative"])
            || self.eat(&["cumulative", "sum", "of"])
        {
            self.sketch.special = Some(Special::RunningTotal);
            return self.want();
        }
        if self.is_word(0, &["rank", "ranking", "position"])
            && self.lookup().iter().all(|found| found.score < 0.9)
            && !self.is_word(1, &["of"])
        {
            self.take(1);
            self.sketch.special = Some(Special::Rank);
            self.sketch.wants.push(Want::Rank);
            return true;
        }
        if self.is_word(0, &["previous", "prior"])
            && grain_noun(&self.peek(1).map_or(String::new(), |token| token.lower.clone())).is_some()
            && self.peek(2).is_some_and(|token| token.kind == TokenKind::Possessive)
        {
            self.take(3);
            self.sketch.special = Some(Special::Previous);
            let mark = self.mark();
            match self.noun_phrase() {
                Some(np) if np.noun.is_some() => {
                    self.sketch.wants.push(Want::Previous(np.noun.unwrap_or_default()))
                }
                Some(_) | None => self.reset(mark),
            }
            return true;
        }
        if self.eat(&["year", "over", "year"]) || self.eat(&["yoy"]) {
            return self.growth(Grain::Year);
        }
        if self.eat(&["month", "over", "month"]) || self.eat(&["mom"]) {
            return self.growth(Grain::Month);
        }
        if self.is_word(0, &["share", "percentage", "percent", "proportion", "fraction"])
            && self.is_word(1, &["of"])
            && self.lookup().iter().all(|found| found.score < 0.95)
        {
            self.take(2);
            self.sketch.percent = true;
            self.sketch.special = Some(Special::Share);
            self.skip(&["our", "all", "the", "total", "overall"]);
            let before = self.sketch.wants.len();
            self.want();
            // A thing is counted: `percentage of customers`.
            if let Some(Want::Noun(noun)) = self.sketch.wants.get(before).cloned()
                && (noun.metric().is_none() || noun.dataset().is_some())
            {
                self.sketch.wants[before] = Want::Count { of: noun };
            }
            return true;
        }
        self.reset(mark);
        false
    }

    /// `growth of revenue in 2025 compared with 2024`.
    pub(super) fn growth(&mut self, grain: Grain) -> bool {
        self.skip(&["the", "in", "of"]);
        self.want();
        self.skip(&[
            "growth",
            "change",
            "increase",
            "rate",
            "in",
            "percent",
            "percentage",
            "the",
            "of",
            "decline",
        ]);
        self.sketch.percent = true;
        if self.is_word(0, &["for"]) || self.window_at(self.at).is_some() || self.year_window().is_some() {
            let later = self.window().or_else(|| {
                let window = self.year_window();
                if window.is_some() {
                    self.take(1);
                }
                window
            });
            self.skip(&["compared", "with", "to", "versus", "vs", "against", "over", "relative"]);
            let earlier = self.year_window().inspect(|_| self.at += 1).or_else(|| self.window());
            for place in 0..self.at {
                if self.uses[place] == super::parser::Use::Open {
                    self.uses[place] = super::parser::Use::Taken;
                }
            }
            if let Some(to) = later {
                let from = earlier.or_else(|| {
                    let back = |day: jiff::civil::Date| crate::planner::time::add_grain(day, grain, -1);
                    Some(crate::planner::time::Window {
                        start: to.start.map(back),
                        end: to.end.map(back),
                        label: "the period before".into(),
                        ..to.clone()
                    })
                });
                if let Some(from) = from {
                    self.sketch.special = Some(Special::Change { from, to, relative: true });
                    return true;
                }
            }
        }
        self.sketch.groups.push(Group::Bucket(grain));
        self.sketch.special = Some(Special::Previous);
        true
    }

    /// `A to B`, each with conditions of its own.
    pub(super) fn ratio(&mut self) -> bool {
        let mut sides: Vec<(Want, Scope)> = Vec::new();
        for _ in 0..2 {
            self.skip(&["the", "total", "number", "of", "all"]);
            let Some(mut np) = self.noun_phrase() else { return false };
            let noun = np.noun.clone().unwrap_or_default();
            let mut scope = Scope { conds: std::mem::take(&mut np.conds), ..Scope::default() };
            let is_metric = noun.metric().is_some() && noun.dataset().is_none();
            let want = if is_metric { Want::Noun(noun) } else { Want::Count { of: noun } };
            while !self.ratio_side_ends(sides.len()) {
                let before = self.at;
                self.step(&mut scope, Depth::Nested);
                if self.at == before {
                    self.pass();
                }
            }
            sides.push((want, scope));
            if sides.len() == 1 && !(self.eat(&["to"]) || self.eat(&["out", "of"]) || self.eat(&["and"])) {
                return false;
            }
        }
        let (Some((bottom, bottom_scope)), Some((top, top_scope))) = (sides.pop(), sides.pop()) else {
            return false;
        };
        self.sketch.special =
            Some(Special::Ratio { top: Box::new(top), top_scope, bottom: Box::new(bottom), bottom_scope });
        true
    }

    /// Whether one side of a ratio ends here.
    fn ratio_side_ends(&self, sides: usize) -> bool {
        self.is_sentence_end()
            || self.is_symbol(0, ',')
            || self.is_word(0, &["to", "out", "and", "within", "differ", "change", "overall"])
            || (sides == 1 && self.is_word(0, &["in", "for", "by", "per"]))
    }

    /// Phrases inside a sentence that change what is asked as a whole.
    pub(super) fn special_phrase(&mut self) -> bool {
        if self.eat(&["in", "percent"])
            || self.eat(&["in", "percentage"])
            || self.eat(&["in", "%"])
            || (self.is_symbol(0, '%') && self.eat(&["%"]))
            || self.eat(&["percent"])
        {
            self.sketch.percent = true;
            return true;
        }
        if self.is_word(0, &["in"])
            && self.is_word(1, &["minutes", "hours", "seconds", "days", "milliseconds"])
        {
            self.sketch.unit = self.peek(1).map(|token| token.lower.clone());
            self.take(2);
            return true;
        }
        if self.is_word(0, &["higher", "lower", "larger", "smaller", "greater", "more", "less"])
            && self.is_word(1, &["than"])
            && self.sketch.compares
        {
            self.take(2);
            return true;
        }
        if self.windows_compared() {
            return true;
        }
        if self.eat(&["including", "the", "empty", "ones"])
            || self.eat(&["including", "empty"])
            || self.eat(&["including", "those", "with", "none"])
            || self.eat(&["including", "those", "without", "any"])
            || self.eat(&["even", "if", "zero"])
            || self.eat(&["including", "zero"])
            || self.eat(&["including", "zeros"])
        {
            self.sketch.keep_empty = true;
            return true;
        }
        if self.eat(&["over", "time"])
            || self.eat(&["trend"])
            || self.eat(&["trends"])
            || self.eat(&["time", "series"])
        {
            self.trend();
            return true;
        }
        if self.eat(&["more", "than", "once"]) {
            self.sketch.scope.conds.push(Cond::CountIs { of: None, op: CompareOp::Greater, number: 1.0 });
            return true;
        }
        if self.is_word(0, &["the"])
            && self.is_word(1, &["most", "least"])
            && self.peek(2).is_none_or(|token| matches!(token.kind, TokenKind::Symbol(_)))
        {
            let descending = self.is_word(1, &["most"]);
            self.take(2);
            return self.bare_superlative(Quality::Amount, descending);
        }
        if self.is_word(0, &["highest", "lowest", "largest", "smallest", "greatest", "best", "worst"])
            && self.peek(1).is_none_or(|token| matches!(token.kind, TokenKind::Symbol('?' | '.' | ',')))
            && !self.sketch.wants.is_empty()
        {
            let descending = !self.is_word(0, &["lowest", "smallest", "worst"]);
            self.take(1);
            return self.bare_superlative(Quality::Amount, descending);
        }
        if self.is_word(0, &["most", "least"])
            && self.is_word(1, &["often", "frequently", "times", "frequent"])
        {
            let descending = self.is_word(0, &["most"]);
            self.take(2);
            return self.measured(Measure::Times, descending);
        }
        if self.is_word(0, &["lower", "higher", "more", "less", "fewer", "greater", "smaller"])
            && self.versus()
        {
            return true;
        }
        if self.is_word(0, &["together"]) && self.is_word(1, &["with"]) {
            self.take(2);
            return self.want_list();
        }
        false
    }

    /// `versus last year`, `compared to 2024`: what follows is set beside what was said.
    fn windows_compared(&mut self) -> bool {
        let mark = self.mark();
        let opened = self.eat_any(&["vs", "versus", "against"]).is_some()
            || (self.is_word(0, &["compared", "relative"])
                && self.is_word(1, &["to", "with", "against"])
                && {
                    self.take(2);
                    true
                });
        if !opened {
            return false;
        }
        self.skip(&["the"]);
        let year = self.year_window();
        self.take(usize::from(year.is_some()));
        let Some(window) = year.or_else(|| self.window()) else {
            self.reset(mark);
            return false;
        };
        let timed = Timed { window, verb: None, near: None };
        self.sketch.scope.conds.push(Cond::Time(timed));
        self.sketch.compares = true;
        true
    }

    /// A trend is shown beside what else is asked.
    pub(super) fn trend(&mut self) {
        if self.sketch.wants.is_empty() || self.sketch.special.is_some() || self.sketch.superlative.is_some()
        {
            self.sketch.special = Some(Special::Trend);
        } else {
            self.sketch.groups.push(Group::Bucket(Grain::Month));
        }
    }

    pub(super) fn bare_superlative(&mut self, quality: Quality, descending: bool) -> bool {
        let before = self.sketch.superlative.take();
        self.sketch.superlative = Some(Superlative {
            quality,
            descending,
            measure: before.as_ref().and_then(|found| found.measure.clone()),
            count: before.as_ref().and_then(|found| found.count),
            skip: 0,
            of: before.and_then(|found| found.of),
        });
        true
    }

    pub(super) fn measured(&mut self, measure: Measure, descending: bool) -> bool {
        self.bare_superlative(Quality::Popularity, descending);
        if let Some(superlative) = &mut self.sketch.superlative {
            superlative.measure = Some(measure);
        }
        true
    }

    /// `lower revenue in 2025 than in 2024`.
    pub(super) fn versus(&mut self) -> bool {
        let mark = self.mark();
        let less = self.is_word(0, &["lower", "less", "fewer", "smaller"]);
        self.take(1);
        if let Some(np) = self.noun_phrase().filter(|np| np.noun.is_some())
            && let Some(left) = self.window()
            && self.eat(&["than"])
        {
            let right = self.window().or_else(|| self.year_window().inspect(|_| self.at += 1));
            if let Some(right) = right {
                let op = if less { CompareOp::Less } else { CompareOp::Greater };
                self.sketch.scope.mentions.extend(np.noun);
                self.sketch.special = Some(Special::Versus { left, op, right });
                return true;
            }
        }
        self.reset(mark);
        false
    }

    /// What the sketch averages over, if the aggregate of a want is an average of a count.
    pub(super) fn average_per(sketch: &Sketch) -> bool {
        sketch.wants.iter().any(|want| match want {
            Want::AverageCount { .. } => true,
            Want::Aggregate { function, of } => {
                *function == AggregateFunction::Average && of.metric().is_some()
            }
            Want::Noun(_)
            | Want::Count { .. }
            | Want::Bucket(_)
            | Want::Part(_)
            | Want::Everything(_)
            | Want::Quality(_)
            | Want::Where(_)
            | Want::When
            | Want::Who
            | Want::Rank
            | Want::TheMeasure
            | Want::Previous(_) => false,
        })
    }

    /// Makes `average revenue per customer` an average over customers.
    pub(super) fn settle_averages(&mut self) {
        if !Self::average_per(&self.sketch) || self.sketch.special.is_some() {
            return;
        }
        let place = self
            .sketch
            .groups
            .iter()
            .position(|group| matches!(group, Group::Noun(noun) if noun.dataset().is_some()));
        if let Some(place) = place
            && let Group::Noun(noun) = self.sketch.groups.remove(place)
        {
            self.sketch.special = Some(Special::Per(PerUnit::Noun(noun)));
        }
    }
}
