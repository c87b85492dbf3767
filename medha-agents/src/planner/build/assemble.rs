//! Putting the plan together: lists of rows, and numbers by group.

use super::builder::{Builder, Failure};
use super::column::Column;
use super::group::Grouping;
use crate::plan::{AnalysisPlan, Expr, Filter, Order, Output};

impl Builder<'_> {
    /// Builds the plan, and tells what was assumed on the way.
    pub(crate) fn plan(&mut self) -> Result<AnalysisPlan, Failure> {
        let plan = self.assembled()?;
        self.tell_ways(&plan);
        Ok(plan)
    }

    fn assembled(&mut self) -> Result<AnalysisPlan, Failure> {
        self.settle_subject()?;
        self.count_bare_things();
        self.compare_windows()?;
        self.compare_side_by_side();
        let special = self.sketch.special.clone();
        let scope = self.sketch.scope.clone();
        let home = self.subject;
        if let Some(plan) = self.both_of_one_dataset(home)? {
            return Ok(plan);
        }
        let filters = self.filters(&scope, home)?;
        let filters = self.apart(filters, home)?;
        Self::refuse_windows_apart(&filters)?;
        if let Some(special) = special {
            return self.special_plan(&special, filters);
        }
        let columns = self.columns(home)?;
        let ranked = self.ranking(home)?;
        let ordered = self.orders(home)?;
        let sums_up = columns.iter().any(|column| column.aggregated)
            || !self.having.is_empty()
            || ranked.as_ref().is_some_and(|(order, _)| order.iter().any(|(_, aggregated)| *aggregated))
            || ordered.iter().any(|(_, aggregated)| *aggregated);
        self.ranked_by = ranked
            .iter()
            .flat_map(|(orders, _)| orders)
            .chain(&ordered)
            .filter(|(_, aggregated)| *aggregated)
            .map(|(order, _)| order.expr.clone())
            .collect();
        let mut plan = if sums_up { self.grouped(columns, home)? } else { self.listed(columns, home) };
        plan.filters = filters;
        self.existence(&mut plan, home);
        plan.having = std::mem::take(&mut self.having);
        self.join_rows_counted(&mut plan, home);
        plan.order = ordered.into_iter().map(|(order, _)| order).collect();
        if let Some((order, count)) = ranked {
            let first: Vec<Order> = order.into_iter().map(|(order, _)| order).collect();
            self.rank_within(&mut plan, first, count, home)?;
            Self::refuse_ranked_total(&plan)?;
        }
        plan.keep_empty = self.sketch.keep_empty;
        Self::lift_time(&mut plan);
        self.refuse_unused(&plan)?;
        Ok(plan)
    }

    /// `cities with more than one shop of the same name`: rows that are counted are no groups of their own.
    fn join_rows_counted(&self, plan: &mut AnalysisPlan, home: usize) {
        let rows = Expr::Count { dataset: self.dataset_name(home) };
        let counted = |filter: &Filter| matches!(filter, Filter::Compare { left, .. } if *left == rows);
        if plan.having.iter().any(counted) {
            let keys: Vec<Expr> = self.key_fields(home).into_iter().map(|id| self.field_expr(id)).collect();
            plan.group_by.retain(|key| !keys.contains(key));
        }
    }

    /// `the revenue of our best customer`: one number over everything has no first row.
    fn refuse_ranked_total(plan: &AnalysisPlan) -> Result<(), Failure> {
        let single = plan.group_by.is_empty()
            && !plan.order.is_empty()
            && plan.outputs.iter().all(|output| output.expr.is_aggregate());
        if single && !plan.outputs.is_empty() {
            return Err(Failure::Missing("which one the number is about has to be named or shown".into()));
        }
        Ok(())
    }

    /// A list of rows.
    pub(super) fn listed(&mut self, columns: Vec<Column>, home: usize) -> AnalysisPlan {
        let outputs = columns.into_iter().map(|column| column.output).collect();
        AnalysisPlan {
            subject: self.dataset_name(home),
            outputs,
            distinct: self.sketch.distinct,
            ..AnalysisPlan::default()
        }
    }

    /// Numbers by group.
    pub(super) fn grouped(&mut self, columns: Vec<Column>, home: usize) -> Result<AnalysisPlan, Failure> {
        let shows_entity = |dataset: usize| {
            columns.iter().any(|column| !column.aggregated && column.entity == Some(dataset))
        };
        let shows_field = |expr: &Expr| columns.iter().any(|column| column.output.expr == *expr);
        let mut outputs: Vec<Output> = Vec::new();
        let mut hidden: Vec<Expr> = Vec::new();
        for group in self.sketch.groups.clone() {
            let Grouping { shown, hidden: keys, entity } = self.grouping(&group, home)?;
            let already = entity.is_some_and(&shows_entity)
                || entity.is_some_and(|dataset| columns.iter().any(|column| matches!(&column.output.expr, Expr::Field(field) if field.dataset == self.dataset_name(dataset))));
            if !already {
                let fresh: Vec<Output> = shown
                    .into_iter()
                    .filter(|output| !shows_field(&output.expr) && !outputs.contains(output))
                    .collect();
                outputs.extend(fresh);
            }
            hidden.extend(keys);
        }
        // Things that are shown are told apart by their keys, unless it is they that are counted.
        let counted = self.counted_datasets(&columns);
        for column in columns.iter().filter(|column| !column.aggregated) {
            if let Some(dataset) = column.entity.filter(|dataset| {
                !counted.contains(dataset)
                    || self.label_fields(*dataset).iter().any(|id| self.field_expr(*id) == column.output.expr)
            }) {
                hidden.extend(self.key_fields(dataset).into_iter().map(|id| self.field_expr(id)));
            }
        }
        outputs.extend(columns.into_iter().map(|column| column.output));
        let mut group_by: Vec<Expr> = Vec::new();
        for key in hidden {
            if !group_by.contains(&key) && !outputs.iter().any(|output| output.expr == key) {
                group_by.push(key);
            }
        }
        Ok(AnalysisPlan { subject: self.dataset_name(home), outputs, group_by, ..AnalysisPlan::default() })
    }

    /// One window on the main time field is the plan's own.
    pub(super) fn lift_time(plan: &mut AnalysisPlan) {
        if plan.time.is_some() {
            return;
        }
        let windows: Vec<usize> = plan
            .filters
            .iter()
            .enumerate()
            .filter(|(_, filter)| matches!(filter, Filter::During(_)))
            .map(|(index, _)| index)
            .collect();
        if let [only] = windows.as_slice()
            && let Filter::During(range) = plan.filters.remove(*only)
        {
            plan.time = Some(range);
        }
    }
}
