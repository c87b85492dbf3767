//! Orders: `ordered by age`, `in descending order of the year`, `from the oldest to the youngest`, `highest first`.

use super::parser::Parser;
use super::sketch::{Measure, OrderKey};
use crate::planner::text::words::{Quality, superlative};

impl Parser<'_> {
    /// Reads an order here; whether there was one.
    pub(super) fn ordering(&mut self) -> bool {
        let mark = self.mark();
        self.skip_commas();
        self.skip(&["and", "then", "also"]);
        let read = self.order_phrase();
        if !read {
            self.reset(mark);
        }
        read
    }

    fn order_phrase(&mut self) -> bool {
        if self.direction_phrase() {
            return true;
        }
        let opened = self.is_word(
            0,
            &[
                "ordered", "sorted", "order", "sort", "arranged", "ranked", "listed", "starting", "sorting",
                "ordering", "ranking", "arrange",
            ],
        );
        if !opened || (self.is_word(0, &["starting"]) && !self.is_word(1, &["with", "from"])) {
            return false;
        }
        // `orders` is a thing, `order` a verb only where something sorts follows.
        let mark = self.mark();
        self.take(1);
        self.skip(&[
            "the",
            "result",
            "results",
            "them",
            "it",
            "list",
            "output",
            "rows",
            "these",
            "those",
            "all",
            "everything",
        ]);
        let mut key = OrderKey { by: None, descending: false };
        let mut directed = self.direction(&mut key);
        self.skip(&["order"]);
        let by =
            self.eat_any(&["by", "from", "of", "with", "on", "according", "based", "in", "to"]).is_some();
        self.skip(&["to", "on", "the", "their", "its", "in"]);
        directed |= self.direction(&mut key);
        let by = self.eat_any(&["by", "of"]).is_some() || by;
        if !by && !directed {
            self.reset(mark);
            return false;
        }
        self.order_measures(&mut key);
        true
    }

    /// What follows `sort ... by`.
    pub(super) fn order_by(&mut self) {
        self.order_measures(&mut OrderKey { by: None, descending: false });
    }

    /// The keys after `by`, each perhaps with a direction.
    fn order_measures(&mut self, first: &mut OrderKey) {
        let mut key = first.clone();
        self.skip(&["the", "their", "its", "of"]);
        self.direction(&mut key);
        if let Some(measure) = self.order_measure() {
            key.by = Some(measure);
        }
        self.direction(&mut key);
        self.direction_pair(&mut key);
        self.sketch.order.push(key.clone());
        let more = (self.is_word(0, &["and", "then"]) || self.is_symbol(0, ',')) && key.by.is_some();
        let mark = self.mark();
        if more {
            self.skip_commas();
            self.skip(&["and", "then", "by"]);
            let next = self.order_measure();
            if let Some(next) = next.filter(|_| !self.is_word(0, &["for"])) {
                key = OrderKey { by: Some(next), descending: false };
                self.direction(&mut key);
                self.sketch.order.push(key.clone());
                return;
            }
        }
        self.reset(mark);
    }

    fn order_measure(&mut self) -> Option<Measure> {
        if self.eat_any(&["frequency", "count", "popularity", "occurrence"]).is_some() {
            self.skip_of_it();
            return Some(Measure::Times);
        }
        if self.is_word(0, &["ascending", "descending", "alphabetical", "alphabetically", "asc", "desc"]) {
            return None;
        }
        if let Some((quality, descending)) = self.peek(0).and_then(|token| superlative(&token.lower))
            && quality != Quality::Amount
        {
            self.take(1);
            let _ = descending;
            return Some(Measure::Quality(quality));
        }
        let mark = self.mark();
        match self.noun_phrase() {
            Some(np) if np.noun.is_some() => {
                for cond in np.conds.clone() {
                    self.sketch.scope.conds.push(cond);
                }
                np.measure()
            }
            Some(_) | None => {
                self.reset(mark);
                None
            }
        }
    }

    fn skip_of_it(&mut self) {
        self.skip(&["of", "it", "them", "occurrence"]);
    }

    /// `in descending order of age`, `alphabetically`, `highest first`, `from high to low`.
    fn direction_phrase(&mut self) -> bool {
        let mark = self.mark();
        let mut key = OrderKey { by: None, descending: false };
        if self.eat_any(&["in", "with"]).is_some() {
            self.skip(&["a", "the", "an"]);
            let directed = self.direction(&mut key);
            let named = self.tokens[self.at - 1].is("order")
                || self.eat_any(&["order", "ordering", "sequence"]).is_some();
            if directed && named {
                if self.eat_any(&["of", "by", "for"]).is_some()
                    || self.eat(&["according", "to"])
                    || self.eat(&["based", "on"])
                {
                    self.order_measures(&mut key);
                } else {
                    self.sketch.order.push(key);
                }
                return true;
            }
            self.reset(mark);
            return false;
        }
        if self.direction_pair(&mut key) {
            self.push_or_set(key);
            return true;
        }
        if let Some((quality, descending)) = self.peek(0).and_then(|token| superlative(&token.lower)) {
            let first = self.is_word(1, &["first", "to"])
                && (self.is_word(1, &["first"])
                    || self.is_word(
                        2,
                        &["lowest", "highest", "smallest", "largest", "oldest", "youngest", "newest"],
                    ));
            if first {
                self.take(2);
                if !self.is_sentence_end() {
                    self.eat_any(&[
                        "lowest", "highest", "smallest", "largest", "oldest", "youngest", "newest",
                    ]);
                }
                let by = (quality != Quality::Amount).then_some(Measure::Quality(quality));
                self.push_or_set(OrderKey { by, descending });
                return true;
            }
        }
        if self.is_word(0, &["alphabetically"]) {
            self.take(1);
            self.push_or_set(OrderKey { by: None, descending: false });
            return true;
        }
        if self.is_word(0, &["descending", "ascending", "desc", "asc"]) {
            self.direction(&mut key);
            if self.eat_any(&["by", "of"]).is_some() {
                self.order_measures(&mut key);
            } else {
                self.push_or_set(key);
            }
            return true;
        }
        false
    }

    fn push_or_set(&mut self, key: OrderKey) {
        match self.sketch.order.last_mut() {
            Some(last) if key.by.is_none() => last.descending = key.descending,
            Some(_) | None => self.sketch.order.push(key),
        }
    }

    /// `ascending`, `descending alphabetical`, `increasing`.
    fn direction(&mut self, key: &mut OrderKey) -> bool {
        let mut found = false;
        loop {
            let Some(token) = self.peek(0) else { return found };
            match token.lower.as_str() {
                "ascending" | "asc" | "increasing" => key.descending = false,
                "descending" | "desc" | "decreasing" | "reverse" | "reversed" => key.descending = true,
                "alphabetical" | "alphaetical" | "lexicographical" | "alphabetically" | "chronological" => {}
                "in" if self.is_word(
                    1,
                    &["ascending", "descending", "alphabetical", "increasing", "decreasing", "reverse"],
                ) => {}
                "order" if found => {}
                _ => return found,
            }
            self.take(1);
            found = true;
        }
    }

    /// `from high to low`, `from the oldest to the youngest`, `starting from the best to the lowest`.
    fn direction_pair(&mut self, key: &mut OrderKey) -> bool {
        let mark = self.mark();
        self.skip(&["starting"]);
        if self.eat_any(&["from"]).is_none() {
            self.reset(mark);
            return false;
        }
        self.skip(&["the", "most"]);
        let Some(first) = self.peek(0).map(|token| token.lower.clone()) else { return false };
        let read = match first.as_str() {
            "high" | "large" | "big" | "z" | "greatest" | "best" => Some((Quality::Amount, true)),
            "low" | "small" | "a" | "little" => Some((Quality::Amount, false)),
            "old" => Some((Quality::Age, true)),
            "young" => Some((Quality::Age, false)),
            "new" | "recent" => Some((Quality::Recency, true)),
            "long" => Some((Quality::Length, true)),
            "short" => Some((Quality::Length, false)),
            word => superlative(word),
        };
        let Some((quality, descending)) = read else {
            self.reset(mark);
            return false;
        };
        self.take(1);
        if quality == Quality::Amount {
            // `from the best ratings to the lowest`.
            let probe = self.mark();
            match self.noun_phrase() {
                Some(np) if np.noun.is_some() => key.by = key.by.take().or_else(|| np.measure()),
                Some(_) | None => self.reset(probe),
            }
        }
        if self.eat_any(&["to"]).is_none() {
            self.reset(mark);
            return false;
        }
        self.skip(&["the", "least", "most"]);
        if !self.is_sentence_end() {
            self.take(1);
        }
        key.descending = descending;
        if key.by.is_none() && quality != Quality::Amount {
            key.by = Some(Measure::Quality(quality));
        }
        true
    }
}
