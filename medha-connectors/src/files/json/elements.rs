//! The objects of a JSON file, one at a time, found by their brackets; what is within them is parsed elsewhere.

use memchr::{memchr, memchr2};

use crate::files::input::{MAX_ROW_BYTES, Pieces};
use crate::files::stop::Stop;

/// How the objects of a file follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::files) enum Layout {
    /// One a line, as in `.jsonl` and `.ndjson`.
    Lines,
    /// In an array, or one after another.
    Document,
}

/// Finds objects.
#[derive(Debug)]
pub(super) struct Elements<P> {
    input: P,
    layout: Layout,
    line: u64,
    place: Place,
}

/// Where in a document we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    /// After `[`, where `]` may come.
    ArrayStart,
    /// After a comma, where an object must come.
    ArrayNext,
    /// After an object of an array.
    ArrayAfter,
    /// Between objects without an array.
    Between,
    /// After the array.
    End,
}

impl<P: Pieces> Elements<P> {
    pub(super) fn new(input: P, layout: Layout) -> Self {
        Self { input, layout, line: 1, place: Place::Start }
    }

    /// Puts the next object in `element` and says at which line it begins.
    pub(super) fn read(&mut self, element: &mut Vec<u8>) -> Result<Option<u64>, Stop> {
        element.clear();
        match self.layout {
            Layout::Lines => self.read_line(element),
            Layout::Document => match self.find_object()? {
                Some(line) => self.read_object(element, line).map(|()| Some(line)),
                None => Ok(None),
            },
        }
    }

    fn read_line(&mut self, element: &mut Vec<u8>) -> Result<Option<u64>, Stop> {
        loop {
            let piece = self.input.fill()?;
            if piece.is_empty() {
                let is_blank = element.trim_ascii().is_empty();
                return Ok((!is_blank).then_some(self.line));
            }
            let found = memchr(b'\n', piece);
            element.extend_from_slice(&piece[..found.unwrap_or(piece.len())]);
            let used = found.map_or(piece.len(), |found| found + 1);
            self.input.consume(used);
            check_size(element, self.line)?;
            if found.is_some() {
                self.line += 1;
                if !element.trim_ascii().is_empty() {
                    return Ok(Some(self.line - 1));
                }
                element.clear();
            }
        }
    }

    /// Goes to the next opening brace and says at which line it is.
    fn find_object(&mut self) -> Result<Option<u64>, Stop> {
        loop {
            let piece = self.input.fill()?;
            let Some(byte) = piece.first().copied() else { return self.end() };
            match (byte, self.place) {
                (b'\n', _) => self.line += 1,
                (b' ' | b'\t' | b'\r', _) => {}
                (b'[', Place::Start) => self.place = Place::ArrayStart,
                (b']', Place::ArrayStart | Place::ArrayAfter) => self.place = Place::End,
                (b',', Place::ArrayAfter) => self.place = Place::ArrayNext,
                (b'{', Place::Start | Place::Between) => {
                    self.place = Place::Between;
                    return Ok(Some(self.line));
                }
                (b'{', Place::ArrayStart | Place::ArrayNext) => {
                    self.place = Place::ArrayAfter;
                    return Ok(Some(self.line));
                }
                (_, place) => return Err(self.unexpected(byte, place)),
            }
            self.input.consume(1);
        }
    }

    fn end(&self) -> Result<Option<u64>, Stop> {
        match self.place {
            Place::Start | Place::Between | Place::End => Ok(None),
            Place::ArrayStart | Place::ArrayNext | Place::ArrayAfter => Err(Stop::Refused(format!(
                "line {}: the array is not closed; the end of the file is missing",
                self.line
            ))),
        }
    }

    fn unexpected(&self, byte: u8, place: Place) -> Stop {
        let line = self.line;
        let reason = match place {
            Place::Start | Place::ArrayStart | Place::ArrayNext | Place::Between if begins_a_value(byte) => {
                "a table is made of objects, {…}, and here is something else"
            }
            Place::ArrayAfter => "a comma or the end of the array is missing",
            Place::End => "there is something after the end of the array",
            Place::Start | Place::ArrayStart | Place::ArrayNext | Place::Between => {
                "here should be an object, {…}"
            }
        };
        Stop::Refused(format!("line {line}: {reason}"))
    }

    /// Copies from the opening brace to the one that closes it.
    fn read_object(&mut self, element: &mut Vec<u8>, line: u64) -> Result<(), Stop> {
        let mut depth = 0_usize;
        let (mut in_text, mut is_escaped) = (false, false);
        loop {
            let piece = self.input.fill()?;
            if piece.is_empty() {
                return Err(Stop::Refused(format!("line {line}: the object is not closed; close it")));
            }
            let mut at = 0;
            let mut is_done = false;
            while at < piece.len() && !is_done {
                if is_escaped {
                    is_escaped = false;
                    at += 1;
                } else if in_text {
                    let Some(found) = memchr2(b'"', b'\\', &piece[at..]) else {
                        at = piece.len();
                        continue;
                    };
                    (in_text, is_escaped) = (piece[at + found] != b'"', piece[at + found] == b'\\');
                    at += found + 1;
                } else {
                    match piece[at] {
                        b'"' => in_text = true,
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' => {
                            depth = depth.saturating_sub(1);
                            is_done = depth == 0;
                        }
                        b'\n' => self.line += 1,
                        _ => {}
                    }
                    at += 1;
                }
            }
            element.extend_from_slice(&piece[..at]);
            self.input.consume(at);
            check_size(element, line)?;
            if is_done {
                return Ok(());
            }
        }
    }
}

fn begins_a_value(byte: u8) -> bool {
    matches!(byte, b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n')
}

fn check_size(element: &[u8], line: u64) -> Result<(), Stop> {
    if element.len() <= MAX_ROW_BYTES {
        return Ok(());
    }
    let limit = MAX_ROW_BYTES / 1024 / 1024;
    Err(Stop::Refused(format!(
        "line {line}: the object there is larger than {limit} MiB; is it one row of a table?"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, layout: Layout) -> Result<Vec<(u64, String)>, Stop> {
        let mut elements = Elements::new(text.as_bytes(), layout);
        let (mut element, mut found) = (Vec::new(), Vec::new());
        while let Some(line) = elements.read(&mut element)? {
            found.push((line, String::from_utf8(element.clone()).unwrap()));
        }
        Ok(found)
    }

    #[test]
    fn objects_are_found_by_their_brackets() {
        let cases: &[(&str, &[(u64, &str)])] = &[
            ("", &[]),
            ("[]", &[]),
            ("[{}]", &[(1, "{}")]),
            ("[\n {\"a\": 1},\n {\"a\": [{}]}\n]\n", &[(2, "{\"a\": 1}"), (3, "{\"a\": [{}]}")]),
            (r#"[{"a":"}]\"{"},{"b":"\\"}]"#, &[(1, r#"{"a":"}]\"{"}"#), (1, r#"{"b":"\\"}"#)]),
            ("{\"a\":\n1}\n{\"b\":2}", &[(1, "{\"a\":\n1}"), (3, "{\"b\":2}")]),
        ];
        for (text, expected) in cases {
            let expected: Vec<(u64, String)> =
                expected.iter().map(|(line, element)| (*line, (*element).to_owned())).collect();
            assert_eq!(all(text, Layout::Document).unwrap(), expected, "{text:?}");
        }
        let lines = all("{\"a\":1}\r\n\n {\"b\":\"}\"}", Layout::Lines).unwrap();
        assert_eq!(lines, [(1, "{\"a\":1}\r".to_owned()), (3, " {\"b\":\"}\"}".to_owned())]);
    }

    #[test]
    fn what_is_no_list_of_objects_is_refused_with_its_line() {
        for (text, said) in [
            ("[\n1, 2]", "line 2: a table is made of objects, {…}, and here is something else"),
            ("\"x\"", "line 1: a table is made of objects, {…}, and here is something else"),
            ("[{}\n{}]", "line 2: a comma or the end of the array is missing"),
            ("[{}]\n[", "line 2: there is something after the end of the array"),
            ("[{},\n", "line 2: the array is not closed; the end of the file is missing"),
            ("\n{\"a\":", "line 2: the object is not closed; close it"),
            ("a,b\n", "line 1: here should be an object, {…}"),
        ] {
            assert_eq!(all(text, Layout::Document).unwrap_err(), Stop::Refused(said.to_owned()), "{text:?}");
        }
    }
}
