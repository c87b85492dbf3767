//! The stamp in a sample's file header: whose file it is, which form it has, and its last day.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use jiff::SignedDuration;
use jiff::civil::Date;

/// What a sample file says of itself.
///
/// SQLite keeps two numbers for the application in its first hundred bytes, so that nobody has to open the database to
/// learn how old a sample is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The last day of business in it.
    pub end_date: Date,
    /// Whether it was made by this version of the generator.
    pub is_current: bool,
}

/// `MED` and the version of the generator: raise it when the tables, the words or the rules change.
pub(crate) const APPLICATION_ID: i32 = 0x4D45_4401;
const APPLICATION_MASK: i32 = !0xFF;
const EPOCH: Date = jiff::civil::date(2000, 1, 1);

/// Reads the stamp of a file; `None` if it is no sample.
///
/// # Errors
/// If the file cannot be read.
pub fn stamp(path: &Path) -> io::Result<Option<Stamp>> {
    let mut header = [0_u8; 100];
    match File::open(path)?.read_exact(&mut header) {
        Ok(()) => Ok(read_header(&header)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

/// The number that stands for a last day in the header.
pub(crate) fn user_version(end_date: Date) -> i32 {
    let days = end_date.duration_since(EPOCH).as_hours() / 24;
    i32::try_from(days).unwrap_or(0)
}

fn read_header(header: &[u8; 100]) -> Option<Stamp> {
    let number = |at: usize| i32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    let application = number(68);
    if !header.starts_with(b"SQLite format 3\0")
        || application & APPLICATION_MASK != APPLICATION_ID & APPLICATION_MASK
    {
        return None;
    }
    let end_date = EPOCH.checked_add(SignedDuration::from_hours(24 * i64::from(number(60)))).ok()?;
    Some(Stamp { end_date, is_current: application == APPLICATION_ID })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_header_gives_back_the_last_day_it_was_stamped_with() {
        for day in [date(2026, 11, 19), date(2000, 1, 1), date(1999, 12, 31), date(2400, 2, 29)] {
            let mut header = [0_u8; 100];
            header[..16].copy_from_slice(b"SQLite format 3\0");
            header[60..64].copy_from_slice(&user_version(day).to_be_bytes());
            header[68..72].copy_from_slice(&APPLICATION_ID.to_be_bytes());
            assert_eq!(read_header(&header), Some(Stamp { end_date: day, is_current: true }));
            header[71] ^= 0x02;
            assert_eq!(read_header(&header), Some(Stamp { end_date: day, is_current: false }));
            header[68] = 0;
            assert_eq!(read_header(&header), None);
        }
    }
}
