//! Answers as bytes that others keep for us, and back: exactly, or not at all.
//!
//! A version, a checksum over the key and the rest, how long the answer lives, its columns, why it ends, its rows. What
//! cannot be read, was cut or belongs to another key is no answer.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::key::CacheKey;
use crate::value::{ColumnKind, ResultColumn, ResultSet, Truncation, Value};

/// The version of the form below.
const VERSION: u8 = 1;
const CHECKSUM: usize = 16;

/// An answer that was read back.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Unsealed {
    pub(super) result: ResultSet,
    /// How long it was to live when it was kept.
    pub(super) lifetime: Duration,
}

/// The bytes of an answer under a key.
pub(super) fn seal(key: &CacheKey, lifetime: Duration, result: &ResultSet) -> Vec<u8> {
    let mut body = Vec::new();
    number(&mut body, u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX));
    number(&mut body, result.columns.len() as u64);
    for column in &result.columns {
        body.push(tag_of(column.kind));
        bytes(&mut body, column.name.as_bytes());
    }
    body.push(match result.truncated {
        None => 0,
        Some(Truncation::Rows) => 1,
        Some(Truncation::Bytes) => 2,
    });
    number(&mut body, result.rows.len() as u64);
    for value in result.rows.iter().flatten() {
        write(&mut body, value);
    }
    let mut sealed = Vec::with_capacity(1 + CHECKSUM + body.len());
    sealed.push(VERSION);
    sealed.extend_from_slice(&checksum(key, &body));
    sealed.append(&mut body);
    sealed
}

/// The answer in the bytes, if it is one, whole, and of this key.
pub(super) fn unseal(key: &CacheKey, sealed: &[u8]) -> Option<Unsealed> {
    let (version, rest) = sealed.split_first()?;
    let (sum, body) = rest.split_at_checked(CHECKSUM)?;
    if *version != VERSION || sum != checksum(key, body) {
        return None;
    }
    let mut reader = Reader(body);
    let lifetime = Duration::from_millis(reader.number()?);
    let width = reader.count(9)?;
    let mut columns = Vec::with_capacity(width);
    for _ in 0..width {
        let kind = kind_of(reader.byte()?)?;
        columns.push(ResultColumn { kind, name: reader.text()? });
    }
    let truncated = match reader.byte()? {
        0 => None,
        1 => Some(Truncation::Rows),
        2 => Some(Truncation::Bytes),
        _ => return None,
    };
    let height = reader.count(width.max(1))?;
    let mut rows = Vec::with_capacity(height);
    for _ in 0..height {
        rows.push((0..width).map(|_| reader.value()).collect::<Option<Vec<_>>>()?);
    }
    reader.0.is_empty().then_some(Unsealed { result: ResultSet { columns, rows, truncated }, lifetime })
}

fn checksum(key: &CacheKey, body: &[u8]) -> [u8; CHECKSUM] {
    let mut hash = Sha256::new();
    hash.update(key.digest().as_bytes());
    hash.update(body);
    let mut sum = [0; CHECKSUM];
    sum.copy_from_slice(&hash.finalize()[..CHECKSUM]);
    sum
}

fn number(body: &mut Vec<u8>, number: u64) {
    body.extend_from_slice(&number.to_be_bytes());
}

fn bytes(body: &mut Vec<u8>, bytes: &[u8]) {
    number(body, bytes.len() as u64);
    body.extend_from_slice(bytes);
}

fn write(body: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => body.push(0),
        Value::Bool(false) => body.push(1),
        Value::Bool(true) => body.push(2),
        Value::Integer(integer) => {
            body.push(3);
            body.extend_from_slice(&integer.to_be_bytes());
        }
        // As bits, so that a NaN stays the one it is.
        Value::Float(float) => {
            body.push(4);
            number(body, float.to_bits());
        }
        Value::Decimal(digits) => {
            body.push(5);
            bytes(body, digits.as_bytes());
        }
        Value::Text(text) => {
            body.push(6);
            bytes(body, text.as_bytes());
        }
        Value::Blob(blob) => {
            body.push(7);
            bytes(body, blob);
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|byte| byte[0])
    }

    fn number(&mut self) -> Option<u64> {
        Some(u64::from_be_bytes(self.take(8)?.try_into().ok()?))
    }

    /// How many there are of something that takes at least so many bytes: never more than there can be.
    fn count(&mut self, at_least: usize) -> Option<usize> {
        let count = usize::try_from(self.number()?).ok()?;
        (count.checked_mul(at_least)? <= self.0.len()).then_some(count)
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        self.take(length)
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?.to_vec()).ok()
    }

    fn value(&mut self) -> Option<Value> {
        Some(match self.byte()? {
            0 => Value::Null,
            1 => Value::Bool(false),
            2 => Value::Bool(true),
            3 => Value::Integer(self.number()?.cast_signed()),
            4 => Value::Float(f64::from_bits(self.number()?)),
            5 => Value::Decimal(self.text()?),
            6 => Value::Text(self.text()?),
            7 => Value::Blob(self.bytes()?.to_vec()),
            _ => return None,
        })
    }
}

const KINDS: [ColumnKind; 10] = [
    ColumnKind::Boolean,
    ColumnKind::Integer,
    ColumnKind::Decimal,
    ColumnKind::Float,
    ColumnKind::Text,
    ColumnKind::Date,
    ColumnKind::DateTime,
    ColumnKind::Time,
    ColumnKind::Blob,
    ColumnKind::Unknown,
];

fn kind_of(tag: u8) -> Option<ColumnKind> {
    KINDS.get(usize::from(tag)).copied()
}

fn tag_of(kind: ColumnKind) -> u8 {
    match kind {
        ColumnKind::Boolean => 0,
        ColumnKind::Integer => 1,
        ColumnKind::Decimal => 2,
        ColumnKind::Float => 3,
        ColumnKind::Text => 4,
        ColumnKind::Date => 5,
        ColumnKind::DateTime => 6,
        ColumnKind::Time => 7,
        ColumnKind::Blob => 8,
        ColumnKind::Unknown => 9,
    }
}

#[cfg(test)]
#[path = "codec_tests.rs"]
mod tests;
