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
        assert_eq!(meaning(text), *expected, "{text}");
    }
}

#[test]
fn lists() {
    all(&[
        ("List all cakes", "cakes: cakes.cake_name"),
        ("Show the name and price of every cake", "cakes: cakes.cake_name, cakes.price"),
        ("Which cakes cost more than 20?", "cakes: cakes.cake_name | where cakes.price > 20"),
        (
            "What are the names of the bakers older than 40?",
            "bakers: bakers.first_name, bakers.last_name | where bakers.age > 40",
        ),
        ("List the different flavours", "cakes: cakes.flavour | distinct rows"),
        (
            "Cakes with a price above the average",
            "cakes: cakes.cake_name | where cakes.price > (cakes: Average(cakes.price))",
        ),
        (
            "Which bakers were hired in 2020?",
            "bakers: bakers.first_name, bakers.last_name | time bakers.hired_on 2020-01-01..2021-01-01",
        ),
        ("Which cakes have no recipe note?", "cakes: cakes.cake_name | where cakes.recipe_note missing"),
        (
            "Which cakes contain the word \"Ring\" in the name?",
            "cakes: cakes.cake_name | where cakes.cake_name Contains 'Ring'",
        ),
        ("Names of cakes ordered by price from high to low", "cakes: cakes.cake_name | order -cakes.price"),
        (
            "Show the city and region of the Harbour branch",
            "branches: branches.city, branches.region | where branches.branch_name = 'Harbour'",
        ),
        ("Which branches have never sold any cakes?", "branches: branches.branch_name | where no cakes()"),
        (
            "Which bakers do not bake Lemon Tart?",
            "bakers: bakers.first_name, bakers.last_name | where no cakes(cakes.cake_name = 'Lemon Tart')",
        ),
        (
            "Which cakes take longer than 2 hours to bake?",
            "cakes: cakes.cake_name | where cakes.baking_time > 120",
        ),
    ]);
}

#[test]
fn counts() {
    all(&[
        ("How many bakers are there?", "bakers: count(bakers)"),
        ("How many cities are there?", "branches: CountDistinct(branches.city)"),
        ("How many different flavours do we have?", "cakes: CountDistinct(cakes.flavour)"),
        (
            "How many senior bakers work in Oslo?",
            "bakers: count(bakers) | where <senior_bakers>, branches.city = 'Oslo'",
        ),
        ("Number of branches per region", "branches: branches.region, count(branches)"),
        ("Count the cakes with a price of at least 30", "cakes: count(cakes) | where cakes.price >= 30"),
        (
            "How many bakers does each branch have?",
            "bakers: branches.branch_name, count(bakers) | key branches.branch_id",
        ),
        (
            "Which branches have more than 3 bakers?",
            "branches: branches.branch_name | key branches.branch_id | having count(bakers) > 3",
        ),
    ]);
}

#[test]
fn measures() {
    all(&[
        ("What is our total revenue?", "sales: [revenue]"),
        ("revenue by region", "sales: branches.region, [revenue]"),
        ("Units sold per flavour", "sales: cakes.flavour, [units_sold]"),
        ("average age of bakers by city", "bakers: branches.city, Average(bakers.age)"),
        ("minimum and maximum price of cakes", "cakes: Min(cakes.price), Max(cakes.price)"),
        ("Revenue from Oslo and Bergen", "sales: [revenue] | where branches.city in ('Oslo', 'Bergen')"),
        ("revenue by region and year", "sales: branches.region, Year(sales.sold_on), [revenue]"),
        ("How much did we sell in Q2 2025?", "sales: [revenue] | time sales.sold_on 2025-04-01..2025-07-01"),
        (
            "Revenue of Lemon cakes last month",
            "sales: [revenue] | where cakes.flavour = 'Lemon' | time sales.sold_on 2025-07-01..2025-08-01",
        ),
        (
            "monthly revenue this year",
            "sales: Month(sales.sold_on), [revenue] | time sales.sold_on 2025-01-01..2026-01-01",
        ),
        ("Revenue by weekday", "sales: DayOfWeek(sales.sold_on), [revenue]"),
        ("median sale amount", "sales: Median(sales.amount)"),
    ]);
}

#[test]
fn ranks() {
    all(&[
        (
            "Top 5 cakes by revenue last quarter",
            "sales: cakes.cake_name, [revenue] | key cakes.cake_id | time sales.sold_on 2025-04-01..2025-07-01 | order -[revenue] | limit 5",
        ),
        (
            "Which branch has the most bakers?",
            "branches: branches.branch_name | key branches.branch_id | order -count(bakers) | limit 1",
        ),
        (
            "Who is the oldest baker?",
            "bakers: bakers.first_name, bakers.last_name | order -bakers.age | limit 1",
        ),
        ("Which region has the highest revenue?", "sales: branches.region | order -[revenue] | limit 1"),
        (
            "What are the 3 cheapest cakes?",
            "cakes: cakes.cake_name, cakes.price | order +cakes.price | limit 3",
        ),
        (
            "Which cake sold the most units? Name only.",
            "sales: cakes.cake_name | key cakes.cake_id | order -[units_sold] | limit 1",
        ),
        (
            "Best selling cake by units in each region",
            "sales: branches.region, cakes.cake_name | key cakes.cake_id | top 1 of branches.region by -[units_sold]",
        ),
        ("the second highest price", "cakes: cakes.price | order -cakes.price | limit 1 | offset 1"),
        (
            "Rank cakes by revenue",
            "sales: cakes.cake_name, [revenue], rank([revenue]) | key cakes.cake_id | order -[revenue]",
        ),
    ]);
}

#[test]
fn parts_and_changes() {
    all(&[
        (
            "What percentage of revenue does each region contribute?",
            "sales: branches.region, (100 Multiply ([revenue] Divide total([revenue])))",
        ),
        (
            "What share of revenue comes from Oslo?",
            "sales: (100 Multiply ([revenue][branches.city = 'Oslo'] Divide [revenue]))",
        ),
        (
            "What percentage of bakers are senior?",
            "bakers: (100 Multiply (count(bakers)[<senior_bakers>] Divide count(bakers)))",
        ),
        ("ratio of bakers to branches", "bakers: (count(bakers) Divide count(branches))"),
        (
            "Compare revenue in 2023 and 2024",
            "sales: Year(sales.sold_on), [revenue] | where any(sales.sold_on 2023-01-01..2024-01-01, sales.sold_on 2024-01-01..2025-01-01)",
        ),
        (
            "By how many percent did revenue change from June to July 2025?",
            "sales: (100 Multiply (([revenue][sales.sold_on 2025-07-01..2025-08-01] Subtract [revenue][sales.sold_on 2025-06-01..2025-07-01]) Divide [revenue][sales.sold_on 2025-06-01..2025-07-01]))",
        ),
        (
            "Running total of revenue by month in 2025",
            "sales: Month(sales.sold_on), running([revenue]) | time sales.sold_on 2025-01-01..2026-01-01",
        ),
        (
            "Average daily revenue per branch",
            "sales: branches.branch_name, ([revenue] Divide CountDistinct(Day(sales.sold_on))) | key branches.branch_id",
        ),
        ("Average revenue per branch", "sales: ([revenue] Divide CountDistinct(branches.branch_id))"),
        (
            "Which cities had lower revenue in 2024 than in 2023?",
            "sales: branches.city | having [revenue][sales.sold_on 2024-01-01..2025-01-01] < [revenue][sales.sold_on 2023-01-01..2024-01-01]",
        ),
    ]);
}

#[test]
fn a_ranking_and_its_development_are_two_steps() {
    all(&[(
        "Which regions bring the most revenue and show me the trend over the last 6 months",
        "sales: branches.region, [revenue] | order -[revenue] & sales: Month(sales.sold_on), branches.region, [revenue] | time sales.sold_on 2025-02-01..2025-08-21 | order +Month(sales.sold_on), +branches.region",
    )]);
    let Understanding::Planned(planned) =
        understand("Which regions bring the most revenue and show me the trend over the last 6 months")
    else {
        panic!("both are understood")
    };
    let intents: Vec<Intent> = planned.steps.iter().map(|step| step.intent).collect();
    assert_eq!(intents, [Intent::Ranking, Intent::Trend]);
}
