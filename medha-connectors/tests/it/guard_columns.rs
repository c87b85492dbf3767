//! The columns that a statement reads, as the schema spells them.

use medha_connectors::{Dialect, Guard, GuardedSql};

use crate::clinic::Clinic;

fn columns(guard: &Guard, sql: &str) -> String {
    let passed: GuardedSql = guard.check(sql, 10).unwrap_or_else(|error| panic!("{sql}: {error}"));
    passed.columns().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn the_columns_read_are_found_through_every_name_they_have() {
    let clinic = Clinic::open().await;
    let (open, restricted) = (clinic.unrestricted(Dialect::Sqlite), clinic.guard(Dialect::Sqlite));
    for (sql, expected) in [
        ("SELECT TITLE, m.list_price + 1 AS p FROM medicines AS m", "medicines.title medicines.list_price"),
        ("SELECT count(*) FROM medicines", ""),
        (
            "SELECT title FROM medicines WHERE family = 'u' ORDER BY list_price",
            "medicines.title medicines.family medicines.list_price",
        ),
        ("SELECT * FROM notes", "notes.note_id notes.kind notes.body"),
        ("SELECT n.*, title FROM medicines, notes n", "notes.note_id notes.kind notes.body medicines.title"),
        // Under the names an alias gives them.
        ("SELECT b FROM notes AS n(a, b)", "notes.kind"),
        (
            "WITH few(x, y) AS (SELECT title, family FROM medicines) SELECT y FROM few",
            "medicines.title medicines.family",
        ),
        ("SELECT s.k FROM (SELECT kind AS k FROM notes) AS s WHERE s.k = 'a'", "notes.kind"),
        ("WITH notes AS (SELECT title AS body FROM medicines) SELECT body FROM notes", "medicines.title"),
        // A query within sees the names around it.
        (
            "SELECT 1 FROM visits v WHERE EXISTS (SELECT 1 FROM prescriptions WHERE doses > v.fee)",
            "prescriptions.doses visits.fee",
        ),
        // What a join shares it reads on both sides.
        (
            "SELECT doses FROM prescriptions JOIN medicines USING (medicine_id)",
            "prescriptions.medicine_id medicines.medicine_id prescriptions.doses",
        ),
        (
            "SELECT doses FROM prescriptions NATURAL JOIN medicines",
            "prescriptions.medicine_id medicines.medicine_id prescriptions.doses",
        ),
        (
            "SELECT v.reason FROM visits v JOIN prescriptions p ON p.visit_id = v.visit_id AND p.doses > 1",
            "prescriptions.visit_id visits.visit_id prescriptions.doses visits.reason",
        ),
        ("SELECT title FROM medicines UNION SELECT kind FROM notes", "medicines.title notes.kind"),
        ("SELECT kind AS k, count(*) AS n FROM notes GROUP BY k HAVING n > 1", "notes.kind"),
        (
            "SELECT rank() OVER w FROM notes WINDOW w AS (PARTITION BY kind ORDER BY body)",
            "notes.kind notes.body",
        ),
        // A view is read as itself.
        ("SELECT plan FROM visit_list", "visit_list.plan"),
        ("SELECT 1", ""),
    ] {
        assert_eq!(columns(&open, sql), expected, "{sql}");
        // What the rules read besides is not of the question.
        assert_eq!(columns(&restricted, sql), expected, "under the policy: {sql}");
    }
}

#[tokio::test]
async fn a_wildcard_reads_what_is_there_for_the_user_and_not_what_it_leaves_out() {
    let clinic = Clinic::open().await;
    let policy = serde_json::from_str(
        r#"{ "version": 1, "tables": { "notes": { "columns": ["kind", "note_id"], "rows": [{ "keep": "body <> ''" }] } } }"#,
    );
    let user = medha_connectors::User::new("nora");
    let guard = clinic.guard_with(Dialect::Sqlite, &policy.unwrap(), &user);
    assert_eq!(columns(&guard, "SELECT * FROM notes"), "notes.note_id notes.kind");
    let open = clinic.unrestricted(Dialect::BigQuery);
    assert_eq!(columns(&open, "SELECT * EXCEPT (kind) FROM notes"), "notes.note_id notes.body");
}
