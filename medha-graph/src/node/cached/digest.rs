//! A number for what a node is given: the same for the same JSON, in whatever order its members come.

use serde_json::Value;
use xxhash_rust::xxh3::Xxh3;

/// Changes when what is digested, or how, does.
const VERSION: u64 = 1;

/// Takes parts in; each is told apart from its neighbours by its kind and length.
pub(super) struct Digest(Xxh3);

impl Digest {
    pub(super) fn of_graph(version: u32, fingerprint: &str) -> Self {
        Self(Xxh3::new()).number(VERSION).number(version.into()).text(fingerprint)
    }

    pub(super) fn text(mut self, text: &str) -> Self {
        self.put(b'"', text.as_bytes());
        self
    }

    pub(super) fn json(mut self, value: &Value) -> Self {
        self.value(value);
        self
    }

    pub(super) fn finish(self) -> u128 {
        self.0.digest128()
    }

    fn number(mut self, number: u64) -> Self {
        self.0.update(&number.to_le_bytes());
        self
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.put(b'n', &[]),
            Value::Bool(value) => self.put(b'b', &[u8::from(*value)]),
            Value::Number(number) => self.put(b'#', number.to_string().as_bytes()),
            Value::String(text) => self.put(b'"', text.as_bytes()),
            Value::Array(elements) => {
                self.put(b'[', &(elements.len() as u64).to_le_bytes());
                elements.iter().for_each(|element| self.value(element));
            }
            Value::Object(members) => {
                self.put(b'{', &(members.len() as u64).to_le_bytes());
                // A map without an order of its own is written in any.
                let mut members: Vec<_> = members.iter().collect();
                members.sort_unstable_by_key(|(name, _)| *name);
                for (name, member) in members {
                    self.put(b':', name.as_bytes());
                    self.value(member);
                }
            }
        }
    }

    fn put(&mut self, kind: u8, bytes: &[u8]) {
        self.0.update(&[kind]);
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn digest(value: &Value) -> u128 {
        Digest::of_graph(1, "2").json(value).finish()
    }

    #[test]
    fn values_that_differ_anywhere_have_digests_that_differ() {
        let values = [
            json!(null),
            json!(false),
            json!(0),
            json!(""),
            json!([]),
            json!({}),
            json!("null"),
            json!([[]]),
            json!(["a", "b"]),
            json!(["ab"]),
            json!([["a"], "b"]),
            json!({"a": "b"}),
            json!({"a": {"b": null}}),
            json!({"ab": ""}),
            json!(1),
            json!(1.5),
            json!("1"),
            json!({"a": 1, "b": 2}),
            json!({"a": 2, "b": 1}),
        ];
        for (place, left) in values.iter().enumerate() {
            for right in &values[place + 1..] {
                assert_ne!(digest(left), digest(right), "{left} {right}");
            }
        }
        assert_ne!(Digest::of_graph(1, "2").finish(), Digest::of_graph(2, "1").finish());
    }

    #[test]
    fn the_digest_of_a_known_value_stays_what_it_is() {
        let value = json!({"b": [1, 2.5, "x"], "a": {"deep": null}});
        assert_eq!(format!("{:032x}", digest(&value)), "af544d64450c4f5982aa9e1c8d804762");
    }
}
