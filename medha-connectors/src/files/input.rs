//! The bytes of a file in pieces, each of them checked to be text.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use tokio_util::sync::CancellationToken;

use super::stop::Stop;

/// What is read at a time, and what a look at the beginning sees.
const PIECE: usize = 256 * 1024;
/// A row may be this large; more is a quote or a bracket that is never closed.
pub(super) const MAX_ROW_BYTES: usize = 16 * 1024 * 1024;

/// Bytes that come in pieces.
pub(super) trait Pieces {
    /// What has come and was not consumed; nothing at the end.
    fn fill(&mut self) -> Result<&[u8], Stop>;
    /// Says that so many bytes of it were used.
    fn consume(&mut self, bytes: usize);
}

impl Pieces for &[u8] {
    fn fill(&mut self) -> Result<&[u8], Stop> {
        Ok(self)
    }

    fn consume(&mut self, bytes: usize) {
        *self = &self[bytes..];
    }
}

/// A file of text. It stops reading when it is cancelled.
#[derive(Debug)]
pub(super) struct Input {
    file: File,
    buffer: Vec<u8>,
    /// What of the buffer is not consumed.
    start: usize,
    /// Up to here the buffer is checked; after it comes at most the beginning of one character.
    end: usize,
    filled: usize,
    /// Of the first byte of the buffer.
    offset: u64,
    newlines: u64,
    cancel: CancellationToken,
}

impl Input {
    /// Opens a file and reads its first piece. A byte order mark is passed over.
    pub(super) fn open(path: &Path, cancel: CancellationToken) -> Result<Self, Stop> {
        let file = File::open(path)?;
        let buffer = vec![0; PIECE];
        let mut input = Self { file, buffer, start: 0, end: 0, filled: 0, offset: 0, newlines: 0, cancel };
        input.read_piece()?;
        if let Some(what) = known_to_be(&input.buffer[..input.filled]) {
            return Err(Stop::Refused(what.to_owned()));
        }
        input.check()?;
        if input.buffer[..input.end].starts_with(b"\xEF\xBB\xBF") {
            input.start = 3;
        }
        Ok(input)
    }

    /// The first piece, and whether it is the whole file.
    pub(super) fn beginning(&self) -> (&[u8], bool) {
        (&self.buffer[self.start..self.end], self.filled < self.buffer.len())
    }

    /// Reads until the buffer is full or the file at its end.
    fn read_piece(&mut self) -> io::Result<()> {
        while self.filled < self.buffer.len() {
            match self.file.read(&mut self.buffer[self.filled..]) {
                Ok(0) => break,
                Ok(bytes) => self.filled += bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Finds how far the buffer is text in UTF-8.
    fn check(&mut self) -> Result<(), Stop> {
        let bytes = &self.buffer[..self.filled];
        if let Some(zero) = memchr::memchr(0, bytes) {
            let reason = "is zero, so this is no text, or text in UTF-16; save it as UTF-8";
            return Err(self.refuse(zero, reason));
        }
        self.end = match std::str::from_utf8(bytes) {
            Ok(_) => bytes.len(),
            // The rest of the character comes with the next piece.
            Err(error) if error.error_len().is_none() && self.filled == self.buffer.len() => {
                error.valid_up_to()
            }
            Err(error) => {
                let reason = "is not UTF-8; save the file as UTF-8, as in `iconv -f WINDOWS-1252 -t UTF-8`";
                return Err(self.refuse(error.valid_up_to(), reason));
            }
        };
        Ok(())
    }

    fn refuse(&self, at: usize, reason: &str) -> Stop {
        let line = self.newlines + newlines(&self.buffer[..at]) + 1;
        let place = self.offset + at as u64 + 1;
        let byte = self.buffer[at];
        Stop::Refused(format!("line {line}: byte {place} of the file, 0x{byte:02X}, {reason}"))
    }
}

impl Pieces for Input {
    fn fill(&mut self) -> Result<&[u8], Stop> {
        if self.start == self.end && self.filled > 0 {
            if self.cancel.is_cancelled() {
                return Err(Stop::Cancelled);
            }
            self.offset += self.end as u64;
            self.newlines += newlines(&self.buffer[..self.end]);
            self.buffer.copy_within(self.end..self.filled, 0);
            self.filled -= self.end;
            (self.start, self.end) = (0, 0);
            self.read_piece()?;
            self.check()?;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    fn consume(&mut self, bytes: usize) {
        self.start += bytes;
    }
}

pub(super) fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

/// What bytes are that people take for a table by their name.
fn known_to_be(bytes: &[u8]) -> Option<&'static str> {
    let known: [(&[u8], &str); 6] = [
        (b"\xFF\xFE", "it is UTF-16; save it as UTF-8, as in `iconv -f UTF-16 -t UTF-8`"),
        (b"\xFE\xFF", "it is UTF-16; save it as UTF-8, as in `iconv -f UTF-16 -t UTF-8`"),
        (b"\x1F\x8B", "it is compressed with gzip; unpack it first"),
        (b"\x28\xB5\x2F\xFD", "it is compressed with zstd; unpack it first"),
        (b"PK\x03\x04", "it is a ZIP archive or an Excel file; unpack it, or save the sheet as CSV"),
        (b"SQLite format 3\0", "it is a SQLite database; put \"sqlite:\" before its path"),
    ];
    known.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, reason)| *reason)
}
