//! Whatever is asked, the planner answers with a value and never with a panic.

use proptest::prelude::*;

use super::model::{planner, understand};
use crate::planner::{Question, Understanding};

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_answered(text in "\\PC{0,120}") {
        understand(&text);
    }

    #[test]
    fn any_words_of_questions_are_answered(words in prop::collection::vec(prop::sample::select(WORDS.to_vec()), 1..18)) {
        understand(&words.join(" "));
    }
}

#[test]
fn long_and_strange_texts_are_answered() {
    let essay = "Once upon a time there was a bakery in Oslo that sold more than 10 cakes. ".repeat(200);
    for text in [
        essay.as_str(),
        "",
        "???",
        "🍰🍰🍰 by 🏙",
        "'",
        "\"",
        "((((",
        "))))",
        "1e309",
        "in in in in",
        "top",
        "most",
        "by",
    ] {
        understand(text);
    }
}

#[test]
fn the_same_question_means_the_same_every_time() {
    let now = jiff::civil::date(2025, 8, 20).at(12, 0, 0, 0);
    let question = Question {
        text: "Top 3 cakes by revenue in each region last year",
        now,
        instructions: None,
        history: &[],
    };
    let first = planner().understand(&question);
    assert!((0..5).all(|_| planner().understand(&question) == first));
}

#[test]
fn follow_ups_are_understood_as_they_stand() {
    let now = jiff::civil::date(2025, 8, 20).at(12, 0, 0, 0);
    for text in [
        "Revenue by region",
        "How many bakers are there?",
        "List all cakes",
        "Top 3 cakes by revenue",
        "average price by flavour",
    ] {
        let Understanding::Planned(planned) = understand(text) else { panic!("{text:?} is understood") };
        let follow_ups = planner().follow_ups(&planned, now);
        assert!(!follow_ups.is_empty(), "something can be asked after {text:?}");
        for next in follow_ups {
            assert!(
                matches!(understand(&next), Understanding::Planned(_)),
                "{next:?} after {text:?} is understood"
            );
        }
    }
}

const WORDS: [&str; 60] = [
    "how",
    "many",
    "much",
    "what",
    "which",
    "who",
    "where",
    "when",
    "show",
    "list",
    "top",
    "5",
    "2024",
    "the",
    "of",
    "in",
    "by",
    "per",
    "each",
    "for",
    "with",
    "without",
    "no",
    "not",
    "and",
    "or",
    "both",
    "than",
    "more",
    "less",
    "least",
    "most",
    "highest",
    "oldest",
    "average",
    "total",
    "number",
    "percentage",
    "ratio",
    "revenue",
    "units",
    "cakes",
    "bakers",
    "branches",
    "sales",
    "price",
    "age",
    "city",
    "region",
    "name",
    "Oslo",
    "Lemon",
    "'x'",
    "last",
    "month",
    "between",
    "ordered",
    "descending",
    "compared",
    ",",
];
