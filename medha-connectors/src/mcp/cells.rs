//! Values out of JSON, a column at a time: what a number is can only be told from all of them.

use serde_json::value::RawValue;

use super::json::Json;
use crate::value::Value;

/// A value as it stands in JSON.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Number(String),
    Other(Value),
}

impl Cell {
    pub(super) fn null() -> Self {
        Self::Other(Value::Null)
    }

    pub(super) fn read(raw: &RawValue) -> Self {
        Self::Other(match Json::of(raw) {
            Json::Null => Value::Null,
            Json::Bool(is) => Value::Bool(is),
            Json::Number(digits) => return Self::Number(digits.to_owned()),
            Json::Text(text) => Value::Text(text),
            Json::List(_) => Value::Text(raw.get().to_owned()),
            Json::Record(pairs) => match bytes_of_node(&pairs) {
                Some(bytes) => Value::Blob(bytes),
                None => Value::Text(raw.get().to_owned()),
            },
        })
    }
}

/// The bytes of `{"type": "Buffer", "data": [0, 255]}`, which is how Node writes them.
fn bytes_of_node(pairs: &[(String, &RawValue)]) -> Option<Vec<u8>> {
    let [(first, kind), (second, data)] = pairs else { return None };
    let is_buffer = first == "type" && second == "data" && kind.get() == "\"Buffer\"";
    is_buffer.then(|| serde_json::from_str(data.get()).ok())?
}

/// Turns the cells of a column into values, in place, column by column.
pub(super) fn settle(rows: Vec<Vec<Cell>>, width: usize) -> Vec<Vec<Value>> {
    let column = |place: usize| rows.iter().filter_map(move |row| row.get(place));
    let readings: Vec<Reading> = (0..width).map(|place| Reading::of(column(place))).collect();
    let settled = rows
        .into_iter()
        .map(|row| row.into_iter().zip(&readings).map(|(cell, reading)| reading.value(cell)).collect());
    settled.collect()
}

/// How the cells of one column are read.
#[derive(Debug, Clone, Copy)]
struct Reading {
    numbers: Numbers,
    /// All texts are midnights as Node writes them, so it is a column of dates.
    are_dates: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Numbers {
    Integers,
    Floats,
    /// At least one has digits that a float would lose.
    Decimals,
}

impl Reading {
    fn of<'a>(cells: impl Iterator<Item = &'a Cell>) -> Self {
        let (mut numbers, mut dates, mut texts) = (Numbers::Integers, 0, 0);
        for cell in cells {
            match cell {
                Cell::Number(digits) => numbers = numbers.max(kind_of(digits)),
                Cell::Other(Value::Text(text)) => {
                    texts += 1;
                    dates += usize::from(date_of_node(text).is_some());
                }
                Cell::Other(_) => {}
            }
        }
        Self { numbers, are_dates: texts > 0 && dates == texts }
    }

    fn value(self, cell: Cell) -> Value {
        match cell {
            Cell::Number(digits) => match self.numbers {
                Numbers::Integers => digits.parse().map_or_else(|_| Value::Decimal(digits), Value::Integer),
                Numbers::Floats => digits.parse().map_or_else(|_| Value::Decimal(digits), Value::Float),
                Numbers::Decimals => Value::Decimal(digits),
            },
            Cell::Other(Value::Text(text)) if self.are_dates => {
                Value::Text(date_of_node(&text).map(str::to_owned).unwrap_or(text))
            }
            Cell::Other(value) => value,
        }
    }
}

/// What a number must be, by its digits alone.
fn kind_of(digits: &str) -> Numbers {
    if !digits.contains(['.', 'e', 'E']) {
        return if digits.parse::<i64>().is_ok() { Numbers::Integers } else { Numbers::Decimals };
    }
    // Nobody writes an exact number with an exponent.
    if digits.contains(['e', 'E']) {
        return Numbers::Floats;
    }
    let shortest = digits.parse::<f64>().map(|float| float.to_string()).unwrap_or_default();
    let is_kept = shortest == digits || digits.strip_suffix(".0") == Some(&shortest);
    if is_kept { Numbers::Floats } else { Numbers::Decimals }
}

/// The date of `2024-02-29T00:00:00.000Z`.
fn date_of_node(text: &str) -> Option<&str> {
    let date = text.strip_suffix("T00:00:00.000Z")?;
    date.parse::<jiff::civil::Date>().is_ok().then_some(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(cells: &str) -> Vec<Value> {
        let raw: Vec<&RawValue> = serde_json::from_str(cells).unwrap();
        settle(raw.into_iter().map(|raw| vec![Cell::read(raw)]).collect(), 1).into_iter().flatten().collect()
    }

    #[test]
    fn digits_are_kept_and_a_column_has_one_kind_of_number() {
        let decimal = |digits: &str| Value::Decimal(digits.to_owned());
        assert_eq!(
            column("[1, 9007199254740993, null]"),
            [Value::Integer(1), Value::Integer(9_007_199_254_740_993), Value::Null]
        );
        assert_eq!(column("[1.5, 2, 3.0, 1e300]"), [1.5, 2.0, 3.0, 1e300].map(Value::Float));
        assert_eq!(column("[19.99, 20.00, 3]"), ["19.99", "20.00", "3"].map(decimal));
        assert_eq!(column("[9223372036854775808]"), [decimal("9223372036854775808")]);
        assert_eq!(column("[0.12345678901234567890]"), [decimal("0.12345678901234567890")]);
    }

    #[test]
    fn bytes_and_dates_are_read_as_node_writes_them_and_documents_stay_text() {
        let text = |text: &str| Value::Text(text.to_owned());
        assert_eq!(column(r#"[{"type":"Buffer","data":[0,255,16]}]"#), [Value::Blob(vec![0, 255, 16])]);
        assert_eq!(column(r#"[{"a": 1.10}, [1, 2]]"#), [text(r#"{"a": 1.10}"#), text("[1, 2]")]);
        assert_eq!(column(r#"["2024-02-29T00:00:00.000Z", null]"#), [text("2024-02-29"), Value::Null]);
        let moments = ["2024-02-29T00:00:00.000Z", "2024-02-29T10:00:00.000Z"];
        assert_eq!(column(&serde_json::to_string(&moments).unwrap()), moments.map(text));
        assert_eq!(column(r#"["2023-02-29T00:00:00.000Z"]"#), [text("2023-02-29T00:00:00.000Z")]);
    }
}
