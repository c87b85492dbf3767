//! How writes of one field combine. The derive calls these for `#[state(append)]`, `#[state(add)]`,
//! `#[state(merge)]`, `#[state(messages)]` and `#[state(with = path)]`, always in the order of the superstep's tasks.
//!
//! A function for `with` takes `&mut T` and one written `T` and returns nothing, or a `Result` to refuse:
//!
//! ```
//! use medha_graph::State;
//! use serde::{Deserialize, Serialize};
//!
//! fn keep_best(current: &mut u32, written: u32) {
//!     *current = (*current).max(written);
//! }
//!
//! #[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
//! struct Race {
//!     #[state(with = keep_best)]
//!     best: u32,
//! }
//!
//! let mut race = Race::default();
//! race.apply(Race::update().best(7).best(3)).unwrap();
//! assert_eq!(race.best, 7);
//! ```

use std::fmt::Display;
use std::time::Duration;

pub(crate) mod json;
mod messages;

pub use messages::{Conversation, Message, Messages, UnknownMessage, reduce as put_messages};

/// Appends the written items.
pub fn append<T: IntoIterator + Extend<T::Item>>(current: &mut T, written: T) {
    current.extend(written);
}

/// Puts the written entries in; an entry of the same key is replaced.
pub fn merge<T: IntoIterator + Extend<T::Item>>(current: &mut T, written: T) {
    current.extend(written);
}

/// Adds the written number; a sum that does not fit is an error, never a wrapped number.
pub fn add<T: Sum>(current: &mut T, written: &T) -> Result<(), Overflow> {
    *current = current.sum(written).ok_or(Overflow)?;
    Ok(())
}

/// The sum does not fit the field's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sum does not fit the type of the field")]
pub struct Overflow;

/// Numbers that `#[state(add)]` can add.
#[diagnostic::on_unimplemented(
    message = "`#[state(add)]` adds numbers and durations, not `{Self}`",
    note = "for other types use `#[state(with = path::to::function)]`"
)]
pub trait Sum: Sized {
    /// The sum, or nothing if it does not fit.
    fn sum(&self, other: &Self) -> Option<Self>;
}

macro_rules! checked_sum {
    ($($number:ty),*) => {$(
        impl Sum for $number {
            fn sum(&self, other: &Self) -> Option<Self> { self.checked_add(*other) }
        }
    )*};
}
checked_sum!(u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, Duration);

impl Sum for f32 {
    fn sum(&self, other: &Self) -> Option<Self> {
        Some(self + other)
    }
}

impl Sum for f64 {
    fn sum(&self, other: &Self) -> Option<Self> {
        Some(self + other)
    }
}

/// What a reducer function may return: nothing, or a refusal.
#[diagnostic::on_unimplemented(
    message = "a reducer returns `()` or `Result<(), E>`, not `{Self}`",
    note = "its shape is `fn(&mut T, T)` or `fn(&mut T, T) -> Result<(), E>`"
)]
pub trait Reduced {
    /// Why a reducer refuses.
    type Error: Display;
    /// The refusal, if there is one.
    fn into_result(self) -> Result<(), Self::Error>;
}

impl Reduced for () {
    type Error = std::convert::Infallible;
    fn into_result(self) -> Result<(), Self::Error> {
        Ok(())
    }
}

impl<E: Display> Reduced for Result<(), E> {
    type Error = E;
    fn into_result(self) -> Self {
        self
    }
}
