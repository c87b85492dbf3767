//! Database servers for tests. `MEDHA_TEST_POSTGRES` and `MEDHA_TEST_MYSQL` say where they are (a user that may create
//! databases), else it is the usual port of this machine.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, Statement};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Server {
    Postgres,
    MySql,
}

impl Server {
    pub(crate) fn address(self) -> String {
        let (variable, default) = match self {
            Self::Postgres => ("MEDHA_TEST_POSTGRES", "postgres://postgres@127.0.0.1:5432/postgres"),
            Self::MySql => ("MEDHA_TEST_MYSQL", "mysql://root@127.0.0.1:3306/mysql"),
        };
        std::env::var(variable).unwrap_or_else(|_| default.to_owned())
    }

    async fn connect(self) -> DatabaseConnection {
        let mut options = ConnectOptions::new(self.address());
        options
            .max_connections(1)
            .connect_timeout(Duration::from_secs(5))
            .acquire_timeout(Duration::from_secs(5));
        Database::connect(options).await.unwrap()
    }

    /// Runs a test with the address of a database of its own.
    pub(crate) async fn with_database<F>(self, test: impl FnOnce(String) -> F)
    where
        F: Future<Output = ()>,
    {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let admin = self.connect().await;
        let name = format!("medha_test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst));
        admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
        let (base, _) =
            self.address().rsplit_once('/').map(|(base, rest)| (base.to_owned(), rest.to_owned())).unwrap();
        let ended = AssertUnwindSafe(test(format!("{base}/{name}"))).catch_unwind().await;
        let force = match self {
            Self::Postgres => " WITH (FORCE)",
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

/// Somebody who sees what a server does in one database, from another one.
pub(crate) struct Admin {
    server: Server,
    connection: DatabaseConnection,
    database: String,
}

impl Admin {
    pub(crate) async fn of(server: Server, url: &str) -> Self {
        let database = url.rsplit('/').next().unwrap().to_owned();
        Self { server, connection: server.connect().await, database }
    }

    /// How many connections of a connector there are.
    pub(crate) async fn connections(&self) -> i64 {
        self.count("true", "true").await
    }

    /// How many of them work.
    pub(crate) async fn working(&self) -> i64 {
        self.count("state = 'active'", "command IN ('Query', 'Execute')").await
    }

    async fn count(&self, postgres: &str, mysql: &str) -> i64 {
        let database = &self.database;
        let sql = match self.server {
            Server::Postgres => format!(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}' AND application_name = 'medha' AND {postgres}"
            ),
            Server::MySql => {
                format!(
                    "SELECT count(*) FROM information_schema.processlist WHERE db = '{database}' AND {mysql}"
                )
            }
        };
        let statement = Statement::from_string(self.connection.get_database_backend(), sql);
        let row = self.connection.query_one_raw(statement).await.unwrap().unwrap();
        row.try_get_by_index(0).unwrap()
    }

    /// Ends all connections to the database.
    pub(crate) async fn kill_all(&self) {
        let database = &self.database;
        match self.server {
            Server::Postgres => {
                let sql = format!(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}' AND application_name = 'medha'"
                );
                self.connection.execute_unprepared(&sql).await.unwrap();
            }
            Server::MySql => {
                let sql = format!(
                    "SELECT CAST(id AS SIGNED) FROM information_schema.processlist WHERE db = '{database}'"
                );
                let statement = Statement::from_string(self.connection.get_database_backend(), sql);
                for row in self.connection.query_all_raw(statement).await.unwrap() {
                    let id: i64 = row.try_get_by_index(0).unwrap();
                    // One may have ended meanwhile.
                    let _ = self.connection.execute_unprepared(&format!("KILL {id}")).await;
                }
            }
        }
    }
}
