//! What the suite stores.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

use crate::engine::checkpoint::{CheckpointId, HeadRef, Line, RunId, TaskInput};
use crate::engine::record::{
    Cause, Effect, FORMAT, FieldValue, FieldWrite, Json, Origin, Progress, StoredCheckpoint, StoredField,
    StoredJoin, StoredOutcome, StoredQuestion, StoredTask, TaskProgress, TaskWrites, Written,
};
use crate::node::failure::Failure;
use crate::state::{Storage, WriteMode};
use crate::store::key::ThreadKey;

pub(crate) const LINE: Line = Line(u64::MAX);

pub(crate) fn key(thread: &str) -> ThreadKey {
    ThreadKey::root(thread)
}

pub(crate) fn head_ref(id: u64) -> HeadRef {
    HeadRef { id: CheckpointId(id), line: LINE }
}

pub(crate) fn json(value: &Value) -> Json {
    Json::of(value).expect("a JSON value is written as JSON")
}

/// A checkpoint with nothing in it.
pub(crate) fn bare(id: u64) -> StoredCheckpoint {
    StoredCheckpoint {
        format: FORMAT,
        id: CheckpointId(id),
        parent: id.checked_sub(1).filter(|parent| *parent > 0).map(CheckpointId),
        line: LINE,
        run: RunId(7),
        graph: "conformance".into(),
        version: 1,
        fingerprint: "0123456789abcdef".into(),
        cause: Cause::Superstep,
        step: id,
        saved_at: 1_700_000_000_000 + id,
        metadata: Map::new(),
        origin: None,
        fields: Vec::new(),
        next: Vec::new(),
        joins: Vec::new(),
        deferred: Vec::new(),
        written: Written::default(),
    }
}

/// A checkpoint with something in every corner.
pub(crate) fn full(id: u64) -> StoredCheckpoint {
    let failure = Failure::new("worker", "quote \" and \u{1F600}").with_detail(json!({"a": [1, null]}));
    let goto = vec![("mend".to_owned(), Some(json(&json!({"why": "\u{0}"})))), ("last".to_owned(), None)];
    let writes = vec![
        FieldWrite { field: "log".into(), mode: WriteMode::Reduce, json: json(&json!(["line"])) },
        FieldWrite { field: "value".into(), mode: WriteMode::Overwrite, json: json(&json!(id)) },
    ];
    StoredCheckpoint {
        metadata: [("user".to_owned(), json!("u1")), ("deep".to_owned(), json!({"b": [1, 2.5], "a": null}))]
            .into_iter()
            .collect(),
        origin: Some(Origin {
            line: Line(3),
            run: RunId(8),
            checkpoint: CheckpointId(4),
            step: 5,
            position: 6,
        }),
        fields: vec![place("log", Storage::Append, 1, id), place("value", Storage::Whole, id, id)],
        next: vec![
            StoredTask { node: "worker".into(), input: TaskInput::State, timeout: None },
            StoredTask {
                node: "worker".into(),
                input: TaskInput::Payload(json(&json!({"item": [id]}))),
                timeout: Some(Duration::from_millis(1500)),
            },
            StoredTask {
                node: "mend".into(),
                input: TaskInput::Failure(Box::new(failure.clone())),
                timeout: None,
            },
        ],
        joins: vec![StoredJoin {
            target: "join".into(),
            arrived: vec!["worker".into()],
            missing: vec!["mend".into()],
            needed: 2,
            has_fired: false,
        }],
        deferred: vec![StoredTask { node: "last".into(), input: TaskInput::State, timeout: None }],
        written: Written {
            tasks: vec![
                task(
                    1,
                    StoredOutcome::Done {
                        writes,
                        goto,
                        timeouts: BTreeMap::from([(0, Duration::from_millis(1500))]),
                    },
                ),
                task(2, StoredOutcome::Failed(failure)),
            ],
            values: vec![FieldValue { field: "value".into(), json: json(&json!({"n": id})) }],
        },
        ..bare(id)
    }
}

/// One of a history whose `log` is collected (stored whole at every seventh), whose `value` is stored whole now and
/// then, and whose `fixed` never changes. Every fifth checkpoint begins a run.
pub(crate) fn collected(id: u64) -> StoredCheckpoint {
    let base = (id - 1) / 7 * 7 + 1;
    let (value, run) = ((id - 1) / 3 * 3 + 1, (id - 1) / 5);
    let text = |field: &str| json(&json!([format!("{field} {id}")]));
    let whole = |field: &'static str| FieldValue { field: field.into(), json: text(field) };
    let mut written = Written::default();
    if base == id {
        written.values.push(whole("log"));
    } else {
        let writes = vec![FieldWrite { field: "log".into(), mode: WriteMode::Reduce, json: text("log") }];
        written.tasks.push(task(
            id,
            StoredOutcome::Done { writes, goto: vec![("next".to_owned(), None)], timeouts: BTreeMap::new() },
        ));
    }
    if value == id {
        written.values.push(whole("value"));
    }
    if id == 1 {
        written.values.push(whole("fixed"));
    }
    StoredCheckpoint {
        cause: if id % 5 == 1 { Cause::Input } else { Cause::Superstep },
        run: RunId(run),
        metadata: [
            ("user".to_owned(), json!(format!("u{}", run % 2))),
            ("turn".to_owned(), json!(run)),
            ("tags".to_owned(), json!({"b": run, "a": ["x", null]})),
        ]
        .into_iter()
        .collect(),
        fields: vec![
            place("log", Storage::Append, base, id),
            place("value", Storage::Whole, value, value),
            place("fixed", Storage::Whole, 1, 1),
        ],
        written,
        ..bare(id)
    }
}

pub(crate) fn place(name: &str, storage: Storage, base: u64, last: u64) -> StoredField {
    StoredField {
        name: name.into(),
        storage,
        base: CheckpointId(base),
        last: CheckpointId(last),
        deltas: 2,
        delta_bytes: 300,
        base_bytes: 2,
    }
}

fn task(number: u64, outcome: StoredOutcome) -> TaskWrites {
    let task = format!("{number:032x}").parse().expect("32 hexadecimal digits");
    TaskWrites { task, node: "worker".into(), outcome }
}

pub(crate) fn progress(revision: u64) -> Progress {
    let failure = Failure::new("mend", "no \u{0} luck");
    let id = format!("{:032x}", 9).parse().expect("32 hexadecimal digits");
    let asked = TaskProgress {
        position: 1,
        answers: [(0, json!("yes")), (7, json!(null))].into(),
        questions: vec![StoredQuestion {
            ordinal: 1,
            id,
            value: json!({"sure?": ["y", "n"]}),
            path: Some("draft/ask".to_owned()),
        }],
        ..TaskProgress::default()
    };
    let failed = TaskProgress { position: 2, failure: Some(failure), ..TaskProgress::default() };
    let writes =
        vec![FieldWrite { field: "value".into(), mode: WriteMode::Overwrite, json: json(&json!(1)) }];
    let command = StoredOutcome::Done {
        writes,
        goto: vec![("mend".to_owned(), Some(json(&json!("now"))))],
        timeouts: BTreeMap::new(),
    };
    Progress { format: FORMAT, revision, tasks: vec![asked, failed], commands: vec![command] }
}

pub(crate) fn effect(step: u64, position: usize, key: &str) -> Effect {
    let value = json(&json!({"receipt": format!("{step}/{position}/{key}")}));
    Effect { line: LINE, step, position, key: key.to_owned(), json: value }
}
