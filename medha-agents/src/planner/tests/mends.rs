//! Comparisons of windows, shares named after what they are of, averages over what connects two things, and what
//! follows an answer.

use super::model::{planner, understand};
use super::render::render;
use crate::planner::{Planned, Understanding};

fn planned(text: &str) -> Planned {
    match understand(text) {
        Understanding::Planned(planned) => planned,
        other => panic!("{text:?} is understood, but: {other:?}"),
    }
}

fn all(table: &[(&str, &str)]) {
    for (text, expected) in table {
        assert_eq!(render(&planned(text).steps[0].plan), *expected, "{text}");
    }
}

#[test]
fn a_share_may_be_named_after_what_it_is_of() {
    all(&[
        (
            "revenue share by region",
            "sales: branches.region, (100 Multiply ([revenue] Divide total([revenue])))",
        ),
        (
            "Show the revenue percentage per flavour",
            "sales: cakes.flavour, (100 Multiply ([revenue] Divide total([revenue])))",
        ),
    ]);
}

#[test]
fn two_windows_are_set_side_by_side() {
    let by_region = "sales: branches.region, [revenue][sales.sold_on 2024-01-01..2025-01-01], [revenue][sales.sold_on 2025-01-01..2026-01-01]";
    all(&[
        ("compare revenue this year with last year by region", by_region),
        ("revenue this year vs last year by region", by_region),
        ("Revenue by region this year compared to last year", by_region),
        ("Compare revenue in 2024 and 2025 by region", by_region),
        (
            "compare monthly revenue this year with last year",
            "sales: MonthOfYear(sales.sold_on), [revenue][sales.sold_on 2024-01-01..2025-01-01], [revenue][sales.sold_on 2025-01-01..2026-01-01]",
        ),
    ]);
}

#[test]
fn two_windows_without_a_moment_in_common_are_no_condition() {
    let Understanding::NotUnderstood(refusal) = understand("Revenue by region in June 2025 in July 2025")
    else {
        panic!("no sale lies in both months")
    };
    assert_eq!(refusal.reason, "nothing lies both in June 2025 and in July 2025; ask to compare them");
}

#[test]
fn what_would_be_a_guess_is_refused() {
    let refused = |text: &str| match understand(text) {
        Understanding::NotUnderstood(refusal) => refusal.reason,
        other => panic!("{text:?} is a guess, but: {other:?}"),
    };
    assert_eq!(
        refused("What is the revenue of the oldest branch?"),
        "which one the number is about has to be named or shown"
    );
    assert_eq!(
        refused("Which region grew the most last year?"),
        "nothing in the data is called \"grew\", \"most\""
    );
}

#[test]
fn things_per_thing_are_counted_by_the_rows_that_connect_them() {
    let planned = planned("What is the average number of cakes per baker?");
    assert_eq!(
        render(&planned.steps[0].plan),
        "baker_cakes: (count(baker_cakes) Divide CountDistinct(bakers.baker_id))"
    );
    assert_eq!(planned.assumptions, ["cakes of each of bakers are counted by baker_cakes"]);
}

#[test]
fn follow_ups_stay_with_the_rows_of_the_question() {
    let now = jiff::civil::date(2025, 8, 20).at(12, 0, 0, 0);
    let next = |text: &str| planner().follow_ups(&planned(text), now);
    assert_eq!(
        next("Top 5 cakes by revenue last quarter"),
        [
            "Revenue by month last quarter",
            "Revenue by region last quarter",
            "Revenue by city last quarter",
            "Revenue by branch last quarter",
        ]
    );
    assert_eq!(
        next("revenue by region in 2024").get(1).map(String::as_str),
        Some("Top 5 regions by revenue in 2024")
    );
    assert!(next("revenue by flavour for Oslo").iter().all(|question| question.ends_with("for Oslo")));
}
