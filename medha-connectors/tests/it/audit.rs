//! The audit record: what was done to a log is found, and what happens to a process does not break it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use medha_connectors::ColumnRead;
use medha_connectors::audit::{AuditLog, AuditRecord, Decision, Seal, verify};
use tempfile::TempDir;

use crate::audit_checks::{CHANGES, append, check_chain, check_found, record};
use crate::files::write as write_sql;

/// A log of so many lines.
fn log_of(lines: u32) -> (TempDir, PathBuf, Option<Seal>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let log = AuditLog::open(&path).unwrap();
    let seal = (1..=lines).map(|number| log.append(&record(number)).unwrap()).last();
    (folder, path, seal)
}

fn lines(path: &Path) -> Vec<String> {
    fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}

fn write(path: &Path, lines: &[String]) {
    fs::write(path, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
}

fn problem(path: &Path) -> String {
    verify(path, None).unwrap_err().to_string()
}

#[test]
fn a_log_that_nobody_touched_is_whole() {
    let (_folder, path, seal) = log_of(5);
    assert_eq!(verify(&path, None).unwrap(), seal);
    assert_eq!(lines(&path).len(), 5);
    assert_eq!(seal.as_ref().map(|seal| seal.number), Some(5));
    assert_eq!(verify(&path, seal.as_ref()).unwrap(), seal);
}

#[test]
fn an_empty_log_has_no_seal() {
    let (_folder, path, _) = log_of(0);
    assert_eq!(verify(&path, None).unwrap(), None);
}

#[test]
fn every_change_of_every_character_is_found() {
    let (_folder, path, _) = log_of(3);
    let text = fs::read(&path).unwrap();
    for at in 0..text.len() {
        let mut changed = text.clone();
        // A letter stays a letter, a digit a digit: what is left is a line that can still be read.
        changed[at] = match changed[at] {
            b'0'..=b'8' | b'a'..=b'y' | b'A'..=b'Y' => changed[at] + 1,
            b'9' => b'0',
            other => other ^ 1,
        };
        fs::write(&path, &changed).unwrap();
        assert!(verify(&path, None).is_err(), "byte {at} of {}", String::from_utf8_lossy(&changed));
    }
}

#[test]
fn a_line_that_is_missing_moved_or_doubled_is_found() {
    let (_folder, path, _) = log_of(4);
    let whole = lines(&path);
    for missing in 0..3 {
        let mut lines = whole.clone();
        lines.remove(missing);
        write(&path, &lines);
        let expected =
            format!("line {} has number {}, and {} was expected", missing + 1, missing + 2, missing + 1);
        assert!(problem(&path).contains(&expected), "{}", problem(&path));
    }
    let mut moved = whole.clone();
    moved.swap(1, 2);
    write(&path, &moved);
    assert!(problem(&path).contains("line 2 has number 3"), "{}", problem(&path));
    let mut doubled = whole.clone();
    doubled.insert(1, whole[0].clone());
    write(&path, &doubled);
    assert!(problem(&path).contains("line 2 has number 1"), "{}", problem(&path));
}

#[test]
fn what_is_put_between_the_parts_of_a_line_is_found() {
    let (_folder, path, _) = log_of(1);
    let line = lines(&path).remove(0);
    for (put, expected) in
        [(", \"number\"", "is not written as it was"), (",\"more\":1,\"number\"", "unknown field")]
    {
        write(&path, &[line.replacen(",\"number\"", put, 1)]);
        assert!(problem(&path).contains(expected), "{}", problem(&path));
    }
}

#[test]
fn a_line_of_another_log_does_not_fit() {
    let (_folder, path, _) = log_of(3);
    let (_other_folder, other, _) = log_of(3);
    let mut lines = lines(&path);
    lines[1] = self::lines(&other)[1].clone();
    write(&path, &lines);
    assert!(problem(&path).contains("line 2 does not have the hash"), "{}", problem(&path));
}

#[test]
fn an_end_that_was_cut_off_is_found_with_a_seal_that_was_noted() {
    let (_folder, path, seal) = log_of(3);
    let noted: Seal = seal.unwrap().to_string().parse().unwrap();
    write(&path, &lines(&path)[..2]);
    assert!(verify(&path, None).is_ok(), "the lines that are left fit together");
    let error = verify(&path, Some(&noted)).unwrap_err().to_string();
    assert!(error.ends_with("it ends with line 2, and line 3 was noted: its end was cut off"), "{error}");
    // Somebody writes a third line anew.
    AuditLog::open(&path).unwrap().append(&record(9)).unwrap();
    let error = verify(&path, Some(&noted)).unwrap_err().to_string();
    assert!(error.contains("line 3 is not the one that was noted as 3:"), "{error}");
}

#[test]
fn a_seal_is_read_as_it_is_written_and_nothing_else_is() {
    let seal = Seal { number: 7, hash: "ab".repeat(32) };
    assert_eq!(seal.to_string().parse(), Ok(seal));
    for text in ["", "7", "7:", "7:xyz", "x:00", &format!("7:{}", "g".repeat(64))] {
        let error = text.parse::<Seal>().unwrap_err();
        assert!(error.contains("is not a seal; it is the number of a line"), "{error}");
    }
}

#[test]
fn a_line_that_was_half_written_is_taken_away_and_the_next_one_says_so() {
    let (_folder, path, _) = log_of(2);
    let whole = fs::read(&path).unwrap();
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(br#"{"format":1,"number":3,"record":{"at":"2026-"#).unwrap();
    assert!(problem(&path).contains("line 3 is only half written"), "{}", problem(&path));
    let seal = AuditLog::open(&path).unwrap().append(&record(3)).unwrap();
    assert_eq!(verify(&path, None).unwrap(), Some(seal));
    assert!(fs::read(&path).unwrap().starts_with(&whole));
    assert!(lines(&path)[2].contains(r#""torn":44"#), "{}", lines(&path)[2]);
}

#[test]
fn a_first_line_that_was_half_written_is_taken_away_too() {
    let (_folder, path, _) = log_of(0);
    fs::write(&path, "{\"for").unwrap();
    let seal = AuditLog::open(&path).unwrap().append(&record(1)).unwrap();
    assert_eq!((seal.number, verify(&path, None).unwrap()), (1, Some(seal)));
}

#[test]
fn nothing_is_added_to_a_file_that_is_no_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    fs::write(&path, "milk\neggs\n").unwrap();
    let error = AuditLog::open(&path).unwrap().append(&record(1)).unwrap_err().to_string();
    assert!(error.contains("its last line is not one of an audit log"), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "milk\neggs\n");
    assert!(problem(&path).contains("line 1 is not one of an audit log"));
}

#[test]
fn several_who_append_at_once_make_one_chain() {
    let (_folder, path, _) = log_of(0);
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let path = &path;
            scope.spawn(move || {
                // A file of its own, as another process has.
                let log = AuditLog::open(path).unwrap();
                (0..25).for_each(|number| drop(log.append(&record(writer * 100 + number)).unwrap()));
            });
        }
    });
    assert_eq!(verify(&path, None).unwrap().unwrap().number, 100);
}

#[test]
fn a_line_may_be_longer_than_what_is_read_at_once() {
    let (_folder, path, _) = log_of(1);
    let mut long = record(2);
    long.asked = "x".repeat(200_000);
    AuditLog::open(&path).unwrap().append(&long).unwrap();
    let seal = AuditLog::open(&path).unwrap().append(&record(3)).unwrap();
    assert_eq!((seal.number, verify(&path, None).unwrap()), (3, Some(seal)));
}

#[test]
fn what_became_of_a_statement_is_read_as_it_was_written() {
    let decisions = [
        Decision::Allowed,
        Decision::Refused { reason: "no".to_owned() },
        Decision::Failed { error: "disk I/O error".to_owned() },
        Decision::Cancelled,
    ];
    for decision in decisions {
        let mut record = record(1);
        record.decision = decision;
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<AuditRecord>(&text).unwrap(), record);
    }
    let old = r#"{"at":"2026-11-20T10:00:00Z","user":"ada","connection":"shop","asked":"SELECT 1","decision":{"is":"allowed"}}"#;
    assert_eq!(serde_json::from_str::<AuditRecord>(old).unwrap().decision, Decision::Allowed);
}

#[cfg(unix)]
#[test]
fn only_its_owner_may_read_a_log() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, path, _) = log_of(1);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn the_hash_of_a_known_line_stays_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let mut record = record(1);
    record.at = "2026-11-20T10:00:00Z".parse().unwrap();
    let seal = AuditLog::open(&path).unwrap().append(&record).unwrap();
    assert_eq!(seal.hash, "6b9325b45d76235074d57904ce06ea387b912696829b33e37b0966298c674af0");
}

/// As the first version wrote it.
const OLD_LINE: &str = r#"{"format":1,"number":1,"record":{"at":"2026-11-20T10:00:00Z","user":"ada","question":"what is \"it\"?\nsecond line","connection":"shop","asked":"SELECT 1","decision":{"is":"allowed"},"rows":1},"hash":"a6da57c2ec1cd52113b4b6789de5fadd890a1152216f09a6844ba3ebbcc3db2a"}"#;

#[test]
fn a_log_that_the_version_before_began_is_read_and_goes_on() {
    let (_folder, path, _) = log_of(0);
    write(&path, &[OLD_LINE.to_owned()]);
    let began = verify(&path, None).unwrap().unwrap();
    assert_eq!(began.hash, "a6da57c2ec1cd52113b4b6789de5fadd890a1152216f09a6844ba3ebbcc3db2a");
    let mut next = record(2);
    next.tables = vec!["orders".to_owned()];
    next.columns = vec![ColumnRead { table: "orders".to_owned(), column: "total".to_owned() }];
    let seal = AuditLog::open(&path).unwrap().append(&next).unwrap();
    assert_eq!((seal.number, verify(&path, Some(&began)).unwrap()), (2, Some(seal)));
    let lines = lines(&path);
    assert!(lines[1].starts_with(r#"{"format":2,"#), "{}", lines[1]);
    assert!(lines[1].contains(r#""columns":[{"table":"orders","column":"total"}]"#), "{}", lines[1]);
    write(&path, &[lines[0].replace("\"format\":1", "\"format\":3")]);
    assert!(
        problem(&path).contains("has format 3, and this program reads formats 1 to 2"),
        "{}",
        problem(&path)
    );
}

#[test]
fn a_file_and_a_table_keep_the_same_promises() {
    let folder = tempfile::tempdir().unwrap();
    check_chain(folder.path().join("audit.jsonl").to_str().unwrap());
    check_chain(&format!("sqlite:{}", folder.path().join("audit.db").display()));
}

#[tokio::test]
async fn what_is_done_to_a_table_is_found() {
    let folder = tempfile::tempdir().unwrap();
    for (number, (change, problem)) in CHANGES.into_iter().enumerate() {
        let path = folder.path().join(format!("{number}.db"));
        let place = format!("sqlite:{}", path.display());
        let seal = append(&place, 4);
        sqlx::Connection::close(write_sql(&path, change).await).await.unwrap();
        check_found(&place, seal.as_ref(), problem);
    }
}

#[test]
fn a_table_that_is_not_there_is_not_made_to_be_verified() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.db");
    let error = verify(format!("sqlite:{}", path.display()), None).unwrap_err().to_string();
    assert!(error.starts_with("audit log \"sqlite:") && error.contains("unable to open"), "{error}");
    assert!(!path.exists());
}

#[test]
fn an_address_that_cannot_hold_a_log_is_refused_without_its_password() {
    let error = AuditLog::open("oracle://me:hunter2@host/db").unwrap_err().to_string();
    let expected = r#"audit log "oracle://host/db": an audit log is a file, "sqlite:PATH" or "postgres://…""#;
    assert_eq!(error, expected);
}
