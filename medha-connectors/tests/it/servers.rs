//! Database servers for tests: those that answer. `MEDHA_TEST_POSTGRES` and `MEDHA_TEST_MYSQL` say where (a user that may
//! create databases), else it is the usual port of this machine. With `MEDHA_TEST_REQUIRE_SERVERS=1` a server that does
//! not answer fails the test; without, the test says what it has skipped.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Server {
    #[cfg(feature = "postgres")]
    Postgres,
    #[cfg(feature = "mysql")]
    MySql,
}

impl Server {
    fn address(self) -> String {
        let (variable, default) = match self {
            #[cfg(feature = "postgres")]
            Self::Postgres => ("MEDHA_TEST_POSTGRES", "postgres://postgres@127.0.0.1:5432/postgres"),
            #[cfg(feature = "mysql")]
            Self::MySql => ("MEDHA_TEST_MYSQL", "mysql://root@127.0.0.1:3306/mysql"),
        };
        std::env::var(variable).unwrap_or_else(|_| default.to_owned())
    }

    async fn connect(self) -> Option<DatabaseConnection> {
        let mut options = ConnectOptions::new(self.address());
        options
            .max_connections(1)
            .connect_timeout(Duration::from_secs(5))
            .acquire_timeout(Duration::from_secs(5));
        match Database::connect(options).await {
            Ok(connection) => Some(connection),
            Err(error) if std::env::var("MEDHA_TEST_REQUIRE_SERVERS").is_ok_and(|value| value == "1") => {
                panic!("{self:?} does not answer at {}: {error}", self.address())
            }
            Err(error) => {
                println!("skipped: {self:?} does not answer at {}: {error}", self.address());
                None
            }
        }
    }

    /// Runs a test with the address of a database of its own, if the server answers.
    pub(crate) async fn with_database<F>(self, test: impl FnOnce(String) -> F)
    where
        F: Future<Output = ()>,
    {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let Some(admin) = self.connect().await else { return };
        let name = format!("medha_test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst));
        admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
        let (base, _) =
            self.address().rsplit_once('/').map(|(base, rest)| (base.to_owned(), rest.to_owned())).unwrap();
        let ended = AssertUnwindSafe(test(format!("{base}/{name}"))).catch_unwind().await;
        let force = match self {
            #[cfg(feature = "postgres")]
            Self::Postgres => " WITH (FORCE)",
            #[cfg(feature = "mysql")]
            Self::MySql => "",
        };
        admin.execute_unprepared(&format!("DROP DATABASE {name}{force}")).await.unwrap();
        if let Err(panicked) = ended {
            std::panic::resume_unwind(panicked);
        }
    }
}

/// Runs statements in a database.
pub(crate) async fn load(url: &str, statements: &[String]) {
    let connection = Database::connect(ConnectOptions::new(url)).await.unwrap();
    for statement in statements {
        connection.execute_unprepared(statement).await.unwrap();
    }
    connection.close().await.unwrap();
}
