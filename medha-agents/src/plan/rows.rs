//! Values and conditions of rows.

use super::analysis::{ArithmeticOp, DatePart, Expr, FieldRef, Filter, Grain, Operand, TimeRange};
use super::context::Context;
use super::error::CompileError;
use super::filter::{Terms, guard};
use super::path::{Path, turns};
use super::scope::{Scope, Unmatched};
use super::term::{self, Stored, Term, stored};
use crate::semantic::Dataset;

impl<'a> Scope<'a> {
    /// A value of the row.
    pub(super) fn value(&mut self, expr: &Expr) -> Result<Term, CompileError> {
        let sql = self.context.sql;
        match expr {
            Expr::Field(field) => {
                let known = self.context.field(field)?;
                let alias = self.alias_of(field)?;
                Ok(Term { sql: self.context.field_sql(known, &alias)?, stored: stored(self.context, known) })
            }
            Expr::Bucket { field, grain } => {
                let moment = self.value(&Expr::Field(field.clone()))?;
                match (&moment.stored, grain) {
                    (Stored::Year | Stored::YearText | Stored::Number, Grain::Year) => Ok(moment),
                    (Stored::Year | Stored::YearText | Stored::Number, _) => Err(only_years(field)),
                    _ => Ok(Term::text(sql.bucket(&moment.sql, *grain))),
                }
            }
            Expr::Part { field, part } => {
                let moment = self.value(&Expr::Field(field.clone()))?;
                match (&moment.stored, part) {
                    (Stored::Year | Stored::YearText | Stored::Number, DatePart::Year) => Ok(moment),
                    (Stored::Year | Stored::YearText | Stored::Number, _) => Err(only_years(field)),
                    _ => Ok(Term::number(sql.part(&moment.sql, *part))),
                }
            }
            Expr::Arithmetic { left, op, right } => {
                let left = self.value(left)?;
                let right = self.value(right)?;
                Ok(Term::number(arithmetic(self.context, &left.sql, *op, &right.sql)))
            }
            Expr::DaysBetween { from, to } => {
                let from = self.value(&Expr::Field(from.clone()))?;
                let to = self.value(&Expr::Field(to.clone()))?;
                Ok(Term::number(sql.days_between(&from.sql, &to.sql)))
            }
            Expr::Literal(constant) => {
                Ok(Term { sql: term::plain(self.context, constant), stored: Stored::Any })
            }
            Expr::Metric(_)
            | Expr::Count { .. }
            | Expr::Aggregate { .. }
            | Expr::Where { .. }
            | Expr::Total { .. }
            | Expr::RunningTotal { .. }
            | Expr::Previous { .. }
            | Expr::Rank { .. } => Err(CompileError::unsupported(
                "a number over several rows stands where a value of one row is needed; \
                 make it a condition on groups",
            )),
        }
    }

    /// Conditions on the row, all of which must hold. Those on rows of its many side that are not joined become
    /// `IN` or `EXISTS`, one for all conditions on the same rows.
    pub(super) fn conditions(
        &mut self,
        filters: &[Filter],
        ranges: &[TimeRange],
    ) -> Result<Vec<String>, CompileError> {
        let during = ranges.iter().cloned().map(Filter::During);
        let all: Vec<Filter> = flatten(filters).into_iter().chain(during).collect();
        let mut conditions = Vec::new();
        let mut beyond: Vec<(Path, Vec<Filter>)> = Vec::new();
        for filter in all {
            match self.beyond(&filter)? {
                None => conditions.push(self.condition(&filter)?),
                Some(way) => match beyond.iter_mut().find(|(known, _)| *known == way) {
                    Some((_, filters)) => filters.push(filter),
                    None => beyond.push((way, vec![filter])),
                },
            }
        }
        for (way, filters) in beyond {
            conditions.push(self.exists(&way, None, |scope| scope.conditions(&filters, &[]))?);
        }
        Ok(conditions)
    }

    /// The way to rows of the many side that a condition is about, up to where it would multiply rows.
    fn beyond(&mut self, filter: &Filter) -> Result<Option<Path>, CompileError> {
        let mut found: Option<Path> = None;
        for (dataset, via) in mentioned(filter, self.context)? {
            let way = self.way_to(&dataset, via.as_deref())?;
            let Some(part) = self.multiplying_part(&way) else { continue };
            if found.as_ref().is_some_and(|known| *known != part) {
                return Err(CompileError::unsupported(
                    "one condition compares rows that belong to different lists; split it into several",
                ));
            }
            found = Some(part);
        }
        Ok(found)
    }
}

impl<'a> Terms<'a> for Scope<'a> {
    fn context(&self) -> &'a Context<'a> {
        self.context
    }

    fn term(&mut self, expr: &Expr) -> Result<Term, CompileError> {
        self.value(expr)
    }

    fn during(&mut self, range: &TimeRange) -> Result<String, CompileError> {
        let moment = self.value(&Expr::Field(range.field.clone()))?;
        let conditions = term::during(self.context, &moment, range);
        if conditions.is_empty() {
            return Err(CompileError::unsupported(format!(
                "the window {:?} has neither start nor end",
                range.label
            )));
        }
        Ok(conditions.join(" AND "))
    }

    fn named(&mut self, name: &str) -> Result<String, CompileError> {
        let filter = self.context.named_filter(name)?;
        let dataset: &Dataset = self.context.dataset(&filter.dataset)?;
        let way = self.way_to(&filter.dataset, None)?;
        let alias = self.alias(&way)?;
        Ok(guard(&self.context.condition_sql(&filter.expression, dataset, &alias)?))
    }

    fn related(
        &mut self,
        dataset: &str,
        filters: &[Filter],
        time: Option<&TimeRange>,
    ) -> Result<String, CompileError> {
        self.context.dataset(dataset)?;
        let ranges: Vec<TimeRange> = time.into_iter().cloned().collect();
        let way = self.way_to_related(dataset)?;
        let Some(place) = way.iter().position(|step| !step.forward) else {
            // The row refers to at most one such row: being there and meeting the conditions is all.
            let alias = self.alternative_alias(&way)?;
            let keys = self.context.dataset(dataset)?.primary_key.clone();
            let mut conditions: Vec<String> = Vec::new();
            if let Some(key) = keys.first() {
                let owner = self.context.dataset(dataset)?;
                let column = self.context.field_or_column(owner, &alias, key)?;
                conditions.push(format!("{column} IS NOT NULL"));
            }
            conditions.extend(self.keeping(|scope| scope.conditions(filters, &ranges))?);
            return Ok(format!(
                "({})",
                conditions.iter().map(|part| guard(part)).collect::<Vec<_>>().join(" AND ")
            ));
        };
        let origin = (dataset.to_owned(), way.clone());
        self.exists(&way[..=place], Some(origin), |scope| {
            // The rows asked for are joined even if no condition is about them: they have to exist.
            scope.alias(&way)?;
            scope.conditions(filters, &ranges)
        })
    }

    fn alternative(&mut self, filter: &Filter) -> Result<String, CompileError> {
        let conditions = self.keeping(|scope| scope.conditions(std::slice::from_ref(filter), &[]))?;
        Ok(match conditions.as_slice() {
            [only] => only.clone(),
            several => {
                format!("({})", several.iter().map(|part| guard(part)).collect::<Vec<_>>().join(" AND "))
            }
        })
    }
}

impl Scope<'_> {
    /// Does something whose joins drop no rows.
    pub(super) fn keeping<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, CompileError>,
    ) -> Result<T, CompileError> {
        let before = std::mem::replace(&mut self.unmatched, Unmatched::Keep);
        let result = work(self);
        self.unmatched = before;
        result
    }

    fn alternative_alias(&mut self, way: &Path) -> Result<String, CompileError> {
        self.keeping(|scope| scope.alias(way))
    }

    /// The time field that stands for the asked one in this query: itself where it says something about the
    /// row, else the row's own time, so that revenue and refunds of a month are both of that month.
    pub(super) fn own_time(
        &self,
        asked: &FieldRef,
        preferred: Option<&FieldRef>,
    ) -> Result<FieldRef, CompileError> {
        if self.way(asked).is_ok_and(|way| !turns(&way)) {
            return Ok(asked.clone());
        }
        let root = self.root().0;
        if let Some(preferred) = preferred
            && self.way(preferred).is_ok_and(|way| way.iter().all(|step| step.forward))
        {
            return Ok(preferred.clone());
        }
        let own = |dataset: &Dataset| {
            let field = dataset.default_time.clone()?;
            Some(FieldRef { dataset: dataset.name.clone(), field, via: None })
        };
        let near = self.context.model.datasets.iter().filter_map(|dataset| {
            let field = own(dataset)?;
            let way = self.way(&field).ok()?;
            way.iter().all(|step| step.forward).then_some((way.len(), field))
        });
        near.min_by_key(|(length, _)| *length).map(|(_, field)| field).ok_or_else(|| CompileError::NoTime {
            dataset: root.name.clone(),
            field: format!("{}.{}", asked.dataset, asked.field),
        })
    }
}

fn only_years(field: &FieldRef) -> CompileError {
    CompileError::unsupported(format!(
        "\"{}.{}\" holds years and nothing finer; ask by year",
        field.dataset, field.field
    ))
}

/// Arithmetic of two values.
pub(super) fn arithmetic(context: &Context<'_>, left: &str, op: ArithmeticOp, right: &str) -> String {
    let (left, right) = (operand(left), operand(right));
    match op {
        ArithmeticOp::Add => format!("{left} + {right}"),
        ArithmeticOp::Subtract => format!("{left} - {right}"),
        ArithmeticOp::Multiply => format!("{left} * {right}"),
        ArithmeticOp::Divide => context.sql.divide(&left, &right),
    }
}

/// A value that can stand beside an operator.
fn operand(sql: &str) -> String {
    let simple = sql.chars().all(|letter| letter.is_alphanumeric() || "_.\"`".contains(letter));
    if simple || is_one_call(sql) { sql.to_owned() } else { format!("({sql})") }
}

/// Whether SQL is a single call or group: a word, then one pair of parentheses up to the end.
fn is_one_call(sql: &str) -> bool {
    let Some(open) = sql.find('(') else { return false };
    if !sql[..open].chars().all(|letter| letter.is_alphanumeric() || letter == '_') || sql.contains('\'') {
        return false;
    }
    let mut depth = 0_usize;
    for (place, letter) in sql.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return place + 1 == sql.len();
                }
            }
            _ => {}
        }
    }
    false
}

/// Conditions that must all hold, one by one.
pub(super) fn flatten(filters: &[Filter]) -> Vec<Filter> {
    filters
        .iter()
        .flat_map(|filter| match filter {
            Filter::All(inner) => flatten(inner),
            other => vec![other.clone()],
        })
        .collect()
}

/// The datasets whose rows a condition looks at itself; alternatives and related rows look for themselves.
fn mentioned(filter: &Filter, context: &Context<'_>) -> Result<Vec<(String, Option<String>)>, CompileError> {
    let mut fields = Vec::new();
    match filter {
        Filter::Compare { left, right, .. } => {
            fields_of(left, &mut fields);
            if let Operand::Expr(right) = right {
                fields_of(right, &mut fields);
            }
        }
        Filter::OneOf { expr, .. }
        | Filter::Between { expr, .. }
        | Filter::Matches { expr, .. }
        | Filter::Missing { expr, .. } => fields_of(expr, &mut fields),
        Filter::During(range) => fields.push(range.field.clone()),
        Filter::Named(name) => return Ok(vec![(context.named_filter(name)?.dataset.clone(), None)]),
        Filter::Related { .. } | Filter::Any(_) | Filter::All(_) | Filter::Not(_) => {}
    }
    Ok(fields.into_iter().map(|field| (field.dataset, field.via)).collect())
}

/// The fields that a value is made of.
pub(crate) fn fields_of(expr: &Expr, fields: &mut Vec<FieldRef>) {
    match expr {
        Expr::Field(field) | Expr::Bucket { field, .. } | Expr::Part { field, .. } => {
            fields.push(field.clone())
        }
        Expr::DaysBetween { from, to } => fields.extend([from.clone(), to.clone()]),
        Expr::Arithmetic { left, right, .. } => {
            fields_of(left, fields);
            fields_of(right, fields);
        }
        Expr::Aggregate { of, .. }
        | Expr::Where { of, .. }
        | Expr::Total { of }
        | Expr::RunningTotal { of }
        | Expr::Previous { of }
        | Expr::Rank { by: of, .. } => fields_of(of, fields),
        Expr::Metric(_) | Expr::Count { .. } | Expr::Literal(_) => {}
    }
}

/// The fields that conditions look at, at any depth.
pub(crate) fn fields_of_filters(filters: &[Filter], fields: &mut Vec<FieldRef>) {
    for filter in filters {
        match filter {
            Filter::Compare { left, right, .. } => {
                fields_of(left, fields);
                if let Operand::Expr(right) = right {
                    fields_of(right, fields);
                }
            }
            Filter::OneOf { expr, .. }
            | Filter::Between { expr, .. }
            | Filter::Matches { expr, .. }
            | Filter::Missing { expr, .. } => fields_of(expr, fields),
            Filter::During(range) => fields.push(range.field.clone()),
            Filter::Any(inner) | Filter::All(inner) => fields_of_filters(inner, fields),
            Filter::Not(inner) => fields_of_filters(std::slice::from_ref(inner), fields),
            Filter::Related { .. } | Filter::Named(_) => {}
        }
    }
}
