//! Values as SQL, and how constants beside them have to be written.

use jiff::civil::{DateTime, Time};
use medha_connectors::Dialect;

use super::analysis::{Literal, TimeRange};
use super::context::Context;
use crate::semantic::{DataType, Field, Role};

/// A value as SQL.
#[derive(Debug, Clone)]
pub(super) struct Term {
    pub(super) sql: String,
    pub(super) stored: Stored,
}

/// How a value is stored, as far as it changes how constants are compared with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stored {
    /// Numbers.
    Number,
    /// Text.
    Text,
    /// Years as numbers.
    Year,
    /// Years as text.
    YearText,
    /// Dates without a time of day.
    Date,
    /// Dates with a time of day after this letter.
    DateTime(char),
    /// Booleans, and what stands for yes and no.
    Boolean(String, String),
    /// Anything.
    Any,
}

impl Term {
    pub(super) fn number(sql: String) -> Self {
        Self { sql, stored: Stored::Number }
    }

    pub(super) fn text(sql: String) -> Self {
        Self { sql, stored: Stored::Text }
    }
}

/// How a field is stored.
pub(super) fn stored(context: &Context<'_>, field: &Field) -> Stored {
    match field.data_type {
        DataType::Boolean => {
            let (yes, no) = boolean(context, field);
            Stored::Boolean(yes, no)
        }
        DataType::Integer if field.role == Role::Time => Stored::Year,
        DataType::Integer | DataType::Decimal | DataType::Float if field.role == Role::Time => Stored::Year,
        DataType::Integer | DataType::Decimal | DataType::Float => Stored::Number,
        DataType::Date => Stored::Date,
        DataType::DateTime | DataType::DateTimeTz => Stored::DateTime(separator(field)),
        DataType::String if field.role == Role::Time => {
            let seen = field.min.as_ref().or(field.sample_values.first());
            match seen {
                Some(text) if text.len() == 4 && text.parse::<u16>().is_ok() => Stored::YearText,
                Some(text) if text.len() <= 10 => Stored::Date,
                Some(_) | None => Stored::DateTime(separator(field)),
            }
        }
        DataType::String | DataType::Time => Stored::Text,
        DataType::Opaque => Stored::Any,
    }
}

fn separator(field: &Field) -> char {
    if field.min.as_deref().is_some_and(|least| least.as_bytes().get(10) == Some(&b'T')) { 'T' } else { ' ' }
}

/// What stands for yes and no in a field, as SQL.
fn boolean(context: &Context<'_>, field: &Field) -> (String, String) {
    let find = |words: &[&str]| {
        let found = field.values.iter().map(|value| value.value.as_str());
        found.into_iter().find(|value| words.contains(&value.trim().to_lowercase().as_str()))
    };
    let yes = find(&["t", "true", "y", "yes"]);
    let no = find(&["f", "false", "n", "no"]);
    if yes.is_some() || no.is_some() {
        // One of the two may not have been seen; it follows the other's habit.
        let pairs = [("t", "f"), ("true", "false"), ("y", "n"), ("yes", "no")];
        let other = |seen: &str, of_yes: bool| {
            let lower = seen.trim().to_lowercase();
            let pair = pairs.iter().find(|(yes, no)| lower == if of_yes { *yes } else { *no });
            let word = pair.map_or("", |(yes, no)| if of_yes { no } else { yes });
            match seen.chars().next() {
                Some(first)
                    if first.is_uppercase() && word.len() > 1 && seen[1..] != seen[1..].to_uppercase() =>
                {
                    let mut letters = word.chars();
                    letters
                        .next()
                        .map(|first| first.to_uppercase().chain(letters).collect())
                        .unwrap_or_default()
                }
                Some(first) if first.is_uppercase() => word.to_uppercase(),
                Some(_) | None => word.to_owned(),
            }
        };
        let yes_text = yes.map_or_else(|| other(no.unwrap_or_default(), false), str::to_owned);
        let no_text = no.map_or_else(|| other(&yes_text, true), str::to_owned);
        return (context.sql.text(&yes_text), context.sql.text(&no_text));
    }
    match context.sql.dialect {
        Dialect::Postgres | Dialect::DuckDb | Dialect::Snowflake | Dialect::BigQuery => {
            ("TRUE".into(), "FALSE".into())
        }
        _ => ("1".into(), "0".into()),
    }
}

/// A constant as it has to be written beside a stored value.
pub(super) fn literal(context: &Context<'_>, literal: &Literal, beside: &Stored) -> String {
    let sql = context.sql;
    match beside {
        Stored::Text | Stored::YearText | Stored::Date | Stored::DateTime(_) => match literal {
            Literal::Integer(number) => sql.text(&number.to_string()),
            Literal::Number(number) => sql.text(&number.to_string()),
            Literal::Text(text) => sql.text(text),
            Literal::Boolean(flag) => sql.text(if *flag { "true" } else { "false" }),
        },
        Stored::Number | Stored::Year => match literal {
            Literal::Text(text) if text.trim().parse::<f64>().is_ok_and(f64::is_finite) => {
                text.trim().to_owned()
            }
            other => plain(context, other),
        },
        Stored::Boolean(yes, no) => match truth(literal) {
            Some(true) => yes.clone(),
            Some(false) => no.clone(),
            None => plain(context, literal),
        },
        Stored::Any => plain(context, literal),
    }
}

/// A constant on its own.
pub(super) fn plain(context: &Context<'_>, literal: &Literal) -> String {
    match literal {
        Literal::Integer(number) => number.to_string(),
        Literal::Number(number) => context.sql.number(*number),
        Literal::Text(text) => context.sql.text(text),
        Literal::Boolean(flag) => match (context.sql.dialect, flag) {
            (Dialect::Postgres | Dialect::DuckDb | Dialect::Snowflake | Dialect::BigQuery, true) => {
                "TRUE".into()
            }
            (Dialect::Postgres | Dialect::DuckDb | Dialect::Snowflake | Dialect::BigQuery, false) => {
                "FALSE".into()
            }
            (_, true) => "1".into(),
            (_, false) => "0".into(),
        },
    }
}

fn truth(literal: &Literal) -> Option<bool> {
    match literal {
        Literal::Boolean(flag) => Some(*flag),
        Literal::Integer(number) => (*number == 0 || *number == 1).then_some(*number == 1),
        Literal::Text(text) => match text.trim().to_lowercase().as_str() {
            "t" | "true" | "y" | "yes" | "1" => Some(true),
            "f" | "false" | "n" | "no" | "0" => Some(false),
            _ => None,
        },
        Literal::Number(_) => None,
    }
}

/// The conditions that put a stored moment inside a half-open window.
///
/// Moments are text in ISO form, so that a bound at midnight is written as a bare date: it sorts before every
/// time of that day, whatever letter stands between date and time.
pub(super) fn during(context: &Context<'_>, term: &Term, range: &TimeRange) -> Vec<String> {
    let sql = &term.sql;
    let quoted = |text: String| context.sql.text(&text);
    let midnight = |moment: DateTime| moment.time() == Time::midnight();
    let mut conditions = Vec::new();
    match &term.stored {
        Stored::Year | Stored::YearText | Stored::Number => {
            let year = |year: i16| {
                let text = year.to_string();
                if term.stored == Stored::YearText { quoted(text) } else { text }
            };
            // A year is one moment to us: it is inside if any of its days is.
            let first = range.start.map(|start| start.year());
            let last = range.end.map(|end| {
                let whole = end.date().day_of_year() == 1 && midnight(end);
                if whole { end.year() - 1 } else { end.year() }
            });
            match (first, last) {
                (Some(first), Some(last)) if first == last => {
                    conditions.push(format!("{sql} = {}", year(first)));
                }
                (first, last) => {
                    conditions.extend(first.map(|first| format!("{sql} >= {}", year(first))));
                    conditions.extend(last.map(|last| format!("{sql} <= {}", year(last))));
                }
            }
        }
        Stored::DateTime(_) | Stored::Any | Stored::Text | Stored::Boolean(..) => {
            let letter = if let Stored::DateTime(letter) = term.stored { letter } else { ' ' };
            let bound = |moment: DateTime| {
                if midnight(moment) {
                    quoted(moment.date().to_string())
                } else {
                    quoted(format!("{}{letter}{}", moment.date(), moment.strftime("%H:%M:%S")))
                }
            };
            conditions.extend(range.start.map(|start| format!("{sql} >= {}", bound(start))));
            conditions.extend(range.end.map(|end| format!("{sql} < {}", bound(end))));
        }
        Stored::Date => {
            conditions.extend(range.start.map(|start| {
                let operator = if midnight(start) { ">=" } else { ">" };
                format!("{sql} {operator} {}", quoted(start.date().to_string()))
            }));
            conditions.extend(range.end.map(|end| {
                let operator = if midnight(end) { "<" } else { "<=" };
                format!("{sql} {operator} {}", quoted(end.date().to_string()))
            }));
        }
    }
    conditions
}
