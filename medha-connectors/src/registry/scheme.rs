//! What an address is of, by its scheme.

use std::path::Path;

/// What an address is of.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Scheme<'a> {
    /// A path that is said to be a SQLite file.
    Sqlite(&'a str),
    /// A path of whatever is there.
    Path(&'a str),
    DuckDb(&'a str),
    Postgres,
    MySql,
    BigQuery,
    Snowflake,
    Adbc,
    /// A file and, after a `#`, the name of a server in it.
    Mcp(&'a str),
    Unknown(String),
}

/// Whether it is an address that somebody has misspelt, with a password in it, and no file.
pub(super) fn is_misspelt(path: &Path) -> bool {
    let text = path.to_string_lossy();
    text.rsplit_once('@').is_some_and(|(before, _)| before.contains(':')) && !path.exists()
}

/// Tells the systems by how their addresses begin, and paths by not being addresses.
pub(super) fn scheme_of(address: &str) -> Scheme<'_> {
    if let Some(path) = address.strip_prefix("sqlite:") {
        return Scheme::Sqlite(path.strip_prefix("//").unwrap_or(path));
    }
    if let Some(path) = duckdb_path(address) {
        return Scheme::DuckDb(path);
    }
    if address.starts_with("adbc:") {
        return Scheme::Adbc;
    }
    if let Some(place) = address.strip_prefix("mcp:") {
        return Scheme::Mcp(place);
    }
    let Some((scheme, _)) = address.split_once("://") else { return Scheme::Path(address) };
    match scheme.to_ascii_lowercase().as_str() {
        "postgres" | "postgresql" => Scheme::Postgres,
        "mysql" | "mariadb" => Scheme::MySql,
        "bigquery" => Scheme::BigQuery,
        "snowflake" => Scheme::Snowflake,
        scheme => Scheme::Unknown(scheme.to_owned()),
    }
}

/// The path of what DuckDB opens, if it is meant to.
pub(crate) fn duckdb_path(address: &str) -> Option<&str> {
    if let Some(path) = address.strip_prefix("duckdb:") {
        return Some(path.strip_prefix("//").unwrap_or(path));
    }
    let ending = Path::new(address).extension()?;
    let is_its_own = ["duckdb", "parquet"].iter().any(|known| ending.eq_ignore_ascii_case(known));
    (is_its_own && !address.contains("://")).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_tells_its_system() {
        for (address, scheme) in [
            ("sqlite:a.db", Scheme::Sqlite("a.db")),
            ("sqlite:///tmp/a.db", Scheme::Sqlite("/tmp/a.db")),
            ("data/a.db", Scheme::Path("data/a.db")),
            ("a:b.db", Scheme::Path("a:b.db")),
            ("mcp:/etc/mcp.json#shop", Scheme::Mcp("/etc/mcp.json#shop")),
            ("POSTGRESQL://host/db", Scheme::Postgres),
            ("mariadb://host/db", Scheme::MySql),
            ("shop.duckdb", Scheme::DuckDb("shop.duckdb")),
            ("data/orders.Parquet", Scheme::DuckDb("data/orders.Parquet")),
            ("duckdb:///data/orders.csv", Scheme::DuckDb("/data/orders.csv")),
            ("snowflake://me:hunter2@account/db/schema", Scheme::Snowflake),
            ("adbc:postgresql://me:hunter2@host/db", Scheme::Adbc),
            ("oracle://me:hunter2@host", Scheme::Unknown("oracle".to_owned())),
        ] {
            assert_eq!(scheme_of(address), scheme, "{address}");
        }
    }
}
