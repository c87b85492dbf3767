//! The planner's node: from words to steps, asking back where a question could mean several things.

use std::collections::BTreeMap;

use medha_graph::{Context, Ctx, NodeError};

use super::super::answer::{AnswerOutcome, Note};
use super::super::event::EventPayload;
use super::super::state::{AnalystState, AnalystStateUpdate, PanelWork};
use super::super::tools::{RunTools, Step, Tools};
use super::super::trouble::Trouble;
use crate::planner::{Abstention, Clarification, Planned, Question, Understanding};

/// Words are mended so often at most.
const MOST_REWORDINGS: u32 = 3;
/// Choices are asked for so often at most.
const MOST_CHOICES: usize = 3;

/// Understands the question.
pub(crate) async fn plan(
    state: &AnalystState,
    tools: Context<Tools>,
    run: Context<RunTools>,
    ctx: Ctx,
) -> Result<AnalystStateUpdate, NodeError> {
    let step = Step::begin(&ctx, &run, "plan", None, "Understanding the question");
    let asked = &state.asked;
    let mut question =
        if state.question.is_empty() { asked.question.clone() } else { state.question.clone() };
    let mut given = asked.choice.clone();
    for _ in 0..=MOST_CHOICES {
        let understanding = tools.planner.understand(&Question {
            text: &question,
            now: asked.now,
            instructions: asked.instructions.as_deref(),
            history: &asked.history,
        });
        match understanding {
            Understanding::Planned(planned) if planned.steps.is_empty() => break,
            Understanding::Planned(planned) => {
                let unused = given.map(|choice| Note::Remark {
                    text: format!("No choice was needed, so {choice:?} was not used."),
                });
                return Ok(planned_update(planned, question, unused, step, &ctx));
            }
            Understanding::Misspelt { corrections }
                if state.rewordings < MOST_REWORDINGS && !corrections.is_empty() =>
            {
                let words: Vec<String> =
                    corrections.iter().map(|correction| format!("{:?}", correction.from)).collect();
                step.failed(format!("not known: {}", words.join(", ")));
                return Err(Trouble::Misspelt { corrections }.into_error());
            }
            Understanding::Misspelt { corrections } => {
                let not_understood: Vec<String> =
                    corrections.into_iter().map(|correction| correction.from).collect();
                let reason = "some words of the question are not known".into();
                return Ok(abstained(Abstention { reason, not_understood, ..Abstention::default() }, step));
            }
            Understanding::Ambiguous(clarification) => {
                let choice = match given.take() {
                    Some(choice) => choice,
                    None => ctx.interrupt(&clarification).await,
                };
                question = chosen(&clarification, &choice);
            }
            Understanding::NotUnderstood(abstention) => return Ok(abstained(abstention, step)),
        }
    }
    let reason = "the question could not be narrowed down to one meaning".into();
    Ok(abstained(Abstention { reason, ..Abstention::default() }, step))
}

fn planned_update(
    planned: Planned,
    question: String,
    unused: Option<Note>,
    step: Step<'_>,
    ctx: &Ctx,
) -> AnalystStateUpdate {
    let titles: Vec<&str> = planned.steps.iter().map(|step| step.title.as_str()).collect();
    let detail = titles.join("; ");
    let steps = serde_json::to_value(&planned.steps).unwrap_or_default();
    ctx.emit(EventPayload::PlanReady { steps, assumptions: planned.assumptions.clone() });
    step.done(detail);
    let panels: BTreeMap<usize, PanelWork> =
        planned.steps.into_iter().map(PanelWork::new).enumerate().collect();
    let notes: Vec<Note> =
        planned.assumptions.into_iter().map(|text| Note::Assumed { text }).chain(unused).collect();
    AnalystState::update().question(question).panels(panels).notes(notes)
}

fn abstained(abstention: Abstention, step: Step<'_>) -> AnalystStateUpdate {
    step.failed(abstention.reason.clone());
    AnalystState::update().ending(Some(AnswerOutcome::Abstained(abstention)))
}

/// The question a choice stands for: an option by its number or its words, else the words themselves.
fn chosen(clarification: &Clarification, choice: &str) -> String {
    let choice = choice.trim();
    let by_number =
        choice.parse::<usize>().ok().and_then(|number| clarification.options.get(number.checked_sub(1)?));
    let by_words = || clarification.options.iter().find(|option| option.trim().eq_ignore_ascii_case(choice));
    by_number.or_else(by_words).cloned().unwrap_or_else(|| choice.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_a_number_an_option_or_other_words() {
        let options = vec!["Revenue by region".to_owned(), "Orders by region".to_owned()];
        let clarification = Clarification { prompt: "Which?".into(), options };
        assert_eq!(chosen(&clarification, "2"), "Orders by region");
        assert_eq!(chosen(&clarification, " revenue BY region"), "Revenue by region");
        assert_eq!(chosen(&clarification, "0"), "0");
        assert_eq!(chosen(&clarification, "Units by region"), "Units by region");
    }
}
