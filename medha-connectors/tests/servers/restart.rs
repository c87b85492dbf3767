//! A server that goes down while it answers, is away, and comes back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use libtest_mimic::Trial;
use medha_connectors::{ConnectionConfig, Connector, ConnectorError, Guard, GuardedSql, QueryOptions, Value};

use crate::harness::trial;
use crate::own::{MARIADB_PROGRAMS, OwnServer, POSTGRES_PROGRAMS};
use crate::servers::load;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            &POSTGRES_PROGRAMS,
            "restart::postgres_goes_down_in_mid_query_and_comes_back",
            |programs| async move {
                goes_down_and_comes_back(OwnServer::postgres(&programs), "postgres", "-QUIT").await;
            },
        ),
        trial(
            &MARIADB_PROGRAMS,
            "restart::mariadb_goes_down_in_mid_query_and_comes_back",
            |programs| async move {
                goes_down_and_comes_back(OwnServer::mariadb(&programs), "mysql", "-KILL").await;
            },
        ),
    ]
}

async fn goes_down_and_comes_back(mut server: OwnServer, database: &str, signal: &str) {
    let numbers: Vec<String> = (1..=1_000).map(|n| format!("({n})")).collect();
    let statements = [
        "CREATE DATABASE numbers".to_owned(),
        "CREATE TABLE numbers (n int PRIMARY KEY)".to_owned(),
        format!("INSERT INTO numbers VALUES {}", numbers.join(", ")),
    ];
    load(&format!("{}/{database}", server.address), &statements[..1]).await;
    let url = format!("{}/numbers", server.address);
    load(&url, &statements[1..]).await;
    let connector = ConnectionConfig::new(url).open().await.unwrap();
    let guard = Guard::new(connector.dialect(), Arc::new(connector.schema().await.unwrap()));
    let sql = |sql: &str| guard.check(sql, 10_000_000).unwrap();
    let count = sql("SELECT count(*) FROM numbers");

    let many = sql("SELECT a.n, b.n, c.n FROM numbers a, numbers b, numbers c WHERE a.n + b.n + c.n > 0");
    let options = QueryOptions { max_rows: 10_000_000, max_bytes: usize::MAX, ..QueryOptions::default() };
    let mut rows = connector.query(&many, options).await.unwrap();
    rows.next().await.unwrap().unwrap();
    server.crash(signal);
    let error = loop {
        match rows.next().await.expect("it does not end as if these were all rows") {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert!(matches!(error, ConnectorError::Lost { .. }), "{error:?}");
    drop(rows);

    let error = ask(&*connector, &count).await.unwrap_err();
    assert!(matches!(error, ConnectorError::Open { .. }), "{error:?}");
    assert!(error.to_string().contains("check the host, the port and that the server runs"), "{error}");

    server.start();
    let back = Instant::now();
    let answer = loop {
        match ask(&*connector, &count).await {
            Ok(answer) => break answer,
            Err(error) => assert!(back.elapsed() < Duration::from_secs(30), "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(answer, Value::Integer(1_000));
}

async fn ask(connector: &dyn Connector, sql: &GuardedSql) -> Result<Value, ConnectorError> {
    let answer = connector.query(sql, QueryOptions::default()).await?.collect().await?;
    Ok(answer.rows[0][0].clone())
}
