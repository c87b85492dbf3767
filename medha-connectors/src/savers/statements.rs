//! The SQL of the calls that runs make, written once per saver.

use super::dialect::Dialect;

/// Texts that never change while a saver is open, so that the database prepares each once.
#[derive(Debug)]
pub(super) struct Statements {
    pub(super) commit_first: String,
    pub(super) commit_next: String,
    pub(super) head_ref: String,
    pub(super) load_head: String,
    pub(super) load_at: String,
    pub(super) effects: String,
    pub(super) save_effect: String,
    pub(super) save_progress: String,
    pub(super) forget_progress: String,
}

const COLUMNS: &str =
    "thread, namespace, id, line, step, run, cause, saved_at, hollow, salt, metadata, record, written";
const VALUES: &str = "?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?";
const HISTORY: &str = "thread = ? AND namespace = ?";

impl Statements {
    pub(super) fn new(dialect: &Dialect, limit: u64) -> Self {
        let Dialect { share_lock, from_nothing, .. } = dialect;
        // The head is there, and stays there until this is done; the newest checkpoint is no newer.
        let on_head = format!(
            "FROM (SELECT 1 AS one FROM medha_checkpoint WHERE {HISTORY} AND id = ? AND line = ?{share_lock}) head
             WHERE NOT EXISTS (SELECT 1 FROM medha_checkpoint WHERE {HISTORY} AND id > ?)"
        );
        let whole = |prefix: &str| {
            let column = |name| dialect.capped(&format!("{prefix}{name}"), limit);
            format!(
                "{prefix}id, {prefix}line, {prefix}salt, {}, {}, {}",
                column("metadata"),
                column("record"),
                column("written")
            )
        };
        let text = |sql: String| dialect.text(&sql);
        Self {
            commit_first: text(format!(
                "INSERT INTO medha_checkpoint ({COLUMNS}) SELECT {VALUES}{from_nothing}
                 WHERE NOT EXISTS (SELECT 1 FROM medha_checkpoint WHERE {HISTORY})"
            )),
            commit_next: text(format!("INSERT INTO medha_checkpoint ({COLUMNS}) SELECT {VALUES} {on_head}")),
            head_ref: text(format!(
                "SELECT id, line FROM medha_checkpoint WHERE {HISTORY} ORDER BY id DESC LIMIT 1"
            )),
            load_head: text(format!(
                "SELECT {}, {} FROM medha_checkpoint c
                 LEFT JOIN medha_progress p ON p.thread = c.thread AND p.namespace = c.namespace
                      AND p.head = c.id AND p.line = c.line
                 WHERE c.thread = ? AND c.namespace = ?
                   AND c.id = (SELECT MAX(id) FROM medha_checkpoint WHERE {HISTORY})
                 ORDER BY p.revision DESC LIMIT 1",
                whole("c."),
                dialect.capped("p.progress", limit)
            )),
            load_at: text(format!(
                "SELECT {} FROM medha_checkpoint WHERE {HISTORY} AND id = ? AND hollow = 0",
                whole("")
            )),
            effects: text(format!(
                "SELECT step, place, name, {} FROM medha_effect WHERE {HISTORY} AND line = ? AND step > ?",
                dialect.capped("result", limit)
            )),
            save_effect: text(
                "INSERT INTO medha_effect (thread, namespace, line, step, place, digest, name, result)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
                    .to_owned(),
            ),
            save_progress: text(format!(
                "INSERT INTO medha_progress (thread, namespace, head, line, revision, progress)
                 SELECT ?, ?, ?, ?, ?, ? {on_head}
                 AND ? = COALESCE((SELECT MAX(revision) FROM medha_progress WHERE {HISTORY} AND head = ? AND line = ?), 0)"
            )),
            forget_progress: text(format!(
                "DELETE FROM medha_progress WHERE {HISTORY} AND (head <> ? OR revision < ?)"
            )),
        }
    }
}
