//! How names that we write ourselves are written.

use sqlparser::ast::{Ident, ObjectName, ObjectNamePart};
use sqlparser::keywords::ALL_KEYWORDS;

use crate::dialect::Dialect;

/// Words of SQL that no database reserves, and that people call things by.
const ORDINARY: [&str; 16] = [
    "category", "class", "cost", "country", "email", "events", "id", "main", "name", "owner", "public",
    "region", "source", "status", "type", "value",
];

/// A name of the schema, in quotes unless it is plain and no word of SQL.
pub(crate) fn ident(name: &str, dialect: Dialect) -> Ident {
    let first = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let plain = |c: char| match dialect {
        // Without quotes it takes small letters for capitals.
        Dialect::Snowflake => c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_',
        _ => c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_',
    };
    let is_word = ALL_KEYWORDS.binary_search(&name.to_ascii_uppercase().as_str()).is_ok()
        && !ORDINARY.contains(&name.to_ascii_lowercase().as_str());
    if first && name.chars().all(plain) && !is_word {
        return Ident::new(name);
    }
    let quote = match dialect {
        Dialect::MySql | Dialect::BigQuery => '`',
        Dialect::Sqlite | Dialect::Postgres | Dialect::Snowflake | Dialect::DuckDb => '"',
    };
    Ident::with_quote(quote, name)
}

/// A table of the schema, with its namespace, so that no common table expression can take its place.
pub(crate) fn table(name: &str, namespace: &[String], dialect: Dialect) -> ObjectName {
    let parts = namespace.iter().map(String::as_str).chain([name]);
    ObjectName(parts.map(|part| ObjectNamePart::Identifier(ident(part, dialect))).collect())
}
