//! SQL as people write it: a clause a line.

use sqlparser::dialect::{
    BigQueryDialect, Dialect as Parsed, DuckDbDialect, MySqlDialect, PostgreSqlDialect, SQLiteDialect,
    SnowflakeDialect,
};
use sqlparser::parser::Parser;

use medha_connectors::Dialect;

/// Breaks a statement into lines; one that cannot be read is left as it is.
pub(crate) fn broken_into_lines(sql: &str, dialect: Dialect) -> String {
    let parser: &dyn Parsed = match dialect {
        Dialect::Postgres => &PostgreSqlDialect {},
        Dialect::MySql => &MySqlDialect {},
        Dialect::BigQuery => &BigQueryDialect {},
        Dialect::DuckDb => &DuckDbDialect {},
        Dialect::Snowflake => &SnowflakeDialect {},
        _ => &SQLiteDialect {},
    };
    match Parser::parse_sql(parser, sql) {
        Ok(statements) if statements.len() == 1 => format!("{:#}", statements[0]),
        Ok(_) | Err(_) => sql.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_clause_has_its_line() {
        let sql = "SELECT a, SUM(b) AS s FROM t WHERE c = 'x' GROUP BY a ORDER BY s DESC LIMIT 5";
        let lines = broken_into_lines(sql, Dialect::Sqlite);
        assert!(lines.contains("\nFROM\n  t\nWHERE\n"), "{lines}");
        assert_eq!(broken_into_lines("SELEKT 1", Dialect::Sqlite), "SELEKT 1");
    }
}
