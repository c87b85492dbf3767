//! The derive of `State`: setters, reducers, names, JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use medha_graph::prelude::*;
use medha_graph::state::{Field, MergeError, Update};

fn longest(current: &mut String, written: String) -> Result<(), String> {
    if written.is_empty() {
        return Err("an empty text is not longer than anything".to_owned());
    }
    if written.len() > current.len() {
        *current = written;
    }
    Ok(())
}

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Full {
    name: String,
    r#type: u8,
    choice: Option<Vec<u8>>,
    #[state(append)]
    lines: Vec<String>,
    #[state(append)]
    numbers: Vec<u64>,
    #[state(add)]
    time: Duration,
    #[state(add)]
    balance: i8,
    #[state(merge)]
    seen: BTreeMap<String, u32>,
    #[state(with = longest)]
    best: String,
}

#[derive(State, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Empty {}

fn after(updates: impl IntoIterator<Item = FullUpdate>) -> Full {
    let mut full = Full::default();
    for update in updates {
        full.apply(update).unwrap();
    }
    full
}

#[test]
fn plain_fields_hold_the_last_value_written() {
    let full = after([
        Full::update().name("a").r#type(1).choice(Some(vec![1])),
        Full::update().name("b").choice(None),
    ]);
    assert_eq!((full.name.as_str(), full.r#type, full.choice), ("b", 1, None));
}

#[test]
fn reducers_combine_every_write_of_every_update() {
    let full = after([
        Full::update().lines(["x"]).lines(vec!["y".to_owned()]).numbers([1, 2]).balance(3).balance(-5),
        Full::update().lines(["z"]).time(Duration::from_secs(2)).time(Duration::from_secs(3)),
        Full::update().seen([("a".to_owned(), 1), ("b".to_owned(), 1)]).best("long").best("no"),
        Full::update().seen([("b".to_owned(), 2)]).best("longer"),
    ]);
    assert_eq!(full.lines, ["x", "y", "z"]);
    assert_eq!((full.numbers, full.balance, full.time), (vec![1, 2], -2, Duration::from_secs(5)));
    assert_eq!(full.seen, [("a".to_owned(), 1), ("b".to_owned(), 2)].into());
    assert_eq!(full.best, "longer");
}

#[test]
fn a_reducer_that_refuses_names_its_field() {
    let refused = |update| Full::default().apply(update).unwrap_err();
    assert_eq!(
        refused(Full::update().balance(100).balance(100)),
        MergeError::new("balance", "the sum does not fit the type of the field")
    );
    assert_eq!(
        refused(Full::update().best("")).to_string(),
        "field `best`: an empty text is not longer than anything"
    );
}

#[test]
fn fields_are_listed_with_their_names_and_whether_they_are_exclusive() {
    let full = Full::default();
    let names: Vec<(&str, bool)> =
        full.fields().iter().map(|field| (&*field.name, field.is_exclusive)).collect();
    assert_eq!(names[..3], [("name", true), ("type", true), ("choice", true)]);
    assert!(names[3..].iter().all(|(_, exclusive)| !exclusive));
    assert_eq!(Empty::default().fields(), &[] as &[Field]);
    assert!(Empty::update().written(&[]).is_empty());
}

#[test]
fn an_update_shows_and_stores_what_it_writes_and_nothing_else() {
    let update = Full::update().r#type(3).choice(None).balance(1);
    assert_eq!(format!("{update:?}"), "FullUpdate { type: 3, choice: None, balance: [1] }");
    let json = serde_json::to_value(&update).unwrap();
    assert_eq!(json, serde_json::json!({"type": 3, "choice": null, "balance": [1]}));
    let back: FullUpdate = serde_json::from_value(json).unwrap();
    assert_eq!(back.written(&[]), update.written(&[]));
    let error = serde_json::from_str::<FullUpdate>(r#"{"nmae": "x"}"#).unwrap_err();
    assert!(error.to_string().starts_with("unknown field `nmae`"), "{error}");
}
