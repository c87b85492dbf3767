//! Types whose values always read back from the JSON they were written as, so that nothing has to be read again to know
//! that it can be.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::hash::BuildHasher;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

/// A promise: whatever value of this type is written as JSON can be read again.
///
/// Before a field is stored its value is read back, so that a checkpoint that could not be loaded never becomes the head
/// of a thread. Reading takes longer than writing; fields of types with this promise go without. It holds for whole
/// numbers, texts and collections of such. Make it for a type of your own whose `Serialize` and `Deserialize` are both
/// derived, that holds nothing but such types and skips no field:
///
/// ```
/// use medha_graph::state::ReadsBack;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Debug, Serialize, Deserialize)]
/// struct Finding { title: String, pages: Vec<u32> }
/// impl ReadsBack for Finding {}
/// ```
///
/// Types for which it does not hold: floats (what is not finite becomes `null`), types that contain themselves (JSON that
/// is nested too deep is refused) and with them `serde_json::Value`.
pub trait ReadsBack {}

macro_rules! reads_back {
    ($($name:ty),*) => {$(impl ReadsBack for $name {})*};
}
reads_back!((), bool, char, u8, u16, u32, u64, usize, i8, i16, i32, i64, isize, String, Duration);

impl<T: ReadsBack> ReadsBack for Option<T> {}
impl<T: ReadsBack> ReadsBack for Box<T> {}
impl<T: ReadsBack> ReadsBack for Arc<T> {}
impl<T: ReadsBack> ReadsBack for Vec<T> {}
impl<T: ReadsBack> ReadsBack for VecDeque<T> {}
impl<T: ReadsBack> ReadsBack for BTreeSet<T> {}
impl<T: ReadsBack, H: BuildHasher> ReadsBack for HashSet<T, H> {}
impl<T: ReadsBack> ReadsBack for BTreeMap<String, T> {}
impl<T: ReadsBack, H: BuildHasher> ReadsBack for HashMap<String, T, H> {}

/// Asks the compiler whether a type makes the promise: where it does, the constant of the type itself comes before that
/// of the trait.
#[derive(Debug)]
pub struct ReadBack<T>(PhantomData<fn() -> T>);

impl<T: ReadsBack> ReadBack<T> {
    /// It does.
    pub const ALWAYS: bool = true;
}

/// Any type.
pub trait AnyReadBack {
    /// It does not, as far as is known.
    const ALWAYS: bool = false;
}

impl<T> AnyReadBack for T {}

#[cfg(test)]
mod tests {
    use super::{AnyReadBack as _, ReadBack};
    use serde_json::Value;
    use std::collections::BTreeMap;

    #[test]
    fn texts_and_whole_numbers_always_read_back() {
        const { assert!(ReadBack::<Vec<Option<String>>>::ALWAYS) };
        const { assert!(ReadBack::<BTreeMap<String, u64>>::ALWAYS) };
    }

    #[test]
    fn floats_and_plain_json_may_not() {
        const { assert!(!ReadBack::<Vec<f64>>::ALWAYS) };
        const { assert!(!ReadBack::<BTreeMap<String, Value>>::ALWAYS) };
    }
}
