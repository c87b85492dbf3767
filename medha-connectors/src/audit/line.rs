//! One line of the file: a record, its number, and the hash that chains it to the line before.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

/// The version of the shape of a line and its record. Lines of the versions before are read as they are: in version 1 a record
/// did not name columns.
const FORMAT: u32 = 2;

/// The last line of a log: what to note elsewhere, to see later that nothing was cut off. As text `NUMBER:HASH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// The number of the line, from 1.
    pub number: u64,
    /// Its hash, as 64 hexadecimal digits.
    pub hash: String,
}

impl Seal {
    /// What the first line follows.
    pub(super) fn none() -> Self {
        Self { number: 0, hash: "0".repeat(64) }
    }
}

impl fmt::Display for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.number, self.hash)
    }
}

impl FromStr for Seal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("{text:?} is not a seal; it is the number of a line, a colon, and 64 hexadecimal digits")
        };
        let (number, hash) = text.trim().split_once(':').ok_or_else(wrong)?;
        let number = number.parse().map_err(|_| wrong())?;
        let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hash { Ok(Self { number, hash: hash.to_ascii_lowercase() }) } else { Err(wrong()) }
    }
}

/// A line as it is written. The record is kept as the text it is: the hash is of that text.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line<'a> {
    pub(super) format: u32,
    pub(super) number: u64,
    /// Bytes of a line that was only half written when a process died; they were taken away before this line.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) torn: u64,
    #[serde(borrow)]
    pub(super) record: &'a RawValue,
    pub(super) hash: String,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl<'a> Line<'a> {
    /// The line after another.
    pub(super) fn after(before: &Seal, torn: u64, record: &'a RawValue) -> Self {
        let mut line = Self { format: FORMAT, number: before.number + 1, torn, record, hash: String::new() };
        line.hash = line.digest(before);
        line
    }

    pub(super) fn seal(&self) -> Seal {
        Seal { number: self.number, hash: self.hash.clone() }
    }

    /// Whether it is the line that was written after this one.
    pub(super) fn follows(&self, before: &Seal) -> Result<(), String> {
        if !(1..=FORMAT).contains(&self.format) {
            return Err(format!("has format {}, and this program reads formats 1 to {FORMAT}", self.format));
        }
        if self.number != before.number + 1 {
            return Err(format!(
                "has number {}, and {} was expected: lines are missing or moved",
                self.number,
                before.number + 1
            ));
        }
        if self.hash != self.digest(before) {
            return Err(
                "does not have the hash of what it says and of the line before: one of them was changed"
                    .to_owned(),
            );
        }
        Ok(())
    }

    /// Everything it says, and what it follows. Each part is told apart by its length.
    fn digest(&self, before: &Seal) -> String {
        let mut hash = Sha256::new();
        let (format, number, torn) =
            (self.format.to_le_bytes(), self.number.to_le_bytes(), self.torn.to_le_bytes());
        for part in [before.hash.as_bytes(), &format, &number, &torn, self.record.get().as_bytes()] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
