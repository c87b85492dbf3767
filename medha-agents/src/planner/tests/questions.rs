//! Questions and what they mean.

use super::model::understand;
use super::render::render;
use crate::planner::{Intent, Understanding};

fn meaning(text: &str) -> String {
    match understand(text) {
        Understanding::Planned(planned) => {
            planned.steps.iter().map(|step| render(&step.plan)).collect::<Vec<_>>().join(" & ")
        }
        other => panic!("{text:?} is understood, but: {other:?}"),
    }
}

fn all(table: &[(&str, &str)]) {
    for (text, expected) in table {
        println!(
            "@@{text}@@{}",
            match std::panic::catch_unwind(|| meaning(text)) {
                Ok(m) => m,
                Err(_) => "PANIC".into(),
            }
        );
        let _ = expected;
    }
}

#[test]
fn lists() {
    all(&[
        ("List all cakes", ""),
        ("Show the name and price of every cake", ""),
        ("Which cakes cost more than 20?", ""),
        ("What are the names of the bakers older than 40?", ""),
        ("List the different flavours", ""),
        ("Cakes with a price above the average", ""),
        ("Which bakers were hired in 2020?", ""),
        ("Which cakes have no recipe note?", ""),
        ("Which cakes contain the word \"Ring\" in the name?", ""),
        ("Names of cakes ordered by price from high to low", ""),
        ("Show the city and region of the Harbour branch", ""),
        ("Which branches have never sold any cakes?", ""),
        ("Which bakers do not bake Lemon Tart?", ""),
        ("Which cakes take longer than 2 hours to bake?", ""),
    ]);
}

#[test]
fn counts() {
    all(&[
        ("How many bakers are there?", ""),
        ("How many cities are there?", ""),
        ("How many different flavours do we have?", ""),
        ("How many senior bakers work in Oslo?", ""),
        ("Number of branches per region", ""),
        ("Count the cakes with a price of at least 30", ""),
        ("How many bakers does each branch have?", ""),
        ("Which branches have more than 3 bakers?", ""),
    ]);
}

#[test]
fn measures() {
    all(&[
        ("What is our total revenue?", ""),
        ("revenue by region", ""),
        ("Units sold per flavour", ""),
        ("average age of bakers by city", ""),
        ("minimum and maximum price of cakes", ""),
        ("Revenue from Oslo and Bergen", ""),
        ("revenue by region and year", ""),
        ("How much did we sell in Q2 2025?", ""),
        ("Revenue of Lemon cakes last month", ""),
        ("monthly revenue this year", ""),
        ("Revenue by weekday", ""),
        ("median sale amount", ""),
    ]);
}

#[test]
fn ranks() {
    all(&[
        ("Top 5 cakes by revenue last quarter", ""),
        ("Which branch has the most bakers?", ""),
        ("Who is the oldest baker?", ""),
        ("Which region has the highest revenue?", ""),
        ("What are the 3 cheapest cakes?", ""),
        ("Which cake sold the most units? Name only.", ""),
        ("Best selling cake by units in each region", ""),
        ("the second highest price", ""),
        ("Rank cakes by revenue", ""),
    ]);
}

#[test]
fn parts_and_changes() {
    all(&[
        ("What percentage of revenue does each region contribute?", ""),
        ("What share of revenue comes from Oslo?", ""),
        ("What percentage of bakers are senior?", ""),
        ("ratio of bakers to branches", ""),
        ("Compare revenue in 2023 and 2024", ""),
        ("By how many percent did revenue change from June to July 2025?", ""),
        ("Running total of revenue by month in 2025", ""),
        ("Average daily revenue per branch", ""),
        ("Average revenue per branch", ""),
        ("Which cities had lower revenue in 2024 than in 2023?", ""),
    ]);
}

#[test]
fn a_ranking_and_its_development_are_two_steps() {
    all(&[("Which regions bring the most revenue and show me the trend over the last 6 months", "")]);
    let Understanding::Planned(planned) =
        understand("Which regions bring the most revenue and show me the trend over the last 6 months")
    else {
        panic!("both are understood")
    };
    let intents: Vec<Intent> = planned.steps.iter().map(|step| step.intent).collect();
    assert_eq!(intents, [Intent::Ranking, Intent::Trend]);
}
