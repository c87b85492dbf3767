//! Reads a log again and says whether it is what was written.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::line::{Line, Seal};
use super::log::AuditError;
use super::place::Place;

/// Reads a whole log, one line at a time, and returns its seal; nothing for an empty log. The place is one that
/// [`AuditLog::open`](super::AuditLog::open) takes.
///
/// With a seal that was noted earlier, the log must still have that line as it was: what was cut off since is then seen.
///
/// # Errors
/// If it cannot be read, if a line was changed, is missing or was moved, or if the noted line is not there.
pub fn verify(place: impl AsRef<Path>, noted: Option<&Seal>) -> Result<Option<Seal>, AuditError> {
    let place = Place::of(place.as_ref());
    match &place {
        Place::File(path) => verify_file(path, noted),
        #[cfg(feature = "sql")]
        Place::Table(url) => super::table::verify(url, noted),
        #[cfg(not(feature = "sql"))]
        Place::Table(_) => Err(place.unknown()),
    }
}

fn verify_file(path: &Path, noted: Option<&Seal>) -> Result<Option<Seal>, AuditError> {
    let failed = |source| AuditError::File { path: path.to_owned(), source };
    let mut lines = BufReader::new(File::open(path).map_err(failed)?);
    let mut chain = Chain::new(path.to_owned(), noted);
    let mut text = Vec::new();
    loop {
        text.clear();
        if lines.read_until(b'\n', &mut text).map_err(failed)? == 0 {
            return chain.end();
        }
        match text.strip_suffix(b"\n") {
            Some(whole) => chain.next(whole)?,
            None => {
                let problem = "is only half written: a process died, or the end was cut off".to_owned();
                return Err(chain.broken(chain.read + 1, problem));
            }
        }
    }
}

/// The lines of a log as they are read, one after the other.
pub(super) struct Chain<'a> {
    path: PathBuf,
    noted: Option<&'a Seal>,
    seal: Seal,
    read: u64,
}

impl<'a> Chain<'a> {
    pub(super) fn new(path: PathBuf, noted: Option<&'a Seal>) -> Self {
        Self { path, noted, seal: Seal::none(), read: 0 }
    }

    /// Takes in the next line.
    pub(super) fn next(&mut self, whole: &[u8]) -> Result<(), AuditError> {
        self.read += 1;
        let broken = |problem: String| self.broken(self.read, problem);
        let line: Line<'_> = serde_json::from_slice(whole)
            .map_err(|error| broken(format!("is not one of an audit log: {error}")))?;
        line.follows(&self.seal).map_err(broken)?;
        if serde_json::to_string(&line).is_ok_and(|written| written.as_bytes() != whole) {
            return Err(broken("is not written as it was: something was put between its parts".to_owned()));
        }
        let seal = line.seal();
        if let Some(noted) = self.noted.filter(|noted| noted.number == seal.number && **noted != seal) {
            return Err(broken(format!("is not the one that was noted as {noted}")));
        }
        self.seal = seal;
        Ok(())
    }

    /// There are no more lines.
    pub(super) fn end(self) -> Result<Option<Seal>, AuditError> {
        match self.noted {
            Some(noted) if noted.number > self.seal.number => {
                let problem = format!(
                    "it ends with line {}, and line {} was noted: its end was cut off",
                    self.seal.number, noted.number
                );
                Err(AuditError::OtherEnd { path: self.path, problem })
            }
            Some(_) | None => Ok((self.seal.number > 0).then_some(self.seal)),
        }
    }

    fn broken(&self, line: u64, problem: String) -> AuditError {
        AuditError::Broken { path: self.path.clone(), line, problem }
    }
}
