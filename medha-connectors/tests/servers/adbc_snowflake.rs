//! Snowflake through its own driver, with fakesnow on the other side: a program that speaks Snowflake's protocol over DuckDB.
//! It runs several statements where Snowflake runs one, so it says nothing about the guard.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use adbc_core::options::{AdbcVersion, OptionDatabase, OptionValue};
use adbc_core::{Connection, Database, Driver, Statement};
use adbc_driver_manager::ManagedDriver;
use libtest_mimic::Trial;
use medha_connectors::conformance::{self, Fixture, Lack, Subject};
use medha_connectors::{AdbcConnector, Connector, Dialect, Guard, QueryOptions, Value};

use crate::adbc::options;
use crate::harness::{Outside, trial};

static SNOWFLAKE: Outside = Outside::new("Snowflake driver and fakesnow", find);

/// Both paths, with a newline between.
fn find() -> Result<String, String> {
    let said = |name: &str, install: &str| match std::env::var(name) {
        Ok(path) if Path::new(&path).is_file() => Ok(path),
        Ok(path) => Err(format!("{path} of {name} is not there; {install}")),
        Err(_) => Err(format!("{name} is not said; {install}")),
    };
    let driver = said(
        "MEDHA_TEST_SNOWFLAKE",
        "\"pip install adbc-driver-snowflake\" has a libadbc_driver_snowflake.so, whose path it is",
    )?;
    let server = said(
        "MEDHA_TEST_FAKESNOW",
        "\"pip install 'fakesnow[server]' 'snowflake-connector-python<5'\" has a program fakesnow, whose path it is",
    )?;
    Ok(format!("{driver}\n{server}"))
}

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(&SNOWFLAKE, "adbc_snowflake::snowflake_passes_the_suite", |found| async move {
            let make = async |fixture: &Fixture| {
                let fake = FakeSnow::start(&found);
                fake.run(&fixture.statements(Dialect::Snowflake));
                Subject::new(Arc::new(fake.open().await), ENDLESS)
                    .lacking(Lack::ForeignKeys)
                    .lacking(Lack::Plans)
                    .keeping(fake)
            };
            conformance::run(make).await.unwrap();
        }),
        trial(&SNOWFLAKE, "adbc_snowflake::values_keep_their_meaning", |found| async move {
            let fake = FakeSnow::start(&found);
            fake.run(&["CREATE TABLE t (n NUMBER(38, 10), w NUMBER(38, 0), f DOUBLE, m TIMESTAMP_NTZ, z TIMESTAMP_TZ, v VARIANT, \
                        c TIME, b BOOLEAN, e TEXT)"
                .to_owned(),
                "INSERT INTO t SELECT 1234567890123456789012345678.5, 9223372036854775807, 0.1, '2024-02-29 12:30:00.5', \
                 '2024-02-29 12:30:00+02:00', parse_json('{\"a\": 1}'), '23:59:59', true, NULL"
                    .to_owned(),
            ]);
            let connector = fake.open().await;
            let guard = Guard::new(Dialect::Snowflake, Arc::new(connector.schema().await.unwrap()));
            let guarded = guard.check("SELECT n, w, f, m, z, c, b, e FROM t", 10).unwrap();
            let answer = async { connector.query(&guarded, QueryOptions::default()).await?.collect().await };
            let text = |text: &str| Value::Text(text.to_owned());
            assert_eq!(
                answer.await.unwrap().rows[0],
                [
                    Value::Decimal("1234567890123456789012345678.5000000000".to_owned()),
                    Value::Integer(i64::MAX),
                    Value::Float(0.1),
                    text("2024-02-29 12:30:00.5"),
                    text("2024-02-29 10:30:00+00"),
                    text("23:59:59"),
                    Value::Bool(true),
                    Value::Null,
                ]
            );
        }),
        trial(&SNOWFLAKE, "adbc_snowflake::no_error_repeats_a_password", |found| async move {
            let driver = found.lines().next().unwrap();
            let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let url = format!(
                "snowflake://me:hunter%40two@127.0.0.1:{nobody}/shop/public?account=a&protocol=http&loginTimeout=1"
            );
            let connector = AdbcConnector::open(url, &options(driver)).await.unwrap();
            let error = connector.ping().await.unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("cannot open \"snowflake://127.0.0.1:{nobody}/shop/public\"")),
                "{error}"
            );
            assert!(!error.contains("hunter"), "{error}");
            assert!(!format!("{connector:?}").contains("hunter"));
        }),
    ]
}

/// A second of work, not minutes: fakesnow only says that it has stopped a statement, and works on.
const ENDLESS: &str = "SELECT count(*) FROM crowd AS a, crowd AS b, crowd AS c \
     WHERE c.n <= 2 AND mod(a.n * 7919 + b.n * 104729 + c.n * 31, 1000003) = 1000002.5";

/// A server of its own, stopped when it is dropped.
struct FakeSnow {
    driver: String,
    port: u16,
    server: Child,
}

impl FakeSnow {
    fn start(found: &str) -> Self {
        let (driver, program) = found.split_once('\n').unwrap();
        // Free now; whoever takes it before the server does makes this test fail, not pass.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Command::new(program)
            .args(["-s", "--host", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let fake = Self { driver: driver.to_owned(), port, server };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started.elapsed() < Duration::from_secs(60), "fakesnow did not start");
            std::thread::yield_now();
        }
        fake.run(&[
            "CREATE DATABASE IF NOT EXISTS shop".to_owned(),
            "CREATE SCHEMA IF NOT EXISTS shop.public".to_owned(),
        ]);
        fake
    }

    fn address(&self) -> String {
        format!("me:hunter2@127.0.0.1:{}/shop/public?account=fakesnow&protocol=http", self.port)
    }

    async fn open(&self) -> AdbcConnector {
        AdbcConnector::open(format!("snowflake://{}", self.address()), &options(&self.driver)).await.unwrap()
    }

    /// Runs statements as the owner.
    fn run(&self, statements: &[String]) {
        let mut driver =
            ManagedDriver::load_dynamic_from_filename(&self.driver, None, AdbcVersion::V110).unwrap();
        let uri = (OptionDatabase::from("uri"), OptionValue::String(self.address()));
        let mut connection = driver.new_database_with_opts([uri]).unwrap().new_connection().unwrap();
        for sql in statements {
            let mut statement = connection.new_statement().unwrap();
            statement.set_sql_query(sql).unwrap();
            statement.execute_update().unwrap_or_else(|error| panic!("{sql}: {error}"));
        }
    }
}

impl Drop for FakeSnow {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
