//! Any bytes: the first chooses the dialect and whether there is a policy, the others are the text.
//!
//! The guard must not panic. What it lets through must parse, in the dialect's own grammar, to one query with a limit, must
//! pass the guard again, and must call only functions that the guard knows.

#![no_main]

use std::ops::ControlFlow;
use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use medha_connectors::{Dialect, Guard, Schema, User};
use sqlparser::ast::{Expr, LimitClause, Statement, visit_expressions};
use sqlparser::dialect as grammar;
use sqlparser::parser::Parser;

/// The tables of the clinic of the tests.
const SCHEMA: &str = include_str!("../clinic.json");
const POLICY: &str = r#"{ "version": 1, "tables": {
    "patients": { "rows": [{ "keep": "clinic = :clinic" }], "protect": {
        "full_name": { "action": { "partial": { "first": 1, "last": 1 } } }, "mail": { "action": "null" },
        "insurance_no": { "action": "deny" }, "born": { "action": { "aggregate": { "at_least": 5 } } } } },
    "visits": { "rows": [{ "keep": "clinic = :clinic" }] }, "prescriptions": {}, "medicines": {}, "notes": {} } }"#;

/// More than the guard's own limit, which what is written may exceed by a little.
const MAX_NESTING: usize = 80;

/// What may run code, read files or wait, by the start of its name.
const NEVER: [&str; 22] = [
    "pg_",
    "lo_",
    "dblink",
    "load_",
    "sys_",
    "system",
    "sleep",
    "benchmark",
    "get_lock",
    "release_lock",
    "nextval",
    "setval",
    "currval",
    "set_config",
    "current_setting",
    "query_to_xml",
    "readfile",
    "writefile",
    "edit",
    "randomblob",
    "zeroblob",
    "fts3_tokenizer",
];

static GUARDS: LazyLock<Vec<(Dialect, Guard)>> = LazyLock::new(|| {
    let schema: Arc<Schema> = Arc::new(serde_json::from_str(SCHEMA).expect("a schema"));
    let user = User::new("nora").with_attribute("clinic", "North");
    let policy = serde_json::from_str(POLICY).expect("a policy");
    let dialects =
        [Dialect::Sqlite, Dialect::Postgres, Dialect::MySql, Dialect::Snowflake, Dialect::BigQuery];
    let guard = |dialect| {
        let guard = Guard::new(dialect, Arc::clone(&schema));
        if dialect == Dialect::MySql { guard.with_namespace("clinic") } else { guard }
    };
    let open = dialects.map(|dialect| (dialect, guard(dialect)));
    let restricted =
        dialects.map(|dialect| (dialect, guard(dialect).with_policy(&policy, &user).expect("fits")));
    open.into_iter().chain(restricted).collect()
});

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, text)) = bytes.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let (dialect, guard) = &GUARDS[usize::from(*choice) % GUARDS.len()];
    let Ok(passed) = guard.check(text, 100) else { return };
    let sql = passed.as_str();
    let grammar: &dyn grammar::Dialect = match dialect {
        Dialect::Postgres => &grammar::PostgreSqlDialect {},
        Dialect::MySql => &grammar::MySqlDialect {},
        Dialect::Snowflake => &grammar::SnowflakeDialect {},
        Dialect::BigQuery => &grammar::BigQueryDialect {},
        // SQLite's is the guard's own: the parser's has no `<<`, `ISNULL` and `IS`.
        _ => &grammar::GenericDialect {},
    };
    if *dialect != Dialect::Sqlite {
        // The guard allows more nesting than the parser does by itself.
        let statements = Parser::new(grammar)
            .with_recursion_limit(MAX_NESTING)
            .try_with_sql(sql)
            .and_then(|mut parser| parser.parse_statements())
            .unwrap_or_else(|error| panic!("{text:?} became {sql:?}: {error}"));
        let [Statement::Query(query)] = statements.as_slice() else { panic!("{text:?} became {sql:?}") };
        let limited = matches!(query.limit_clause, Some(LimitClause::LimitOffset { limit: Some(_), .. }));
        assert!(limited, "{text:?} became {sql:?}");
        let _: ControlFlow<()> = visit_expressions(&statements[0], |expr| {
            if let Expr::Function(function) = expr {
                let name = function.name.to_string().to_lowercase();
                assert!(!NEVER.iter().any(|never| name.starts_with(never)), "{text:?} became {sql:?}");
            }
            ControlFlow::Continue(())
        });
    }
    assert!(sql.contains("LIMIT"), "{text:?} became {sql:?}");
    // What was let through is let through again without the policy, as it is.
    let (_, open) = &GUARDS[usize::from(*choice) % GUARDS.len() % 5];
    if usize::from(*choice) % GUARDS.len() < 5 {
        let again = open.check(sql, 100).unwrap_or_else(|error| panic!("{text:?} became {sql:?}: {error}"));
        assert_eq!(again.as_str(), sql, "{text:?}");
    }
});
