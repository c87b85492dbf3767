//! The fields of one object, with every number in the digits it was written with.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::files::column::Raw;
use crate::files::stop::Stop;

/// Keys and values in the order they were written; keys may repeat.
#[derive(Debug)]
pub(super) struct Object<'a>(pub(super) Vec<(Cow<'a, str>, &'a RawValue)>);

/// A key that is borrowed where nothing in it is escaped.
#[derive(serde::Deserialize)]
#[serde(transparent)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Object<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object, because a table is made of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(Key(key)) = map.next_key()? {
            fields.push((key, map.next_value()?));
        }
        Ok(Object(fields))
    }
}

/// Reads the object that begins at `line`.
pub(super) fn parse(element: &[u8], line: u64) -> Result<Object<'_>, Stop> {
    serde_json::from_slice(element).map_err(|error| {
        let line = line + (error.line() as u64).saturating_sub(1);
        let message = error.to_string();
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
        let place = match before(element, &error) {
            place if place.is_empty() => String::new(),
            place => format!(" after {place:?}"),
        };
        Stop::Refused(format!("line {line}: no valid JSON{place}: {message}"))
    })
}

/// What is written before the place of an error, to find it by.
fn before(element: &[u8], error: &serde_json::Error) -> String {
    const SHOWN: usize = 20;
    let Some(line) = element.split(|byte| *byte == b'\n').nth(error.line().saturating_sub(1)) else {
        return String::new();
    };
    let end = error.column().min(line.len());
    let before = String::from_utf8_lossy(&line[..end]);
    let start = before.char_indices().rev().nth(SHOWN - 1).map_or(0, |(start, _)| start);
    before[start..].trim_start().to_owned()
}

/// The fields of a value that is an object and not an empty one.
pub(super) fn members(value: &RawValue, line: u64) -> Result<Option<Object<'_>>, Stop> {
    if !value.get().starts_with('{') {
        return Ok(None);
    }
    let object = parse(value.get().as_bytes(), line)?;
    Ok((!object.0.is_empty()).then_some(object))
}

/// The value as a column sees it.
pub(super) fn raw(value: &RawValue) -> Raw<'_> {
    let text = value.get();
    match text.as_bytes() {
        [b'"', ..] => match serde_json::from_str::<Key<'_>>(text) {
            Ok(Key(text)) => Raw::Text(text),
            // Half of a surrogate pair is no character; what is written is kept.
            Err(_) => Raw::Text(Cow::Borrowed(text)),
        },
        [b'{' | b'[', ..] => Raw::Nested(text),
        b"null" => Raw::Null,
        b"true" => Raw::Boolean(true),
        b"false" => Raw::Boolean(false),
        _ => Raw::Number(text),
    }
}
