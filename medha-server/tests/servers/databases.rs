//! Databases of servers for tests. `MEDHA_TEST_POSTGRES` and `MEDHA_TEST_MYSQL` say where they are (a user that may create
//! databases), else it is the usual port of this machine.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU32, Ordering};

use libtest_mimic::Trial;
use sqlx::{AssertSqlSafe, Connection as _, Database, Executor, MySql, Postgres};

use crate::harness::{Outside, answers, trial};

static POSTGRES: Outside = Outside::new("PostgreSQL", || {
    answers(&address("MEDHA_TEST_POSTGRES", "postgres://postgres@127.0.0.1:5432/postgres"))
});
static MYSQL: Outside = Outside::new("MySQL or MariaDB", || {
    answers(&address("MEDHA_TEST_MYSQL", "mysql://root@127.0.0.1:3306/mysql"))
});

fn address(variable: &str, default: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| default.to_owned())
}

/// A test that is given the address of a database with these tables, removed after it.
pub(crate) fn on_postgres(name: &str, tables: &'static [&str], test: fn(&str)) -> Trial {
    trial(&POSTGRES, name, move |address| with_database::<Postgres>(address, tables, test))
}

/// The same in MySQL or MariaDB.
pub(crate) fn on_mysql(name: &str, tables: &'static [&str], test: fn(&str)) -> Trial {
    trial(&MYSQL, name, move |address| with_database::<MySql>(address, tables, test))
}

async fn with_database<D: Database>(address: String, tables: &[&'static str], test: fn(&str))
where
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
{
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("medha_cli_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst));
    let mut admin = D::Connection::connect(&address).await.unwrap();
    admin.execute(sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}")))).await.unwrap();
    let url = format!("{}/{name}", address.rsplit_once('/').unwrap().0);
    let mut connection = D::Connection::connect(&url).await.unwrap();
    for sql in tables {
        connection.execute(sqlx::raw_sql(AssertSqlSafe(*sql))).await.unwrap();
    }
    connection.close().await.unwrap();
    let ended = catch_unwind(AssertUnwindSafe(|| test(&url)));
    admin.execute(sqlx::raw_sql(AssertSqlSafe(format!("DROP DATABASE {name}")))).await.unwrap();
    if let Err(panicked) = ended {
        resume_unwind(panicked);
    }
}
