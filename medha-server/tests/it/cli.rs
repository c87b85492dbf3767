//! `medha ask` and `medha graph` from outside.

use std::fs;
use std::process::Stdio;

use medha_connectors::Value;
use serde_json::Value as Json;

use crate::support::{Writer, ask, business, medha, rows, run_with_input, stderr, stdout};

const TOP_PRODUCTS: &str = "What were our top 5 products by revenue last quarter?";

/// The same question in SQL written by hand: completed orders of April to June 2025, after discount.
const TOP_PRODUCTS_SQL: &str = "
    SELECT p.product_name, SUM(i.quantity * i.unit_price * (1 - i.discount)) AS revenue
    FROM order_items AS i
    JOIN orders AS o ON o.order_id = i.order_id
    JOIN products AS p ON p.product_id = i.product_id
    WHERE o.status = 'completed' AND o.ordered_at >= '2025-04-01' AND o.ordered_at < '2025-07-01'
    GROUP BY p.product_id ORDER BY revenue DESC LIMIT 5";

#[test]
fn the_first_question_of_the_readme_is_answered_right() {
    let expected = rows(TOP_PRODUCTS_SQL);
    assert_eq!(expected.len(), 5);

    let output = ask(TOP_PRODUCTS, &["-f", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let answer: Json = serde_json::from_str(&stdout(&output)).unwrap();
    let answered = answer["rows"].as_array().unwrap();
    assert_eq!(answered.len(), 5, "{answer:#}");
    for (answered, expected) in answered.iter().zip(&expected) {
        let [Value::Text(name), Value::Float(revenue)] = expected.as_slice() else { panic!("{expected:?}") };
        assert_eq!(answered[0], Json::from(name.as_str()));
        let difference = answered[1].as_f64().unwrap() - revenue;
        assert!(difference.abs() < 0.01, "{answered} and {expected:?}");
    }
    for key in
        ["question", "plan", "sql", "columns", "rows", "chart", "insights", "follow_ups", "notes", "timings"]
    {
        assert!(!answer[key].is_null(), "{key} is missing in {answer:#}");
    }

    let table = ask(TOP_PRODUCTS, &["--explain"]);
    let shown = stdout(&table);
    for row in &expected {
        let [Value::Text(name), _] = row.as_slice() else { panic!("{row:?}") };
        assert!(shown.contains(name.as_str()), "{shown}");
    }
    assert!(shown.contains("SELECT") && shown.contains('█') && shown.contains("(1) "), "{shown}");
    assert!(!shown.contains('\u{1b}'), "colours in a pipe: {shown}");
}

#[test]
fn rows_come_in_every_format_with_nothing_else_on_standard_output() {
    let csv = stdout(&ask(TOP_PRODUCTS, &["-f", "csv"]));
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 6, "{csv}");
    assert!(lines[0].contains("revenue"), "{csv}");

    let json_lines = stdout(&ask(TOP_PRODUCTS, &["-f", "jsonl", "--explain"]));
    let objects: Vec<Json> = json_lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(objects.len(), 5);
    assert!(objects.iter().all(|object| object["revenue"].is_number()), "{json_lines}");

    let markdown = stdout(&ask(TOP_PRODUCTS, &["-f", "md"]));
    assert_eq!(markdown.lines().filter(|line| line.starts_with("| ")).count(), 7, "{markdown}");
}

#[test]
fn a_dry_run_writes_sql_that_gives_the_answer() {
    let output = ask(TOP_PRODUCTS, &["--dry-run"]);
    let sql = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let answered = rows(sql.trim().trim_end_matches(';'));
    let expected = rows(TOP_PRODUCTS_SQL);
    let names = |rows: &[Vec<Value>]| rows.iter().map(|row| row[0].clone()).collect::<Vec<_>>();
    assert_eq!(names(&answered), names(&expected));
}

#[test]
fn events_are_numbered_without_gaps_and_end_with_the_answer() {
    let output = ask(TOP_PRODUCTS, &["--events"]);
    let events: Vec<Json> = stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (index, event) in events.iter().enumerate() {
        assert_eq!(event["seq"], index + 1);
    }
    assert_eq!(events[0]["type"], "run.started");
    let last = events.last().unwrap();
    assert_eq!((&last["type"], &last["status"]), (&"run.finished".into(), &"success".into()));
    assert_eq!(last["answer"]["rows"].as_array().unwrap().len(), 5);
    for kind in ["plan.ready", "sql.ready", "result.ready", "chart.ready", "insight.ready", "followups.ready"]
    {
        assert!(events.iter().any(|event| event["type"] == kind), "no {kind}");
    }
}

#[test]
fn a_misspelt_word_is_mended_and_said() {
    let output = ask("Show me revnue by product category", &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).contains("Read “revnue” as “revenue”"), "{}", stderr(&output));
    assert!(stdout(&output).contains("Office Supplies"), "{}", stdout(&output));
}

#[test]
fn what_is_not_understood_is_told_and_nothing_is_guessed() {
    for question in ["What is the weather like in Paris?", "Wie hoch war der Umsatz im letzten Quartal?"] {
        let output = ask(question, &[]);
        assert_eq!(output.status.code(), Some(3), "{question}: {}", stdout(&output));
        assert_eq!(stdout(&output), "");
        assert!(!stderr(&output).trim().is_empty());
    }
}

#[test]
fn the_question_may_come_from_standard_input_but_not_an_essay() {
    let folder = tempfile::tempdir().unwrap();
    let command = || {
        let mut command = medha(folder.path());
        command.args(["ask", "-q", "-f", "csv", "--now", "2025-07-01", "-d"]).arg(business()).arg("-");
        command
    };
    let output = run_with_input(command(), b"How many customers are there?\n");
    let expected = rows("SELECT count(*) FROM customers");
    let [Value::Integer(count)] = expected[0].as_slice() else { panic!("{expected:?}") };
    assert!(stdout(&output).contains(&count.to_string()), "{} {}", stdout(&output), stderr(&output));

    let essay = run_with_input(command(), "why ".repeat(25_000).as_bytes());
    assert_eq!(essay.status.code(), Some(2));
    assert!(stderr(&essay).contains("characters and at most 2000 are read"), "{}", stderr(&essay));
    let nothing = run_with_input(command(), b"");
    assert_eq!(nothing.status.code(), Some(2));
}

#[test]
fn wrong_usage_ends_with_2_and_says_the_way_out() {
    for (args, told) in [
        (vec!["ask"], "<QUESTION>"),
        (vec!["ask", "x", "--now", "soon"], "write 2025-06-30 or 2025-06-30T12:00"),
        (vec!["ask", "x", "-f", "xml"], "possible values: table, json, jsonl, csv, md"),
        (vec!["ask", "x", "--max-rows", "0"], "0"),
        (vec!["sing"], "unrecognized subcommand"),
    ] {
        let output = medha(&std::env::temp_dir()).args(&args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(stderr(&output).contains(told), "{args:?}: {}", stderr(&output));
    }
}

#[test]
fn a_file_that_cannot_be_asked_gets_a_clear_answer() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("text.sqlite"), "this is no database, however long one makes it ".repeat(100)).unwrap();
    fs::write(path("empty.sqlite"), "").unwrap();
    let mut corrupt = fs::read(business()).unwrap();
    corrupt.truncate(20_000);
    fs::write(path("corrupt.sqlite"), corrupt).unwrap();
    for name in ["missing.sqlite", "text.sqlite", "empty.sqlite", "corrupt.sqlite"] {
        let before = fs::read(path(name)).ok();
        let output = medha(folder.path()).args(["ask", "how many?", "-d"]).arg(path(name)).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{name}: {}", stderr(&output));
        assert!(
            stderr(&output).starts_with("error: ") && stderr(&output).contains(name),
            "{}",
            stderr(&output)
        );
        assert_eq!(fs::read(path(name)).ok(), before, "{name} was changed");
    }
    let other =
        medha(folder.path()).args(["ask", "how many?", "-d", "oracle://u:secret@h/d"]).output().unwrap();
    assert!(
        stderr(&other).contains("such databases are not known") && !stderr(&other).contains("secret"),
        "{}",
        stderr(&other)
    );
}

#[test]
fn a_locked_file_is_said_to_be_locked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("busy.sqlite");
    let mut writer = Writer::create(&path);
    writer.run("CREATE TABLE orders (id INTEGER PRIMARY KEY, amount REAL); BEGIN EXCLUSIVE;");
    let output = medha(folder.path()).args(["ask", "how many orders?", "-d"]).arg(&path).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("locked by another process"), "{}", stderr(&output));
    writer.run("INSERT INTO orders (amount) VALUES (1.5); COMMIT;");
}

#[test]
fn a_table_of_a_hundred_columns_fits_on_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wide.sqlite");
    let columns: Vec<String> = (1..=100).map(|number| format!("reading_{number} REAL")).collect();
    let values: Vec<String> = (1..=100).map(|number| format!("{number}.5")).collect();
    let mut writer = Writer::create(&path);
    writer.run(&format!("CREATE TABLE sensors (sensor_id INTEGER PRIMARY KEY, {})", columns.join(", ")));
    for id in 1..=3 {
        writer.run(&format!("INSERT INTO sensors VALUES ({id}, {})", values.join(", ")));
    }
    drop(writer);
    let ask =
        |question: &str| medha(folder.path()).args(["ask", question, "-d"]).arg(&path).output().unwrap();
    let all = ask("Show all sensors");
    assert_eq!(all.status.code(), Some(0), "{}", stderr(&all));
    let shown = stdout(&all);
    assert!(shown.lines().all(|line| line.chars().count() <= 100), "{shown}");
    let number = ask("What is the average reading 42?");
    assert_eq!(number.status.code(), Some(0), "{}", stderr(&number));
    assert!(stdout(&number).contains("42.5"), "{}", stdout(&number));
}

#[test]
fn a_broken_model_is_an_error_that_lists_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("m.yaml");
    fs::write(&model, "version: 0.2.0.dev0\nsemantic_model:\n- name: m\n  datasets: 5\n").unwrap();
    let output = medha(folder.path())
        .args(["ask", "how many?", "-d"])
        .arg(business())
        .arg("--model")
        .arg(&model)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("m.yaml"), "{}", stderr(&output));
}

#[test]
fn the_sample_is_made_on_first_use_and_said_so_once() {
    let folder = tempfile::tempdir().unwrap();
    let ask = || medha(folder.path()).args(["ask", "How many customers are there?"]).output().unwrap();
    let first = ask();
    assert_eq!(first.status.code(), Some(0), "{}", stderr(&first));
    assert!(stderr(&first).contains("Made a sample business of three years up to "), "{}", stderr(&first));
    let second = ask();
    assert_eq!(stdout(&first), stdout(&second));
    assert!(!stderr(&second).contains("Made"), "{}", stderr(&second));
    let mut files: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["sample.lock", "sample.ossie.yaml", "sample.sqlite"]);
}

#[test]
fn a_data_folder_that_cannot_be_written_to_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let output = medha(&file).args(["ask", "How many customers are there?"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("set MEDHA_DATA_DIR"), "{}", stderr(&output));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = medha(&std::env::temp_dir())
        .args(["ask", "--now", "2025-07-01", "-f", "csv", "-d"])
        .arg(business())
        .arg("list all customers")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(!stderr(&output).contains("error"), "{}", stderr(&output));
}

#[test]
fn the_workflow_is_drawn() {
    let output = medha(&std::env::temp_dir()).arg("graph").output().unwrap();
    let diagram = stdout(&output);
    assert_eq!(output.status.code(), Some(0));
    assert!(diagram.contains("-->") && diagram.contains("execute"), "{diagram}");
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupt_ends_it_with_130() {
    let mut child = medha(&std::env::temp_dir())
        .args(["ask", "-d"])
        .arg(business())
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It waits for a question that does not come; the kernel says when it has begun to listen for the signal.
    let status = format!("/proc/{}/status", child.id());
    let listens = |text: String| {
        let caught = text.lines().find_map(|line| line.strip_prefix("SigCgt:\t").map(str::to_owned));
        caught.is_some_and(|mask| u64::from_str_radix(&mask, 16).unwrap() & 0b10 != 0)
    };
    while !listens(fs::read_to_string(&status).unwrap()) {
        std::thread::yield_now();
    }
    let input = child.stdin.take();
    let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let output = child.wait_with_output().unwrap();
    drop(input);
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert_eq!(stderr(&output), "Interrupted.\n");
}

#[test]
fn a_server_that_is_not_there_is_told_without_the_password() {
    let folder = tempfile::tempdir().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("postgres://me:hunter2@127.0.0.1:{port}/sales");
    let output = medha(folder.path()).args(["ask", "-d", &url, "how many?"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = stderr(&output);
    assert!(told.contains(&format!("cannot open \"postgres://127.0.0.1:{port}/sales\"")), "{told}");
    assert!(told.contains("check the host, the port") && !told.contains("hunter2"), "{told}");
}
