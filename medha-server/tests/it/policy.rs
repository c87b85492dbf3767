//! `medha sql`, `schema`, `connections` and `policy` over a configuration: what a user may not see is nowhere.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value as Json;
use tempfile::TempDir;

use crate::support::{Writer, medha, run_with_input, stderr, stdout};

const TABLES: &str = "
CREATE TABLE staff (id INTEGER PRIMARY KEY, name TEXT NOT NULL, team TEXT NOT NULL, salary INTEGER);
INSERT INTO staff VALUES (1, 'Ada', 'north', 4100), (2, 'Grace', 'north', 4200), (3, 'Edsger', 'south', 4300);
CREATE TABLE secrets (code TEXT);
INSERT INTO secrets VALUES ('xyzzy');
CREATE VIEW roster AS SELECT name, team FROM staff;";

const POLICY: &str = "
version: 1
tables:
  staff:
    rows: [{keep: 'team = :team', unless: [boss]}]
    protect: {salary: {action: deny, unless: [boss]}}
  roster: {}
";

const CONFIG: &str = "
connections:
  staff: {url: staff.db, policy: staff.policy.yaml, audit: audit.jsonl}
  nobody: {url: 'postgres://me:${PASSWORD:-hunter2}@127.0.0.1:1/sales'}
default_connection: staff
users:
  ann: {attributes: {team: north}}
  bob: {roles: [boss], attributes: {team: north}}
";

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Writer::create(&folder.path().join("staff.db")).run(TABLES);
        fs::write(folder.path().join("staff.policy.yaml"), POLICY).unwrap();
        fs::write(folder.path().join("medha.yaml"), CONFIG).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        medha(self.0.path()).current_dir(self.0.path()).args(arguments).output().unwrap()
    }

    /// What a command that ends well prints.
    fn prints(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
        stdout(&output)
    }

    /// What a command that ends with this code says.
    fn says(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}{}", stdout(&output), stderr(&output));
        stderr(&output)
    }
}

#[test]
fn a_statement_ends_at_the_limits_of_its_connection() {
    let place = Place::new();
    let limits = "connections: {staff: {url: staff.db, limits: {seconds: 1, megabytes: 1}}}";
    fs::write(place.path("medha.yaml"), limits).unwrap();
    let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) SELECT ";
    let endless =
        format!("{numbers} count(*) FROM n a, n b, n c, n d, n e WHERE a.i + b.i + c.i + d.i = e.i");
    let late = place.says(1, &["sql", "-d", "staff", &endless]);
    assert!(late.contains("stopped after 1s"), "{late}");
    let long = format!("{numbers} printf('%010000d', a.i) FROM n a, n b WHERE a.i + b.i > 0");
    let cut = place.run(&["sql", "-d", "staff", "-f", "csv", &long]);
    // The rows of 10,000 bytes that fit in a megabyte, and the line of names.
    assert_eq!(stdout(&cut).lines().count(), 1_048_576 / 10_000 + 1, "{}", stderr(&cut));
}

#[test]
fn a_statement_gives_what_its_user_may_see() {
    let place = Place::new();
    let sql = |user: &str, sql: &str| place.prints(&["sql", "-f", "csv", "--user", user, sql]);
    assert_eq!(sql("ann", "SELECT name FROM staff ORDER BY id"), "name\nAda\nGrace\n");
    assert_eq!(sql("bob", "SELECT name, salary FROM staff WHERE id = 3"), "name,salary\nEdsger,4300\n");
    assert_eq!(sql("ann", "SELECT count(*) AS n FROM roster"), "n\n2\n", "a view is what it is made of");
    let denied = place.says(4, &["sql", "--user", "ann", "SELECT salary FROM staff"]);
    assert!(denied.contains("\"staff.salary\""), "{denied}");
    let hidden = place.says(4, &["sql", "--user", "bob", "SELECT code FROM secrets"]);
    assert!(hidden.contains("there is no table \"secrets\""), "{hidden}");
    let write = place.says(4, &["sql", "--user", "bob", "DELETE FROM staff"]);
    assert!(write.contains("only queries are allowed"), "{write}");

    let explained = place.prints(&["sql", "--explain", "--user", "ann", "SELECT name FROM staff"]);
    for part in ["Sent", "(team = 'north')", "Rules", "Tables\n  staff", "Plan", "SCAN", "2 rows"] {
        assert!(explained.contains(part), "{part}: {explained}");
    }
    let json = place.prints(&["sql", "-f", "json", "--user", "ann", "SELECT name FROM staff LIMIT 1"]);
    assert_eq!(serde_json::from_str::<Json>(&json).unwrap()["rows"], serde_json::json!([["Ada"]]));

    let record = fs::read_to_string(place.path("audit.jsonl")).unwrap();
    assert!(
        record.contains(r#""user":"ann","connection":"staff","asked":"SELECT salary FROM staff""#),
        "{record}"
    );
    let verified = place.prints(&["audit", "verify", "audit.jsonl"]);
    assert!(verified.contains("all as they were written"), "{verified}");
}

#[test]
fn a_statement_is_read_from_standard_input() {
    let place = Place::new();
    let mut command = medha(place.0.path());
    command.current_dir(place.0.path()).args(["sql", "-f", "csv", "--user", "ann", "-"]);
    let output = run_with_input(command, b"SELECT 1 AS one\n");
    assert_eq!(stdout(&output), "one\n1\n", "{}", stderr(&output));
}

#[test]
fn what_a_policy_hides_is_in_no_description_and_no_answer() {
    let place = Place::new();
    let schema = place.prints(&["schema", "--user", "ann"]);
    assert!(schema.starts_with("staff  table\n") && schema.contains("team"), "{schema}");
    for hidden in ["secrets", "Edsger", "south", "CREATE VIEW", "3 rows", "4300"] {
        assert!(!schema.contains(hidden), "{hidden}: {schema}");
    }
    let json = place.prints(&["schema", "staff", "-f", "json", "--user", "ann"]);
    assert!(!json.contains("south") && json.contains("\"team\""), "{json}");
    let nearest = place.says(1, &["schema", "stuff", "--user", "ann"]);
    assert!(nearest.contains("there is no table \"stuff\"; did you mean \"staff\"?"), "{nearest}");

    let answer =
        |user: &str| place.prints(&["ask", "-q", "-f", "csv", "--user", user, "How many staff are there?"]);
    assert!(answer("ann").ends_with("\n2\n"), "{}", answer("ann"));
    assert!(answer("bob").ends_with("\n3\n"), "{}", answer("bob"));
}

#[test]
fn with_a_policy_somebody_must_ask() {
    let place = Place::new();
    let nobody = place.says(1, &["sql", "SELECT 1"]);
    assert!(nobody.contains("nobody says who asks"), "{nobody}");
    let other = place.says(1, &["sql", "--user", "anne", "SELECT 1"]);
    assert!(other.contains("there is no user \"anne\" in medha.yaml; did you mean \"ann\"?"), "{other}");
}

#[test]
fn a_policy_is_checked_and_explained() {
    let place = Place::new();
    let fits = place.prints(&["policy", "check"]);
    assert!(fits.ends_with("staff.policy.yaml: fits staff; it has rules for 2 tables\n"), "{fits}");
    let why = place.prints(&["policy", "why", "--user", "ann", "staff.salary"]);
    assert_eq!(
        why,
        "ann: \"staff.salary\" cannot be read: only rows with \"team = :team\"; its rule denies it\n"
    );
    fs::write(place.path("wrong.yaml"), POLICY.replace("salary", "celery").replace("roster", "rooster"))
        .unwrap();
    let wrong = place.says(1, &["policy", "check", "wrong.yaml"]);
    assert_eq!(wrong.lines().count(), 2, "{wrong}");
    assert!(wrong.contains("there is no table \"rooster\"; did you mean \"roster\"?"), "{wrong}");
    fs::write(place.path("needs.yaml"), POLICY.replace(":team", ":city")).unwrap();
    let needs = place.says(1, &["policy", "check", "needs.yaml"]);
    assert!(needs.contains("needs the attribute \"city\", and the user \"ann\" has none"), "{needs}");
}

#[test]
fn flags_go_before_variables_and_those_before_the_file() {
    let place = Place::new();
    fs::write(place.path("medha.yaml"), format!("{CONFIG}user: bob\n")).unwrap();
    let count = |variable: Option<&str>, flag: &[&str]| {
        let mut command = medha(place.0.path());
        command.current_dir(place.0.path());
        variable.map(|user| command.env("MEDHA_USER", user));
        let output =
            command.args(["sql", "-f", "csv", "SELECT count(*) FROM staff"]).args(flag).output().unwrap();
        stdout(&output).lines().last().map(str::to_owned).unwrap_or_else(|| stderr(&output))
    };
    assert_eq!(count(None, &[]), "3");
    assert_eq!(count(Some("ann"), &[]), "2");
    assert_eq!(count(Some("ann"), &["--user", "bob"]), "3");

    fs::write(
        place.path("other.yaml"),
        CONFIG.replace("staff: {url", "crew: {url").replace("connection: staff", "connection: crew"),
    )
    .unwrap();
    let health = place.run(&["connections", "--config", "other.yaml", "-f", "json"]);
    assert!(stdout(&health).contains("\"crew\""), "{}", stderr(&health));
}

#[test]
fn a_connection_goes_before_a_file_and_a_misspelt_one_is_told() {
    let place = Place::new();
    let misspelt = place.says(1, &["sql", "-d", "stuff", "SELECT 1"]);
    assert!(
        misspelt.contains("there is no connection \"stuff\" in medha.yaml; did you mean \"staff\"?"),
        "{misspelt}"
    );
    Writer::create(&place.path("staff")).run("CREATE TABLE other (n INT); INSERT INTO other VALUES (7)");
    let file = place.prints(&["sql", "-f", "csv", "-d", "./staff", "SELECT n FROM other"]);
    assert_eq!(file, "n\n7\n");
    let named = place.prints(&[
        "sql",
        "-f",
        "csv",
        "-d",
        "staff",
        "--user",
        "ann",
        "SELECT count(*) AS n FROM staff",
    ]);
    assert_eq!(named, "n\n2\n");
    let wrong = place.path("wrong.yaml");
    fs::write(&wrong, "conections: {}\n").unwrap();
    let told = place.says(1, &["connections", "--config", wrong.to_str().unwrap()]);
    assert!(told.contains("conections: this key is not known; did you mean \"connections\"?"), "{told}");
}

#[test]
fn words_of_a_database_are_in_the_record_and_nowhere_else() {
    let place = Place::new();
    let told = place.says(1, &["sql", "--user", "bob", "SELECT json_extract(name, '$.a') FROM staff"]);
    assert!(told.contains("a value is not of the type it is used as"), "{told}");
    assert!(!told.contains("malformed"), "{told}");
    let record = fs::read_to_string(place.path("audit.jsonl")).unwrap();
    assert!(record.contains("malformed JSON"), "{record}");
}

/// Every command, with an address that has a password in it, under the loudest log.
#[test]
fn a_password_is_nowhere() {
    let place = Place::new();
    let url = "postgres://me:hunter2@127.0.0.1:1/sales";
    let audit = "postgres://me:hunter2@127.0.0.1:1/audit";
    fs::write(
        place.path("broken.yaml"),
        format!("connections: {{a: {{url: '{url}', conections: 1}}, b: '{url}'"),
    )
    .unwrap();
    fs::write(
        place.path("unknown.yaml"),
        format!("connections: {{a: {{ulr: '{url}'}}, b: '{url}'}}\nuser: x"),
    )
    .unwrap();
    let commands: [&[&str]; 18] = [
        &["ask", "-d", url, "how many?"],
        &["ask", "-d", "nobody", "how many?"],
        &["ask", "-d", "postgres//me:hunter2@127.0.0.1/sales", "how many?"],
        &["sql", "-d", url, "SELECT 1"],
        &["sql", "-d", "nobody", "--audit", audit, "SELECT 1"],
        &["sql", "-d", "staff", "--user", "ann", "--audit", audit, "SELECT 1"],
        &["schema", "-d", url],
        &["schema", "-d", "nobody", "-f", "json"],
        &["connections"],
        &["connections", "-f", "json"],
        &["connections", "--config", "broken.yaml"],
        &["connections", "--config", "unknown.yaml"],
        &["policy", "check", "-d", url, "staff.policy.yaml"],
        &["policy", "why", "-d", "nobody", "--policy", "staff.policy.yaml", "--user", "ann", "a.b"],
        &["serve", "-d", url],
        &["audit", "verify", audit],
        &["ask", "--help"],
        &["audit", "verify", "--help"],
    ];
    for arguments in commands {
        let mut command = medha(place.0.path());
        command.current_dir(place.0.path()).args(arguments).env("MEDHA_LOG", "trace");
        if arguments.contains(&"--help") {
            command.env("MEDHA_DATABASE", url).env("MEDHA_AUDIT", audit);
        }
        let output = command.output().unwrap();
        let all = stdout(&output) + &stderr(&output);
        assert!(!all.is_empty() && !all.contains("hunter2"), "{arguments:?}: {all}");
    }
    for file in files(place.0.path()) {
        let written = fs::read(&file).unwrap();
        let is_ours = file.extension().is_some_and(|extension| extension == "yaml");
        assert!(is_ours || !String::from_utf8_lossy(&written).contains("hunter2"), "{}", file.display());
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_file()).collect()
}
