//! JSON with nothing lost: the order of keys, keys that repeat, and the digits of numbers.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// One level of a JSON text; what is inside stays text.
#[derive(Debug)]
pub(super) enum Json<'a> {
    Null,
    Bool(bool),
    /// Its digits.
    Number(&'a str),
    Text(String),
    List(Vec<&'a RawValue>),
    Record(Vec<(String, &'a RawValue)>),
}

impl<'a> Json<'a> {
    /// Reads a text that is one value and nothing else.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        serde_json::from_str::<&RawValue>(text).ok().map(Self::of)
    }

    /// The outermost level of a value.
    pub(super) fn of(raw: &'a RawValue) -> Self {
        let text = raw.get().trim();
        let read = match text.as_bytes().first() {
            Some(b'n') => Some(Self::Null),
            Some(b't') => Some(Self::Bool(true)),
            Some(b'f') => Some(Self::Bool(false)),
            Some(b'"') => serde_json::from_str(text).ok().map(Self::Text),
            Some(b'[') => serde_json::from_str(text).ok().map(Self::List),
            Some(b'{') => serde_json::from_str(text).ok().map(|Pairs(pairs)| Self::Record(pairs)),
            _ => Some(Self::Number(text)),
        };
        // A text with half of a surrogate pair is JSON and no text of ours.
        read.unwrap_or_else(|| Self::Text(text.to_owned()))
    }
}

/// The pairs of an object, in order.
struct Pairs<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(pairs)
            }
        }
        deserializer.deserialize_map(InOrder).map(Pairs)
    }
}
