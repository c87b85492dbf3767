//! Groups: `by month`, `per region`, `for each customer`.

use super::parser::Parser;
use super::sketch::{Group, Noun};
use crate::plan::DatePart;
use crate::planner::text::words::{date_part, grain_noun};

impl Parser<'_> {
    /// `by month`, `per region`, `for each customer`, `each year`.
    pub(super) fn group(&mut self) -> bool {
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
