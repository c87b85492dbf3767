//! Two clinics in one database, a policy that shows one of them, and a database that holds only what it shows.

use std::collections::BTreeSet;
use std::sync::Arc;

use medha_connectors::{
    Connector, Dialect, Guard, Policy, QueryOptions, Schema, SqliteConnector, User, Value,
};

use crate::files::{Made, made, write};

/// What no answer may show: it stands in every protected text and in every table that is not there.
pub(crate) const CANARY: &str = "CANARY";

const TABLES: &str = "
    CREATE TABLE patients (patient_id INTEGER PRIMARY KEY, full_name TEXT, mail TEXT, insurance_no TEXT, born DATE, city TEXT,
        clinic TEXT, plan TEXT, created_on DATE, referrer_id INTEGER REFERENCES patients);
    CREATE TABLE visits (visit_id INTEGER PRIMARY KEY, patient_id INTEGER REFERENCES patients, clinic TEXT, visited_on DATE,
        reason TEXT, fee NUMERIC, updated_at TIMESTAMP, drop_in INTEGER);
    CREATE TABLE medicines (medicine_id INTEGER PRIMARY KEY, title TEXT, family TEXT, list_price NUMERIC, insert_day DATE);
    CREATE TABLE prescriptions (prescription_id INTEGER PRIMARY KEY, visit_id INTEGER REFERENCES visits,
        medicine_id INTEGER REFERENCES medicines, doses INTEGER, price NUMERIC);
    CREATE TABLE notes (note_id INTEGER PRIMARY KEY, kind TEXT, body TEXT);
    CREATE TABLE wages (person_id INTEGER PRIMARY KEY, person TEXT, wage NUMERIC);
    CREATE TABLE logins (login_id INTEGER PRIMARY KEY, login TEXT, secret TEXT);
    CREATE VIEW visit_list AS SELECT v.visit_id, v.visited_on, v.clinic, v.fee, p.plan, p.mail AS reach
        FROM visits v JOIN patients p ON p.patient_id = v.patient_id;";

const ROWS: &str = "
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60) INSERT INTO patients
        SELECT i, 'CANARYNAME' || i, CASE WHEN i % 5 THEN 'canarymail' || i || '@x' END, 'CANARYNO' || i,
            CASE WHEN i % 7 THEN 'CANARYBORN' || i END, substr('ABC', i % 3 + 1, 1),
            CASE WHEN i % 3 THEN 'North' ELSE 'South' END, substr('xyz', i % 4 + 1, 1), date('2024-01-01', i || ' days'),
            CASE WHEN i % 4 THEN i * 7 % 60 + 1 END FROM n;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 240) INSERT INTO visits
        SELECT i, CASE WHEN i % 31 THEN i * 11 % 60 + 1 END, CASE WHEN i % 2 THEN 'North' ELSE 'South' END,
            date('2025-01-01', i || ' days'), substr('pqr', i % 3 + 1, 1), CASE WHEN i % 13 THEN i * 37 % 90 END,
            datetime('2025-01-01', i || ' hours'), i % 2 FROM n;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12) INSERT INTO medicines
        SELECT i, 'Medicine ' || i, substr('uvw', i % 3 + 1, 1), i * 3, date('2023-01-01', i % 2 || ' days') FROM n;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) INSERT INTO prescriptions
        SELECT i, i * 7 % 240 + 1, i % 12 + 1, i % 4, i % 9 FROM n;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30) INSERT INTO notes
        SELECT i, substr('ab', i % 2 + 1, 1), '{\"k\": ' || i % 5 || '}' FROM n;
    INSERT INTO wages VALUES (1, 'CANARYPERSON', 9000), (2, 'CANARYPERSON2', 8000);
    INSERT INTO logins VALUES (1, 'CANARYLOGIN', 'CANARYSECRET');";

/// Takes away, and masks, what the policy does not show.
const RESTRICTION: &str = "
    DELETE FROM patients WHERE clinic IS NOT 'North';
    DELETE FROM visits WHERE clinic IS NOT 'North' OR patient_id IS NULL OR patient_id NOT IN (SELECT patient_id FROM patients);
    DELETE FROM prescriptions WHERE visit_id NOT IN (SELECT visit_id FROM visits);
    UPDATE patients SET full_name = CASE WHEN full_name IS NOT NULL THEN '***' END, mail = CASE WHEN mail IS NOT NULL THEN '***' END,
        insurance_no = CASE WHEN insurance_no IS NOT NULL THEN '***' END, born = CASE WHEN born IS NOT NULL THEN '***' END;
    DROP TABLE wages;
    DROP TABLE logins;";

const POLICY: &str = r#"{ "version": 1, "tables": {
    "patients": { "rows": [{ "keep": "clinic = :clinic" }], "protect": {
        "full_name": { "action": { "partial": { "first": 0, "last": 0 } } },
        "mail": { "action": { "partial": { "first": 0, "last": 0 } } },
        "born": { "action": { "partial": { "first": 0, "last": 0 } } },
        "insurance_no": { "action": "deny" } } },
    "visits": { "rows": [{ "keep": "clinic = :clinic" }] },
    "prescriptions": {}, "medicines": {}, "notes": {}, "visit_list": {} } }"#;

/// Both databases, open.
pub(crate) struct Clinic {
    pub(crate) full: SqliteConnector,
    pub(crate) restricted: SqliteConnector,
    pub(crate) schema: Arc<Schema>,
    pub(crate) restricted_schema: Arc<Schema>,
    _files: [Made; 2],
}

impl Clinic {
    pub(crate) async fn open() -> Self {
        let full = made(&format!("{TABLES}{ROWS}")).await;
        let restricted = made(&format!("{TABLES}{ROWS}")).await;
        sqlx::Connection::close(write(&restricted.path, RESTRICTION).await).await.unwrap();
        let (opened, opened_restricted) = (full.open().await, restricted.open().await);
        Self {
            schema: Arc::new(opened.schema().await.unwrap()),
            restricted_schema: Arc::new(opened_restricted.schema().await.unwrap()),
            full: opened,
            restricted: opened_restricted,
            _files: [full, restricted],
        }
    }

    /// The guard of somebody of the North clinic.
    pub(crate) fn guard(&self, dialect: Dialect) -> Guard {
        let user = User::new("nora").with_attribute("clinic", "North");
        self.guard_with(dialect, &serde_json::from_str(POLICY).unwrap(), &user)
    }

    pub(crate) fn guard_with(&self, dialect: Dialect, policy: &Policy, user: &User) -> Guard {
        self.unrestricted(dialect).with_policy(policy, user).unwrap()
    }

    /// A guard that knows the view and shows everything.
    pub(crate) fn unrestricted(&self, dialect: Dialect) -> Guard {
        let definition = TABLES.split("CREATE VIEW").nth(1).unwrap().trim_end_matches(';');
        let schema = match dialect {
            Dialect::Snowflake => Arc::new(in_capitals(&self.schema)),
            _ => Arc::clone(&self.schema),
        };
        let guard = Guard::new(dialect, schema).with_view("visit_list", format!("CREATE VIEW{definition}"));
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

/// Sums may be taken in another order.
fn written(value: &Value) -> String {
    match value {
        Value::Float(number) => format!("{number:.6}"),
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
