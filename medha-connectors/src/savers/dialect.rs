//! What differs between the databases.

use sea_orm::DbBackend;

/// Bytes of the name of a thread or a namespace: two of them and a number must fit in an index of each database.
pub(super) const LONGEST_NAME: usize = 1_000;

/// The words of one database. Texts are written with `?`; PostgreSQL numbers its parameters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dialect {
    pub(super) backend: DbBackend,
    /// A name, compared byte by byte.
    pub(super) name_type: &'static str,
    /// Bytes of any length.
    pub(super) bytes_type: &'static str,
    /// A digest of 16 bytes.
    pub(super) digest_type: &'static str,
    /// Text of any length.
    pub(super) text_type: &'static str,
    /// A signed integer of 64 bits, in a cast.
    pub(super) integer_cast: &'static str,
    /// What follows the columns of a table.
    pub(super) table_suffix: &'static str,
    /// Keeps a row from being deleted until the transaction ends.
    pub(super) share_lock: &'static str,
    /// Where there is a `WHERE` and no table.
    pub(super) from_nothing: &'static str,
}

#[cfg(feature = "sqlite")]
pub(super) const SQLITE: Dialect = Dialect {
    backend: DbBackend::Sqlite,
    name_type: "BLOB",
    bytes_type: "BLOB",
    digest_type: "BLOB",
    text_type: "TEXT",
    integer_cast: "INTEGER",
    table_suffix: "",
    share_lock: "",
    from_nothing: "",
};

#[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "used with its feature"))]
pub(super) const POSTGRES: Dialect = Dialect {
    backend: DbBackend::Postgres,
    name_type: "BYTEA",
    bytes_type: "BYTEA",
    digest_type: "BYTEA",
    text_type: "TEXT",
    integer_cast: "BIGINT",
    table_suffix: "",
    share_lock: " FOR KEY SHARE",
    from_nothing: "",
};

#[cfg_attr(not(feature = "mysql"), allow(dead_code, reason = "used with its feature"))]
pub(super) const MYSQL: Dialect = Dialect {
    backend: DbBackend::MySql,
    name_type: "VARBINARY(1000)",
    bytes_type: "LONGBLOB",
    digest_type: "BINARY(16)",
    text_type: "LONGTEXT",
    integer_cast: "SIGNED",
    table_suffix: " ENGINE=InnoDB ROW_FORMAT=DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    share_lock: " LOCK IN SHARE MODE",
    from_nothing: " FROM DUAL",
};

impl Dialect {
    /// The text as this database takes it.
    pub(super) fn text(&self, sql: &str) -> String {
        match self.backend {
            DbBackend::Postgres => {
                let mut numbered = String::with_capacity(sql.len() + 32);
                let mut count = 0;
                for character in sql.chars() {
                    if character == '?' {
                        count += 1;
                        numbered.push_str(&format!("${count}"));
                    } else {
                        numbered.push(character);
                    }
                }
                numbered
            }
            DbBackend::MySql | DbBackend::Sqlite | _ => sql.to_owned(),
        }
    }

    /// A column as it is read: nothing in place of what is too large, and how large it is.
    pub(super) fn capped(&self, column: &str, limit: u64) -> String {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let size = format!("CAST(octet_length({column}) AS {})", self.integer_cast);
        format!("CASE WHEN octet_length({column}) <= {limit} THEN {column} END, {size}")
    }

    /// A column with every bit turned that is set in a parameter, which is given twice. Not every database has the
    /// operator.
    pub(super) fn xor(&self, column: &str) -> String {
        format!("CAST(({column} | ?) - ({column} & ?) AS {})", self.integer_cast)
    }

    /// Whether a text contains the parameter.
    pub(super) fn contains(&self, column: &str) -> String {
        match self.backend {
            DbBackend::Postgres => format!("strpos({column}, ?) > 0"),
            DbBackend::MySql | DbBackend::Sqlite | _ => format!("instr({column}, ?) > 0"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_where_the_database_wants_numbers() {
        assert_eq!(POSTGRES.text("a = ? AND b IN (?, ?)"), "a = $1 AND b IN ($2, $3)");
        assert_eq!(SQLITE.text("a = ?"), "a = ?");
    }
}
