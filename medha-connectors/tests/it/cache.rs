//! Answers that are kept: one query for all who want it, and nothing that a database would not have answered.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use medha_connectors::cache::{CacheKey, CacheOptions, CachedConnector, Reach, ResultCache};
use medha_connectors::conformance::{self, Fixture, Subject};
use medha_connectors::dummy::DummyConnector;
use medha_connectors::{
    Connector, ConnectorError, Dialect, Guard, GuardedSql, Policy, QueryOptions, ResultSet, SqliteConnector,
    Truncation, User, Value,
};
use tokio_util::sync::CancellationToken;

use crate::files::made;
use crate::watched::{OPEN, Watched, counting};

fn cached(database: &Arc<Watched>, options: CacheOptions) -> Arc<CachedConnector> {
    Arc::new(CachedConnector::new(Arc::clone(database) as _, "c", ResultCache::new(options)))
}

async fn ask(
    connector: &CachedConnector,
    sql: &GuardedSql,
    options: QueryOptions,
) -> Result<ResultSet, ConnectorError> {
    connector.query(sql, options).await?.collect().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_who_ask_the_same_make_one_query() {
    let database = Watched::holding_up(0);
    let cached = cached(&database, CacheOptions::default());
    let sql = Arc::new(counting(3).await);
    let readers = (0..200).map(|_| {
        let (cached, sql) = (Arc::clone(&cached), Arc::clone(&sql));
        tokio::spawn(async move { ask(&cached, &sql, QueryOptions::default()).await.unwrap() })
    });
    let readers: Vec<_> = readers.collect();
    database.gate.add_permits(OPEN);
    for answer in join_all(readers).await {
        assert_eq!(answer.unwrap().rows.len(), 3);
    }
    assert_eq!(database.queries(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_kept_for_its_time_and_no_longer() {
    let database = Watched::new();
    let options = CacheOptions { ttl: Duration::from_secs(60), jitter: 0.5, ..CacheOptions::default() };
    let cached = cached(&database, options);
    let sql = counting(3).await;
    let fresh = cached.query(&sql, QueryOptions::default()).await.unwrap();
    assert_eq!(fresh.age(), None);
    let fresh = fresh.collect().await.unwrap();
    tokio::time::advance(Duration::from_secs(29)).await;
    let kept = cached.query(&sql, QueryOptions::default()).await.unwrap();
    assert_eq!(kept.age(), Some(Duration::from_secs(29)));
    assert_eq!(fresh, kept.collect().await.unwrap());
    assert_eq!(database.queries(), 1);
    tokio::time::advance(Duration::from_secs(31)).await;
    ask(&cached, &sql, QueryOptions::default()).await.unwrap();
    assert_eq!(database.queries(), 2);
}

#[tokio::test]
async fn an_error_is_told_to_all_who_wait_and_not_kept() {
    let database = Watched::holding_up(0);
    let cached = cached(&database, CacheOptions::default());
    let sql = counting(3).await;
    database.fail(true);
    let readers = join_all((0..5).map(|_| ask(&cached, &sql, QueryOptions::default())));
    let (answers, ()) = tokio::join!(readers, async { database.gate.add_permits(OPEN) });
    for answer in answers {
        let error = answer.unwrap_err().to_string();
        assert_eq!(error, "the database could not run the query: it was told to fail");
    }
    assert_eq!(database.queries(), 1);
    database.fail(false);
    assert_eq!(ask(&cached, &sql, QueryOptions::default()).await.unwrap().rows.len(), 3);
}

#[tokio::test]
async fn who_cancels_goes_away_alone_and_the_last_one_stops_the_query() {
    let database = Watched::holding_up(0);
    let cached = cached(&database, CacheOptions::default());
    let sql = counting(3).await;
    let cancel = CancellationToken::new();
    let first = ask(&cached, &sql, QueryOptions { cancel: cancel.clone(), ..QueryOptions::default() });
    let second = ask(&cached, &sql, QueryOptions::default());
    let (first, second, ()) = tokio::join!(first, second, async {
        cancel.cancel();
        tokio::task::yield_now().await;
        database.gate.add_permits(1);
    });
    assert!(matches!(first, Err(ConnectorError::Cancelled)), "{first:?}");
    assert_eq!(second.unwrap().rows.len(), 3);
    assert_eq!((database.queries(), database.given_up()), (1, 0));

    let other = counting(4).await;
    database.gate.forget_permits(1);
    let cancel = CancellationToken::new();
    let only = ask(&cached, &other, QueryOptions { cancel: cancel.clone(), ..QueryOptions::default() });
    let (only, ()) = tokio::join!(only, async { cancel.cancel() });
    assert!(matches!(only, Err(ConnectorError::Cancelled)), "{only:?}");
    assert_eq!((database.queries(), database.given_up()), (2, 1), "nobody waits for it, so it has ended");
}

#[tokio::test(start_paused = true)]
async fn everybody_has_the_time_of_their_own_deadline() {
    let database = Watched::holding_up(0);
    let cached = cached(&database, CacheOptions::default());
    let sql = counting(3).await;
    let within = |seconds| QueryOptions { deadline: Duration::from_secs(seconds), ..QueryOptions::default() };
    let (short, long, middle, ()) = tokio::join!(
        ask(&cached, &sql, within(1)),
        ask(&cached, &sql, within(60)),
        ask(&cached, &sql, within(5)),
        async {
            tokio::time::sleep(Duration::from_secs(10)).await;
            database.gate.add_permits(OPEN);
        }
    );
    let text = |answer: Result<ResultSet, ConnectorError>| answer.unwrap_err().to_string();
    assert_eq!(text(short), "the query was stopped after 1s; ask for less or raise the deadline");
    assert_eq!(text(middle), "the query was stopped after 5s; ask for less or raise the deadline");
    assert_eq!(long.unwrap().rows.len(), 3);
}

#[tokio::test]
async fn what_is_too_large_streams_through_and_can_still_be_cancelled() {
    let database = Watched::new();
    let cached = cached(&database, CacheOptions { max_value_bytes: 4096, ..CacheOptions::default() });
    let sql = counting(1_000).await;
    for queries in 1..=2 {
        let answer = ask(&cached, &sql, QueryOptions::default()).await.unwrap();
        let expected: Vec<_> = (1..=1_000).map(|n| vec![Value::Integer(n)]).collect();
        assert_eq!((answer.rows, answer.truncated), (expected, None));
        assert_eq!(database.queries(), queries);
    }
    let side_by_side = join_all((0..3).map(|_| ask(&cached, &sql, QueryOptions::default()))).await;
    assert!(side_by_side.iter().all(|answer| answer.as_ref().is_ok_and(|answer| answer.rows.len() == 1_000)));

    let endless = counting(1_000_000).await;
    let cancel = CancellationToken::new();
    let options = QueryOptions { cancel: cancel.clone(), max_rows: 1_000_000, ..QueryOptions::default() };
    let mut rows = cached.query(&endless, options).await.unwrap();
    assert!(rows.next().await.unwrap().is_ok());
    cancel.cancel();
    let end = loop {
        match rows.next().await {
            Some(Ok(_)) => {}
            end => break end,
        }
    };
    assert!(matches!(end, Some(Err(ConnectorError::Cancelled))), "{end:?}");
}

#[tokio::test]
async fn limits_cut_a_kept_answer_as_they_cut_a_fresh_one() {
    let database = Watched::new();
    let cached = cached(&database, CacheOptions::default());
    let sql = counting(100).await;
    let limits = [(0, 1_000), (99, 1_000), (100, 1_000), (101, 1_000), (1_000, 80)];
    for (max_rows, max_bytes) in limits {
        let options = || QueryOptions { max_rows, max_bytes, ..QueryOptions::default() };
        let plain = database.query(&sql, options()).await.unwrap().collect().await.unwrap();
        let before = database.queries();
        for _ in 0..2 {
            assert_eq!(ask(&cached, &sql, options()).await.unwrap(), plain, "{max_rows} {max_bytes}");
        }
        assert_eq!(database.queries(), before + 1);
    }
    let options = QueryOptions { max_bytes: 80, ..QueryOptions::default() };
    assert_eq!(ask(&cached, &sql, options).await.unwrap().truncated, Some(Truncation::Bytes));
}

#[tokio::test]
async fn a_kept_answer_is_not_given_to_somebody_who_has_cancelled() {
    let database = Watched::new();
    let cached = cached(&database, CacheOptions::default());
    let sql = counting(3).await;
    ask(&cached, &sql, QueryOptions::default()).await.unwrap();
    let cancel = CancellationToken::new();
    let options = QueryOptions { cancel: cancel.clone(), ..QueryOptions::default() };
    let mut rows = cached.query(&sql, options.clone()).await.unwrap();
    assert!(rows.next().await.unwrap().is_ok());
    cancel.cancel();
    assert!(matches!(rows.next().await, Some(Err(ConnectorError::Cancelled))));
    assert!(matches!(cached.query(&sql, options).await, Err(ConnectorError::Cancelled)));
}

#[tokio::test]
async fn an_invalidation_reaches_what_is_kept_and_what_is_on_its_way() {
    let database = Watched::new();
    let cached = cached(&database, CacheOptions::default());
    let sql = counting(3).await;
    ask(&cached, &sql, QueryOptions::default()).await.unwrap();
    assert_eq!(cached.invalidate().await, Reach::Everybody);
    ask(&cached, &sql, QueryOptions::default()).await.unwrap();
    assert_eq!(database.queries(), 2);

    let other = counting(4).await;
    database.gate.forget_permits(OPEN);
    let (before, _, after, ()) = tokio::join!(
        ask(&cached, &other, QueryOptions::default()),
        cached.invalidate(),
        ask(&cached, &other, QueryOptions::default()),
        async { database.gate.add_permits(OPEN) },
    );
    assert_eq!(before.unwrap(), after.unwrap());
    assert_eq!(database.queries(), 4, "who asks after it does not get what began before it");
    ask(&cached, &other, QueryOptions::default()).await.unwrap();
    assert_eq!(database.queries(), 4);
}

#[tokio::test]
async fn all_answers_together_take_no_more_than_they_may() {
    let database = Watched::new();
    let cached = cached(&database, CacheOptions { max_bytes: 20_000, ..CacheOptions::default() });
    for round in 1..=2 {
        for rows in 1..=100 {
            ask(&cached, &counting(rows).await, QueryOptions::default()).await.unwrap();
        }
        // All of them together would take 280,000 bytes for the values alone.
        assert!(database.queries() > 80 * round, "{} queries", database.queries());
    }
}

#[tokio::test]
async fn nobody_is_given_what_another_may_read() {
    let file = made(
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, region TEXT NOT NULL, email TEXT);
         INSERT INTO orders VALUES (1, 'EMEA', 'a@x'), (2, 'APAC', 'b@x'), (3, 'EMEA', 'c@x')",
    )
    .await;
    let database: Arc<dyn Connector> = Arc::new(file.open().await);
    let cached = CachedConnector::new(database, "c", ResultCache::default());
    let schema = Arc::new(cached.schema().await.unwrap());
    let policy = |text: &str| serde_json::from_str::<Policy>(text).unwrap();
    let by_region = policy(
        r#"{"version":1,"tables":{"orders":{"rows":[{"keep":"region = :region","unless":["boss"]}]}}}"#,
    );
    let masked = policy(r#"{"version":1,"tables":{"orders":{"protect":{"email":{"action":"null"}}}}}"#);
    let statement = async |policy: &Policy, user: &User| {
        let guard = Guard::new(Dialect::Sqlite, Arc::clone(&schema)).with_policy(policy, user).unwrap();
        guard.check("SELECT id, email FROM orders ORDER BY id", 10).unwrap()
    };
    let ann = User::new("ann").with_attribute("region", "EMEA");
    let cases = [
        (&by_region, ann.clone(), vec!["a@x", "c@x"]),
        (&by_region, User::new("bob").with_attribute("region", "APAC"), vec!["b@x"]),
        // The same person with other rights.
        (&by_region, ann.clone().with_role("boss"), vec!["a@x", "b@x", "c@x"]),
        (&by_region, User::new("ann").with_attribute("region", "APAC"), vec!["b@x"]),
        // The same person under a policy that has changed.
        (&masked, ann, vec!["", "", ""]),
    ];
    let mut keys = std::collections::HashSet::new();
    for (policy, user, emails) in &cases {
        let sql = statement(policy, user).await;
        let key = CacheKey::new("c", Dialect::Sqlite, &sql, &QueryOptions::default());
        assert!(keys.insert(key), "{user:?} shares a key");
        for is_kept in [false, true] {
            let rows = cached.query(&sql, QueryOptions::default()).await.unwrap();
            assert_eq!(rows.age().is_some(), is_kept, "{user:?}");
            let rows = rows.collect().await.unwrap().rows;
            let email = |row: &Vec<Value>| match &row[1] {
                Value::Text(email) => email.clone(),
                _ => String::new(),
            };
            assert_eq!(rows.iter().map(email).collect::<Vec<_>>(), *emails, "{user:?}");
        }
    }
    // Even where the statements are the same to the letter: bob may read what carl may, and is not carl.
    let open = policy(r#"{"version":1,"other_tables":"allow"}"#);
    let (bob, carl) = (statement(&open, &User::new("bob")).await, statement(&open, &User::new("carl")).await);
    assert_eq!(bob.as_str(), carl.as_str());
    let key = |sql| CacheKey::new("c", Dialect::Sqlite, sql, &QueryOptions::default());
    assert_ne!(key(&bob), key(&carl));
}

#[tokio::test]
async fn a_key_changes_with_everything_that_changes_the_answer() {
    let schema = Arc::new(DummyConnector::new(Vec::new()).schema().await.unwrap());
    let guard = Guard::new(Dialect::Sqlite, Arc::clone(&schema));
    let sql = guard.check("SELECT n FROM endless", 10).unwrap();
    let options = QueryOptions::default;
    let key = |connection: &str, sql: &GuardedSql, options: &QueryOptions| {
        CacheKey::new(connection, Dialect::Sqlite, sql, options)
    };
    let this = key("c", &sql, &options());
    assert_eq!(this, key("c", &sql, &QueryOptions { deadline: Duration::ZERO, ..options() }));
    assert_eq!(
        this,
        key("c", &sql, &QueryOptions { max_rows: 11, ..options() }),
        "the guard's limit is less"
    );
    let spelt = guard.check("select n  from endless -- the same", 10).unwrap();
    assert_eq!(this, key("c", &spelt, &options()));
    let mut grown = schema.as_ref().clone();
    grown.tables[0].columns[0].declared_type = "BIGINT".to_owned();
    let grown = Guard::new(Dialect::Sqlite, Arc::new(grown)).check("SELECT n FROM endless", 10).unwrap();
    let others = [
        key("d", &sql, &options()),
        key("c", &sql, &QueryOptions { max_rows: 9, ..options() }),
        key("c", &sql, &QueryOptions { max_bytes: 9, ..options() }),
        key("c", &guard.check("SELECT n FROM endless", 11).unwrap(), &options()),
        key("c", &grown, &options()),
        CacheKey::new("c", Dialect::Postgres, &sql, &options()),
    ];
    for other in others {
        assert_ne!(this, other);
    }
}

#[tokio::test]
async fn a_cached_connector_passes_the_suite() {
    conformance::run(async |fixture: &Fixture| {
        let dummy = Arc::new(DummyConnector::new(fixture.tables().to_vec()));
        let cached = CachedConnector::new(dummy, "dummy", ResultCache::default());
        Subject::new(Arc::new(cached), "SELECT count(*) FROM endless")
    })
    .await
    .unwrap();
    // With answers so small that most are too large to be kept, and with those of a real database.
    for max_value_bytes in [1, 1024 * 1024] {
        conformance::run(async |fixture: &Fixture| {
            let file = made(&fixture.statements(Dialect::Sqlite).join(";\n")).await;
            let connector = Arc::new(SqliteConnector::open(&file.path).await.unwrap());
            let cache = ResultCache::new(CacheOptions { max_value_bytes, ..CacheOptions::default() });
            let cached = CachedConnector::new(connector, "sqlite", cache);
            let endless = "SELECT count(*) FROM crowd AS a, crowd AS b, crowd AS c, crowd AS d WHERE a.n + b.n + c.n + d.n = 0";
            Subject::new(Arc::new(cached), endless).keeping(file)
        })
        .await
        .unwrap();
    }
}
