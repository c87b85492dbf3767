//! `medha eval` over a small pack.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::support::{business, medha, rows, stderr};

/// A pack over the sample business, with and without its model.
fn pack(questions: &[Json]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["db", "semantic"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    fs::copy(business(), folder.path().join("db/business.sqlite")).unwrap();
    let model = business().with_extension("ossie.yaml");
    fs::copy(model, folder.path().join("semantic/business.ossie.yaml")).unwrap();
    let lines: String = questions.iter().map(|question| format!("{question}\n")).collect();
    fs::write(folder.path().join("questions.jsonl"), lines).unwrap();
    folder
}

fn eval(pack: &Path, more: &[&str]) -> (Output, Vec<Json>) {
    let out = pack.join("predictions.jsonl");
    let output = medha(pack).arg("eval").arg(pack).args(more).arg("--out").arg(&out).output().unwrap();
    let lines = fs::read_to_string(out).unwrap_or_default();
    (output, lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

#[test]
fn predictions_come_in_the_order_of_the_questions_and_in_the_form_of_the_scorer() {
    let question = |id: &str, question: &str| json!({"id": id, "db": "business", "question": question, "now": "2025-07-01 12:00:00", "gold_sql": "SELECT 0"});
    let pack = pack(&[
        question("a", "How many customers are there?"),
        question("b", "What is the weather like?"),
        json!({"id": "c", "db": "nowhere", "question": "How many?"}),
        question("d", "What were total sales last month?"),
    ]);
    for jobs in ["1", "4"] {
        let (output, lines) = eval(pack.path(), &["--jobs", jobs]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let ids: Vec<&str> = lines.iter().map(|line| line["id"].as_str().unwrap()).collect();
        assert_eq!(ids, ["a", "b", "c", "d"]);
        assert_eq!((&lines[1]["abstain"], &lines[1]["sql"]), (&json!(true), &Json::Null), "{}", lines[1]);
        assert!(lines[2]["reason"].as_str().unwrap().contains("nowhere.sqlite"), "{}", lines[2]);
        let last_month = "SELECT SUM(i.quantity * i.unit_price * (1 - i.discount)) FROM order_items AS i
            JOIN orders AS o ON o.order_id = i.order_id
            WHERE o.status = 'completed' AND o.ordered_at >= '2025-06-01' AND o.ordered_at < '2025-07-01'";
        for (line, sql) in [(&lines[0], "SELECT count(*) FROM customers"), (&lines[3], last_month)] {
            let predicted = rows(line["sql"].as_str().unwrap());
            let expected = rows(sql);
            let text = |rows: &[Vec<medha_connectors::Value>]| format!("{:.9?}", rows[0][0]);
            assert_eq!(text(&predicted), text(&expected), "{line}");
        }
        assert!(stderr(&output).contains("4 questions in "), "{}", stderr(&output));
        assert!(stderr(&output).contains("2 answered, 1 abstained, 1 failed"), "{}", stderr(&output));
    }
}

#[test]
fn a_question_that_says_all_means_the_same_within_a_dialog() {
    let first = "What were total sales last month by region?";
    let second = "What were total sales last month by product category?";
    let turn = |id: &str, history: &[&str]| {
        let now = "2025-07-01 12:00:00";
        json!({"id": id, "db": "business", "question": second, "history": history, "now": now})
    };
    let pack = pack(&[turn("alone", &[]), turn("later", &[first, "What is the weather like?"])]);
    let (output, lines) = eval(pack.path(), &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(lines[0]["sql"].as_str().unwrap().contains("category"), "{}", lines[0]);
    assert_eq!(lines[0]["sql"], lines[1]["sql"]);
}

#[test]
fn models_can_be_left_out_and_other_questions_chosen() {
    let pack = pack(&[]);
    let question = json!({"id": "z", "db": "business", "question": "How many customers are there?"});
    fs::write(pack.path().join("others.jsonl"), format!("{question}\n")).unwrap();
    fs::write(pack.path().join("semantic/business.ossie.yaml"), "broken").unwrap();
    let (output, lines) = eval(pack.path(), &["--questions", "others.jsonl", "--no-models"]);
    assert_eq!((output.status.code(), lines.len()), (Some(0), 1), "{}", stderr(&output));
    assert!(lines[0]["sql"].is_string(), "{}", lines[0]);

    let (output, _) = eval(pack.path(), &["--questions", "missing.jsonl"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("missing.jsonl"), "{}", stderr(&output));
}
