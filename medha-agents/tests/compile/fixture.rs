//! A small shop, and short ways to write plans over it.

use std::sync::Arc;

use medha_agents::plan::{
    AggregateFunction, AnalysisPlan, ArithmeticOp, CompareOp, Expr, FieldRef, Filter, Grain, Literal,
    Operand, Order, Output, TimeRange, compile,
};
use medha_agents::semantic::{SemanticModel, ossie};
use medha_connectors::{Connector, Dialect, Guard, QueryOptions, SqliteConnector, Value};
use sqlx::Executor;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

pub(crate) fn model() -> SemanticModel {
    ossie::read(include_str!("shop.ossie.yaml")).unwrap()
}

/// The SQL of a plan for SQLite.
pub(crate) fn sql(plan: &AnalysisPlan) -> String {
    compile(plan, &model(), Dialect::Sqlite).unwrap().sql
}

/// The text of the error that a plan ends in.
pub(crate) fn error(plan: &AnalysisPlan) -> String {
    compile(plan, &model(), Dialect::Sqlite).unwrap_err().to_string()
}

/// The shop in a file of its own.
pub(crate) async fn database() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.sqlite");
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    pool.execute(include_str!("shop.sql")).await.unwrap();
    pool.close().await;
    (folder, path)
}

/// The rows of a plan, a line each, values between bars; `-` is `NULL`.
pub(crate) async fn rows(plan: &AnalysisPlan) -> Vec<String> {
    let (_folder, path) = database().await;
    let connector = SqliteConnector::open(&path).await.unwrap();
    let schema = connector.schema().await.unwrap();
    assert_eq!(model().check(&schema), [], "the model fits the database");
    let text = sql(plan);
    let guarded = Guard::new(Dialect::Sqlite, Arc::new(schema))
        .check(&text, 1000)
        .unwrap_or_else(|error| panic!("{error}\n{text}"));
    let stream = connector.query(&guarded, QueryOptions::default()).await.unwrap();
    let result = stream.collect().await.unwrap_or_else(|error| panic!("{error}\n{text}"));
    result.rows.iter().map(|row| row.iter().map(shown).collect::<Vec<_>>().join("|")).collect()
}

pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => format!("{}", (number * 1000.0).round() / 1000.0),
        Value::Text(text) => text.clone(),
        other => format!("{other:?}"),
    }
}

pub(crate) fn at(path: &str) -> FieldRef {
    let (dataset, field) = path.split_once('.').unwrap();
    let (field, via) =
        field.split_once('@').map_or((field, None), |(field, via)| (field, Some(via.to_owned())));
    FieldRef { dataset: dataset.into(), field: field.into(), via }
}

pub(crate) fn field(path: &str) -> Expr {
    Expr::Field(at(path))
}

pub(crate) fn metric(name: &str) -> Expr {
    Expr::Metric(name.into())
}

pub(crate) fn count(dataset: &str) -> Expr {
    Expr::Count { dataset: dataset.into() }
}

pub(crate) fn aggregate(function: AggregateFunction, of: Expr) -> Expr {
    Expr::Aggregate { function, of: Box::new(of) }
}

pub(crate) fn bucket(path: &str, grain: Grain) -> Expr {
    Expr::Bucket { field: at(path), grain }
}

pub(crate) fn arithmetic(left: Expr, op: ArithmeticOp, right: Expr) -> Expr {
    Expr::Arithmetic { left: Box::new(left), op, right: Box::new(right) }
}

pub(crate) fn text(text: &str) -> Literal {
    Literal::Text(text.into())
}

pub(crate) fn is(path: &str, value: Literal) -> Filter {
    compare(field(path), CompareOp::Equal, value)
}

pub(crate) fn compare(left: Expr, op: CompareOp, value: Literal) -> Filter {
    Filter::Compare { left, op, right: Operand::Literal(value) }
}

pub(crate) fn during(path: &str, start: &str, end: &str) -> TimeRange {
    let moment = |text: &str| text.parse().ok();
    TimeRange { field: at(path), start: moment(start), end: moment(end), label: String::new() }
}

pub(crate) fn descending(expr: Expr) -> Order {
    Order { expr, descending: true }
}

pub(crate) fn ascending(expr: Expr) -> Order {
    Order { expr, descending: false }
}

/// A plan with these outputs, named `a`, `b`, `c`, ...
pub(crate) fn plan(subject: &str, outputs: impl IntoIterator<Item = Expr>) -> AnalysisPlan {
    let names = ('a'..='z').map(String::from);
    AnalysisPlan {
        subject: subject.into(),
        outputs: outputs.into_iter().zip(names).map(|(expr, name)| Output { expr, name }).collect(),
        ..AnalysisPlan::default()
    }
}
