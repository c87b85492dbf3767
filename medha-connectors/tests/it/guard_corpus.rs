//! The guard against our own corpus: hostile statements are refused or show nothing, harmless ones pass and are right.

use std::collections::BTreeMap;

use medha_connectors::{Dialect, Guard};

use crate::clinic::{Clinic, dialect, dialects, shows_canary};

const HOSTILE: &str = include_str!("corpus/hostile.txt");
const HARMLESS: &str = include_str!("corpus/harmless.txt");

/// The lines of a corpus: kind, dialects, statement.
fn lines(corpus: &'static str) -> Vec<(&'static str, &'static str, &'static str)> {
    let mut kind = "";
    let mut lines = Vec::new();
    for line in corpus.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            Some(name) => kind = name,
            None => {
                let (named, sql) = line.split_once(" | ").unwrap_or_else(|| panic!("no dialect: {line}"));
                lines.push((kind, named, sql));
            }
        }
    }
    lines
}

fn guards(clinic: &Clinic) -> BTreeMap<&'static str, Guard> {
    dialects("all").into_iter().map(|name| (name, clinic.guard(dialect(name)))).collect()
}

#[tokio::test]
async fn hostile_statements_are_refused_or_show_only_what_the_user_may_see() {
    let clinic = Clinic::open().await;
    let guards = guards(&clinic);
    let lines = lines(HOSTILE);
    assert!(lines.len() >= 200, "{}", lines.len());
    let mut wrong = Vec::new();
    for (kind, named, sql) in lines {
        let may_be_rewritten = kind.starts_with("rows") || kind == "protected columns shown";
        for name in dialects(named) {
            let Ok(passed) = guards[name].check(sql, 10_000) else { continue };
            let is_rewritten = passed.as_str().contains("'North'") || passed.as_str().contains("'***'");
            if !may_be_rewritten || !is_rewritten {
                wrong.push(format!("{name}, {kind}: {sql}\n  became {}", passed.as_str()));
            } else if name == "sqlite" {
                let shown = clinic.guarded(&guards[name], sql).await;
                if shows_canary(&shown) {
                    wrong.push(format!("{kind}: {sql}\n  showed {shown:?}"));
                }
                if shown != clinic.plain(sql).await {
                    wrong.push(format!("{kind}: {sql}\n  differs from what the restricted database shows"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} let through:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn harmless_statements_pass_and_answer_as_if_nothing_else_were_there() {
    let clinic = Clinic::open().await;
    let guards = guards(&clinic);
    let lines = lines(HARMLESS);
    assert!(lines.len() >= 100, "{}", lines.len());
    let mut wrong = Vec::new();
    for (kind, named, sql) in lines {
        for name in dialects(named) {
            match guards[name].check(sql, 10_000) {
                Err(error) => wrong.push(format!("{name}, {kind}: {sql}\n  refused: {error}")),
                Ok(_) if name != "sqlite" => {}
                Ok(_) => {
                    let shown = clinic.guarded(&guards[name], sql).await;
                    if shows_canary(&shown) || shown != clinic.plain(sql).await {
                        wrong.push(format!("{kind}: {sql}\n  is answered wrongly"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn without_a_policy_everything_can_be_read() {
    let clinic = Clinic::open().await;
    let guard = clinic.unrestricted(Dialect::Sqlite);
    let sql = guard.check("SELECT secret FROM logins", 10).unwrap();
    assert_eq!(sql.as_str(), "SELECT secret FROM logins LIMIT 11");
    assert!(sql.rules().is_empty());
    assert!(shows_canary(&clinic.guarded(&guard, "SELECT mail FROM patients ORDER BY mail").await));
}
