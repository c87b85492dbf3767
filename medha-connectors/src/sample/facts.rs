//! What was planted in the sample, so that a question about it has an answer that is known beforehand.

use jiff::ToSpan as _;
use jiff::civil::Date;

/// The customer segment whose orders decline over the last fifteen months.
pub const DECLINING_SEGMENT: &str = "Small Business";

/// The region that has no customers before [`late_region_launch`].
pub const LATE_REGION: &str = "Middle East";

/// The marketing channel that was spent on heavily on the [`outlier_day`].
pub const OUTLIER_CHANNEL: &str = "Social";

/// How many days of business a sample holds.
pub const DAYS: i32 = 1096;

pub(crate) const DECLINE_DAYS: i32 = 455;
pub(crate) const LAUNCH_DAYS: i32 = 420;
const OUTLIER_DAYS: i64 = 137;

/// The first day of business in a sample that ends on `end_date`.
#[must_use]
pub fn first_day(end_date: Date) -> Date {
    end_date - i64::from(DAYS - 1).days()
}

/// The day with about seven times the usual orders, after a campaign.
#[must_use]
pub fn outlier_day(end_date: Date) -> Date {
    end_date - OUTLIER_DAYS.days()
}

/// The day the late region was opened.
#[must_use]
pub fn late_region_launch(end_date: Date) -> Date {
    end_date - i64::from(LAUNCH_DAYS).days()
}
