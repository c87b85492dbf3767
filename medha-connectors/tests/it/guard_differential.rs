//! Whatever query is asked, the guarded answer on the whole database is the plain answer on a database that holds only what the
//! user may see; a query that is refused shows nothing.
//!
//! Queries come from a grammar over the clinic, with columns that exist where they are named, so that most of them mean
//! something. `MEDHA_GUARD_CASES` sets how many are tried.

use std::cell::RefCell;

use medha_connectors::{Dialect, Guard};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::clinic::{Clinic, answer, shows_canary};

const CASES: u32 = 5_000;

type Names = &'static [&'static str];

/// The tables, with columns of whole numbers, of text, and protected ones.
const TABLES: [(&str, Names, Names, Names); 6] = [
    (
        "patients",
        &["patient_id", "referrer_id"],
        &["city", "clinic", "plan"],
        &["full_name", "mail", "born", "insurance_no"],
    ),
    ("visits", &["visit_id", "patient_id", "drop_in", "fee"], &["clinic", "reason"], &[]),
    ("prescriptions", &["prescription_id", "visit_id", "medicine_id", "doses"], &[], &[]),
    ("medicines", &["medicine_id", "list_price"], &["title", "family"], &[]),
    ("notes", &["note_id"], &["kind", "body"], &[]),
    ("visit_list", &["visit_id", "fee"], &["clinic", "plan"], &["reach"]),
];

/// Choices that a query is made of, taken one after the other; when they run out, the simplest is chosen.
struct Choices {
    taken: std::vec::IntoIter<u8>,
    aliases: usize,
}

/// A relation in reach.
#[derive(Clone)]
struct Relation {
    alias: String,
    numbers: Vec<String>,
    texts: Vec<String>,
    secrets: Vec<String>,
}

impl Choices {
    fn below(&mut self, bound: usize) -> usize {
        usize::from(self.taken.next().unwrap_or(0)) % bound
    }

    fn one_in(&mut self, chance: usize) -> bool {
        self.below(chance) == chance - 1
    }

    fn of<'c, T>(&mut self, list: &'c [T]) -> &'c T {
        &list[self.below(list.len())]
    }

    fn alias(&mut self) -> String {
        self.aliases += 1;
        format!("r{}", self.aliases)
    }

    /// A relation for `FROM`, and its text.
    fn relation(&mut self, depth: usize, ctes: &[Relation]) -> (String, Relation) {
        let alias = self.alias();
        match self.below(8) {
            6 if depth > 0 => {
                let (sql, columns) = self.query(depth - 1, ctes, &[]);
                (format!("({sql}) AS {alias}"), Relation { alias, ..columns })
            }
            7 if !ctes.is_empty() => {
                let cte = self.of(ctes).clone();
                (format!("{} AS {alias}", cte.alias), Relation { alias, ..cte })
            }
            _ => {
                let (table, numbers, texts, secrets) = self.of(&TABLES);
                let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
                let qualified = if self.one_in(6) { format!("main.{table}") } else { (*table).to_owned() };
                let (numbers, texts, secrets) = (owned(numbers), owned(texts), owned(secrets));
                (format!("{qualified} AS {alias}"), Relation { alias, numbers, texts, secrets })
            }
        }
    }

    fn number(&mut self, scope: &[Relation], depth: usize) -> String {
        let with: Vec<&Relation> = scope.iter().filter(|relation| !relation.numbers.is_empty()).collect();
        match self.below(9) {
            5 if depth > 0 => {
                format!("({} + {})", self.number(scope, depth - 1), self.number(scope, depth - 1))
            }
            6 if depth > 0 => format!(
                "CASE WHEN {} THEN {} ELSE {} END",
                self.condition(scope, depth - 1),
                self.number(scope, depth - 1),
                self.number(scope, depth - 1)
            ),
            7 if depth > 0 => format!("length({})", self.text(scope, depth - 1)),
            8 => self.below(40).to_string(),
            _ if with.is_empty() => "1".to_owned(),
            _ => {
                let relation = *self.of(&with);
                format!("{}.{}", relation.alias, self.of(&relation.numbers))
            }
        }
    }

    fn text(&mut self, scope: &[Relation], depth: usize) -> String {
        let with: Vec<&Relation> = scope.iter().filter(|relation| !relation.texts.is_empty()).collect();
        match self.below(7) {
            4 if depth > 0 => format!("upper({})", self.text(scope, depth - 1)),
            5 => format!("'{}'", self.of(&["North", "South", "A", "x", "p"])),
            6 => self.secret(scope).unwrap_or_else(|| "'s'".to_owned()),
            _ if with.is_empty() => "'t'".to_owned(),
            _ => {
                let relation = *self.of(&with);
                format!("{}.{}", relation.alias, self.of(&relation.texts))
            }
        }
    }

    fn secret(&mut self, scope: &[Relation]) -> Option<String> {
        let with: Vec<&Relation> = scope.iter().filter(|relation| !relation.secrets.is_empty()).collect();
        if with.is_empty() {
            return None;
        }
        let relation = *self.of(&with);
        Some(format!("{}.{}", relation.alias, self.of(&relation.secrets)))
    }

    fn condition(&mut self, scope: &[Relation], depth: usize) -> String {
        match self.below(9) {
            1 => format!("{} = {}", self.text(scope, 0), self.text(scope, 0)),
            2 if depth > 0 => {
                format!("({} AND {})", self.condition(scope, depth - 1), self.condition(scope, depth - 1))
            }
            3 if depth > 0 => {
                format!("({} OR {})", self.condition(scope, depth - 1), self.condition(scope, depth - 1))
            }
            4 if depth > 0 => format!("NOT {}", self.condition(scope, depth - 1)),
            5 => {
                let column = self.secret(scope).unwrap_or_else(|| self.text(scope, 0));
                format!("{column} IS {}NULL", if self.one_in(2) { "NOT " } else { "" })
            }
            6 if depth > 0 => {
                let (from, relation) = self.relation(0, &[]);
                let within: Vec<Relation> = scope.iter().cloned().chain([relation]).collect();
                format!("EXISTS (SELECT 1 FROM {from} WHERE {})", self.condition(&within, depth - 1))
            }
            7 if depth > 0 => {
                let (from, relation) = self.relation(0, &[]);
                let number = self.number(&[relation], 0);
                format!("{} IN (SELECT {number} FROM {from})", self.number(scope, 0))
            }
            _ => format!(
                "{} {} {}",
                self.number(scope, 1),
                self.of(&["<", ">", "=", "<>"]),
                self.number(scope, 0)
            ),
        }
    }

    fn from(&mut self, depth: usize, ctes: &[Relation]) -> (String, Vec<Relation>) {
        let (mut sql, first) = self.relation(depth, ctes);
        let mut scope = vec![first];
        for _ in 0..self.below(3) {
            let (text, relation) = self.relation(depth, ctes);
            scope.push(relation);
            let kind = *self.of(&["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"]);
            // An equality, so that joins stay small.
            let (last, rest) = scope.split_last().unwrap();
            let (left, right) = (self.number(rest, 0), self.number(std::slice::from_ref(last), 0));
            sql = format!("{sql} {kind} {text} ON {left} = {right}");
            if self.one_in(3) {
                sql = format!("{sql} AND {}", self.condition(&scope, 1));
            }
        }
        (sql, scope)
    }

    /// A query and the columns it gives.
    fn query(&mut self, depth: usize, ctes: &[Relation], around: &[Relation]) -> (String, Relation) {
        let (from, own) = self.from(depth, ctes);
        let scope: Vec<Relation> = own.iter().cloned().chain(around.iter().cloned()).collect();
        let filter =
            if self.one_in(2) { format!(" WHERE {}", self.condition(&scope, 2)) } else { String::new() };
        let given = |numbers: &[&str], texts: &[&str], secrets: &[&str]| {
            let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            Relation {
                alias: String::new(),
                numbers: owned(numbers),
                texts: owned(texts),
                secrets: owned(secrets),
            }
        };
        match self.below(6) {
            0 => {
                let (key, sum) = (self.text(&scope, 1), self.number(&scope, 1));
                let function = *self.of(&["sum", "count", "min", "max", "avg"]);
                let having = if self.one_in(3) { " HAVING count(*) > 1" } else { "" };
                let sql = format!(
                    "SELECT {key} AS t1, {function}({sum}) AS n1, count(*) AS n2 FROM {from}{filter} GROUP BY {key}{having}"
                );
                (sql, given(&["n1", "n2"], &["t1"], &[]))
            }
            1 => {
                let counted = self.secret(&scope).unwrap_or_else(|| self.number(&scope, 0));
                let distinct = if self.one_in(2) { "DISTINCT " } else { "" };
                let sql = format!("SELECT count({distinct}{counted}) AS n1 FROM {from}{filter}");
                (sql, given(&["n1"], &[], &[]))
            }
            2 => {
                let (shown, number) = (self.secret(&scope), self.number(&scope, 1));
                let shown = shown.unwrap_or_else(|| "NULL".to_owned());
                let sql = format!("SELECT {shown} AS s1, {number} AS n1 FROM {from}{filter}");
                (sql, given(&["n1"], &[], &["s1"]))
            }
            3 => {
                let (number, order) = (self.number(&scope, 1), self.number(&scope, 0));
                let sql = format!(
                    "SELECT {number} AS n1, sum({order}) OVER (PARTITION BY {number}) AS n2 FROM {from}{filter}"
                );
                (sql, given(&["n1", "n2"], &[], &[]))
            }
            4 => {
                let (text, number) = (self.text(&scope, 1), self.number(&scope, 1));
                let word = *self.of(&["UNION ALL", "UNION", "EXCEPT", "INTERSECT"]);
                let (other_from, other) = self.from(0, ctes);
                let (other_text, other_number) = (self.text(&other, 1), self.number(&other, 1));
                let sql = format!(
                    "SELECT {text} AS t1, {number} AS n1 FROM {from}{filter} {word} SELECT {other_text}, {other_number} FROM {other_from}"
                );
                (sql, given(&["n1"], &["t1"], &[]))
            }
            _ => {
                let distinct = if self.one_in(3) { "DISTINCT " } else { "" };
                let (text, number) = (self.text(&scope, 2), self.number(&scope, 2));
                let sql = format!("SELECT {distinct}{text} AS t1, {number} AS n1 FROM {from}{filter}");
                (sql, given(&["n1"], &["t1"], &[]))
            }
        }
    }

    fn statement(&mut self) -> String {
        let mut ctes: Vec<Relation> = Vec::new();
        let mut texts: Vec<String> = Vec::new();
        for _ in 0..self.below(3) {
            // Now and then one takes the name of a table.
            let alias = if self.one_in(5) { "visits".to_owned() } else { self.alias() };
            if ctes.iter().any(|cte| cte.alias == alias) {
                continue;
            }
            let (sql, columns) = self.query(1, &ctes, &[]);
            if sql.contains(" visits ") && alias == "visits" {
                continue;
            }
            texts.push(format!("{alias} AS ({sql})"));
            ctes.push(Relation { alias, ..columns });
        }
        let (sql, _) = self.query(2, &ctes, &[]);
        if texts.is_empty() { sql } else { format!("WITH {} {sql}", texts.join(", ")) }
    }
}

fn statement(choices: Vec<u8>) -> String {
    Choices { taken: choices.into_iter(), aliases: 0 }.statement()
}

#[test]
fn the_guarded_answer_is_the_plain_answer_on_what_the_user_may_see() {
    let cases = std::env::var("MEDHA_GUARD_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let clinic = runtime.block_on(Clinic::open());
    let guard = clinic.guard(Dialect::Sqlite);
    let plain = Guard::new(Dialect::Sqlite, std::sync::Arc::clone(&clinic.restricted_schema));
    let tally = RefCell::new((0_u32, 0_u32, 0_u32));
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 2_000, ..Config::default() };
    // The same statements on every run: a failure can be looked at again.
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let outcome = runner.run(&prop::collection::vec(any::<u8>(), 10..80), |choices| {
        let sql = statement(choices);
        let (allowed, plainly) = (guard.check(&sql, 100), plain.check(&sql, 100));
        let (Ok(allowed), Ok(plainly)) = (allowed, &plainly) else {
            let mut tally = tally.borrow_mut();
            if plainly.is_ok() {
                tally.1 += 1
            } else {
                tally.2 += 1
            }
            return Ok(());
        };
        tally.borrow_mut().0 += 1;
        let (shown, expected) = runtime.block_on(async {
            (answer(&clinic.full, &allowed).await, answer(&clinic.restricted, plainly).await)
        });
        prop_assert!(!shows_canary(&shown), "{sql}\nshows {shown:?}");
        prop_assert!(shown == expected, "{sql}\nshows {shown:?}\nand not {expected:?}");
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    let (answered, refused, neither) = *tally.borrow();
    println!("{answered} answered alike, {refused} refused, {neither} not even plain");
    assert!(
        answered > cases / 2,
        "the grammar makes too few queries that pass: {answered} of {cases}, {refused} refused"
    );
    assert!(
        refused > cases / 50,
        "the grammar makes too few queries that must not pass: {refused} of {cases}"
    );
}
