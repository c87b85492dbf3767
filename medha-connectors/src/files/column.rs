//! The type of a column from all of its values, and values of that type.

use std::borrow::Cow;

use super::look::{Look, as_boolean, look_at, look_at_number, look_at_text};
use super::moment::{Order, Orders, to_iso};

/// A value as a file has it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Raw<'a> {
    /// Of a file in which everything is text.
    Word(&'a str),
    /// JSON's null.
    Null,
    /// JSON's number, in its digits.
    Number(&'a str),
    /// JSON's text.
    Text(Cow<'a, str>),
    /// JSON's boolean.
    Boolean(bool),
    /// JSON within JSON, as it is written.
    Nested(&'a str),
}

/// A value as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
}

/// What all values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Integer,
    Real,
    Boolean,
    Date(Order),
    DateTime(Order),
    Time,
    Text,
}

/// What was seen of a column.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// A bit for each kind of look.
    looks: u16,
    orders: Orders,
    /// Values that are there.
    pub(super) filled: u64,
    missing: Option<(u64, String)>,
    missing_count: u64,
    /// The first text after values that were none, with its line.
    oddity: Option<(u64, String)>,
    last: Option<i64>,
    is_increasing: bool,
}

const INTEGER: u16 = 1;
const LONG_INTEGER: u16 = 1 << 1;
const REAL: u16 = 1 << 2;
const LONG_NUMBER: u16 = 1 << 3;
const BOOLEAN: u16 = 1 << 4;
const DATE: u16 = 1 << 5;
const DATE_TIME: u16 = 1 << 6;
const TIME: u16 = 1 << 7;
const TEXT: u16 = 1 << 8;

/// So much of a value is repeated in a remark.
const SHOWN: usize = 30;

impl Default for Seen {
    fn default() -> Self {
        Self {
            looks: 0,
            orders: Orders::ANY,
            filled: 0,
            missing: None,
            missing_count: 0,
            oddity: None,
            last: None,
            is_increasing: true,
        }
    }
}

impl Seen {
    /// Looks at one more value.
    pub(super) fn observe(&mut self, raw: &Raw<'_>, line: u64) {
        // Once there is a text, what the others are does not matter.
        let is_settled = self.looks & TEXT != 0;
        let look = match raw {
            Raw::Null => return,
            Raw::Word("") => return,
            _ if is_settled => Look::Text,
            Raw::Word(text) => look_at(text),
            Raw::Number(number) => look_at_number(number).unwrap_or(Look::LongNumber),
            Raw::Text(text) => look_at_text(text),
            Raw::Boolean(_) => Look::Boolean,
            Raw::Nested(_) => Look::Text,
        };
        let bit = match look {
            Look::Empty => return,
            Look::Missing => {
                self.missing_count += 1;
                self.missing.get_or_insert_with(|| (line, shown(raw)));
                return;
            }
            Look::Integer => INTEGER,
            Look::LongInteger => LONG_INTEGER,
            Look::Real => REAL,
            Look::LongNumber => LONG_NUMBER,
            Look::Boolean => BOOLEAN,
            Look::Moment(moment) => {
                self.orders = self.orders.and(moment.orders);
                if moment.has_time { DATE_TIME } else { DATE }
            }
            Look::Time => TIME,
            Look::Text => TEXT,
        };
        self.filled += 1;
        if bit == TEXT && !is_settled && self.looks != 0 {
            self.oddity = Some((line, shown(raw)));
        }
        self.looks |= bit;
        if self.is_increasing {
            self.follow(raw, bit);
        }
    }

    fn follow(&mut self, raw: &Raw<'_>, bit: u16) {
        let integer = match raw {
            Raw::Word(digits) | Raw::Number(digits) if bit & (INTEGER | LONG_INTEGER) != 0 => {
                digits.trim_ascii().parse().ok()
            }
            _ => None,
        };
        self.is_increasing = integer.is_some() && self.last.is_none_or(|last| integer > Some(last));
        self.last = integer;
    }

    /// Adds what was seen before the others, apart from them.
    pub(super) fn add_first(&mut self, first: &Self) {
        self.is_increasing &= first.filled == 0;
        self.looks |= first.looks;
        self.orders = self.orders.and(first.orders);
        self.filled += first.filled;
        self.missing_count += first.missing_count;
        if first.missing.is_some() {
            self.missing.clone_from(&first.missing);
        }
    }

    /// What all values are, and what is worth saying about it.
    pub(super) fn settle(&self, name: &str) -> (Type, Option<String>) {
        let numbers = INTEGER | LONG_INTEGER | REAL | LONG_NUMBER;
        let is_among = |looks: u16| self.looks != 0 && self.looks & !looks == 0;
        let mut remark = None;
        let found = if self.looks == 0 {
            Type::Text
        } else if is_among(INTEGER | LONG_INTEGER) {
            Type::Integer
        } else if is_among(INTEGER | REAL) {
            Type::Real
        } else if is_among(BOOLEAN) {
            Type::Boolean
        } else if is_among(TIME) {
            Type::Time
        } else if is_among(DATE | DATE_TIME)
            && let Some(order) = self.orders.only()
        {
            remark = note_of_order(name, order);
            if self.looks & DATE_TIME != 0 { Type::DateTime(order) } else { Type::Date(order) }
        } else {
            remark = self.why_text(name, is_among(numbers), is_among(DATE | DATE_TIME));
            Type::Text
        };
        if found != Type::Text
            && let Some((line, word)) = &self.missing
        {
            let more = match self.missing_count {
                1 => String::new(),
                count => format!(", and {} more", count - 1),
            };
            let missing = format!("column {name}: {word:?} is taken for nothing (line {line}{more})");
            remark = Some(remark.map_or(missing.clone(), |remark| format!("{remark}; {missing}")));
        }
        (found, remark)
    }

    fn why_text(&self, name: &str, are_numbers: bool, are_dates: bool) -> Option<String> {
        if are_numbers {
            return Some(format!(
                "column {name} stays text: it has numbers with more digits than SQLite keeps"
            ));
        }
        if are_dates && self.orders.is_open() {
            return Some(format!("column {name} stays text: its dates could be day first or month first"));
        }
        let (line, odd) = self.oddity.as_ref()?;
        Some(format!("column {name} is text: line {line} has {odd:?}, the lines before have no text"))
    }

    /// Whether it has a value in each of so many rows, each larger than the one before.
    pub(super) fn is_running_number(&self, rows: u64) -> bool {
        rows > 0 && self.filled == rows && self.is_increasing
    }
}

fn note_of_order(name: &str, order: Order) -> Option<String> {
    let words = match order {
        Order::Iso => return None,
        Order::YearFirst => "2025/12/31",
        Order::DayFirst => "31.12.2025 (day first)",
        Order::MonthFirst => "12/31/2025 (month first)",
    };
    Some(format!("column {name}: dates as in {words} became 2025-12-31"))
}

fn shown(raw: &Raw<'_>) -> String {
    let text: &str = match raw {
        Raw::Null => "null",
        Raw::Word(text) | Raw::Number(text) | Raw::Nested(text) => text,
        Raw::Text(text) => text,
        Raw::Boolean(true) => "true",
        Raw::Boolean(false) => "false",
    };
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

impl Type {
    /// How the column is declared. No affinity of these types changes a value that was made for them.
    pub(super) fn declaration(self) -> &'static str {
        match self {
            Self::Integer => "INTEGER",
            Self::Real => "REAL",
            Self::Boolean => "BOOLEAN",
            Self::Date(_) => "DATE",
            Self::DateTime(_) => "DATETIME",
            Self::Time => "TIME",
            Self::Text => "TEXT",
        }
    }

    /// The value as it is stored; `None` if it is not of this type, which only a file that was changed has.
    pub(super) fn cell(self, raw: &Raw<'_>) -> Option<Cell> {
        if self == Self::Text {
            return Some(match raw {
                Raw::Null | Raw::Word("") => Cell::Null,
                Raw::Word(text) | Raw::Number(text) | Raw::Nested(text) => Cell::Text((*text).to_owned()),
                Raw::Text(text) => Cell::Text(text.clone().into_owned()),
                Raw::Boolean(value) => Cell::Text(value.to_string()),
            });
        }
        let text = match raw {
            Raw::Null => return Some(Cell::Null),
            Raw::Boolean(value) => return (self == Self::Boolean).then(|| Cell::Integer((*value).into())),
            Raw::Nested(_) => return None,
            Raw::Word(text) | Raw::Number(text) => text.trim_ascii(),
            Raw::Text(text) => text,
        };
        let cell = match self {
            Self::Integer => text.parse().ok().map(Cell::Integer),
            // What has letters is no number: `nan` and `inf` parse, too.
            Self::Real if text.bytes().any(|byte| byte.is_ascii_digit()) => text.parse().ok().map(Cell::Real),
            Self::Boolean => as_boolean(text).map(|value| Cell::Integer(value.into())),
            Self::Date(order) | Self::DateTime(order) => moment_cell(text, order),
            Self::Time if look_at_text(text) == Look::Time => Some(Cell::Text(text.to_owned())),
            Self::Real | Self::Time | Self::Text => None,
        };
        let is_missing = || matches!(look_at(text), Look::Empty | Look::Missing);
        cell.or_else(|| is_missing().then_some(Cell::Null))
    }
}

fn moment_cell(text: &str, order: Order) -> Option<Cell> {
    match look_at_text(text) {
        Look::Moment(_) => to_iso(text, order).map(Cell::Text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(values: &[&str]) -> (Type, Option<String>) {
        let mut seen = Seen::default();
        values.iter().zip(2..).for_each(|(value, line)| seen.observe(&Raw::Word(value), line));
        seen.settle("c")
    }

    #[test]
    fn all_values_have_a_say_in_the_type() {
        for (values, found) in [
            (&["1", "", "-3"][..], Type::Integer),
            (&["1", "9007199254740993"], Type::Integer),
            (&["1", "2.5"], Type::Real),
            (&["9007199254740993", "2.5"], Type::Text),
            (&["1", "3.3333333333333333"], Type::Text),
            (&["007", "12"], Type::Text),
            (&["true", "FALSE", ""], Type::Boolean),
            (&["true", "1"], Type::Text),
            (&["2025-01-31", "2025-02-01"], Type::Date(Order::Iso)),
            (&["2025-01-31", "2025-02-01 10:00"], Type::DateTime(Order::Iso)),
            (&["3/4/2025", "31/1/2025"], Type::Date(Order::DayFirst)),
            (&["3/4/2025", "1/31/2025 10:00"], Type::DateTime(Order::MonthFirst)),
            (&["31/1/2025", "1/31/2025"], Type::Text),
            (&["3/4/2025"], Type::Text),
            (&["2025-01-31", "12:30"], Type::Text),
            (&["12:30", "09:00:01"], Type::Time),
            (&["", ""], Type::Text),
            (&["NA", "1"], Type::Integer),
            (&["NA", "Peru"], Type::Text),
            (&["NA"], Type::Text),
        ] {
            assert_eq!(settled(values).0, found, "{values:?}");
        }
    }

    #[test]
    fn what_is_not_as_expected_is_said() {
        for (values, remark) in [
            (&["1", "2"][..], None),
            (&["x", "2"], None),
            (
                &["1", "n.a.", "x"],
                Some(r#"column c is text: line 3 has "n.a.", the lines before have no text"#),
            ),
            (&["1", "NA", "NULL"], Some(r#"column c: "NA" is taken for nothing (line 3, and 1 more)"#)),
            (
                &["1.1", "99999999999999999999"],
                Some("column c stays text: it has numbers with more digits than SQLite keeps"),
            ),
            (&["1/2/2025"], Some("column c stays text: its dates could be day first or month first")),
            (&["31.1.2025"], Some("column c: dates as in 31.12.2025 (day first) became 2025-12-31")),
        ] {
            assert_eq!(settled(values).1.as_deref(), remark, "{values:?}");
        }
    }

    #[test]
    fn values_are_stored_in_their_type() {
        let text = |text: &str| Some(Cell::Text(text.to_owned()));
        for (found, value, cell) in [
            (Type::Integer, " 12", Some(Cell::Integer(12))),
            (Type::Integer, "NA", Some(Cell::Null)),
            (Type::Integer, "x", None),
            (Type::Real, ".5", Some(Cell::Real(0.5))),
            (Type::Real, "inf", None),
            (Type::Real, "nan", Some(Cell::Null)),
            (Type::Boolean, "True", Some(Cell::Integer(1))),
            (Type::Date(Order::DayFirst), "31.1.2025", text("2025-01-31")),
            (Type::Date(Order::Iso), "2025-01-31", text("2025-01-31")),
            (Type::Date(Order::Iso), "then", None),
            (Type::Time, "12:30", text("12:30")),
            (Type::Time, "", Some(Cell::Null)),
            (Type::Text, "", Some(Cell::Null)),
            (Type::Text, " 007 ", text(" 007 ")),
        ] {
            assert_eq!(found.cell(&Raw::Word(value)), cell, "{found:?} {value:?}");
        }
        assert_eq!(Type::Text.cell(&Raw::Text("".into())), text(""));
        assert_eq!(Type::Text.cell(&Raw::Boolean(true)), text("true"));
        assert_eq!(Type::Text.cell(&Raw::Nested("[1]")), text("[1]"));
        assert_eq!(Type::Boolean.cell(&Raw::Boolean(false)), Some(Cell::Integer(0)));
    }

    #[test]
    fn a_running_number_is_one_that_grows_in_every_row() {
        let runs = |values: &[&str]| {
            let mut seen = Seen::default();
            values.iter().zip(2..).for_each(|(value, line)| seen.observe(&Raw::Word(value), line));
            seen.is_running_number(values.len() as u64)
        };
        assert!(runs(&["-1", "5", "6"]));
        assert!(!runs(&["1", "1"]));
        assert!(!runs(&["1", "", "2"]));
        assert!(!runs(&["1", "x"]));
        assert!(!runs(&[]));
    }
}
