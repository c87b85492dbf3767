//! A statement that the database itself expects to be dear is not begun.

use std::sync::Arc;

use libtest_mimic::Trial;
use medha_connectors::{ConnectionConfig, ConnectorError, Guard, QueryOptions};

use crate::databases::{Server, load, with_database};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        with_database(Server::Postgres, "plan::postgres_does_not_begin_what_it_expects_to_be_dear", dear),
        with_database(Server::MySql, "plan::mysql_does_not_begin_what_it_expects_to_be_dear", dear),
    ]
}

async fn dear(url: String) {
    let rows: Vec<String> = (1..=1_000).map(|n| format!("({n}, {n})")).collect();
    let statements = [
        "CREATE TABLE numbers (n int PRIMARY KEY, m int)".to_owned(),
        format!("INSERT INTO numbers VALUES {}", rows.join(", ")),
        "ANALYZE TABLE numbers".replace("TABLE ", if url.starts_with("postgres") { "" } else { "TABLE " }),
    ];
    load(&url, &statements).await;
    let connector = ConnectionConfig::new(url).open().await.unwrap();
    let guard = Guard::new(connector.dialect(), Arc::new(connector.schema().await.unwrap()));
    let ask = async |sql: &str, allowed: u64| {
        let options = QueryOptions { max_planned_rows: Some(allowed), ..QueryOptions::default() };
        connector.query(&guard.check(sql, 10).unwrap(), options).await?.collect().await
    };
    let cheap = "SELECT count(*) FROM numbers";
    assert_eq!(ask(cheap, 100_000).await.unwrap().rows.len(), 1);
    let dear = "SELECT count(*) FROM numbers a, numbers b, numbers c WHERE a.m + b.m + c.m = 0";
    match ask(dear, 1_000_000).await.unwrap_err() {
        error @ ConnectorError::TooManyRows { planned, allowed: 1_000_000 } => {
            assert!((100_000_000..100_000_000_000).contains(&planned), "{planned}");
            let text = format!(
                "the database would go through about {planned} rows for this, and 1000000 are allowed"
            );
            assert!(error.to_string().starts_with(&text), "{error}");
        }
        error => panic!("{error:?}"),
    }
    assert_eq!(ask(cheap, 100_000).await.unwrap().rows.len(), 1, "it goes on");
}
