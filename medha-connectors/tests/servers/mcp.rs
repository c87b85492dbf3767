//! Databases behind the MCP servers that others have written: those of npm for PostgreSQL and MySQL.
//!
//! `MEDHA_TEST_MCP` is the `node_modules` they are installed in; `.ci/mcp` installs them.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use libtest_mimic::Trial;
use medha_connectors::conformance::{self, Fixture, Subject};
use medha_connectors::{
    Connector, ConnectorError, Guard, McpConfig, McpConnector, QueryOptions, ResultSet, Secret, Value,
};
use sea_orm::{ConnectOptions, ConnectionTrait as _, Database, Statement};

use crate::databases::{Server, load};
use crate::harness::{Outside, trial};
use crate::servers::Admin;

static NODE: Outside = Outside::new("MCP servers of npm", find);

const POSTGRES: &str = "@modelcontextprotocol/server-postgres/dist/index.js";
const MYSQL: &str = "@benborla29/mcp-server-mysql/dist/index.js";

fn find() -> Result<String, String> {
    let folder = std::env::var("MEDHA_TEST_MCP").unwrap_or_else(|_| "/usr/local/lib/node_modules".to_owned());
    for server in [POSTGRES, MYSQL] {
        let path = PathBuf::from(&folder).join(server);
        if !path.is_file() {
            return Err(format!("{} is not there; run .ci/mcp and set MEDHA_TEST_MCP", path.display()));
        }
    }
    Ok(folder)
}

static PYTHON: Outside = Outside::new("MCP server for SQLite", || {
    let program = std::env::var("MEDHA_TEST_MCP_SQLITE");
    let program = program.unwrap_or_else(|_| "/usr/local/bin/mcp-server-sqlite".to_owned());
    if Path::new(&program).is_file() {
        Ok(program)
    } else {
        Err(format!("{program} is not there; run .ci/mcp and set MEDHA_TEST_MCP_SQLITE"))
    }
});

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        on(Server::Postgres, "mcp::postgres_passes", passes),
        on(Server::MySql, "mcp::mysql_passes", passes),
        on(Server::Postgres, "mcp::postgres_loses_nothing_but_bytes", keeps_digits),
        on(Server::MySql, "mcp::what_mysql_gives_is_read_as_it_is_given", reads_what_node_gives),
        on(Server::Postgres, "mcp::what_escapes_a_read_only_transaction_never_leaves", nothing_escapes),
        on(Server::Postgres, "mcp::what_the_database_refuses_is_told_without_secrets", tells_refusals),
        on(Server::MySql, "mcp::mysql_tells_what_its_database_refuses", tells_refusals),
        trial(&PYTHON, "mcp::sqlite_passes", sqlite_passes),
        on(Server::Postgres, "mcp::a_database_that_is_not_there_is_told", tells_what_is_missing),
    ]
}

/// A test with a database of its own and the folder of the servers.
fn on<F>(server: Server, name: &str, test: fn(Place) -> F) -> Trial
where
    F: Future<Output = ()> + 'static,
{
    trial(&NODE, name, move |folder| server.with_database(move |url| test(Place { server, url, folder })))
}

/// A database and the folder of the servers that ask it.
struct Place {
    server: Server,
    url: String,
    folder: String,
}

impl Place {
    /// The connector, as a program would make it of its `mcp.json`.
    async fn open(&self) -> McpConnector {
        let path = |server: &str| Path::new(&self.folder).join(server).to_str().unwrap().to_owned();
        let (address, mut variables) = (self.url.as_str(), BTreeMap::new());
        let server = match self.server {
            Server::Postgres => {
                // The server stops no statement, so the database has to.
                let address = format!("{address}?options=-c%20statement_timeout%3D4000");
                variables.insert("SHOP".to_owned(), Secret::new(address));
                serde_json::json!({"command": "node", "args": [path(POSTGRES), "${SHOP}"]})
            }
            Server::MySql => {
                let (user, password) = reader(address).await;
                let (host, database) = address.rsplit('@').next().unwrap().split_once('/').unwrap();
                let (host, port) = host.split_once(':').unwrap_or((host, "3306"));
                variables.insert("SHOP_PASSWORD".to_owned(), Secret::new(password));
                serde_json::json!({
                    "command": "node",
                    "args": [path(MYSQL)],
                    "env": {
                        "MYSQL_HOST": host, "MYSQL_PORT": port, "MYSQL_DB": database,
                        "MYSQL_USER": user, "MYSQL_PASS": "${SHOP_PASSWORD}",
                    },
                })
            }
        };
        variables.insert("PATH".to_owned(), Secret::new(std::env::var("PATH").unwrap()));
        let config = serde_json::json!({"mcpServers": {"shop": server}}).to_string();
        let config = McpConfig::read(&config).unwrap();
        McpConnector::new(config.server(None, &variables).unwrap(), variables)
    }

    async fn guarded(&self) -> (McpConnector, Guard) {
        let connector = self.open().await;
        let schema = connector.schema().await.unwrap();
        let guard = Guard::new(connector.dialect(), Arc::new(schema));
        (connector, guard)
    }
}

async fn ask(connector: &McpConnector, guard: &Guard, sql: &str) -> Result<ResultSet, ConnectorError> {
    let sql = guard.check(sql, 1_000).unwrap();
    connector.query(&sql, QueryOptions::default()).await?.collect().await
}

const PASSWORD: &str = "medha-hunter2";

/// A user that reads; with a limit of its own, where the system has such, because the MCP server stops no statement.
async fn reader(url: &str) -> (String, &'static str) {
    let connection = Database::connect(ConnectOptions::new(url)).await.unwrap();
    let backend = connection.get_database_backend();
    let version =
        connection.query_one_raw(Statement::from_string(backend, "SELECT version()")).await.unwrap();
    let version: String = version.unwrap().try_get_by_index(0).unwrap();
    let database = url.rsplit('/').next().unwrap();
    let limit = if version.contains("MariaDB") { "WITH MAX_STATEMENT_TIME 4" } else { "" };
    let user = format!("{database}_u");
    for statement in [
        format!("CREATE OR REPLACE USER '{user}'@'%' IDENTIFIED BY '{PASSWORD}' {limit}"),
        format!("GRANT SELECT ON {database}.* TO '{user}'@'%'"),
    ] {
        connection.execute_unprepared(&statement).await.unwrap();
    }
    connection.close().await.unwrap();
    (user, PASSWORD)
}

/// Ends what still runs, and takes the user away.
async fn tidy(place: &Place) {
    if place.server == Server::MySql {
        Admin::of(place.server, &place.url).await.kill_all().await;
        let user = place.url.rsplit('/').next().unwrap();
        load(&place.url, &[format!("DROP USER '{user}_u'@'%'")]).await;
    }
}

const ENDLESS: &str = "SELECT count(*) AS n FROM crowd AS a, crowd AS b, crowd AS c, crowd AS d WHERE a.n + b.n + c.n + d.n = 0";
async fn passes(place: Place) {
    let make = async |fixture: &Fixture| {
        let connector = place.open().await;
        load(&place.url, &fixture.statements(connector.dialect())).await;
        Subject::new(Arc::new(connector), ENDLESS)
    };
    let verdict = conformance::run(make).await;
    tidy(&place).await;
    verdict.unwrap();
}

async fn sqlite_passes(program: String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let path = path.to_str().unwrap();
    let config =
        serde_json::json!({"mcpServers": {"shop": {"command": program, "args": ["--db-path", path]}}});
    let config = McpConfig::read(&config.to_string()).unwrap();
    let make = async |fixture: &Fixture| {
        let connector = McpConnector::new(config.server(None, &BTreeMap::new()).unwrap(), BTreeMap::new());
        load(&format!("sqlite:{path}?mode=rwc"), &fixture.statements(connector.dialect())).await;
        Subject::new(Arc::new(connector), ENDLESS)
    };
    conformance::run(make).await.unwrap();
}

async fn keeps_digits(place: Place) {
    let statements = [
        "CREATE TABLE t (n numeric, doc jsonb, at timestamp, days date[], big bigint, yes boolean, raw bytea)",
        "INSERT INTO t VALUES (12345678901234567890.0123456789, '{\"digits\": 1.10000000000000000001}', \
         '2024-02-29 10:00:00.123456', '{2024-01-01}', 9007199254740993, true, '\\x00ff')",
    ];
    load(&place.url, &statements.map(str::to_owned)).await;
    let (connector, guard) = place.guarded().await;
    let answer = ask(&connector, &guard, "SELECT n, doc, at, days, big, yes, raw, n FROM t").await.unwrap();
    let text = |text: &str| Value::Text(text.to_owned());
    let n = Value::Decimal("12345678901234567890.0123456789".to_owned());
    assert_eq!(
        answer.rows,
        [[
            n.clone(),
            text(r#"{"digits": 1.10000000000000000001}"#),
            text("2024-02-29T10:00:00.123456"),
            text(r#"["2024-01-01"]"#),
            Value::Integer(9_007_199_254_740_993),
            Value::Bool(true),
            text("\\x00ff"),
            n
        ]]
    );
    let none = ask(&connector, &guard, "SELECT n, doc AS d FROM t WHERE n < 0").await.unwrap();
    let names: Vec<&str> = none.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!((names, none.rows.len()), (vec!["n", "d"], 0));
    let sql = guard.check("SELECT n FROM t", 10).unwrap();
    assert!(connector.explain(&sql).await.unwrap().contains("Seq Scan"));
}

async fn reads_what_node_gives(place: Place) {
    let statements = [
        "CREATE TABLE t (n decimal(10,2), f double, born date, at datetime, raw blob, name varchar(20) CHARACTER SET utf8mb4)",
        "INSERT INTO t VALUES (20.00, 1.5, '1815-12-10', '2024-02-29 10:00:00', x'00ff10', 'Zoë 漢字'), (1.10, 2, NULL, NULL, NULL, '')",
    ];
    load(&place.url, &statements.map(str::to_owned)).await;
    let (connector, guard) = place.guarded().await;
    let outcome = ask(&connector, &guard, "SELECT * FROM t ORDER BY f").await;
    let refusal = ask(&connector, &guard, "SELECT f, n AS F FROM t").await;
    let none = ask(&connector, &guard, "SELECT f, n FROM t WHERE f > 100").await;
    tidy(&place).await;
    let text = |text: &str| Value::Text(text.to_owned());
    assert_eq!(
        outcome.unwrap().rows,
        [
            [
                text("20.00"),
                Value::Float(1.5),
                text("1815-12-10"),
                text("2024-02-29T10:00:00.000Z"),
                Value::Blob(vec![0, 255, 16]),
                text("Zoë 漢字")
            ],
            [text("1.10"), Value::Float(2.0), Value::Null, Value::Null, Value::Null, text("")]
        ]
    );
    assert_eq!(
        refusal.unwrap_err().to_string(),
        "the database could not run the query: two columns are called \"F\", of which this server gives one; name them apart with AS"
    );
    assert_eq!(none.unwrap().columns.len(), 2);
}

/// `commit; create table …` leaves the read-only transaction of this server; our guard never lets it get there.
async fn nothing_escapes(place: Place) {
    load(&place.url, &["CREATE TABLE t (n int)".to_owned()]).await;
    let (connector, guard) = place.guarded().await;
    for sql in [
        "commit; create table escaped (n int)",
        "SELECT n FROM t; commit; create table escaped (n int)",
        "SELECT n FROM t) AS medha; commit; create table escaped (n int); select (1",
        "SELECT n FROM t -- \n; commit; create table escaped (n int)",
        "WITH gone AS (DELETE FROM t RETURNING n) SELECT n FROM gone",
        "SELECT pg_terminate_backend(1)",
    ] {
        assert!(guard.check(sql, 10).is_err(), "{sql}");
    }
    assert!(ask(&connector, &guard, "SELECT n FROM t").await.is_ok());
    let schema = connector.schema().await.unwrap();
    assert!(schema.table("escaped").is_none(), "{schema:?}");
    let connection = Database::connect(ConnectOptions::new(&place.url)).await.unwrap();
    let backend = connection.get_database_backend();
    let found = connection
        .query_one_raw(Statement::from_string(backend, "SELECT to_regclass('escaped') IS NULL"))
        .await
        .unwrap();
    assert!(found.unwrap().try_get_by_index::<bool>(0).unwrap());
    // It is no idle fear: whoever asks the server without the guard gets through.
    call_unguarded(&place, "commit; create table escaped (n int)");
    let schema = connector.schema().await.unwrap();
    assert!(schema.table("escaped").is_some(), "{schema:?}");
}

/// Calls the tool of the server as a client does that guards nothing, and gives its answer.
fn call_unguarded(place: &Place, sql: &str) -> String {
    let mut server = Command::new("node")
        .args([Path::new(&place.folder).join(POSTGRES).to_str().unwrap(), &place.url])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut input, output) = (server.stdin.take().unwrap(), server.stdout.take().unwrap());
    let us = serde_json::json!({"name": "test", "version": "1"});
    let hello = serde_json::json!({"protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": us});
    let call = serde_json::json!({"name": "query", "arguments": {"sql": sql}});
    for message in [
        serde_json::json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}),
        serde_json::json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        serde_json::json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call}),
    ] {
        writeln!(input, "{message}").unwrap();
    }
    let answer = BufReader::new(output).lines().nth(1).unwrap().unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    answer
}

async fn tells_refusals(place: Place) {
    load(&place.url, &["CREATE TABLE t (n int, s varchar(10))".to_owned()]).await;
    let (connector, guard) = place.guarded().await;
    load(&place.url, &["DROP TABLE t".to_owned()]).await;
    let error = ask(&connector, &guard, "SELECT n, s FROM t").await.unwrap_err();
    // The server goes on after a refusal.
    let alive = connector.ping().await;
    tidy(&place).await;
    alive.unwrap();
    let text = error.to_string();
    assert!(matches!(error, ConnectorError::Query { .. }), "{error:?}");
    assert!(text.contains("exist") && !text.contains(PASSWORD), "{text}");
}

async fn tells_what_is_missing(mut place: Place) {
    place.url = "postgres://me:medha-hunter2@127.0.0.1:1/nothing".to_owned();
    let error = place.open().await.schema().await.unwrap_err().to_string();
    assert!(error.contains("ECONNREFUSED") && !error.contains(PASSWORD), "{error}");
}
