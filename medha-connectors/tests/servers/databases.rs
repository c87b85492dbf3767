//! PostgreSQL and MySQL or MariaDB: each test has a database of its own.

use libtest_mimic::Trial;

#[allow(unused_imports, reason = "for the modules that look for servers of their own")]
pub(crate) use crate::harness::answers;
use crate::harness::{Outside, trial};
pub(crate) use crate::servers::{Server, load};

static POSTGRES: Outside = Outside::new("PostgreSQL", || answers(&Server::Postgres.address()));
static MYSQL: Outside = Outside::new("MySQL or MariaDB", || answers(&Server::MySql.address()));

/// A test that is given the address of a database that is made for it and removed after it.
pub(crate) fn with_database<F>(
    server: Server,
    name: impl Into<String>,
    test: impl FnOnce(String) -> F + Send + 'static,
) -> Trial
where
    F: Future<Output = ()>,
{
    let outside = match server {
        Server::Postgres => &POSTGRES,
        Server::MySql => &MYSQL,
    };
    trial(outside, name, move |_| server.with_database(test))
}

/// Functions that are given the address of a database, as tests of a module.
macro_rules! on_database {
    ($module:literal, $server:expr, $($test:ident),+ $(,)?) => {
        vec![$($crate::databases::with_database($server, concat!($module, "::", stringify!($test)), $test)),+]
    };
}
pub(crate) use on_database;
