//! Ranks and orders: the first few, of all or of each group.

use super::builder::{Builder, Failure};
use super::column::{Column, measure_name};
use crate::plan::{AnalysisPlan, Expr, Filter, Order, Output};
use crate::planner::grammar::{Group, Measure, Want};
use crate::planner::lexicon::Target;
use crate::planner::text::words::Quality;

impl Builder<'_> {
    /// The datasets whose rows the aggregates sum up.
    pub(super) fn counted_datasets(&self, columns: &[Column]) -> Vec<usize> {
        let mut exprs: Vec<Expr> = columns
            .iter()
            .filter(|column| column.aggregated)
            .map(|column| column.output.expr.clone())
            .collect();
        exprs.extend(self.having.iter().filter_map(|filter| match filter {
            Filter::Compare { left, .. } => Some(left.clone()),
            _ => None,
        }));
        exprs.extend(self.ranked_by.clone());
        exprs.iter().filter_map(|expr| self.summed_dataset(expr)).collect()
    }

    pub(super) fn summed_dataset(&self, expr: &Expr) -> Option<usize> {
        match expr {
            Expr::Count { dataset } => self.lexicon.dataset_index(dataset),
            Expr::Metric(name) => {
                self.lexicon.model.metric(name).and_then(|metric| self.lexicon.dataset_index(&metric.dataset))
            }
            Expr::Aggregate { of, .. } | Expr::Where { of, .. } | Expr::Total { of } => {
                self.summed_dataset(of)
            }
            Expr::Field(field) => self.lexicon.dataset_index(&field.dataset),
            _ => None,
        }
    }

    /// The order that a superlative asks for, and how many rows it leaves; whether each key is an aggregate.
    #[expect(clippy::type_complexity, reason = "sort keys with a flag, used in one place")]
    pub(super) fn ranking(
        &mut self,
        home: usize,
    ) -> Result<Option<(Vec<(Order, bool)>, Option<u64>)>, Failure> {
        let Some(superlative) = self.sketch.superlative.clone() else { return Ok(None) };
        let count = superlative.count;
        let measured = match &superlative.measure {
            Some(Measure::Quality(quality)) => Some(self.measured_quality(*quality, home)?),
            Some(measure) => Some(self.measured(measure, home, superlative.descending)?),
            None if superlative.quality == Quality::Amount => match self.wanted_aggregate(home)? {
                Some(expr) => Some(super::measure::Measured { expr, aggregated: true, reversed: false }),
                None if superlative.count.is_some() && !self.sketch.order.is_empty() => None,
                None if superlative.count.is_some() && self.sketch.is_listing && superlative.of.is_some() => {
                    None
                }
                None => Some(self.measured_quality(Quality::Amount, home)?),
            },
            None => {
                Some(self.measured_quality(superlative.quality, self.ranked_home(&superlative.of, home))?)
            }
        };
        let Some(measured) = measured else { return Ok(Some((Vec::new(), count))) };
        let order = Order { expr: measured.expr, descending: superlative.descending != measured.reversed };
        Ok(Some((vec![(order, measured.aggregated)], count)))
    }

    pub(super) fn ranked_home(&self, of: &Option<Target>, home: usize) -> usize {
        match of {
            Some(Target::Dataset(dataset)) if self.lexicon.graph.distance(home, *dataset).is_some() => {
                *dataset
            }
            Some(
                Target::Dataset(_)
                | Target::Field(_)
                | Target::Metric(_)
                | Target::Named(_)
                | Target::Value(_),
            )
            | None => home,
        }
    }

    /// The aggregate that is asked for, or mentioned beside it.
    pub(super) fn wanted_aggregate(&mut self, home: usize) -> Result<Option<Expr>, Failure> {
        let wants = self.sketch.wants.clone();
        for want in &wants {
            for column in self.column(want, None, home)? {
                if column.aggregated {
                    return Ok(Some(column.output.expr));
                }
            }
        }
        let mentioned = self.sketch.scope.mentions.iter().find_map(|noun| self.metric_reading(noun));
        Ok(mentioned.map(|metric| Expr::Metric(self.lexicon.model.metrics[metric].name.clone())))
    }

    /// The sort keys that are asked for.
    pub(super) fn orders(&mut self, home: usize) -> Result<Vec<(Order, bool)>, Failure> {
        let mut orders = Vec::new();
        for key in self.sketch.order.clone() {
            let measured = match &key.by {
                Some(measure) => Some(self.measured(measure, home, key.descending)?),
                None => None,
            };
            let (expr, aggregated, reversed) = match measured {
                Some(measured) => (measured.expr, measured.aggregated, measured.reversed),
                None => match self.wanted_aggregate(home)? {
                    Some(expr) => (expr, true, false),
                    None => {
                        let wants = self.sketch.wants.clone();
                        let first = wants
                            .first()
                            .map(|want| self.column(want, None, home))
                            .transpose()?
                            .and_then(|columns| columns.into_iter().next());
                        match first {
                            Some(column) => (column.output.expr, false, false),
                            None => continue,
                        }
                    }
                },
            };
            orders.push((Order { expr, descending: key.descending != reversed }, aggregated));
        }
        Ok(orders)
    }

    /// Leaves the first rows: of all, or of each group.
    pub(super) fn rank_within(
        &mut self,
        plan: &mut AnalysisPlan,
        first: Vec<Order>,
        count: Option<u64>,
        home: usize,
    ) -> Result<(), Failure> {
        let Some(superlative) = self.sketch.superlative.clone() else { return Ok(()) };
        let limit = count.unwrap_or(1);
        let partitions: Vec<Group> = self
            .sketch
            .groups
            .iter()
            .filter(|group| !matches!(group, Group::Noun(noun) if superlative.of.is_some() && noun.best().map(|found| found.target) == superlative.of))
            .cloned()
            .collect();
        let shows_entity = plan.outputs.iter().any(|output| matches!(output.expr, Expr::Field(_)));
        if !partitions.is_empty()
            && !first.is_empty()
            && shows_entity
            && superlative.of.is_some()
            && self.ranks_things(&superlative.of)
        {
            let mut partition = Vec::new();
            for group in &partitions {
                let grouping = self.grouping(group, home)?;
                partition.extend(grouping.hidden);
                partition.extend(grouping.shown.into_iter().map(|output| output.expr));
            }
            plan.top_per_group = Some(crate::plan::TopPerGroup { partition, order: first, count: limit });
            return Ok(());
        }
        // `top 5 countries` shows by what; `which country` does not.
        let asks_several = superlative.count.is_some_and(|count| count > 1);
        if asks_several && !self.sketch.wants_are_final && !first.is_empty() {
            let entity_only = self.sketch.wants.iter().all(|want| matches!(want, Want::Noun(noun) if !noun.is_label && (noun.owner.is_none() || noun.dataset().is_some())));
            for order in &first {
                let shown = plan.outputs.iter().any(|output| output.expr == order.expr);
                if !shown && entity_only && superlative.of.is_some() {
                    let name = measure_name(&order.expr);
                    plan.outputs.push(Output { expr: order.expr.clone(), name });
                }
            }
        }
        let mut order = first;
        order.append(&mut plan.order);
        plan.order = order;
        plan.limit = Some(limit);
        plan.offset = (superlative.skip > 0).then_some(superlative.skip);
        Ok(())
    }

    pub(super) fn ranks_things(&self, of: &Option<Target>) -> bool {
        matches!(of, Some(Target::Dataset(_) | Target::Field(_)))
    }
}
