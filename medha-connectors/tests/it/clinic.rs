//! Two clinics in one database, a policy that shows one of them, and a database that holds only what it shows.

use std::collections::BTreeSet;
use std::sync::Arc;

use medha_connectors::{
    Connector, Dialect, Guard, Policy, QueryOptions, Schema, SqliteConnector, User, Value,
};

use crate::clinic_cases::{CANARY, Case, ROWS, TABLES, VIEW};
use crate::files::{Made, made, write};

/// Both databases, open.
pub(crate) struct Clinic {
    pub(crate) full: SqliteConnector,
    pub(crate) restricted: SqliteConnector,
    pub(crate) schema: Arc<Schema>,
    pub(crate) restricted_schema: Arc<Schema>,
    case: Case,
    _files: [Made; 2],
}

impl Clinic {
    pub(crate) async fn open() -> Self {
        Self::of(Case::north()).await
    }

    /// The clinic under another policy.
    pub(crate) async fn of(case: Case) -> Self {
        let full = made(&format!("{TABLES}{VIEW};{ROWS}")).await;
        let restricted = made(&format!("{TABLES}{VIEW};{ROWS}")).await;
        sqlx::Connection::close(write(&restricted.path, &case.restriction).await).await.unwrap();
        let (opened, opened_restricted) = (full.open().await, restricted.open().await);
        Self {
            schema: Arc::new(opened.schema().await.unwrap()),
            restricted_schema: Arc::new(opened_restricted.schema().await.unwrap()),
            full: opened,
            restricted: opened_restricted,
            case,
            _files: [full, restricted],
        }
    }

    /// The guard of somebody of the North clinic.
    pub(crate) fn guard(&self, dialect: Dialect) -> Guard {
        let user = User::new("nora").with_attribute("clinic", "North");
        self.guard_with(dialect, &serde_json::from_str(&self.case.policy).unwrap(), &user)
    }

    pub(crate) fn guard_with(&self, dialect: Dialect, policy: &Policy, user: &User) -> Guard {
        self.unrestricted(dialect).with_policy(policy, user).unwrap()
    }

    /// A guard that knows the view and shows everything.
    pub(crate) fn unrestricted(&self, dialect: Dialect) -> Guard {
        let schema = match dialect {
            Dialect::Snowflake => Arc::new(in_capitals(&self.schema)),
            _ => Arc::clone(&self.schema),
        };
        let guard = Guard::new(dialect, schema).with_view("visit_list", VIEW);
        match dialect {
            Dialect::Snowflake => guard.with_namespace("ANALYTICS.PUBLIC"),
            Dialect::BigQuery => guard.with_namespace("proj.clinic"),
            Dialect::MySql => guard.with_namespace("clinic"),
            _ => guard,
        }
    }

    /// What the guarded statement shows of the full database.
    pub(crate) async fn guarded(&self, guard: &Guard, sql: &str) -> Vec<String> {
        let sql = guard.check(sql, MAX_ROWS).unwrap_or_else(|error| panic!("{sql}: {error}"));
        answer(&self.full, &sql).await
    }

    /// What the statement shows of the restricted database.
    pub(crate) async fn plain(&self, sql: &str) -> Vec<String> {
        let guard = Guard::new(Dialect::Sqlite, Arc::clone(&self.restricted_schema));
        let sql = guard.check(sql, MAX_ROWS).unwrap_or_else(|error| panic!("{sql}: {error}"));
        answer(&self.restricted, &sql).await
    }
}

const MAX_ROWS: usize = 10_000;

/// The rows as texts, in an order of their own.
pub(crate) async fn answer(connector: &SqliteConnector, sql: &medha_connectors::GuardedSql) -> Vec<String> {
    let rows = connector.query(sql, QueryOptions::default()).await;
    let rows = match rows {
        Ok(rows) => rows.collect().await,
        Err(error) => Err(error),
    };
    let rows = rows.unwrap_or_else(|error| panic!("{}: {error}", sql.as_str())).rows;
    let mut rows: Vec<String> =
        rows.iter().map(|row| row.iter().map(written).collect::<Vec<_>>().join("|")).collect();
    rows.sort();
    rows
}

/// Sums may be taken in another order, and where SQLite looks a number up among whole numbers, it goes on with a whole one.
fn written(value: &Value) -> String {
    match value {
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => format!("{number:.6}").trim_end_matches(".000000").to_owned(),
        other => format!("{other:?}"),
    }
}

pub(crate) fn shows_canary(rows: &[String]) -> bool {
    rows.iter().any(|row| row.to_uppercase().contains(CANARY))
}

fn in_capitals(schema: &Schema) -> Schema {
    let mut schema = schema.clone();
    for table in &mut schema.tables {
        table.name = table.name.to_uppercase();
        for name in table.columns.iter_mut().map(|column| &mut column.name).chain(&mut table.primary_key) {
            *name = name.to_uppercase();
        }
        for key in &mut table.foreign_keys {
            key.references = key.references.to_uppercase();
            key.columns
                .iter_mut()
                .chain(&mut key.referenced_columns)
                .for_each(|name| *name = name.to_uppercase());
        }
    }
    schema
}

/// The dialects a line of the corpus names.
pub(crate) fn dialects(named: &str) -> BTreeSet<&'static str> {
    const ALL: [&str; 5] = ["sqlite", "postgres", "mysql", "snowflake", "bigquery"];
    ALL.into_iter()
        .filter(|dialect| named == "all" || named.split(',').any(|name| name == *dialect))
        .collect()
}

pub(crate) fn dialect(name: &str) -> Dialect {
    match name {
        "postgres" => Dialect::Postgres,
        "mysql" => Dialect::MySql,
        "snowflake" => Dialect::Snowflake,
        "bigquery" => Dialect::BigQuery,
        _ => Dialect::Sqlite,
    }
}
