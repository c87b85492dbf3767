//! A log in a file of JSON lines. The file itself is the state: whoever appends locks it and reads how it ends.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde_json::value::RawValue;

use super::line::{Line, Seal};
use super::log::AuditError;

/// A log in a file of JSON lines. Any number of processes may append to one file.
///
/// A line is on the disk when [`append`](Self::append) returns. A process that dies in the middle of a line leaves half of
/// it; the next one takes that away and says so in its own line.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    /// The file, and how it ended when this process last wrote to it.
    open: Mutex<Open>,
}

#[derive(Debug)]
struct Open {
    file: File,
    /// The length of the file, and its last line.
    end: Option<(u64, Seal)>,
}

impl LogFile {
    /// On Unix nobody but its owner may read a file that is made.
    pub(super) fn open(path: impl AsRef<Path>) -> Result<Self, AuditError> {
        let path = path.as_ref().to_owned();
        let mut options = OpenOptions::new();
        options.create(true).read(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&path) {
            Ok(file) => Ok(Self { path, open: Mutex::new(Open { file, end: None }) }),
            Err(source) => Err(AuditError::File { path, source }),
        }
    }

    pub(super) fn append(&self, record: &RawValue) -> Result<Seal, AuditError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.file.lock().map_err(|source| self.file(source))?;
        let appended = self.append_locked(&mut open, record);
        let unlocked = open.file.unlock();
        let seal = appended?;
        unlocked.map_err(|source| self.file(source))?;
        Ok(seal)
    }

    fn append_locked(&self, open: &mut Open, record: &RawValue) -> Result<Seal, AuditError> {
        let failed = |source| self.file(source);
        let length = open.file.metadata().map_err(failed)?.len();
        let (end, before) = match open.end.take() {
            Some((end, seal)) if end == length => (end, seal),
            Some(_) | None => self.last(&mut open.file, length)?,
        };
        if end < length {
            open.file.set_len(end).map_err(failed)?;
        }
        let line = Line::after(&before, length - end, record);
        let mut text = serde_json::to_string(&line)
            .map_err(|source| AuditError::Record { path: self.path.clone(), source })?;
        text.push('\n');
        open.file.write_all(text.as_bytes()).and_then(|()| open.file.sync_data()).map_err(failed)?;
        let seal = line.seal();
        open.end = Some((end + text.len() as u64, seal.clone()));
        Ok(seal)
    }

    /// Where the last whole line ends, and what it says.
    fn last(&self, file: &mut File, length: u64) -> Result<(u64, Seal), AuditError> {
        let failed = |source| self.file(source);
        let mut tail = Vec::new();
        let mut from = length;
        // Backwards, twice as far each time: a line may be long, and a log is longer.
        let mut step = 16 * 1024;
        loop {
            from = from.saturating_sub(step);
            step *= 2;
            file.seek(SeekFrom::Start(from)).map_err(failed)?;
            tail.clear();
            file.take(length - from).read_to_end(&mut tail).map_err(failed)?;
            let ends: Vec<usize> =
                tail.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at).collect();
            let (line, end) = match (ends.as_slice(), from) {
                ([], 0) => return Ok((0, Seal::none())),
                ([end], 0) => (&tail[..*end], *end),
                ([.., before, end], _) => (&tail[before + 1..*end], *end),
                ([] | [_], _) => continue,
            };
            let broken = |problem: String| AuditError::OtherEnd { path: self.path.clone(), problem };
            let line: Line<'_> = serde_json::from_slice(line).map_err(|error| {
                broken(format!("its last line is not one of an audit log ({error}); nothing was added"))
            })?;
            return Ok((from + end as u64 + 1, line.seal()));
        }
    }

    fn file(&self, source: io::Error) -> AuditError {
        AuditError::File { path: self.path.clone(), source }
    }
}
