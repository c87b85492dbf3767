//! Columns: what each want shows.

use super::builder::{Builder, Failure};
use super::filter::CountOf;
use super::resolve::Resolved;
use super::subject::want_noun;
use crate::plan::{AggregateFunction, Expr, Filter, Output};
use crate::planner::grammar::{Cond, Group, Noun, Want};
use crate::planner::lexicon::FieldId;
use crate::semantic::DataType;

impl Builder<'_> {
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
    pub(super) fn names_its_row(&self, id: FieldId) -> bool {
        let dataset = crate::planner::lexicon::identifier_stems(&self.lexicon.dataset(id.dataset).name);
        let plain = |stem: &String| {
            matches!(stem.as_str(), "name" | "titl" | "first" | "last" | "full") || dataset.contains(stem)
        };
        self.label_fields(id.dataset).contains(&id) && self.lexicon.stems_of(id).iter().all(plain)
    }

    /// `names and number of singers for every concert`: the names are the concerts'.
    pub(super) fn group_owner(&self) -> Option<Box<Noun>> {
        self.sketch.groups.iter().find_map(|group| match group {
            Group::Noun(noun) if super::subject::sure_dataset(noun).is_some() => Some(Box::new(noun.clone())),
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
    pub(super) fn dated_field(&self, verb: Option<&str>, home: usize) -> Option<FieldId> {
        let verb = verb.map(crate::planner::text::root);
        let found = self.lexicon.fields(home).find(|(id, _)| {
            let stems = self.lexicon.stems_of(*id);
            stems.iter().any(|stem| matches!(stem.as_str(), "date" | "year" | "time"))
                && verb.is_none_or(|verb| stems.iter().any(|stem| crate::planner::text::root(stem) == verb))
        });
        found.map(|(id, _)| id)
    }

    /// The number that was asked for before, is ranked by, or is compared.
    pub(super) fn the_measure(&mut self, home: usize) -> Result<Expr, Failure> {
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

    pub(super) fn aggregate_column(
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
                if function == AggregateFunction::Sum && self.is_rate(id) {
                    return Err(Failure::Missing(format!(
                        "{} is a rate, and rates do not add up",
                        field.name
                    )));
                }
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

    /// Whether a field holds parts of a whole, as percent or between 0 and 1.
    pub(super) fn is_rate(&self, id: FieldId) -> bool {
        let field = self.lexicon.field(id);
        let named = self.lexicon.stems_of(id).iter().any(|stem| {
            matches!(stem.as_str(), "discount" | "rate" | "rat" | "ratio" | "percent" | "percentag" | "share")
        });
        let greatest = field.max.as_deref().and_then(|greatest| greatest.parse::<f64>().ok());
        field.format.as_deref() == Some("percent")
            || (named && greatest.is_some_and(|greatest| greatest > 0.0 && greatest <= 1.0))
    }

    /// A duration in the unit that was asked for.
    pub(super) fn in_asked_unit(&mut self, id: FieldId, expr: Expr) -> Expr {
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

    pub(super) fn entity_columns(&self, dataset: usize, _home: usize) -> Vec<Column> {
        self.label_columns(dataset)
    }

    pub(super) fn label_columns(&self, dataset: usize) -> Vec<Column> {
        self.label_fields(dataset)
            .into_iter()
            .map(|id| Column { output: self.output(id), aggregated: false, entity: Some(dataset) })
            .collect()
    }

    /// Whether a condition says already what a field is.
    fn is_fixed(&self, id: FieldId) -> bool {
        self.sketch.scope.conds.iter().any(|cond| match cond {
            Cond::Is { values, negated: false, .. } => {
                values.iter().any(|value| value.matches.iter().any(|found| found.target.field() == Some(id)))
            }
            _ => false,
        })
    }

    /// Whether a related dataset tells streets or addresses.
    fn has_address_nearby(&self, dataset: usize) -> bool {
        (0..self.lexicon.model.datasets.len()).any(|other| {
            self.lexicon.graph.distance(dataset, other) == Some(1)
                && self.lexicon.fields(other).any(|(id, _)| {
                    let stems = self.lexicon.stems_of(id);
                    stems.iter().any(|stem| matches!(stem.as_str(), "street" | "address"))
                })
        })
    }

    /// Where something is: its place, and its name beside it.
    pub(super) fn place_columns(&self, home: usize) -> Result<Vec<Column>, Failure> {
        let mut homes = vec![home];
        homes.extend(self.context.iter().copied());
        for dataset in homes {
            for wanted in ["locat", "hometown", "address", "citi", "place", "street", "countri", "region"] {
                let found = self
                    .lexicon
                    .fields(dataset)
                    .find(|(id, _)| self.lexicon.stems_of(*id).iter().any(|stem| stem == wanted));
                if let Some((id, _)) = found {
                    if self.is_fixed(id) {
                        continue;
                    }
                    let is_coarse = matches!(wanted, "citi" | "countri" | "region");
                    if is_coarse && self.has_address_nearby(dataset) {
                        return Err(Failure::Missing(format!(
                            "whether its {wanted_name} or its address is asked for is not clear",
                            wanted_name = self.lexicon.field(id).name
                        )));
                    }
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
}

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
