//! How many rows a generator makes, where its arguments are written down.

use jiff::civil::Date;
use sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, Interval, TypedString, UnaryOperator, Value, ValueWithSpan,
};

use crate::guard::error::GuardError;

/// The most rows a generator may make.
const MAX_GENERATED: f64 = 1_000_000.0;

/// How many rows a call of a generator makes: `None` where its arguments are computed or it is no generator.
pub(crate) fn generated_rows(function: &str, args: &[FunctionArg]) -> Result<Option<f64>, GuardError> {
    const SERIES: [&str; 5] =
        ["generate_series", "range", "generate_array", "generate_date_array", "generate_timestamp_array"];
    let rows = if function.eq_ignore_ascii_case("generator") {
        Some(counted(args).unwrap_or(f64::INFINITY))
    } else if SERIES.iter().any(|series| function.eq_ignore_ascii_case(series)) {
        numbers(args).or_else(|| dates(args))
    } else {
        None
    };
    match rows {
        Some(rows) if rows <= MAX_GENERATED => Ok(Some(rows)),
        // Not a number, too: a step of zero.
        Some(_) => Err(GuardError::too_large(format!("{function} may make at most {MAX_GENERATED} rows"))),
        None => Ok(None),
    }
}

/// The value of an argument that is written as a number.
pub(crate) fn number_of(arg: &FunctionArg) -> Option<f64> {
    expression(arg).and_then(number)
}

/// Snowflake's `GENERATOR(ROWCOUNT => n)`; with a time limit instead it has no end that can be known.
fn counted(args: &[FunctionArg]) -> Option<f64> {
    match args {
        [FunctionArg::Named { name, arg: FunctionArgExpr::Expr(count), .. }]
            if name.value.eq_ignore_ascii_case("rowcount") =>
        {
            number(count)
        }
        _ => None,
    }
}

fn numbers(args: &[FunctionArg]) -> Option<f64> {
    // DuckDB counts from zero where only the end is said.
    if let [end] = args {
        return number_of(end).map(f64::abs);
    }
    let [start, end, step @ ..] = args else { return None };
    let (start, end) = (number_of(start)?, number_of(end)?);
    let step = step.first().map_or(Some(1.0), number_of);
    Some(step.map_or(f64::INFINITY, |step| ((end - start) / step).abs()))
}

fn dates(args: &[FunctionArg]) -> Option<f64> {
    const DAY: f64 = 86_400.0;
    let [start, end, step @ ..] = args else { return None };
    let (start, end) = (date(expression(start)?)?, date(expression(end)?)?);
    let days = f64::from((end - start).get_days());
    let step = step.first().map_or(Some(DAY), |step| seconds(expression(step)?));
    Some(step.map_or(f64::INFINITY, |step| (days * DAY / step).abs()))
}

fn expression(arg: &FunctionArg) -> Option<&Expr> {
    match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    }
}

fn number(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::Value(ValueWithSpan { value: Value::Number(digits, _), .. }) => digits.parse().ok(),
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => number(expr).map(|number| -number),
        Expr::Nested(inner) => number(inner),
        _ => None,
    }
}

fn text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), .. })
        | Expr::TypedString(TypedString {
            value: ValueWithSpan { value: Value::SingleQuotedString(text), .. },
            ..
        }) => Some(text),
        Expr::Cast { expr, .. } | Expr::Nested(expr) => text(expr),
        _ => None,
    }
}

fn date(expr: &Expr) -> Option<Date> {
    text(expr)?.get(..10)?.parse().ok()
}

/// The length of an interval, roughly.
fn seconds(expr: &Expr) -> Option<f64> {
    let (amount, unit) = match expr {
        Expr::Interval(Interval { value, leading_field: Some(field), .. }) => {
            let amount = number(value).or_else(|| text(value)?.trim().parse().ok())?;
            (amount, field.to_string())
        }
        Expr::Interval(Interval { value, leading_field: None, .. }) => one_unit(text(value)?)?,
        Expr::Cast { expr, .. } | Expr::Nested(expr) => return seconds(expr),
        _ => one_unit(text(expr)?)?,
    };
    let unit = unit.to_ascii_lowercase();
    let lengths = [
        ("microsecond", 1e-6),
        ("millisecond", 1e-3),
        ("second", 1.0),
        ("minute", 60.0),
        ("hour", 3_600.0),
        ("day", 86_400.0),
        ("week", 604_800.0),
        ("month", 2_600_000.0),
        ("mon", 2_600_000.0),
        ("quarter", 7_800_000.0),
        ("year", 31_500_000.0),
    ];
    let length =
        lengths.iter().find(|(name, _)| *name == unit.trim_end_matches('s')).map(|(_, length)| length)?;
    Some(amount * length)
}

fn one_unit(text: &str) -> Option<(f64, String)> {
    let mut words = text.split_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some(amount), Some(unit), None) => Some((amount.parse().ok()?, unit.to_owned())),
        _ => None,
    }
}
