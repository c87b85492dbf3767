//! A whole answer as text: tables, charts, findings and what to ask next.

use medha_agents::analyst::{Answer, AnswerOutcome, Note, Panel};
use medha_agents::chart::ChartKind;
use medha_connectors::Truncation;

use super::chart::chart;
use super::table::{list, table};
use super::text::{cell, harmless};
use crate::terminal::Paint;

/// What of an answer is shown, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct View {
    /// The columns of the terminal.
    pub(crate) space: usize,
    /// Whether text is painted.
    pub(crate) paint: Paint,
    /// Whether charts are drawn.
    pub(crate) charts: Charts,
}

/// Whether charts are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Charts {
    /// Where one says more than the table.
    #[default]
    Auto,
    /// Never.
    None,
}

/// A panel and, where it was asked for, how it came about.
#[derive(Debug)]
pub(crate) struct Shown<'a> {
    pub(crate) panel: &'a Panel,
    pub(crate) explanation: Option<String>,
}

/// Draws the panels of an answer and the questions that may follow it.
pub(crate) fn panels(shown: &[Shown<'_>], follow_ups: &[String], view: View) -> String {
    let mut parts: Vec<String> = Vec::new();
    for one in shown {
        let mut part = String::new();
        if shown.len() > 1 {
            part.push_str(&view.paint.bold(&harmless(&one.panel.step.title)));
            part.push('\n');
        }
        if let Some(explanation) = &one.explanation {
            part.push_str(explanation);
            part.push('\n');
        }
        part.push_str(&panel(one.panel, view));
        parts.push(part);
    }
    let mut out = parts.join("\n");
    if !follow_ups.is_empty() {
        out.push_str(&format!("\n{}\n", view.paint.dim("Next:")));
        for (index, question) in follow_ups.iter().enumerate() {
            out.push_str(&format!("  ({}) {}\n", index + 1, harmless(question)));
        }
    }
    out
}

fn panel(panel: &Panel, view: View) -> String {
    let (columns, result) = (panel.columns.as_slice(), &*panel.result);
    let mut out = String::new();
    let is_card = panel.chart.kind == ChartKind::Metric && result.rows.len() == 1;
    if let (true, [row]) = (is_card, result.rows.as_slice()) {
        let names: Vec<String> = columns.iter().map(|column| harmless(&column.name)).collect();
        let texts: Vec<String> = columns
            .iter()
            .zip(row)
            .map(|(column, value)| match cell(column, value) {
                text if text.is_empty() => "(none)".into(),
                text => view.paint.bold(&text),
            })
            .collect();
        out.push_str(&list(&names, &texts));
    } else if !result.columns.is_empty() {
        out.push_str(&table(columns, &result.rows, view.space));
    }
    if let Some(truncated) = result.truncated {
        out.push_str(&format!("{}\n", cut_note(result.rows.len(), truncated)));
    }
    if view.charts == Charts::Auto {
        out.push_str(&chart(&panel.chart, columns, result, view.space));
    }
    for finding in &panel.insights {
        out.push_str(&format!("• {}\n", harmless(&finding.text)));
    }
    out
}

/// What is said when a result stops before its end.
pub(crate) fn cut_note(rows: usize, truncated: Truncation) -> String {
    match truncated {
        Truncation::Rows => {
            format!("These are the first {rows} rows; there are more (raise --max-rows or ask for less).")
        }
        _ => format!("These are the first {rows} rows; more would be too large (ask for less)."),
    }
}

/// How a panel came about: the plan in words and the SQL that ran.
pub(crate) fn explanation(words: &str, sql: &str, paint: Paint) -> String {
    let words = if words.is_empty() { String::new() } else { format!("{}\n", paint.dim(&harmless(words))) };
    let sql: String =
        sql.trim_end().lines().map(|line| format!("  {}\n", paint.cyan(&harmless(line)))).collect();
    format!("{words}{sql}")
}

/// What was assumed, mended or worth knowing, a line each.
pub(crate) fn notes(notes: &[Note]) -> Vec<String> {
    notes
        .iter()
        .map(|note| match note {
            Note::Assumed { text } => format!("Assumed: {}", harmless(text)),
            Note::Mended(correction) => {
                format!("Read “{}” as “{}”", harmless(&correction.from), harmless(&correction.to))
            }
            Note::Remark { text } => harmless(text),
        })
        .collect()
}

/// Why there is no answer, in lines; empty if there is one.
pub(crate) fn no_answer(answer: &Answer) -> Vec<String> {
    match &answer.outcome {
        AnswerOutcome::Answered => vec![],
        AnswerOutcome::NeedsChoice(clarification) => {
            let mut lines = vec![harmless(&clarification.prompt)];
            lines.extend(numbered(&clarification.options));
            lines
        }
        AnswerOutcome::Abstained(abstention) => {
            let mut lines = vec![harmless(&abstention.reason)];
            let words = |words: &[String]| {
                words.iter().map(|word| format!("“{}”", harmless(word))).collect::<Vec<_>>().join(", ")
            };
            if !abstention.understood.is_empty() {
                lines.push(format!("  Understood: {}", words(&abstention.understood)));
            }
            if !abstention.not_understood.is_empty() {
                lines.push(format!("  Not understood: {}", words(&abstention.not_understood)));
            }
            if !abstention.proposals.is_empty() {
                lines.push("  You can ask:".into());
                lines.extend(numbered(&abstention.proposals));
            }
            lines
        }
        AnswerOutcome::Refused { reason } => vec![format!("Refused: {}", harmless(reason))],
        AnswerOutcome::Cancelled => vec!["Cancelled.".into()],
        AnswerOutcome::Failed { message, hint } => {
            let mut lines = vec![format!("Failed: {}", harmless(message))];
            lines.extend(hint.iter().map(|hint| format!("  {}", harmless(hint))));
            lines
        }
    }
}

fn numbered(options: &[String]) -> impl Iterator<Item = String> {
    options.iter().enumerate().map(|(index, option)| format!("  ({}) {}", index + 1, harmless(option)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use medha_agents::planner::{Abstention, Correction};

    fn answer(outcome: AnswerOutcome) -> Answer {
        Answer {
            question: "?".into(),
            outcome,
            panels: vec![],
            follow_ups: vec![],
            notes: vec![],
            timings: vec![],
        }
    }

    #[test]
    fn what_was_not_understood_is_told_with_what_can_be_asked() {
        let abstained = answer(AnswerOutcome::Abstained(Abstention {
            reason: "I do not know what weather is.".into(),
            understood: vec!["last month".into()],
            not_understood: vec!["weather\u{1b}[2J".into()],
            proposals: vec!["How many orders were there last month?".into()],
        }));
        let expected = [
            "I do not know what weather is.",
            "  Understood: “last month”",
            "  Not understood: “weather\\u{1b}[2J”",
            "  You can ask:",
            "  (1) How many orders were there last month?",
        ];
        assert_eq!(no_answer(&abstained), expected);
        let failed = AnswerOutcome::Failed { message: "disk".into(), hint: Some("try again".into()) };
        assert_eq!(no_answer(&answer(failed)), ["Failed: disk", "  try again"]);
    }

    #[test]
    fn notes_say_what_was_assumed_and_mended() {
        let told = notes(&[
            Note::Assumed { text: "weeks begin on Monday".into() },
            Note::Mended(Correction { from: "revenu".into(), to: "revenue".into() }),
            Note::Remark { text: "June is not over".into() },
        ]);
        let expected = ["Assumed: weeks begin on Monday", "Read “revenu” as “revenue”", "June is not over"];
        assert_eq!(told, expected);
    }
}
