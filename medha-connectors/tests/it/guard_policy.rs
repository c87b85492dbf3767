//! Policies: what is wrong with them, what they mean, and what they make of a statement.

use medha_connectors::{
    Dialect, ForeignKey, Guard, GuardError, Policy, PolicyProblem, Reading, Schema, User,
};
use std::sync::Arc;

use crate::clinic::{Clinic, shows_canary};

fn policy(tables: &str) -> Policy {
    serde_json::from_str(&format!(r#"{{"version": 1, "other_tables": "allow", "tables": {tables}}}"#))
        .unwrap()
}

fn nora() -> User {
    User::new("nora").with_role("nurse").with_attribute("clinic", "North")
}

fn refused(guard: &Guard, sql: &str) -> String {
    guard.check(sql, 10).map(|sql| panic!("let through: {}", sql.as_str())).unwrap_err().to_string()
}

#[tokio::test]
async fn all_problems_of_a_policy_are_told_at_once() {
    let clinic = Clinic::open().await;
    let wrong: Policy = serde_json::from_str(
        r#"{"version": 2, "tables": {
            "patiens": {},
            "Visits": {}, "visits": {},
            "patients": {
                "columns": ["plan", "planet"],
                "protect": {"mail": {"action": "deny"}, "plan": {"action": {"hash": {"salt": ""}}}},
                "rows": [{"keep": "clinc = :clinic"}, {"keep": "plan = 'x'; DROP TABLE visits"},
                         {"keep": "pg_sleep(9) = 1"}, {"keep": "plan IN (SELECT a FROM nowhere)"},
                         {"keep": "plan = ?"}, {"keep": "plan IN (WITH a AS (SELECT 1) SELECT * FROM a)"}]},
            "wages": {"protect": {"wage": {"action": {"aggregate": {"at_least": 1}}}}}}}"#,
    )
    .unwrap();
    let problems = wrong.validate(&clinic.schema, Dialect::Sqlite).unwrap_err();
    let told: Vec<String> = problems.problems.iter().map(ToString::to_string).collect();
    let expected = [
        "it has version 2, and this release reads version 1",
        r#"there is no table "patiens"; did you mean "patients"?"#,
        r#"there is no column "planet" in "patients""#,
        r#""patients" protects "mail", which is not among its columns; leave one of them out"#,
        r#"the rule of "patients.plan": a hash needs a salt"#,
        r#"the condition "clinc = :clinic" of "patients": there is no column "clinc" in "patients"; did you mean "clinic"?"#,
        r#"the condition "plan = 'x'; DROP TABLE visits" of "patients": exactly one statement is allowed, and this has 2"#,
        r#"the condition "pg_sleep(9) = 1" of "patients": the function "pg_sleep" is not allowed"#,
        r#"the condition "plan IN (SELECT a FROM nowhere)" of "patients": there is no table "nowhere""#,
        r#"the condition "plan = ?" of "patients": ? stands for nothing; name attributes as in :region"#,
        r#"the condition "plan IN (WITH a AS (SELECT 1) SELECT * FROM a)" of "patients": a condition cannot have WITH"#,
        r#"the table "visits" has its rules twice; put them together"#,
        r#"the rule of "wages.wage": an aggregate over fewer than 2 values hides nothing"#,
    ];
    for line in expected {
        assert!(told.iter().any(|told| told.starts_with(line)), "{line}\nis missing from {told:#?}");
    }
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    assert!(problems.to_string().starts_with("the policy cannot be applied: it has version 2"));
}

#[tokio::test]
async fn a_user_without_the_attribute_gets_no_guard() {
    let clinic = Clinic::open().await;
    let rules = policy(r#"{"visits": {"rows": [{"keep": "clinic = :clinic", "unless": ["auditor"]}]}}"#);
    let guard = clinic.unrestricted(Dialect::Sqlite);
    let error = guard.clone().with_policy(&rules, &User::new("max")).unwrap_err();
    assert!(
        error.to_string().ends_with(r#"needs the attribute "clinic", and the user "max" has none"#),
        "{error}"
    );
    let auditor = guard.with_policy(&rules, &User::new("max").with_role("auditor")).unwrap();
    assert_eq!(
        auditor.check("SELECT fee FROM visits", 9).unwrap().as_str(),
        "SELECT fee FROM visits LIMIT 10"
    );
}

#[tokio::test]
async fn why_a_column_is_read_as_it_is() {
    let clinic = Clinic::open().await;
    let rules = policy(
        r#"{"patients": {"columns": ["patient_id", "mail", "born", "plan"], "rows": [{"keep": "clinic = :clinic"}],
             "protect": {"mail": {"action": {"partial": {"first": 1, "last": 0}}, "unless": ["desk"]}, "born": {"action": "deny"}}},
            "wages": {"readers": ["hr"]}, "notes": {"protect": {"body": {"action": {"aggregate": {"at_least": 3}}}}}}"#,
    );
    let why = |user: &User, column: &str| rules.why(user, &clinic.schema, column).unwrap();
    let mail = why(&nora(), "Patients.MAIL");
    assert_eq!(
        mail.to_string(),
        r#""patients.mail" is shown masked: only rows with "clinic = :clinic"; its rule shows the first 1 and the last 0 characters"#
    );
    assert_eq!(why(&nora().with_role("desk"), "patients.mail").reading, Reading::Plain);
    assert_eq!(why(&nora(), "patients.born").reading, Reading::Denied);
    assert_eq!(why(&nora(), "patients.city").reading, Reading::Hidden);
    assert_eq!(why(&nora(), "wages.wage").to_string(), r#""wages.wage" is not there: "wages" is for hr"#);
    assert_eq!(why(&nora(), "notes.body").reading, Reading::Aggregated);
    assert_eq!(why(&nora(), "prescriptions.doses").because, ["tables the policy does not name can be read"]);
    assert!(why(&nora(), "visits.fee").because.is_empty() || rules.rules("visits").is_none());
    let error = rules.why(&nora(), &clinic.schema, "patients.mial").unwrap_err();
    assert!(
        matches!(&error.problems[0], PolicyProblem::UnknownColumn { nearest: Some(name), .. } if name == "mail")
    );
}

#[tokio::test]
async fn children_follow_their_parents_through_keys_of_any_width_unless_told_not_to() {
    let clinic = Clinic::open().await;
    let rules = policy(r#"{"patients": {"rows": [{"keep": "clinic = :clinic"}]}}"#);
    let guard = clinic.guard_with(Dialect::Sqlite, &rules, &nora());
    let sql = guard.check("SELECT count(*) FROM prescriptions", 10).unwrap();
    assert!(sql.as_str().contains(
        "visit_id IN (SELECT visit_id FROM main.visits WHERE (patient_id IN (SELECT patient_id FROM main.patients WHERE \
         (clinic = 'North'))))"
    ), "{}", sql.as_str());
    assert_eq!(sql.rules(), [r#"prescriptions: only rows whose row of "visits" is there"#]);
    let own =
        policy(r#"{"patients": {"rows": [{"keep": "clinic = :clinic"}]}, "visits": {"parents": "ignore"}}"#);
    let guard = clinic.guard_with(Dialect::Sqlite, &own, &nora());
    assert_eq!(guard.check("SELECT fee FROM visits", 9).unwrap().as_str(), "SELECT fee FROM visits LIMIT 10");

    let mut schema = Schema::clone(&clinic.schema);
    let notes = schema.tables.iter_mut().find(|table| table.name == "notes").unwrap();
    notes.foreign_keys = vec![ForeignKey {
        columns: vec!["note_id".into(), "kind".into()],
        references: "patients".into(),
        referenced_columns: vec!["patient_id".into(), "plan".into()],
    }];
    let guard = Guard::new(Dialect::Postgres, Arc::new(schema)).with_view(
        "visit_list",
        "SELECT 1 AS visit_id, 2 AS visited_on, 3 AS clinic, 4 AS fee, 5 AS plan, 6 AS reach",
    );
    let guard = guard.with_policy(&rules, &nora()).unwrap();
    let sql = guard.check("SELECT count(*) FROM notes", 10).unwrap();
    assert!(
        sql.as_str().contains("(note_id, kind) IN (SELECT patient_id, \"plan\" FROM public.patients"),
        "{}",
        sql.as_str()
    );
}

#[tokio::test]
async fn sums_and_averages_need_enough_values_and_a_table_of_their_own() {
    let clinic = Clinic::open().await;
    let rules = policy(r#"{"visits": {"protect": {"fee": {"action": {"aggregate": {"at_least": 5}}}}}}"#);
    let guard = clinic.guard_with(Dialect::Sqlite, &rules, &nora());
    let sql = guard
        .check("SELECT reason, avg(v.fee) + 1 AS a FROM visits v GROUP BY reason HAVING sum(fee) > 1", 10)
        .unwrap();
    assert!(
        sql.as_str().contains("CASE WHEN count(DISTINCT v.fee) >= 5 THEN avg(v.fee) END + 1 AS a"),
        "{}",
        sql.as_str()
    );
    assert!(
        sql.as_str().contains("HAVING CASE WHEN count(DISTINCT fee) >= 5 THEN sum(fee) END > 1"),
        "{}",
        sql.as_str()
    );
    assert_eq!(clinic.guarded(&guard, "SELECT avg(fee) FROM visits WHERE visit_id < 5").await, ["Null"]);
    assert_ne!(clinic.guarded(&guard, "SELECT avg(fee) FROM visits").await, ["Null"]);
    assert!(guard.check("SELECT count(fee), count(*) FROM visits WHERE fee IS NOT NULL", 10).is_ok());
    for sql in [
        "SELECT fee FROM visits",
        "SELECT * FROM visits",
        "SELECT max(fee) FROM visits",
        "SELECT sum(fee * 1) FROM visits",
        "SELECT sum(DISTINCT fee) FROM visits",
        "SELECT sum(fee) FILTER (WHERE visit_id = 1) FROM visits",
        "SELECT sum(fee) OVER (ORDER BY visit_id) FROM visits",
        "SELECT sum(v.fee) FROM visits v, notes n",
        "SELECT sum(fee) FROM (SELECT fee FROM visits) AS x",
        "SELECT sum(fee) FROM (SELECT fee FROM visits UNION ALL SELECT note_id FROM notes) AS x",
        "WITH a AS (SELECT fee FROM visits) SELECT avg(fee) FROM a",
        "SELECT (SELECT sum(v.fee) FROM notes) FROM visits v",
        "SELECT sum(fee) FROM visit_list",
        "SELECT 1 FROM visits ORDER BY fee",
        "SELECT avg(fee) FROM visits WHERE fee > 3",
    ] {
        assert!(
            refused(&guard, sql).contains(r#""visits.fee" is only shown as the sum or average"#),
            "{sql}"
        );
    }
}

#[tokio::test]
async fn every_mask_is_written_in_every_dialect() {
    let clinic = Clinic::open().await;
    let rules = |action: &str| {
        policy(&format!(r#"{{"patients": {{"protect": {{"mail": {{"action": {action}}}}}}}}}"#))
    };
    let sql = |dialect, action: &str| {
        let guard = clinic.guard_with(dialect, &rules(action), &nora());
        guard.check("SELECT mail FROM patients", 10).unwrap().as_str().to_owned()
    };
    let partial = r#"{"partial": {"first": 2, "last": 1}}"#;
    let hash = r#"{"hash": {"salt": "it's"}}"#;
    for (dialect, action, expected) in [
        (
            Dialect::Sqlite,
            partial,
            "SUBSTR(CAST(mail AS TEXT), 1, 2) || '***' || SUBSTR(CAST(mail AS TEXT), -1)",
        ),
        (
            Dialect::Postgres,
            partial,
            "concat(SUBSTR(CAST(mail AS TEXT), 1, 2), '***', right(CAST(mail AS TEXT), 1))",
        ),
        (Dialect::MySql, partial, "char_length(CAST(mail AS CHAR)) <= 3"),
        (Dialect::Snowflake, partial, "right(CAST(MAIL AS VARCHAR), 1)"),
        (Dialect::BigQuery, partial, "right(CAST(mail AS STRING), 1)"),
        (
            Dialect::Postgres,
            hash,
            "encode(sha256(convert_to(concat('it''s', CAST(mail AS TEXT)), 'UTF8')), 'hex')",
        ),
        (Dialect::MySql, hash, "sha2(concat('it''s', CAST(mail AS CHAR)), 256)"),
        (Dialect::Snowflake, hash, "sha2(concat('it''s', CAST(MAIL AS VARCHAR)), 256)"),
        (Dialect::BigQuery, hash, r"to_hex(sha256(concat('it\'s', CAST(mail AS STRING))))"),
        (Dialect::Sqlite, hash, "ELSE medha_sha256('it''s' || CAST(mail AS TEXT)) END AS mail"),
        (Dialect::Postgres, r#""null""#, "NULL AS mail"),
    ] {
        let sql = sql(dialect, action);
        assert!(sql.contains(expected), "{dialect:?}: {sql}");
    }
    let guard = clinic.guard_with(Dialect::Sqlite, &rules(partial), &nora());
    let shown = clinic
        .guarded(&guard, "SELECT DISTINCT mail FROM (SELECT 1 AS one) AS x, (SELECT 'a' AS mail) AS y")
        .await;
    assert_eq!(shown, [r#"Text("a")"#]);
    let shown = clinic.guarded(&guard, "SELECT mail FROM patients").await;
    assert!(!shows_canary(&shown) && shown.contains(&r#"Text("ca***x")"#.to_owned()), "{shown:?}");
    assert!(shown.contains(&"Null".to_owned()), "what is not there is not masked");
    let guard = clinic.guard_with(Dialect::Sqlite, &rules(hash), &nora());
    let hashed = clinic.guarded(&guard, "SELECT mail FROM patients").await;
    assert_eq!(hashed.len(), shown.len());
    assert!(!shows_canary(&hashed) && hashed.contains(&"Null".to_owned()), "{hashed:?}");
    let is_hash = |text: &String| text.strip_prefix("Text(\"").is_some_and(|digits| digits.len() == 64 + 2);
    assert!(hashed.iter().all(|text| text == "Null" || is_hash(text)), "{hashed:?}");
    assert!(
        refused(&guard, "SELECT medha_sha256('a')").contains("the function \"medha_sha256\" is not allowed")
    );
}

#[tokio::test]
async fn views_are_their_definition_or_are_not_there() {
    let clinic = Clinic::open().await;
    let rules = policy(r#"{"patients": {"readers": ["desk"], "rows": [{"keep": "clinic = :clinic"}]}}"#);
    let unnamed = clinic.guard_with(Dialect::Sqlite, &rules, &nora());
    assert_eq!(
        refused(&unnamed, "SELECT fee FROM visit_list"),
        r#"there is no table "visit_list"; did you mean "visits"?"#
    );
    let named = policy(
        r#"{"patients": {"readers": ["desk"], "rows": [{"keep": "clinic = :clinic"}]},
            "visit_list": {"columns": ["fee", "plan"], "rows": [{"keep": "fee > 3"}]}}"#,
    );
    let guard = clinic.guard_with(Dialect::Sqlite, &named, &nora());
    let sql = guard.check("SELECT fee FROM visit_list", 10).unwrap();
    assert!(
        sql.as_str().starts_with("SELECT fee FROM (SELECT fee, \"plan\" FROM (SELECT v.visit_id"),
        "{}",
        sql.as_str()
    );
    assert!(
        sql.as_str().contains("clinic = 'North'") && sql.as_str().contains("fee > 3"),
        "{}",
        sql.as_str()
    );
    assert_eq!(
        refused(&guard, "SELECT reach FROM visit_list"),
        r#"there is no column "reach" in "visit_list""#
    );
    assert_eq!(refused(&guard, "SELECT plan FROM patients"), r#"there is no table "patients""#);

    let taken = "WITH visits AS (SELECT 1 AS visit_id), patients AS (SELECT 2 AS b) SELECT count(fee) FROM visit_list";
    assert_eq!(
        clinic.guarded(&guard, taken).await,
        clinic.guarded(&guard, "SELECT count(fee) FROM visit_list").await
    );
    let open = clinic.guard_with(Dialect::Sqlite, &policy("{}"), &nora());
    let sql =
        open.check("WITH patients AS (SELECT 2 AS b) SELECT b, fee FROM patients, visit_list", 10).unwrap();
    assert!(sql.as_str().contains("JOIN main.patients p"), "{}", sql.as_str());

    let mut schema = (*clinic.schema).clone();
    schema.tables.iter_mut().for_each(|table| table.definition = None);
    let guard = Guard::new(Dialect::Sqlite, Arc::new(schema));
    let error = guard.clone().with_policy(&named, &nora()).unwrap_err();
    assert!(error.to_string().contains("its definition is not known"), "{error}");
    let error =
        guard.with_view("visit_list", "SELECT fee FROM visits").with_policy(&named, &nora()).unwrap_err();
    assert!(error.to_string().contains("does not give the columns it has"), "{error}");
}

#[tokio::test]
async fn names_that_could_mean_something_else_are_refused() {
    let clinic = Clinic::open().await;
    let guard = clinic.guard(Dialect::Sqlite);
    for (sql, part) in [
        ("SELECT count(*) FROM visits v, medicines V", "the same name \"V\" for two tables"),
        (
            "WITH a AS (SELECT count(*) AS n FROM visits), visits AS (SELECT 1 AS visit_id) SELECT n FROM a",
            "before the common table expression it means",
        ),
        ("SELECT rowid FROM visits", "there is no column \"rowid\""),
        ("SELECT visits FROM visits", "the whole row \"visits\""),
        (
            "SELECT count(*) FROM patients NATURAL JOIN json_each('[1]')",
            "a NATURAL join with columns that are not known",
        ),
    ] {
        let told = refused(&guard, sql);
        assert!(told.contains(part), "{sql}: {told}");
    }
    let unnamed = Guard::new(Dialect::MySql, Arc::clone(&clinic.schema))
        .with_policy(&policy(r#"{"patients": {"rows": [{"keep": "clinic = 'x'"}]}}"#), &nora())
        .unwrap();
    let told = refused(&unnamed, "WITH patients AS (SELECT 1 AS a) SELECT a FROM patients");
    assert!(told.contains("a common table expression with the name of the table \"patients\""), "{told}");
    let error = guard.check("SELECT vіsit_id FROM visits", 10).unwrap_err();
    assert!(matches!(error, GuardError::DeceptiveName { .. }), "{error}");
}
