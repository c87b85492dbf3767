//! What one statement of a connection may cost.

use std::num::NonZeroU32;
use std::time::Duration;

use medha_connectors::QueryOptions;

/// Limits of a connection; those that are not given stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Limits {
    /// The database stops after so many seconds.
    pub(crate) seconds: Option<NonZeroU32>,
    /// An answer ends after so many megabytes (of 1,048,576 bytes) of values.
    pub(crate) megabytes: Option<NonZeroU32>,
    /// A statement is not begun if the database expects to go through more rows than this.
    pub(crate) planned_rows: Option<u64>,
}

const MEGABYTE: usize = 1024 * 1024;

impl Limits {
    /// Puts them in the place of others.
    pub(crate) fn put_on(self, options: QueryOptions) -> QueryOptions {
        let whole = |number: NonZeroU32| usize::try_from(number.get()).unwrap_or(usize::MAX);
        QueryOptions {
            deadline: self
                .seconds
                .map_or(options.deadline, |seconds| Duration::from_secs(seconds.get().into())),
            max_bytes: self
                .megabytes
                .map_or(options.max_bytes, |count| whole(count).saturating_mul(MEGABYTE)),
            max_planned_rows: self.planned_rows.or(options.max_planned_rows),
            ..options
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_goes_before_what_was_there() {
        let usual = QueryOptions { max_planned_rows: Some(7), ..QueryOptions::default() };
        let same = Limits::default().put_on(usual.clone());
        assert_eq!(format!("{same:?}"), format!("{usual:?}"));
        let limits =
            Limits { seconds: NonZeroU32::new(5), megabytes: NonZeroU32::new(2), planned_rows: Some(9) };
        let other = limits.put_on(usual.clone());
        assert_eq!(other.deadline, Duration::from_secs(5));
        assert_eq!(other.max_bytes, 2 * 1_048_576);
        assert_eq!(other.max_planned_rows, Some(9));
        assert_eq!(other.max_rows, usual.max_rows);
    }
}
