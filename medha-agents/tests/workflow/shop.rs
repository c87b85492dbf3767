//! A small shop: its database, its model, the plans that tests ask for, and connectors that misbehave.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, date};
use medha_agents::analyst::{
    Analyst, AnalystOptions, Answer, AskRequest, AuditTrail, Clock, QuestionPlanner,
};
use medha_agents::plan::{AnalysisPlan, Expr, FieldRef, Grain, Order, Output, TimeRange};
use medha_agents::planner::{Abstention, Intent, Planned, PlannedStep, Question, Understanding};
use medha_agents::semantic::{SemanticModel, ossie};
use medha_connectors::{
    Connector, ConnectorError, Dialect, GuardedSql, QueryOptions, RowStream, Schema, SqliteConnector,
};
use sqlx::Executor;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use tempfile::TempDir;

const TABLES: &str = "
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, segment TEXT);
INSERT INTO customers VALUES (1, 'Ada', 'Enterprise'), (2, 'Bo', 'SMB'), (3, 'Cy', 'SMB');
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), ordered_at TEXT, amount REAL, note TEXT);
INSERT INTO orders VALUES
  (1, 1, '2024-02-10', 100, NULL), (2, 2, '2024-03-10', 50, NULL), (3, 3, '2024-12-01', 1000, NULL),
  (4, 1, '2025-01-05', 150, NULL), (5, 2, '2025-02-05', 60, NULL), (6, 3, '2025-03-05', 15, NULL),
  (7, 1, '2025-04-05', 75, NULL);
";

const MODEL: &str = r#"
version: 0.2.0.dev0
semantic_model:
  - name: shop
    datasets:
      - name: customers
        source: customers
        primary_key: [id]
        fields:
          - {name: id, datatype: Integer, expression: {dialects: [{dialect: ANSI_SQL, expression: id}]}}
          - {name: name, datatype: String, expression: {dialects: [{dialect: ANSI_SQL, expression: name}]}}
          - {name: segment, datatype: String, expression: {dialects: [{dialect: ANSI_SQL, expression: segment}]}}
        custom_extensions: [{vendor_name: AGENTMEDHA, data: {label_fields: [name]}}]
      - name: orders
        source: orders
        primary_key: [id]
        fields:
          - {name: id, datatype: Integer, expression: {dialects: [{dialect: ANSI_SQL, expression: id}]}}
          - {name: customer_id, datatype: Integer, expression: {dialects: [{dialect: ANSI_SQL, expression: customer_id}]}}
          - {name: ordered_at, datatype: Date, dimension: {is_time: true}, expression: {dialects: [{dialect: ANSI_SQL, expression: ordered_at}]}}
          - {name: amount, datatype: Float, expression: {dialects: [{dialect: ANSI_SQL, expression: amount}]}}
          - {name: note, datatype: String, expression: {dialects: [{dialect: ANSI_SQL, expression: note}]}}
        custom_extensions: [{vendor_name: AGENTMEDHA, data: {default_time: ordered_at}}]
    relationships:
      - {name: orders_customer, from: orders, to: customers, from_columns: [customer_id], to_columns: [id]}
    metrics:
      - name: revenue
        expression: {dialects: [{dialect: ANSI_SQL, expression: "SUM(orders.amount)"}]}
        custom_extensions: [{vendor_name: AGENTMEDHA, data: {dataset: orders, time: orders.ordered_at, format: currency, additivity: additive}}]
    custom_extensions: [{vendor_name: AGENTMEDHA, data: {currency: USD}}]
"#;

/// A database in a folder of its own, and its analyst.
pub(crate) struct Shop {
    folder: TempDir,
    planner: Arc<Scripted>,
}

impl Shop {
    pub(crate) async fn open(script: impl IntoIterator<Item = (&'static str, Understanding)>) -> Self {
        let shop = Self { folder: tempfile::tempdir().unwrap(), planner: Arc::new(Scripted::new(script)) };
        shop.run(TABLES).await;
        shop
    }

    /// Changes the database from outside.
    pub(crate) async fn run(&self, sql: &str) {
        let options = SqliteConnectOptions::new().filename(self.path()).create_if_missing(true);
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
        pool.execute(sqlx::AssertSqlSafe(sql.to_owned())).await.unwrap();
        pool.close().await;
    }

    pub(crate) async fn connector(&self) -> SqliteConnector {
        SqliteConnector::open(&self.path()).await.unwrap()
    }

    pub(crate) async fn analyst(&self) -> Analyst {
        let connector = self.connector().await;
        let schema = connector.schema().await.unwrap();
        self.analyst_over(Arc::new(connector), schema)
    }

    pub(crate) fn analyst_over(&self, connector: Arc<dyn Connector>, schema: Schema) -> Analyst {
        self.analyst_noting(connector, schema, None)
    }

    /// The same with an audit record.
    pub(crate) fn analyst_noting(
        &self,
        connector: Arc<dyn Connector>,
        schema: Schema,
        audit: Option<AuditTrail>,
    ) -> Analyst {
        let mut model = model();
        model.observe(&schema);
        let options = AnalystOptions { clock: Arc::new(Noon), audit, ..AnalystOptions::default() };
        Analyst::with_planner(connector, Arc::new(schema), Arc::new(model), self.planner.clone(), options)
            .unwrap()
    }

    pub(crate) async fn ask(&self, question: &str) -> Answer {
        self.analyst().await.ask(asking(question)).await
    }

    fn path(&self) -> std::path::PathBuf {
        Path::new(self.folder.path()).join("shop.sqlite")
    }
}

pub(crate) fn model() -> SemanticModel {
    ossie::read(MODEL).unwrap()
}

pub(crate) fn asking(question: &str) -> AskRequest {
    AskRequest { now: Some(now()), run_id: Some("run-1".into()), ..AskRequest::new(question) }
}

pub(crate) fn now() -> DateTime {
    date(2025, 4, 6).at(12, 0, 0, 0)
}

/// A clock that stands still.
#[derive(Debug)]
struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        "2025-04-06T12:00:00Z".parse().unwrap()
    }
}

/// A planner that knows a few questions by heart.
#[derive(Debug)]
pub(crate) struct Scripted {
    known: HashMap<&'static str, Understanding>,
}

impl Scripted {
    fn new(script: impl IntoIterator<Item = (&'static str, Understanding)>) -> Self {
        Self { known: script.into_iter().collect() }
    }
}

impl QuestionPlanner for Scripted {
    fn understand(&self, question: &Question<'_>) -> Understanding {
        self.known.get(question.text).cloned().unwrap_or_else(|| {
            let reason = format!("{:?} is not in the script", question.text);
            Understanding::NotUnderstood(Abstention { reason, ..Abstention::default() })
        })
    }

    fn follow_ups(&self, _: &[PlannedStep], _: DateTime) -> Vec<String> {
        let mut all: Vec<String> = self.known.keys().map(|question| (*question).to_owned()).collect();
        all.push("a question nobody understands".into());
        all.sort();
        all
    }
}

pub(crate) fn planned(steps: impl IntoIterator<Item = PlannedStep>) -> Understanding {
    Understanding::Planned(Planned { steps: steps.into_iter().collect(), assumptions: Vec::new() })
}

fn step<const N: usize>(title: &str, intent: Intent, outputs: [(&str, Expr); N]) -> PlannedStep {
    let outputs = outputs.into_iter().map(|(name, expr)| Output { expr, name: name.to_owned() }).collect();
    let plan = AnalysisPlan { subject: "orders".into(), outputs, ..AnalysisPlan::default() };
    PlannedStep { title: title.into(), intent, plan }
}

fn field(dataset: &str, field: &str) -> FieldRef {
    FieldRef { dataset: dataset.into(), field: field.into(), via: None }
}

fn revenue() -> Expr {
    Expr::Metric("revenue".into())
}

/// Revenue, as one number.
pub(crate) fn total() -> PlannedStep {
    step("revenue", Intent::Number, [("revenue", revenue())])
}

/// Revenue by segment, the most first.
pub(crate) fn by_segment() -> PlannedStep {
    let outputs = [("segment", Expr::Field(field("customers", "segment"))), ("revenue", revenue())];
    let mut step = step("revenue by segment", Intent::Breakdown, outputs);
    step.plan.order = vec![Order { expr: revenue(), descending: true }];
    step
}

/// Revenue by month.
pub(crate) fn by_month() -> PlannedStep {
    let month = Expr::Bucket { field: field("orders", "ordered_at"), grain: Grain::Month };
    let mut step =
        step("revenue by month", Intent::Trend, [("month", month.clone()), ("revenue", revenue())]);
    step.plan.order = vec![Order { expr: month, descending: false }];
    step
}

/// The notes of orders: a column of nothing but NULL.
pub(crate) fn notes() -> PlannedStep {
    step("notes", Intent::List, [("note", Expr::Field(field("orders", "note")))])
}

pub(crate) fn during(mut step: PlannedStep, start: Date, end: Date, label: &str) -> PlannedStep {
    let at = |date: Date| Some(date.at(0, 0, 0, 0));
    step.plan.time = Some(TimeRange {
        field: field("orders", "ordered_at"),
        start: at(start),
        end: at(end),
        label: label.into(),
    });
    step
}

pub(crate) fn this_year(step: PlannedStep) -> PlannedStep {
    during(step, date(2025, 1, 1), date(2026, 1, 1), "this year (2025)")
}

/// A database that describes itself as the shop does and answers queries in one bad way.
#[derive(Debug)]
pub(crate) struct Misbehaving {
    pub(crate) schema: Schema,
    pub(crate) how: How,
}

#[derive(Debug, Clone)]
pub(crate) enum How {
    /// Never answers.
    Silent,
    /// Fails with these words.
    Says(&'static str),
    /// Must not be asked.
    Untouchable,
}

#[async_trait]
impl Connector for Misbehaving {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    async fn schema(&self) -> Result<Schema, ConnectorError> {
        Ok(self.schema.clone())
    }

    async fn explain(&self, _: &GuardedSql) -> Result<String, ConnectorError> {
        Ok(String::new())
    }

    async fn query(&self, _: &GuardedSql, _: QueryOptions) -> Result<RowStream, ConnectorError> {
        match self.how {
            How::Silent => std::future::pending().await,
            How::Says(reason) => Err(ConnectorError::Query { reason: reason.into() }),
            How::Untouchable => panic!("a dry run asks nothing"),
        }
    }

    async fn ping(&self) -> Result<(), ConnectorError> {
        Ok(())
    }
}
