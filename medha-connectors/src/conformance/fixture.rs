//! The tables every connector is tested with.

use crate::dialect::Dialect;
use crate::value::{ColumnKind, Value};

/// What a connector must be able to tell from its database.
#[derive(Debug, Clone)]
pub struct Fixture {
    tables: Vec<FixtureTable>,
}

/// A table with its rows.
#[derive(Debug, Clone)]
pub struct FixtureTable {
    /// Its name.
    pub name: String,
    /// Its columns: name, kind and whether `NULL` is allowed.
    pub columns: Vec<(String, ColumnKind, bool)>,
    /// The columns of its primary key.
    pub primary_key: Vec<String>,
    /// A column here, the table it refers to, the column there.
    pub reference: Option<(String, String, String)>,
    /// Its rows.
    pub rows: Vec<Vec<Value>>,
}

/// Rows of the table `crowd`, more than any buffer between a database and us holds.
pub(crate) const CROWD: i64 = 1_000;

impl Fixture {
    pub(crate) fn new() -> Self {
        let text = |text: &str| Value::Text(text.to_owned());
        let people = FixtureTable {
            name: "people".to_owned(),
            columns: vec![
                ("id".to_owned(), ColumnKind::Integer, false),
                ("name".to_owned(), ColumnKind::Text, false),
                ("born".to_owned(), ColumnKind::Date, true),
                ("height".to_owned(), ColumnKind::Float, true),
                ("photo".to_owned(), ColumnKind::Blob, true),
                ("large".to_owned(), ColumnKind::Integer, true),
            ],
            primary_key: vec!["id".to_owned()],
            reference: None,
            rows: vec![
                vec![
                    Value::Integer(1),
                    text("Ada"),
                    text("1815-12-10"),
                    Value::Float(1.65),
                    Value::Blob(vec![0, 255, 16]),
                    Value::Integer(i64::MAX),
                ],
                vec![
                    Value::Integer(2),
                    text("Zoë O'Neil 漢字"),
                    text("2000-02-29"),
                    Value::Float(-0.1),
                    Value::Null,
                    Value::Integer(9_007_199_254_740_993),
                ],
                vec![Value::Integer(3), text(""), Value::Null, Value::Null, Value::Null, Value::Null],
            ],
        };
        let visits = FixtureTable {
            name: "visits".to_owned(),
            columns: vec![
                ("id".to_owned(), ColumnKind::Integer, false),
                ("person_id".to_owned(), ColumnKind::Integer, true),
            ],
            primary_key: vec!["id".to_owned()],
            reference: Some(("person_id".to_owned(), "people".to_owned(), "id".to_owned())),
            rows: Vec::new(),
        };
        let crowd = FixtureTable {
            name: "crowd".to_owned(),
            columns: vec![("n".to_owned(), ColumnKind::Integer, false)],
            primary_key: vec!["n".to_owned()],
            reference: None,
            rows: (1..=CROWD).map(|n| vec![Value::Integer(n)]).collect(),
        };
        Self { tables: vec![people, visits, crowd] }
    }

    /// The tables, those that are referred to first.
    #[must_use]
    pub fn tables(&self) -> &[FixtureTable] {
        &self.tables
    }

    /// Statements that make the tables and fill them.
    #[must_use]
    pub fn statements(&self, dialect: Dialect) -> Vec<String> {
        self.tables
            .iter()
            .flat_map(|table| [table.create(dialect), table.insert(dialect)])
            .flatten()
            .collect()
    }
}

impl FixtureTable {
    fn create(&self, dialect: Dialect) -> Option<String> {
        let mut parts: Vec<String> = self
            .columns
            .iter()
            .map(|(name, kind, nullable)| {
                format!("{name} {}{}", type_of(*kind, dialect), if *nullable { "" } else { " NOT NULL" })
            })
            .collect();
        if declares_keys(dialect) {
            parts.push(format!("PRIMARY KEY ({})", self.primary_key.join(", ")));
        }
        if let Some((column, table, there)) = self.reference.as_ref().filter(|_| declares_keys(dialect)) {
            parts.push(format!("FOREIGN KEY ({column}) REFERENCES {table} ({there})"));
        }
        Some(format!("CREATE TABLE {} ({})", self.name, parts.join(", ")))
    }

    fn insert(&self, dialect: Dialect) -> Option<String> {
        let row = |row: &Vec<Value>| {
            let values: Vec<String> = row.iter().map(|value| literal(value, dialect)).collect();
            format!("({})", values.join(", "))
        };
        let rows: Vec<String> = self.rows.iter().map(row).collect();
        (!rows.is_empty()).then(|| format!("INSERT INTO {} VALUES {}", self.name, rows.join(", ")))
    }
}

/// Whether the tables have keys. BigQuery enforces none, and its emulator cannot so much as declare them.
pub(crate) fn declares_keys(dialect: Dialect) -> bool {
    dialect != Dialect::BigQuery
}

fn type_of(kind: ColumnKind, dialect: Dialect) -> &'static str {
    match (kind, dialect) {
        (ColumnKind::Integer, Dialect::Sqlite) => "INTEGER",
        (ColumnKind::Integer, Dialect::Postgres | Dialect::MySql | Dialect::Snowflake | Dialect::DuckDb) => {
            "BIGINT"
        }
        (ColumnKind::Integer, Dialect::BigQuery) => "INT64",
        (ColumnKind::Float, Dialect::Snowflake) => "DOUBLE",
        (ColumnKind::Float, Dialect::BigQuery) => "FLOAT64",
        (ColumnKind::Float, Dialect::Sqlite) => "REAL",
        (ColumnKind::Float, Dialect::Postgres) => "DOUBLE PRECISION",
        (ColumnKind::Float, Dialect::MySql | Dialect::DuckDb) => "DOUBLE",
        (ColumnKind::Date, _) => "DATE",
        (ColumnKind::Blob, Dialect::Postgres) => "BYTEA",
        (ColumnKind::Blob, Dialect::Sqlite | Dialect::MySql | Dialect::DuckDb) => "BLOB",
        (ColumnKind::Blob, Dialect::Snowflake) => "BINARY",
        (ColumnKind::Blob, Dialect::BigQuery) => "BYTES",
        (ColumnKind::Boolean, Dialect::BigQuery) => "BOOL",
        (ColumnKind::Decimal, Dialect::BigQuery) => "BIGNUMERIC",
        (ColumnKind::Boolean, _) => "BOOLEAN",
        (ColumnKind::Decimal, _) => "DECIMAL(30, 10)",
        (ColumnKind::DateTime, Dialect::Postgres | Dialect::DuckDb) => "TIMESTAMP",
        (ColumnKind::DateTime, Dialect::Snowflake) => "TIMESTAMP_NTZ",
        (ColumnKind::DateTime, Dialect::Sqlite | Dialect::MySql | Dialect::BigQuery) => "DATETIME",
        (ColumnKind::Time, _) => "TIME",
        (ColumnKind::Text | ColumnKind::Unknown, Dialect::BigQuery) => "STRING",
        (ColumnKind::Text | ColumnKind::Unknown, _) => "TEXT",
    }
}

fn literal(value: &Value, dialect: Dialect) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Decimal(digits) => digits.clone(),
        Value::Text(text) if dialect == Dialect::BigQuery => format!("'{}'", text.replace('\'', "\\'")),
        Value::Text(text) => format!("'{}'", text.replace('\'', "''")),
        Value::Blob(bytes) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            match dialect {
                Dialect::Sqlite | Dialect::MySql | Dialect::Snowflake => format!("x'{digits}'"),
                Dialect::BigQuery => format!("FROM_HEX('{digits}')"),
                Dialect::Postgres => format!("'\\x{digits}'"),
                Dialect::DuckDb => format!("unhex('{digits}')"),
            }
        }
    }
}
