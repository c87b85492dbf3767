//! What happens while a question is answered, in one envelope for terminal and HTTP alike.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// One event of a run. `seq` starts at 1 and has no gaps.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AnalystEvent {
    /// Its number in the run.
    pub seq: u64,
    /// The run.
    pub run_id: String,
    /// When, RFC 3339 in UTC.
    pub ts: String,
    /// What happened.
    #[serde(flatten)]
    pub payload: EventPayload,
}

/// What happened. The names on the wire are stable: `run.started`, `step.finished`, ...
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
#[non_exhaustive]
pub enum EventPayload {
    /// The first event of every run.
    #[serde(rename = "run.started")]
    RunStarted {
        /// As it was asked.
        question: String,
    },
    /// A step began.
    #[serde(rename = "step.started")]
    StepStarted {
        /// `plan`, `sql`, `guard`, `execute`, `chart`, `insight`, `recover` or `follow_ups`.
        step: String,
        /// Which panel, from 0, where the step belongs to one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        panel: Option<usize>,
        /// For a person.
        title: String,
    },
    /// A step ended.
    #[serde(rename = "step.finished")]
    StepFinished {
        /// Which.
        step: String,
        /// Which panel, from 0, where the step belongs to one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        panel: Option<usize>,
        /// For a person: `3 rows, 12 ms`.
        detail: String,
        /// Whether it did its work.
        ok: bool,
        /// Milliseconds.
        ms: f64,
    },
    /// The plan stands.
    #[serde(rename = "plan.ready")]
    PlanReady {
        /// The steps, as in the answer.
        steps: Json,
        /// What was assumed.
        assumptions: Vec<String>,
    },
    /// SQL has passed the guard.
    #[serde(rename = "sql.ready")]
    SqlReady {
        /// Which panel, from 0.
        panel: usize,
        /// The statement that will run.
        sql: String,
        /// The tables it reads.
        tables: Vec<String>,
    },
    /// Something was mended.
    #[serde(rename = "correction")]
    Correction {
        /// As written.
        from: String,
        /// As understood.
        to: String,
    },
    /// The user has to choose.
    #[serde(rename = "choice.required")]
    ChoiceRequired {
        /// What has to be chosen.
        prompt: String,
        /// Questions it may have meant.
        options: Vec<String>,
    },
    /// Rows are there.
    #[serde(rename = "result.ready")]
    ResultReady {
        /// Which panel, from 0.
        panel: usize,
        /// `[{name, type}]`.
        columns: Json,
        /// How many rows were read.
        row_count: usize,
        /// Whether there are more.
        truncated: bool,
        /// The first rows.
        rows: Json,
    },
    /// A chart is there.
    #[serde(rename = "chart.ready")]
    ChartReady {
        /// Which panel, from 0.
        panel: usize,
        /// Its kind.
        kind: crate::chart::ChartKind,
        /// Vega-Lite v6, whose data set `rows` is the rows as objects by column name; `null` for a table.
        spec: Json,
        /// What it shows, in words.
        description: String,
    },
    /// A finding is there.
    #[serde(rename = "insight.ready")]
    InsightReady {
        /// Which panel, from 0.
        panel: usize,
        /// What kind of finding.
        kind: crate::insight::FindingKind,
        /// One sentence.
        text: String,
    },
    /// What can be asked next.
    #[serde(rename = "followups.ready")]
    FollowUpsReady {
        /// Questions.
        items: Vec<String>,
    },
    /// Something failed.
    #[serde(rename = "error")]
    Error {
        /// A stable code: `not_understood`, `refused`, `failed`, `cancelled`.
        code: String,
        /// What went wrong.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// The last event of every run.
    #[serde(rename = "run.finished")]
    RunFinished {
        /// `success`, `interrupted`, `abstained`, `refused`, `failed` or `cancelled`.
        status: String,
        /// Milliseconds.
        ms: f64,
        /// The whole answer, as `medha ask -f json` prints it.
        answer: Json,
    },
}
