//! SQLite's authorizer: what a compiled statement may do, decided inside the database.
//!
//! The only file of the workspace with `unsafe`: sqlx has no safe door to `sqlite3_set_authorizer` and `sqlite3_limit`, and
//! lends its connection to rusqlite only by address.
#![allow(unsafe_code, reason = "sqlite3_set_authorizer and sqlite3_limit have no safe wrapper in sqlx")]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;

use libsqlite3_sys as ffi;
use sqlx::sqlite::LockedSqliteHandle;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It runs guarded queries: reading and nothing else.
    Query,
    /// It runs our own introspection: the pragmas that describe tables besides.
    Introspection,
}

/// The longest value a statement may build or read; a larger one is an error of SQLite's, not a crash of ours.
pub(crate) const MAX_VALUE_BYTES: usize = 64 * 1024 * 1024;

/// Pragmas that only describe, with the tables as arguments.
const DESCRIBING: [&[u8]; 6] =
    [b"table_list", b"table_xinfo", b"table_info", b"foreign_key_list", b"index_list", b"index_xinfo"];

/// Full-text tables ask this of themselves whenever they are read.
const DATA_VERSION: &[u8] = b"data_version";

/// Functions that reach outside the database. None of them is in the bundled library; a system library may have them.
const REACHING_OUT: [&[u8]; 6] =
    [b"load_extension", b"readfile", b"writefile", b"edit", b"fts3_tokenizer", b"sqlite_dbpage"];

/// Puts the authorizer and the limits on a connection.
pub(crate) fn install(handle: &mut LockedSqliteHandle<'_>, purpose: Purpose) -> Result<(), sqlx::Error> {
    let callback = match purpose {
        Purpose::Query => authorize_query as Callback,
        Purpose::Introspection => authorize_introspection as Callback,
    };
    limit_values(handle, MAX_VALUE_BYTES);
    let database = handle.as_raw_handle();
    // SAFETY: `database` is open and no other thread uses it while `handle` lives. The callbacks are plain functions that
    // live forever and take no user data, so nothing can dangle. `sqlite3_limit` only stores an integer.
    let status = unsafe {
        ffi::sqlite3_limit(database.as_ptr(), ffi::SQLITE_LIMIT_ATTACHED, 0);
        ffi::sqlite3_set_authorizer(database.as_ptr(), Some(callback), ptr::null_mut())
    };
    if status == ffi::SQLITE_OK {
        Ok(())
    } else {
        Err(sqlx::Error::Protocol(format!("the authorizer could not be installed: SQLite said {status}")))
    }
}

/// Lets the statements that follow build and read values of at most so many bytes.
pub(crate) fn limit_values(handle: &mut LockedSqliteHandle<'_>, bytes: usize) {
    let bytes = c_int::try_from(bytes).unwrap_or(c_int::MAX);
    let database = handle.as_raw_handle();
    // SAFETY: `database` is open and no other thread uses it while `handle` lives; the call only stores an integer.
    unsafe { ffi::sqlite3_limit(database.as_ptr(), ffi::SQLITE_LIMIT_LENGTH, bytes) };
}

/// Lends the connection to rusqlite, under the same authorizer and limits.
pub(crate) fn lend<T>(
    handle: &mut LockedSqliteHandle<'_>,
    work: impl FnOnce(&rusqlite::Connection) -> T,
) -> Result<T, rusqlite::Error> {
    // SAFETY: the connection is open and no other thread uses it while `handle` lives, and what is lent does not leave this
    // function. rusqlite neither closes nor changes a connection that it did not open itself.
    let lent = unsafe { rusqlite::Connection::from_handle(handle.as_raw_handle().as_ptr()) }?;
    Ok(work(&lent))
}

type Callback = unsafe extern "C" fn(
    *mut c_void,
    c_int,
    *const c_char,
    *const c_char,
    *const c_char,
    *const c_char,
) -> c_int;

/// Called by SQLite for every action of a statement it compiles.
unsafe extern "C" fn authorize_query(
    _user_data: *mut c_void,
    action: c_int,
    first: *const c_char,
    second: *const c_char,
    _database: *const c_char,
    _inner: *const c_char,
) -> c_int {
    // SAFETY: SQLite passes null or strings that end in NUL and live as long as the call.
    unsafe { verdict(Purpose::Query, action, bytes(first), bytes(second)) }
}

/// Called by SQLite for every action of a statement it compiles, on the connection that describes tables.
unsafe extern "C" fn authorize_introspection(
    _user_data: *mut c_void,
    action: c_int,
    first: *const c_char,
    second: *const c_char,
    _database: *const c_char,
    _inner: *const c_char,
) -> c_int {
    // SAFETY: as above.
    unsafe { verdict(Purpose::Introspection, action, bytes(first), bytes(second)) }
}

/// The bytes of a C string, `None` for a null pointer.
///
/// # Safety
/// `text` is null or points to a string that ends in NUL and outlives the result.
unsafe fn bytes<'a>(text: *const c_char) -> Option<&'a [u8]> {
    if text.is_null() {
        return None;
    }
    // SAFETY: not null, and the caller vouches for the rest.
    Some(unsafe { CStr::from_ptr(text) }.to_bytes())
}

/// The decision itself: plain values in, SQLite's code out. It does not panic.
fn verdict(purpose: Purpose, action: c_int, first: Option<&[u8]>, second: Option<&[u8]>) -> c_int {
    let one_of = |names: &[&[u8]], name: Option<&[u8]>| {
        name.is_some_and(|name| names.iter().any(|allowed| name.eq_ignore_ascii_case(allowed)))
    };
    let allowed = match action {
        ffi::SQLITE_SELECT | ffi::SQLITE_READ | ffi::SQLITE_RECURSIVE => true,
        ffi::SQLITE_FUNCTION => !one_of(&REACHING_OUT, second),
        ffi::SQLITE_PRAGMA => {
            (one_of(&[DATA_VERSION], first) && second.is_none())
                || (purpose == Purpose::Introspection && one_of(&DESCRIBING, first))
        }
        _ => false,
    };
    if allowed { ffi::SQLITE_OK } else { ffi::SQLITE_DENY }
}

#[cfg(test)]
mod tests {
    use sqlx::sqlite::SqliteConnectOptions;
    use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};

    use super::*;

    /// A file that could be written to, were it not for the authorizer.
    async fn open(folder: &tempfile::TempDir, purpose: Purpose) -> SqliteConnection {
        let path = folder.path().join("t.sqlite");
        let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
        let mut connection = options.connect().await.unwrap();
        let sql =
            "CREATE TABLE IF NOT EXISTS t (n INT); CREATE VIRTUAL TABLE IF NOT EXISTS f USING fts5(body)";
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        install(&mut connection.lock_handle().await.unwrap(), purpose).unwrap();
        connection
    }

    #[tokio::test]
    async fn statements_that_skip_the_guard_are_refused_by_sqlite() {
        let folder = tempfile::tempdir().unwrap();
        let other = folder.path().join("other.sqlite").display().to_string();
        for purpose in [Purpose::Query, Purpose::Introspection] {
            let mut connection = open(&folder, purpose).await;
            for sql in [
                "INSERT INTO t VALUES (1)",
                "UPDATE t SET n = 1",
                "DELETE FROM t",
                "SELECT 1; DELETE FROM t",
                "WITH x AS (SELECT 1) DELETE FROM t",
                "DROP TABLE t",
                "CREATE TABLE x (n INT)",
                "CREATE TEMP TABLE x (n INT)",
                "CREATE VIEW x AS SELECT 1",
                "CREATE VIRTUAL TABLE x USING fts5(a)",
                "CREATE INDEX x ON t (n)",
                "ALTER TABLE t ADD COLUMN m INT",
                "INSERT INTO f VALUES ('x')",
                &format!("ATTACH '{other}' AS other"),
                &format!("VACUUM INTO '{other}'"),
                "VACUUM",
                "REINDEX",
                "ANALYZE",
                "BEGIN",
                "SAVEPOINT a",
                "PRAGMA query_only = 0",
                "PRAGMA writable_schema = 1",
                "PRAGMA journal_mode = WAL",
                "SELECT load_extension('x')",
                "SELECT fts3_tokenizer('simple')",
                "EXPLAIN DELETE FROM t",
            ] {
                let outcome = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await;
                assert!(outcome.is_err(), "{purpose:?} let through: {sql}");
            }
            connection.close().await.unwrap();
        }
        assert!(!folder.path().join("other.sqlite").exists());
    }

    #[tokio::test]
    async fn reading_is_allowed_and_describing_only_for_introspection() {
        let folder = tempfile::tempdir().unwrap();
        for sql in [
            "SELECT count(*), upper('a') FROM t",
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT * FROM n",
            "SELECT body FROM f WHERE f MATCH 'x'",
            "EXPLAIN QUERY PLAN SELECT * FROM t",
        ] {
            let mut connection = open(&folder, Purpose::Query).await;
            let outcome = sqlx::raw_sql(sql).fetch_all(&mut connection).await;
            assert!(outcome.is_ok(), "{sql}: {outcome:?}");
        }
        let describe = "SELECT * FROM pragma_table_xinfo('t')";
        let mut describing = open(&folder, Purpose::Introspection).await;
        assert_eq!(sqlx::raw_sql(describe).fetch_all(&mut describing).await.unwrap().len(), 1);
        let mut asking = open(&folder, Purpose::Query).await;
        assert!(sqlx::raw_sql(describe).fetch_all(&mut asking).await.is_err());
    }

    #[tokio::test]
    async fn a_value_larger_than_the_limit_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let mut connection = open(&folder, Purpose::Query).await;
        let outcome = sqlx::raw_sql("SELECT zeroblob(1000000000)").fetch_all(&mut connection).await;
        assert!(outcome.is_err_and(|error| error.to_string().contains("too big")));
    }
}
