//! The hash function that SQLite lacks, for the masks of a policy.

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use sha2::{Digest, Sha256};

use crate::guard::SQLITE_HASH;

/// Lets statements of this connection call it: SHA-256 of a text or of bytes, in hexadecimal digits; of `NULL`, `NULL`.
///
/// The guard lets nobody call it but the rules of a policy, and what is stored in the file (views, generated columns) cannot.
pub(crate) fn install(connection: &Connection) -> Result<(), rusqlite::Error> {
    let flags =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_DIRECTONLY;
    connection.create_scalar_function(SQLITE_HASH, 1, flags, |context| {
        let bytes = context.get_raw(0).as_bytes_or_null()?;
        Ok(bytes
            .map(|bytes| Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_sha_256_and_nothing_that_is_stored_can_call_it() {
        let connection = Connection::open_in_memory().unwrap();
        install(&connection).unwrap();
        let ask = |sql: &str| connection.query_row(sql, (), |row| row.get::<_, Option<String>>(0));
        // The first example of FIPS 180-2.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(ask("SELECT medha_sha256('abc')").unwrap().as_deref(), Some(abc));
        assert_eq!(ask("SELECT medha_sha256(x'616263')").unwrap().as_deref(), Some(abc));
        assert_eq!(ask("SELECT medha_sha256(NULL)").unwrap(), None);
        ask("SELECT medha_sha256(1.5)").unwrap_err();
        connection.execute_batch("CREATE VIEW v AS SELECT medha_sha256('abc') AS h").unwrap();
        let error = ask("SELECT h FROM v").unwrap_err().to_string();
        assert!(error.contains("unsafe use of medha_sha256()"), "{error}");
    }
}
