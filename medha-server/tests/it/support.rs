//! The binary, a sample database that is always the same, and SQL written by hand to check it with.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, LazyLock};

use jiff::civil::date;
use medha_connectors::{
    Connector as _, Dialect, Guard, QueryOptions, Schema, SqliteConnector, Value, sample,
};
use sqlx::ConnectOptions as _;
use tempfile::TempDir;

/// The day after the last day of the sample.
pub(crate) const NOW: &str = "2025-07-01";

static SAMPLE: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("business.sqlite");
    block_on(sample::generate(&path, 7, date(2025, 6, 30))).unwrap();
    folder
});

/// A sample that ends on 2025-06-30, with its model beside it, made once for all tests.
pub(crate) fn business() -> PathBuf {
    SAMPLE.path().join("business.sqlite")
}

/// The binary, with a data folder of its own and nothing of the surrounding environment that matters to it.
pub(crate) fn medha(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_medha"));
    command
        .env("MEDHA_DATA_DIR", data)
        .env("HOME", data)
        .env_remove("MEDHA_ADDR")
        .env_remove("MEDHA_LOG")
        .env_remove("MEDHA_AUDIT")
        .env_remove("MEDHA_CONFIG")
        .env_remove("MEDHA_DATABASE")
        .env_remove("MEDHA_MODEL")
        .env_remove("MEDHA_POLICY")
        .env_remove("MEDHA_USER")
        .env("XDG_CONFIG_HOME", data)
        .env_remove("MEDHA_REDIS_URL")
        .env("COLUMNS", "100")
        .stdin(Stdio::null());
    command
}

/// Asks the business something, on the day after its last, with more arguments.
pub(crate) fn ask(question: &str, more: &[&str]) -> Output {
    let mut command = medha(SAMPLE.path());
    command.args(["ask", "--now", NOW, "-d"]).arg(business()).args(more).arg(question);
    command.output().unwrap()
}

/// Runs a command that reads `input`.
pub(crate) fn run_with_input(mut command: Command, input: &[u8]) -> Output {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It may stop reading before the end.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

static SCHEMA: LazyLock<Arc<Schema>> = LazyLock::new(|| {
    let path = business();
    block_on(async { Arc::new(SqliteConnector::open(path).await.unwrap().schema().await.unwrap()) })
});

/// The rows of a query over the business, written by hand.
pub(crate) fn rows(sql: &str) -> Vec<Vec<Value>> {
    let guarded = Guard::new(Dialect::Sqlite, Arc::clone(&SCHEMA)).check(sql, 10_000).unwrap();
    let path = business();
    block_on(async {
        let connector = SqliteConnector::open(path).await.unwrap();
        connector.query(&guarded, QueryOptions::default()).await.unwrap().collect().await.unwrap().rows
    })
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Makes a database with SQL, and may keep it locked.
pub(crate) struct Writer {
    runtime: tokio::runtime::Runtime,
    connection: sqlx::SqliteConnection,
}

impl Writer {
    pub(crate) fn create(path: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true);
        let connection = runtime.block_on(options.connect()).unwrap();
        Self { runtime, connection }
    }

    pub(crate) fn run(&mut self, sql: &str) -> &mut Self {
        let statement = sqlx::raw_sql(sqlx::AssertSqlSafe(sql));
        self.runtime.block_on(statement.execute(&mut self.connection)).unwrap();
        self
    }
}
