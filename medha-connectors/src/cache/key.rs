//! What makes two questions the same question.

use std::sync::Arc;

use crate::connector::QueryOptions;
use crate::dialect::Dialect;
use crate::fingerprint::{Fingerprint, Fingerprinter};
use crate::guard::GuardedSql;

/// The version of everything a key is made of and of how answers are kept; another one shares nothing with this one.
const VERSION: &str = "medha answer 1";

/// The key of an answer: the connection, the dialect, the statement as the guard wrote it, for whom and for which schema it
/// was checked, and the limits that cut its answer.
///
/// ```
/// use medha_connectors::cache::CacheKey;
/// use medha_connectors::{Dialect, Guard, Policy, QueryOptions, Schema, User};
/// use std::sync::Arc;
///
/// # let schema: Schema = serde_json::from_str(r#"{"tables":[{"name":"orders","kind":"table","comment":null,"columns":[
/// #   {"name":"total","declared_type":"REAL","kind":"float","nullable":true,"default":null,"comment":null,"profile":null}],
/// #   "primary_key":[],"unique_keys":[],"foreign_keys":[],"indexes":[],"row_count":2}]}"#)?;
/// // `schema` comes from `Connector::schema`; here it has a table "orders" with a column "total".
/// let policy: Policy = serde_json::from_str(r#"{"version": 1, "other_tables": "allow"}"#)?;
/// let key = |user: &str, sql: &str| {
///     let guard = Guard::new(Dialect::Sqlite, Arc::new(schema.clone())).with_policy(&policy, &User::new(user))?;
///     let sql = guard.check(sql, 10)?;
///     let key = CacheKey::new("shop", Dialect::Sqlite, &sql, &QueryOptions::default());
///     Ok::<_, Box<dyn std::error::Error>>(key)
/// };
/// assert_eq!(key("ann", "SELECT total FROM orders")?, key("ann", "select  total from orders -- again")?);
/// assert_ne!(key("ann", "SELECT total FROM orders")?, key("bob", "SELECT total FROM orders")?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CacheKey {
    connection: Arc<str>,
    digest: Fingerprint,
}

impl CacheKey {
    /// The key of a statement. `connection` names one database and the account it is asked with, and nothing else, for
    /// everybody who shares the cache.
    ///
    /// The deadline is not in it: an answer that did not come in time is an error, and errors are not kept.
    #[must_use]
    pub fn new(
        connection: impl Into<Arc<str>>,
        dialect: Dialect,
        sql: &GuardedSql,
        options: &QueryOptions,
    ) -> Self {
        let connection = connection.into();
        let limits = options.clone().within(sql);
        let digest = Fingerprinter::of(VERSION)
            .text(&connection)
            .text(name_of(dialect))
            .text(sql.as_str())
            // Parameters: statements have none, and those that come to have some start here.
            .number(0)
            .number(limits.max_rows)
            .number(limits.max_bytes)
            .part(Some(sql.scope()))
            .finish();
        Self { connection, digest }
    }

    /// The connection it belongs to.
    #[must_use]
    pub fn connection(&self) -> &str {
        &self.connection
    }

    /// What stands for the rest.
    #[must_use]
    pub fn digest(&self) -> Fingerprint {
        self.digest
    }
}

fn name_of(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "sqlite",
        Dialect::Postgres => "postgres",
        Dialect::MySql => "mysql",
        Dialect::Snowflake => "snowflake",
        Dialect::BigQuery => "bigquery",
        Dialect::DuckDb => "duckdb",
    }
}
