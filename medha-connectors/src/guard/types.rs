//! Types that only say how to read a value. In PostgreSQL a type name can look things up (`regclass`), so only known types pass
//! there; in SQLite any name is an affinity.

use sqlparser::ast::DataType;

use crate::dialect::Dialect;

const POSTGRES: [&str; 5] = ["money", "citext", "inet", "cidr", "bpchar"];
const SNOWFLAKE: [&str; 6] =
    ["number", "variant", "object", "timestamp_ntz", "timestamp_ltz", "timestamp_tz"];
const DUCKDB: [&str; 8] =
    ["hugeint", "uhugeint", "utinyint", "usmallint", "uinteger", "ubigint", "varint", "timestamp_s"];
const BIGQUERY: [&str; 2] = ["bignumeric", "json"];

/// Whether a cast to a type does nothing but read a value.
pub(crate) fn is_harmless(data_type: &DataType, dialect: Dialect) -> bool {
    match data_type {
        DataType::Custom(name, _) => {
            let name = name.to_string().to_ascii_lowercase();
            match dialect {
                Dialect::Sqlite => true,
                Dialect::Postgres => POSTGRES.contains(&name.as_str()),
                Dialect::MySql => false,
                Dialect::Snowflake => SNOWFLAKE.contains(&name.as_str()),
                Dialect::BigQuery => BIGQUERY.contains(&name.as_str()),
                Dialect::DuckDb => DUCKDB.contains(&name.as_str()),
            }
        }
        DataType::Array(_) => {
            matches!(dialect, Dialect::Postgres | Dialect::Snowflake | Dialect::BigQuery | Dialect::DuckDb)
        }
        DataType::Regclass
        | DataType::Table(_)
        | DataType::NamedTable { .. }
        | DataType::Map(..)
        | DataType::Tuple(_)
        | DataType::Nested(_)
        | DataType::Enum(..)
        | DataType::Set(_)
        | DataType::Struct(..)
        | DataType::Union(_)
        | DataType::Nullable(_)
        | DataType::LowCardinality(_)
        | DataType::Trigger
        | DataType::AnyType
        | DataType::GeometricType(_) => false,
        _ => true,
    }
}
