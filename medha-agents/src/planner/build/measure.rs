//! Measures: what rows or groups are ranked and ordered by.

use super::builder::{Builder, Failure};
use super::filter::CountOf;
use super::resolve::Resolved;
use crate::plan::{AggregateFunction, Expr};
use crate::planner::grammar::{Measure, Noun, Want};
use crate::planner::text::words::Quality;
use crate::semantic::Role;

/// A measure, and whether it sums up rows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Measured {
    /// The expression.
    pub(super) expr: Expr,
    /// Whether it is an aggregate.
    pub(super) aggregated: bool,
    /// Whether more of it means less of what was said (an earlier birth is a greater age).
    pub(super) reversed: bool,
}

impl Measured {
    fn aggregate(expr: Expr) -> Self {
        Self { expr, aggregated: true, reversed: false }
    }

    fn row(expr: Expr) -> Self {
        Self { expr, aggregated: false, reversed: false }
    }
}

impl Builder<'_> {
    /// A measure, seen from a dataset.
    pub(super) fn measured(
        &mut self,
        measure: &Measure,
        home: usize,
        descending: bool,
    ) -> Result<Measured, Failure> {
        match measure {
            Measure::Noun(noun) => self.measured_noun(noun, None, home, descending),
            Measure::Aggregate { function, of } => self.measured_noun(of, Some(*function), home, descending),
            Measure::Count(noun) => match self.resolve_counted(noun, home)? {
                CountOf::Rows(dataset) => {
                    Ok(Measured::aggregate(Expr::Count { dataset: self.dataset_name(dataset) }))
                }
                CountOf::Metric(name) => Ok(Measured::aggregate(Expr::Metric(name))),
                CountOf::Number(id) => self.measured_field(id, None, home, descending),
                CountOf::Distinct(id) => Ok(Measured::aggregate(Expr::Aggregate {
                    function: AggregateFunction::CountDistinct,
                    of: Box::new(self.field_expr(id)),
                })),
            },
            Measure::Times => {
                Ok(Measured::aggregate(Expr::Count { dataset: self.dataset_name(self.happening(home)) }))
            }
            Measure::Quality(quality) => self.measured_quality(*quality, home),
        }
    }

    fn measured_noun(
        &mut self,
        noun: &Noun,
        function: Option<AggregateFunction>,
        home: usize,
        descending: bool,
    ) -> Result<Measured, Failure> {
        match self.resolve(noun, home)? {
            Resolved::Metric(metric) => {
                Ok(Measured::aggregate(Expr::Metric(self.lexicon.model.metrics[metric].name.clone())))
            }
            Resolved::Entity(dataset) | Resolved::Label(dataset) => {
                Ok(Measured::aggregate(Expr::Count { dataset: self.dataset_name(dataset) }))
            }
            Resolved::Field(id, _) => self.measured_field(id, function, home, descending),
        }
    }

    fn measured_field(
        &mut self,
        id: crate::planner::lexicon::FieldId,
        function: Option<AggregateFunction>,
        home: usize,
        descending: bool,
    ) -> Result<Measured, Failure> {
        let of = Box::new(self.field_expr(id));
        if let Some(function) = function {
            return Ok(Measured::aggregate(Expr::Aggregate { function, of }));
        }
        let same_row = id.dataset == home || self.lexicon.graph.steps_up(home, id.dataset).is_some();
        if same_row {
            return Ok(Measured::row(self.field_expr(id)));
        }
        if self.lexicon.graph.distance(home, id.dataset).is_none() {
            return Err(Failure::Missing(format!(
                "{} and {} are not related in the data",
                self.dataset_name(home),
                self.dataset_name(id.dataset)
            )));
        }
        let function = if descending { AggregateFunction::Max } else { AggregateFunction::Min };
        Ok(Measured::aggregate(Expr::Aggregate { function, of }))
    }

    /// What an adjective is about: a field, or how often.
    pub(super) fn measured_quality(&mut self, quality: Quality, home: usize) -> Result<Measured, Failure> {
        if quality == Quality::Popularity {
            return self.popularity(home);
        }
        if let Some((id, reversed)) = self.quality_field(quality, home) {
            let measured = self.measured_field(id, None, home, !reversed)?;
            return Ok(Measured { reversed, ..measured });
        }
        if matches!(quality, Quality::Merit | Quality::Amount) {
            return self.best_by_metric(home);
        }
        Err(Failure::Missing(format!("nothing in {} measures that", self.dataset_name(home))))
    }

    fn popularity(&mut self, home: usize) -> Result<Measured, Failure> {
        if let Some((id, _)) = self
            .quality_field(Quality::Popularity, home)
            .filter(|(id, _)| self.lexicon.field(*id).role == Role::Measure)
        {
            return Ok(Measured::row(self.field_expr(id)));
        }
        let sold = self.lexicon.model.metrics.iter().find(|metric| {
            metric.name.contains("units") || metric.name.contains("sold") || metric.name.contains("quantity")
        });
        let from_wants = self
            .sketch
            .wants
            .iter()
            .any(|want| matches!(want, Want::Noun(noun) if noun.has_field() && noun.dataset().is_none()));
        if let Some(metric) = sold.filter(|_| !from_wants) {
            self.assumptions.push(format!("popularity is measured by {}", metric.name.replace('_', " ")));
            return Ok(Measured::aggregate(Expr::Metric(metric.name.clone())));
        }
        Ok(Measured::aggregate(Expr::Count { dataset: self.dataset_name(self.happening(home)) }))
    }

    /// The best by no measure that was named: one metric is assumed, several are a question.
    fn best_by_metric(&mut self, home: usize) -> Result<Measured, Failure> {
        let of_home: Vec<String> = self
            .lexicon
            .model
            .metrics
            .iter()
            .filter(|metric| {
                let dataset = self.lexicon.dataset_index(&metric.dataset);
                dataset.is_some_and(|dataset| {
                    dataset != home && self.lexicon.graph.steps_up(dataset, home).is_some()
                })
            })
            .map(|metric| metric.name.clone())
            .collect();
        match of_home.as_slice() {
            [] => Err(Failure::Missing(format!(
                "nothing says what makes one of {} better than another",
                self.dataset_name(home)
            ))),
            [only] => Ok(Measured::aggregate(Expr::Metric(only.clone()))),
            _ => Err(Failure::Ambiguous { word: "best".into(), options: of_home }),
        }
    }
}
