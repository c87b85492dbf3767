//! Conditions become filters.

use super::builder::{Builder, Failure};
use super::resolve::Resolved;
use super::value::one_of;
use crate::plan::{CompareOp, DatePart, Expr, Filter, Literal, Operand, TimeRange};
use crate::planner::grammar::{Cond, Noun, Scope};
use crate::planner::lexicon::{FieldId, Target};
use crate::semantic::{DataType, Role};

impl Builder<'_> {
    /// The filters of a scope, seen from a dataset.
    pub(super) fn filters(&mut self, scope: &Scope, home: usize) -> Result<Vec<Filter>, Failure> {
        let mut filters = Vec::new();
        for cond in &scope.conds {
            if let Some(filter) = self.filter(cond, home)?
                && !filters.contains(&filter)
            {
                filters.push(filter);
            }
        }
        Ok(filters)
    }

    /// The filter of one condition; none for conditions on groups, which are kept aside.
    pub(super) fn filter(&mut self, cond: &Cond, home: usize) -> Result<Option<Filter>, Failure> {
        Ok(Some(match cond {
            Cond::Is { values, field, near, negated } => {
                let id = self.value_field(values, field.as_ref(), *near, home)?;
                let downward = id.dataset != home && self.lexicon.graph.steps_up(home, id.dataset).is_none();
                if *negated && downward {
                    self.related(id.dataset, vec![self.value_filter(id, values, false)], None, true)
                } else {
                    self.value_filter(id, values, *negated)
                }
            }
            Cond::Equals { field, texts, negated } => self.equals(field.as_ref(), texts, *negated, home)?,
            Cond::Compare { left, function, quality, op, right } => {
                return self.compare(left.as_ref(), *function, *quality, *op, right, home);
            }
            Cond::CountIs { of, op, number } => {
                self.count_condition(of.as_ref(), *op, *number, home)?;
                return Ok(None);
            }
            Cond::Matches { field, kind, text, negated } => {
                let id = self.text_field(field.as_ref(), home)?;
                Filter::Matches {
                    expr: self.field_expr(id),
                    kind: *kind,
                    text: text.clone(),
                    negated: *negated,
                }
            }
            Cond::Missing { field, negated } => match self.resolve(field, home)? {
                Resolved::Field(id, _)
                    if id.dataset != home && self.lexicon.graph.steps_up(home, id.dataset).is_none() =>
                {
                    self.related(id.dataset, Vec::new(), None, !*negated)
                }
                Resolved::Field(id, _) => Filter::Missing { expr: self.field_expr(id), negated: *negated },
                Resolved::Entity(dataset) | Resolved::Label(dataset) => {
                    self.related(dataset, Vec::new(), None, !*negated)
                }
                Resolved::Metric(_) => return Err(self.unknown(field)),
            },
            Cond::Related { noun, scope, negated } => self.related_cond(noun, scope, *negated, home)?,
            Cond::Named { index, negated } => {
                let filter = Filter::Named(self.lexicon.model.filters[*index].name.clone());
                if *negated { Filter::Not(Box::new(filter)) } else { filter }
            }
            Cond::Flag { field, negated } => match self.resolve(field, home)? {
                Resolved::Field(id, _) => Filter::Compare {
                    left: self.field_expr(id),
                    op: CompareOp::Equal,
                    right: Operand::Literal(self.yes_value(id, !*negated)),
                },
                Resolved::Entity(_) | Resolved::Label(_) | Resolved::Metric(_) => {
                    return Err(self.unknown(field));
                }
            },
            Cond::Time(timed) => self.window_filter(timed, home)?,
            Cond::OnDays { days } => {
                let id = self.time_field(home, None, None).filter(|id| !self.is_year(*id));
                let id = id.ok_or_else(|| {
                    Failure::Missing(format!(
                        "nothing tells on which day {} happened",
                        self.dataset_name(home)
                    ))
                })?;
                let part = Expr::Part { field: self.field_ref(id), part: DatePart::DayOfWeek };
                one_of(part, days.iter().map(|day| Literal::Integer(*day)).collect(), false)
            }
            Cond::Any(conds) => {
                let mut any = Vec::new();
                self.is_alternative = true;
                for cond in conds {
                    let cond = borrow_field(cond, conds);
                    any.extend(self.filter(&cond, home)?);
                }
                self.is_alternative = false;
                merge_any(any)
            }
            Cond::Both(conds) => {
                let mut both = Vec::new();
                for cond in conds {
                    let Some(filter) = self.filter(cond, home)? else { continue };
                    both.push(self.of_its_own(filter, home)?);
                }
                Filter::All(both)
            }
        }))
    }

    /// A condition that rows of another dataset must meet, each condition by a row of its own.
    fn of_its_own(&self, filter: Filter, home: usize) -> Result<Filter, Failure> {
        let Some(name) = filter_dataset(&filter) else { return Ok(filter) };
        let dataset = self.lexicon.dataset_index(&name).unwrap_or(home);
        if dataset == home {
            return Err(Failure::Missing("one row cannot be both".into()));
        }
        if self.lexicon.graph.steps_up(home, dataset).is_some() {
            return Err(Failure::Missing("one row cannot be both".into()));
        }
        Ok(match filter {
            Filter::During(range) => self.related(dataset, Vec::new(), Some(range), false),
            other => self.related(dataset, vec![other], None, false),
        })
    }

    pub(super) fn related(
        &self,
        dataset: usize,
        filters: Vec<Filter>,
        time: Option<TimeRange>,
        negated: bool,
    ) -> Filter {
        Filter::Related { dataset: self.dataset_name(dataset), filters, time, negated }
    }

    fn related_cond(
        &mut self,
        noun: &Noun,
        scope: &Scope,
        negated: bool,
        home: usize,
    ) -> Result<Filter, Failure> {
        // A field of the thing itself that is not there: `have not been returned`, `have no company`.
        let own_field = noun.matches.iter().find_map(|found| match found.target {
            Target::Field(id) if id.dataset == home && found.score >= 0.5 => Some(id),
            Target::Field(_)
            | Target::Metric(_)
            | Target::Dataset(_)
            | Target::Named(_)
            | Target::Value(_) => None,
        });
        let thing = noun.matches.iter().find_map(|found| match found.target {
            Target::Dataset(dataset) if dataset != home => Some((dataset, found.score)),
            Target::Metric(_) => self
                .dataset_of(found.target)
                .filter(|dataset| *dataset != home)
                .map(|dataset| (dataset, found.score)),
            Target::Dataset(_) | Target::Field(_) | Target::Named(_) | Target::Value(_) => None,
        });
        if let Some(id) =
            own_field.filter(|_| scope.conds.is_empty() && thing.is_none_or(|(_, score)| score <= 0.5))
        {
            let is_date = self.lexicon.field(id).role == Role::Time;
            if is_date || thing.is_none() {
                return Ok(Filter::Missing { expr: self.field_expr(id), negated: !negated });
            }
        }
        let Some((dataset, _)) = thing else {
            return match self.resolve(noun, home)? {
                Resolved::Field(id, _) if id.dataset == home => {
                    Ok(Filter::Missing { expr: self.field_expr(id), negated: !negated })
                }
                Resolved::Field(id, _) => {
                    let filters = self.filters(scope, id.dataset)?;
                    Ok(self.related(id.dataset, filters, None, negated))
                }
                Resolved::Entity(_) | Resolved::Label(_) | Resolved::Metric(_) => Err(self.unknown(noun)),
            };
        };
        if self.lexicon.graph.distance(home, dataset).is_none() {
            return Err(Failure::Missing(format!(
                "{} and {} are not related in the data",
                self.dataset_name(home),
                self.dataset_name(dataset)
            )));
        }
        let context = std::mem::replace(&mut self.context, vec![dataset]);
        let mentions: Vec<usize> = scope.mentions.iter().filter_map(super::subject::sure_dataset).collect();
        self.context.extend(mentions);
        let having = self.having.len();
        let inner = self.filters(scope, dataset);
        self.context = context;
        let mut filters = inner?;
        if self.having.len() > having {
            return Err(Failure::Missing("a count inside a condition".into()));
        }
        let at = filters.iter().position(|filter| matches!(filter, Filter::During(_)));
        let time = at.map(|at| filters.remove(at)).and_then(|filter| match filter {
            Filter::During(range) => Some(range),
            _ => None,
        });
        Ok(self.related(dataset, filters, time, negated))
    }

    /// A field equals a text or a number.
    fn equals(
        &mut self,
        field: Option<&Noun>,
        texts: &[String],
        negated: bool,
        home: usize,
    ) -> Result<Filter, Failure> {
        let is_number = texts.iter().all(|text| text.replace(',', "").parse::<f64>().is_ok());
        let id = match field {
            Some(noun) => match self.resolve(noun, home)? {
                Resolved::Field(id, _) => id,
                Resolved::Entity(dataset) | Resolved::Label(dataset) => {
                    let fields =
                        if is_number { self.key_fields(dataset) } else { self.label_fields(dataset) };
                    *fields.first().ok_or_else(|| self.unknown(noun))?
                }
                Resolved::Metric(_) => return Err(self.unknown(noun)),
            },
            None if is_number => {
                return Err(Failure::Missing(format!("what {} is about is not clear", texts.join(", "))));
            }
            None => *self
                .label_fields(home)
                .first()
                .ok_or_else(|| Failure::Missing(format!("nothing is called {:?}", texts[0])))?,
        };
        self.known_or_fail(id, texts)?;
        let literals: Vec<Literal> = texts.iter().map(|text| self.stored_or_literal(id, text)).collect();
        let filter = one_of(self.field_expr(id), literals, negated);
        let downward = id.dataset != home && self.lexicon.graph.steps_up(home, id.dataset).is_none();
        if negated && downward {
            let positive = match filter {
                Filter::Compare { left, right, .. } => Filter::Compare { left, op: CompareOp::Equal, right },
                Filter::OneOf { expr, values, .. } => Filter::OneOf { expr, values, negated: false },
                other => other,
            };
            return Ok(self.related(id.dataset, vec![positive], None, true));
        }
        Ok(filter)
    }

    fn stored_or_literal(&self, id: FieldId, text: &str) -> Literal {
        let field = self.lexicon.field(id);
        let known = field.values.iter().find(|value| value.value.eq_ignore_ascii_case(text));
        match known {
            Some(value) if field.data_type == DataType::String => Literal::Text(value.value.clone()),
            Some(_) | None => self.literal(id, text),
        }
    }

    /// Fails where all values of a field are known and this is none of them.
    fn known_or_fail(&self, id: FieldId, texts: &[String]) -> Result<(), Failure> {
        let field = self.lexicon.field(id);
        if field.data_type != DataType::String || !field.values_complete || field.values.is_empty() {
            return Ok(());
        }
        let unknown = texts
            .iter()
            .find(|text| !field.values.iter().any(|value| value.value.eq_ignore_ascii_case(text)));
        match unknown {
            Some(text) => Err(Failure::Missing(format!("no {} is {text:?}", field.name))),
            None => Ok(()),
        }
    }

    /// The text field that a text match is about.
    fn text_field(&mut self, field: Option<&Noun>, home: usize) -> Result<FieldId, Failure> {
        let label = |builder: &Self, dataset: usize| {
            builder
                .label_fields(dataset)
                .first()
                .copied()
                .ok_or_else(|| Failure::Missing("no text to look in".into()))
        };
        match field {
            Some(noun) => match self.resolve(noun, home)? {
                Resolved::Field(id, _) => Ok(id),
                Resolved::Entity(dataset) | Resolved::Label(dataset) => label(self, dataset),
                Resolved::Metric(_) => Err(self.unknown(noun)),
            },
            None => label(self, home),
        }
    }

    /// `more than 5 customers`: a condition on groups.
    fn count_condition(
        &mut self,
        of: Option<&Noun>,
        op: CompareOp,
        number: f64,
        home: usize,
    ) -> Result<(), Failure> {
        let literal = Operand::Literal(super::builder::plain_number(number));
        let expr = match of.filter(|noun| !noun.matches.is_empty()) {
            Some(noun) => match self.resolve_counted(noun, home)? {
                CountOf::Rows(dataset) => Expr::Count { dataset: self.dataset_name(dataset) },
                CountOf::Metric(name) => Expr::Metric(name),
                CountOf::Number(id) => {
                    self.having.push(Filter::Compare { left: self.field_expr(id), op, right: literal });
                    return Ok(());
                }
                CountOf::Distinct(id) => Expr::Aggregate {
                    function: crate::plan::AggregateFunction::CountDistinct,
                    of: Box::new(self.field_expr(id)),
                },
            },
            None => Expr::Count { dataset: self.dataset_name(self.happening(home)) },
        };
        self.having.push(Filter::Compare { left: expr, op, right: literal });
        Ok(())
    }

    /// What happened `times`: the mentioned thing of which there are several for each row.
    pub(super) fn happening(&self, home: usize) -> usize {
        let of_mentions = self.sketch.scope.mentions.iter().flat_map(|noun| {
            noun.matches.iter().filter_map(|found| match found.target {
                Target::Dataset(dataset) => Some(dataset),
                Target::Metric(_) | Target::Field(_) | Target::Named(_) | Target::Value(_) => None,
            })
        });
        let is_below = |dataset: &usize| {
            *dataset != home
                && self.lexicon.graph.steps_up(home, *dataset).is_none()
                && self.lexicon.graph.distance(home, *dataset).is_some()
        };
        of_mentions
            .filter(is_below)
            .min_by_key(|dataset| self.lexicon.graph.distance(home, *dataset))
            .unwrap_or(home)
    }

    /// What a counted noun counts.
    pub(super) fn resolve_counted(&mut self, noun: &Noun, home: usize) -> Result<CountOf, Failure> {
        let distinct = noun.distinct;
        let best = noun.best().copied();
        if let Some(metric) = self.metric_reading(noun).filter(|_| !distinct) {
            return Ok(CountOf::Metric(self.lexicon.model.metrics[metric].name.clone()));
        }
        if distinct && let Some((id, _, lexical)) = self.best_field(noun, home) {
            let thing = noun.matches.iter().find(|found| matches!(found.target, Target::Dataset(_)));
            if thing.is_none_or(|thing| lexical >= thing.score) {
                return Ok(CountOf::Distinct(id));
            }
        }
        match self.resolve(noun, home)? {
            Resolved::Entity(dataset) => Ok(CountOf::Rows(dataset)),
            Resolved::Label(dataset) => Ok(CountOf::Rows(dataset)),
            Resolved::Metric(metric) => Ok(CountOf::Metric(self.lexicon.model.metrics[metric].name.clone())),
            Resolved::Field(id, _) => {
                let field = self.lexicon.field(id);
                let numeric =
                    matches!(field.data_type, DataType::Integer | DataType::Decimal | DataType::Float)
                        && field.role == Role::Measure;
                if let (Some(dataset), true) =
                    (noun.dataset(), best.is_some_and(|found| matches!(found.target, Target::Dataset(_))))
                {
                    return Ok(CountOf::Rows(dataset));
                }
                Ok(if numeric && !distinct { CountOf::Number(id) } else { CountOf::Distinct(id) })
            }
        }
    }
}

/// What a count counts.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum CountOf {
    /// Rows of a dataset.
    Rows(usize),
    /// What a metric says.
    Metric(String),
    /// A field that holds the number already.
    Number(FieldId),
    /// Distinct values of a field.
    Distinct(FieldId),
}

/// In `before 2003 or after 2010`, a part without a field of its own is about the field of the others.
fn borrow_field(cond: &Cond, all: &[Cond]) -> Cond {
    if let Cond::Compare { left: None, function, quality, op, right } = cond {
        let named = all.iter().find_map(|other| match other {
            Cond::Compare { left: Some(left), .. } => Some(left.clone()),
            _ => None,
        });
        return Cond::Compare {
            left: named,
            function: *function,
            quality: *quality,
            op: *op,
            right: right.clone(),
        };
    }
    cond.clone()
}

/// Equalities of one expression become one list.
fn merge_any(any: Vec<Filter>) -> Filter {
    let mut expr: Option<Expr> = None;
    let mut values = Vec::new();
    for filter in &any {
        match filter {
            Filter::Compare { left, op: CompareOp::Equal, right: Operand::Literal(literal) }
                if expr.as_ref().is_none_or(|held| held == left) =>
            {
                expr = Some(left.clone());
                values.push(literal.clone());
            }
            _ => return Filter::Any(any),
        }
    }
    match expr {
        Some(expr) if values.len() > 1 => Filter::OneOf { expr, values, negated: false },
        Some(_) | None => Filter::Any(any),
    }
}

/// The dataset a filter looks at, where it looks at one field.
fn filter_dataset(filter: &Filter) -> Option<String> {
    match filter {
        Filter::Compare { left: Expr::Field(field), .. }
        | Filter::OneOf { expr: Expr::Field(field), .. }
        | Filter::Matches { expr: Expr::Field(field), .. }
        | Filter::Between { expr: Expr::Field(field), .. } => Some(field.dataset.clone()),
        Filter::During(range) => Some(range.field.dataset.clone()),
        Filter::All(filters) => filters.first().and_then(filter_dataset),
        _ => None,
    }
}
