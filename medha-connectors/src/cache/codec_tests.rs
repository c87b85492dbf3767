//! What comes back from bytes: the same, or nothing.

use proptest::prelude::*;

use super::*;
use crate::connector::QueryOptions;
use crate::dialect::Dialect;
use crate::guard::Guard;
use crate::schema::Schema;
use std::sync::Arc;

fn key(sql: &str) -> CacheKey {
    let sql = Guard::new(Dialect::Sqlite, Arc::new(Schema::default())).check(sql, 10).unwrap();
    CacheKey::new("c", Dialect::Sqlite, &sql, &QueryOptions::default())
}

fn values() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Integer),
        Just(Value::Integer(i64::MIN)),
        any::<u64>().prop_map(|bits| Value::Float(f64::from_bits(bits))),
        prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(-0.0)]
            .prop_map(Value::Float),
        "-?[0-9]{1,40}(\\.[0-9]{0,20})?".prop_map(Value::Decimal),
        any::<String>().prop_map(Value::Text),
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(Value::Blob),
    ]
}

fn results() -> impl Strategy<Value = ResultSet> {
    let columns = proptest::collection::vec((".{0,6}", 0..KINDS.len()), 1..5);
    columns.prop_flat_map(|columns| {
        let rows = proptest::collection::vec(proptest::collection::vec(values(), columns.len()), 0..20);
        let truncated = prop_oneof![Just(None), Just(Some(Truncation::Rows)), Just(Some(Truncation::Bytes))];
        (Just(columns), rows, truncated).prop_map(|(columns, rows, truncated)| ResultSet {
            columns: columns
                .into_iter()
                .map(|(name, kind)| ResultColumn { name, kind: KINDS[kind] })
                .collect(),
            rows,
            truncated,
        })
    })
}

/// Floats by their bits: a NaN is not equal to itself.
fn exact(result: &ResultSet) -> String {
    let value = |value: &Value| match value {
        Value::Float(float) => format!("float {:016x}", float.to_bits()),
        other => format!("{other:?}"),
    };
    let rows: Vec<Vec<String>> = result.rows.iter().map(|row| row.iter().map(value).collect()).collect();
    format!("{:?} {:?} {rows:?}", result.columns, result.truncated)
}

proptest! {
    #[test]
    fn every_result_comes_back_exactly(result in results(), seconds in 0..100_000_u64) {
        let (key, lifetime) = (key("SELECT 1"), Duration::from_secs(seconds));
        let unsealed = unseal(&key, &seal(&key, lifetime, &result)).unwrap();
        prop_assert_eq!(exact(&unsealed.result), exact(&result));
        prop_assert_eq!(unsealed.lifetime, lifetime);
    }

    #[test]
    fn bytes_that_were_changed_cut_or_moved_are_no_answer(
        result in results(), place in any::<prop::sample::Index>(), bit in 0..8_u8,
    ) {
        let key_of_it = key("SELECT 1");
        let sealed = seal(&key_of_it, Duration::from_secs(1), &result);
        let mut changed = sealed.clone();
        changed[place.index(sealed.len())] ^= 1 << bit;
        prop_assert_eq!(unseal(&key_of_it, &changed), None);
        prop_assert_eq!(unseal(&key_of_it, &sealed[..place.index(sealed.len())]), None);
        prop_assert_eq!(unseal(&key("SELECT 2"), &sealed), None);
    }

    #[test]
    fn garbage_is_no_answer(garbage in proptest::collection::vec(any::<u8>(), 0..200)) {
        let key = key("SELECT 1");
        prop_assert_eq!(unseal(&key, &garbage), None);
        // Even with the version and the checksum in order, nothing is read past its end.
        let mut signed = vec![VERSION];
        signed.extend_from_slice(&checksum(&key, &garbage));
        signed.extend_from_slice(&garbage);
        if let Some(read) = unseal(&key, &signed) {
            prop_assert!(read.result.rows.len() <= garbage.len());
        }
    }
}

#[test]
fn every_kind_has_its_tag() {
    for (tag, kind) in KINDS.into_iter().enumerate() {
        assert_eq!(usize::from(tag_of(kind)), tag);
    }
}

#[test]
fn the_first_version_is_read() {
    let key = key("SELECT 1");
    let body = "00000000000003e8\
                0000000000000002\
                01000000000000000161\
                04000000000000000162\
                01\
                0000000000000001\
                030000000000000007\
                06000000000000000178";
    let body: Vec<u8> =
        (0..body.len()).step_by(2).map(|at| u8::from_str_radix(&body[at..at + 2], 16).unwrap()).collect();
    let mut sealed = vec![1];
    sealed.extend_from_slice(&checksum(&key, &body));
    sealed.extend_from_slice(&body);
    let column = |name: &str, kind| ResultColumn { name: name.to_owned(), kind };
    let result = ResultSet {
        columns: vec![column("a", ColumnKind::Integer), column("b", ColumnKind::Text)],
        rows: vec![vec![Value::Integer(7), Value::Text("x".to_owned())]],
        truncated: Some(Truncation::Rows),
    };
    assert_eq!(unseal(&key, &sealed), Some(Unsealed { result, lifetime: Duration::from_secs(1) }));
}
