//! Whatever query is asked, the guarded answer on the whole database is the plain answer on a database that holds only what the
//! user may see; a query that is refused shows nothing.
//!
//! Queries come from a grammar over the clinic, with columns that exist where they are named, so that most of them mean
//! something. `MEDHA_GUARD_CASES` sets how many are tried.

use std::cell::{Cell, RefCell};

use medha_connectors::{Dialect, Guard};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::clinic::{Clinic, answer, shows_canary};
use crate::clinic_cases::Case;
use crate::guard_grammar::Choices;

const CASES: u32 = 5_000;

/// So many that hardly any answer is cut. Which rows are left out of one that is, is chance.
const MAX_ROWS: usize = 9_000;

/// How many policies queries are tried under; the first is the one that the other tests know.
const POLICIES: u8 = 24;

#[test]
fn the_guarded_answer_is_the_plain_answer_on_what_the_user_may_see() {
    let cases = std::env::var("MEDHA_GUARD_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let clinics: Vec<Tried> = (0..POLICIES).map(|policy| runtime.block_on(Tried::under(policy))).collect();
    let tally = RefCell::new((0_u32, 0_u32, 0_u32));
    let cut = Cell::new(0_u32);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 2_000, ..Config::default() };
    // The same statements on every run: a failure can be looked at again.
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let made = (0..POLICIES, prop::collection::vec(any::<u8>(), 10..80));
    let outcome = runner.run(&made, |(policy, choices)| {
        let tried = &clinics[usize::from(policy)];
        let sql = Choices::new(choices).statement();
        let allowed = tried.guard.check(&sql, MAX_ROWS);
        let plainly = tried.plain.check(&tried.case.in_the_copy(&sql), MAX_ROWS);
        let (Ok(allowed), Ok(plainly)) = (allowed, &plainly) else {
            let mut tally = tally.borrow_mut();
            if plainly.is_ok() {
                tally.1 += 1
            } else {
                tally.2 += 1
            }
            return Ok(());
        };
        let (shown, expected) = runtime.block_on(async {
            (answer(&tried.clinic.full, &allowed).await, answer(&tried.clinic.restricted, plainly).await)
        });
        prop_assert!(!shows_canary(&shown), "{sql}\nshows {shown:?}");
        let policy = &tried.case.policy;
        if shown.len() == MAX_ROWS && expected.len() == MAX_ROWS {
            cut.set(cut.get() + 1);
            return Ok(());
        }
        tally.borrow_mut().0 += 1;
        prop_assert!(shown == expected, "{sql}\nshows {shown:?}\nand not {expected:?}\nunder {policy}");
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    let (answered, refused, neither) = *tally.borrow();
    let cut = cut.get();
    println!("{answered} answered alike, {cut} cut, {refused} refused, {neither} not even plain");
    assert!(
        answered > cases / 2,
        "the grammar makes too few queries that pass: {answered} of {cases}, {refused} refused"
    );
    assert!(
        refused > cases / 50,
        "the grammar makes too few queries that must not pass: {refused} of {cases}"
    );
}

/// The clinic under one policy, with the guard of who may see it and one that knows no policy, over the restricted copy.
struct Tried {
    case: Case,
    clinic: Clinic,
    guard: Guard,
    plain: Guard,
}

impl Tried {
    async fn under(policy: u8) -> Self {
        let case = Case::numbered(policy);
        let clinic = Clinic::of(case.clone()).await;
        let guard = clinic.guard(Dialect::Sqlite);
        let plain = Guard::new(Dialect::Sqlite, std::sync::Arc::clone(&clinic.restricted_schema));
        Self { case, clinic, guard, plain }
    }
}
