//! What the columns of a result mean, read off the plan that asked for them; charts and insights start here.

use medha_connectors::{ColumnKind, ResultSet, Value};
use serde::{Deserialize, Serialize};

use super::number::NumberFormat;
use super::value::{label, part_label};
use crate::insight::{plural, window};
use crate::plan::{AggregateFunction, AnalysisPlan, ArithmeticOp, DatePart, Expr, FieldRef, Grain, Literal};
use crate::planner::{Intent, PlannedStep};
use crate::semantic::{Additivity, DataType, Field, Role, SemanticModel, identifier_words};

/// A column of a result and what it means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Its name in the result; no two columns share one.
    pub name: String,
    /// What it is for.
    pub role: ColumnRole,
    /// How its numbers are shown.
    pub format: NumberFormat,
    /// Whether its numbers may be added up over the rows.
    pub additive: bool,
    /// Whether more of it is better, where the model says so.
    pub higher_is_better: Option<bool>,
    /// The dataset whose rows it names, if it is a label of them.
    pub labels: Option<String>,
}

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "of")]
#[non_exhaustive]
pub enum ColumnRole {
    /// Time, cut to a grain.
    Bucket(Grain),
    /// A part of time that recurs.
    Part(DatePart),
    /// A moment as it is stored.
    Moment,
    /// Names or identifies what a row is about.
    Category,
    /// A number.
    Measure,
}

impl Column {
    /// Its name in words.
    #[must_use]
    pub fn words(&self) -> String {
        self.name.split_whitespace().flat_map(identifier_words).collect::<Vec<_>>().join(" ")
    }

    /// A value of it as a person calls it: `Monday` for weekday 1.
    #[must_use]
    pub fn label(&self, value: &Value) -> String {
        match self.role {
            ColumnRole::Part(part) => part_label(Some(part), value),
            ColumnRole::Bucket(_) | ColumnRole::Moment | ColumnRole::Category | ColumnRole::Measure => {
                label(value)
            }
        }
    }

    /// Whether it is a number to be drawn or summed up.
    #[must_use]
    pub fn is_measure(&self) -> bool {
        self.role == ColumnRole::Measure
    }
}

/// Reads the meaning of every column of a result.
///
/// The columns of an answer stand in the order of the plan's outputs. Where they do not match in number (SQL that no plan
/// made), the kinds of the values decide.
#[must_use]
pub fn columns_of(plan: &AnalysisPlan, model: &SemanticModel, result: &ResultSet) -> Vec<Column> {
    let names = unique_names(result.columns.iter().map(|column| column.name.as_str()));
    let reader = Reader { model, grouped: plan.outputs.iter().any(|output| output.expr.is_aggregate()) };
    let matched = plan.outputs.len() == result.columns.len();
    let mut columns = Vec::with_capacity(names.len());
    for (index, name) in names.into_iter().enumerate() {
        let numeric = is_numeric(result, index);
        let column = match plan.outputs.get(index).filter(|_| matched) {
            Some(output) => reader.column(name, &output.expr, numeric),
            None => by_kind(name, result.columns[index].kind, numeric),
        };
        columns.push(column);
    }
    columns
}

/// Makes the names of columns unique, so that a row can be a map: the second `name` becomes `name_2`.
#[must_use]
pub fn unique_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let names: Vec<&str> = names.into_iter().collect();
    let mut taken: std::collections::HashSet<String> = std::collections::HashSet::new();
    let mut unique = Vec::with_capacity(names.len());
    for (index, name) in names.iter().enumerate() {
        let base = if name.is_empty() { format!("column_{}", index + 1) } else { (*name).to_owned() };
        let mut candidate = base.clone();
        let mut number = 2;
        while taken.contains(&candidate) || (candidate != base && names.contains(&candidate.as_str())) {
            candidate = format!("{base}_{number}");
            number += 1;
        }
        taken.insert(candidate.clone());
        unique.push(candidate);
    }
    unique
}

/// The measure that matters most and the others in order, as indexes into the columns.
///
/// It is the one the rows are ordered by, the share where shares are asked for, else the first; a rank is never it.
pub(crate) fn measures(step: &PlannedStep, columns: &[Column]) -> Option<(usize, Vec<usize>)> {
    let outputs = &step.plan.outputs;
    let is_rank =
        |index: usize| outputs.get(index).is_some_and(|output| matches!(output.expr, Expr::Rank { .. }));
    let mut measures: Vec<usize> =
        (0..columns.len()).filter(|&index| columns[index].is_measure() && !is_rank(index)).collect();
    let by_order =
        step.plan.order.first().and_then(|order| outputs.iter().position(|output| output.expr == order.expr));
    let ordered = by_order.filter(|index| measures.contains(index));
    let share = || measures.iter().copied().find(|&index| columns[index].format.is_relative());
    let share = if step.intent == Intent::Share { share() } else { None };
    let first = ordered.or(share).or(measures.first().copied())?;
    measures.retain(|&index| index != first);
    Some((first, measures))
}

/// What a column is called in a sentence: `number of orders`, `revenue in Apr 2025`, else its name in words.
pub(crate) fn column_words(step: &PlannedStep, columns: &[Column], index: usize) -> String {
    let Some(column) = columns.get(index) else { return String::new() };
    let expr = step.plan.outputs.get(index).map(|output| &output.expr);
    let named = column.name.contains(char::is_alphabetic);
    match expr {
        Some(Expr::Where { of, time: Some(time), .. }) if !named => {
            let window = time
                .start
                .zip(time.end)
                .map_or_else(|| time.label.clone(), |(start, end)| window(start, end));
            format!("{} in {window}", counted_words(of).unwrap_or_else(|| "value".into()))
        }
        Some(expr) if column.name.eq_ignore_ascii_case("count") => {
            counted_words(expr).unwrap_or_else(|| column.words())
        }
        Some(_) | None => column.words(),
    }
}

/// What an aggregate is called, where its kind says so.
fn counted_words(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Count { dataset } => {
            let words = identifier_words(dataset).join(" ");
            Some(format!("number of {}", if words.ends_with('s') { words } else { plural(&words) }))
        }
        Expr::Metric(name) => Some(identifier_words(name).join(" ")),
        Expr::Where { of, .. } | Expr::Total { of } => counted_words(of),
        Expr::Field(_)
        | Expr::Bucket { .. }
        | Expr::Part { .. }
        | Expr::Aggregate { .. }
        | Expr::Arithmetic { .. }
        | Expr::DaysBetween { .. }
        | Expr::RunningTotal { .. }
        | Expr::Previous { .. }
        | Expr::Rank { .. }
        | Expr::Literal(_) => None,
    }
}

/// Reads expressions against one model.
struct Reader<'a> {
    model: &'a SemanticModel,
    /// Whether the plan sums up rows, so that plain fields are groups.
    grouped: bool,
}

impl Reader<'_> {
    fn column(&self, name: String, expr: &Expr, numeric: bool) -> Column {
        let mut column = Column {
            name,
            role: ColumnRole::Category,
            format: NumberFormat::Plain,
            additive: false,
            higher_is_better: None,
            labels: None,
        };
        match expr {
            Expr::Bucket { grain, .. } => column.role = ColumnRole::Bucket(*grain),
            Expr::Part { part, .. } => column.role = ColumnRole::Part(*part),
            Expr::Field(field) => self.field_column(&mut column, field, numeric),
            Expr::Literal(_) => {}
            Expr::Metric(_)
            | Expr::Count { .. }
            | Expr::Aggregate { .. }
            | Expr::Where { .. }
            | Expr::Total { .. }
            | Expr::Arithmetic { .. }
            | Expr::DaysBetween { .. }
            | Expr::RunningTotal { .. }
            | Expr::Previous { .. }
            | Expr::Rank { .. } => {
                column.format = self.format(expr);
                if numeric {
                    column.role = ColumnRole::Measure;
                    column.additive = self.is_additive(expr);
                    column.higher_is_better = self.direction(expr);
                } else if self.is_moment(expr) {
                    column.role = ColumnRole::Moment;
                }
            }
        }
        column
    }

    fn field_column(&self, column: &mut Column, reference: &FieldRef, numeric: bool) {
        let Some(field) = self.field(reference) else {
            if numeric && !self.grouped {
                column.role = ColumnRole::Measure;
            }
            return;
        };
        column.format = field_format(field, self.model);
        match field.role {
            Role::Time if is_date(field.data_type) => column.role = ColumnRole::Moment,
            Role::Measure if numeric && !self.grouped => column.role = ColumnRole::Measure,
            Role::Time | Role::Measure | Role::Key | Role::Dimension => {}
        }
        let labels = self.model.dataset(&reference.dataset).map(|dataset| &dataset.label_fields);
        if labels.is_some_and(|labels| labels.contains(&reference.field)) {
            column.labels = Some(reference.dataset.clone());
        }
    }

    fn field(&self, reference: &FieldRef) -> Option<&Field> {
        self.model.dataset(&reference.dataset)?.field(&reference.field)
    }

    fn format(&self, expr: &Expr) -> NumberFormat {
        match expr {
            Expr::Metric(name) => match self.model.metric(name) {
                Some(metric) => NumberFormat::of(
                    metric.format.as_deref(),
                    metric.unit.as_deref(),
                    metric.currency.as_deref().or(self.model.currency.as_deref()),
                ),
                None => NumberFormat::Plain,
            },
            Expr::Count { .. } | Expr::Rank { .. } => NumberFormat::Count,
            Expr::Aggregate {
                function: AggregateFunction::Count | AggregateFunction::CountDistinct, ..
            } => NumberFormat::Count,
            Expr::Aggregate { of, .. }
            | Expr::Where { of, .. }
            | Expr::Total { of }
            | Expr::RunningTotal { of }
            | Expr::Previous { of } => self.format(of),
            Expr::Field(reference) => {
                self.field(reference).map_or(NumberFormat::Plain, |field| field_format(field, self.model))
            }
            Expr::DaysBetween { .. } => NumberFormat::Unit { unit: "days".into() },
            Expr::Arithmetic { left, op, right } => self.arithmetic_format(left, *op, right),
            Expr::Bucket { .. } | Expr::Part { .. } | Expr::Literal(_) => NumberFormat::Plain,
        }
    }

    fn arithmetic_format(&self, left: &Expr, op: ArithmeticOp, right: &Expr) -> NumberFormat {
        let (a, b) = (self.format(left), self.format(right));
        match op {
            ArithmeticOp::Add | ArithmeticOp::Subtract if matches!(right, Expr::Literal(_)) => a,
            ArithmeticOp::Add | ArithmeticOp::Subtract => {
                if a == b {
                    a
                } else {
                    NumberFormat::Plain
                }
            }
            ArithmeticOp::Divide if matches!(right, Expr::Total { .. }) => NumberFormat::Fraction,
            // A number of minutes that is reckoned into hours is not one of minutes any more.
            ArithmeticOp::Divide | ArithmeticOp::Multiply
                if matches!(right, Expr::Literal(_)) && matches!(a, NumberFormat::Unit { .. }) =>
            {
                NumberFormat::Plain
            }
            ArithmeticOp::Divide => match (a, b) {
                (a, NumberFormat::Plain | NumberFormat::Count)
                    if !matches!(a, NumberFormat::Plain | NumberFormat::Count) =>
                {
                    a
                }
                (a, b) if a == b && a != NumberFormat::Plain => NumberFormat::Fraction,
                _ => NumberFormat::Plain,
            },
            ArithmeticOp::Multiply => match (left, right) {
                (Expr::Literal(literal), _) if is_hundred(literal) && b == NumberFormat::Fraction => {
                    NumberFormat::Percent
                }
                (_, Expr::Literal(literal)) if is_hundred(literal) && a == NumberFormat::Fraction => {
                    NumberFormat::Percent
                }
                _ => match (a, b) {
                    (a, NumberFormat::Plain | NumberFormat::Count) => a,
                    (NumberFormat::Plain | NumberFormat::Count, b) => b,
                    _ => NumberFormat::Plain,
                },
            },
        }
    }

    fn is_additive(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Metric(name) => {
                self.model.metric(name).is_some_and(|metric| metric.additivity == Additivity::Additive)
            }
            Expr::Count { .. } => true,
            Expr::Aggregate { function, .. } => {
                matches!(function, AggregateFunction::Sum | AggregateFunction::Count)
            }
            Expr::Where { of, .. } => self.is_additive(of),
            Expr::Arithmetic { left, op, right } => match op {
                ArithmeticOp::Add | ArithmeticOp::Subtract => {
                    self.is_additive(left) && self.is_additive(right)
                }
                ArithmeticOp::Multiply | ArithmeticOp::Divide => {
                    self.is_additive(left) && matches!(**right, Expr::Literal(_) | Expr::Total { .. })
                        || op == &ArithmeticOp::Multiply
                            && matches!(**left, Expr::Literal(_))
                            && self.is_additive(right)
                }
            },
            Expr::Field(_)
            | Expr::Bucket { .. }
            | Expr::Part { .. }
            | Expr::Total { .. }
            | Expr::DaysBetween { .. }
            | Expr::RunningTotal { .. }
            | Expr::Previous { .. }
            | Expr::Rank { .. }
            | Expr::Literal(_) => false,
        }
    }

    fn direction(&self, expr: &Expr) -> Option<bool> {
        match expr {
            Expr::Metric(name) => self.model.metric(name)?.higher_is_better,
            Expr::Where { of, .. } | Expr::RunningTotal { of } => self.direction(of),
            Expr::Field(_)
            | Expr::Bucket { .. }
            | Expr::Part { .. }
            | Expr::Count { .. }
            | Expr::Aggregate { .. }
            | Expr::Total { .. }
            | Expr::Arithmetic { .. }
            | Expr::DaysBetween { .. }
            | Expr::Previous { .. }
            | Expr::Rank { .. }
            | Expr::Literal(_) => None,
        }
    }

    /// Whether it is a least or greatest moment.
    fn is_moment(&self, expr: &Expr) -> bool {
        let Expr::Aggregate { of, .. } = expr else { return false };
        let Expr::Field(reference) = &**of else { return false };
        self.field(reference).is_some_and(|field| is_date(field.data_type))
    }
}

fn field_format(field: &Field, model: &SemanticModel) -> NumberFormat {
    NumberFormat::of(field.format.as_deref(), field.unit.as_deref(), model.currency.as_deref())
}

fn is_date(data_type: DataType) -> bool {
    matches!(data_type, DataType::Date | DataType::DateTime | DataType::DateTimeTz)
}

fn is_hundred(literal: &Literal) -> bool {
    match literal {
        Literal::Integer(integer) => *integer == 100,
        Literal::Number(number) => *number == 100.0,
        Literal::Text(_) | Literal::Boolean(_) => false,
    }
}

/// Whether the values are numbers, as far as there are values; where all are `NULL` the column's kind decides.
fn is_numeric(result: &ResultSet, index: usize) -> bool {
    let mut seen = false;
    for row in &result.rows {
        match row.get(index) {
            None | Some(Value::Null) => {}
            Some(Value::Integer(_) | Value::Float(_) | Value::Decimal(_)) => seen = true,
            Some(_) => return false,
        }
    }
    let kind = result.columns[index].kind;
    seen || matches!(
        kind,
        ColumnKind::Integer | ColumnKind::Decimal | ColumnKind::Float | ColumnKind::Unknown
    )
}

fn by_kind(name: String, kind: ColumnKind, numeric: bool) -> Column {
    let identifier = name.eq_ignore_ascii_case("id") || name.to_ascii_lowercase().ends_with("_id");
    let role = match kind {
        ColumnKind::Date | ColumnKind::DateTime => ColumnRole::Moment,
        _ if numeric && !identifier => ColumnRole::Measure,
        _ => ColumnRole::Category,
    };
    Column { name, role, format: NumberFormat::Plain, additive: false, higher_is_better: None, labels: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_repeat_are_told_apart() {
        assert_eq!(
            unique_names(["name", "name", "", "name_2", "name"]),
            ["name", "name_3", "column_3", "name_2", "name_4"]
        );
    }

    #[test]
    fn a_share_of_the_total_is_a_fraction_and_times_a_hundred_a_percentage() {
        let model = SemanticModel::default();
        let reader = Reader { model: &model, grouped: true };
        let count = Expr::Count { dataset: "orders".into() };
        let share = Expr::Arithmetic {
            left: Box::new(count.clone()),
            op: ArithmeticOp::Divide,
            right: Box::new(Expr::Total { of: Box::new(count) }),
        };
        assert_eq!(reader.format(&share), NumberFormat::Fraction);
        assert!(reader.is_additive(&share));
        let percent = Expr::Arithmetic {
            left: Box::new(Expr::Literal(Literal::Integer(100))),
            op: ArithmeticOp::Multiply,
            right: Box::new(share),
        };
        assert_eq!(reader.format(&percent), NumberFormat::Percent);
    }
}
