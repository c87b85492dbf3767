//! Answers that processes share in a Redis: `MEDHA_TEST_REDIS` says where one is, `MEDHA_TEST_REDIS_SERVER` which program
//! starts another that can be killed.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use libtest_mimic::Trial;
use medha_connectors::cache::{
    CacheKey, CacheOptions, CachedConnector, Looked, Reach, RedisCache, RedisOptions, ResultCache,
    SharedCache,
};
use medha_connectors::conformance::{self, Fixture, Subject};
use medha_connectors::dummy::DummyConnector;
use medha_connectors::{Connector, Dialect, QueryOptions, ResultSet, Secret};
use redis::aio::MultiplexedConnection;

use crate::databases::answers;
use crate::harness::{Outside, trial};
use crate::watched::{OPEN, Watched, counting};

static REDIS: Outside = Outside::new("Redis", || answers(&address()));
static PROGRAM: Outside = Outside::new("redis-server", || {
    let program = std::env::var("MEDHA_TEST_REDIS_SERVER").unwrap_or_else(|_| "redis-server".to_owned());
    match Command::new(&program).arg("--version").stdout(Stdio::null()).status() {
        Ok(status) if status.success() => Ok(program),
        Ok(status) => Err(format!("{program:?} ended with {status}; MEDHA_TEST_REDIS_SERVER names another")),
        Err(error) => {
            Err(format!("{program:?} cannot be run: {error}; MEDHA_TEST_REDIS_SERVER names another"))
        }
    }
});

fn address() -> String {
    std::env::var("MEDHA_TEST_REDIS").unwrap_or_else(|_| "redis://127.0.0.1:6379".to_owned())
}

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        shared("two_replicas_of_two_hundred_readers_make_one_query", one_query),
        shared("an_answer_of_one_is_an_answer_of_the_other", an_answer_is_shared),
        shared("what_is_garbage_is_loaded_again", garbage_is_loaded_again),
        shared("an_invalidation_reaches_the_other", an_invalidation_reaches_the_other),
        shared("what_was_loading_when_it_was_invalidated_is_not_shared", loading_while_invalidated),
        shared("who_goes_away_while_loading_holds_nobody_up", who_goes_away_holds_nobody_up),
        shared("a_failure_ends_its_turn", a_failure_ends_its_turn),
        shared("a_long_load_keeps_its_turn", a_long_load_keeps_its_turn),
        shared("the_suite_passes_over_it", the_suite_passes),
        trial(&PROGRAM, "redis::killed_it_costs_nothing_but_speed_and_comes_back_by_itself", killed),
        trial(&PROGRAM, "redis::standing_still_it_is_soon_left_alone", standing_still),
        trial(&PROGRAM, "redis::without_the_password_questions_are_answered_all_the_same", without_password),
    ]
}

/// A test with keys of its own in the Redis that is there.
fn shared<F>(name: &str, test: impl FnOnce(Place) -> F + Send + 'static) -> Trial
where
    F: Future<Output = ()>,
{
    trial(&REDIS, format!("redis::{name}"), move |url| async move {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::SeqCst);
        let place = Place { url, prefix: format!("medha-test:{}:{number}", std::process::id()) };
        test(place.clone()).await;
        let mut connection = place.connection().await;
        for key in place.keys(&mut connection, "*").await {
            redis::cmd("DEL").arg(key).query_async::<()>(&mut connection).await.unwrap();
        }
    })
}

/// Where a test keeps its answers.
#[derive(Debug, Clone)]
struct Place {
    url: String,
    prefix: String,
}

/// A process that shares: its database, its line to Redis and what it asks.
struct Replica {
    database: Arc<Watched>,
    redis: Arc<RedisCache>,
    cached: Arc<CachedConnector>,
}

/// Long enough for a machine that has other things to do.
const PATIENT: Duration = Duration::from_secs(10);

impl Place {
    async fn connection(&self) -> MultiplexedConnection {
        redis::Client::open(self.url.as_str()).unwrap().get_multiplexed_async_connection().await.unwrap()
    }

    async fn keys(&self, connection: &mut MultiplexedConnection, pattern: &str) -> Vec<String> {
        redis::cmd("KEYS").arg(format!("{}:{pattern}", self.prefix)).query_async(connection).await.unwrap()
    }

    /// A line that waits long, so that a busy machine is not taken for a Redis that is down.
    fn open(&self, command_time: Duration) -> Arc<RedisCache> {
        let options = RedisOptions { prefix: self.prefix.clone(), command_time, ..RedisOptions::default() };
        Arc::new(RedisCache::open(&Secret::new(self.url.as_str()), options).unwrap())
    }

    fn replica_with(&self, command_time: Duration, database: Arc<Watched>) -> Replica {
        let redis = self.open(command_time);
        let cache = ResultCache::with_shared(CacheOptions::default(), Arc::clone(&redis) as _);
        let cached = Arc::new(CachedConnector::new(Arc::clone(&database) as _, "counting", cache));
        Replica { database, redis, cached }
    }

    async fn replica(&self, database: Arc<Watched>) -> Replica {
        let replica = self.replica_with(PATIENT, database);
        until("Redis is in use", || replica.redis.is_available()).await;
        replica
    }
}

impl Replica {
    async fn ask(&self, rows: usize) -> ResultSet {
        let sql = counting(rows).await;
        self.cached.query(&sql, QueryOptions::default()).await.unwrap().collect().await.unwrap()
    }

    /// Whether an answer was kept, here or by another.
    async fn has(&self, rows: usize) -> bool {
        let sql = counting(rows).await;
        self.cached.query(&sql, QueryOptions::default()).await.unwrap().age().is_some()
    }
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENT, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Polls until there is a key, or none.
async fn until_keys(place: &Place, pattern: &str, count: usize) -> Vec<String> {
    let mut connection = place.connection().await;
    let started = Instant::now();
    loop {
        let keys = place.keys(&mut connection, pattern).await;
        if keys.len() == count {
            return keys;
        }
        assert!(started.elapsed() < PATIENT, "{pattern}: {keys:?} instead of {count}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn one_query(place: Place) {
    let database = Watched::holding_up(0);
    let replicas = [place.replica(Arc::clone(&database)).await, place.replica(Arc::clone(&database)).await];
    let sql = Arc::new(counting(7).await);
    let readers: Vec<_> = (0..400)
        .map(|reader: usize| {
            let (cached, sql) = (Arc::clone(&replicas[reader % 2].cached), Arc::clone(&sql));
            tokio::spawn(async move {
                cached.query(&sql, QueryOptions::default()).await.unwrap().collect().await.unwrap()
            })
        })
        .collect();
    until("somebody has begun", || database.queries() > 0).await;
    database.gate.add_permits(OPEN);
    for answer in join_all(readers).await {
        assert_eq!(answer.unwrap().rows.len(), 7);
    }
    assert_eq!(database.queries(), 1);
}

async fn an_answer_is_shared(place: Place) {
    let (one, other) = (place.replica(Watched::new()).await, place.replica(Watched::new()).await);
    let answer = one.ask(5).await;
    until_keys(&place, "*answer*", 1).await;
    assert!(other.has(5).await);
    assert_eq!(other.ask(5).await, answer);
    assert_eq!((one.database.queries(), other.database.queries()), (1, 0));
}

async fn garbage_is_loaded_again(place: Place) {
    let one = place.replica(Watched::new()).await;
    one.ask(5).await;
    let key = until_keys(&place, "*answer*", 1).await.remove(0);
    let mut connection = place.connection().await;
    let good: Vec<u8> = redis::cmd("GET").arg(&key).query_async(&mut connection).await.unwrap();
    let mut changed = good.clone();
    *changed.last_mut().unwrap() ^= 1;
    let half = good[..good.len() / 2].to_vec();
    for garbage in [changed, half, good[..16].to_vec(), b"0000000000000000nonsense".to_vec(), Vec::new()] {
        redis::cmd("SET")
            .arg(&key)
            .arg(&garbage)
            .arg("PX")
            .arg(60_000)
            .query_async::<()>(&mut connection)
            .await
            .unwrap();
        let reader = place.replica(Watched::new()).await;
        assert_eq!(reader.ask(5).await.rows.len(), 5);
        assert_eq!(reader.database.queries(), 1, "{garbage:?}");
        let stored = async || {
            redis::cmd("GET").arg(&key).query_async::<Vec<u8>>(&mut place.connection().await).await.unwrap()
        };
        let started = Instant::now();
        while stored().await == garbage {
            assert!(started.elapsed() < PATIENT, "the garbage is still there");
        }
        assert!(place.replica(Watched::new()).await.has(5).await, "what is stored now is the answer");
    }
}

async fn an_invalidation_reaches_the_other(place: Place) {
    let (one, other) = (place.replica(Watched::new()).await, place.replica(Watched::new()).await);
    one.ask(5).await;
    until_keys(&place, "*answer*", 1).await;
    assert!(other.has(5).await);
    assert_eq!(one.cached.invalidate().await, Reach::Everybody);
    let started = Instant::now();
    while other.has(5).await {
        assert!(started.elapsed() < PATIENT, "the other was never told");
    }
    assert_eq!(other.database.queries(), 1);
    // Who comes later finds what was loaded since, not what was there before.
    let third = place.replica(Watched::new()).await;
    until_keys(&place, "*answer*", 1).await;
    third.ask(5).await;
    assert!(third.has(5).await);
}

async fn loading_while_invalidated(place: Place) {
    let (one, other) = (place.replica(Watched::holding_up(0)).await, place.replica(Watched::new()).await);
    let asking = one.ask(5);
    let invalidating = async {
        until("it loads", || one.database.queries() == 1).await;
        assert_eq!(other.cached.invalidate().await, Reach::Everybody);
        one.database.gate.add_permits(OPEN);
    };
    let (answer, ()) = tokio::join!(asking, invalidating);
    assert_eq!(answer.rows.len(), 5);
    until_keys(&place, "*turn*", 0).await;
    assert_eq!(until_keys(&place, "*answer*", 0).await, Vec::<String>::new());
}

async fn who_goes_away_holds_nobody_up(place: Place) {
    let (one, other) = (place.replica(Watched::holding_up(0)).await, place.replica(Watched::new()).await);
    {
        let mut asking = std::pin::pin!(one.ask(5));
        let begun = until("it loads", || one.database.queries() == 1);
        tokio::select! {
            _ = &mut asking => panic!("nobody let it through"),
            () = begun => {}
        }
    }
    assert_eq!(other.ask(5).await.rows.len(), 5);
    assert_eq!(other.database.queries(), 1);

    // Killed, it says nothing: its turn ends by itself.
    let sql = counting(6).await;
    let key = CacheKey::new("counting", Dialect::Sqlite, &sql, &QueryOptions::default());
    assert!(matches!(one.redis.look(&key).await, Looked::Load(_)));
    let started = Instant::now();
    assert_eq!(other.ask(6).await.rows.len(), 6);
    assert!(started.elapsed() < Duration::from_secs(8), "it took {:?}", started.elapsed());
}

async fn a_failure_ends_its_turn(place: Place) {
    let (one, other) = (place.replica(Watched::new()).await, place.replica(Watched::new()).await);
    one.database.fail(true);
    let sql = counting(5).await;
    assert!(one.cached.query(&sql, QueryOptions::default()).await.is_err());
    until_keys(&place, "*turn*", 0).await;
    assert_eq!(until_keys(&place, "*answer*", 0).await, Vec::<String>::new());
    assert_eq!(other.ask(5).await.rows.len(), 5);
}

async fn a_long_load_keeps_its_turn(place: Place) {
    let one = place.replica(Watched::holding_up(0)).await;
    let sql = counting(5).await;
    let key = CacheKey::new("counting", Dialect::Sqlite, &sql, &QueryOptions::default());
    let renewed = async {
        let turn = until_keys(&place, "*turn*", 1).await.remove(0);
        let mut connection = place.connection().await;
        let (started, mut last) = (Instant::now(), i64::MAX);
        loop {
            let left: i64 = redis::cmd("PTTL").arg(&turn).query_async(&mut connection).await.unwrap();
            if left > last {
                break;
            }
            last = left;
            assert!(started.elapsed() < PATIENT && left > 0, "the turn was not kept");
        }
        let other = place.open(PATIENT);
        until("Redis is in use", || other.is_available()).await;
        assert_eq!(other.look(&key).await, Looked::Wait);
        one.database.gate.add_permits(OPEN);
    };
    let (answer, ()) = tokio::join!(one.ask(5), renewed);
    assert_eq!(answer.rows.len(), 5);
}

async fn the_suite_passes(place: Place) {
    let made = AtomicU32::new(0);
    conformance::run(async |fixture: &Fixture| {
        let redis = place.open(PATIENT);
        until("Redis is in use", || redis.is_available()).await;
        let cache = ResultCache::with_shared(CacheOptions::default(), redis);
        let dummy = Arc::new(DummyConnector::new(fixture.tables().to_vec()));
        let name = format!("dummy {}", made.fetch_add(1, Ordering::SeqCst));
        Subject::new(Arc::new(CachedConnector::new(dummy, name, cache)), "SELECT count(*) FROM endless")
    })
    .await
    .unwrap();
}

/// A Redis of this test alone, which goes with it.
struct Own {
    program: String,
    port: u16,
    options: Vec<String>,
    child: Child,
}

impl Own {
    async fn start(program: String, options: &[&str]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let options: Vec<String> = options.iter().map(ToString::to_string).collect();
        let child = Self::run(&program, port, &options);
        let own = Self { program, port, options, child };
        own.is_there().await;
        own
    }

    fn run(program: &str, port: u16, options: &[String]) -> Child {
        let port = port.to_string();
        let mut command = Command::new(program);
        command
            .args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(options);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    async fn is_there(&self) {
        let address = format!("127.0.0.1:{}", self.port);
        until("the Redis of the test listens", || std::net::TcpStream::connect(&address).is_ok()).await;
    }

    /// As `kill -9` does.
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    async fn start_again(&mut self) {
        self.child = Self::run(&self.program, self.port, &self.options);
        self.is_there().await;
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    fn place(&self) -> Place {
        Place { url: format!("redis://127.0.0.1:{}", self.port), prefix: "own".to_owned() }
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

const DEFAULT: Duration = Duration::from_millis(50);

/// Asks for twenty answers that nobody has, and says how long the slowest took and all of them.
async fn twenty(replica: &Replica, from: usize) -> (Duration, Duration) {
    let mut slowest = Duration::ZERO;
    let begun = Instant::now();
    for rows in from..from + 20 {
        let started = Instant::now();
        assert_eq!(replica.ask(rows).await.rows.len(), rows);
        slowest = slowest.max(started.elapsed());
    }
    (slowest, begun.elapsed())
}

async fn killed(program: String) {
    let mut own = Own::start(program, &[]).await;
    let place = own.place();
    let one = place.replica_with(DEFAULT, Watched::new());
    until("Redis is in use", || one.redis.is_available()).await;
    one.ask(5).await;
    own.kill();
    let (slowest, all) = twenty(&one, 10).await;
    println!("killed: 20 answers in {all:?}, the slowest in {slowest:?}");
    // Three times the 50 ms before it is left alone, and a machine that has other things to do.
    assert!(all < Duration::from_secs(2), "20 answers took {all:?}");
    assert_eq!(one.cached.invalidate().await, Reach::OnlyUs);
    until("it is left alone", || !one.redis.is_available()).await;

    own.start_again().await;
    // Nobody asks anything: the line comes back by itself.
    until("Redis is in use again", || one.redis.is_available()).await;
    let generations = until_keys(&place, "*generation", 1).await;
    assert_eq!(generations.len(), 1, "the invalidation it missed was told");
    assert_eq!(one.ask(50).await.rows.len(), 50);
    until_keys(&place, "*answer*", 1).await;
    assert!(place.replica(Watched::new()).await.has(50).await);
}

async fn standing_still(program: String) {
    let own = Own::start(program, &[]).await;
    let one = own.place().replica_with(DEFAULT, Watched::new());
    until("Redis is in use", || one.redis.is_available()).await;
    one.ask(5).await;
    own.signal("-STOP");
    let (slowest, all) = twenty(&one, 10).await;
    println!("standing still: 20 answers in {all:?}, the slowest in {slowest:?}");
    assert!(all < Duration::from_secs(2), "20 answers took {all:?}");
    until("it is left alone", || !one.redis.is_available()).await;
    own.signal("-CONT");
    until("Redis is in use again", || one.redis.is_available()).await;
}

async fn without_password(program: String) {
    let own = Own::start(program, &["--requirepass", "hunter2"]).await;
    let one = own.place().replica_with(DEFAULT, Watched::new());
    assert_eq!(one.ask(5).await.rows.len(), 5);
    assert!(one.has(5).await);
    assert!(!one.redis.is_available());
    let with = Place { url: format!("redis://:hunter2@127.0.0.1:{}", own.port), prefix: "own".to_owned() };
    let other = with.replica_with(DEFAULT, Watched::new());
    until("Redis is in use", || other.redis.is_available()).await;
    let error =
        RedisCache::open(&Secret::new("redi://me:hunter2@host"), RedisOptions::default()).unwrap_err();
    assert!(!error.to_string().contains("hunter2"), "{error}");
}
