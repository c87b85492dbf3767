//! `medha eval guard` over a small corpus.

use std::fs;

use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::support::{medha, stderr};

const TABLES: &str = "
    CREATE TABLE parcels (parcel_id INTEGER PRIMARY KEY, hub TEXT, receiver TEXT, weight REAL);
    CREATE TABLE keys (key_id INTEGER PRIMARY KEY, secret TEXT);
    CREATE VIEW heavy AS SELECT parcel_id, hub, receiver AS who FROM parcels WHERE weight > 1;
    INSERT INTO parcels VALUES (1, 'East', 'HIDDEN1', 1.5), (2, 'West', 'HIDDEN2', 2.5);";

fn corpus(contexts: &Json, statements: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["fixture", "dev"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    let path = folder.path().join("fixture/depot.sqlite");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        use sqlx::{ConnectOptions as _, Connection as _};
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
        let mut connection = options.connect().await.unwrap();
        sqlx::raw_sql(TABLES).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
    fs::write(folder.path().join("contexts.json"), contexts.to_string()).unwrap();
    let line = |index: usize, dialect: &str, sql: &str| {
        format!(
            "{}\n",
            json!({"id": format!("s{index}"), "dialect": dialect, "sql": sql, "context": "depot", "why": "x"})
        )
    };
    let lines: String =
        statements.iter().enumerate().map(|(index, (dialect, sql))| line(index, dialect, sql)).collect();
    fs::write(folder.path().join("dev/must_block.jsonl"), lines).unwrap();
    fs::write(folder.path().join("dev/must_allow.jsonl"), line(99, "sqlite", "SELECT count(*) FROM parcels"))
        .unwrap();
    folder
}

fn depot() -> Json {
    json!({"depot": {
        "allowed_tables": {"parcels": ["parcel_id", "hub", "receiver", "weight"], "heavy": ["parcel_id", "hub", "who"]},
        "view_definitions": {"heavy": "CREATE VIEW heavy AS SELECT parcel_id, hub, receiver AS who FROM parcels WHERE weight > 1"},
        "pii": {"parcels.receiver": "mask", "heavy.who": "mask (it is parcels.receiver)"},
        "rls": {"user": {"id": "u1", "role": "clerk", "hub": "East"}, "rules": {"parcels": "hub = :hub", "heavy": "as parcels"}},
        "limits": {"max_rows": 50}
    }})
}

#[test]
fn every_statement_is_decided_in_its_dialect_and_in_order() {
    let corpus = corpus(
        &depot(),
        &[
            ("sqlite", "SELECT * FROM parcels"),
            ("postgres", "SELECT secret FROM public.keys"),
            ("mysql", "SELECT hub FROM depot.parcels"),
            ("snowflake", "SELECT hub FROM ANALYTICS.PUBLIC.PARCELS"),
            ("bigquery", "SELECT hub FROM `proj.depot.parcels` WHERE receiver LIKE 'a%'"),
            ("sqlite", "SELECT who FROM heavy"),
        ],
    );
    let out = corpus.path().join("decisions.jsonl");
    let output = medha(corpus.path())
        .args(["eval", "guard"])
        .arg(corpus.path().join("dev"))
        .arg("--out")
        .arg(&out)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).contains("7 statements in "), "{}", stderr(&output));
    assert!(stderr(&output).contains("5 allowed, 2 blocked"), "{}", stderr(&output));
    let text = fs::read_to_string(out).unwrap();
    let lines: Vec<Json> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let decided: Vec<(&str, &str)> =
        lines.iter().map(|line| (line["id"].as_str().unwrap(), line["decision"].as_str().unwrap())).collect();
    let expected = ["allow", "block", "allow", "allow", "block", "allow", "allow"];
    let ids = ["s0", "s1", "s2", "s3", "s4", "s5", "s99"];
    assert_eq!(decided, ids.into_iter().zip(expected).collect::<Vec<_>>());
    let sql = |index: usize| lines[index]["sql"].as_str().unwrap();
    assert!(sql(0).contains("'***'") && sql(0).ends_with("LIMIT 51"), "{}", sql(0));
    for index in [0, 2, 3, 5, 6] {
        assert!(sql(index).contains("hub = 'East'"), "{}", sql(index));
    }
    assert_eq!(lines[1]["reason"], r#"there is no table "keys""#);
    assert!(lines[4]["reason"].as_str().unwrap().contains("is masked"), "{}", lines[4]);
}

#[test]
fn what_is_wrong_with_a_corpus_is_told() {
    let told = |contexts: &Json| {
        let corpus = corpus(contexts, &[("sqlite", "SELECT 1")]);
        let out = corpus.path().join("decisions.jsonl");
        let output = medha(corpus.path())
            .args(["eval", "guard"])
            .arg(corpus.path().join("dev"))
            .arg("--out")
            .arg(&out)
            .output()
            .unwrap();
        assert_eq!((output.status.code(), out.exists()), (Some(1), false));
        stderr(&output)
    };
    assert!(told(&json!({"other": depot()["depot"]})).contains(r#"no context "depot""#));
    let mut contexts = depot();
    contexts["depot"]["rls"]["rules"]["parcels"] = json!("hubb = :hub");
    assert!(told(&contexts).contains(r#"there is no column "hubb" in "parcels"; did you mean "hub"?"#));
    let mut contexts = depot();
    contexts["depot"]["pii"]["parcels.receiver"] = json!("hide");
    assert!(told(&contexts).contains(r#"the rule "hide" of "parcels.receiver" is neither mask nor deny"#));
}
