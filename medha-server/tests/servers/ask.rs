//! The same questions to databases of servers, on the command line.

use std::fs;

use libtest_mimic::Trial;
use serde_json::{Value as Json, json};

use crate::databases::{on_mysql, on_postgres};
use crate::support::{medha, stderr, stdout};

const TABLES: [&str; 4] = [
    "CREATE TABLE customers (customer_id int PRIMARY KEY, name varchar(40) NOT NULL, country varchar(40) NOT NULL)",
    "CREATE TABLE orders (order_id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers (customer_id),
       status varchar(20) NOT NULL, ordered_on date NOT NULL, amount decimal(10, 2) NOT NULL)",
    "INSERT INTO customers VALUES (1, 'Ada', 'France'), (2, 'Grace', 'Kenya'), (3, 'Zoë', 'France')",
    "INSERT INTO orders VALUES (1, 1, 'open', '2025-01-05', 10.50), (2, 1, 'paid', '2025-01-20', 20.25),
       (3, 2, 'paid', '2025-02-02', 5.00), (4, 3, 'paid', '2025-03-03', 1.25)",
];

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        on_postgres("ask::a_database_of_postgres_is_asked_like_a_file", &TABLES, check),
        on_mysql("ask::a_database_of_mysql_is_asked_like_a_file", &TABLES, check),
    ]
}

fn check(url: &str) {
    let folder = tempfile::tempdir().unwrap();
    let ask = |question: &str| {
        let output =
            medha(folder.path()).args(["ask", "-q", "-f", "csv", "-d", url, question]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{question}: {}", stderr(&output));
        let mut lines: Vec<String> = stdout(&output).lines().skip(1).map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(ask("How many customers are there in each country?"), ["France,2", "Kenya,1"]);
    assert_eq!(ask("total amount by status"), ["open,10.50", "paid,26.50"]);
    assert_eq!(ask("amount by month in 2025"), ["2025-01,30.75", "2025-02,5.00", "2025-03,1.25"]);

    let config = folder.path().join("medha.yaml");
    fs::write(&config, format!("connections: {{shop: {{url: '{url}', limits: {{planned_rows: 3}}}}}}"))
        .unwrap();
    let mut command = medha(folder.path());
    command.args(["sql", "-d", "shop", "SELECT count(*) FROM orders a, orders b", "--config"]).arg(&config);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    assert!(stderr(&output).contains("and 3 are allowed"), "{}", stderr(&output));

    let pack = folder.path().join("pack");
    fs::create_dir(&pack).unwrap();
    let (place, name) = url.rsplit_once('/').unwrap();
    let question = json!({"id": "a", "db": name, "question": "How many paid orders are there?"});
    fs::write(pack.join("questions.jsonl"), format!("{question}\n")).unwrap();
    let out = folder.path().join("out.jsonl");
    let mut command = medha(folder.path());
    command.arg("eval").arg(&pack).args(["-d", &format!("{place}/{{db}}"), "--out"]).arg(&out);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let line: Json = serde_json::from_str(&fs::read_to_string(&out).unwrap()).unwrap();
    assert!(line["sql"].as_str().is_some_and(|sql| sql.contains("'paid'")), "{line}");
}
