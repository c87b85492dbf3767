//! The node behind every error edge: it mends what can be mended, tells the user, and sends it back.

use medha_graph::{Command, Context, Ctx, Failure, NodeError};

use super::super::answer::{AnswerOutcome, Note};
use super::super::event::EventPayload;
use super::super::mend::{self, Mend};
use super::super::state::{AnalystState, PanelAt, PanelWork};
use super::super::tools::{RunTools, Step, Tools};
use super::super::trouble::{Trouble, UnknownName};
use super::panel;
use crate::planner::Correction;

/// So many names of one panel are mended.
const MOST_MENDS: usize = 2;

/// Looks at a failure and decides how it goes on.
pub(crate) async fn recover(
    state: &AnalystState,
    failure: Failure,
    tools: Context<Tools>,
    run: Context<RunTools>,
    ctx: Ctx,
) -> Result<Command<AnalystState>, NodeError> {
    let at = failure.payload.clone().and_then(|payload| serde_json::from_value::<PanelAt>(payload).ok());
    let trouble = failure.detail::<Trouble>().unwrap_or_else(|| {
        tracing::error!(node = failure.node, error = failure.error, "a step of the workflow broke");
        Trouble::failed(
            format!("the step {:?} broke", failure.node),
            Some("ask again, or report the question"),
        )
    });
    match (trouble, at) {
        (Trouble::Misspelt { corrections }, _) => Ok(reword(state, &corrections, &run, &ctx)),
        (Trouble::UnknownName { name, message }, Some(at)) => {
            let work = panel::take(state, at)?;
            let step = Step::begin(&ctx, &run, "recover", Some(at.panel), "Looking for the right name");
            match find(&name, &work, &tools).await {
                Some(mend) => {
                    let (from, to) = mend.names();
                    step.done(format!("{from} is now {to}"));
                    Ok(rename(at, work, &mend, &ctx))
                }
                None => {
                    step.failed("nothing is near enough to be sure");
                    Ok(give_up(at, work, gone(&name, &message)))
                }
            }
        }
        (Trouble::UnknownName { name, message }, None) => Ok(end(gone(&name, &message))),
        (Trouble::Final { outcome }, Some(at)) => Ok(give_up(at, panel::take(state, at)?, outcome)),
        (Trouble::Final { outcome }, None) => Ok(end(outcome)),
    }
}

/// Puts known words in the place of unknown ones and plans again.
fn reword(
    state: &AnalystState,
    corrections: &[Correction],
    run: &RunTools,
    ctx: &Ctx,
) -> Command<AnalystState> {
    let step = Step::begin(ctx, run, "recover", None, "Mending the question");
    let mut question =
        if state.question.is_empty() { state.asked.question.clone() } else { state.question.clone() };
    let mut notes = Vec::new();
    let mut told = Vec::new();
    for correction in corrections {
        question = replace_words(&question, &correction.from, &correction.to);
        ctx.emit(EventPayload::Correction { from: correction.from.clone(), to: correction.to.clone() });
        told.push(format!("{} read as {}", correction.from, correction.to));
        notes.push(Note::Mended(correction.clone()));
    }
    step.done(told.join(", "));
    let update = AnalystState::update().question(question).rewordings(1_u32).notes(notes);
    Command::new().update(update).goto("plan")
}

/// Looks for what a name is called now, in the schema as it was read and then as it is.
async fn find(name: &UnknownName, work: &PanelWork, tools: &Tools) -> Option<Mend> {
    if work.mends.len() >= MOST_MENDS {
        return None;
    }
    let mut model = (*tools.model).clone();
    for mend in &work.mends {
        mend.apply(&mut model);
    }
    if let Some(mend) = mend::find(name, &model, &tools.schema()) {
        return Some(mend);
    }
    let schema = tools.read_schema_again().await.ok()?;
    mend::find(name, &model, &schema)
}

fn rename(at: PanelAt, mut work: PanelWork, mend: &Mend, ctx: &Ctx) -> Command<AnalystState> {
    let (from, to) = mend.names();
    let (from, to) = (from.to_owned(), to.to_owned());
    ctx.emit(EventPayload::Correction { from: from.clone(), to: to.clone() });
    work.mends.push(mend.clone());
    let notes = [Note::Mended(Correction { from, to })];
    Command::new().update(panel::put(at, work).notes(notes)).send("sql", &at)
}

fn give_up(at: PanelAt, mut work: PanelWork, outcome: AnswerOutcome) -> Command<AnalystState> {
    work.failure = Some(outcome);
    Command::new().update(panel::put(at, work)).goto("follow_ups")
}

fn end(outcome: AnswerOutcome) -> Command<AnalystState> {
    Command::new().update(AnalystState::update().ending(Some(outcome))).goto("follow_ups")
}

/// A name that is gone and has no near one.
fn gone(name: &UnknownName, message: &str) -> AnswerOutcome {
    tracing::warn!(message, "the model does not fit the database");
    AnswerOutcome::Failed {
        message: format!("the semantic model speaks of {name}, which the database does not have"),
        hint: Some("the database has changed: bring the model up to date".into()),
    }
}

/// Replaces words, whatever their case, and only whole ones.
fn replace_words(text: &str, from: &str, to: &str) -> String {
    if from.is_empty() {
        return text.to_owned();
    }
    let is_word =
        |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(letter) = text[at..].chars().next() {
        let end = matched(&text[at..], from).map(|length| at + length);
        let alone =
            |end: usize| !is_word(text[..at].chars().next_back()) && !is_word(text[end..].chars().next());
        match end.filter(|&end| alone(end)) {
            Some(end) => {
                out.push_str(to);
                at = end;
            }
            None => {
                out.push(letter);
                at += letter.len_utf8();
            }
        }
    }
    out
}

/// How long the start of a text is that equals a word but for case.
fn matched(text: &str, word: &str) -> Option<usize> {
    let mut letters = text.char_indices();
    for wanted in word.chars() {
        let (_, letter) = letters.next()?;
        if !letter.to_lowercase().eq(wanted.to_lowercase()) {
            return None;
        }
    }
    Some(letters.next().map_or(text.len(), |(place, _)| place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_words_are_replaced() {
        let cases = [
            ("Show me Revenu by region", "revenu", "revenue", "Show me revenue by region"),
            ("revenues and revenu", "revenu", "revenue", "revenues and revenue"),
            ("Ünits, ünits!", "ünits", "units", "units, units!"),
            ("product categry?", "product categry", "product category", "product category?"),
            ("abc", "", "x", "abc"),
        ];
        for (text, from, to, expected) in cases {
            assert_eq!(replace_words(text, from, to), expected);
        }
    }
}
