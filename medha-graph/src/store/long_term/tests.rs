//! The decisions of a store as tables: names, paths, conditions, and the texts of errors.

use std::time::{Duration, SystemTime};

use fastrand::Rng;
use serde_json::{Value, json};

use super::embed::closeness;
use super::filter::Filter;
use super::item::Put;
use super::namespace::{Namespace, NamespacePattern};
use super::operation::{Delete, Get};
use super::path::JsonPath;
use super::search::{ListNamespaces, Search};
use super::shelf::Shelf;

#[test]
fn a_namespace_is_a_path_of_usable_labels() {
    let text = |labels: &[&str]| match Namespace::new(labels.iter().copied()) {
        Ok(namespace) => namespace.to_string(),
        Err(error) => error.to_string(),
    };
    assert_eq!(text(&["users", "ann b", "été"]), "users.ann b.été");
    assert_eq!(text(&[]), "a namespace has at least one label");
    assert_eq!(text(&["a", ""]), r#""" cannot be a label of a namespace: it is empty"#);
    assert_eq!(text(&["a.b"]), r#""a.b" cannot be a label of a namespace: it holds a dot"#);
    assert_eq!(text(&["a\0"]), r#""a\0" cannot be a label of a namespace: it holds a NUL"#);
    let any =
        r#""*" cannot be a label of a namespace: it stands for any label, which only a pattern may hold"#;
    assert_eq!(text(&["*"]), any);
}

#[test]
fn a_namespace_reads_back_from_its_text() {
    let namespace = Namespace::new(["users", "ann"]).unwrap();
    let json = serde_json::to_value(&namespace).unwrap();
    assert_eq!(json, json!("users.ann"));
    assert_eq!(serde_json::from_value::<Namespace>(json).unwrap(), namespace);
    assert!(serde_json::from_value::<Namespace>(json!("users..ann")).is_err());
    assert_eq!(namespace.child("notes").unwrap().to_string(), "users.ann.notes");
}

#[test]
fn patterns_compare_whole_labels() {
    let table = [
        // pattern, namespace, begins, ends
        ("a", "a.b", true, false),
        ("a.b", "a.b", true, true),
        ("b", "a.b", false, true),
        ("*", "a.b", true, true),
        ("*.b", "a.b", true, true),
        ("*.c", "a.b", false, false),
        ("a.b.c", "a.b", false, false),
        ("a.b", "a.bc", false, false),
    ];
    for (pattern, namespace, begins, ends) in table {
        let (parsed, name): (NamespacePattern, Namespace) =
            (pattern.parse().unwrap(), namespace.parse().unwrap());
        assert_eq!((parsed.begins(&name), parsed.ends(&name)), (begins, ends), "{pattern} {namespace}");
    }
}

#[test]
fn a_path_names_parts_of_a_document() {
    let document = json!({"a": {"b": [{"c": 1}, {"c": 2}, 3]}, "d": [[4], [5, 6]]});
    let table = [
        ("$", vec![document.clone()]),
        ("a.b[0].c", vec![json!(1)]),
        ("$.a.b[-1]", vec![json!(3)]),
        ("a.b[*].c", vec![json!(1), json!(2)]),
        ("d[*][0]", vec![json!(4), json!(5)]),
        ("d[1][*]", vec![json!(5), json!(6)]),
        ("a.*", vec![document["a"]["b"].clone()]),
        ("a.b[9]", vec![]),
        ("a.b[-9]", vec![]),
        ("a[0]", vec![]),
        ("d.x", vec![]),
        ("nowhere.at.all", vec![]),
    ];
    for (text, wanted) in table {
        let path: JsonPath = text.parse().unwrap();
        let found: Vec<Value> = path.select(&document).into_iter().cloned().collect();
        assert_eq!(found, wanted, "{text}");
        assert_eq!(path.to_string(), text);
    }
    let elements: JsonPath = "$[1]".parse().unwrap();
    assert_eq!(elements.select(&json!([1, 2])), [&json!(2)]);
}

#[test]
fn a_text_that_is_no_path_is_refused_with_the_reason() {
    let table = [
        ("", "a key is empty"),
        ("a..b", "a key is empty"),
        ("a.", "a key is empty"),
        ("a[", "a `[` is not closed"),
        ("a[x]", "`[..]` holds neither a number nor `*`"),
        ("a[0]b", "something other than `.` or `[` follows a `]`"),
        ("a*", "a key holds `*` or `]`"),
    ];
    for (text, why) in table {
        let error = text.parse::<JsonPath>().unwrap_err().to_string();
        let way_out = "write it like `author.name` or `chapters[*].text`";
        assert_eq!(error, format!("{text:?} is not a path into a document: {why}; {way_out}"));
    }
}

#[test]
fn large_whole_numbers_are_not_compared_as_floats() {
    let document = json!({"id": 9_007_199_254_740_993_u64});
    assert!(!Filter::eq("id", 9_007_199_254_740_992_u64).unwrap().holds(&document));
    assert!(Filter::gt("id", 9_007_199_254_740_992_u64).unwrap().holds(&document));
    assert!(Filter::gt("id", -1).unwrap().holds(&document));
}

#[test]
fn closeness_is_that_of_the_closest_and_zeros_are_like_nothing() {
    let close = |query: &[f32], vectors: &[Vec<f32>]| closeness(query, vectors.iter().map(Vec::as_slice));
    assert_eq!(close(&[1.0, 0.0], &[]), None);
    assert_eq!(close(&[1.0, 0.0], &[vec![0.0, 2.0], vec![3.0, 0.0]]), Some(1.0));
    assert_eq!(close(&[1.0, 0.0], &[vec![-3.0, 0.0]]), Some(-1.0));
    assert_eq!(close(&[1.0, 0.0], &[vec![0.0, 0.0]]), Some(0.0));
    assert_eq!(close(&[1e38, 1e38], &[vec![1e38, 1e38]]), Some(1.0));
}

/// The same as a shelf, in the plainest way: a list.
#[derive(Default)]
struct Plain(Vec<Kept>);

struct Kept {
    place: (Namespace, String),
    value: Value,
    created_at: SystemTime,
    ttl: Option<Duration>,
    ends_at: Option<SystemTime>,
}

impl Plain {
    fn sweep(&mut self, now: SystemTime) {
        self.0.retain(|kept| kept.ends_at.is_none_or(|ends_at| ends_at > now));
    }

    fn find(&mut self, place: &(Namespace, String)) -> Option<&mut Kept> {
        self.0.iter_mut().find(|kept| kept.place == *place)
    }

    fn put(&mut self, place: (Namespace, String), value: Value, ttl: Option<Duration>, now: SystemTime) {
        let created_at = self.find(&place).map_or(now, |old| old.created_at);
        self.0.retain(|kept| kept.place != place);
        let ends_at = ttl.map(|ttl| now + ttl);
        self.0.push(Kept { place, value, created_at, ttl, ends_at });
        self.sweep(now);
    }

    fn names_under(&self, within: &Namespace) -> Vec<(Namespace, String)> {
        let inside = self.0.iter().filter(|kept| kept.place.0.is_under(within));
        let mut names: Vec<_> = inside.map(|kept| kept.place.clone()).collect();
        names.sort();
        names
    }
}

#[test]
fn whatever_is_done_a_shelf_holds_what_a_plain_list_would() {
    let spaces = ["a", "a.b", "ab", "a.b.c", "b"].map(|name| name.parse::<Namespace>().unwrap());
    for seed in 0..200 {
        let (mut rng, mut shelf, mut plain) = (Rng::with_seed(seed), Shelf::default(), Plain::default());
        let mut now = SystemTime::UNIX_EPOCH;
        for number in 0..150 {
            now += Duration::from_secs(rng.u64(0..4));
            shelf.sweep(now);
            plain.sweep(now);
            let place = (spaces[rng.usize(..spaces.len())].clone(), rng.u8(0..4).to_string());
            let is_renewed = rng.bool();
            match rng.u8(0..5) {
                0 | 1 => {
                    let ttl = rng.bool().then(|| Duration::from_secs(rng.u64(0..20)));
                    shelf.put(Put::new(&place.0, &place.1, number), Vec::new(), ttl, now);
                    plain.put(place, json!(number), ttl, now);
                }
                2 => {
                    let found = shelf.get(&Get::new(&place.0, &place.1), is_renewed, now);
                    let kept = plain.find(&place);
                    let wanted = kept.as_ref().map(|kept| (kept.value.clone(), kept.created_at));
                    assert_eq!(found.map(|item| (item.value, item.created_at)), wanted, "seed {seed}");
                    if let Some(kept) = kept.filter(|_| is_renewed) {
                        kept.ends_at = kept.ttl.map(|ttl| now + ttl);
                    }
                }
                3 => {
                    let was_there = plain.find(&place).is_some();
                    plain.0.retain(|kept| kept.place != place);
                    assert_eq!(shelf.delete(&Delete::new(&place.0, &place.1)), was_there, "seed {seed}");
                }
                _ => {
                    let search = Search::within(&place.0).limit(100);
                    let found = shelf.search(&search, None, is_renewed, now);
                    let mut names: Vec<_> =
                        found.into_iter().map(|one| (one.item.namespace, one.item.key)).collect();
                    names.sort();
                    assert_eq!(names, plain.names_under(&place.0), "seed {seed}");
                    for kept in
                        plain.0.iter_mut().filter(|kept| is_renewed && kept.place.0.is_under(&place.0))
                    {
                        kept.ends_at = kept.ttl.map(|ttl| now + ttl);
                    }
                    let mut spaces: Vec<_> = plain.0.iter().map(|kept| kept.place.0.clone()).collect();
                    spaces.sort();
                    spaces.dedup();
                    assert_eq!(shelf.list(&ListNamespaces::all()), spaces, "seed {seed}");
                }
            }
        }
        shelf.sweep(now + Duration::from_secs(100));
        plain.sweep(now + Duration::from_secs(100));
        assert_eq!(shelf.list(&ListNamespaces::all()).is_empty(), plain.0.is_empty());
        assert!(shelf.forgets_all_ends(), "seed {seed}");
    }
}
