//! How SQL is written for each database.

use medha_connectors::Dialect;

use super::analysis::{DatePart, Grain};
use crate::semantic::Weekday;

/// Writes the parts of SQL that differ between databases.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sql {
    pub(super) dialect: Dialect,
    pub(super) week_start: Weekday,
}

impl Sql {
    /// An identifier, quoted.
    pub(super) fn name(self, name: &str) -> String {
        match self.dialect {
            Dialect::MySql => format!("`{}`", name.replace('`', "``")),
            Dialect::BigQuery => format!("`{}`", name.replace('\\', "\\\\").replace('`', "\\`")),
            _ => format!("\"{}\"", name.replace('"', "\"\"")),
        }
    }

    /// A text constant.
    pub(super) fn text(self, text: &str) -> String {
        let escaped = text.replace('\'', "''");
        match self.dialect {
            Dialect::MySql | Dialect::Snowflake => format!("'{}'", escaped.replace('\\', "\\\\")),
            // Two quotes in a row would be the end of a text.
            Dialect::BigQuery => {
                format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n"))
            }
            _ => format!("'{escaped}'"),
        }
    }

    /// A number with a fraction.
    pub(super) fn number(self, number: f64) -> String {
        if number.is_finite() { format!("{number:?}") } else { "NULL".to_owned() }
    }

    /// The quotient, never of whole numbers, and nothing where the divisor is zero.
    pub(super) fn divide(self, left: &str, right: &str) -> String {
        let real = match self.dialect {
            Dialect::Postgres => format!("CAST({left} AS NUMERIC)"),
            Dialect::MySql => format!("({left} * 1.0)"),
            // Its `/` never divides whole numbers.
            Dialect::BigQuery => format!("({left})"),
            // To DuckDB REAL has 32 bits.
            Dialect::DuckDb | Dialect::Snowflake => format!("CAST({left} AS DOUBLE)"),
            _ => format!("CAST({left} AS REAL)"),
        };
        format!("{real} / NULLIF({right}, 0)")
    }

    /// A moment cut to a grain.
    pub(super) fn bucket(self, moment: &str, grain: Grain) -> String {
        match self.dialect {
            Dialect::Postgres => self.postgres_bucket(moment, grain),
            Dialect::MySql => self.mysql_bucket(moment, grain),
            Dialect::BigQuery => self.bigquery_bucket(moment, grain),
            Dialect::DuckDb => self.duckdb_bucket(moment, grain),
            Dialect::Snowflake => self.snowflake_bucket(moment, grain),
            _ => self.sqlite_bucket(moment, grain),
        }
    }

    fn sqlite_bucket(self, moment: &str, grain: Grain) -> String {
        match grain {
            Grain::Day => format!("date({moment})"),
            Grain::Week => {
                // `weekday N` goes forward to that day, or stays: so to the last day of the week, then back.
                let last = match self.week_start {
                    Weekday::Monday => 0,
                    Weekday::Sunday => 6,
                    Weekday::Saturday => 5,
                };
                format!("date({moment}, 'weekday {last}', '-6 days')")
            }
            Grain::Month => format!("strftime('%Y-%m', {moment})"),
            Grain::Quarter => format!(
                "strftime('%Y', {moment}) || '-Q' || ((CAST(strftime('%m', {moment}) AS INTEGER) + 2) / 3)"
            ),
            Grain::Year => format!("strftime('%Y', {moment})"),
        }
    }

    fn postgres_bucket(self, moment: &str, grain: Grain) -> String {
        match grain {
            Grain::Day => format!("to_char({moment}, 'YYYY-MM-DD')"),
            Grain::Week => {
                let shift = match self.week_start {
                    Weekday::Monday => 0,
                    Weekday::Sunday => 1,
                    Weekday::Saturday => 2,
                };
                let monday = |moment: &str| format!("date_trunc('week', {moment})");
                let first = if shift == 0 {
                    monday(moment)
                } else {
                    let ahead = monday(&format!("{moment} + INTERVAL '{shift} day'"));
                    format!("{ahead} - INTERVAL '{shift} day'")
                };
                format!("to_char({first}, 'YYYY-MM-DD')")
            }
            Grain::Month => format!("to_char({moment}, 'YYYY-MM')"),
            Grain::Quarter => format!("to_char({moment}, 'YYYY-\"Q\"Q')"),
            Grain::Year => format!("to_char({moment}, 'YYYY')"),
        }
    }

    fn mysql_bucket(self, moment: &str, grain: Grain) -> String {
        match grain {
            Grain::Day => format!("DATE_FORMAT({moment}, '%Y-%m-%d')"),
            Grain::Week => {
                // WEEKDAY() is 0 on Mondays.
                let shift = match self.week_start {
                    Weekday::Monday => 0,
                    Weekday::Sunday => 1,
                    Weekday::Saturday => 2,
                };
                let days = if shift == 0 {
                    format!("WEEKDAY({moment})")
                } else {
                    format!("MOD(WEEKDAY({moment}) + {shift}, 7)")
                };
                format!("DATE_FORMAT(DATE_SUB({moment}, INTERVAL {days} DAY), '%Y-%m-%d')")
            }
            Grain::Month => format!("DATE_FORMAT({moment}, '%Y-%m')"),
            Grain::Quarter => format!("CONCAT(YEAR({moment}), '-Q', QUARTER({moment}))"),
            Grain::Year => format!("DATE_FORMAT({moment}, '%Y')"),
        }
    }

    fn bigquery_bucket(self, moment: &str, grain: Grain) -> String {
        // A date, a moment with or without a zone, or a text: this takes them all, and reads moments in UTC.
        let moment = format!("CAST({moment} AS DATETIME)");
        match grain {
            Grain::Day => format!("FORMAT_DATETIME('%Y-%m-%d', {moment})"),
            Grain::Week => {
                // DAYOFWEEK is 1 on Sundays.
                let shift = match self.week_start {
                    Weekday::Monday => 5,
                    Weekday::Sunday => 6,
                    Weekday::Saturday => 7,
                };
                let days = format!("MOD(EXTRACT(DAYOFWEEK FROM {moment}) + {shift}, 7)");
                format!("FORMAT_DATETIME('%Y-%m-%d', DATETIME_SUB({moment}, INTERVAL {days} DAY))")
            }
            Grain::Month => format!("FORMAT_DATETIME('%Y-%m', {moment})"),
            Grain::Quarter => {
                let quarter = format!("CAST(EXTRACT(QUARTER FROM {moment}) AS STRING)");
                format!("CONCAT(FORMAT_DATETIME('%Y', {moment}), '-Q', {quarter})")
            }
            Grain::Year => format!("FORMAT_DATETIME('%Y', {moment})"),
        }
    }

    fn duckdb_bucket(self, moment: &str, grain: Grain) -> String {
        let moment = format!("CAST({moment} AS TIMESTAMP)");
        match grain {
            Grain::Day => format!("strftime({moment}, '%Y-%m-%d')"),
            Grain::Week => {
                let first = match self.days_before_monday() {
                    0 => format!("date_trunc('week', {moment})"),
                    days => format!(
                        "date_trunc('week', {moment} + INTERVAL '{days} days') - INTERVAL '{days} days'"
                    ),
                };
                format!("strftime({first}, '%Y-%m-%d')")
            }
            Grain::Month => format!("strftime({moment}, '%Y-%m')"),
            Grain::Quarter => format!("concat(year({moment}), '-Q', quarter({moment}))"),
            Grain::Year => format!("strftime({moment}, '%Y')"),
        }
    }

    fn snowflake_bucket(self, moment: &str, grain: Grain) -> String {
        let moment = format!("CAST({moment} AS TIMESTAMP_NTZ)");
        match grain {
            Grain::Day => format!("TO_CHAR({moment}, 'YYYY-MM-DD')"),
            Grain::Week => {
                // What DATE_TRUNC takes for a week is a setting of the session; DAYOFWEEKISO() is 1 on Mondays in all of them.
                let days = format!("MOD(DAYOFWEEKISO({moment}) + {}, 7)", 6 + self.days_before_monday());
                format!("TO_CHAR(DATEADD(day, -{days}, {moment}), 'YYYY-MM-DD')")
            }
            Grain::Month => format!("TO_CHAR({moment}, 'YYYY-MM')"),
            Grain::Quarter => format!("CONCAT(YEAR({moment}), '-Q', QUARTER({moment}))"),
            Grain::Year => format!("TO_CHAR({moment}, 'YYYY')"),
        }
    }

    /// How many days before Monday the week starts.
    fn days_before_monday(self) -> u8 {
        match self.week_start {
            Weekday::Monday => 0,
            Weekday::Sunday => 1,
            Weekday::Saturday => 2,
        }
    }

    /// A part of a moment that recurs, as a whole number.
    pub(super) fn part(self, moment: &str, part: DatePart) -> String {
        match self.dialect {
            Dialect::Postgres | Dialect::DuckDb => {
                // DuckDB does not read a text as a moment by itself.
                let moment = match self.dialect {
                    Dialect::DuckDb => format!("CAST({moment} AS TIMESTAMP)"),
                    _ => moment.to_owned(),
                };
                let field = match part {
                    DatePart::HourOfDay => "HOUR",
                    DatePart::DayOfWeek => "DOW",
                    DatePart::DayOfMonth => "DAY",
                    DatePart::MonthOfYear => "MONTH",
                    DatePart::QuarterOfYear => "QUARTER",
                    DatePart::Year => "YEAR",
                };
                format!("CAST(EXTRACT({field} FROM {moment}) AS INTEGER)")
            }
            Dialect::MySql => match part {
                DatePart::HourOfDay => format!("HOUR({moment})"),
                DatePart::DayOfWeek => format!("(DAYOFWEEK({moment}) - 1)"),
                DatePart::DayOfMonth => format!("DAYOFMONTH({moment})"),
                DatePart::MonthOfYear => format!("MONTH({moment})"),
                DatePart::QuarterOfYear => format!("QUARTER({moment})"),
                DatePart::Year => format!("YEAR({moment})"),
            },
            Dialect::BigQuery => {
                let (field, less) = match part {
                    DatePart::HourOfDay => ("HOUR", ""),
                    // It counts from one, on Sundays.
                    DatePart::DayOfWeek => ("DAYOFWEEK", " - 1"),
                    DatePart::DayOfMonth => ("DAY", ""),
                    DatePart::MonthOfYear => ("MONTH", ""),
                    DatePart::QuarterOfYear => ("QUARTER", ""),
                    DatePart::Year => ("YEAR", ""),
                };
                format!("(EXTRACT({field} FROM CAST({moment} AS DATETIME)){less})")
            }
            Dialect::Snowflake => {
                let moment = format!("CAST({moment} AS TIMESTAMP_NTZ)");
                match part {
                    DatePart::HourOfDay => format!("HOUR({moment})"),
                    DatePart::DayOfWeek => format!("MOD(DAYOFWEEKISO({moment}), 7)"),
                    DatePart::DayOfMonth => format!("DAYOFMONTH({moment})"),
                    DatePart::MonthOfYear => format!("MONTH({moment})"),
                    DatePart::QuarterOfYear => format!("QUARTER({moment})"),
                    DatePart::Year => format!("YEAR({moment})"),
                }
            }
            _ => {
                let number = |format: &str| format!("CAST(strftime('{format}', {moment}) AS INTEGER)");
                match part {
                    DatePart::HourOfDay => number("%H"),
                    DatePart::DayOfWeek => number("%w"),
                    DatePart::DayOfMonth => number("%d"),
                    DatePart::MonthOfYear => number("%m"),
                    DatePart::QuarterOfYear => format!("({} + 2) / 3", number("%m")),
                    DatePart::Year => number("%Y"),
                }
            }
        }
    }

    /// Days from one moment to another, with a fraction where the moments have a time of day.
    pub(super) fn days_between(self, from: &str, to: &str) -> String {
        match self.dialect {
            Dialect::Postgres => {
                let seconds = format!("CAST({to} AS timestamp) - CAST({from} AS timestamp)");
                format!("EXTRACT(EPOCH FROM ({seconds})) / 86400.0")
            }
            Dialect::MySql => format!("TIMESTAMPDIFF(SECOND, {from}, {to}) / 86400.0"),
            Dialect::BigQuery => {
                format!("DATETIME_DIFF(CAST({to} AS DATETIME), CAST({from} AS DATETIME), SECOND) / 86400.0")
            }
            Dialect::DuckDb => {
                format!("date_diff('second', CAST({from} AS TIMESTAMP), CAST({to} AS TIMESTAMP)) / 86400.0")
            }
            Dialect::Snowflake => format!(
                "DATEDIFF(second, CAST({from} AS TIMESTAMP_NTZ), CAST({to} AS TIMESTAMP_NTZ)) / 86400.0"
            ),
            _ => format!("julianday({to}) - julianday({from})"),
        }
    }

    /// Whether a text matches a pattern, ignoring case.
    pub(super) fn like(self, text: &str, pattern: &str, escaped: bool) -> String {
        if self.dialect == Dialect::BigQuery {
            // A backslash escapes, asked or not, and case counts.
            let pattern = if escaped { pattern.to_owned() } else { pattern.replace('\\', "\\\\") };
            return format!("LOWER({text}) LIKE {}", self.text(&pattern.to_lowercase()));
        }
        let operator = match self.dialect {
            Dialect::Postgres | Dialect::DuckDb | Dialect::Snowflake => "ILIKE",
            _ => "LIKE",
        };
        let escape = if escaped { format!(" ESCAPE {}", self.text("\\")) } else { String::new() };
        format!("{text} {operator} {}{escape}", self.text(pattern))
    }

    /// How many rows are kept and skipped.
    pub(super) fn limit(self, limit: Option<u64>, offset: Option<u64>) -> Option<String> {
        match (limit, offset.filter(|offset| *offset > 0)) {
            (None, None) => None,
            (Some(limit), None) => Some(format!("LIMIT {limit}")),
            (Some(limit), Some(offset)) => Some(format!("LIMIT {limit} OFFSET {offset}")),
            (None, Some(offset)) => Some(match self.dialect {
                Dialect::Postgres | Dialect::DuckDb => format!("OFFSET {offset}"),
                Dialect::Snowflake => format!("LIMIT NULL OFFSET {offset}"),
                Dialect::MySql => format!("LIMIT 18446744073709551615 OFFSET {offset}"),
                Dialect::BigQuery => format!("LIMIT {} OFFSET {offset}", i64::MAX),
                _ => format!("LIMIT -1 OFFSET {offset}"),
            }),
        }
    }

    /// Whether groups come in any order at all, which for months and weeks nobody expects.
    pub(super) fn scatters_groups(self) -> bool {
        matches!(self.dialect, Dialect::DuckDb | Dialect::Snowflake)
    }

    /// A sort key; `NULL` sorts last where `nulls_last` is asked or the greatest comes first.
    pub(super) fn order(self, sql: &str, descending: bool, nulls_last: bool) -> String {
        let direction = if descending { " DESC" } else { "" };
        match self.dialect {
            Dialect::MySql if nulls_last && !descending => format!("{sql} IS NULL, {sql}"),
            Dialect::Postgres | Dialect::DuckDb | Dialect::Snowflake if descending => {
                format!("{sql} DESC NULLS LAST")
            }
            Dialect::MySql | Dialect::Postgres | Dialect::DuckDb | Dialect::Snowflake => {
                format!("{sql}{direction}")
            }
            _ if nulls_last && !descending => format!("{sql} NULLS LAST"),
            _ => format!("{sql}{direction}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BIGQUERY: Sql = Sql { dialect: Dialect::BigQuery, week_start: Weekday::Sunday };

    #[test]
    fn bigquery_escapes_with_backslashes() {
        assert_eq!(BIGQUERY.name("total"), "`total`");
        assert_eq!(BIGQUERY.text(r"O'Neil \ Söhne"), r"'O\'Neil \\ Söhne'");
        assert_eq!(BIGQUERY.like("c", "%50\\% Off%", true), r"LOWER(c) LIKE '%50\\% off%'");
        assert_eq!(BIGQUERY.like("c", "a\\b%", false), r"LOWER(c) LIKE 'a\\\\b%'");
    }

    #[test]
    fn bigquery_reads_dates_moments_and_texts_alike() {
        let m = "CAST(m AS DATETIME)";
        for (grain, sql) in [
            (Grain::Day, format!("FORMAT_DATETIME('%Y-%m-%d', {m})")),
            (
                Grain::Week,
                format!(
                    "FORMAT_DATETIME('%Y-%m-%d', DATETIME_SUB({m}, INTERVAL MOD(EXTRACT(DAYOFWEEK FROM {m}) + 6, 7) DAY))"
                ),
            ),
            (Grain::Month, format!("FORMAT_DATETIME('%Y-%m', {m})")),
            (
                Grain::Quarter,
                format!(
                    "CONCAT(FORMAT_DATETIME('%Y', {m}), '-Q', CAST(EXTRACT(QUARTER FROM {m}) AS STRING))"
                ),
            ),
            (Grain::Year, format!("FORMAT_DATETIME('%Y', {m})")),
        ] {
            assert_eq!(BIGQUERY.bucket("m", grain), sql);
        }
        assert_eq!(BIGQUERY.part("m", DatePart::DayOfWeek), format!("(EXTRACT(DAYOFWEEK FROM {m}) - 1)"));
        assert_eq!(BIGQUERY.divide("a", "b"), "(a) / NULLIF(b, 0)");
        assert_eq!(BIGQUERY.limit(None, Some(5)).as_deref(), Some("LIMIT 9223372036854775807 OFFSET 5"));
    }
}
