//! What an address means: a DuckDB file, files that DuckDB reads, a Snowflake account, or whatever the options say.

use std::path::{Path, PathBuf};

use crate::registry::duckdb_path;

/// The endings of files that DuckDB reads as they are, with the function that does.
const READERS: [(&str, &str); 7] = [
    ("parquet", "read_parquet"),
    ("csv", "read_csv"),
    ("tsv", "read_csv"),
    ("json", "read_json"),
    ("jsonl", "read_json"),
    ("ndjson", "read_json"),
    ("geojson", "read_json"),
];

/// What DuckDB is to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DuckDb {
    /// A database file.
    Database(PathBuf),
    /// Files, one table each; or a folder of them.
    Files(PathBuf),
}

/// A path whose ending says that DuckDB is meant, or what follows `duckdb:`.
pub(crate) fn duckdb(address: &str) -> Option<DuckDb> {
    let path = Path::new(duckdb_path(address)?);
    let is_read = reader(path).is_some() || path.is_dir();
    Some(if is_read { DuckDb::Files(path.into()) } else { DuckDb::Database(path.into()) })
}

impl DuckDb {
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Database(path) | Self::Files(path) => path,
        }
    }
}

/// The function of DuckDB that reads such a file.
pub(super) fn reader(path: &Path) -> Option<&'static str> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    READERS.iter().find(|(known, _)| *known == ending).map(|(_, reader)| *reader)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_of_a_path_tells_what_duckdb_is_to_open() {
        let database = |path: &str| Some(DuckDb::Database(path.into()));
        let files = |path: &str| Some(DuckDb::Files(path.into()));
        for (address, meaning) in [
            ("shop.duckdb", database("shop.duckdb")),
            ("duckdb:shop.db", database("shop.db")),
            ("duckdb:///data/shop.duckdb", database("/data/shop.duckdb")),
            ("data/orders.PARQUET", files("data/orders.PARQUET")),
            ("duckdb:orders.csv", files("orders.csv")),
            ("duckdb:orders.jsonl", files("orders.jsonl")),
            ("orders.csv", None),
            ("shop.sqlite", None),
            ("postgres://host/shop.duckdb", None),
        ] {
            assert_eq!(duckdb(address), meaning, "{address}");
        }
    }
}
