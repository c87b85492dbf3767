//! The same questions to databases of servers, on the command line. A server that does not answer is skipped and said so, unless
//! `MEDHA_REQUIRE_SERVERS=1`; `MEDHA_TEST_POSTGRES` and `MEDHA_TEST_MYSQL` say where they are.

use std::fs;

use serde_json::{Value as Json, json};
use sqlx::{AssertSqlSafe, Connection, Database, Executor, MySql, Postgres};

use crate::support::{block_on, medha, stderr, stdout};

const TABLES: [&str; 4] = [
    "CREATE TABLE customers (customer_id int PRIMARY KEY, name varchar(40) NOT NULL, country varchar(40) NOT NULL)",
    "CREATE TABLE orders (order_id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers (customer_id),
       status varchar(20) NOT NULL, ordered_on date NOT NULL, amount decimal(10, 2) NOT NULL)",
    "INSERT INTO customers VALUES (1, 'Ada', 'France'), (2, 'Grace', 'Kenya'), (3, 'Zoë', 'France')",
    "INSERT INTO orders VALUES (1, 1, 'open', '2025-01-05', 10.50), (2, 1, 'paid', '2025-01-20', 20.25),
       (3, 2, 'paid', '2025-02-02', 5.00), (4, 3, 'paid', '2025-03-03', 1.25)",
];

/// Makes a database, runs the test with its address and removes it.
async fn with_database<D: Database>(variable: &str, default: &str, name: &str, test: impl FnOnce(&str))
where
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
{
    let address = std::env::var(variable).unwrap_or_else(|_| default.to_owned());
    let mut admin = match D::Connection::connect(&address).await {
        Ok(admin) => admin,
        Err(error) => {
            let is_required = std::env::var("MEDHA_REQUIRE_SERVERS").is_ok_and(|value| value == "1");
            assert!(!is_required, "no server answers at {address}: {error}");
            println!("skipped: no server answers at {address}: {error}");
            return;
        }
    };
    let name = format!("{name}_{}", std::process::id());
    admin.execute(sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}")))).await.unwrap();
    let url = format!("{}/{name}", address.rsplit_once('/').unwrap().0);
    let mut connection = D::Connection::connect(&url).await.unwrap();
    for sql in TABLES {
        connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.unwrap();
    }
    connection.close().await.unwrap();
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| test(&url)));
    admin.execute(sqlx::raw_sql(AssertSqlSafe(format!("DROP DATABASE {name}")))).await.unwrap();
    if let Err(panicked) = ended {
        std::panic::resume_unwind(panicked);
    }
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

#[test]
fn a_database_of_postgres_is_asked_like_a_file() {
    let default = "postgres://postgres@127.0.0.1:5432/postgres";
    block_on(with_database::<Postgres>("MEDHA_TEST_POSTGRES", default, "medha_cli", check));
}

#[test]
fn a_database_of_mysql_is_asked_like_a_file() {
    let default = "mysql://root@127.0.0.1:3306/mysql";
    block_on(with_database::<MySql>("MEDHA_TEST_MYSQL", default, "medha_cli", check));
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
