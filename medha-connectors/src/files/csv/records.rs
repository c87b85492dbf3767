//! The records of a file with separators, by RFC 4180 and strictly: what is quoted wrongly is an error with its line.
//!
//! The crate `csv` is lenient: a quote that is never closed swallows the rest of the file as one value. Here it is refused.

use memchr::{memchr, memchr2};

use crate::files::input::{MAX_ROW_BYTES, Pieces, newlines};
use crate::files::stop::Stop;

/// One record.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// All fields, one after another.
    text: Vec<u8>,
    /// Where each field ends.
    ends: Vec<usize>,
    /// Where it begins.
    pub(super) line: u64,
    is_quoted: bool,
}

impl Record {
    /// How many fields it has.
    pub(super) fn width(&self) -> usize {
        self.ends.len()
    }

    /// The fields in order.
    pub(super) fn fields(&self) -> Result<impl Iterator<Item = &str>, Stop> {
        // Separators and quotes are ASCII, so fields end between characters.
        let text = std::str::from_utf8(&self.text)
            .map_err(|_| Stop::Refused(format!("line {} is not UTF-8; save the file as UTF-8", self.line)))?;
        let mut start = 0;
        Ok(self
            .ends
            .iter()
            .map(move |end| text.get(std::mem::replace(&mut start, *end)..*end).unwrap_or_default()))
    }

    /// A line with nothing in it, or with nothing but spaces where there should be several fields.
    pub(super) fn is_blank(&self, width: usize) -> bool {
        self.ends.len() == 1
            && !self.is_quoted
            && (self.text.is_empty() || (width > 1 && self.text.trim_ascii().is_empty()))
    }

    fn clear(&mut self, line: u64) {
        self.text.clear();
        self.ends.clear();
        self.line = line;
        self.is_quoted = false;
    }

    fn end_field(&mut self) {
        self.ends.push(self.text.len());
    }
}

/// Reads records.
#[derive(Debug)]
pub(super) struct Records<P> {
    input: P,
    delimiter: u8,
    line: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Plain,
    Quoted,
    /// After a quote within a quoted field: its end, or half of a quote that is meant.
    AfterQuote,
    /// After a quoted field and the first half of a line end.
    AfterReturn,
}

impl<P: Pieces> Records<P> {
    /// Reads from where `input` is, which is at the beginning of `line`.
    pub(super) fn new(input: P, delimiter: u8, line: u64) -> Self {
        Self { input, delimiter, line }
    }

    /// Reads the next record; `false` at the end.
    pub(super) fn read(&mut self, record: &mut Record) -> Result<bool, Stop> {
        record.clear(self.line);
        let mut state = State::Start;
        let mut opened = self.line;
        loop {
            let piece = self.input.fill()?;
            if piece.is_empty() {
                return end(record, state, opened);
            }
            let mut at = 0;
            while let Some(byte) = piece.get(at).copied() {
                match state {
                    State::Start if byte == b'"' => {
                        (state, opened) = (State::Quoted, self.line);
                        record.is_quoted = true;
                        at += 1;
                    }
                    State::Start => state = State::Plain,
                    State::Plain => {
                        let rest = &piece[at..];
                        let found = memchr2(self.delimiter, b'\n', rest);
                        record.text.extend_from_slice(&rest[..found.unwrap_or(rest.len())]);
                        at += found.map_or(rest.len(), |found| found + 1);
                        let Some(found) = found else { continue };
                        if rest[found] == b'\n' {
                            strip_return(record);
                            record.end_field();
                            self.line += 1;
                            self.input.consume(at);
                            return Ok(true);
                        }
                        record.end_field();
                        state = State::Start;
                    }
                    State::Quoted => {
                        let rest = &piece[at..];
                        let found = memchr(b'"', rest);
                        let part = &rest[..found.unwrap_or(rest.len())];
                        record.text.extend_from_slice(part);
                        self.line += newlines(part);
                        at += found.map_or(rest.len(), |found| found + 1);
                        if found.is_some() {
                            state = State::AfterQuote;
                        }
                    }
                    State::AfterQuote | State::AfterReturn => {
                        at += 1;
                        if byte == b'\n' {
                            record.end_field();
                            self.line += 1;
                            self.input.consume(at);
                            return Ok(true);
                        }
                        state = match byte {
                            b'"' if state == State::AfterQuote => {
                                record.text.push(b'"');
                                State::Quoted
                            }
                            b'\r' if state == State::AfterQuote => State::AfterReturn,
                            byte if byte == self.delimiter && state == State::AfterQuote => {
                                record.end_field();
                                State::Start
                            }
                            _ => return Err(goes_on(self.line)),
                        };
                    }
                }
            }
            self.input.consume(at);
            if record.text.len() > MAX_ROW_BYTES {
                return Err(too_long(state, opened, record.line));
            }
        }
    }
}

/// A line end of two bytes leaves its first half in the last field.
fn strip_return(record: &mut Record) {
    let start = record.ends.last().copied().unwrap_or_default();
    if record.text.len() > start && record.text.ends_with(b"\r") {
        record.text.pop();
    }
}

/// The last record may lack a line end.
fn end(record: &mut Record, state: State, opened: u64) -> Result<bool, Stop> {
    match state {
        State::Quoted => Err(unclosed(opened)),
        State::Start if record.ends.is_empty() => Ok(false),
        State::Start | State::AfterQuote | State::AfterReturn => {
            record.end_field();
            Ok(true)
        }
        State::Plain => {
            strip_return(record);
            record.end_field();
            Ok(true)
        }
    }
}

fn unclosed(line: u64) -> Stop {
    Stop::Refused(format!("line {line}: the quote that opens a field there is never closed; close it"))
}

fn goes_on(line: u64) -> Stop {
    let reason =
        "a quoted field goes on after its closing quote; write a quote within quotes twice, as in \"\"";
    Stop::Refused(format!("line {line}: {reason}"))
}

fn too_long(state: State, opened: u64, line: u64) -> Stop {
    let limit = MAX_ROW_BYTES / 1024 / 1024;
    Stop::Refused(if state == State::Quoted {
        format!(
            "line {opened}: the quote that opens a field there is not closed within {limit} MiB; close it"
        )
    } else {
        format!("line {line} is longer than {limit} MiB; is it really a table?")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that come one at a time, as the borders of pieces can be anywhere.
    struct Dripping<'a>(&'a [u8]);

    impl Pieces for Dripping<'_> {
        fn fill(&mut self) -> Result<&[u8], Stop> {
            Ok(&self.0[..self.0.len().min(1)])
        }

        fn consume(&mut self, bytes: usize) {
            self.0 = &self.0[bytes..];
        }
    }

    fn all(input: impl Pieces) -> Result<Vec<(u64, Vec<String>)>, Stop> {
        let mut records = Records::new(input, b',', 1);
        let (mut record, mut found) = (Record::default(), Vec::new());
        while records.read(&mut record)? {
            found.push((record.line, record.fields()?.map(str::to_owned).collect()));
        }
        Ok(found)
    }

    #[test]
    fn records_are_read_as_they_are_written() {
        type Fields<'a> = (u64, &'a [&'a str]);
        let cases: &[(&str, &[Fields<'_>])] = &[
            ("", &[]),
            ("a,b\n1,2\n", &[(1, &["a", "b"]), (2, &["1", "2"])]),
            ("a,b\r\n1,2", &[(1, &["a", "b"]), (2, &["1", "2"])]),
            ("a,\n,\n", &[(1, &["a", ""]), (2, &["", ""])]),
            ("a,", &[(1, &["a", ""])]),
            ("\"a,b\",\"c\"\"d\"\r\n", &[(1, &["a,b", "c\"d"])]),
            ("\"x\r\ny\",1\n2,3\n", &[(1, &["x\r\ny", "1"]), (3, &["2", "3"])]),
            ("\"\",5\" pipe\n", &[(1, &["", "5\" pipe"])]),
            ("käse,日本\n", &[(1, &["käse", "日本"])]),
            ("a\n\nb\n", &[(1, &["a"]), (2, &[""]), (3, &["b"])]),
            ("\"a\"", &[(1, &["a"])]),
        ];
        for (text, expected) in cases {
            let expected: Vec<(u64, Vec<String>)> = expected
                .iter()
                .map(|(line, fields)| (*line, fields.iter().map(|field| (*field).to_owned()).collect()))
                .collect();
            assert_eq!(all(text.as_bytes()).unwrap(), expected, "{text:?}");
            assert_eq!(all(Dripping(text.as_bytes())).unwrap(), expected, "{text:?}, byte by byte");
        }
    }

    #[test]
    fn wrong_quotes_are_refused_with_their_line() {
        for (text, said) in [
            ("a\n\"b\nc\n", "line 2: the quote that opens a field there is never closed; close it"),
            (
                "a\n\"b\"c\n",
                "line 2: a quoted field goes on after its closing quote; write a quote within quotes twice, as in \"\"",
            ),
            (
                "\"a\"\rb\n",
                "line 1: a quoted field goes on after its closing quote; write a quote within quotes twice, as in \"\"",
            ),
        ] {
            assert_eq!(all(text.as_bytes()).unwrap_err(), Stop::Refused(said.to_owned()), "{text:?}");
            assert_eq!(
                all(Dripping(text.as_bytes())).unwrap_err(),
                Stop::Refused(said.to_owned()),
                "{text:?}"
            );
        }
    }
}
