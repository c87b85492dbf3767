//! Questions that could mean several things.

use medha_agents::analyst::{Analyst, AnswerOutcome, AskRequest, Note};
use medha_agents::planner::{Clarification, Understanding};

use crate::shop::*;

async fn analyst() -> (Shop, Analyst) {
    let clarification = Clarification {
        prompt: "Which sales?".into(),
        options: vec!["sales by segment?".into(), "sales by month?".into()],
    };
    let script = [
        ("sales?", Understanding::Ambiguous(clarification)),
        ("sales by segment?", planned([by_segment()])),
        ("sales by month?", planned([by_month()])),
    ];
    let shop = Shop::open(script).await;
    let analyst = shop.analyst().await;
    (shop, analyst)
}

#[tokio::test]
async fn the_run_stops_to_ask_and_goes_on_with_the_choice() {
    let (_shop, analyst) = analyst().await;
    let answer = analyst.ask(asking("sales?")).await;
    let AnswerOutcome::NeedsChoice(clarification) = &answer.outcome else { panic!("{answer:?}") };
    assert_eq!(clarification.options.len(), 2);
    assert_eq!(answer.to_json()["clarification"]["prompt"], "Which sales?");

    let answer = analyst.resume("run-1", "2").unwrap().answer().await;
    assert_eq!(answer.outcome, AnswerOutcome::Answered);
    assert_eq!(answer.question, "sales?");
    assert_eq!(answer.panels[0].step, by_month());

    let error = analyst.resume("run-1", "2").unwrap_err();
    assert_eq!(
        error.to_string(),
        "no run \"run-1\" waits for a choice; it was answered, or too many were asked since"
    );
}

#[tokio::test]
async fn a_choice_can_come_with_the_question() {
    let (_shop, analyst) = analyst().await;
    let request = AskRequest { choice: Some("Sales by segment?".into()), ..asking("sales?") };
    let answer = analyst.ask(request).await;
    assert_eq!(answer.panels[0].step, by_segment());
    assert_eq!(answer.notes, []);
}

#[tokio::test]
async fn a_choice_that_was_not_needed_is_said() {
    let (_shop, analyst) = analyst().await;
    let request = AskRequest { choice: Some("2".into()), ..asking("sales by month?") };
    let answer = analyst.ask(request).await;
    assert_eq!(answer.panels[0].step, by_month());
    assert_eq!(answer.notes, [Note::Remark { text: "No choice was needed, so \"2\" was not used.".into() }]);
}

#[tokio::test]
async fn other_words_than_the_options_are_understood_too() {
    let (_shop, analyst) = analyst().await;
    analyst.ask(asking("sales?")).await;
    let answer = analyst.resume("run-1", "nonsense").unwrap().answer().await;
    let AnswerOutcome::Abstained(abstention) = answer.outcome else { panic!() };
    assert_eq!(abstention.reason, "\"nonsense\" is not in the script");
}

#[tokio::test]
async fn runs_that_wait_do_not_disturb_each_other() {
    let (_shop, analyst) = analyst().await;
    for run in ["a", "b"] {
        analyst.ask(AskRequest { run_id: Some(run.into()), ..asking("sales?") }).await;
    }
    let first = analyst.resume("a", "1").unwrap().answer().await;
    let second = analyst.resume("b", "2").unwrap().answer().await;
    assert_eq!((&first.panels[0].step, &second.panels[0].step), (&by_segment(), &by_month()));
}
