//! Text that is safe to show: no control characters from a database reach the terminal, and widths are those people see.

use medha_agents::chart::{Column, ColumnRole};
use medha_connectors::Value;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// The columns a text takes on a terminal.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// Replaces what would move the cursor, change colours or turn the direction of writing.
pub(crate) fn harmless(text: &str) -> String {
    let is_harmful = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push('⏎'),
            '\t' => out.push(' '),
            '\r' => {}
            c if is_harmful(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// Cuts a text to so many columns, with an ellipsis where something is missing.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used + 1 > most {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

/// Fills a text with spaces on the left up to so many columns.
pub(crate) fn pad_left(text: &str, columns: usize) -> String {
    format!("{}{text}", " ".repeat(columns.saturating_sub(width(text))))
}

/// Fills a text with spaces on the right up to so many columns.
pub(crate) fn pad_right(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// A value as it stands in a cell: numbers that were asked for as the column's format says, all others as they are.
pub(crate) fn cell(column: &Column, value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(flag) => if *flag { "yes" } else { "no" }.into(),
        Value::Integer(integer) if is_shown_as_number(column) && integer.unsigned_abs() < 1 << 53 => {
            column.format.show(*integer as f64)
        }
        Value::Integer(integer) => integer.to_string(),
        Value::Float(float) if is_shown_as_number(column) => column.format.show(*float),
        Value::Float(float) => float.to_string(),
        Value::Decimal(digits) => digits.clone(),
        Value::Text(text) => harmless(text),
        Value::Blob(bytes) => format!("({} bytes)", bytes.len()),
        // A kind of value that is newer than this page is shown as it names itself.
        other => harmless(&format!("{other:?}")),
    }
}

/// A value as it is.
pub(crate) fn exact(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(flag) => flag.to_string(),
        Value::Integer(integer) => integer.to_string(),
        Value::Float(float) => float.to_string(),
        Value::Decimal(digits) => digits.clone(),
        Value::Text(text) => harmless(text),
        Value::Blob(bytes) => format!("({} bytes)", bytes.len()),
        other => harmless(&format!("{other:?}")),
    }
}

fn is_shown_as_number(column: &Column) -> bool {
    match column.role {
        ColumnRole::Measure => true,
        // Years, weekdays and keys are digits, not amounts.
        ColumnRole::Bucket(_) | ColumnRole::Part(_) | ColumnRole::Moment | ColumnRole::Category => {
            column.format != medha_agents::chart::NumberFormat::Plain
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use medha_agents::chart::NumberFormat;

    #[test]
    fn nothing_a_database_holds_can_drive_the_terminal() {
        assert_eq!(harmless("a\u{1b}[31mred\r\n\tb"), "a\\u{1b}[31mred⏎ b");
        assert_eq!(harmless("safe \u{202e}gpj.exe"), "safe \\u{202e}gpj.exe");
        assert_eq!(harmless("München 東京 ✓"), "München 東京 ✓");
    }

    #[test]
    fn texts_are_cut_and_padded_by_what_people_see() {
        assert_eq!(cut("東京都港区", 5), "東京…");
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut("longer", 5), "long…");
        assert_eq!(pad_left("東京", 6), "  東京");
        assert_eq!(pad_right("é", 3), "é  ");
    }

    #[test]
    fn a_cell_shows_amounts_as_amounts_and_keys_as_digits() {
        let column = |role, format| Column {
            name: "x".into(),
            role,
            format,
            additive: false,
            higher_is_better: None,
            labels: None,
        };
        let money = column(ColumnRole::Measure, NumberFormat::Currency { code: Some("USD".into()) });
        let key = column(ColumnRole::Category, NumberFormat::Plain);
        assert_eq!(cell(&money, &Value::Float(1_234.5)), "$1,234");
        assert_eq!(cell(&money, &Value::Null), "");
        assert_eq!(cell(&key, &Value::Integer(1_234)), "1234");
        assert_eq!(cell(&money, &Value::Integer(i64::MAX)), "9223372036854775807");
        assert_eq!(cell(&key, &Value::Blob(vec![1, 2, 3])), "(3 bytes)");
    }
}
