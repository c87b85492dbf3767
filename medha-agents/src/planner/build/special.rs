//! Plans that are more than groups and conditions: shares, ratios, changes, totals so far, ranks, averages per thing.

use super::builder::{Builder, Failure};
use super::column::{Column, measure_name};
use crate::plan::{
    AggregateFunction, AnalysisPlan, ArithmeticOp, Expr, Filter, Grain, Literal, Operand, Order, Output,
};
use crate::planner::grammar::{Group, Measure, PerUnit, Scope, Special, Want};
use crate::planner::time::Window;

impl Builder<'_> {
    /// Builds the plan of a special question.
    pub(super) fn special_plan(
        &mut self,
        special: &Special,
        filters: Vec<Filter>,
    ) -> Result<AnalysisPlan, Failure> {
        let home = self.subject;
        let mut plan = match special {
            Special::Share => self.share(filters, home)?,
            Special::Ratio { top, top_scope, bottom, bottom_scope } => {
                self.ratio(top, top_scope, bottom, bottom_scope, filters, home)?
            }
            Special::Change { from, to, relative } => {
                let of = self.main_aggregate(home)?;
                let mut plan = self.grouped(Vec::new(), home)?;
                plan.filters = without_windows(filters);
                let id = self
                    .time_field(home, None, None)
                    .filter(|id| !self.is_year(*id))
                    .ok_or_else(|| Failure::Missing("nothing tells when it happened".into()))?;
                let within = |window| Expr::Where {
                    of: Box::new(of.clone()),
                    filters: Vec::new(),
                    time: Some(self.range(id, window)),
                };
                let (old, new) = (within(from), within(to));
                if *relative {
                    let change = times_100(divide(subtract(new, old.clone()), old));
                    plan.outputs.push(Output { expr: change, name: "change_percent".into() });
                } else {
                    plan.outputs.push(Output { expr: old, name: short_label(from) });
                    plan.outputs.push(Output { expr: new, name: short_label(to) });
                }
                plan
            }
            Special::Versus { left, op, right } => {
                let of = self.main_aggregate(home)?;
                let id = self
                    .time_field(home, None, None)
                    .ok_or_else(|| Failure::Missing("nothing tells when it happened".into()))?;
                let within = |window| Expr::Where {
                    of: Box::new(of.clone()),
                    filters: Vec::new(),
                    time: Some(self.range(id, window)),
                };
                let having = Filter::Compare {
                    left: within(left),
                    op: *op,
                    right: Operand::Expr(Box::new(within(right))),
                };
                let columns = self.columns(home)?;
                let mut plan = self.grouped(columns, home)?;
                plan.filters = without_windows(filters);
                plan.having.push(having);
                plan
            }
            Special::RunningTotal => self.over_buckets(
                filters,
                home,
                |of| Expr::RunningTotal { of: Box::new(of) },
                Replace::Measure,
            )?,
            Special::Previous => {
                self.over_buckets(filters, home, |of| Expr::Previous { of: Box::new(of) }, Replace::Nothing)?
            }
            Special::Rank => self.ranked(filters, home)?,
            Special::Per(unit) => self.per(unit, filters, home)?,
            Special::Trend => {
                self.sketch.groups.push(Group::Bucket(Grain::Month));
                let columns = self.columns(home)?;
                let mut plan = self.grouped(columns, home)?;
                plan.filters = filters;
                plan
            }
        };
        let orders = self.orders(home)?;
        plan.order.extend(orders.into_iter().map(|(order, _)| order));
        plan.having.extend(std::mem::take(&mut self.having));
        Self::lift_time(&mut plan);
        Ok(plan)
    }

    /// The aggregate that the question is about.
    fn main_aggregate(&mut self, home: usize) -> Result<Expr, Failure> {
        for want in self.sketch.wants.clone() {
            let plain = match want {
                Want::Noun(noun) => Want::Noun(crate::planner::grammar::Noun { window: None, ..noun }),
                other => other,
            };
            if let Some(column) =
                self.column(&plain, None, home)?.into_iter().find(|column| column.aggregated)
            {
                return Ok(column.output.expr);
            }
        }
        let mentioned = self.sketch.scope.mentions.iter().find_map(|noun| self.metric_reading(noun));
        mentioned
            .map(|metric| Expr::Metric(self.lexicon.model.metrics[metric].name.clone()))
            .ok_or_else(|| Failure::Missing("what is measured is not clear".into()))
    }

    /// Parts of a whole, in percent.
    fn share(&mut self, filters: Vec<Filter>, home: usize) -> Result<AnalysisPlan, Failure> {
        let of = self.main_aggregate(home)?;
        let (windows, parts): (Vec<Filter>, Vec<Filter>) =
            filters.into_iter().partition(|filter| matches!(filter, Filter::During(_)));
        let mut plan = self.grouped(Vec::new(), home)?;
        if plan.outputs.is_empty() {
            if parts.is_empty() {
                return Err(Failure::Missing("a share of what is not clear".into()));
            }
            let part = Expr::Where { of: Box::new(of.clone()), filters: parts, time: None };
            plan.outputs.push(Output { expr: times_100(divide(part, of)), name: "share_percent".into() });
            plan.filters = windows;
            return Ok(plan);
        }
        let total = Expr::Total { of: Box::new(of.clone()) };
        plan.outputs.push(Output { expr: times_100(divide(of, total)), name: "share_percent".into() });
        plan.filters = windows.into_iter().chain(parts).collect();
        Ok(plan)
    }

    fn ratio(
        &mut self,
        top: &Want,
        top_scope: &Scope,
        bottom: &Want,
        bottom_scope: &Scope,
        filters: Vec<Filter>,
        home: usize,
    ) -> Result<AnalysisPlan, Failure> {
        let mut side = |want: &Want, scope: &Scope| -> Result<Expr, Failure> {
            let column = self
                .column(want, None, home)?
                .into_iter()
                .next()
                .ok_or_else(|| Failure::Missing("a ratio of what is not clear".into()))?;
            let filters = self.filters(scope, home)?;
            let of = column.output.expr;
            Ok(if filters.is_empty() { of } else { Expr::Where { of: Box::new(of), filters, time: None } })
        };
        let expr = divide(side(top, top_scope)?, side(bottom, bottom_scope)?);
        let columns: Vec<Column> = if self.sketch.groups.is_empty() && !self.sketch.wants_are_final {
            Vec::new()
        } else {
            self.columns(home)?
        };
        let mut plan =
            self.grouped(columns.into_iter().filter(|column| !column.aggregated).collect(), home)?;
        plan.outputs.push(Output { expr, name: "ratio".into() });
        plan.filters = filters;
        Ok(plan)
    }

    /// The aggregate over periods, with a window function over them.
    fn over_buckets(
        &mut self,
        filters: Vec<Filter>,
        home: usize,
        wrap: impl Fn(Expr) -> Expr,
        replace: Replace,
    ) -> Result<AnalysisPlan, Failure> {
        if !self.sketch.groups.iter().any(|group| matches!(group, Group::Bucket(_)))
            && !self.sketch.wants.iter().any(|want| matches!(want, Want::Bucket(_)))
        {
            self.sketch.groups.push(Group::Bucket(Grain::Month));
        }
        let of = self.main_aggregate(home)?;
        let columns = self.columns(home)?;
        let mut plan = self.grouped(columns, home)?;
        plan.filters = filters;
        let wrapped = Output { name: format!("running_{}", measure_name(&of)), expr: wrap(of.clone()) };
        match replace {
            Replace::Measure => {
                for output in &mut plan.outputs {
                    if output.expr == of {
                        *output = wrapped.clone();
                    }
                }
            }
            Replace::Nothing => {
                if !plan.outputs.iter().any(|output| output.expr == of) {
                    plan.outputs.push(Output { name: measure_name(&of), expr: of.clone() });
                }
                plan.outputs.push(Output { name: format!("previous_{}", measure_name(&of)), expr: wrap(of) });
            }
        }
        Ok(plan)
    }

    /// Groups with their place.
    fn ranked(&mut self, filters: Vec<Filter>, home: usize) -> Result<AnalysisPlan, Failure> {
        let named: Option<Measure> = self.sketch.order.iter().find_map(|key| key.by.clone());
        self.sketch.order.clear();
        let (by, aggregated) = match named {
            Some(measure) => {
                let measured = self.measured(&measure, home, true)?;
                (measured.expr, measured.aggregated)
            }
            None => (self.main_aggregate(home)?, true),
        };
        if !aggregated {
            return Err(Failure::Missing("a rank of single rows".into()));
        }
        let columns = self.columns(home)?;
        let mut plan = self.grouped(columns, home)?;
        plan.filters = filters;
        if !plan.outputs.iter().any(|output| output.expr == by) {
            plan.outputs.push(Output { name: measure_name(&by), expr: by.clone() });
        }
        let rank = Expr::Rank { by: Box::new(by.clone()), descending: true };
        plan.outputs.push(Output { expr: rank, name: "rank".into() });
        plan.order.push(Order { expr: by, descending: true });
        Ok(plan)
    }

    /// An aggregate spread over periods or things.
    fn per(&mut self, unit: &PerUnit, filters: Vec<Filter>, home: usize) -> Result<AnalysisPlan, Failure> {
        let plain: Vec<Want> = self
            .sketch
            .wants
            .iter()
            .map(|want| match want {
                Want::Aggregate { of, .. } if of.metric().is_some() => Want::Noun(of.clone()),
                Want::AverageCount { of } => Want::Count { of: of.clone() },
                other => other.clone(),
            })
            .collect();
        self.sketch.wants = plain;
        let of = self.main_aggregate(home)?;
        let home = self.between(&of, unit, home)?;
        let shown = of.clone();
        let of = if home == self.subject { of } else { Expr::Count { dataset: self.dataset_name(home) } };
        self.subject = home;
        let below = match unit {
            PerUnit::Grain(grain) => Expr::Aggregate {
                function: AggregateFunction::CountDistinct,
                of: Box::new(self.bucket(*grain, home)?),
            },
            PerUnit::Noun(noun) => {
                let dataset = super::subject::sure_dataset(noun)
                    .or_else(|| noun.dataset())
                    .ok_or_else(|| self.unknown(noun))?;
                let key = *self.key_fields(dataset).first().ok_or_else(|| self.unknown(noun))?;
                Expr::Aggregate {
                    function: AggregateFunction::CountDistinct,
                    of: Box::new(self.field_expr(key)),
                }
            }
        };
        let average = divide(of.clone(), below);
        let columns = self.columns(home)?;
        let mut plan = self.grouped(columns, home)?;
        for output in &mut plan.outputs {
            if output.expr == shown {
                *output = Output { expr: average.clone(), name: format!("average_{}", measure_name(&of)) };
            }
        }
        plan.filters = filters;
        Ok(plan)
    }
}

impl Builder<'_> {
    /// Things counted for each of another that has many of them: the rows that connect the two are counted.
    fn between(&mut self, of: &Expr, unit: &PerUnit, home: usize) -> Result<usize, Failure> {
        let PerUnit::Noun(noun) = unit else { return Ok(home) };
        let Some(other) = super::subject::sure_dataset(noun).or_else(|| noun.dataset()) else {
            return Ok(home);
        };
        let graph = &self.lexicon.graph;
        if !matches!(of, Expr::Count { .. }) || graph.steps_up(home, other).is_some() {
            return Ok(home);
        }
        let unclear = || {
            let (counted, unit) = (self.dataset_name(home), self.dataset_name(other));
            Failure::Missing(format!("how many {counted} each of {unit} has is not known"))
        };
        let steps = |dataset: usize| Some(graph.steps_up(dataset, home)? + graph.steps_up(dataset, other)?);
        let ways: Vec<(usize, usize)> = (0..self.lexicon.model.datasets.len())
            .filter(|dataset| *dataset != other && *dataset != home)
            .filter_map(|dataset| steps(dataset).map(|steps| (steps, dataset)))
            .collect();
        let (_, link) = ways.into_iter().min().ok_or_else(unclear)?;
        self.assumptions.push(format!(
            "{} of each of {} are counted by {}",
            self.dataset_name(home),
            self.dataset_name(other),
            self.dataset_name(link)
        ));
        Ok(link)
    }
}

/// What a window function takes the place of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Replace {
    /// The measure itself.
    Measure,
    /// Nothing: it stands beside it.
    Nothing,
}

/// The words of a window without its days: `last year`.
fn short_label(window: &Window) -> String {
    window.label.split(" (").next().unwrap_or_default().to_owned()
}

fn without_windows(filters: Vec<Filter>) -> Vec<Filter> {
    let is_window = |filter: &Filter| match filter {
        Filter::During(_) => true,
        Filter::Any(any) => any.iter().all(|part| matches!(part, Filter::During(_))),
        _ => false,
    };
    filters.into_iter().filter(|filter| !is_window(filter)).collect()
}

fn divide(left: Expr, right: Expr) -> Expr {
    Expr::Arithmetic { left: Box::new(left), op: ArithmeticOp::Divide, right: Box::new(right) }
}

fn subtract(left: Expr, right: Expr) -> Expr {
    Expr::Arithmetic { left: Box::new(left), op: ArithmeticOp::Subtract, right: Box::new(right) }
}

fn times_100(expr: Expr) -> Expr {
    Expr::Arithmetic {
        left: Box::new(Expr::Literal(Literal::Integer(100))),
        op: ArithmeticOp::Multiply,
        right: Box::new(expr),
    }
}
