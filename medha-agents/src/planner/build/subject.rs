//! The subject: which dataset the rows are about, and what else was mentioned.

use super::builder::{Builder, Failure};
use crate::planner::grammar::{Cond, Group, Measure, Noun, Scope, Special, Want};
use crate::planner::lexicon::Target;

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
        if let Some(Special::Ratio { top, bottom, .. }) = &self.sketch.special {
            let nouns = [top, bottom].into_iter().filter_map(|want| want_noun(want));
            mentioned.extend(nouns.filter_map(sure_dataset));
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
    pub(super) fn only_home(&self, noun: &Noun) -> Option<usize> {
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
        // `lower revenue in 2025 than in 2024` is about the revenue that it mentions.
        let of_comparison = || match self.sketch.special.as_ref()? {
            Special::Versus { .. } => {
                self.sketch.scope.mentions.iter().find_map(|noun| self.metric_reading(noun))
            }
            Special::Ratio { .. }
            | Special::Share
            | Special::Change { .. }
            | Special::RunningTotal
            | Special::Previous
            | Special::Rank
            | Special::Per(_)
            | Special::Trend => None,
        };
        let wanted = self.sketch.wants.iter().find_map(of_want).or_else(of_measure).or_else(of_order);
        wanted.or_else(of_ratio).or_else(of_comparison)
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
    pub(super) fn counted_dataset(&self) -> Option<usize> {
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
    pub(super) fn best_home(&self) -> Option<usize> {
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
    pub(super) fn condition_home(&self) -> Option<usize> {
        let scores: Vec<f32> = (0..self.lexicon.model.datasets.len())
            .map(|dataset| {
                let penalty = if self.lexicon.dataset(dataset).hidden { 0.5 } else { 1.0 };
                self.fitting_conditions(dataset) as f32 * penalty
            })
            .collect();
        best_index(&scores)
    }

    pub(super) fn fitting_conditions(&self, dataset: usize) -> usize {
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
}

pub(super) fn best_index(scores: &[f32]) -> Option<usize> {
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

pub(super) fn collect_mentions(scope: &Scope, mentioned: &mut Vec<usize>) {
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
