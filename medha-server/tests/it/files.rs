//! `medha ask -d` of files that are no databases.

use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use tempfile::TempDir;

use crate::support::{medha, stderr, stdout};

/// Orders of three months, ids of two customers, amounts that add up to round sums.
const ORDERS: &str = "\
order_id,customer_id,order_date,amount,status
1,1,15.01.2025,100.50,completed
2,2,20.01.2025,49.50,completed
3,1,03.02.2025,200.00,completed
4,2,28.02.2025,25.25,cancelled
5,1,31.03.2025,300.75,completed
";
const CUSTOMERS: &str = "\
{\"customer_id\": 1, \"name\": \"Ada\", \"address\": {\"city\": \"Rome\"}}
{\"customer_id\": 2, \"name\": \"Bo\", \"address\": {\"city\": \"Oslo\"}}
";

struct Shop(TempDir);

impl Shop {
    fn open() -> Self {
        let shop = Self(tempfile::tempdir().unwrap());
        fs::create_dir(shop.path().join("shop")).unwrap();
        fs::write(shop.path().join("shop/orders.csv"), ORDERS).unwrap();
        fs::write(shop.path().join("shop/customers.jsonl"), CUSTOMERS).unwrap();
        shop
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn ask(&self, database: &str, question: &str, more: &[&str]) -> Output {
        let mut command = medha(&self.path().join("own"));
        command
            .args(["ask", "--now", "2025-04-01", "-d"])
            .arg(self.path().join(database))
            .args(more)
            .arg(question);
        command.output().unwrap()
    }

    fn rows(&self, database: &str, question: &str) -> Json {
        let output = self.ask(database, question, &["-f", "json"]);
        assert_eq!(output.status.code(), Some(0), "{question}: {}{}", stderr(&output), stdout(&output));
        let answer: Json = serde_json::from_str(&stdout(&output)).unwrap();
        answer["rows"].clone()
    }
}

#[test]
fn a_csv_file_is_asked_in_plain_words() {
    let shop = Shop::open();
    let by_month = shop.rows("shop/orders.csv", "total amount by month");
    let sums: Vec<f64> = by_month
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row.as_array().unwrap().last().unwrap().as_f64().unwrap())
        .collect();
    assert_eq!(sums, [150.0, 225.25, 300.75], "{by_month}");
    assert!(by_month[0][0].as_str().unwrap().starts_with("2025-01"), "{by_month}");
    let output = shop.ask("shop/orders.csv", "how many orders by status", &["-f", "csv"]);
    assert!(
        stderr(&output).contains("column order_date: dates as in 31.12.2025 (day first) became 2025-12-31")
    );
    let csv = stdout(&output);
    assert!(csv.contains("completed,4") && csv.contains("cancelled,1"), "{csv}");
    assert_eq!(fs::read_dir(shop.path().join("own/imports")).unwrap().count(), 2, "the import and its label");
}

#[test]
fn the_files_of_a_folder_are_asked_together() {
    let shop = Shop::open();
    let by_city = shop.rows("shop", "total amount of orders by address city");
    let mut cities: Vec<(&str, f64)> = by_city
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row[0].as_str().unwrap(), row[1].as_f64().unwrap()))
        .collect();
    cities.sort_by_key(|(city, _)| *city);
    assert_eq!(cities, [("Oslo", 74.75), ("Rome", 601.25)], "{by_city}");
}

#[test]
fn a_model_beside_a_file_says_what_it_means() {
    let shop = Shop::open();
    let model = r#"
version: "0.2"
semantic_model:
  - name: shop
    datasets:
      - name: orders
        source: orders
        primary_key: [order_id]
        fields:
          - name: order_date
            expression: {dialects: [{dialect: ANSI_SQL, expression: order_date}]}
            dimension: {is_time: true}
          - name: amount
            expression: {dialects: [{dialect: ANSI_SQL, expression: amount}]}
    metrics:
      - name: turnover
        expression: {dialects: [{dialect: ANSI_SQL, expression: SUM(orders.amount)}]}
"#;
    fs::write(shop.path().join("shop/orders.ossie.yaml"), model).unwrap();
    assert_eq!(shop.rows("shop/orders.csv", "what was our turnover?"), serde_json::json!([[676.0]]));
}

#[test]
fn a_file_that_cannot_be_understood_is_said_with_its_line() {
    let shop = Shop::open();
    fs::write(shop.path().join("broken.csv"), "a,b\n1,2\n3\n").unwrap();
    let output = shop.ask("broken.csv", "how many rows?", &[]);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(
        said.contains("line 1 has 2 fields, but line 3 has 1 field; put values that contain ',' in quotes"),
        "{said}"
    );
}

#[test]
fn an_import_that_is_killed_leaves_nothing_that_is_used() {
    let shop = Shop::open();
    let rows: String = (1..=400_000)
        .map(|number| format!("{number},some words that take their time,{number}.5\n"))
        .collect();
    fs::write(shop.path().join("sales.csv"), format!("sale_id,note,amount\n{rows}")).unwrap();
    let imports = shop.path().join("own/imports");
    let ending = |end: &str| {
        let entries = fs::read_dir(&imports).into_iter().flatten().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.extension().is_some_and(|found| found == end)).count()
    };
    let mut command = medha(&shop.path().join("own"));
    command.args(["ask", "-d"]).arg(shop.path().join("sales.csv")).arg("how many sales are there?");
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let started = Instant::now();
    while ending("part") == 0 {
        assert!(started.elapsed() < Duration::from_secs(60), "it never began");
        assert!(child.try_wait().unwrap().is_none(), "it was done before it could be killed");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!((ending("part"), ending("sqlite")), (1, 0));

    assert_eq!(shop.rows("sales.csv", "how many sales are there?"), serde_json::json!([[400_000]]));
    assert_eq!((ending("part"), ending("sqlite")), (0, 1));
}
