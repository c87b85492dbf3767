//! How a number is shown to a person: money, percent, counts, units.

use serde::{Deserialize, Serialize};

/// How the numbers of a column are shown.
///
/// ```
/// use medha_agents::chart::NumberFormat;
///
/// let money = NumberFormat::Currency { code: Some("USD".into()) };
/// assert_eq!(money.show(1_234_567.0), "$1,234,567");
/// assert_eq!(NumberFormat::Percent.show(12.34), "12.3%");
/// assert_eq!(NumberFormat::Fraction.show(0.1234), "12.3%");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[non_exhaustive]
pub enum NumberFormat {
    /// A number of which nothing more is known.
    #[default]
    Plain,
    /// A number of things.
    Count,
    /// Money, of a currency if it is known.
    Currency {
        /// ISO code.
        code: Option<String>,
    },
    /// Percent, where 12.3 means 12.3 %.
    Percent,
    /// A part of one, where 0.123 means 12.3 %.
    Fraction,
    /// A number of some unit.
    Unit {
        /// As it is said after the number: `minutes`.
        unit: String,
    },
}

impl NumberFormat {
    /// Reads the `format`, `unit` and `currency` of a semantic model.
    ///
    /// `percent` says that the number is in percent already; `fraction`, `ratio` and `share` say that 1 is the whole.
    #[must_use]
    pub fn of(format: Option<&str>, unit: Option<&str>, currency: Option<&str>) -> Self {
        let code = || currency.map(str::to_ascii_uppercase);
        match format.map(str::to_ascii_lowercase).as_deref() {
            Some("currency" | "money") => Self::Currency { code: code() },
            Some("percent" | "percentage") => Self::Percent,
            Some("fraction" | "ratio" | "share") => Self::Fraction,
            Some("count" | "integer") => Self::Count,
            Some(_) | None => match unit {
                Some("%" | "percent") => Self::Percent,
                Some(unit) if is_currency_code(unit) => Self::Currency { code: Some(unit.to_owned()) },
                Some(unit) if !unit.trim().is_empty() => Self::Unit { unit: unit.trim().to_owned() },
                Some(_) | None => Self::Plain,
            },
        }
    }

    /// Writes a number for a person.
    #[must_use]
    pub fn show(&self, value: f64) -> String {
        if !value.is_finite() {
            return value.to_string();
        }
        match self {
            Self::Plain => plain(value),
            Self::Count => grouped(value, 0),
            Self::Currency { code } => {
                let digits = if value.abs() >= 1000.0 || value.fract() == 0.0 { 0 } else { 2 };
                let sign = if is_negative(value, digits) { "-" } else { "" };
                let number = grouped(value.abs(), digits);
                match code {
                    Some(code) => format!("{sign}{}{number}", symbol(code)),
                    None => format!("{sign}{number}"),
                }
            }
            Self::Percent => percent(value),
            Self::Fraction => percent(value * 100.0),
            Self::Unit { unit } => format!("{} {unit}", plain(value)),
        }
    }

    /// Writes a difference, which for percentages is in percentage points.
    #[must_use]
    pub fn show_difference(&self, difference: f64) -> String {
        match self {
            Self::Percent => format!("{} percentage points", grouped(difference, 1)),
            Self::Fraction => format!("{} percentage points", grouped(difference * 100.0, 1)),
            Self::Plain | Self::Count | Self::Currency { .. } | Self::Unit { .. } => self.show(difference),
        }
    }

    /// Whether a change of it is told in percentage points rather than in percent of itself.
    #[must_use]
    pub fn is_relative(&self) -> bool {
        matches!(self, Self::Percent | Self::Fraction)
    }

    /// What stands before and after a number on an axis.
    pub(crate) fn affixes(&self) -> (String, String) {
        match self {
            Self::Plain | Self::Count | Self::Fraction => (String::new(), String::new()),
            Self::Currency { code } => (code.as_deref().map(symbol).unwrap_or_default(), String::new()),
            Self::Percent => (String::new(), "%".into()),
            Self::Unit { unit } => (String::new(), format!(" {unit}")),
        }
    }
}

/// Writes a percentage; one that is not zero never reads as zero.
pub(crate) fn percent(value: f64) -> String {
    if value != 0.0 && value.abs() < 0.05 {
        return if value > 0.0 { "less than 0.1%".into() } else { "more than -0.1%".into() };
    }
    let digits = if value.abs() >= 1000.0 { 0 } else { 1 };
    format!("{}%", grouped(value, digits))
}

/// Writes a number with thousands apart and so many digits after the point.
pub(crate) fn grouped(value: f64, digits: usize) -> String {
    let text = format!("{:.digits$}", value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut out = String::with_capacity(text.len() + text.len() / 3 + 1);
    if is_negative(value, digits) {
        out.push('-');
    }
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// Whether the number still is negative when rounded, so that `-0` is never written.
fn is_negative(value: f64, digits: usize) -> bool {
    value < 0.0
        && format!("{:.digits$}", value.abs()).bytes().any(|byte| byte.is_ascii_digit() && byte != b'0')
}

fn plain(value: f64) -> String {
    let size = value.abs();
    if value.fract() == 0.0 {
        return grouped(value, 0);
    }
    if size >= 1000.0 {
        return grouped(value, 0);
    }
    let digits = if size >= 1.0 {
        2
    } else {
        // Three digits that count, whatever the size.
        (2 - size.log10().floor() as i64).clamp(2, 12) as usize
    };
    let text = grouped(value, digits);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn is_currency_code(unit: &str) -> bool {
    matches!(
        unit,
        "USD"
            | "EUR"
            | "GBP"
            | "JPY"
            | "CNY"
            | "INR"
            | "CHF"
            | "CAD"
            | "AUD"
            | "NZD"
            | "SEK"
            | "NOK"
            | "DKK"
            | "PLN"
            | "BRL"
    )
}

fn symbol(code: &str) -> String {
    match code {
        "USD" => "$".into(),
        "EUR" => "€".into(),
        "GBP" => "£".into(),
        "JPY" | "CNY" => "¥".into(),
        "INR" => "₹".into(),
        other => format!("{other} "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        let usd = NumberFormat::Currency { code: Some("USD".into()) };
        let chf = NumberFormat::Currency { code: Some("CHF".into()) };
        let cases = [
            (&usd, 1_234_567.4, "$1,234,567"),
            (&usd, 12.5, "$12.50"),
            (&usd, -0.001, "$0.00"),
            (&usd, -1500.0, "-$1,500"),
            (&usd, 0.0, "$0"),
            (&chf, 1500.0, "CHF 1,500"),
            (&NumberFormat::Currency { code: None }, 1500.0, "1,500"),
            (&NumberFormat::Count, 1_000.0, "1,000"),
            (&NumberFormat::Percent, 43.0, "43.0%"),
            (&NumberFormat::Percent, 0.01, "less than 0.1%"),
            (&NumberFormat::Fraction, -0.5, "-50.0%"),
            (&NumberFormat::Plain, 2.71999, "2.72"),
            (&NumberFormat::Plain, 0.000_123_4, "0.000123"),
            (&NumberFormat::Plain, 12_345.6, "12,346"),
            (&NumberFormat::Plain, f64::INFINITY, "inf"),
            (&NumberFormat::Unit { unit: "minutes".into() }, 90.0, "90 minutes"),
        ];
        for (format, value, expected) in cases {
            assert_eq!(format.show(value), expected, "{format:?} {value}");
        }
    }

    #[test]
    fn a_difference_of_percentages_is_in_points() {
        assert_eq!(NumberFormat::Percent.show_difference(2.0), "2.0 percentage points");
        assert_eq!(NumberFormat::Fraction.show_difference(-0.02), "-2.0 percentage points");
    }

    #[test]
    fn the_model_decides_how_a_number_is_shown() {
        assert_eq!(
            NumberFormat::of(Some("currency"), None, Some("eur")),
            NumberFormat::Currency { code: Some("EUR".into()) }
        );
        assert_eq!(
            NumberFormat::of(None, Some("USD"), None),
            NumberFormat::Currency { code: Some("USD".into()) }
        );
        assert_eq!(
            NumberFormat::of(None, Some("minutes"), None),
            NumberFormat::Unit { unit: "minutes".into() }
        );
        assert_eq!(NumberFormat::of(Some("percent"), None, None), NumberFormat::Percent);
        assert_eq!(NumberFormat::of(None, None, Some("USD")), NumberFormat::Plain);
    }
}
