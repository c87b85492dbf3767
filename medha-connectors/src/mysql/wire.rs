//! One connection to MySQL or MariaDB.

use std::time::Duration;

use futures_core::stream::BoxStream;
use sqlx::mysql::{MySqlConnectOptions, MySqlRow};
use sqlx::{
    AssertSqlSafe, Column as _, ConnectOptions as _, Connection as _, Executor as _, MySqlConnection,
};
use sqlx::{Row as _, SqlSafeStr as _, Statement as _};

use super::failure;
use super::values;
use crate::server::Wire;
use crate::value::ResultColumn;

/// A connection, what the server calls it, and which of the two it is.
pub(crate) struct MySqlWire {
    connection: MySqlConnection,
    number: u64,
    is_mariadb: bool,
    prepared: usize,
}

/// A connection remembers the statements it has prepared until it is closed, after so many. To close one of them, the driver
/// sends a message that has no answer; the system then holds the next one back until the server has confirmed the first, which
/// takes 40 milliseconds.
pub(crate) const MAX_PREPARED: usize = 50;

/// Modes of a server under which a statement means something else than what the guard reads in it.
const OTHER_GRAMMAR: [&str; 8] =
    ["ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "ANSI", "ORACLE", "MSSQL", "DB2", "POSTGRESQL", "MAXDB"];

impl Wire for MySqlWire {
    type Options = MySqlConnectOptions;
    type Id = u64;

    async fn connect(options: &MySqlConnectOptions) -> Result<Self, sqlx::Error> {
        let mut connection = options.connect().await?;
        let row = connection
            .fetch_one("SELECT CONNECTION_ID(), VERSION(), @@SESSION.sql_mode, @@GLOBAL.sql_mode")
            .await?;
        let (version, mode, usual): (String, String, String) =
            (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        if let Some(mode) = in_our_grammar(&mode, &usual) {
            let set = format!("SET SESSION sql_mode = '{mode}'");
            connection.execute(sqlx::raw_sql(AssertSqlSafe(set))).await?;
        }
        Ok(Self { number: row.try_get(0)?, is_mariadb: version.contains("MariaDB"), connection, prepared: 0 })
    }

    async fn begin(&mut self, time: Duration) -> Result<(), sqlx::Error> {
        let limit = if self.is_mariadb {
            format!("max_statement_time = {:.3}", time.as_secs_f64().max(0.001))
        } else {
            format!("max_execution_time = {}", time.as_millis().max(1))
        };
        let sql = format!("SET SESSION {limit}; START TRANSACTION READ ONLY");
        self.connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.map(drop)
    }

    async fn reset(&mut self) -> Result<(), sqlx::Error> {
        self.connection.execute(sqlx::raw_sql("ROLLBACK")).await?;
        match self.connection.execute(sqlx::raw_sql("DO RELEASE_ALL_LOCKS()")).await {
            Err(error) if failure::is_lost(&error) => Err(error),
            // Old servers do not have it, and the guard lets no lock be taken.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn is_worn(&self) -> bool {
        self.prepared >= MAX_PREPARED
    }

    fn id(&self) -> u64 {
        self.number
    }

    async fn stop(options: &MySqlConnectOptions, number: u64) -> Result<(), sqlx::Error> {
        let mut other = options.connect().await?;
        other.execute(sqlx::raw_sql(AssertSqlSafe(format!("KILL QUERY {number}")))).await?;
        other.close().await
    }

    fn may_pass(error: &sqlx::Error) -> bool {
        failure::may_pass(error)
    }

    fn is_lost(error: &sqlx::Error) -> bool {
        failure::is_lost(error)
    }

    fn connect_failure(error: &sqlx::Error) -> String {
        failure::of_connect(error)
    }
}

impl MySqlWire {
    /// Prepares the statement, which takes exactly one, and says what its columns are.
    pub(crate) async fn prepare(&mut self, sql: &str) -> Result<Vec<ResultColumn>, sqlx::Error> {
        self.prepared += 1;
        let statement = self.connection.prepare(AssertSqlSafe(sql.to_owned()).into_sql_str()).await?;
        let columns = statement.columns().iter().map(|column| ResultColumn {
            name: column.name().to_owned(),
            kind: values::kind(column.type_info()),
        });
        Ok(columns.collect())
    }

    /// Runs the statement that was prepared.
    pub(crate) fn rows(&mut self, sql: &str) -> BoxStream<'_, Result<MySqlRow, sqlx::Error>> {
        sqlx::query(AssertSqlSafe(sql.to_owned())).fetch(&mut self.connection)
    }
}

/// The modes without those that change the grammar, and without the one the driver adds (`IGNORE_SPACE` makes the names of
/// functions reserved words) unless it is usual on this server; `None` if nothing is to be changed.
fn in_our_grammar(mode: &str, usual: &str) -> Option<String> {
    const OF_THE_DRIVER: &str = "IGNORE_SPACE";
    let has_it = usual.split(',').any(|mode| mode == OF_THE_DRIVER);
    let kept: Vec<&str> = mode
        .split(',')
        .filter(|mode| !OTHER_GRAMMAR.contains(mode) && (has_it || *mode != OF_THE_DRIVER))
        .collect();
    let kept = kept.join(",");
    (kept != mode).then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_that_change_the_grammar_are_switched_off_and_no_others() {
        assert_eq!(in_our_grammar("STRICT_TRANS_TABLES,PIPES_AS_CONCAT", ""), None);
        assert_eq!(in_our_grammar("", ""), None);
        let changed = |mode: &str, usual: &str| in_our_grammar(mode, usual).unwrap();
        assert_eq!(
            changed("ANSI_QUOTES,STRICT_TRANS_TABLES,NO_BACKSLASH_ESCAPES", ""),
            "STRICT_TRANS_TABLES"
        );
        assert_eq!(changed("IGNORE_SPACE,NO_ZERO_DATE", "NO_ZERO_DATE"), "NO_ZERO_DATE");
        assert_eq!(in_our_grammar("IGNORE_SPACE", "IGNORE_SPACE"), None);
    }
}
