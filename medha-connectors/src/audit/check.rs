//! Reads a log again and says whether it is what was written.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use super::line::{Line, Seal};
use super::log::AuditError;

/// Reads a whole log, one line at a time, and returns its seal; nothing for an empty log.
///
/// With a seal that was noted earlier, the log must still have that line as it was: what was cut off since is then seen.
///
/// # Errors
/// If the file cannot be read, if a line was changed, is missing or was moved, or if the noted line is not there.
pub fn verify(path: impl AsRef<Path>, noted: Option<&Seal>) -> Result<Option<Seal>, AuditError> {
    let path = path.as_ref();
    let failed = |source| AuditError::File { path: path.to_owned(), source };
    let other_end = |problem: String| AuditError::OtherEnd { path: path.to_owned(), problem };
    let mut lines = BufReader::new(File::open(path).map_err(failed)?);
    let (mut seal, mut number, mut text) = (Seal::none(), 0_u64, Vec::new());
    loop {
        text.clear();
        if lines.read_until(b'\n', &mut text).map_err(failed)? == 0 {
            break;
        }
        number += 1;
        let broken = |problem: String| AuditError::Broken { path: path.to_owned(), line: number, problem };
        let Some(whole) = text.strip_suffix(b"\n") else {
            return Err(broken("is only half written: a process died, or the end was cut off".to_owned()));
        };
        let line: Line<'_> = serde_json::from_slice(whole)
            .map_err(|error| broken(format!("is not one of an audit log: {error}")))?;
        line.follows(&seal).map_err(broken)?;
        if serde_json::to_string(&line).is_ok_and(|written| written.as_bytes() != whole) {
            return Err(broken("is not written as it was: something was put between its parts".to_owned()));
        }
        seal = line.seal();
        if let Some(noted) = noted.filter(|noted| noted.number == seal.number && **noted != seal) {
            return Err(broken(format!("is not the one that was noted as {noted}")));
        }
    }
    match noted {
        Some(noted) if noted.number > seal.number => Err(other_end(format!(
            "it ends with line {}, and line {} was noted: its end was cut off",
            seal.number, noted.number
        ))),
        Some(_) | None => Ok((seal.number > 0).then_some(seal)),
    }
}
