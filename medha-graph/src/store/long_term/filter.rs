//! Conditions on documents: equal, unequal, above, below.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use super::path::{JsonPath, PathError};

/// A condition on one part of a document. The filters of a search must all hold.
///
/// Numbers compare by value, whatever their type (`1` is `1.0`); texts compare by their characters; other values can
/// only be equal or not. Values of different kinds are unequal, and neither is above the other. A path that names
/// several parts (`tags[*]`) holds if any of them does; one that names none fulfils only [`ne`](Self::ne).
///
/// ```
/// use medha_graph::store::Filter;
/// use serde_json::json;
///
/// let cafe = json!({"stars": 4.5, "address": {"city": "Oslo"}, "tags": ["quiet", "cheap"]});
/// assert!(Filter::gte("stars", 4)?.holds(&cafe));
/// assert!(Filter::eq("address.city", "Oslo")?.holds(&cafe));
/// assert!(Filter::eq("tags[*]", "quiet")?.holds(&cafe));
/// # Ok::<(), medha_graph::store::PathError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Filter {
    /// The part.
    pub path: JsonPath,
    /// How it must compare.
    pub comparison: Comparison,
    /// With what.
    pub value: Value,
}

/// How two values must compare. Exhaustive, so that a store that puts a filter into its own language misses none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// Equal.
    Eq,
    /// Not equal, or not there.
    Ne,
    /// Above.
    Gt,
    /// Above or equal.
    Gte,
    /// Below.
    Lt,
    /// Below or equal.
    Lte,
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident $comparison:ident)*) => {$(
        $(#[$doc])*
        pub fn $name(path: &str, value: impl Into<Value>) -> Result<Self, PathError> {
            Ok(Self { path: path.parse()?, comparison: Comparison::$comparison, value: value.into() })
        }
    )*};
}

impl Filter {
    constructors! {
        /// The part is equal to the value.
        eq Eq
        /// The part is not equal to the value, or is not there.
        ne Ne
        /// The part is above the value.
        gt Gt
        /// The part is above the value or equal to it.
        gte Gte
        /// The part is below the value.
        lt Lt
        /// The part is below the value or equal to it.
        lte Lte
    }

    /// Whether the document fulfils it; for stores that cannot leave this to their database.
    pub fn holds(&self, document: &Value) -> bool {
        let parts = self.path.select(document);
        let any =
            |is: fn(Ordering) -> bool| parts.iter().any(|part| order(part, &self.value).is_some_and(is));
        let is_equal = || parts.iter().any(|part| equal(part, &self.value));
        match self.comparison {
            Comparison::Eq => is_equal(),
            Comparison::Ne => !is_equal(),
            Comparison::Gt => any(Ordering::is_gt),
            Comparison::Gte => any(Ordering::is_ge),
            Comparison::Lt => any(Ordering::is_lt),
            Comparison::Lte => any(Ordering::is_le),
        }
    }
}

fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => order_numbers(left, right),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

/// Whole numbers are compared as such: as floats, large ones next to each other would be equal.
fn order_numbers(left: &Number, right: &Number) -> Option<Ordering> {
    let whole = |number: &Number| number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
    match (whole(left), whole(right)) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => order_numbers(left, right) == Some(Ordering::Equal),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            let same =
                |(key, left): (&String, &Value)| right.get(key).is_some_and(|right| equal(left, right));
            left.len() == right.len() && left.iter().all(same)
        }
        _ => left == right,
    }
}
