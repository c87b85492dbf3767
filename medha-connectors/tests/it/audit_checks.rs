//! What every kind of audit log is checked for: a file, a table of a SQLite file, a table of a server.

use std::thread;

use medha_connectors::audit::{AuditError, AuditLog, AuditRecord, Seal, verify};

pub(crate) fn record(number: u32) -> AuditRecord {
    let mut record = AuditRecord::new("ada", "shop", format!("SELECT {number}"));
    record.question = Some("what is \"it\"?\nsecond line".to_owned());
    record.rows = Some(number.into());
    record
}

/// Appends so many lines to a log and closes it.
pub(crate) fn append(place: &str, lines: u32) -> Option<Seal> {
    let log = AuditLog::open(place).unwrap();
    (1..=lines).map(|number| log.append(&record(number)).unwrap()).last()
}

/// A log that is only ever appended to is whole, whoever appends.
pub(crate) fn check_chain(place: &str) {
    assert_eq!(append(place, 0), None);
    assert_eq!(verify(place, None).unwrap(), None, "an empty log has no seal");
    let first = append(place, 3).unwrap();
    assert_eq!(first.number, 3);
    let second = append(place, 2).unwrap();
    assert_eq!(second.number, 5, "it goes on where it ended");
    assert_eq!(verify(place, None).unwrap(), Some(second.clone()));
    assert_eq!(verify(place, Some(&first)).unwrap(), Some(second), "the noted line is there");

    // As in several processes: each has its own connection.
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let place = place.to_owned();
            thread::spawn(move || append(&place, 10))
        })
        .collect();
    for writer in writers {
        writer.join().unwrap();
    }
    assert_eq!(verify(place, None).unwrap().map(|seal| seal.number), Some(45));
}

/// What `change` does to a log of four lines is found, and told as `problem`; `noted` is the seal it had.
pub(crate) fn check_found(place: &str, noted: Option<&Seal>, problem: &str) {
    let error = verify(place, noted).unwrap_err();
    assert!(matches!(error, AuditError::Broken { .. } | AuditError::OtherEnd { .. }), "{error:?}");
    assert!(error.to_string().contains(problem), "{error}");
}

/// What somebody may do to a table of four lines, and what is found.
pub(crate) const CHANGES: [(&str, &str); 4] = [
    (
        "UPDATE medha_audit SET line = replace(line, 'SELECT 2', 'SELECT 9') WHERE number = 2",
        "line 2 does not have the hash of what it says",
    ),
    ("DELETE FROM medha_audit WHERE number = 2", "line 2 has number 3, and 2 was expected"),
    ("UPDATE medha_audit SET number = 9 WHERE number = 1", "line 1 has number 2, and 1 was expected"),
    ("DELETE FROM medha_audit WHERE number = 4", "it ends with line 3, and line 4 was noted"),
];
