//! A driver that nobody here knows more of than its interface; SQLite's stands for all of them.

use std::path::Path;

use adbc_core::options::{AdbcVersion, OptionDatabase, OptionValue};
use adbc_core::{Connection, Database, Driver, Statement};
use adbc_driver_manager::ManagedDriver;
use libtest_mimic::Trial;
use medha_connectors::{ColumnKind, ConnectionConfig, Dialect, TableKind, Value};

use crate::adbc::{ask, options};
use crate::harness::{Outside, trial};

static ADBC_SQLITE: Outside = Outside::new("ADBC driver of SQLite", || {
    let said = std::env::var("MEDHA_TEST_ADBC_SQLITE").ok().filter(|path| Path::new(path).is_file());
    said.ok_or_else(|| {
        "MEDHA_TEST_ADBC_SQLITE is no file; \"pip install adbc-driver-sqlite\" has a libadbc_driver_sqlite.so, whose path it is"
            .to_owned()
    })
});

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial(&ADBC_SQLITE, "adbc_any::it_describes_and_answers", it_describes_and_answers)]
}

async fn it_describes_and_answers(driver: String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.sqlite");
    let mut owner = ManagedDriver::load_dynamic_from_filename(&driver, None, AdbcVersion::V110).unwrap();
    let uri = (OptionDatabase::from("uri"), OptionValue::String(path.to_str().unwrap().to_owned()));
    let mut connection = owner.new_database_with_opts([uri]).unwrap().new_connection().unwrap();
    for sql in [
        "CREATE TABLE stores (number INTEGER PRIMARY KEY, city TEXT NOT NULL)",
        "CREATE TABLE sales (id INTEGER PRIMARY KEY, store INTEGER REFERENCES stores (number), price REAL)",
        "CREATE VIEW cheap AS SELECT * FROM sales WHERE price < 1",
        "INSERT INTO stores VALUES (1, 'Oslo'), (2, 'Rome')",
        "INSERT INTO sales VALUES (1, 1, 0.5), (2, 1, 9.5)",
    ] {
        let mut statement = connection.new_statement().unwrap();
        statement.set_sql_query(sql).unwrap();
        statement.execute_update().unwrap();
    }
    let mut config = ConnectionConfig::new(format!("adbc:{}", path.display()));
    config.options = options(&driver);
    let connector = config.open().await.unwrap();
    assert_eq!(connector.dialect(), Dialect::Sqlite, "by the name of the driver");
    let schema = connector.schema().await.unwrap();
    let kinds: Vec<_> = schema.tables.iter().map(|table| (table.name.as_str(), table.kind)).collect();
    assert_eq!(
        kinds,
        [("stores", TableKind::Table), ("sales", TableKind::Table), ("cheap", TableKind::View)],
        "{schema:?}"
    );
    let sales = schema.table("sales").unwrap();
    assert_eq!(sales.primary_key, ["id"]);
    assert_eq!(sales.foreign_keys[0].references, "stores");
    assert_eq!(sales.foreign_keys[0].referenced_columns, ["number"]);
    assert_eq!(sales.column("price").unwrap().kind, ColumnKind::Float);
    let sql = "SELECT city, sum(price) AS total FROM sales JOIN stores ON store = number GROUP BY city";
    let answer = ask(&*connector, sql).await.unwrap();
    assert_eq!(answer.rows, [[Value::Text("Oslo".to_owned()), Value::Float(10.0)]]);
}
