//! Queries on a server that are stopped, dropped, cut off or many at a time: the server's own list of what it does is looked
//! at.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::join_all;
use libtest_mimic::Trial;
use medha_connectors::{
    Connector, ConnectorError, Guard, GuardedSql, MySqlConnector, PostgresConnector, QueryOptions, Value,
};
use tokio_util::sync::CancellationToken;

use crate::databases::{Server, load, with_database};
use crate::servers::Admin;

pub(crate) fn trials() -> Vec<Trial> {
    let both = [(Server::Postgres, "limits::postgres"), (Server::MySql, "limits::mysql")];
    both.into_iter().flat_map(|(server, name)| of(server, name)).collect()
}

fn of(server: Server, module: &str) -> Vec<Trial> {
    macro_rules! on_subject {
        ($($test:ident),+ $(,)?) => {
            vec![$(with_database(server, format!("{module}::{}", stringify!($test)), move |url| async move {
                $test(Subject::over(server, &url).await).await;
            })),+]
        };
    }
    on_subject![
        a_deadline_stops_the_server,
        cancelling_and_dropping_stop_the_server,
        a_stream_read_halfway_costs_the_next_question_nothing,
        a_connection_that_died_unused_is_replaced_and_one_that_dies_at_work_is_told,
        two_hundred_questions_share_four_connections,
        the_caps_are_exact_and_the_rest_stays_on_the_server,
    ]
}

/// A database with a thousand numbers, a connector to it and somebody who sees what the server does.
struct Subject {
    connector: Arc<dyn Connector>,
    admin: Admin,
    guard: Guard,
}

const NUMBERS: &str = "SELECT n FROM numbers ORDER BY n";
const ENDLESS: &str =
    "SELECT count(*) FROM numbers a, numbers b, numbers c, numbers d WHERE a.n + b.n + c.n + d.n = 0";
const MANY: &str = "SELECT a.n, b.n FROM numbers a, numbers b";
/// Far less than what is waited for would take by itself.
const SOON: Duration = Duration::from_secs(5);

impl Subject {
    async fn over(server: Server, url: &str) -> Self {
        let rows: Vec<String> = (1..=1_000).map(|n| format!("({n})")).collect();
        let statements = [
            "CREATE TABLE numbers (n int PRIMARY KEY)".to_owned(),
            format!("INSERT INTO numbers VALUES {}", rows.join(", ")),
        ];
        load(url, &statements).await;
        let connector: Arc<dyn Connector> = match server {
            Server::Postgres => Arc::new(PostgresConnector::open(url).unwrap()),
            Server::MySql => Arc::new(MySqlConnector::open(url).unwrap()),
        };
        let guard = Guard::new(connector.dialect(), connector.schema().await.unwrap().into());
        Self { connector, admin: Admin::of(server, url).await, guard }
    }

    fn sql(&self, sql: &str) -> GuardedSql {
        self.guard.check(sql, 1_000_000).unwrap()
    }

    async fn answers(&self) {
        let answer = self.connector.query(&self.sql(NUMBERS), QueryOptions::default()).await.unwrap();
        assert_eq!(answer.collect().await.unwrap().rows.len(), 1_000);
    }

    /// Waits until the server works on nothing for us any more.
    async fn is_quiet(&self) {
        let asked = Instant::now();
        while self.admin.working().await > 0 {
            assert!(asked.elapsed() < SOON, "the server still works");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

async fn a_deadline_stops_the_server(subject: Subject) {
    for _ in 0..6 {
        let deadline = Duration::from_millis(150);
        let asked = Instant::now();
        let options = QueryOptions { deadline, ..Default::default() };
        let outcome =
            async { subject.connector.query(&subject.sql(ENDLESS), options).await?.collect().await };
        let error = outcome.await.unwrap_err();
        assert!(matches!(error, ConnectorError::Deadline { after } if after == deadline), "{error}");
        assert!(asked.elapsed() < deadline + Duration::from_secs(1), "{:?}", asked.elapsed());
        subject.is_quiet().await;
    }
    subject.answers().await;
}

async fn cancelling_and_dropping_stop_the_server(subject: Subject) {
    let cancel = CancellationToken::new();
    let options = QueryOptions { cancel: cancel.clone(), ..Default::default() };
    let mut rows = subject.connector.query(&subject.sql(ENDLESS), options.clone()).await.unwrap();
    let first = tokio::time::timeout(Duration::from_millis(100), rows.next()).await;
    assert!(first.is_err(), "it is endless");
    assert_eq!(subject.admin.working().await, 1);
    cancel.cancel();
    let error = rows.next().await.unwrap().unwrap_err();
    assert!(matches!(error, ConnectorError::Cancelled), "{error}");
    subject.is_quiet().await;
    let error = subject.connector.query(&subject.sql(NUMBERS), options).await.unwrap_err();
    assert!(matches!(error, ConnectorError::Cancelled), "{error}");

    // More often than the pool has connections.
    for _ in 0..6 {
        let mut rows = subject.connector.query(&subject.sql(ENDLESS), QueryOptions::default()).await.unwrap();
        assert!(tokio::time::timeout(Duration::from_millis(30), rows.next()).await.is_err());
    }
    subject.is_quiet().await;
    subject.answers().await;
}

/// A driver that reads the rest of a million rows before it goes on would take seconds for each of these.
async fn a_stream_read_halfway_costs_the_next_question_nothing(subject: Subject) {
    let asked = Instant::now();
    for _ in 0..6 {
        let options = QueryOptions { max_rows: 1_000_000, ..Default::default() };
        let mut rows = subject.connector.query(&subject.sql(MANY), options).await.unwrap();
        assert_eq!(rows.next().await.unwrap().unwrap().len(), 2);
        drop(rows);
        subject.answers().await;
    }
    subject.is_quiet().await;
    assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
}

async fn a_connection_that_died_unused_is_replaced_and_one_that_dies_at_work_is_told(subject: Subject) {
    subject.answers().await;
    subject.admin.kill_all().await;
    subject.answers().await;

    let sql = subject.sql(ENDLESS);
    let rows = subject.connector.query(&sql, QueryOptions::default()).await.unwrap();
    let (outcome, ()) = tokio::join!(rows.collect(), async {
        while subject.admin.working().await == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        subject.admin.kill_all().await;
    });
    let error = outcome.unwrap_err();
    assert!(matches!(error, ConnectorError::Lost { .. }), "{error:?}");
    assert!(error.to_string().ends_with("ask again"), "{error}");
    subject.answers().await;
}

async fn two_hundred_questions_share_four_connections(subject: Subject) {
    let sql = subject.sql("SELECT sum(n) FROM numbers");
    let ask = async || subject.connector.query(&sql, QueryOptions::default()).await?.collect().await;
    let watch = async {
        let mut most = 0;
        for _ in 0..20 {
            most = most.max(subject.admin.connections().await);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        most
    };
    let (answers, most) = tokio::join!(join_all((0..200).map(|_| ask())), watch);
    for answer in answers {
        let expected = [Value::Integer(500_500), Value::Decimal("500500".into())];
        assert!(expected.contains(&answer.unwrap().rows[0][0]));
    }
    assert!((1..=4).contains(&most), "{most} connections");
}

async fn the_caps_are_exact_and_the_rest_stays_on_the_server(subject: Subject) {
    for (max_rows, rows) in [(0, 0), (1, 1), (999, 999), (1_000, 1_000), (5_000, 1_000)] {
        let options = QueryOptions { max_rows, ..Default::default() };
        let answer = subject.connector.query(&subject.sql(NUMBERS), options).await.unwrap();
        let answer = answer.collect().await.unwrap();
        assert_eq!((answer.rows.len(), answer.truncated.is_some()), (rows, rows < 1_000));
    }
    let options = QueryOptions { max_rows: 1_000_000, max_bytes: 8_000, ..Default::default() };
    let answer = subject.connector.query(&subject.sql(MANY), options).await.unwrap();
    assert_eq!(answer.collect().await.unwrap().rows.len(), 500);
    subject.is_quiet().await;
}
