//! How much memory a long answer takes that nobody keeps: ten million rows of four columns.

use futures_util::TryStreamExt as _;
use medha_connectors::{ConnectionConfig, Guard, QueryOptions};
use sqlx::{AssertSqlSafe, Connection, Database, Executor};
use std::time::{Duration, Instant};

/// So many numbers three times over are ten million rows.
const NUMBERS: u64 = 216;
const SQL: &str =
    "SELECT a.n, b.n, c.n, c.name FROM numbers a, numbers b, numbers c WHERE a.n + b.n + c.n > 0";

/// Streams the rows, looks at the memory of the process now and then, and prints what it saw.
pub(crate) async fn measure<D: Database>(name: &str, url: &str)
where
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
{
    let mut plain = D::Connection::connect(url).await.unwrap();
    let rows: Vec<String> = (1..=NUMBERS).map(|n| format!("({n}, 'a name of a few words {n}')")).collect();
    for sql in [
        "CREATE TABLE numbers (n int PRIMARY KEY, name varchar(40))".to_owned(),
        format!("INSERT INTO numbers VALUES {}", rows.join(", ")),
    ] {
        plain.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.unwrap();
    }
    plain.close().await.unwrap();
    let connector = ConnectionConfig::new(url.replace("?mode=rwc", "")).open().await.unwrap();
    let guard = Guard::new(connector.dialect(), connector.schema().await.unwrap().into());
    let all = NUMBERS.pow(3);
    let sql = guard.check(SQL, all as usize).unwrap();
    let options = QueryOptions {
        max_rows: all as usize,
        max_bytes: usize::MAX,
        deadline: Duration::from_secs(600),
        ..QueryOptions::default()
    };
    let begun = Instant::now();
    let mut stream = connector.query(&sql, options).await.unwrap();
    let (mut seen, mut before, mut most) = (0, 0, 0);
    while let Some(row) = stream.try_next().await.unwrap() {
        std::hint::black_box(&row);
        seen += 1;
        if seen == 10_000 {
            before = resident();
        } else if seen % 10_000 == 0 {
            most = most.max(resident());
        }
    }
    assert_eq!((seen, stream.truncated()), (all, None));
    println!(
        "{name}: {seen} rows in {:.1?}; {} MiB in memory after 10,000 rows, at most {} MiB after that",
        begun.elapsed(),
        before / 1_024,
        most / 1_024
    );
}

/// What the process has in memory, in kibibytes; 0 where the system does not tell.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
}
