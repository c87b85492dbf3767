//! Dates in the orders people write them, and as ISO has them.

use jiff::civil::Date;

use crate::kind::{is_time, text_kind, without_zone};
use crate::value::ColumnKind;

/// An order of year, month and day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// `2025-01-31`, as ISO has it and as it is kept.
    Iso,
    /// `2025/01/31`.
    YearFirst,
    /// `31.01.2025`, `31/01/2025`, `31-01-2025`.
    DayFirst,
    /// `01/31/2025`, `01-31-2025`.
    MonthFirst,
}

const ORDERS: [Order; 4] = [Order::Iso, Order::YearFirst, Order::DayFirst, Order::MonthFirst];

/// The orders that all dates of a column could be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Orders(u8);

impl Orders {
    pub(super) const ANY: Self = Self(u8::MAX);

    fn of(order: Order) -> Self {
        Self(1 << order as u8)
    }

    fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The only order it can be.
    pub(super) fn only(self) -> Option<Order> {
        ORDERS.into_iter().find(|order| Self::of(*order) == self)
    }

    /// Whether day and month cannot be told apart.
    pub(super) fn is_open(self) -> bool {
        self == Self::of(Order::DayFirst).or(Self::of(Order::MonthFirst))
    }
}

/// A date as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) orders: Orders,
    pub(super) has_time: bool,
}

/// Reads a date with or without a time of day.
pub(super) fn moment(text: &str) -> Option<Moment> {
    match text_kind(text) {
        ColumnKind::Date => return Some(Moment { orders: Orders::of(Order::Iso), has_time: false }),
        ColumnKind::DateTime => return Some(Moment { orders: Orders::of(Order::Iso), has_time: true }),
        _ => {}
    }
    let parts = Parts::read(text)?;
    let orders = [Order::YearFirst, Order::DayFirst, Order::MonthFirst]
        .into_iter()
        .filter(|order| parts.date(*order).is_some())
        .fold(Orders(0), |orders, order| orders.or(Orders::of(order)));
    (orders != Orders(0)).then_some(Moment { orders, has_time: !parts.time.is_empty() })
}

/// The date in ISO's form.
pub(super) fn to_iso(text: &str, order: Order) -> Option<String> {
    if order == Order::Iso {
        return Some(text.to_owned());
    }
    let parts = Parts::read(text)?;
    let date = parts.date(order)?;
    Some(match parts.time {
        "" => date.to_string(),
        // `9:05` sorts after `10:05`, `09:05` does not.
        time if time.as_bytes().get(1) == Some(&b':') => format!("{date} 0{time}"),
        time => format!("{date} {time}"),
    })
}

/// The numbers of a date in no particular order.
struct Parts<'a> {
    first: &'a str,
    second: &'a str,
    third: &'a str,
    separator: u8,
    time: &'a str,
}

impl<'a> Parts<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (date, time) = text.split_once([' ', 'T']).unwrap_or((text, ""));
        // A cheap look first: most texts are no dates.
        if !(8..=10).contains(&date.len()) || !date.as_bytes()[0].is_ascii_digit() {
            return None;
        }
        let separator = *date.as_bytes().iter().find(|byte| matches!(byte, b'.' | b'/' | b'-'))?;
        let mut parts = date.split(char::from(separator));
        let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
        let are_digits =
            [first, second, third].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
        let is_whole = parts.next().is_none() && are_digits;
        let is_time = time.is_empty() && date.len() == text.len() || is_clock(time);
        (is_whole && is_time).then_some(Self { first, second, third, separator, time })
    }

    fn date(&self, order: Order) -> Option<Date> {
        let (year, month, day) = match (order, self.separator) {
            (Order::YearFirst, b'/') => (self.first, self.second, self.third),
            (Order::DayFirst, _) => (self.third, self.second, self.first),
            (Order::MonthFirst, b'/' | b'-') => (self.third, self.first, self.second),
            _ => return None,
        };
        if year.len() != 4 || ![month, day].iter().all(|part| (1..=2).contains(&part.len())) {
            return None;
        }
        Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
    }
}

/// A time of day, whose hour may have one digit.
fn is_clock(time: &str) -> bool {
    let time = without_zone(time);
    is_time(time) || (time.as_bytes().get(1) == Some(&b':') && is_time(&format!("0{time}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_every_order_they_can_be_in() {
        let open = Orders::of(Order::DayFirst).or(Orders::of(Order::MonthFirst));
        for (text, orders, has_time) in [
            ("2025-01-31", Orders::of(Order::Iso), false),
            ("2025-01-31T10:00:00Z", Orders::of(Order::Iso), true),
            ("2025/1/31", Orders::of(Order::YearFirst), false),
            ("31.01.2025", Orders::of(Order::DayFirst), false),
            ("3.4.2025", Orders::of(Order::DayFirst), false),
            ("31/01/2025 9:05", Orders::of(Order::DayFirst), true),
            ("01/31/2025 10:00:59", Orders::of(Order::MonthFirst), true),
            ("3/4/2025", open, false),
            ("03-04-2025", open, false),
        ] {
            assert_eq!(moment(text), Some(Moment { orders, has_time }), "{text}");
        }
        for text in [
            "31/31/2025",
            "29.02.2023",
            "2025-13-01",
            "1/2/25",
            "2025-1-3x",
            "10.20.30.40",
            "3/4/2025 ",
            "31.01.2025 25:00",
            "3/4/2025T",
            "a.b.2025",
            "1.1.1",
            "",
        ] {
            assert_eq!(moment(text), None, "{text}");
        }
    }

    #[test]
    fn a_date_in_another_order_becomes_iso() {
        for (text, order, iso) in [
            ("31.1.2025", Order::DayFirst, "2025-01-31"),
            ("1/31/2025 9:05", Order::MonthFirst, "2025-01-31 09:05"),
            ("2025/01/31 10:00:59.5+02:00", Order::YearFirst, "2025-01-31 10:00:59.5+02:00"),
            ("2025-01-31T10:00", Order::Iso, "2025-01-31T10:00"),
        ] {
            assert_eq!(to_iso(text, order).as_deref(), Some(iso), "{text}");
        }
    }
}
