//! Putting the plan together: lists of rows, and numbers by group.

use super::builder::{Builder, Failure};
use super::filter::CountOf;
use super::group::Grouping;
use super::resolve::{Resolved, want_noun};
use crate::plan::{AggregateFunction, AnalysisPlan, Expr, Filter, Order, Output};
use crate::planner::grammar::{Group, Measure, Noun, Special, Want};
use crate::planner::lexicon::{FieldId, Target};
use crate::planner::text::words::Quality;
use crate::semantic::{DataType, Role};

/// A column that was asked for.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// What is shown.
    pub(super) output: Output,
    /// Whether it sums up rows.
    pub(super) aggregated: bool,
    /// The dataset it names a row of.
    pub(super) entity: Option<usize>,
}

impl Builder<'_> {
    /// Builds the plan.
    pub(crate) fn plan(&mut self) -> Result<AnalysisPlan, Failure> {
        self.settle_subject()?;
        self.count_bare_things();
        self.compare_side_by_side();
        let special = self.sketch.special.clone();
        let scope = self.sketch.scope.clone();
        let home = self.subject;
        if let Some(plan) = self.both_of_one_dataset(home)? {
            return Ok(plan);
        }
        let filters = self.filters(&scope, home)?;
        let filters = self.apart(filters, home)?;
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
        plan.order = ordered.into_iter().map(|(order, _)| order).collect();
        if let Some((order, count)) = ranked {
            let first: Vec<Order> = order.into_iter().map(|(order, _)| order).collect();
            self.rank_within(&mut plan, first, count, home)?;
        }
        plan.keep_empty = self.sketch.keep_empty;
        Self::lift_time(&mut plan);
        self.refuse_unused(&plan)?;
        Ok(plan)
    }

    /// `companies of both orchestras founded before 2003 and those after`: values that rows of both kinds have.
    fn both_of_one_dataset(&mut self, home: usize) -> Result<Option<AnalysisPlan>, Failure> {
        use crate::planner::grammar::Cond;
        let place = self.sketch.scope.conds.iter().position(|cond| matches!(cond, Cond::Both(_)));
        let Some(place) =
            place.filter(|_| self.sketch.special.is_none() && self.sketch.superlative.is_none())
        else {
            return Ok(None);
        };
        let columns = self.columns(home)?;
        let shows_rows = columns.iter().any(|column| {
            column.aggregated
                || column.entity.is_some_and(|dataset| {
                    self.label_fields(dataset).iter().any(|id| self.field_expr(*id) == column.output.expr)
                })
        });
        let Cond::Both(parts) = self.sketch.scope.conds[place].clone() else { return Ok(None) };
        if shows_rows || parts.len() != 2 {
            return Ok(None);
        }
        let held = self.sketch.scope.conds.remove(place);
        let others = self.filters(&self.sketch.scope.clone(), home)?;
        let mut plans: Vec<AnalysisPlan> = Vec::new();
        for part in &parts {
            let mut filters = others.clone();
            filters.extend(self.filter(part, home)?);
            let outputs = columns.iter().map(|column| column.output.clone()).collect();
            let mut plan = AnalysisPlan {
                subject: self.dataset_name(home),
                outputs,
                filters,
                distinct: true,
                ..AnalysisPlan::default()
            };
            Self::lift_time(&mut plan);
            plans.push(plan);
        }
        self.sketch.scope.conds.insert(place, held);
        let (Some(with), Some(mut first)) = (plans.pop(), plans.pop()) else { return Ok(None) };
        first.set =
            Some(crate::plan::SetOperation { op: crate::plan::SetOp::Intersect, with: Box::new(with) });
        Ok(Some(first))
    }

    /// Two different values of one field cannot hold of one row: of related rows each is looked for by itself.
    fn apart(&self, filters: Vec<Filter>, home: usize) -> Result<Vec<Filter>, Failure> {
        use crate::plan::{CompareOp, Operand};
        let equal = |filter: &Filter| match filter {
            Filter::Compare {
                left: Expr::Field(field),
                op: CompareOp::Equal,
                right: Operand::Literal(_),
            } => Some(field.clone()),
            _ => None,
        };
        let fields: Vec<_> = filters.iter().filter_map(equal).collect();
        let twice = |field: &crate::plan::FieldRef| fields.iter().filter(|other| *other == field).count() > 1;
        filters
            .into_iter()
            .map(|filter| match equal(&filter).filter(|field| twice(field)) {
                Some(field) => {
                    let dataset = self.lexicon.dataset_index(&field.dataset).unwrap_or(home);
                    if dataset == home || self.lexicon.graph.steps_up(home, dataset).is_some() {
                        return Err(Failure::Missing(format!("no {} has two values at once", field.field)));
                    }
                    Ok(self.related(dataset, vec![filter], None, false))
                }
                None => Ok(filter),
            })
            .collect()
    }

    /// What was named and plays no part in the plan makes the reading a guess.
    fn refuse_unused(&self, plan: &AnalysisPlan) -> Result<(), Failure> {
        for noun in &self.sketch.scope.mentions {
            match noun.best() {
                Some(found) if found.score >= 0.95 => match found.target {
                    Target::Metric(metric) => {
                        let name = &self.lexicon.model.metrics[metric].name;
                        let used = format!("{plan:?}").contains(&format!("Metric({name:?})"));
                        let is_thing = super::resolve::sure_dataset(noun).is_some();
                        if !used && !is_thing {
                            return Err(Failure::Missing(format!(
                                "what {:?} has to do with the rest is not clear",
                                noun.text
                            )));
                        }
                    }
                    Target::Field(id) if self.refers_to_itself(id) => {
                        return Err(Failure::Missing(format!(
                            "relations of {} to one another are not understood",
                            self.dataset_name(id.dataset)
                        )));
                    }
                    Target::Field(_) | Target::Dataset(_) | Target::Named(_) | Target::Value(_) => {}
                },
                Some(_) | None => {}
            }
        }
        Ok(())
    }

    /// Whether a field refers to rows of its own dataset.
    fn refers_to_itself(&self, id: FieldId) -> bool {
        let dataset = self.lexicon.dataset(id.dataset);
        let name = &dataset.fields[id.field].name;
        self.lexicon.model.relationships.iter().any(|known| {
            known.from == dataset.name && known.to == dataset.name && known.from_columns.contains(name)
        })
    }

    /// `rentals by category`: things by group are counted.
    fn count_bare_things(&mut self) {
        if self.sketch.is_listing
            || !self.sketch.is_bare
            || self.sketch.groups.is_empty()
            || self.sketch.superlative.is_some()
        {
            return;
        }
        if let [Want::Noun(noun)] = self.sketch.wants.as_slice() {
            if super::resolve::sure_dataset(noun).is_some() && self.metric_reading(noun).is_none() {
                self.sketch.wants = vec![Want::Count { of: noun.clone() }];
            }
        }
    }

    /// `compare revenue in 2024 and 2025`: what is compared stands side by side.
    fn compare_side_by_side(&mut self) {
        if !self.sketch.compares || !self.sketch.groups.is_empty() {
            return;
        }
        self.merge_compared_values();
        for cond in self.sketch.scope.conds.clone() {
            match &cond {
                crate::planner::grammar::Cond::Any(windows) => {
                    if let Some(crate::planner::grammar::Cond::Time(timed)) = windows.first() {
                        self.sketch.groups.push(Group::Bucket(timed.window.grain));
                    }
                }
                crate::planner::grammar::Cond::Is { values, field, near, negated: false }
                    if values.len() > 1 =>
                {
                    if let Ok(id) = self.value_field(values, field.as_ref(), *near, self.subject) {
                        let found =
                            crate::planner::lexicon::Match { target: Target::Field(id), len: 1, score: 1.0 };
                        self.sketch
                            .groups
                            .push(Group::Noun(Noun { matches: vec![found], ..Noun::default() }));
                    }
                }
                _ => {}
            }
        }
    }

    /// `in Canada higher than in Brazil`: two values of one field are set side by side.
    fn merge_compared_values(&mut self) {
        use crate::planner::grammar::Cond;
        let conds = std::mem::take(&mut self.sketch.scope.conds);
        let mut merged: Vec<Cond> = Vec::new();
        for cond in conds {
            let joined = match (merged.last_mut(), &cond) {
                (
                    Some(Cond::Is { values, negated: false, .. }),
                    Cond::Is { values: more, negated: false, .. },
                ) => {
                    let field = |noun: &Noun| noun.best().and_then(|found| found.target.field());
                    let same = values.first().and_then(field).is_some_and(|first| {
                        more.first().is_some_and(|next| {
                            next.matches.iter().any(|found| found.target.field() == Some(first))
                        })
                    });
                    if same {
                        values.extend(more.iter().cloned());
                    }
                    same
                }
                _ => false,
            };
            if !joined {
                merged.push(cond);
            }
        }
        self.sketch.scope.conds = merged;
    }

    /// The columns that are asked for.
    pub(super) fn columns(&mut self, home: usize) -> Result<Vec<Column>, Failure> {
        let wants = self.sketch.wants.clone();
        let mut columns = Vec::new();
        for (index, want) in wants.iter().enumerate() {
            // `name, country and age of the singers`: whose it is was said last.
            let owner = wants[index..]
                .iter()
                .find_map(|later| want_noun(later).and_then(|noun| noun.owner.clone()))
                .or_else(|| self.group_owner());
            columns.extend(self.column(want, owner, home)?);
        }
        let mut seen: Vec<Expr> = Vec::new();
        columns.retain(|column| {
            let fresh = !seen.contains(&column.output.expr);
            seen.push(column.output.expr.clone());
            fresh
        });
        Ok(columns)
    }

    /// Whether a field says what its row is called, and nothing more special.
    fn names_its_row(&self, id: FieldId) -> bool {
        let dataset = crate::planner::lexicon::identifier_stems(&self.lexicon.dataset(id.dataset).name);
        let plain = |stem: &String| {
            matches!(stem.as_str(), "name" | "titl" | "first" | "last" | "full") || dataset.contains(stem)
        };
        self.label_fields(id.dataset).contains(&id) && self.lexicon.stems_of(id).iter().all(plain)
    }

    /// `names and number of singers for every concert`: the names are the concerts'.
    fn group_owner(&self) -> Option<Box<Noun>> {
        self.sketch.groups.iter().find_map(|group| match group {
            Group::Noun(noun) if super::resolve::sure_dataset(noun).is_some() => Some(Box::new(noun.clone())),
            Group::Noun(_) | Group::Bucket(_) | Group::Part(_) => None,
        })
    }

    pub(super) fn column(
        &mut self,
        want: &Want,
        owner: Option<Box<Noun>>,
        home: usize,
    ) -> Result<Vec<Column>, Failure> {
        let aggregate = |expr: Expr, name: String| {
            vec![Column { output: Output { expr, name }, aggregated: true, entity: None }]
        };
        Ok(match want {
            Want::Noun(noun) => {
                let noun = Noun {
                    owner: noun.owner.clone().or(owner.filter(|_| noun.dataset().is_none() || noun.is_label)),
                    ..noun.clone()
                };
                match self.resolve(&noun, home)? {
                    Resolved::Metric(metric) => {
                        let metric = &self.lexicon.model.metrics[metric];
                        let (name, of) = (metric.name.clone(), Expr::Metric(metric.name.clone()));
                        let expr = self.windowed(of, &noun, home)?;
                        let name = noun
                            .window
                            .as_ref()
                            .map_or(name.clone(), |window| format!("{name} {}", window.label));
                        aggregate(expr, name)
                    }
                    Resolved::Entity(dataset) => self.entity_columns(dataset, home),
                    Resolved::Label(dataset) => self.label_columns(dataset),
                    Resolved::Field(id, owned) => {
                        let entity = (owned || self.names_its_row(id)).then_some(id.dataset);
                        vec![Column { output: self.output(id), aggregated: false, entity }]
                    }
                }
            }
            Want::Aggregate { function, of } => {
                let of = Noun { owner: of.owner.clone().or(owner), ..of.clone() };
                self.aggregate_column(*function, &of, home)?
            }
            Want::Count { of } | Want::AverageCount { of } => {
                let expr = self.count_expr(of, home)?;
                aggregate(self.windowed(expr, of, home)?, "count".to_owned())
            }
            Want::Bucket(grain) => {
                let expr = self.bucket(*grain, home)?;
                vec![Column {
                    output: Output { expr, name: super::group::grain_name(*grain).into() },
                    aggregated: false,
                    entity: None,
                }]
            }
            Want::Part(part) => {
                let grouping = self.grouping(&Group::Part(*part), home)?;
                grouping
                    .shown
                    .into_iter()
                    .map(|output| Column { output, aggregated: false, entity: None })
                    .collect()
            }
            Want::Everything(noun) => {
                let dataset = match self.resolve(noun, home)? {
                    Resolved::Entity(dataset) | Resolved::Label(dataset) => dataset,
                    Resolved::Field(id, _) => id.dataset,
                    Resolved::Metric(_) => return Err(self.unknown(noun)),
                };
                let fields: Vec<FieldId> = self.lexicon.fields(dataset).map(|(id, _)| id).collect();
                fields
                    .into_iter()
                    .map(|id| Column { output: self.output(id), aggregated: false, entity: None })
                    .collect()
            }
            Want::Quality(quality) => match self.quality_field(*quality, home) {
                Some((id, _)) => vec![Column { output: self.output(id), aggregated: false, entity: None }],
                None => {
                    return Err(Failure::Missing(format!(
                        "nothing in {} tells that",
                        self.dataset_name(home)
                    )));
                }
            },
            Want::Where(_) => self.place_columns(home)?,
            Want::When => {
                let verb = self.sketch.scope.verbs.last().cloned();
                let dated = self.dated_field(verb.as_deref(), home);
                let id = dated.or_else(|| self.time_field(home, verb.as_deref(), None));
                let id = id.ok_or_else(|| {
                    Failure::Missing(format!("nothing tells when {} happened", self.dataset_name(home)))
                })?;
                vec![Column { output: self.output(id), aggregated: false, entity: None }]
            }
            Want::Who => self.entity_columns(home, home),
            Want::TheMeasure => {
                let expr = self.the_measure(home)?;
                let name = measure_name(&expr);
                aggregate(expr, name)
            }
            Want::Rank | Want::Previous(_) => Vec::new(),
        })
    }

    /// The field that tells when the verb happened: `air` for `Air_Date`.
    fn dated_field(&self, verb: Option<&str>, home: usize) -> Option<FieldId> {
        let verb = verb.map(crate::planner::text::root);
        let found = self.lexicon.fields(home).find(|(id, _)| {
            let stems = self.lexicon.stems_of(*id);
            stems.iter().any(|stem| matches!(stem.as_str(), "date" | "year" | "time"))
                && verb.is_none_or(|verb| stems.iter().any(|stem| crate::planner::text::root(stem) == verb))
        });
        found.map(|(id, _)| id)
    }

    /// The number that was asked for before, is ranked by, or is compared.
    fn the_measure(&mut self, home: usize) -> Result<Expr, Failure> {
        for want in self.sketch.asked.clone().iter().filter(|want| !matches!(want, Want::TheMeasure)) {
            if let Some(column) = self.column(want, None, home)?.into_iter().find(|column| column.aggregated)
            {
                return Ok(column.output.expr);
            }
        }
        let superlative = self.sketch.superlative.clone();
        if let Some(measure) = superlative.as_ref().and_then(|superlative| superlative.measure.as_ref()) {
            let measured = self.measured(measure, home, true)?;
            return Ok(measured.expr);
        }
        for filter in &self.having {
            if let Filter::Compare { left, .. } = filter {
                return Ok(left.clone());
            }
        }
        Ok(Expr::Count { dataset: self.dataset_name(home) })
    }

    fn aggregate_column(
        &mut self,
        function: AggregateFunction,
        of: &Noun,
        home: usize,
    ) -> Result<Vec<Column>, Failure> {
        let (expr, name) = match self.resolve(of, home)? {
            Resolved::Metric(metric) => {
                let metric = self.lexicon.model.metrics[metric].clone();
                let expr = match function {
                    AggregateFunction::Sum | AggregateFunction::Count => Expr::Metric(metric.name.clone()),
                    AggregateFunction::Average if metric.additivity == crate::semantic::Additivity::Non => {
                        Expr::Metric(metric.name.clone())
                    }
                    AggregateFunction::Average
                    | AggregateFunction::Min
                    | AggregateFunction::Max
                    | AggregateFunction::Median
                    | AggregateFunction::CountDistinct => {
                        return Err(Failure::Missing(format!(
                            "an average of {} needs to say over what",
                            metric.name.replace('_', " ")
                        )));
                    }
                };
                (expr, metric.name)
            }
            Resolved::Field(id, _) => {
                let field = self.lexicon.field(id);
                let numeric =
                    matches!(field.data_type, DataType::Integer | DataType::Decimal | DataType::Float)
                        || matches!(function, AggregateFunction::Min | AggregateFunction::Max);
                let looks_numeric = field
                    .min
                    .as_deref()
                    .is_some_and(|least| least.trim_end_matches('%').parse::<f64>().is_ok());
                if !numeric && !looks_numeric {
                    return Err(Failure::Missing(format!("{} is no number", field.name)));
                }
                let name = format!("{}_{}", function_name(function), field.name);
                let expr = Expr::Aggregate { function, of: Box::new(self.field_expr(id)) };
                (self.in_asked_unit(id, expr), name)
            }
            Resolved::Entity(dataset) | Resolved::Label(dataset) => match function {
                AggregateFunction::Sum | AggregateFunction::Count | AggregateFunction::CountDistinct => {
                    (Expr::Count { dataset: self.dataset_name(dataset) }, "count".to_owned())
                }
                AggregateFunction::Average
                | AggregateFunction::Min
                | AggregateFunction::Max
                | AggregateFunction::Median => return Err(self.unknown(of)),
            },
        };
        Ok(vec![Column { output: Output { expr, name }, aggregated: true, entity: None }])
    }

    /// A duration in the unit that was asked for.
    fn in_asked_unit(&mut self, id: FieldId, expr: Expr) -> Expr {
        let Some(wanted) = self.sketch.unit.as_deref().and_then(super::compare::seconds_in) else {
            return expr;
        };
        match self.stored_seconds(id) {
            Some(stored) if (stored - wanted).abs() > f64::EPSILON => Expr::Arithmetic {
                left: Box::new(expr),
                op: crate::plan::ArithmeticOp::Divide,
                right: Box::new(Expr::Literal(super::builder::plain_number(wanted / stored))),
            },
            Some(_) | None => expr,
        }
    }

    /// How many there are of a noun.
    pub(super) fn count_expr(&mut self, of: &Noun, home: usize) -> Result<Expr, Failure> {
        if of.matches.is_empty() && !of.is_label {
            return Ok(Expr::Count {
                dataset: self.dataset_name(if of.text == "times" { self.happening(home) } else { home }),
            });
        }
        Ok(match self.resolve_counted(of, home)? {
            CountOf::Rows(dataset) => Expr::Count { dataset: self.dataset_name(dataset) },
            CountOf::Metric(name) => Expr::Metric(name),
            CountOf::Number(id) => {
                Expr::Aggregate { function: AggregateFunction::Sum, of: Box::new(self.field_expr(id)) }
            }
            CountOf::Distinct(id) => Expr::Aggregate {
                function: AggregateFunction::CountDistinct,
                of: Box::new(self.field_expr(id)),
            },
        })
    }

    /// An aggregate in a window of its own.
    pub(super) fn windowed(&self, of: Expr, noun: &Noun, home: usize) -> Result<Expr, Failure> {
        let Some(window) = &noun.window else { return Ok(of) };
        let id = self.time_field(home, None, None);
        let id = id.ok_or_else(|| {
            Failure::Missing(format!("nothing tells when {} happened", self.dataset_name(home)))
        })?;
        Ok(Expr::Where { of: Box::new(of), filters: Vec::new(), time: Some(self.range(id, window)) })
    }

    fn entity_columns(&self, dataset: usize, _home: usize) -> Vec<Column> {
        self.label_columns(dataset)
    }

    fn label_columns(&self, dataset: usize) -> Vec<Column> {
        self.label_fields(dataset)
            .into_iter()
            .map(|id| Column { output: self.output(id), aggregated: false, entity: Some(dataset) })
            .collect()
    }

    /// Where something is: its place, and its name beside it.
    fn place_columns(&self, home: usize) -> Result<Vec<Column>, Failure> {
        let mut homes = vec![home];
        homes.extend(self.context.iter().copied());
        for dataset in homes {
            for wanted in ["locat", "hometown", "address", "citi", "place", "street", "countri", "region"] {
                let found = self
                    .lexicon
                    .fields(dataset)
                    .find(|(id, _)| self.lexicon.stems_of(*id).iter().any(|stem| stem == wanted));
                if let Some((id, _)) = found {
                    return Ok(vec![Column {
                        output: self.output(id),
                        aggregated: false,
                        entity: Some(dataset),
                    }]);
                }
            }
        }
        Err(Failure::Missing(format!("nothing tells where {} is", self.dataset_name(home))))
    }

    /// A list of rows.
    fn listed(&mut self, columns: Vec<Column>, home: usize) -> AnalysisPlan {
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

    /// The datasets whose rows the aggregates sum up.
    fn counted_datasets(&self, columns: &[Column]) -> Vec<usize> {
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

    fn summed_dataset(&self, expr: &Expr) -> Option<usize> {
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

    fn ranked_home(&self, of: &Option<Target>, home: usize) -> usize {
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
    fn wanted_aggregate(&mut self, home: usize) -> Result<Option<Expr>, Failure> {
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
    fn rank_within(
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

    fn ranks_things(&self, of: &Option<Target>) -> bool {
        matches!(of, Some(Target::Dataset(_) | Target::Field(_)))
    }

    /// Things that were mentioned must be there: `students who have a pet`.
    fn existence(&mut self, plan: &mut AnalysisPlan, home: usize) {
        let mentions = self.sketch.scope.mentions.clone();
        for noun in &mentions {
            let Some(dataset) = super::resolve::sure_dataset(noun)
                .filter(|_| noun.best().is_some_and(|found| found.score >= 0.7))
            else {
                continue;
            };
            let name = self.dataset_name(dataset);
            let below = self.lexicon.graph.steps_up(home, dataset).is_none()
                && self.lexicon.graph.distance(home, dataset).is_some();
            if dataset == home
                || !below
                || uses_dataset(plan, &self.having, &name)
                || self.sketch.superlative.is_some()
            {
                continue;
            }
            let reached = plan.filters.iter().any(|filter| {
                format!("{filter:?}").contains("dataset: \"") && self.filter_is_beyond(filter, home, dataset)
            });
            if !reached {
                plan.filters.push(self.related(dataset, Vec::new(), None, false));
            }
        }
    }

    /// Whether a filter looks at a dataset that lies behind another one.
    fn filter_is_beyond(&self, filter: &Filter, home: usize, through: usize) -> bool {
        let text = format!("{filter:?}");
        (0..self.lexicon.model.datasets.len()).any(|dataset| {
            let named = text.contains(&format!("dataset: {:?}", self.dataset_name(dataset)));
            let whole = self.lexicon.graph.distance(home, dataset);
            let parts =
                self.lexicon.graph.distance(home, through).zip(self.lexicon.graph.distance(through, dataset));
            named
                && dataset != home
                && whole.zip(parts).is_some_and(|(whole, (first, second))| whole >= first + second)
        })
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
        if let [only] = windows.as_slice() {
            if let Filter::During(range) = plan.filters.remove(*only) {
                plan.time = Some(range);
            }
        }
    }

    /// Whether a field is a measure that is summed up by default.
    pub(super) fn is_summed(&self, id: FieldId) -> bool {
        self.lexicon.field(id).role == Role::Measure
    }
}

/// Whether a plan shows, groups by or filters on a dataset.
fn uses_dataset(plan: &AnalysisPlan, having: &[Filter], name: &str) -> bool {
    let text = format!("{:?} {:?} {:?} {having:?}", plan.outputs, plan.group_by, plan.filters);
    text.contains(&format!("dataset: {name:?}"))
}

/// The name of a column that shows what rows are ranked by.
pub(super) fn measure_name(expr: &Expr) -> String {
    match expr {
        Expr::Metric(name) => name.clone(),
        Expr::Field(field) => field.field.clone(),
        Expr::Count { .. } => "count".into(),
        Expr::Aggregate { function, of } => match of.as_ref() {
            Expr::Field(field) => format!("{}_{}", function_name(*function), field.field),
            _ => function_name(*function).into(),
        },
        _ => "value".into(),
    }
}

/// The name of an aggregate.
pub(super) fn function_name(function: AggregateFunction) -> &'static str {
    match function {
        AggregateFunction::Sum => "total",
        AggregateFunction::Average => "average",
        AggregateFunction::Min => "least",
        AggregateFunction::Max => "greatest",
        AggregateFunction::Count => "count",
        AggregateFunction::CountDistinct => "distinct",
        AggregateFunction::Median => "median",
    }
}
