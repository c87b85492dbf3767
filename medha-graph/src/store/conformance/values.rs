//! Values of every kind come back, to the letter.

use serde_json::{Value, json};

use super::fixture::{bare, json as stored, key, place};
use super::suite::{Checked, Suite};
use crate::engine::record::{FieldValue, Json, StoredCheckpoint, Written};
use crate::state::Storage;

const A: &str = "conformance values";

impl Suite<'_> {
    pub(super) async fn values(&mut self) -> Checked {
        let large: String = "0123456789abcdef\u{0}\u{E9}\u{1F600}\"\\\n".repeat(40_000);
        let mut deep = json!(1);
        for _ in 0..100 {
            deep = json!([deep]);
        }
        let values: [(&str, Value); 12] = [
            ("null", Value::Null),
            ("booleans", json!([true, false])),
            ("the largest and smallest integers", json!([u64::MAX, i64::MIN, i64::MAX, 0])),
            ("fractions", json!([0.5, -1e-300, 1.7976931348623157e308, 0.1])),
            ("an empty text", json!("")),
            ("a text with a NUL character", json!("a\u{0}b")),
            ("text of all planes", json!("\u{7F}\u{80}\u{7FF}\u{800}\u{FFFD}\u{FFFF}\u{1F600}\u{10FFFF}")),
            ("quotes, backslashes and line ends", json!("'\"`\\ \r\n\t\u{2028} $1 ? :a %s")),
            ("empty and nested containers", json!({"": {}, "a": [[], {}], "\u{0}": [null]})),
            ("deep nesting", deep),
            ("keys that differ in case", json!({"a": 1, "A": 2, "\u{E4}": 3, "a\u{308}": 4})),
            ("a text of more than a megabyte", json!(large)),
        ];
        let key = &key(A);
        let mut head = None;
        for (number, (name, value)) in (1..).zip(values) {
            let json = stored(&value);
            head = Some(self.round_trip(number, name, json, head).await?);
        }
        let number = 1 + head.map_or(0, |head| head.id.0);
        let text = r#"{"b": 1.0, "a": 1E2, "big": 123456789012345678901234567890, "a": "\u0041\/"}"#;
        let raw: Json = serde_json::from_str(text).expect("this is JSON");
        self.round_trip(number, "JSON text as it was written", raw, head).await?;
        self.expect("many large values make no thread unreadable", self.head(key).await?.is_some());
        self.saver.delete(A).await
    }

    async fn round_trip(
        &mut self,
        number: u64,
        name: &str,
        json: Json,
        head: Option<crate::engine::checkpoint::HeadRef>,
    ) -> Result<crate::engine::checkpoint::HeadRef, crate::store::error::CheckpointError> {
        let values = vec![FieldValue { field: "v\u{E4}lue".into(), json }];
        let checkpoint = StoredCheckpoint {
            fields: vec![place("v\u{E4}lue", Storage::Whole, number, number)],
            written: Written { tasks: Vec::new(), values },
            ..bare(number)
        };
        let next = checkpoint.head_ref();
        self.saver.commit(&key(A), head, checkpoint.clone()).await?;
        let loaded = self.saver.load(&key(A), None).await?;
        let is_same = loaded.is_some_and(|loaded| loaded.checkpoint == checkpoint);
        self.expect(&format!("{name} is loaded with the head as it was stored"), is_same);
        let written = self.saver.written(&key(A), &[(next.id, next.id)]).await?;
        let is_same = written == [(next.id, checkpoint.written)];
        self.expect(&format!("{name} is read by its number as it was stored"), is_same);
        Ok(next)
    }
}
