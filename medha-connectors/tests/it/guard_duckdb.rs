//! The guard for DuckDB: what it shares with the other dialects, and what is its own. `tests/servers` runs what passes here.

use std::sync::Arc;

use medha_connectors::{Dialect, Guard};

use crate::clinic::Clinic;
use crate::guard::shop;

const HOSTILE: &str = include_str!("corpus/hostile.txt");
const HARMLESS: &str = include_str!("corpus/harmless.txt");
const OWN: &str = include_str!("corpus/duckdb.txt");

/// The statements of the corpus that are meant for every dialect, with their kind.
fn for_all(corpus: &'static str) -> Vec<(&'static str, &'static str)> {
    let mut kind = "";
    let mut found = Vec::new();
    for line in corpus.lines().filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[') {
            kind = name.trim_end_matches(']');
        } else if let Some(sql) = line.strip_prefix("all | ") {
            found.push((kind, sql));
        }
    }
    found
}

/// The statements below a heading of DuckDB's own corpus.
fn own(heading: &str) -> Vec<&'static str> {
    let lines = OWN.lines().skip_while(|line| *line != heading).skip(1);
    lines.take_while(|line| !line.starts_with('[')).filter(|line| !line.is_empty()).collect()
}

#[tokio::test]
async fn what_is_hostile_everywhere_is_refused_or_shows_only_what_the_user_may_see() {
    let clinic = Clinic::open().await;
    let guard = clinic.guard(Dialect::DuckDb);
    let statements = for_all(HOSTILE);
    assert!(statements.len() >= 100, "{}", statements.len());
    let mut wrong = Vec::new();
    for (kind, sql) in statements {
        let may_be_rewritten = kind.starts_with("rows") || kind == "protected columns shown";
        if let Ok(passed) = guard.check(sql, 10_000) {
            let is_rewritten = passed.as_str().contains("'North'") || passed.as_str().contains("'***'");
            if !may_be_rewritten || !is_rewritten {
                wrong.push(format!("{kind}: {sql}\n  became {}", passed.as_str()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} let through:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn what_is_harmless_everywhere_passes() {
    let clinic = Clinic::open().await;
    let guard = clinic.guard(Dialect::DuckDb);
    let statements = for_all(HARMLESS);
    assert!(statements.len() >= 40, "{}", statements.len());
    let refused: Vec<String> = statements
        .iter()
        .filter_map(|(kind, sql)| Some(format!("{kind}: {sql}\n  {}", guard.check(sql, 10_000).err()?)))
        .collect();
    assert!(refused.is_empty(), "{} refused:\n{}", refused.len(), refused.join("\n"));
}

#[tokio::test]
async fn the_roads_that_only_duckdb_has_are_closed() {
    let guard = Guard::new(Dialect::DuckDb, shop().await);
    let passed: Vec<String> = own("[hostile]")
        .iter()
        .filter_map(|sql| Some(guard.check(sql, 100).ok()?.as_str().to_owned()))
        .collect();
    assert!(passed.is_empty(), "{} let through:\n{}", passed.len(), passed.join("\n"));
    assert!(own("[hostile]").len() >= 100, "{}", own("[hostile]").len());
}

#[tokio::test]
async fn what_duckdb_is_liked_for_passes() {
    let guard = Guard::new(Dialect::DuckDb, shop().await);
    let refused: Vec<String> = own("[harmless]")
        .iter()
        .filter_map(|sql| Some(format!("{sql}\n  {}", guard.check(sql, 100).err()?)))
        .collect();
    assert!(refused.is_empty(), "{} refused:\n{}", refused.len(), refused.join("\n"));
    assert!(own("[harmless]").len() >= 50, "{}", own("[harmless]").len());
}

#[tokio::test]
async fn a_table_that_is_called_like_a_file_is_only_what_the_schema_says() {
    let guard = Guard::new(Dialect::DuckDb, Arc::clone(&shop().await));
    let error = guard.check("SELECT * FROM 'orders.csv'", 10).unwrap_err().to_string();
    assert!(error.starts_with(r#"there is no table "orders.csv""#), "{error}");
}
