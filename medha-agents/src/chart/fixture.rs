//! Small results with the plans that would have asked for them, for tests of charts and insights.

use jiff::civil::{Date, DateTime, Time};
use medha_connectors::{ColumnKind, ResultColumn, ResultSet, Value};

use super::column::{Column, columns_of};
use crate::plan::{
    AggregateFunction, AnalysisPlan, ArithmeticOp, DatePart, Expr, FieldRef, Grain, Order, Output, TimeRange,
};
use crate::planner::{Intent, PlannedStep};
use crate::semantic::{Additivity, DataType, Dataset, Field, Metric, Role, SemanticModel};

/// A step, the model it was planned over, and its result.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) step: PlannedStep,
    pub(crate) model: SemanticModel,
    pub(crate) result: ResultSet,
}

impl Asked {
    pub(crate) fn new<const N: usize>(intent: Intent, outputs: [(&str, Expr); N]) -> Self {
        let outputs =
            outputs.into_iter().map(|(name, expr)| Output { expr, name: name.to_owned() }).collect();
        let plan = AnalysisPlan { subject: "orders".into(), outputs, ..AnalysisPlan::default() };
        Self {
            step: PlannedStep { title: "a title".into(), intent, plan },
            model: model(),
            result: ResultSet::default(),
        }
    }

    pub(crate) fn rows<const N: usize>(mut self, rows: impl IntoIterator<Item = [Value; N]>) -> Self {
        self.result.rows = rows.into_iter().map(Vec::from).collect();
        self.result.columns = (0..self.step.plan.outputs.len())
            .map(|index| {
                let kind =
                    self.result.rows.iter().map(|row| &row[index]).find(|value| **value != Value::Null);
                let kind = match kind {
                    Some(Value::Integer(_)) => ColumnKind::Integer,
                    Some(Value::Float(_)) => ColumnKind::Float,
                    Some(Value::Text(_)) => ColumnKind::Text,
                    _ => ColumnKind::Unknown,
                };
                ResultColumn { name: self.step.plan.outputs[index].name.clone(), kind }
            })
            .collect();
        self
    }

    pub(crate) fn top(mut self, output: usize, limit: u64) -> Self {
        self.step.plan.order =
            vec![Order { expr: self.step.plan.outputs[output].expr.clone(), descending: true }];
        self.step.plan.limit = Some(limit);
        self
    }

    pub(crate) fn during(mut self, start: Date, end: Date, label: &str) -> Self {
        let at = |date: Date| Some(date.to_datetime(Time::midnight()));
        self.step.plan.time = Some(TimeRange {
            field: field("orders", "ordered_at"),
            start: at(start),
            end: at(end),
            label: label.into(),
        });
        self
    }

    pub(crate) fn columns(&self) -> Vec<Column> {
        columns_of(&self.step.plan, &self.model, &self.result)
    }
}

pub(crate) fn now() -> DateTime {
    jiff::civil::date(2025, 11, 20).at(9, 30, 0, 0)
}

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

pub(crate) fn float(number: f64) -> Value {
    Value::Float(number)
}

pub(crate) fn field(dataset: &str, field: &str) -> FieldRef {
    FieldRef { dataset: dataset.into(), field: field.into(), via: None }
}

pub(crate) fn segment() -> Expr {
    Expr::Field(field("customers", "segment"))
}

pub(crate) fn region() -> Expr {
    Expr::Field(field("customers", "region"))
}

pub(crate) fn month() -> Expr {
    Expr::Bucket { field: field("orders", "ordered_at"), grain: Grain::Month }
}

pub(crate) fn weekday() -> Expr {
    Expr::Part { field: field("orders", "ordered_at"), part: DatePart::DayOfWeek }
}

pub(crate) fn revenue() -> Expr {
    Expr::Metric("revenue".into())
}

pub(crate) fn orders() -> Expr {
    Expr::Count { dataset: "orders".into() }
}

pub(crate) fn average(of: Expr) -> Expr {
    Expr::Aggregate { function: AggregateFunction::Average, of: Box::new(of) }
}

pub(crate) fn share(of: Expr) -> Expr {
    Expr::Arithmetic {
        left: Box::new(of.clone()),
        op: ArithmeticOp::Divide,
        right: Box::new(Expr::Total { of: Box::new(of) }),
    }
}

/// `(month, revenue)` rows for the first months of a year.
pub(crate) fn months(year: i16, numbers: &[f64]) -> Vec<[Value; 2]> {
    let row = |(index, number): (usize, &f64)| {
        [text(&format!("{}-{:02}", year + (index / 12) as i16, index % 12 + 1)), float(*number)]
    };
    numbers.iter().enumerate().map(row).collect()
}

/// A small business: orders of customers, with revenue in dollars.
pub(crate) fn model() -> SemanticModel {
    let plain = |name: &str, role: Role, data_type: DataType| Field {
        name: name.into(),
        expression: name.into(),
        data_type,
        role,
        ..Field::default()
    };
    let orders = Dataset {
        name: "orders".into(),
        source: "orders".into(),
        fields: vec![
            plain("ordered_at", Role::Time, DataType::DateTime),
            plain("minutes", Role::Measure, DataType::Integer),
        ],
        ..Dataset::default()
    };
    let customers = Dataset {
        name: "customers".into(),
        source: "customers".into(),
        fields: vec![
            plain("id", Role::Key, DataType::Integer),
            plain("segment", Role::Dimension, DataType::String),
            plain("region", Role::Dimension, DataType::String),
            plain("first_name", Role::Dimension, DataType::String),
            plain("last_name", Role::Dimension, DataType::String),
        ],
        label_fields: vec!["first_name".into(), "last_name".into()],
        ..Dataset::default()
    };
    let metric = |name: &str, format: &str, additivity: Additivity| Metric {
        name: name.into(),
        expression: "SUM(orders.amount)".into(),
        dataset: "orders".into(),
        time: Some("orders.ordered_at".into()),
        format: Some(format.into()),
        additivity,
        higher_is_better: Some(true),
        ..Metric::default()
    };
    SemanticModel {
        name: "shop".into(),
        datasets: vec![orders, customers],
        metrics: vec![
            metric("revenue", "currency", Additivity::Additive),
            metric("profit", "currency", Additivity::Additive),
            metric("margin", "percent", Additivity::Non),
        ],
        currency: Some("USD".into()),
        ..SemanticModel::default()
    }
}
