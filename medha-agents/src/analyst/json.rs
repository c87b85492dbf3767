//! The answer as JSON: documented and stable, for `medha ask -f json` and HTTP alike.

use medha_connectors::{ResultSet, Truncation};
use serde_json::{Map, Value as Json, json};

use super::answer::{Answer, AnswerOutcome, Panel};
use crate::chart::{ColumnRole, vega_lite};

impl Answer {
    /// The answer as JSON.
    ///
    /// | key | value |
    /// |---|---|
    /// | `question` | as it was asked |
    /// | `status` | `answered`, `needs_choice`, `abstained`, `refused`, `failed` or `cancelled` |
    /// | `panels` | one object for each part of the answer, with the keys of the next rows |
    /// | `title` | what the part shows |
    /// | `plan` | `{title, intent, plan}`: what the question was taken to mean |
    /// | `sql` | the statement that ran |
    /// | `columns` | `[{name, type, role, format}]`; no two names are the same |
    /// | `rows` | arrays of values in the order of the columns; integers beyond 2^53 are text |
    /// | `row_count`, `truncated` | how many rows there are here; `null`, `"rows"` or `"bytes"` where there are more |
    /// | `chart` | `{kind, spec, description, alternatives}`; `spec` is Vega-Lite v6 whose data set `rows` is the rows as objects by column name, `null` for a table |
    /// | `compared_with` | `{window, sql}` of the query over the window before, or `null` |
    /// | `insights` | `[{kind, text, evidence}]` |
    /// | `follow_ups` | questions that can be asked next |
    /// | `notes` | `[{kind: "assumed" or "remark", text}]` and `[{kind: "mended", from, to}]` |
    /// | `timings` | `[{step, panel, ms}]` |
    /// | `clarification` | `{prompt, options}`, only with `needs_choice` |
    /// | `abstention` | `{reason, understood, not_understood, proposals}`, only with `abstained` |
    /// | `error` | `{code, message, hint}`, only with `refused`, `failed` and `cancelled` |
    ///
    /// The keys of a panel stand at the top as well, with those of the first panel, or `null` where there is none.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let mut answer = Map::new();
        answer.insert("question".into(), json!(self.question));
        answer.insert("status".into(), json!(self.outcome.status()));
        let panels: Vec<Json> = self.panels.iter().map(panel).collect();
        match panels.first() {
            Some(Json::Object(first)) => answer.extend(first.clone()),
            Some(_) | None => answer.extend(empty()),
        }
        answer.insert("panels".into(), Json::Array(panels));
        answer.insert("follow_ups".into(), json!(self.follow_ups));
        answer.insert("notes".into(), json!(self.notes));
        answer.insert("timings".into(), json!(self.timings));
        match &self.outcome {
            AnswerOutcome::Answered => {}
            AnswerOutcome::NeedsChoice(clarification) => {
                answer.insert("clarification".into(), json!(clarification));
            }
            AnswerOutcome::Abstained(abstention) => {
                answer.insert("abstention".into(), json!(abstention));
            }
            AnswerOutcome::Refused { .. } | AnswerOutcome::Failed { .. } | AnswerOutcome::Cancelled => {
                let (code, message, hint) = error(&self.outcome);
                answer.insert("error".into(), json!({ "code": code, "message": message, "hint": hint }));
            }
        }
        Json::Object(answer)
    }
}

/// The code, the message and the hint of an outcome that is no answer.
pub(crate) fn error(outcome: &AnswerOutcome) -> (&'static str, String, Option<String>) {
    match outcome {
        AnswerOutcome::Answered | AnswerOutcome::NeedsChoice(_) => ("none", String::new(), None),
        AnswerOutcome::Abstained(abstention) => {
            let hint = abstention.proposals.first().map(|question| format!("try: {question}"));
            ("not_understood", abstention.reason.clone(), hint)
        }
        AnswerOutcome::Refused { reason } => ("refused", reason.clone(), None),
        AnswerOutcome::Failed { message, hint } => ("failed", message.clone(), hint.clone()),
        AnswerOutcome::Cancelled => ("cancelled", "the question was cancelled".into(), None),
    }
}

/// The columns of a panel's result, with what they mean.
pub(crate) fn columns(panel_columns: &[crate::chart::Column], result: &ResultSet) -> Json {
    let column = |(index, column): (usize, &medha_connectors::ResultColumn)| match panel_columns.get(index) {
        Some(meaning) => {
            let role = match meaning.role {
                ColumnRole::Bucket(_) | ColumnRole::Part(_) | ColumnRole::Moment => "time",
                ColumnRole::Category => "category",
                ColumnRole::Measure => "measure",
            };
            json!({ "name": meaning.name, "type": column.kind, "role": role, "format": meaning.format })
        }
        None => json!({ "name": column.name, "type": column.kind }),
    };
    Json::Array(result.columns.iter().enumerate().map(column).collect())
}

fn panel(panel: &Panel) -> Json {
    let result = &panel.result;
    let spec = vega_lite(&panel.chart, result).ok().flatten();
    json!({
        "title": panel.step.title,
        "plan": panel.step,
        "sql": panel.sql,
        "columns": columns(&panel.columns, result),
        "rows": result.rows,
        "row_count": result.rows.len(),
        "truncated": result.truncated,
        "chart": {
            "kind": panel.chart.kind,
            "spec": spec,
            "description": panel.chart.description,
            "alternatives": panel.chart.alternatives,
        },
        "compared_with": panel.compared_with,
        "insights": panel.insights,
    })
}

/// The keys of a panel where there is none.
fn empty() -> Map<String, Json> {
    let mut keys = Map::new();
    for key in ["title", "plan", "sql"] {
        keys.insert(key.into(), Json::Null);
    }
    for key in ["columns", "rows"] {
        keys.insert(key.into(), json!([]));
    }
    keys.insert("row_count".into(), json!(0));
    keys.insert("truncated".into(), json!(None::<Truncation>));
    keys.insert("chart".into(), Json::Null);
    keys.insert("compared_with".into(), Json::Null);
    keys.insert("insights".into(), json!([]));
    keys
}
