//! Names that mean something of their own: units of time, the table of one row, and the namespace before a table.

use sqlparser::ast::Ident;

use crate::dialect::Dialect;

/// Whether a word can be the unit that functions over dates take by its bare name.
pub(crate) fn is_time_unit(word: &Ident, dialect: Dialect) -> bool {
    const UNITS: [&str; 9] =
        ["microsecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year"];
    const OF_WAREHOUSES: [&str; 19] = [
        "millisecond",
        "dayofweek",
        "dayofyear",
        "isoweek",
        "isoyear",
        "date",
        "time",
        "days",
        "weeks",
        "months",
        "quarters",
        "years",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    let is_one_of = |units: &[&str]| units.iter().any(|unit| word.value.eq_ignore_ascii_case(unit));
    word.quote_style.is_none()
        && match dialect {
            Dialect::Sqlite | Dialect::Postgres | Dialect::DuckDb => false,
            Dialect::MySql => is_one_of(&UNITS),
            Dialect::Snowflake | Dialect::BigQuery => is_one_of(&UNITS) || is_one_of(&OF_WAREHOUSES),
        }
}

/// The table of one row that some databases have for a `SELECT` that needs none.
pub(crate) fn is_dual(name: &Ident, dialect: Dialect) -> bool {
    matches!(dialect, Dialect::MySql | Dialect::Snowflake)
        && name.quote_style.is_none()
        && name.value.eq_ignore_ascii_case("dual")
}

/// Whether what stands before a table's name is the end of the namespace, or nothing.
pub(crate) fn is_namespace(qualifiers: &[&Ident], namespace: &[String]) -> bool {
    let (written, known) = (qualifiers.iter().rev(), namespace.iter().rev());
    qualifiers.len() <= namespace.len()
        && written.zip(known).all(|(written, known)| written.value.eq_ignore_ascii_case(known))
}
