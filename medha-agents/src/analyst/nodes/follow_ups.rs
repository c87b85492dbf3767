//! The last node: what can be asked next.

use medha_graph::{Context, Ctx};

use super::super::event::EventPayload;
use super::super::state::{AnalystState, AnalystStateUpdate, PanelWork};
use super::super::suggest::suggest;
use super::super::tools::{RunTools, Step, Tools};
use crate::planner::{PlannedStep, Question, Understanding};

/// So many questions are offered.
const MOST: usize = 3;

/// Offers questions that the planner can answer; nothing where nothing was answered.
pub(crate) async fn follow_ups(
    state: &AnalystState,
    tools: Context<Tools>,
    run: Context<RunTools>,
    ctx: Ctx,
) -> AnalystStateUpdate {
    let is_answered =
        |work: &&PanelWork| work.failure.is_none() && (work.result.is_some() || state.asked.dry_run);
    let steps: Vec<PlannedStep> =
        state.panels.values().filter(is_answered).map(|work| work.step.clone()).collect();
    if steps.is_empty() || state.ending.is_some() {
        return AnalystState::update();
    }
    let step = Step::begin(&ctx, &run, "follow_ups", None, "Thinking of what to ask next");
    let now = state.asked.now;
    let mut items: Vec<String> = Vec::new();
    let ideas = tools.planner.follow_ups(&steps, now).into_iter().chain(suggest(&steps, &tools.model));
    for question in ideas {
        let asked = Question { text: &question, now, instructions: None, history: &[] };
        let known = items.contains(&question) || question.eq_ignore_ascii_case(&state.asked.question);
        if known || items.len() == MOST {
            continue;
        }
        // A question that leads to the answer just given leads nowhere.
        let leads_on = match tools.planner.understand(&asked) {
            Understanding::Planned(planned) => {
                planned.steps.iter().any(|next| steps.iter().all(|step| step.plan != next.plan))
            }
            Understanding::Misspelt { .. }
            | Understanding::Ambiguous(_)
            | Understanding::NotUnderstood(_) => false,
        };
        if leads_on {
            items.push(question);
        }
    }
    ctx.emit(EventPayload::FollowUpsReady { items: items.clone() });
    step.done(format!("{} questions", items.len()));
    AnalystState::update().follow_ups(items)
}
