//! The suite, over every connector of the crate that needs nothing from outside; `tests/servers` runs it over the others.

use std::sync::Arc;

use medha_connectors::SqliteConnector;
use medha_connectors::conformance::{self, Fixture, Subject};
use medha_connectors::dummy::DummyConnector;
use medha_connectors::{
    Connector, ConnectorError, Dialect, Guard, GuardedSql, QueryOptions, RowStream, Schema,
};

use crate::files::made;

#[tokio::test]
async fn sqlite_passes() {
    let make = async |fixture: &Fixture| {
        let file = made(&fixture.statements(Dialect::Sqlite).join(";\n")).await;
        let connector = SqliteConnector::open(&file.path).await.unwrap();
        let endless = "SELECT count(*) FROM crowd AS a, crowd AS b, crowd AS c, crowd AS d WHERE a.n + b.n + c.n + d.n = 0";
        Subject::new(Arc::new(connector), endless).keeping(file)
    };
    conformance::run(make).await.unwrap();
}

#[tokio::test]
async fn the_dummy_passes() {
    conformance::run(dummy).await.unwrap();
}

async fn dummy(fixture: &Fixture) -> Subject {
    Subject::new(Arc::new(DummyConnector::new(fixture.tables().to_vec())), "SELECT count(*) FROM endless")
}

/// A connector that ignores its limits, does not say that there is more and forgets a table.
#[derive(Debug)]
struct Careless(DummyConnector);

#[async_trait::async_trait]
impl Connector for Careless {
    fn dialect(&self) -> Dialect {
        self.0.dialect()
    }

    async fn schema(&self) -> Result<Schema, ConnectorError> {
        let mut schema = self.0.schema().await?;
        schema.tables.retain(|table| table.name != "visits");
        Ok(schema)
    }

    async fn explain(&self, _sql: &GuardedSql) -> Result<String, ConnectorError> {
        Ok(String::new())
    }

    async fn query(&self, sql: &GuardedSql, options: QueryOptions) -> Result<RowStream, ConnectorError> {
        let unlimited = QueryOptions { max_rows: usize::MAX, max_bytes: usize::MAX, ..options };
        let rows = self.0.query(sql, unlimited.clone()).await?;
        Ok(RowStream::new(rows.columns().to_vec(), rows, &unlimited))
    }

    async fn ping(&self) -> Result<(), ConnectorError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_careless_connector_is_told_everything_that_is_wrong() {
    let make = async |fixture: &Fixture| {
        let careless = Careless(DummyConnector::new(fixture.tables().to_vec()));
        Subject::new(Arc::new(careless), "SELECT count(*) FROM endless")
    };
    let failures = conformance::run(make).await.unwrap_err();
    let checks: Vec<&str> = failures.failed.iter().map(|(check, _)| *check).collect();
    assert_eq!(
        checks,
        [
            "its schema has the tables, columns and keys",
            "values come back as they are",
            "columns may share a name and are known without rows",
            "the row cap is exact",
            "the byte cap ends the rows",
            "a plan is text",
        ]
    );
}

#[tokio::test]
async fn the_dummy_refuses_what_it_does_not_understand() {
    let subject = DummyConnector::new(Vec::new());
    let guard = Guard::new(subject.dialect(), subject.schema().await.unwrap().into());
    let sql = guard.check("SELECT n FROM endless WHERE n > 3", 10).unwrap();
    let error = subject.query(&sql, QueryOptions::default()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the database could not run the query: the dummy reads one table of its own: SELECT n FROM endless WHERE n > 3 LIMIT 11"
    );
}
