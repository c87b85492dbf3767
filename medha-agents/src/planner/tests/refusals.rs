//! Questions that get no plan, and what is said instead.

use super::model::understand;
use crate::planner::{Correction, Understanding};

fn reason(text: &str) -> String {
    match understand(text) {
        Understanding::NotUnderstood(abstention) => abstention.reason,
        other => panic!("{text:?} is not answered, but it was: {other:?}"),
    }
}

#[test]
fn each_refusal_says_why() {
    for (text, expected) in [
        ("Delete all cakes", "it asks to change data, and data is only ever read here"),
        ("Please update the price of all cakes", "it asks to change data, and data is only ever read here"),
        ("What will revenue be next year?", "it asks about the future, and the data only knows the past"),
        ("What was revenue in 2019?", "the data on sales covers 2022-01-01 to 2025-08-19, not 2019"),
        ("Wie viele Kuchen haben wir nach Region?", "only questions in English are understood"),
        ("Сколько тортов мы продали?", "only questions in English are understood"),
        ("How many drones do we own?", "nothing in the data is called \"drones\""),
        ("What is the weather in Oslo?", "nothing in the data is called \"weather\""),
        ("", "the question names nothing to look up"),
    ] {
        assert_eq!(reason(text), expected, "{text}");
    }
}

#[test]
fn a_refusal_names_what_was_understood_and_proposes_what_can_be_asked() {
    let Understanding::NotUnderstood(abstention) = understand("How many drones are in each region?") else {
        panic!("there are no drones")
    };
    assert_eq!(abstention.not_understood, ["drones"]);
    assert_eq!(abstention.understood, ["region of branches"]);
    assert!(!abstention.proposals.is_empty());
    for proposal in &abstention.proposals {
        assert!(matches!(understand(proposal), Understanding::Planned(_)), "{proposal:?} can be answered");
    }
}

#[test]
fn misspelt_words_are_mended_and_said() {
    let corrections = |text: &str| match understand(text) {
        Understanding::Misspelt { corrections } => corrections,
        other => panic!("{text:?} is misspelt, but: {other:?}"),
    };
    let correction = |from: &str, to: &str| Correction { from: from.into(), to: to.into() };
    assert_eq!(corrections("revenu by region"), [correction("revenu", "revenue")]);
    assert_eq!(corrections("revenue by regoin"), [correction("regoin", "region")]);
    assert_eq!(
        corrections("Show revenu by flavuor"),
        [correction("revenu", "revenue"), correction("flavuor", "flavour")]
    );
}

#[test]
fn what_is_open_is_asked_back_with_questions_that_can_be_answered() {
    for (text, expected) in [
        ("revenue by name", ["revenue by branch", "revenue by cake"]),
        (
            "Show me the best cakes",
            ["Show me the best cakes by revenue", "Show me the best cakes by units sold"],
        ),
    ] {
        let Understanding::Ambiguous(clarification) = understand(text) else { panic!("{text:?} is open") };
        assert_eq!(clarification.options, expected, "{text}");
        for option in &clarification.options {
            assert!(matches!(understand(option), Understanding::Planned(_)), "{option:?} can be answered");
        }
    }
}
