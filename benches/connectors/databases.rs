//! Databases of servers, each for one measurement.

use medha_connectors::Dialect;
use sqlx::{AssertSqlSafe, Connection, Database, Executor};
use tokio::runtime::Runtime;

/// A database of its own on a server, if it answers.
pub(crate) fn on_server<D: Database>(runtime: &Runtime, dialect: Dialect, measure: impl FnOnce(&str))
where
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
{
    let (variable, default) = match dialect {
        Dialect::Postgres => ("MEDHA_TEST_POSTGRES", "postgres://postgres@127.0.0.1:5432/postgres"),
        _ => ("MEDHA_TEST_MYSQL", "mysql://root@127.0.0.1:3306/mysql"),
    };
    let address = std::env::var(variable).unwrap_or_else(|_| default.to_owned());
    let Ok(mut admin) = runtime.block_on(D::Connection::connect(&address)) else {
        println!("skipped: {dialect:?} does not answer at {address}");
        return;
    };
    let name = format!("medha_bench_{}", std::process::id());
    let mut run = |sql: String| {
        runtime.block_on(async { admin.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.unwrap() });
    };
    run(format!("CREATE DATABASE {name}"));
    measure(&format!("{}/{name}", address.rsplit_once('/').unwrap().0));
    let force = if dialect == Dialect::Postgres { " WITH (FORCE)" } else { "" };
    run(format!("DROP DATABASE {name}{force}"));
}
