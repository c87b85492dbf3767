//! The reducers of collected fields over plain JSON: for states declared at run time, and for stored values whose type
//! is not at hand.

use std::collections::HashSet;

use serde_json::{Number, Value};
use xxhash_rust::xxh3::xxh3_128;

use super::Overflow;
use super::messages::{self, Message, Messages};
use crate::state::{Storage, WriteMode};

/// Lets a stored write of a field meet the stored value of it.
pub(crate) fn write(
    storage: Storage,
    mode: WriteMode,
    current: &mut Value,
    written: Value,
) -> Result<(), String> {
    match (mode, storage) {
        (WriteMode::Overwrite, _) | (WriteMode::Reduce, Storage::Whole | Storage::Untracked) => {
            *current = written;
            Ok(())
        }
        (WriteMode::Reduce, Storage::Append) => append(current, written),
        (WriteMode::Reduce, Storage::Merge) => merge(current, written),
        (WriteMode::Reduce, Storage::Messages) => put_messages(current, written),
    }
}

/// Appends the items of a list. Nothing counts as an empty list.
pub(crate) fn append(current: &mut Value, written: Value) -> Result<(), String> {
    match (current, written) {
        (Value::Array(items), Value::Array(more)) => items.extend(more),
        (Value::Object(entries), Value::Object(more)) => entries.extend(more),
        (current @ Value::Null, more @ (Value::Array(_) | Value::Object(_))) => *current = more,
        (Value::Null | Value::Array(_), other) => return Err(wants("a list of items to append", &other)),
        (current, _) => return Err(holds("a list", current)),
    }
    Ok(())
}

/// Puts the entries of an object in, each in place of one of the same key; of a list (a set, as JSON) those that are
/// not there yet.
pub(crate) fn merge(current: &mut Value, written: Value) -> Result<(), String> {
    match (current, written) {
        (Value::Object(entries), Value::Object(more)) => entries.extend(more),
        (Value::Array(items), Value::Array(more)) => {
            let mut known: HashSet<String> = items.iter().map(Value::to_string).collect();
            items.extend(more.into_iter().filter(|item| known.insert(item.to_string())));
        }
        (current @ Value::Null, more @ (Value::Array(_) | Value::Object(_))) => *current = more,
        (Value::Null | Value::Object(_), other) => {
            return Err(wants("an object of entries to merge", &other));
        }
        (Value::Array(_), other) => return Err(wants("a list of members to merge", &other)),
        (current, _) => return Err(holds("an object", current)),
    }
    Ok(())
}

/// Adds a number; a sum that does not fit is refused.
pub(crate) fn add(current: &mut Value, written: &Value) -> Result<(), String> {
    let Value::Number(more) = written else { return Err(wants("a number to add", written)) };
    let sum = match &*current {
        Value::Null => Some(more.clone()),
        Value::Number(number) => sum(number, more),
        other => return Err(holds("a number", other)),
    };
    *current = Value::Number(sum.ok_or(Overflow).map_err(|error| error.to_string())?);
    Ok(())
}

/// Puts, removes and clears messages. One without an id gets one that is made of what it says and where it comes, so that
/// the same writes give the same list.
pub(crate) fn put_messages(current: &mut Value, written: Value) -> Result<(), String> {
    if current.is_null() {
        *current = Value::Array(Vec::new());
    }
    let Value::Array(list) = current else { return Err(holds("a list of messages", current)) };
    let Value::Array(written) = written else { return Err(wants("a list of messages", &written)) };
    if let Some(odd) = written.iter().find(|message| !message.is_object()) {
        return Err(wants("a list of messages, each an object,", odd));
    }
    let mut written = Messages::<Value>::read(written).map_err(|error| error.to_string())?;
    let length = list.len();
    written.name(|number, message| fresh_id(list, &format!("{length}\0{number}\0{message}")));
    messages::reduce(list, written).map_err(|error| error.to_string())
}

fn fresh_id(taken: &[Value], seed: &str) -> String {
    let mut id = format!("{:032x}", xxh3_128(seed.as_bytes()));
    while taken.iter().any(|message| message.id() == Some(&id)) {
        id = format!("{:032x}", xxh3_128(id.as_bytes()));
    }
    id
}

fn sum(one: &Number, other: &Number) -> Option<Number> {
    match (one.as_i128(), other.as_i128()) {
        (Some(one), Some(other)) => {
            let sum = one.checked_add(other)?;
            i64::try_from(sum).map(Number::from).or_else(|_| u64::try_from(sum).map(Number::from)).ok()
        }
        (_, _) => Number::from_f64(one.as_f64()? + other.as_f64()?),
    }
}

fn wants(what: &str, other: &Value) -> String {
    format!("it takes {what} and was given {}", kind(other))
}

fn holds(what: &str, other: &Value) -> String {
    format!("it should hold {what} and holds {}", kind(other))
}

/// What a value is, in a sentence.
pub(crate) fn kind(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "a boolean".to_owned(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(_) => "a string".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn after(storage: Storage, writes: &[Value]) -> Result<Value, String> {
        let mut value = Value::Null;
        for written in writes {
            write(storage, WriteMode::Reduce, &mut value, written.clone())?;
        }
        Ok(value)
    }

    #[test]
    fn writes_of_collected_fields_fold_like_their_typed_reducers() {
        let cases = [
            (Storage::Append, vec![json!([1]), json!([2, 3]), json!([])], Ok(json!([1, 2, 3]))),
            (Storage::Merge, vec![json!({"a": 1, "b": 1}), json!({"b": 2})], Ok(json!({"a": 1, "b": 2}))),
            (Storage::Merge, vec![json!([1, 2]), json!([2, 3])], Ok(json!([1, 2, 3]))),
            (Storage::Whole, vec![json!(1), json!("x")], Ok(json!("x"))),
            (
                Storage::Messages,
                vec![
                    json!([{"id": "a", "n": 1}, {"id": "b"}]),
                    json!([{"id": "a", "n": 2}, {"$remove": "b"}]),
                ],
                Ok(json!([{"id": "a", "n": 2}])),
            ),
            (
                Storage::Messages,
                vec![json!([{"id": "a"}]), json!([{"$clear": true}, {"id": "b"}])],
                Ok(json!([{"id": "b"}])),
            ),
            (
                Storage::Append,
                vec![json!(5)],
                Err("it takes a list of items to append and was given the number 5"),
            ),
            (
                Storage::Merge,
                vec![json!("x")],
                Err("it takes an object of entries to merge and was given a string"),
            ),
            (
                Storage::Messages,
                vec![json!([{"$remove": "z"}])],
                Err(r#"there is no message "z" to remove; take ids from the messages of the state"#),
            ),
            (Storage::Messages, vec![json!([{"$remove": 1}])], Err("`$remove` takes the id of a message")),
        ];
        for (storage, writes, expected) in cases {
            assert_eq!(after(storage, &writes), expected.map_err(str::to_owned), "{storage:?} {writes:?}");
        }
    }

    #[test]
    fn numbers_are_added_without_losing_digits_or_wrapping() {
        let add_all = |numbers: &[Value]| {
            let mut sum = Value::Null;
            numbers.iter().try_for_each(|number| add(&mut sum, number)).map(|()| sum)
        };
        assert_eq!(add_all(&[json!(u64::MAX - 1), json!(1)]), Ok(json!(u64::MAX)));
        assert_eq!(add_all(&[json!(3), json!(-5)]), Ok(json!(-2)));
        assert_eq!(add_all(&[json!(1), json!(0.5)]), Ok(json!(1.5)));
        assert!(add_all(&[json!(u64::MAX), json!(1)]).unwrap_err().contains("does not fit"));
        assert!(add_all(&[json!(f64::MAX), json!(f64::MAX)]).unwrap_err().contains("does not fit"));
        assert_eq!(add_all(&[json!("1")]).unwrap_err(), "it takes a number to add and was given a string");
    }

    #[test]
    fn messages_without_an_id_get_the_same_one_whenever_they_are_replayed() {
        let writes = [json!([{"text": "hi"}, {"text": "hi"}]), json!([{"text": "hi"}])];
        let (once, again) =
            (after(Storage::Messages, &writes).unwrap(), after(Storage::Messages, &writes).unwrap());
        assert_eq!(once, again);
        let ids: HashSet<&str> = once.as_array().unwrap().iter().filter_map(Message::id).collect();
        assert_eq!(ids.len(), 3);
    }
}
