//! Whatever text the guard is given, it does not panic, and what it lets through is one query with a limit.

use std::sync::{Arc, LazyLock};

use medha_connectors::{Dialect, Guard, Schema};
use proptest::prelude::*;
use sqlparser::ast::Statement;
use sqlparser::dialect::{Dialect as Grammar, MySqlDialect, PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::Parser;

static SCHEMA: LazyLock<Arc<Schema>> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(crate::guard::shop())
});

/// Pieces that make many texts parse and many almost parse.
const PIECES: &[&str] = &[
    "SELECT",
    "FROM",
    "orders",
    "customers",
    "status",
    "total_amount",
    "*",
    ",",
    "(",
    ")",
    "1",
    "'x'",
    "\"status\"",
    "WHERE",
    "=",
    "AND",
    "OR",
    "NOT",
    "GROUP BY",
    "ORDER BY",
    "LIMIT",
    "UNION",
    "WITH",
    "a",
    "AS",
    "JOIN",
    "ON",
    ";",
    "--",
    "/*",
    "*/",
    "DELETE",
    "INSERT INTO",
    "DROP TABLE",
    "PRAGMA",
    "EXPLAIN",
    "INTO",
    "FOR UPDATE",
    "count",
    "load_extension",
    "lower",
    "CASE",
    "WHEN",
    "THEN",
    "END",
    "EXISTS",
    "IN",
    "BETWEEN",
    "NULL",
    "||",
    "->>",
    "::",
    "'",
    "\"",
    "`",
    "[",
    "]",
    "\\",
    "RECURSIVE",
    "VALUES",
    "OVER",
    "PARTITION BY",
    ".",
    "-",
    "@@",
    "?",
    "$1",
    "\u{0}",
    "é",
    "e'\\''",
    "x'0g'",
    "1e",
    "0x",
    "LIKE",
    "ESCAPE",
];

fn check_one(sql: &str) -> Result<(), TestCaseError> {
    let grammars: [(Dialect, &dyn Grammar); 3] = [
        (Dialect::Sqlite, &SQLiteDialect {}),
        (Dialect::Postgres, &PostgreSqlDialect {}),
        (Dialect::MySql, &MySqlDialect {}),
    ];
    for (dialect, grammar) in grammars {
        if let Ok(passed) = Guard::new(dialect, SCHEMA.clone()).check(sql, 10) {
            let statements = Parser::parse_sql(grammar, passed.as_str());
            let statements = statements
                .map_err(|error| TestCaseError::fail(format!("{sql:?} became {passed:?}: {error}")))?;
            prop_assert!(
                matches!(statements.as_slice(), [Statement::Query(query)] if query.limit_clause.is_some())
            );
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_refused_or_becomes_one_query(sql in "\\PC{0,60}") {
        check_one(&sql)?;
    }

    #[test]
    fn any_row_of_pieces_is_refused_or_becomes_one_query(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..14)) {
        check_one(&pieces.join(" "))?;
        check_one(&format!("SELECT status {}", pieces.join(" ")))?;
        check_one(&format!("SELECT {} FROM orders", pieces.join(" ")))?;
        check_one(&format!("SELECT 1 FROM orders WHERE {}", pieces.join("")))?;
    }
}
