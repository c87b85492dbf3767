//! `--audit` and `medha audit verify`.

use std::fs;

use crate::support::{ask, medha, stderr, stdout};

const QUESTION: &str = "How many customers are there in each country?";

#[test]
fn a_question_leaves_a_line_that_can_be_verified() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("audit.jsonl");
    let path = file.to_str().unwrap();
    let verify = |more: &[&str]| {
        let mut command = medha(folder.path());
        command.args(["audit", "verify", path]).args(more).output().unwrap()
    };
    for _ in 0..2 {
        let output = ask(QUESTION, &["--audit", path]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    }
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.lines().count() >= 2 && text.contains(QUESTION) && text.contains("SELECT"), "{text}");

    let whole = verify(&[]);
    assert_eq!(whole.status.code(), Some(0), "{}", stderr(&whole));
    let said = stdout(&whole);
    assert!(said.contains("lines, all as they were written\nseal "), "{said}");
    let seal = said.lines().last().unwrap().strip_prefix("seal ").unwrap().to_owned();

    fs::write(&file, text.lines().next().unwrap().to_owned() + "\n").unwrap();
    assert_eq!(verify(&[]).status.code(), Some(0), "what is left fits together");
    let cut = verify(&["--seal", &seal]);
    assert_eq!(cut.status.code(), Some(1));
    assert!(stderr(&cut).contains("its end was cut off"), "{}", stderr(&cut));

    fs::write(&file, text.replacen("customers", "products", 1)).unwrap();
    let changed = verify(&[]);
    assert_eq!(changed.status.code(), Some(1));
    assert!(stderr(&changed).contains("line 1 does not have the hash"), "{}", stderr(&changed));
}

#[test]
fn nothing_is_answered_where_nothing_can_be_noted() {
    let folder = tempfile::tempdir().unwrap();
    let output = ask(QUESTION, &["--audit", folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output), "");
    assert!(stderr(&output).contains("audit log"), "{}", stderr(&output));
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let output = medha(folder.path()).args(["audit", "verify", "nowhere.jsonl"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("nowhere.jsonl"), "{}", stderr(&output));
}
