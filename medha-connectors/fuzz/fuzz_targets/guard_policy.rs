//! The first byte is the number of a policy, the others are the choices that a query is made of. Where the guard lets the query through, it is run on a
//! database in memory: it must not write, nothing protected may come out, and the answer must be the one that a copy gives
//! that holds only what the policy shows.

#![no_main]

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use medha_connectors::{Dialect, Guard, Schema, User};
use rusqlite::Connection;

#[path = "../../tests/it/guard_grammar.rs"]
#[allow(dead_code, reason = "the tests of the guard use more of it")]
mod guard_grammar;
#[path = "../../tests/it/clinic_cases.rs"]
#[allow(dead_code, reason = "the tests of the guard use more of it")]
mod clinic_cases;

use clinic_cases::{CANARY, Case, ROWS, TABLES, VIEW};
use guard_grammar::Choices;

/// So many that no answer is cut: which rows are left out would be chance.
const MAX_ROWS: usize = 9_000;
/// Instructions of SQLite, in thousands; a query that takes longer says nothing here.
const MAX_STEPS: u32 = 3_000;

static SCHEMA: LazyLock<Arc<Schema>> =
    LazyLock::new(|| Arc::new(serde_json::from_str(include_str!("../clinic.json")).expect("a schema")));

/// One policy.
struct Tried {
    case: Case,
    guard: Guard,
    plain: Guard,
    copy: Connection,
}

thread_local! {
    static FULL: Connection = database("");
    static TRIED: RefCell<HashMap<u8, Tried>> = RefCell::new(HashMap::new());
}

fn database(restriction: &str) -> Connection {
    let connection = Connection::open_in_memory().expect("memory");
    connection
        .execute_batch(&format!("PRAGMA foreign_keys = OFF;{TABLES}{VIEW};{ROWS}{restriction}"))
        .expect("the clinic");
    let mut steps = 0_u32;
    let mut last = 0_u64;
    connection
        .progress_handler(
            1_000,
            Some(move || {
                let now = QUERY.with(std::cell::Cell::get);
                if now != last {
                    (last, steps) = (now, 0);
                }
                steps += 1;
                steps > MAX_STEPS
            }),
        )
        .expect("a handler");
    connection
}

thread_local! {
    /// Which query runs, so that each has its own steps.
    static QUERY: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// The schema of a copy: what a restriction has dropped is not in it.
fn schema_of(copy: &Connection) -> Schema {
    let mut schema = Schema::clone(&SCHEMA);
    let mut there = copy
        .prepare("SELECT m.name || '.' || c.name FROM sqlite_schema m, pragma_table_info(m.name) c")
        .expect("names");
    let there: Vec<String> =
        there.query_map([], |row| row.get(0)).expect("names").map(|name| name.expect("a name")).collect();
    for table in &mut schema.tables {
        let name = table.name.clone();
        table.columns.retain(|column| there.contains(&format!("{name}.{}", column.name)));
    }
    schema.tables.retain(|table| !table.columns.is_empty());
    schema
}

fn tried(case: Case) -> Tried {
    let copy = database(&case.restriction);
    let user = User::new("nora").with_attribute("clinic", "North");
    let policy = serde_json::from_str(&case.policy).expect("a policy");
    let guard = Guard::new(Dialect::Sqlite, Arc::clone(&SCHEMA)).with_view("visit_list", VIEW);
    let guard = guard.with_policy(&policy, &user).expect("a policy that fits");
    let plain = Guard::new(Dialect::Sqlite, Arc::new(schema_of(&copy)));
    Tried { case, guard, plain, copy }
}

/// The rows as texts, in an order of their own; `None` where a query was stopped.
fn answer(connection: &Connection, sql: &str) -> Option<Vec<String>> {
    QUERY.with(|query| query.set(query.get() + 1));
    let mut statement = connection.prepare(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    assert!(statement.readonly(), "{sql}");
    let columns = statement.column_count();
    let mut rows = statement.query([]).expect("no parameters");
    let mut shown = Vec::new();
    loop {
        match rows.next() {
            Ok(Some(row)) => {
                let values = (0..columns).map(|column| match row.get_ref(column).expect("a column") {
                    rusqlite::types::ValueRef::Real(number) => format!("{number:.6}"),
                    // Whether `CASE` and `sum` give 1 or 1.0 can depend on the other rows.
                    rusqlite::types::ValueRef::Integer(number) => format!("{number}.000000"),
                    rusqlite::types::ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
                    other => format!("{other:?}"),
                });
                shown.push(values.collect::<Vec<_>>().join("|"));
            }
            Ok(None) => break,
            Err(rusqlite::Error::SqliteFailure(error, _))
                if error.code == rusqlite::ErrorCode::OperationInterrupted =>
            {
                return None;
            }
            Err(error) => panic!("{sql}: {error}"),
        }
    }
    shown.sort();
    Some(shown)
}

fuzz_target!(|bytes: &[u8]| {
    let Some((number, choices)) = bytes.split_first() else { return };
    let sql = Choices::new(choices.to_vec()).statement();
    TRIED.with_borrow_mut(|all| {
        let tried = all.entry(*number).or_insert_with(|| tried(Case::numbered(*number)));
        let Ok(passed) = tried.guard.check(&sql, MAX_ROWS) else { return };
        let Some(shown) = FULL.with(|full| answer(full, passed.as_str())) else { return };
        let policy = &tried.case.policy;
        let canary = shown.iter().find(|row| row.to_uppercase().contains(CANARY));
        assert!(canary.is_none(), "{sql}\nunder {policy}\nbecame {}\nand shows {canary:?}", passed.as_str());
        if shown.len() > MAX_ROWS {
            return;
        }
        let Ok(plain) = tried.plain.check(&tried.case.in_the_copy(&sql), MAX_ROWS) else { return };
        let Some(expected) = answer(&tried.copy, plain.as_str()) else { return };
        assert!(
            shown == expected,
            "{sql}\nunder {policy}\nbecame {}\nshows {shown:?}\nand not {expected:?}",
            passed.as_str()
        );
    });
});
