//! The heart of a noun phrase: nouns and values next to one another, `Rock revenue`, `customer state`, `grade 10`.

use super::noun::Np;
use super::parser::Parser;
use super::sketch::{Cond, Group, Noun};
use crate::planner::lexicon::{Match, Target, opposite_of};
use crate::planner::text::{Token, TokenKind, words};

/// What the words at one place are.
#[derive(Debug, Clone)]
enum Item {
    /// A field, a metric or a dataset.
    Name(Noun),
    /// A value.
    Value(Vec<Noun>),
    /// A named condition, perhaps the opposite of one.
    Named(usize, bool),
}

impl Parser<'_> {
    /// Reads nouns and values that stand together; whether a head was found.
    pub(super) fn chain(&mut self, np: &mut Np) -> bool {
        let mut head: Option<Noun> = None;
        let mut values: Vec<Vec<Noun>> = Vec::new();
        let mut named: Option<usize> = None;
        for _ in 0..6 {
            if self.peek(0).is_some_and(|token| token.kind == TokenKind::Possessive)
                && (head.is_some() || !values.is_empty())
            {
                self.take(1);
                continue;
            }
            if head.is_some() && self.count_suffix(np) {
                break;
            }
            if let Some(noun) =
                head.as_ref().filter(|noun| !self.plain && (noun.dataset().is_some() || noun.has_field()))
            {
                let noun = noun.clone();
                if self.literal_after(&noun, np) {
                    head = np.noun.clone();
                    break;
                }
            }
            if self.starts_window() {
                break;
            }
            if head.is_some() && (self.is_participle() || (self.after_plural() && !self.value_here())) {
                break;
            }
            let Some(item) = self.item(head.is_some()) else { break };
            match item {
                Item::Named(index, negated) => {
                    np.conds.push(Cond::Named { index, negated });
                    named = Some(index);
                }
                Item::Value(found) => match head.take() {
                    Some(noun) => {
                        self.value_after(noun.clone(), found, np);
                        head = Some(noun);
                    }
                    None => values.push(found),
                },
                Item::Name(mut noun) => {
                    if let Some(before) = head.take() {
                        let described = values.iter().flatten().any(|value| {
                            value.matches.iter().any(|found| {
                                before.matches.iter().any(|known| {
                                    known.target.field() == found.target.field()
                                        && matches!(known.target, Target::Field(_))
                                })
                            })
                        });
                        if !described && !self.join(before, &mut noun, np) {
                            break;
                        }
                    }
                    head = Some(noun);
                }
            }
        }
        if let (None, Some(index)) = (&head, named) {
            // `active customers` names the thing together with the condition.
            let dataset = self.lexicon.dataset_index(&self.lexicon.model.filters[index].dataset);
            head = dataset.map(|dataset| Noun {
                matches: vec![Match { target: Target::Dataset(dataset), len: 1, score: 0.95 }],
                text: self.lexicon.dataset(dataset).name.clone(),
                at: self.at,
                ..Noun::default()
            });
        }
        let near = head.as_ref().and_then(Noun::best).map(|found| found.target);
        for found in values {
            self.value_before(found, &head, near, np);
        }
        np.noun = head;
        np.noun.is_some()
    }

    /// A window that begins here: `year 2014`, `July 2025`.
    fn starts_window(&self) -> bool {
        let Some(token) = self.peek(0) else { return false };
        let strong = self.lookup().first().is_some_and(|found| found.len >= 2);
        if strong || !matches!(token.kind, TokenKind::Word | TokenKind::Date(_)) {
            return false;
        }
        self.window_at(self.at)
            .is_some_and(|window| window.len >= 2 || words::grain_noun(&token.lower).is_none())
            && !matches!(token.lower.as_str(), "may")
    }

    /// `album count`, `friends number`: the thing is counted.
    fn count_suffix(&mut self, np: &mut Np) -> bool {
        let is_count =
            self.is_word(0, &["count", "counts"]) && self.lookup().iter().all(|found| found.score < 0.95);
        if is_count {
            np.count = true;
            self.take(1);
        }
        is_count
    }

    fn item(&mut self, has_head: bool) -> Option<Item> {
        let token = self.peek(0)?.clone();
        if token.kind == TokenKind::Word
            && super::parser::is_function_word(&token.lower)
            && self.lookup().is_empty()
        {
            return None;
        }
        let matches = self.lookup();
        if matches.is_empty() {
            return self
                .opposite(&token)
                .or_else(|| self.label(&token, has_head))
                .or_else(|| self.rooted(&token, has_head));
        }
        let named = matches.iter().find_map(|found| match found.target {
            Target::Named(index) => Some((index, found.len, found.score)),
            Target::Metric(_) | Target::Dataset(_) | Target::Field(_) | Target::Value(_) => None,
        });
        let best_value = matches.iter().filter(|found| matches!(found.target, Target::Value(_))).max_by(rank);
        let best_name = matches.iter().filter(|found| is_name(found)).max_by(rank);
        if let Some((index, len, _)) = named {
            let longer_name =
                best_name.is_some_and(|name| name.len > len || (name.len == len && name.score >= 0.99));
            if !longer_name {
                self.take(len);
                return Some(Item::Named(index, false));
            }
        }
        let value_wins = match (best_value, best_name) {
            (Some(value), Some(name)) => {
                value.len > name.len || (value.len == name.len && value.score - name.score > 0.1)
            }
            (Some(_), None) => true,
            (None, _) => false,
        };
        if value_wins {
            return self.value_list(&matches).map(Item::Value);
        }
        let len = best_name?.len;
        let longest: Vec<Match> = names_of(&matches, len);
        let mut noun = self.noun_of(longest, len);
        noun.is_label = len == 1 && is_label_word(&self.tokens[self.at]);
        self.take(len);
        Some(Item::Name(noun))
    }

    /// Candidates for values here, with those that follow after `or`, `and` and commas.
    pub(super) fn value_list(&mut self, matches: &[Match]) -> Option<Vec<Noun>> {
        let len = matches
            .iter()
            .filter(|found| matches!(found.target, Target::Value(_)))
            .map(|found| found.len)
            .max()?;
        let first = self.value_noun(matches, len);
        let fields: Vec<_> = first.matches.iter().filter_map(|found| found.target.field()).collect();
        self.take(len);
        let mut values = vec![first];
        loop {
            let mark = self.mark();
            let mut joined = false;
            while self.is_symbol(0, ',')
                || self.is_word(0, &["or", "and", "the", "either"])
                || self.is_symbol(0, '/')
            {
                joined = true;
                self.take(1);
            }
            let next = self.lookup();
            let fitting: Vec<Match> = next
                .iter()
                .filter(|found| {
                    matches!(found.target, Target::Value(_))
                        && found.target.field().is_some_and(|field| fields.contains(&field))
                })
                .copied()
                .collect();
            let name_is_better = next.iter().any(|found| {
                is_name(found)
                    && fitting
                        .iter()
                        .all(|fit| found.len > fit.len || (found.len == fit.len && found.score > fit.score))
            });
            if !joined || fitting.is_empty() || name_is_better {
                self.reset(mark);
                return Some(values);
            }
            let len = fitting.iter().map(|found| found.len).max().unwrap_or(1);
            values.push(self.value_noun(&fitting, len));
            self.take(len);
        }
    }

    fn value_noun(&self, matches: &[Match], len: usize) -> Noun {
        let candidates: Vec<Match> = matches
            .iter()
            .filter(|found| matches!(found.target, Target::Value(_)) && found.len == len)
            .copied()
            .collect();
        self.noun_of(candidates, len)
    }

    /// `name` where no field is called so: the label of whatever it is of.
    fn label(&mut self, token: &Token, _has_head: bool) -> Option<Item> {
        if !is_label_word(token) {
            return None;
        }
        let noun = Noun { is_label: true, ..self.noun_of(Vec::new(), 1) };
        self.take(1);
        Some(Item::Name(noun))
    }

    /// `directors` for `Directed_by`: a noun made from the verb that names a field.
    fn rooted(&mut self, token: &Token, has_head: bool) -> Option<Item> {
        let is_noun = token.kind == TokenKind::Word
            && !token.lower.ends_with("ed")
            && !token.lower.ends_with("ing")
            && !words::is_light_verb(&token.stem)
            && !words::is_stop_word(&token.lower);
        if !is_noun || has_head {
            return None;
        }
        let mut matches = self.lexicon.by_root(token);
        matches.retain(|found| matches!(found.target, Target::Field(_)));
        for found in &mut matches {
            found.score = 0.7;
        }
        if matches.is_empty() {
            return None;
        }
        let noun = self.noun_of(matches, 1);
        self.take(1);
        Some(Item::Name(noun))
    }

    /// `directed by`, `opened before`: a verb and no noun.
    fn is_participle(&self) -> bool {
        let verb = self.peek(0).is_some_and(|token| {
            token.kind == TokenKind::Word
                && (token.lower.ends_with("ed")
                    || matches!(
                        token.lower.as_str(),
                        "written"
                            | "sold"
                            | "spent"
                            | "bought"
                            | "made"
                            | "won"
                            | "held"
                            | "paid"
                            | "taken"
                            | "given"
                            | "lost"
                    ))
        });
        verb && self.lookup().first().is_none_or(|found| found.len < 2)
    }

    /// Whether the word before is a plural, which begins no compound.
    fn after_plural(&self) -> bool {
        let before = self.at.checked_sub(1).and_then(|place| self.tokens.get(place));
        before.is_some_and(|token| {
            token.kind == TokenKind::Word
                && token.lower.ends_with('s')
                && !token.lower.ends_with("ss")
                && token.lower.len() > 3
                && token.stem != token.lower
                && !matches!(token.lower.as_str(), "sales" | "status" | "series")
        })
    }

    fn value_here(&self) -> bool {
        self.lookup().first().is_some_and(|found| matches!(found.target, Target::Value(_)))
    }

    /// `inactive`: the opposite of a named condition.
    fn opposite(&mut self, token: &Token) -> Option<Item> {
        if token.kind != TokenKind::Word {
            return None;
        }
        let positive = opposite_of(&token.lower)?;
        let tokens = crate::planner::text::tokenize(positive);
        let index = self.lexicon.lookup(&tokens, 0).iter().find_map(|found| match found.target {
            Target::Named(index) => Some(index),
            Target::Metric(_) | Target::Dataset(_) | Target::Field(_) | Target::Value(_) => None,
        })?;
        self.take(1);
        Some(Item::Named(index, true))
    }

    /// Joins two nouns that stand side by side; whether they belong together.
    fn join(&mut self, before: Noun, noun: &mut Noun, np: &mut Np) -> bool {
        let before_target = before.best().map(|found| found.target);
        let target = noun.best().map(|found| found.target);
        match (before_target, target) {
            (
                Some(Target::Dataset(_)),
                Some(Target::Field(_) | Target::Dataset(_) | Target::Metric(_)) | None,
            ) => {
                noun.owner = Some(Box::new(before));
                true
            }
            (Some(Target::Field(_)), Some(Target::Dataset(_))) if np.superlative.is_some() => {
                if let Some(superlative) = &mut np.superlative {
                    superlative.measure = Some(super::sketch::Measure::Noun(before));
                }
                true
            }
            (Some(Target::Field(_)), Some(Target::Metric(_))) => {
                np.groups.push(Group::Noun(before));
                true
            }
            (None, Some(_)) => true,
            _ => {
                // The second noun begins a phrase of its own.
                self.at = noun.at;
                for place in noun.at..self.uses.len() {
                    self.uses[place] = super::parser::Use::Open;
                }
                *noun = before;
                np.noun = Some(noun.clone());
                self.finish_early(np);
                false
            }
        }
    }

    fn finish_early(&mut self, np: &mut Np) {
        if let Some(noun) = &np.noun {
            self.last = noun.best().map(|found| found.target);
        }
    }

    /// `grade 10`, `domain "Machine Learning"`: a literal right after the noun it belongs to.
    fn literal_after(&mut self, noun: &Noun, np: &mut Np) -> bool {
        let mark = self.mark();
        self.skip(&["number", "no", "id", "named", "called", "titled", "labeled"]);
        let Some(token) = self.peek(0).cloned() else {
            self.reset(mark);
            return false;
        };
        let text = match token.kind {
            TokenKind::Quoted if self.lexicon.quoted(&token.text).is_empty() => token.text.clone(),
            TokenKind::Number(_) if !self.is_time(noun) && (noun.has_field() || token.text.len() < 4) => {
                let compared = self.is_word(1, &["or"])
                    && self.is_word(
                        2,
                        &[
                            "more", "less", "fewer", "above", "higher", "older", "younger", "below", "later",
                            "after", "before", "earlier",
                        ],
                    );
                let counted = !self.lookup_at(self.at + 1).is_empty()
                    && self.peek(1).is_some_and(|next| next.kind == TokenKind::Word);
                if compared || counted {
                    self.reset(mark);
                    return false;
                }
                token.text.clone()
            }
            TokenKind::Word
            | TokenKind::Number(_)
            | TokenKind::Date(_)
            | TokenKind::Quoted
            | TokenKind::Possessive
            | TokenKind::Symbol(_) => {
                self.reset(mark);
                return false;
            }
        };
        self.take(1);
        let mut texts = vec![text];
        while (self.is_word(0, &["or"]) || self.is_symbol(0, ','))
            && self.peek(1).is_some_and(|next| {
                next.kind == token.kind || (next.number().is_some() && token.number().is_some())
            })
        {
            let next = self.peek(1).map(|next| next.text.clone());
            self.take(2);
            texts.extend(next);
        }
        np.is_condition = noun.dataset().is_none() && noun.owner.is_none();
        np.noun = Some(noun.owner.as_deref().filter(|_| noun.dataset().is_none()).unwrap_or(noun).clone());
        np.conds.push(Cond::Equals { field: Some(noun.clone()), texts, negated: false });
        true
    }

    /// Whether a noun stands for a moment, which no number alone can name.
    pub(super) fn is_time(&self, noun: &Noun) -> bool {
        noun.best().is_some_and(|found| match found.target {
            Target::Field(field) => self.lexicon.field(field).role == crate::semantic::Role::Time,
            Target::Metric(_) | Target::Dataset(_) | Target::Named(_) | Target::Value(_) => false,
        })
    }

    /// `genre Rock`, `singer Kyle`.
    fn value_after(&mut self, noun: Noun, values: Vec<Noun>, np: &mut Np) {
        let fits = |target: Target| match noun.best().map(|found| found.target) {
            Some(Target::Field(field)) => target.field() == Some(field),
            Some(Target::Dataset(_)) => target.dataset() == noun.dataset(),
            Some(Target::Metric(_) | Target::Named(_) | Target::Value(_)) | None => false,
        };
        let named = values.iter().any(|value| value.matches.iter().any(|found| fits(found.target)));
        let near = noun.best().map(|found| found.target);
        np.is_condition |= named && noun.dataset().is_none() && noun.has_field();
        np.conds.push(Cond::Is { values, field: named.then_some(noun), near, negated: false });
    }

    /// `West region`, `Rock revenue`, `dog pets`.
    fn value_before(&mut self, values: Vec<Noun>, head: &Option<Noun>, near: Option<Target>, np: &mut Np) {
        let field = head.as_ref().filter(|noun| {
            noun.matches.iter().any(|found| match found.target {
                Target::Field(field) => values
                    .iter()
                    .any(|value| value.matches.iter().any(|known| known.target.field() == Some(field))),
                Target::Metric(_) | Target::Dataset(_) | Target::Named(_) | Target::Value(_) => false,
            })
        });
        if let Some(found) = values.first().and_then(Noun::best).filter(|_| head.is_none()) {
            self.last = Some(found.target);
        }
        np.is_condition |= field.is_some() || head.is_none();
        np.conds.push(Cond::Is { values, field: field.cloned(), near, negated: false });
    }
}

fn rank(left: &&Match, right: &&Match) -> std::cmp::Ordering {
    left.len.cmp(&right.len).then(left.score.total_cmp(&right.score))
}

fn is_name(found: &Match) -> bool {
    match found.target {
        Target::Metric(_) | Target::Dataset(_) | Target::Field(_) => true,
        Target::Named(_) | Target::Value(_) => false,
    }
}

/// The names among matches: those of full length first, shorter ones dropped.
pub(super) fn names_of(matches: &[Match], len: usize) -> Vec<Match> {
    let mut names: Vec<Match> =
        matches.iter().filter(|found| is_name(found) && found.len == len).copied().collect();
    names.sort_by(|left, right| right.score.total_cmp(&left.score).then(left.target.cmp(&right.target)));
    names
}

/// Words that stand for what a thing is called.
pub(super) fn is_label_word(token: &Token) -> bool {
    token.kind == TokenKind::Word
        && matches!(token.lower.as_str(), "name" | "names" | "title" | "titles" | "fullname")
}
