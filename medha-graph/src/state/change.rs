//! One field of a derived update: kept as it is, reduced, or overwritten.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::WriteMode;
use crate::engine::json::Json;

/// One field of an update: kept as it is, or written.
///
/// A type of its own rather than `Option`, so that an optional field can be written as `None`. `H` is what a reducer
/// is given, `T` the type of the field.
#[derive(Clone, Debug, Default)]
pub enum Change<H, T = H> {
    /// The field is not written.
    #[default]
    Keep,
    /// The field is written.
    Set(H),
    /// The field gets this value, past its reducer.
    Overwrite(T),
}

/// The key that marks an overwrite in the JSON of an update.
pub(crate) const OVERWRITE: &str = "$overwrite";

impl<H, T> Change<H, T> {
    /// Whether the field is not written.
    pub fn is_kept(&self) -> bool {
        matches!(self, Self::Keep)
    }

    /// Whether the write replaces the value.
    pub fn is_overwrite(&self) -> bool {
        matches!(self, Self::Overwrite(_))
    }
}

impl<H: Default, T> Change<H, T> {
    /// What is to be reduced, empty at first; nothing if the field is overwritten, since that stands alone.
    pub fn held(&mut self) -> Option<&mut H> {
        if self.is_kept() {
            *self = Self::Set(H::default());
        }
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Overwrite(_) => None,
        }
    }
}

impl<H: Serialize, T: Serialize> Change<H, T> {
    /// What is written, as JSON.
    pub fn to_json(&self) -> Result<Json, serde_json::Error> {
        match self {
            Self::Set(value) => Json::of(value),
            Self::Overwrite(value) => Json::of(value),
            Self::Keep => Json::of(&()),
        }
    }
}

impl<H: DeserializeOwned, T: DeserializeOwned> Change<H, T> {
    /// What was written, out of JSON.
    pub fn from_json(mode: WriteMode, json: &RawValue) -> Result<Self, serde_json::Error> {
        Ok(match mode {
            WriteMode::Reduce => Self::Set(serde_json::from_str(json.get())?),
            WriteMode::Overwrite => Self::Overwrite(serde_json::from_str(json.get())?),
        })
    }
}

impl<H: Serialize, T: Serialize> Serialize for Change<H, T> {
    fn serialize<W: Serializer>(&self, serializer: W) -> Result<W::Ok, W::Error> {
        match self {
            Self::Set(value) => value.serialize(serializer),
            Self::Overwrite(value) => serializer.collect_map([(OVERWRITE, value)]),
            Self::Keep => serializer.serialize_none(),
        }
    }
}

impl<'de, H: DeserializeOwned, T: DeserializeOwned> Deserialize<'de> for Change<H, T> {
    fn deserialize<R: Deserializer<'de>>(deserializer: R) -> Result<Self, R::Error> {
        let mut value = Value::deserialize(deserializer)?;
        let marked = value.as_object_mut().filter(|object| object.len() == 1);
        match marked.and_then(|object| object.remove(OVERWRITE)) {
            Some(value) => T::deserialize(value).map(Self::Overwrite),
            None => H::deserialize(value).map(Self::Set),
        }
        .map_err(serde::de::Error::custom)
    }
}
