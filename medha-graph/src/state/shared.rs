//! A value that copies of the state share, together with its JSON.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::ser::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::read_back::ReadsBack;
use crate::engine::json::{text_of_shared, write_shared};

/// A value that is handed on by reference: cloning it copies nothing, and it is put into JSON once, however often it is
/// stored or sent. For large items that nodes pass on as they are: documents, search results, messages.
///
/// ```
/// use medha_graph::state::Shared;
///
/// let page = Shared::new("a long text".to_owned());
/// let same = page.clone();
/// assert_eq!(page.len(), same.len());
/// assert_eq!(serde_json::to_string(&[page, same])?, r#"["a long text","a long text"]"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// The JSON is kept as long as the value, so a shared value that was stored takes the place of both. A saver that keeps
/// checkpoints in memory keeps it by reference too, however many of them hold the value.
pub struct Shared<T>(Arc<Held<T>>);

struct Held<T> {
    value: T,
    json: OnceLock<Arc<RawValue>>,
}

impl<T> Shared<T> {
    /// Shares a value.
    pub fn new(value: T) -> Self {
        Self(Arc::new(Held { value, json: OnceLock::new() }))
    }
}

impl<T: Serialize> Shared<T> {
    /// Its JSON, made when it is first asked for.
    pub fn json(&self) -> Result<&RawValue, serde_json::Error> {
        self.text().map(|text| &**text)
    }

    fn text(&self) -> Result<&Arc<RawValue>, serde_json::Error> {
        if let Some(text) = self.0.json.get() {
            return Ok(text);
        }
        let text = text_of_shared(&self.0.value)?;
        Ok(self.0.json.get_or_init(|| text))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> From<T> for Shared<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: Default> Default for Shared<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: PartialEq> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.value == other.0.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.value.fmt(f)
    }
}

impl<T: Serialize> Serialize for Shared<T> {
    fn serialize<W: Serializer>(&self, serializer: W) -> Result<W::Ok, W::Error> {
        write_shared(self.text().map_err(W::Error::custom)?, serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Shared<T> {
    fn deserialize<R: Deserializer<'de>>(deserializer: R) -> Result<Self, R::Error> {
        T::deserialize(deserializer).map(Self::new)
    }
}

impl<T: JsonSchema> JsonSchema for Shared<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> std::borrow::Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(schemas: &mut SchemaGenerator) -> Schema {
        T::json_schema(schemas)
    }
}

impl<T: ReadsBack> ReadsBack for Shared<T> {}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    static WRITTEN: AtomicU32 = AtomicU32::new(0);

    struct Counted(u32);

    impl Serialize for Counted {
        fn serialize<W: Serializer>(&self, serializer: W) -> Result<W::Ok, W::Error> {
            WRITTEN.fetch_add(1, Ordering::Relaxed);
            self.0.serialize(serializer)
        }
    }

    #[test]
    fn a_shared_value_is_put_into_json_once() {
        let one = Shared::new(Counted(7));
        let list = vec![one.clone(), one.clone(), one];
        assert_eq!(serde_json::to_string(&list).expect("numbers are JSON"), "[7,7,7]");
        assert_eq!(serde_json::to_value(&list).expect("numbers are JSON"), serde_json::json!([7, 7, 7]));
        assert_eq!(WRITTEN.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn it_reads_back_as_what_it_holds() {
        let read: Vec<Shared<String>> = serde_json::from_str(r#"["a", "b"]"#).expect("texts are JSON");
        assert_eq!(read, [Shared::new("a".to_owned()), Shared::new("b".to_owned())]);
    }
}
