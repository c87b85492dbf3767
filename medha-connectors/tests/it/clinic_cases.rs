//! Two clinics in one database, policies over them, and for each what takes away from a copy all that it does not show.
//!
//! The restriction says in SQL of its own what the policy says, so that one can be held against the other. Also read by the
//! fuzz targets.

use crate::guard_grammar::Choices;

/// What no answer may show: it stands in every protected text and in every table that is not there.
pub(crate) const CANARY: &str = "CANARY";

pub(crate) const TABLES: &str = "
    CREATE TABLE patients (patient_id INTEGER PRIMARY KEY, full_name TEXT, mail TEXT, insurance_no TEXT, born DATE, city TEXT,
        clinic TEXT, plan TEXT, created_on DATE, referrer_id INTEGER REFERENCES patients);
    CREATE TABLE visits (visit_id INTEGER PRIMARY KEY, patient_id INTEGER REFERENCES patients, clinic TEXT, visited_on DATE,
        reason TEXT, fee NUMERIC, updated_at TIMESTAMP, drop_in INTEGER);
    CREATE TABLE medicines (medicine_id INTEGER PRIMARY KEY, title TEXT, family TEXT, list_price NUMERIC, insert_day DATE);
    CREATE TABLE prescriptions (prescription_id INTEGER PRIMARY KEY, visit_id INTEGER REFERENCES visits,
        medicine_id INTEGER REFERENCES medicines, doses INTEGER, price NUMERIC);
    CREATE TABLE notes (note_id INTEGER PRIMARY KEY, kind TEXT, body TEXT);
    CREATE TABLE wages (person_id INTEGER PRIMARY KEY, person TEXT, wage NUMERIC);
    CREATE TABLE logins (login_id INTEGER PRIMARY KEY, login TEXT, secret TEXT);";

pub(crate) const ROWS: &str = "
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60) INSERT INTO patients
        SELECT i, 'CANARYNAME' || i, CASE WHEN i % 5 THEN 'canarymail' || i || '@x' END, 'CANARYNO' || i,
            CASE WHEN i % 7 THEN 'CANARYBORN' || i END, substr('ABC', i % 3 + 1, 1),
            CASE WHEN i % 3 THEN 'North' ELSE 'South' END, substr('xyz', i % 4 + 1, 1), date('2024-01-01', i || ' days'),
            CASE WHEN i % 4 THEN i * 7 % 60 + 1 END FROM n;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 240) INSERT INTO visits
        SELECT i, CASE WHEN i % 31 THEN i * 11 % 60 + 1 END, CASE WHEN i % 2 THEN 'North' ELSE 'South' END,
            date('2025-01-01', i || ' days'), substr('pqr', i % 3 + 1, 1), CASE WHEN i % 13 THEN i * 37 % 90 END,
            datetime('2025-01-01', i || ' hours'), i % 2 FROM n;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12) INSERT INTO medicines
        SELECT i, 'Medicine ' || i, substr('uvw', i % 3 + 1, 1), i * 3, date('2023-01-01', i % 2 || ' days') FROM n;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) INSERT INTO prescriptions
        SELECT i, i * 7 % 240 + 1, i % 12 + 1, i % 4, i % 9 FROM n;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30) INSERT INTO notes
        SELECT i, substr('ab', i % 2 + 1, 1), '{\"k\": ' || i % 5 || '}' FROM n;
    INSERT INTO wages VALUES (1, 'CANARYPERSON', 9000), (2, 'CANARYPERSON2', 8000);
    INSERT INTO logins VALUES (1, 'CANARYLOGIN', 'CANARYSECRET');";

/// The view among the tables.
pub(crate) const VIEW: &str =
    "CREATE VIEW visit_list AS SELECT v.visit_id, v.visited_on, v.clinic, v.fee, p.plan, p.mail AS reach
        FROM visits v JOIN patients p ON p.patient_id = v.patient_id";

const RESTRICTION: &str = "
    DELETE FROM patients WHERE clinic IS NOT 'North';
    DELETE FROM visits WHERE clinic IS NOT 'North' OR patient_id IS NULL OR patient_id NOT IN (SELECT patient_id FROM patients);
    DELETE FROM prescriptions WHERE visit_id NOT IN (SELECT visit_id FROM visits);
    UPDATE patients SET full_name = CASE WHEN full_name IS NOT NULL THEN '***' END, mail = CASE WHEN mail IS NOT NULL THEN '***' END,
        insurance_no = CASE WHEN insurance_no IS NOT NULL THEN '***' END, born = CASE WHEN born IS NOT NULL THEN '***' END;
    DROP TABLE wages;
    DROP TABLE logins;";

const POLICY: &str = r#"{ "version": 1, "tables": {
    "patients": { "rows": [{ "keep": "clinic = :clinic" }], "protect": {
        "full_name": { "action": { "partial": { "first": 0, "last": 0 } } },
        "mail": { "action": { "partial": { "first": 0, "last": 0 } } },
        "born": { "action": { "partial": { "first": 0, "last": 0 } } },
        "insurance_no": { "action": "deny" } } },
    "visits": { "rows": [{ "keep": "clinic = :clinic" }] },
    "prescriptions": {}, "medicines": {}, "notes": {}, "visit_list": {} } }"#;

/// A policy, and what is left for those it is applied to.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// As people write it.
    pub(crate) policy: String,
    /// Takes away, and masks, what the policy does not show.
    pub(crate) restriction: String,
    /// How many different fees a sum of fees needs, where fees are shown in sums only.
    pub(crate) fees_at_least: Option<u32>,
}

impl Case {
    /// The clinic in the north, and nothing of its people.
    pub(crate) fn north() -> Self {
        Self { policy: POLICY.to_owned(), restriction: RESTRICTION.to_owned(), fees_at_least: None }
    }

    /// One of many policies, the same on every run.
    pub(crate) fn numbered(number: u8) -> Self {
        match number {
            0 => Self::north(),
            // Spread over the choices.
            _ => Self::made(&mut Choices::new((0..40).map(|place| spread(number, place)).collect())),
        }
    }

    /// A policy made of choices.
    fn made(choices: &mut Choices) -> Self {
        let patients = *choices.of(&[
            "",
            "clinic = :clinic",
            "city IN ('A', 'B')",
            "patient_id IN (SELECT patient_id FROM visits WHERE fee > 50)",
            "plan <> 'x' AND (clinic = :clinic OR city = 'C')",
        ]);
        let visits = *choices.of(&["", "clinic = :clinic", "drop_in = 1", "fee IS NOT NULL"]);
        let medicines = *choices.of(&["", "family = 'u'", "list_price BETWEEN 6 AND 30"]);
        let prescriptions = *choices.of(&["", "doses > 0"]);
        let (visits_follow, prescriptions_follow) = (!choices.one_in(4), !choices.one_in(4));
        let (mut masks, mut blanks) = (Vec::new(), String::new());
        for column in ["full_name", "mail", "born", "insurance_no"] {
            let (first, last) = (choices.below(3), choices.below(3));
            let (action, shown) = match choices.below(4) {
                0 => ("\"deny\"".to_owned(), "'***'".to_owned()),
                1 => ("\"null\"".to_owned(), "NULL".to_owned()),
                _ => {
                    let shown = format!(
                        "CASE WHEN length({column}) > {first} + {last} THEN substr({column}, 1, {first}) || '***' ||
                            substr({column}, length({column}) - {last} + 1, {last}) ELSE '***' END"
                    );
                    (format!(r#"{{ "partial": {{ "first": {first}, "last": {last} }} }}"#), shown)
                }
            };
            masks.push(format!(r#""{column}": {{ "action": {action} }}"#));
            blanks += &format!("UPDATE patients SET {column} = {shown} WHERE {column} IS NOT NULL;");
        }
        let fees_at_least = choices.of(&[None, None, Some(5), Some(70)]).to_owned();
        let fees = fees_at_least.map_or(String::new(), |at_least| {
            format!(
                r#", "protect": {{ "fee": {{ "action": {{ "aggregate": {{ "at_least": {at_least} }} }} }} }}"#
            )
        });
        let (notes, fewer_notes) = *choices.of(&[
            ("{}", ""),
            (r#"{ "columns": ["note_id", "kind"] }"#, "ALTER TABLE notes DROP COLUMN body;"),
            (r#"{ "readers": ["nobody"] }"#, "DROP TABLE notes;"),
        ]);
        let rows = |rule: &str| match rule {
            "" => r#""rows": []"#.to_owned(),
            rule => format!(r#""rows": [{{ "keep": "{rule}" }}]"#),
        };
        let parents = |follow: bool| if follow { "follow" } else { "ignore" };
        let policy = format!(
            r#"{{ "version": 1, "tables": {{ "patients": {{ {}, "protect": {{ {} }} }},
                "visits": {{ {}, "parents": "{}"{fees} }}, "medicines": {{ {} }},
                "prescriptions": {{ {}, "parents": "{}" }}, "notes": {notes}, "visit_list": {{}} }} }}"#,
            rows(patients),
            masks.join(", "),
            rows(visits),
            parents(visits_follow),
            rows(medicines),
            rows(prescriptions),
            parents(prescriptions_follow),
        );
        // What a rule does not keep goes, the tables that are referred to first; what refers to what went goes with it.
        let mut restriction = String::new();
        let mut narrow = |table: &str, rule: &str, parents: &[(&str, &str)]| {
            if !rule.is_empty() {
                let rule = rule.replace(":clinic", "'North'");
                restriction += &format!("DELETE FROM {table} WHERE ({rule}) IS NOT TRUE;");
            }
            for (column, parent) in parents {
                restriction += &format!(
                    "DELETE FROM {table} WHERE {column} IS NULL OR {column} NOT IN (SELECT {column} FROM {parent});"
                );
            }
        };
        narrow("patients", patients, &[]);
        let by_patients = visits_follow && !patients.is_empty();
        narrow("visits", visits, if by_patients { &[("patient_id", "patients")] } else { &[] });
        narrow("medicines", medicines, &[]);
        let mut referred = Vec::new();
        if prescriptions_follow && (by_patients || !visits.is_empty()) {
            referred.push(("visit_id", "visits"));
        }
        if prescriptions_follow && !medicines.is_empty() {
            referred.push(("medicine_id", "medicines"));
        }
        narrow("prescriptions", prescriptions, &referred);
        restriction += &format!("{blanks}{fewer_notes}DROP TABLE wages; DROP TABLE logins;");
        Self { policy, restriction, fees_at_least }
    }

    /// What a statement asks for in a restricted copy: sums of fees over enough of them.
    pub(crate) fn in_the_copy(&self, sql: &str) -> String {
        let Some(at_least) = self.fees_at_least else { return sql.to_owned() };
        let mut parts = sql.split("/*sum*/");
        let mut copy = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            // Behind the mark stands `sum(alias.column)` or `avg(alias.column)`.
            let (call, rest) = part.split_once(')').unwrap_or((part, ""));
            let (_, argument) = call.split_once('(').unwrap_or(("", call));
            copy += &match argument.ends_with(".fee") && !argument.contains(['(', ' ']) {
                true => format!("CASE WHEN count(DISTINCT {argument}) >= {at_least} THEN {call}) END{rest}"),
                false => part.to_owned(),
            };
        }
        copy
    }
}

/// A byte that says little of the ones beside it.
fn spread(number: u8, place: u8) -> u8 {
    let mixed = (u32::from(number) << 8 | u32::from(place)).wrapping_mul(0x9e37_79b1);
    (mixed ^ (mixed >> 15)).wrapping_mul(0x85eb_ca77).to_be_bytes()[0]
}
