//! The order of calls inside a node: which number the next one gets, and the failures the node has lived through.

use std::fmt::Write;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

use super::error::NodeError;
use crate::engine::record::Json;

/// What one attempt keeps of its calls besides what is recorded.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    calls: AtomicU32,
    failures: Mutex<Failures>,
}

/// Failures of calls, by the path and key of the call.
///
/// A failure is recorded when the node goes on after it, for then the node has dealt with it and must be given it again. One
/// that ends the attempt is not, so that the call is made again by the next one.
#[derive(Debug, Default)]
struct Failures {
    fresh: Vec<(String, Json)>,
    lived_through: Vec<(String, Json)>,
}

/// A place in a node whose calls have an order of their own; the node itself, or a branch of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place(Option<Arc<Branch>>);

#[derive(Debug)]
struct Branch {
    /// The keys of its calls begin with this.
    path: String,
    calls: AtomicU32,
}

impl Journal {
    /// The key of the next call at this place.
    pub(crate) fn next_key(&self, place: &Place) -> String {
        let (path, calls) = match &place.0 {
            None => ("", &self.calls),
            Some(branch) => (branch.path.as_str(), &branch.calls),
        };
        format!("#{path}{}", calls.fetch_add(1, Ordering::Relaxed))
    }

    /// A place below this one, with an order of its own.
    pub(crate) fn branch(&self, place: &Place) -> Place {
        let mut path = self.next_key(place).split_off(1);
        path.push('/');
        Place(Some(Arc::new(Branch { path, calls: AtomicU32::new(0) })))
    }

    /// A call has failed for good.
    pub(crate) fn failed(&self, key: String, json: Json) {
        self.failures().fresh.push((key, json));
    }

    /// The node goes on at this place, so it has lived through what failed here and below.
    pub(crate) fn goes_on(&self, place: &Place) {
        let path = place.0.as_ref().map_or("", |branch| &branch.path);
        let mut failures = self.failures();
        let (here, elsewhere) =
            std::mem::take(&mut failures.fresh).into_iter().partition(|(key, _)| key[1..].starts_with(path));
        failures.fresh = elsewhere;
        let here: Vec<(String, Json)> = here;
        failures.lived_through.extend(here);
    }

    /// The next failure to be recorded.
    pub(crate) fn next_lived_through(&self) -> Option<(String, Json)> {
        self.failures().lived_through.pop()
    }

    fn failures(&self) -> MutexGuard<'_, Failures> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name under which an effect is recorded: those of calls begin with a single `#`.
pub(crate) fn effect_key(name: String) -> String {
    if name.starts_with('#') { format!("#{name}") } else { name }
}

/// A call as it is recorded. What it came to is `T`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RecordedCall<T> {
    pub(crate) name: String,
    /// A hash of what it was given.
    pub(crate) args: String,
    pub(crate) end: CallEnd<T>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CallEnd<T> {
    Done(T),
    Failed(RecordedFailure),
}

/// A failure that is handed to the node again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RecordedFailure {
    error: String,
    is_retryable: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    detail: Option<Value>,
}

impl RecordedFailure {
    pub(crate) fn new(error: NodeError) -> Self {
        let is_retryable = error.is_retryable();
        let (source, detail) = error.into_parts();
        Self { error: super::error::full_text(source.as_ref()), is_retryable, detail }
    }

    pub(crate) fn into_error(self) -> NodeError {
        let error = NodeError::new(self.error);
        let error = if self.is_retryable { error } else { error.terminal() };
        match self.detail {
            Some(detail) => error.with_detail(detail),
            None => error,
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.error
    }
}

/// A hash of arguments: the same for the same JSON, in whatever order the members of its objects come.
pub(crate) fn hash_of(args: &Value) -> String {
    let mut text = String::new();
    write_sorted(args, &mut text);
    format!("{:016x}", xxh3_64(text.as_bytes()))
}

fn write_sorted(value: &Value, text: &mut String) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            text.push('{');
            for (name, member) in members {
                let _ = write!(text, "{name:?}:");
                write_sorted(member, text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(elements) => {
            text.push('[');
            for element in elements {
                write_sorted(element, text);
                text.push(',');
            }
            text.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let _ = write!(text, "{value}");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_hash_does_not_depend_on_the_order_of_members() {
        let one: Value = serde_json::from_str(r#"{"a":1,"b":[{"c":2,"d":null}]}"#).unwrap();
        let other: Value = serde_json::from_str(r#"{"b":[{"d":null,"c":2}],"a":1}"#).unwrap();
        assert_eq!(hash_of(&one), hash_of(&other));
        assert_ne!(hash_of(&json!("1")), hash_of(&json!(1)));
        assert_ne!(hash_of(&json!([[], []])), hash_of(&json!([[[]]])));
    }

    #[test]
    fn branches_have_an_order_of_their_own() {
        let (journal, root) = (Journal::default(), Place::default());
        let (left, right) = (journal.branch(&root), journal.branch(&root));
        let keys = [&root, &left, &right, &left, &root].map(|place| journal.next_key(place));
        assert_eq!(keys, ["#2", "#0/0", "#1/0", "#0/1", "#3"]);
        assert_eq!(journal.next_key(&journal.branch(&left)), "#0/2/0");
    }

    #[test]
    fn a_failure_is_lived_through_where_it_happened_or_above() {
        let (journal, root) = (Journal::default(), Place::default());
        let (left, right) = (journal.branch(&root), journal.branch(&root));
        journal.failed("#0/0".to_owned(), Json::of(&1).unwrap());
        journal.goes_on(&right);
        assert_eq!(journal.next_lived_through(), None);
        journal.goes_on(&left);
        assert_eq!(journal.next_lived_through().unwrap().0, "#0/0");
        journal.failed("#1/0".to_owned(), Json::of(&1).unwrap());
        journal.goes_on(&root);
        assert_eq!(journal.next_lived_through().unwrap().0, "#1/0");
    }

    #[test]
    fn no_effect_has_the_key_of_a_call() {
        assert_eq!(effect_key("charge".to_owned()), "charge");
        assert_eq!(effect_key("#1".to_owned()), "##1");
    }
}
