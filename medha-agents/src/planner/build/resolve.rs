//! Choosing: which dataset the rows are about, and which field a noun stands for.

use super::builder::{Builder, Failure};
use super::kind::yes_or_no;
use crate::planner::grammar::{Cond, Group, Measure, Noun, Scope, Special, Want};
use crate::planner::lexicon::{FieldId, Target};
use crate::planner::text::words::Quality;
use crate::semantic::{DataType, Role};

/// What a noun turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Resolved {
    /// A metric.
    Metric(usize),
    /// A thing, shown by its label.
    Entity(usize),
    /// A field; whether it describes a thing that was named.
    Field(FieldId, bool),
    /// The label of a thing.
    Label(usize),
}

impl Builder<'_> {
    /// Finds out what the rows are about and what else was mentioned.
    pub(super) fn settle_subject(&mut self) -> Result<(), Failure> {
        let mut mentioned: Vec<usize> = Vec::new();
        for want in self.sketch.wants.iter().chain(&self.sketch.asked) {
            if let Some(noun) = want_noun(want) {
                mentioned.extend(owner_dataset(noun));
                mentioned.extend(sure_dataset(noun));
                mentioned.extend(self.only_home(noun));
            }
        }
        if let Some(superlative) = &self.sketch.superlative {
            mentioned.extend(
                superlative
                    .of
                    .and_then(Target::dataset)
                    .filter(|_| matches!(superlative.of, Some(Target::Dataset(_)))),
            );
        }
        collect_mentions(&self.sketch.scope, &mut mentioned);
        for group in &self.sketch.groups {
            if let Group::Noun(noun) = group {
                mentioned.extend(owner_dataset(noun));
                mentioned.extend(sure_dataset(noun));
                mentioned.extend(self.only_home(noun));
            }
        }
        if let Some(Measure::Noun(noun) | Measure::Count(noun) | Measure::Aggregate { of: noun, .. }) =
            self.sketch.superlative.as_ref().and_then(|superlative| superlative.measure.as_ref())
        {
            mentioned.extend(sure_dataset(noun));
        }
        let metric = self.first_metric().and_then(|metric| self.dataset_of(Target::Metric(metric)));
        let subject = metric
            .or_else(|| self.counted_dataset())
            .or_else(|| mentioned.first().copied())
            .or_else(|| self.best_home())
            .or_else(|| self.condition_home());
        let Some(subject) = subject else {
            return Err(Failure::Missing("it names nothing that is in the data".into()));
        };
        self.subject = subject;
        let mut context = vec![subject];
        for dataset in mentioned {
            if !context.contains(&dataset) {
                context.push(dataset);
            }
        }
        self.context = context;
        Ok(())
    }

    /// The only dataset with a field of this name, if there is only one.
    fn only_home(&self, noun: &Noun) -> Option<usize> {
        let best = noun.best().filter(|best| best.score >= 0.85 && !noun.is_label)?;
        let mut homes =
            noun.matches.iter().filter(|found| found.score + 0.15 >= best.score).map(|found| found.target);
        let Target::Field(first) = homes.next()? else { return None };
        homes
            .all(|target| target.dataset() == Some(first.dataset))
            .then_some(first.dataset)
            .filter(|dataset| !self.lexicon.is_link(*dataset))
    }

    /// The first metric that is asked for.
    pub(super) fn first_metric(&self) -> Option<usize> {
        let of_want = |want: &Want| match want {
            Want::Noun(noun) | Want::Previous(noun) | Want::Aggregate { of: noun, .. } => {
                self.metric_reading(noun)
            }
            Want::Count { .. }
            | Want::AverageCount { .. }
            | Want::Bucket(_)
            | Want::Part(_)
            | Want::Everything(_)
            | Want::Quality(_)
            | Want::Where(_)
            | Want::When
            | Want::Who
            | Want::TheMeasure
            | Want::Rank => None,
        };
        let of_measure = || match self.sketch.superlative.as_ref()?.measure.as_ref()? {
            Measure::Noun(noun) | Measure::Aggregate { of: noun, .. } => self.metric_reading(noun),
            Measure::Count(_) | Measure::Times | Measure::Quality(_) => None,
        };
        let of_order = || {
            self.sketch.order.iter().find_map(|key| match key.by.as_ref()? {
                Measure::Noun(noun) | Measure::Aggregate { of: noun, .. } => self.metric_reading(noun),
                Measure::Count(_) | Measure::Times | Measure::Quality(_) => None,
            })
        };
        let of_ratio = || match self.sketch.special.as_ref()? {
            Special::Ratio { top, .. } => of_want(top),
            Special::Share
            | Special::Change { .. }
            | Special::Versus { .. }
            | Special::RunningTotal
            | Special::Previous
            | Special::Rank
            | Special::Per(_)
            | Special::Trend => None,
        };
        self.sketch.wants.iter().find_map(of_want).or_else(of_measure).or_else(of_order).or_else(of_ratio)
    }

    /// The metric a noun stands for, unless it names a thing or a field as well.
    pub(super) fn metric_reading(&self, noun: &Noun) -> Option<usize> {
        let best = noun.best()?;
        let metric = noun.matches.iter().find(|found| matches!(found.target, Target::Metric(_)))?;
        let thing = noun.matches.iter().find(|found| matches!(found.target, Target::Dataset(_)));
        let thing_is_named = thing.is_some_and(|found| found.score >= 0.95);
        (metric.score + 0.02 >= best.score && !thing_is_named).then(|| noun.metric()).flatten()
    }

    /// What is counted, where something is.
    fn counted_dataset(&self) -> Option<usize> {
        self.sketch.wants.iter().find_map(|want| match want {
            Want::Count { of } | Want::AverageCount { of } => {
                owner_dataset(of).or_else(|| sure_dataset(of)).or_else(|| of.dataset())
            }
            Want::Noun(_)
            | Want::Aggregate { .. }
            | Want::Bucket(_)
            | Want::Part(_)
            | Want::Everything(_)
            | Want::Quality(_)
            | Want::Where(_)
            | Want::When
            | Want::Who
            | Want::Rank
            | Want::TheMeasure
            | Want::Previous(_) => None,
        })
    }

    /// The dataset that holds most of the wanted fields, by the sum of how well they fit.
    fn best_home(&self) -> Option<usize> {
        let count = self.lexicon.model.datasets.len();
        let mut scores = vec![0.0_f32; count];
        for want in &self.sketch.wants {
            let Some(noun) = want_noun(want) else { continue };
            for (dataset, score) in scores.iter_mut().enumerate() {
                let fit = noun
                    .matches
                    .iter()
                    .filter(|found| found.target.dataset() == Some(dataset))
                    .map(|found| found.score);
                *score += fit.fold(0.0, f32::max);
            }
        }
        for (dataset, score) in scores.iter_mut().enumerate() {
            if *score > 0.0 {
                *score += 0.3 * self.fitting_conditions(dataset) as f32;
                if self.lexicon.dataset(dataset).hidden {
                    *score *= 0.5;
                }
            }
        }
        best_index(&scores)
    }

    /// The dataset whose values or fields the conditions name.
    fn condition_home(&self) -> Option<usize> {
        let scores: Vec<f32> = (0..self.lexicon.model.datasets.len())
            .map(|dataset| {
                let penalty = if self.lexicon.dataset(dataset).hidden { 0.5 } else { 1.0 };
                self.fitting_conditions(dataset) as f32 * penalty
            })
            .collect();
        best_index(&scores)
    }

    fn fitting_conditions(&self, dataset: usize) -> usize {
        self.sketch
            .scope
            .conds
            .iter()
            .filter(|cond| match cond {
                Cond::Is { values, .. } => values
                    .iter()
                    .any(|value| value.matches.iter().any(|found| found.target.dataset() == Some(dataset))),
                Cond::Compare { left: Some(noun), .. }
                | Cond::Equals { field: Some(noun), .. }
                | Cond::Missing { field: noun, .. } => {
                    noun.matches.iter().any(|found| found.target.dataset() == Some(dataset))
                }
                Cond::Compare { left: None, .. }
                | Cond::Equals { field: None, .. }
                | Cond::CountIs { .. }
                | Cond::Matches { .. }
                | Cond::Related { .. }
                | Cond::Named { .. }
                | Cond::Flag { .. }
                | Cond::Time(_)
                | Cond::OnDays { .. }
                | Cond::Any(_)
                | Cond::Both(_) => false,
            })
            .count()
    }

    /// What a noun stands for, seen from a dataset; a reference to a thing at hand is that thing's own key.
    pub(super) fn resolve(&mut self, noun: &Noun, home: usize) -> Result<Resolved, Failure> {
        Ok(match self.resolve_words(noun, home)? {
            Resolved::Field(id, owned) => match self.referred_key(id, home) {
                Some(key) => Resolved::Field(key, owned),
                None => Resolved::Field(id, owned),
            },
            other => other,
        })
    }

    /// The key that a reference points to, where the rows are about the thing it refers to.
    fn referred_key(&self, id: FieldId, home: usize) -> Option<FieldId> {
        if id.dataset == home && !self.lexicon.is_link(home) {
            return None;
        }
        let own = self.lexicon.dataset(id.dataset);
        let name = &own.fields[id.field].name;
        let known = self
            .lexicon
            .model
            .relationships
            .iter()
            .find(|known| known.from == own.name && known.from_columns == [name.clone()])?;
        let dataset = self.lexicon.dataset_index(&known.to)?;
        let at_hand = dataset == home || self.context.contains(&dataset);
        let field = self
            .lexicon
            .dataset(dataset)
            .fields
            .iter()
            .position(|field| Some(&field.name) == known.to_columns.first())?;
        at_hand.then_some(FieldId { dataset, field })
    }

    fn resolve_words(&mut self, noun: &Noun, home: usize) -> Result<Resolved, Failure> {
        if let Some(metric) = self.metric_reading(noun) {
            return Ok(Resolved::Metric(metric));
        }
        let owner = noun.owner.as_deref().and_then(|owner| sure_dataset(owner).or_else(|| owner.dataset()));
        if let Some(owner) = owner {
            let own = noun.matches.iter().find_map(|found| match found.target {
                Target::Field(field) if field.dataset == owner => Some(field),
                Target::Field(_)
                | Target::Metric(_)
                | Target::Dataset(_)
                | Target::Named(_)
                | Target::Value(_) => None,
            });
            if let Some(field) = own {
                return Ok(Resolved::Field(field, true));
            }
            if noun.is_label {
                return Ok(Resolved::Label(owner));
            }
        }
        if noun.is_label {
            let home = self.main_entity(home);
            let in_context =
                self.context.iter().copied().find(|dataset| {
                    noun.matches.iter().any(|found| found.target.dataset() == Some(*dataset))
                });
            let at_home = noun.matches.iter().any(|found| found.target.dataset() == Some(home));
            return match in_context {
                Some(_) if at_home => self.field_of(noun, home),
                Some(_) | None if self.has_label(home) => Ok(Resolved::Label(home)),
                Some(dataset) => self.field_of(noun, dataset),
                None => Ok(Resolved::Label(home)),
            };
        }
        let thing = noun.matches.iter().find(|found| matches!(found.target, Target::Dataset(_))).copied();
        let field = self.best_field(noun, home);
        match (thing, field) {
            (Some(thing), Some((field, score, lexical))) => {
                let dataset = thing.target.dataset().unwrap_or(home);
                let reachable = self.lexicon.graph.distance(home, dataset).is_some();
                let at_home = field.dataset == home && lexical >= 0.75;
                if !reachable
                    || (lexical > thing.score + 0.05)
                    || (at_home && thing.score < 0.9 && score > 0.0)
                    || (at_home
                        && dataset != home
                        && lexical >= thing.score
                        && self.lexicon.dataset(dataset).hidden)
                {
                    self.note_confidence(lexical);
                    return Ok(Resolved::Field(field, false));
                }
                Ok(Resolved::Entity(dataset))
            }
            (Some(thing), None) => {
                self.note_confidence(thing.score.max(0.6));
                Ok(Resolved::Entity(thing.target.dataset().unwrap_or(home)))
            }
            (None, Some((field, _, lexical))) => {
                self.note_confidence(lexical);
                Ok(Resolved::Field(field, owner == Some(field.dataset)))
            }
            (None, None) => match noun.metric() {
                Some(metric) => Ok(Resolved::Metric(metric)),
                None => Err(self.unknown(noun)),
            },
        }
    }

    fn field_of(&self, noun: &Noun, dataset: usize) -> Result<Resolved, Failure> {
        noun.matches
            .iter()
            .find_map(|found| match found.target {
                Target::Field(field) if field.dataset == dataset => Some(Resolved::Field(field, true)),
                Target::Field(_)
                | Target::Metric(_)
                | Target::Dataset(_)
                | Target::Named(_)
                | Target::Value(_) => None,
            })
            .ok_or_else(|| self.unknown(noun))
    }

    /// The thing a bare `name` is of: what is ranked, wanted, grouped by or mentioned.
    pub(super) fn main_entity(&self, home: usize) -> usize {
        let ranked = self.sketch.superlative.as_ref().and_then(|superlative| match superlative.of {
            Some(Target::Dataset(dataset)) => Some(dataset),
            Some(Target::Field(_) | Target::Metric(_) | Target::Named(_) | Target::Value(_)) | None => None,
        });
        let asked = || {
            self.sketch.asked.iter().chain(&self.sketch.wants).find_map(|want| match want {
                Want::Noun(noun) => sure_dataset(noun),
                _ => None,
            })
        };
        let grouped = || {
            self.sketch.groups.iter().find_map(|group| match group {
                Group::Noun(noun) => sure_dataset(noun),
                Group::Bucket(_) | Group::Part(_) => None,
            })
        };
        let fits = |dataset: &usize| self.lexicon.graph.distance(home, *dataset).is_some();
        ranked
            .filter(fits)
            .or_else(|| asked().filter(fits))
            .or_else(|| grouped().filter(fits))
            .unwrap_or_else(|| {
                if self.has_label(home) && !self.lexicon.is_link(home) {
                    return home;
                }
                self.context
                    .iter()
                    .copied()
                    .find(|dataset| self.has_label(*dataset) && !self.lexicon.is_link(*dataset))
                    .unwrap_or(home)
            })
    }

    /// Whether a dataset says what its rows are called.
    pub(super) fn has_label(&self, dataset: usize) -> bool {
        self.label_fields(dataset) != self.key_fields(dataset)
    }

    /// The best field for a noun seen from a dataset: the field, its score in all and by its words alone.
    pub(super) fn best_field(&self, noun: &Noun, home: usize) -> Option<(FieldId, f32, f32)> {
        let owner = noun.owner.as_deref().and_then(|owner| sure_dataset(owner).or_else(|| owner.dataset()));
        let mut best: Option<(FieldId, f32, f32)> = None;
        for found in &noun.matches {
            let Target::Field(field) = found.target else { continue };
            let Some(cost) = self.lexicon.graph.cost(home, field.dataset) else { continue };
            let near = match () {
                () if owner == Some(field.dataset) => 1.0,
                () if field.dataset == home => 0.5,
                () if self.context.contains(&field.dataset) => 0.45,
                () => 0.0,
            };
            let is_key = self.lexicon.field(field).role == Role::Key && field.dataset != home;
            let beside = if noun.near.and_then(Target::dataset) == Some(field.dataset) { 0.3 } else { 0.0 };
            let score = found.score * 1.5 + near + beside - 0.12 * cost - if is_key { 0.2 } else { 0.0 };
            if best.is_none_or(|(_, other, _)| score > other + 1e-4) {
                best = Some((field, score, found.score));
            }
        }
        best
    }

    /// The field that measures a quality, of a dataset or one near to it.
    pub(super) fn quality_field(&self, quality: Quality, home: usize) -> Option<(FieldId, bool)> {
        let mut homes = vec![home];
        homes.extend(self.context.iter().copied().filter(|dataset| *dataset != home));
        for dataset in homes {
            for (wanted, alone) in quality
                .stems()
                .iter()
                .map(|stem| (stem, true))
                .chain(quality.stems().iter().map(|stem| (stem, false)))
            {
                let found = self.lexicon.fields(dataset).find(|(id, field)| {
                    let stems = self.lexicon.stems_of(*id).len();
                    let fits = self.lexicon.stems_of(*id).iter().any(|stem| stem == wanted)
                        || field.synonyms.iter().any(|synonym| {
                            crate::planner::text::words_of_text(synonym)
                                .iter()
                                .any(|word| crate::planner::text::stem(word) == *wanted)
                        });
                    fits && (!alone || stems == 1)
                        && field.role != Role::Key
                        && (quality == Quality::Recency
                            || is_ordered(field.data_type)
                            || field.role == Role::Measure
                            || *wanted == "age"
                            || *wanted == "birth")
                });
                if let Some((id, field)) = found {
                    // An age runs the other way than a date of birth.
                    let reversed = quality == Quality::Age
                        && (field.role == Role::Time
                            || matches!(*wanted, "birth" | "birthday" | "birthdat" | "born" | "dob"));
                    return Some((id, reversed));
                }
            }
            if quality == Quality::Recency {
                let held = self.lexicon.dataset(dataset);
                let default = held
                    .default_time
                    .as_ref()
                    .and_then(|name| held.fields.iter().position(|field| field.name == *name));
                let any = held.fields.iter().position(|field| field.role == Role::Time);
                if let Some(field) = default.or(any) {
                    return Some((FieldId { dataset, field }, false));
                }
            }
            if matches!(quality, Quality::Age) {
                // The oldest company is the one with the earliest date.
                let held = self.lexicon.dataset(dataset);
                if let Some(field) = held.fields.iter().position(|field| field.role == Role::Time) {
                    return Some((FieldId { dataset, field }, true));
                }
                if let Some((id, _)) = self
                    .lexicon
                    .fields(dataset)
                    .find(|(id, _)| self.lexicon.stems_of(*id).iter().any(|stem| stem == "year"))
                {
                    return Some((id, true));
                }
            }
        }
        None
    }

    /// The stored form of yes or no in a field.
    pub(super) fn yes_value(&self, id: FieldId, wanted: bool) -> crate::plan::Literal {
        let field = self.lexicon.field(id);
        let stored = field.values.iter().find(|value| yes_or_no(&value.value) == Some(wanted));
        match (stored, field.data_type) {
            (Some(value), DataType::String) => crate::plan::Literal::Text(value.value.clone()),
            (_, DataType::Boolean) => crate::plan::Literal::Boolean(wanted),
            (_, DataType::Integer) => crate::plan::Literal::Integer(i64::from(wanted)),
            (Some(value), _) => crate::plan::Literal::Text(value.value.clone()),
            (None, _) => crate::plan::Literal::Boolean(wanted),
        }
    }
}

fn is_ordered(kind: DataType) -> bool {
    match kind {
        DataType::Integer
        | DataType::Decimal
        | DataType::Float
        | DataType::Date
        | DataType::DateTime
        | DataType::DateTimeTz
        | DataType::Time => true,
        DataType::String | DataType::Boolean | DataType::Opaque => false,
    }
}

fn best_index(scores: &[f32]) -> Option<usize> {
    let mut best: Option<(usize, f32)> = None;
    for (index, &score) in scores.iter().enumerate() {
        if score > 0.0 && best.is_none_or(|(_, other)| score > other) {
            best = Some((index, score));
        }
    }
    best.map(|(index, _)| index)
}

/// The noun of a want.
pub(super) fn want_noun(want: &Want) -> Option<&Noun> {
    match want {
        Want::Noun(noun)
        | Want::Aggregate { of: noun, .. }
        | Want::Count { of: noun }
        | Want::AverageCount { of: noun }
        | Want::Everything(noun)
        | Want::Where(noun)
        | Want::Previous(noun) => Some(noun),
        Want::Bucket(_)
        | Want::Part(_)
        | Want::Quality(_)
        | Want::When
        | Want::Who
        | Want::Rank
        | Want::TheMeasure => None,
    }
}

/// The dataset that owns a noun by its own words.
pub(super) fn owner_dataset(noun: &Noun) -> Option<usize> {
    let owner = noun.owner.as_deref()?;
    owner_dataset(owner)
        .filter(|_| owner.dataset().is_none())
        .or_else(|| sure_dataset(owner))
        .or_else(|| owner.dataset())
}

/// The dataset a noun names, if naming a thing is its best reading.
pub(super) fn sure_dataset(noun: &Noun) -> Option<usize> {
    let best = noun.best()?;
    noun.matches
        .iter()
        .find(|found| matches!(found.target, Target::Dataset(_)) && found.score + 0.051 >= best.score)
        .and_then(|found| found.target.dataset())
}

/// Whether a noun names a thing rather than a field or a metric.
pub(crate) fn names_thing(noun: &Noun) -> bool {
    let field = noun
        .matches
        .iter()
        .filter(|found| matches!(found.target, Target::Field(_)))
        .map(|found| found.score)
        .fold(0.0, f32::max);
    sure_dataset(noun).is_some() && field < 0.9
}

fn collect_mentions(scope: &Scope, mentioned: &mut Vec<usize>) {
    for noun in &scope.mentions {
        mentioned.extend(owner_dataset(noun));
        mentioned.extend(sure_dataset(noun));
    }
    for cond in &scope.conds {
        match cond {
            Cond::Is { near: Some(Target::Dataset(dataset)), .. } => mentioned.push(*dataset),
            Cond::CountIs { of: Some(noun), .. } => mentioned.extend(sure_dataset(noun)),
            Cond::Is { .. }
            | Cond::CountIs { .. }
            | Cond::Equals { .. }
            | Cond::Compare { .. }
            | Cond::Matches { .. }
            | Cond::Missing { .. }
            | Cond::Related { .. }
            | Cond::Named { .. }
            | Cond::Flag { .. }
            | Cond::Time(_)
            | Cond::OnDays { .. }
            | Cond::Any(_)
            | Cond::Both(_) => {}
        }
    }
}
