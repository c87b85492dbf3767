//! Which separator a file uses, from its beginning.

use super::records::{Record, Records};
use crate::files::stop::Stop;

/// In the order of preference where several fit equally well, or none: a tab is hardly ever part of a value.
const DELIMITERS: [u8; 4] = [b'\t', b',', b';', b'|'];
/// Records looked at.
const LOOKED_AT: usize = 500;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    /// Excel says the separator in a line before the others, `sep=;`.
    pub(super) announcement: usize,
}

/// Finds the separator with which the records have most fields, all as many.
pub(super) fn sniff(beginning: &[u8], is_whole: bool) -> Result<Dialect, Stop> {
    if let Some(dialect) = announced(beginning) {
        return Ok(dialect);
    }
    if !beginning.contains(&b'\n') && beginning.contains(&b'\r') {
        let reason = "its lines end as on old Macs, with a carriage return; save it with line feeds";
        return Err(Stop::Refused(reason.to_owned()));
    }
    let mut best = (Fit::default(), DELIMITERS[0]);
    for delimiter in DELIMITERS {
        let fit = Fit::of(beginning, is_whole, delimiter);
        if fit > best.0 {
            best = (fit, delimiter);
        }
    }
    Ok(Dialect { delimiter: best.1, announcement: 0 })
}

fn announced(beginning: &[u8]) -> Option<Dialect> {
    let rest = beginning.strip_prefix(b"sep=")?;
    let end = match rest.get(1..)? {
        [b'\n', ..] => 6,
        [b'\r', b'\n', ..] => 7,
        _ => return None,
    };
    Some(Dialect { delimiter: rest[0], announcement: end })
}

/// How well a separator fits; a later field decides only between equals.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Fit {
    separates: bool,
    /// Records out of a hundred that are as wide as the first.
    as_first: usize,
    width: usize,
}

impl Fit {
    fn of(beginning: &[u8], is_whole: bool, delimiter: u8) -> Self {
        let mut records = Records::new(beginning, delimiter, 1);
        let mut record = Record::default();
        let mut widths = Vec::new();
        while widths.len() < LOOKED_AT && matches!(records.read(&mut record), Ok(true)) {
            if !record.is_blank(1) {
                widths.push(record.width());
            }
        }
        if !is_whole && widths.len() > 1 && widths.len() < LOOKED_AT {
            // The last one goes on after what we see.
            widths.pop();
        }
        let Some(first) = widths.first().copied() else { return Self::default() };
        let as_first = widths.iter().filter(|width| **width == first).count() * 100 / widths.len();
        Self { separates: first > 1, as_first, width: first }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_separator_is_the_one_that_makes_a_table() {
        for (text, delimiter) in [
            ("a,b\n1,2\n", b','),
            ("a;b\n1,5;2\n3,5;4\n", b';'),
            ("a\tb, c\n1\t2, 3\n", b'\t'),
            ("a|b|c\n1|2|3\n", b'|'),
            ("name,note\nx,\"a;b;c\"\ny,\"d\"\n", b','),
            ("name,note\nx,a;b\ny,c\n", b','),
            ("one\ntwo\n", b'\t'),
            ("", b'\t'),
            ("a;b;c\n1;2\n3;4;5\n6;7;8\n", b';'),
        ] {
            assert_eq!(sniff(text.as_bytes(), true).unwrap().delimiter, delimiter, "{text:?}");
        }
        let announced = sniff(b"sep=|\r\na|b\n", true).unwrap();
        assert_eq!(announced, Dialect { delimiter: b'|', announcement: 7 });
        assert!(sniff(b"a,b\r1,2\r", true).is_err());
    }
}
