//! What was planted is found by SQL that knows nothing of how it was planted.

use std::path::Path;

use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _};

use super::{Sample, Stamp, facts, generate, stamp};

const END: Date = date(2025, 6, 30);

#[tokio::test]
async fn the_same_seed_and_last_day_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two, other] = ["one.sqlite", "two.sqlite", "other.sqlite"].map(|name| folder.path().join(name));
    let made = generate(&one, 7, END).await.unwrap();
    std::fs::write(&two, "whatever stood here before").unwrap();
    generate(&two, 7, END).await.unwrap();
    generate(&other, 8, END).await.unwrap();

    assert!(std::fs::read(&one).unwrap() == std::fs::read(&two).unwrap());
    assert!(std::fs::read(&one).unwrap() != std::fs::read(&other).unwrap());
    assert_eq!(stamp(&one).unwrap(), Some(Stamp { end_date: END, is_current: true }));
    assert_eq!(stamp(&folder.path().join("one.ossie.yaml")).unwrap(), None);
    assert_eq!(made.first_date, date(2022, 7, 1));
    let mut names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    let expected =
        ["one.ossie.yaml", "one.sqlite", "other.ossie.yaml", "other.sqlite", "two.ossie.yaml", "two.sqlite"];
    assert_eq!(names, expected);
}

#[tokio::test]
async fn the_sample_holds_what_was_planted() {
    let folder = tempfile::tempdir().unwrap();
    let made = generate(&folder.path().join("sample.sqlite"), 7, END).await.unwrap();
    let mut database = open(&made.database).await;

    sound(&mut database, &made).await;
    decline(&mut database).await;
    outlier(&mut database).await;
    launch(&mut database).await;
    seasons_and_growth(&mut database).await;
    unknowns(&mut database).await;
}

#[tokio::test]
async fn a_day_at_the_edge_of_the_calendar_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = generate(&folder.path().join("sample.sqlite"), 7, Date::MAX).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "a sample cannot end on 9999-12-31; choose a day between the years 1000 and 9000"
    );
    let error = generate(&folder.path().join("no/folder/sample.sqlite"), 7, END).await.unwrap_err();
    assert!(error.to_string().starts_with("cannot write "), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

async fn sound(database: &mut SqliteConnection, made: &Sample) {
    let mut rows = 0;
    for table in [
        "customers",
        "products",
        "orders",
        "order_items",
        "subscriptions",
        "support_tickets",
        "marketing_spend",
    ] {
        let count = number(database, &format!("SELECT count(*) FROM {table}")).await;
        assert!(count >= 100.0, "{table} has only {count} rows");
        rows += count as usize;
    }
    assert_eq!(rows, made.rows);
    assert!((190_000..=230_000).contains(&rows), "{rows}");
    assert_eq!(text(database, "PRAGMA integrity_check").await, "ok");
    assert_eq!(number(database, "SELECT count(*) FROM pragma_foreign_key_check").await, 0.0);
    assert_eq!(text(database, "SELECT date(min(ordered_at)) FROM orders").await, "2022-07-01");
    assert_eq!(text(database, "SELECT date(max(ordered_at)) FROM orders").await, END.to_string());
    let lines_of_none =
        "SELECT count(*) FROM orders WHERE order_id NOT IN (SELECT order_id FROM order_items)";
    assert_eq!(number(database, lines_of_none).await, 0.0);
    let too_early = "SELECT count(*) FROM orders o JOIN customers c USING (customer_id)
        WHERE date(o.ordered_at) < c.signed_up_on";
    assert_eq!(number(database, too_early).await, 0.0);
    let after_the_end = "SELECT (SELECT count(*) FROM support_tickets WHERE date(resolved_at) > '2025-06-30')
        + (SELECT count(*) FROM subscriptions WHERE max(started_on, coalesce(cancelled_on, '')) > '2025-06-30')
        + (SELECT count(*) FROM orders WHERE delivered_on > '2025-06-30')";
    assert_eq!(number(database, after_the_end).await, 0.0);
}

async fn decline(database: &mut SqliteConnection) {
    let orders = |segment: &str, from: Date, to: Date| {
        format!(
            "SELECT count(*) FROM orders JOIN customers USING (customer_id)
             WHERE segment = '{segment}' AND ordered_at >= '{from}' AND ordered_at < '{to}'"
        )
    };
    for segment in ["Consumer", facts::DECLINING_SEGMENT, "Mid-Market", "Enterprise"] {
        let before = number(database, &orders(segment, END - 15.months(), END - 12.months())).await;
        let now = number(database, &orders(segment, END - 3.months(), END)).await;
        let is_declining = now < 0.7 * before;
        assert_eq!(is_declining, segment == facts::DECLINING_SEGMENT, "{segment}: {before} to {now}");
    }
}

async fn outlier(database: &mut SqliteConnection) {
    let by_day = "SELECT date(ordered_at) AS day, count(*) AS orders FROM orders GROUP BY 1";
    let busiest = format!("SELECT day FROM ({by_day}) ORDER BY orders DESC LIMIT 1");
    assert_eq!(text(database, &busiest).await, facts::outlier_day(END).to_string());
    let ratio = format!(
        "SELECT (SELECT max(orders) FROM ({by_day})) * 1.0
            / (SELECT orders FROM ({by_day}) ORDER BY orders DESC LIMIT 1 OFFSET 1)"
    );
    assert!(number(database, &ratio).await > 2.5);
    let dearest = "SELECT channel || ' ' || spent_on FROM marketing_spend ORDER BY amount DESC LIMIT 1";
    let expected = format!("{} {}", facts::OUTLIER_CHANNEL, facts::outlier_day(END));
    assert_eq!(text(database, dearest).await, expected);
}

async fn launch(database: &mut SqliteConnection) {
    let first = format!(
        "SELECT date(min(ordered_at)) FROM orders JOIN customers USING (customer_id) WHERE region = '{}'",
        facts::LATE_REGION
    );
    let first: Date = text(database, &first).await.parse().unwrap();
    let launch = facts::late_region_launch(END);
    assert!(first > launch && first < launch + 2.months(), "launched {launch}, first order {first}");
    let others = "SELECT count(DISTINCT region) FROM customers WHERE signed_up_on < '2022-09-30'";
    assert_eq!(number(database, others).await, 4.0);
}

async fn seasons_and_growth(database: &mut SqliteConnection) {
    let year = "SELECT count(*) FROM orders WHERE ordered_at";
    let first = number(database, &format!("{year} < '2023-06-30'")).await;
    let last = number(database, &format!("{year} >= '2024-07-01'")).await;
    assert!(last > 1.4 * first, "{first} to {last}");
    let month = "SELECT count(*) FROM orders WHERE strftime('%Y-%m', ordered_at) =";
    let december = number(database, &format!("{month} '2023-12'")).await;
    let february = number(database, &format!("{month} '2024-02'")).await;
    assert!(december > 1.3 * february, "{december} and {february}");
    let weekday = "SELECT count(*) FROM orders WHERE strftime('%w', ordered_at) =";
    let friday = number(database, &format!("{weekday} '5'")).await;
    let sunday = number(database, &format!("{weekday} '0'")).await;
    assert!(friday > 1.3 * sunday, "{friday} and {sunday}");
}

async fn unknowns(database: &mut SqliteConnection) {
    for (table, column) in [
        ("customers", "email"),
        ("customers", "city"),
        ("orders", "channel"),
        ("orders", "delivered_on"),
        ("subscriptions", "cancelled_on"),
        ("support_tickets", "resolved_at"),
        ("support_tickets", "satisfaction"),
        ("marketing_spend", "clicks"),
    ] {
        let unknown = format!("SELECT sum({column} IS NULL) * 1.0 / count(*) FROM {table}");
        let share = number(database, &unknown).await;
        assert!(share > 0.005 && share < 0.9, "{table}.{column}: {share}");
    }
}

async fn open(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .disable_statement_logging()
        .connect()
        .await
        .unwrap()
}

async fn number(database: &mut SqliteConnection, sql: &str) -> f64 {
    let cast = format!("SELECT CAST(({sql}) AS REAL)");
    sqlx::query_scalar(AssertSqlSafe(cast)).fetch_one(database).await.unwrap()
}

async fn text(database: &mut SqliteConnection, sql: &str) -> String {
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(database).await.unwrap()
}
