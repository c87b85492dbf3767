//! Plans with aggregates: groups, numbers over them, and what is compared across groups.

use super::analysis::{AnalysisPlan, Expr, FieldRef, Filter, Order, TimeRange};
use super::block::{self, Built, Rows};
use super::context::Context;
use super::error::CompileError;
use super::filter::Terms;
use super::leaf::{Analysis, GroupExpr, Piece};
use super::rows::{arithmetic, fields_of, fields_of_filters, flatten};
use super::select::{Select, nested};
use super::stack::{Layer, layer};
use super::term::{Stored, Term, plain};

/// Compiles a plan whose rows are groups.
pub(super) fn select(plan: &AnalysisPlan, context: &Context<'_>) -> Result<Select, CompileError> {
    let (filters, moved): (Vec<Filter>, Vec<Filter>) =
        flatten(&plan.filters).into_iter().partition(|filter| !is_about_groups(filter));
    let having: Vec<Filter> = flatten(&plan.having).into_iter().chain(moved).collect();
    let rows = Rows { subject: &plan.subject, filters: &filters, time: plan.time.as_ref() };

    let mut analysis = Analysis::new(context, &plan.subject, wanted(plan, &filters));
    let outputs: Result<Vec<GroupExpr>, CompileError> =
        plan.outputs.iter().map(|output| analysis.expr(&output.expr)).collect();
    let outputs = outputs?;
    for group in plan.group_by.iter().filter(|group| !matches!(group, Expr::Literal(_))) {
        analysis.group(group);
    }
    // A look ahead: the numbers that conditions and orders need have to be aggregated with the others.
    let grouped = analysis.groups.len();
    for filter in &having {
        look(filter, &mut analysis)?;
    }
    let orders = plan.order.iter().chain(plan.top_per_group.iter().flat_map(|top| &top.order));
    for order in orders {
        analysis.expr(&order.expr)?;
    }
    if grouped == 0 && !analysis.groups.is_empty() && !analysis.leaves.is_empty() {
        return Err(CompileError::unsupported(
            "it orders or filters a single number by what differs from row to row; group by it or drop it",
        ));
    }
    if analysis.groups.is_empty() && outputs.iter().any(GroupExpr::is_window) {
        return Err(CompileError::unsupported("it compares groups and has none; group by something"));
    }
    if analysis.groups.is_empty() && outputs.iter().all(|output| matches!(output, GroupExpr::Literal(_))) {
        return Err(CompileError::unsupported("it shows nothing but constants"));
    }
    let layer = layer(plan, context, rows, &analysis)?;
    let mut groups = Groups { context, rows, analysis, layer, bucket: None, captured: None };
    groups.bucket = groups.analysis.groups.iter().position(|group| matches!(group, Expr::Bucket { .. }));
    groups.select(plan, &outputs, &having)
}

/// Whether a condition is about groups: it looks at an aggregate.
pub(super) fn is_about_groups(filter: &Filter) -> bool {
    match filter {
        Filter::Compare { left, right, .. } => {
            left.is_aggregate()
                || matches!(right, super::analysis::Operand::Expr(right) if right.is_aggregate())
        }
        Filter::OneOf { expr, .. }
        | Filter::Between { expr, .. }
        | Filter::Matches { expr, .. }
        | Filter::Missing { expr, .. } => expr.is_aggregate(),
        Filter::Any(inner) | Filter::All(inner) => inner.iter().any(is_about_groups),
        Filter::Not(inner) => is_about_groups(inner),
        Filter::Related { .. } | Filter::During(_) | Filter::Named(_) => false,
    }
}

/// The fields that rows are grouped by and filtered on.
fn wanted(plan: &AnalysisPlan, filters: &[Filter]) -> Vec<FieldRef> {
    let mut wanted = Vec::new();
    let outputs = plan.outputs.iter().map(|output| &output.expr);
    for group in outputs.chain(&plan.group_by).filter(|group| !group.is_aggregate()) {
        fields_of(group, &mut wanted);
    }
    fields_of_filters(filters, &mut wanted);
    wanted
}

/// Takes apart the values that a condition on groups looks at.
fn look(filter: &Filter, analysis: &mut Analysis<'_>) -> Result<(), CompileError> {
    match filter {
        Filter::Compare { left, right, .. } => {
            analysis.expr(left)?;
            if let super::analysis::Operand::Expr(right) = right {
                analysis.expr(right)?;
            }
        }
        Filter::OneOf { expr, .. }
        | Filter::Between { expr, .. }
        | Filter::Matches { expr, .. }
        | Filter::Missing { expr, .. } => {
            analysis.expr(expr)?;
        }
        Filter::Any(inner) | Filter::All(inner) => {
            for filter in inner {
                look(filter, analysis)?;
            }
        }
        Filter::Not(inner) => look(inner, analysis)?,
        Filter::Related { .. } | Filter::During(_) | Filter::Named(_) => {
            return Err(CompileError::unsupported(
                "a condition on rows stands among the conditions on groups; move it to the filters",
            ));
        }
    }
    Ok(())
}

/// The groups of a plan, on the way to one `SELECT`.
struct Groups<'a, 'p> {
    context: &'a Context<'a>,
    rows: Rows<'p>,
    analysis: Analysis<'a>,
    layer: Layer,
    /// The group that orders running totals.
    bucket: Option<usize>,
    /// Where values are collected that are computed inside and compared outside.
    captured: Option<Vec<String>>,
}

impl<'a> Groups<'a, '_> {
    fn select(
        &mut self,
        plan: &AnalysisPlan,
        outputs: &[GroupExpr],
        having: &[Filter],
    ) -> Result<Select, CompileError> {
        let sql = self.context.sql;
        let mut inner = Select {
            distinct: plan.distinct,
            from: self.layer.from.clone(),
            filters: self.layer.filters.clone(),
            groups: self.layer.groups.iter().map(|group| group.sql.clone()).collect(),
            ..Select::default()
        };
        // Groups that repeat a constant or each other need no second mention.
        inner.groups.dedup();
        let mut outer_filters: Vec<&Filter> = Vec::new();
        for filter in having {
            if self.looks_across(filter)? {
                outer_filters.push(filter);
            } else {
                inner.having.push(self.condition(filter)?);
            }
        }
        let mut terms = Vec::new();
        for output in outputs {
            terms.push(self.render(output)?);
        }
        let names: Vec<String> = plan.outputs.iter().map(|output| output.name.clone()).collect();
        let layered = plan.top_per_group.is_some() || !outer_filters.is_empty();
        if !layered {
            for (term, name) in terms.iter().zip(&names) {
                inner.items.push(format!("{} AS {}", term.sql, sql.name(name)));
            }
            // There is one row without groups, and some databases refuse to order it by an aggregate.
            if !self.layer.groups.is_empty() {
                inner.order = self.order(plan, &terms, &names)?;
            }
            inner.limit = sql.limit(plan.limit, plan.offset);
            return Ok(inner);
        }
        self.layered(plan, inner, &terms, &names, &outer_filters)
    }

    /// What looks across groups is computed inside and filtered outside.
    fn layered(
        &mut self,
        plan: &AnalysisPlan,
        mut inner: Select,
        terms: &[Term],
        names: &[String],
        filters: &[&Filter],
    ) -> Result<Select, CompileError> {
        let sql = self.context.sql;
        let mut outer = Select::default();
        for (place, (term, name)) in terms.iter().zip(names).enumerate() {
            let column = sql.name(&format!("c{place}"));
            inner.items.push(format!("{} AS {column}", term.sql));
            outer.items.push(format!("{column} AS {}", sql.name(name)));
        }
        self.captured = Some(Vec::new());
        for filter in filters {
            outer.filters.push(self.condition(filter)?);
        }
        let captured = self.captured.take().unwrap_or_default();
        for (place, value) in captured.iter().enumerate() {
            inner.items.push(format!("{value} AS {}", sql.name(&format!("h{place}"))));
        }
        let mut orders: Vec<(String, bool)> = Vec::new();
        for order in &plan.order {
            orders.push((self.value(&order.expr)?.sql, order.descending));
        }
        if let Some(top) = &plan.top_per_group {
            let mut partition = Vec::new();
            for part in &top.partition {
                partition.push(self.own_value(part)?);
            }
            let mut order = Vec::new();
            for key in &top.order {
                order.push(sql.order(&self.own_value(&key.expr)?, key.descending, true));
            }
            let rank = ranking(&partition, &order);
            inner.items.push(format!("{rank} AS {}", sql.name("place")));
            outer.filters.push(format!("{} <= {}", sql.name("place"), top.count));
            if plan.order.is_empty() {
                orders.extend(partition.into_iter().map(|part| (part, false)));
                orders.push((rank, false));
            }
        }
        for (place, (value, descending)) in orders.iter().enumerate() {
            let column = sql.name(&format!("s{place}"));
            inner.items.push(format!("{value} AS {column}"));
            outer.order.push(sql.order(&column, *descending, plan.limit.is_some()));
        }
        if !outer.order.is_empty() || plan.limit.is_some() {
            outer.order.extend((0..names.len()).map(|place| sql.name(&format!("c{place}"))));
        }
        outer.from = vec![format!("{} AS {}", nested(&inner.to_sql()), sql.name("ranked"))];
        outer.limit = sql.limit(plan.limit, plan.offset);
        Ok(outer)
    }

    /// Whether a condition looks at other groups than its own.
    fn looks_across(&mut self, filter: &Filter) -> Result<bool, CompileError> {
        let mut across = false;
        let mut check = |expr: &Expr, analysis: &mut Analysis<'a>| -> Result<(), CompileError> {
            across |= analysis.expr(expr)?.is_window();
            Ok(())
        };
        match filter {
            Filter::Compare { left, right, .. } => {
                check(left, &mut self.analysis)?;
                if let super::analysis::Operand::Expr(right) = right {
                    check(right, &mut self.analysis)?;
                }
            }
            Filter::OneOf { expr, .. }
            | Filter::Between { expr, .. }
            | Filter::Matches { expr, .. }
            | Filter::Missing { expr, .. } => check(expr, &mut self.analysis)?,
            Filter::Any(inner) | Filter::All(inner) => {
                for filter in inner {
                    across |= self.looks_across(filter)?;
                }
            }
            Filter::Not(inner) => across = self.looks_across(inner)?,
            Filter::Related { .. } | Filter::During(_) | Filter::Named(_) => {}
        }
        Ok(across)
    }

    fn order(
        &mut self,
        plan: &AnalysisPlan,
        terms: &[Term],
        names: &[String],
    ) -> Result<Vec<String>, CompileError> {
        let mut asked = Vec::new();
        for Order { expr, descending } in &plan.order {
            asked.push((self.value(expr)?.sql, *descending));
        }
        let values: Vec<String> = terms.iter().map(|term| term.sql.clone()).collect();
        Ok(order_by(self.context, &asked, &values, names, plan.limit.is_some()))
    }

    fn value(&mut self, expr: &Expr) -> Result<Term, CompileError> {
        let value = self.analysis.expr(expr)?;
        self.render(&value)
    }

    /// A value that looks at no other groups, for a window to be made over it.
    fn own_value(&mut self, expr: &Expr) -> Result<String, CompileError> {
        let value = self.analysis.expr(expr)?;
        if value.is_window() { Err(twice()) } else { Ok(self.render(&value)?.sql) }
    }

    fn render(&self, value: &GroupExpr) -> Result<Term, CompileError> {
        let sql = self.context.sql;
        let known = |terms: &[Term], place: usize| {
            terms.get(place).cloned().ok_or_else(|| {
                CompileError::unsupported(
                    "it orders or filters by something that is neither grouped nor shown",
                )
            })
        };
        match value {
            GroupExpr::Group(place) => known(&self.layer.groups, *place),
            GroupExpr::Leaf(place) => known(&self.layer.leaves, *place),
            GroupExpr::Literal(constant) => {
                Ok(Term { sql: plain(self.context, constant), stored: Stored::Any })
            }
            GroupExpr::Arithmetic { left, op, right } => {
                let (left, right) = (self.render(left)?, self.render(right)?);
                Ok(Term::number(arithmetic(self.context, &left.sql, *op, &right.sql)))
            }
            GroupExpr::Pieces(pieces) => {
                let mut text = String::new();
                for piece in pieces {
                    match piece {
                        Piece::Sql(part) => text.push_str(part),
                        Piece::Leaf(place) => text.push_str(&known(&self.layer.leaves, *place)?.sql),
                    }
                }
                Ok(Term::number(text))
            }
            GroupExpr::Total(of) => self.total(of),
            GroupExpr::Running(of) | GroupExpr::Previous(of) | GroupExpr::Rank { by: of, .. }
                if of.is_window() =>
            {
                Err(twice())
            }
            GroupExpr::Running(of) => {
                let over = self.across()?;
                Ok(Term::number(format!("SUM({}) OVER ({over})", self.render(of)?.sql)))
            }
            GroupExpr::Previous(of) => {
                let over = self.across()?;
                let of = self.render(of)?;
                Ok(Term { sql: format!("LAG({}) OVER ({over})", of.sql), stored: of.stored })
            }
            GroupExpr::Rank { by, descending } => {
                let order = sql.order(&self.render(by)?.sql, *descending, true);
                Ok(Term::number(ranking(&[], &[order])))
            }
        }
    }

    /// The window over groups in the order of the first bucket, apart for each of the other groups.
    fn across(&self) -> Result<String, CompileError> {
        let Some(bucket) = self.bucket else {
            return Err(CompileError::unsupported(
                "a running total or the value before needs a bucket of time among the outputs",
            ));
        };
        let groups = self.layer.groups.iter().enumerate();
        let others: Vec<&str> =
            groups.filter(|(place, _)| *place != bucket).map(|(_, group)| group.sql.as_str()).collect();
        let order = format!("ORDER BY {}", self.layer.groups[bucket].sql);
        Ok(if others.is_empty() { order } else { format!("PARTITION BY {} {order}", others.join(", ")) })
    }

    /// A number over all groups together: aggregated anew, because averages and distinct counts do not add up.
    fn total(&self, value: &GroupExpr) -> Result<Term, CompileError> {
        if self.layer.groups.is_empty() {
            return self.render(value);
        }
        match value {
            GroupExpr::Leaf(place) => {
                let leaf = self.analysis.leaves.get(*place).ok_or_else(|| {
                    CompileError::unsupported("a total of something that is not aggregated")
                })?;
                let Built::Block(block) = block::build(self.context, self.rows, &[], &leaf.anchor, &[leaf])?
                else {
                    return Err(CompileError::unsupported("an aggregate cannot stand alone"));
                };
                let Some(term) = block.leaves.first() else {
                    return Err(CompileError::unsupported("a total of something that is not aggregated"));
                };
                let items = vec![term.sql.clone()];
                let select = Select { items, from: block.from, filters: block.filters, ..Select::default() };
                Ok(Term { sql: nested(&select.to_sql()), stored: term.stored.clone() })
            }
            GroupExpr::Literal(_) => self.render(value),
            GroupExpr::Arithmetic { left, op, right } => {
                let (left, right) = (self.total(left)?, self.total(right)?);
                Ok(Term::number(arithmetic(self.context, &left.sql, *op, &right.sql)))
            }
            GroupExpr::Pieces(pieces) => {
                let mut text = String::new();
                for piece in pieces {
                    match piece {
                        Piece::Sql(part) => text.push_str(part),
                        Piece::Leaf(place) => text.push_str(&self.total(&GroupExpr::Leaf(*place))?.sql),
                    }
                }
                Ok(Term::number(text))
            }
            GroupExpr::Group(_)
            | GroupExpr::Total(_)
            | GroupExpr::Running(_)
            | GroupExpr::Previous(_)
            | GroupExpr::Rank { .. } => {
                Err(CompileError::unsupported("a total is made of aggregates, not of groups or windows"))
            }
        }
    }
}

fn twice() -> CompileError {
    CompileError::unsupported("a number that looks at other groups cannot be looked at across groups again")
}

/// The place in an order, within parts.
pub(super) fn ranking(partition: &[String], order: &[String]) -> String {
    let within =
        if partition.is_empty() { String::new() } else { format!("PARTITION BY {} ", partition.join(", ")) };
    format!("RANK() OVER ({within}ORDER BY {})", order.join(", "))
}

/// The asked order; equal rows are ordered by what is shown, so that the same question has the same answer.
pub(super) fn order_by(
    context: &Context<'_>,
    asked: &[(String, bool)],
    values: &[String],
    names: &[String],
    limited: bool,
) -> Vec<String> {
    if asked.is_empty() && !limited && !context.sql.scatters_groups() {
        return Vec::new();
    }
    let unique = |name: &String| names.iter().filter(|other| other.eq_ignore_ascii_case(name)).count() == 1;
    // A constant orders nothing, and a bare number would be read as the place of a column.
    let constant = |sql: &str| sql.starts_with('\'') || sql == "NULL" || sql.parse::<f64>().is_ok();
    let mut used = vec![false; values.len()];
    let mut keys = Vec::new();
    for (sql, descending) in asked.iter().filter(|(sql, _)| !constant(sql)) {
        let shown = values.iter().position(|value| value == sql);
        if let Some(place) = shown {
            if std::mem::replace(&mut used[place], true) {
                continue;
            }
            for (other, value) in values.iter().enumerate() {
                used[other] |= value == sql;
            }
        }
        let key = match shown {
            Some(place) if unique(&names[place]) => context.sql.name(&names[place]),
            Some(_) | None => sql.clone(),
        };
        keys.push(context.sql.order(&key, *descending, limited));
    }
    for (place, value) in values.iter().enumerate() {
        if !used[place] && !constant(value) {
            keys.push(if unique(&names[place]) { context.sql.name(&names[place]) } else { value.clone() });
        }
    }
    keys
}

impl<'a> Terms<'a> for Groups<'a, '_> {
    fn context(&self) -> &'a Context<'a> {
        self.context
    }

    fn term(&mut self, expr: &Expr) -> Result<Term, CompileError> {
        let term = self.value(expr)?;
        Ok(match &mut self.captured {
            Some(_) if matches!(expr, Expr::Literal(_)) => term,
            Some(captured) => {
                captured.push(term.sql);
                let name = self.context.sql.name(&format!("h{}", captured.len() - 1));
                Term { sql: name, stored: term.stored }
            }
            None => term,
        })
    }

    fn during(&mut self, _: &TimeRange) -> Result<String, CompileError> {
        Err(CompileError::unsupported("a window of time is a condition on rows; move it to the filters"))
    }

    fn named(&mut self, name: &str) -> Result<String, CompileError> {
        Err(CompileError::unsupported(format!("{name:?} is a condition on rows; move it to the filters")))
    }

    fn related(
        &mut self,
        dataset: &str,
        _: &[Filter],
        _: Option<&TimeRange>,
    ) -> Result<String, CompileError> {
        Err(CompileError::unsupported(format!(
            "whether rows of {dataset:?} exist is a condition on rows; move it to the filters"
        )))
    }

    fn alternative(&mut self, filter: &Filter) -> Result<String, CompileError> {
        self.condition(filter)
    }
}
