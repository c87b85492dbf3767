//! The MCP connector against a server that misbehaves, as a child process and over HTTP.
//!
//! This binary is its own child: with `server` as its only argument it is the server.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "tests spawn on their own runtime, and wait for processes")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the server greets where it should not")]

mod server;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use medha_connectors::{
    Column, ColumnKind, ConnectionConfig, Connector, ConnectorError, Dialect, Guard, GuardedSql, McpConfig,
    McpConnector, QueryOptions, ResultSet, Schema, Secret, Table, TableKind, Value,
};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio_util::sync::CancellationToken;

use crate::server::{SECRET, Server, TABLES, Tools};

/// Far less than what is waited for would take by itself.
const SOON: Duration = Duration::from_secs(20);

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    if std::env::args().nth(1).as_deref() == Some("server") {
        return runtime.block_on(Server::default().serve_child());
    }
    let arguments = libtest_mimic::Arguments::from_args();
    let trials = vec![
        test("every_form_of_rows_is_read_from_a_child", async || reads_every_form(&child()).await),
        test("every_form_of_rows_is_read_over_http", async || {
            reads_every_form(&Site::open(Tools::One).await.connector()).await
        }),
        test("what_a_server_refuses_is_told_without_secrets", async || {
            tells_refusals(&child()).await;
            tells_refusals(&Site::open(Tools::One).await.connector()).await;
        }),
        test("an_answer_that_is_too_large_is_refused", refuses_what_is_too_large),
        test("a_server_that_dies_is_lost_and_started_again", starts_again),
        test("a_question_that_is_given_up_is_given_up_on_the_server", gives_up),
        test("a_child_does_not_outlive_its_connector", ends_the_child),
        test("a_child_gets_nothing_of_our_environment_but_what_it_needs", keeps_the_environment),
        test("a_header_with_a_variable_lets_us_in_and_is_never_shown", sends_headers),
        test("a_server_with_two_tools_is_not_guessed_at", wants_a_tool),
        test("a_server_that_cannot_be_reached_is_left_alone_for_a_while", leaves_alone),
        test("an_address_opens_a_server_of_a_file", opens_by_address),
    ];
    libtest_mimic::run(&arguments, trials).exit();
}

fn test<F: Future<Output = ()>>(name: &str, run: impl FnOnce() -> F + Send + 'static) -> Trial {
    Trial::test(name, move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        runtime.block_on(run());
        Ok(())
    })
}

fn variables() -> BTreeMap<String, Secret> {
    BTreeMap::from([
        ("PATH".to_owned(), Secret::new("/usr/bin:/bin")),
        ("TOKEN".to_owned(), Secret::new(SECRET)),
        ("PRIVATE".to_owned(), Secret::new("for nobody")),
    ])
}

fn connector(server: &serde_json::Value) -> McpConnector {
    let config = serde_json::json!({"mcpServers": {"tiny": server}}).to_string();
    let server = McpConfig::read(&config).unwrap().server(Some("tiny"), &variables()).unwrap();
    McpConnector::new(server, variables())
}

fn program() -> serde_json::Value {
    let program = std::env::current_exe().unwrap();
    serde_json::json!({
        "command": program.to_str().unwrap(), "args": ["server"], "env": {"TOKEN": "${TOKEN}"}, "medha": {"dialect": "sqlite"},
    })
}

fn child() -> McpConnector {
    connector(&program())
}

/// The server over HTTP, behind a bearer token.
struct Site {
    url: String,
    server: Server,
    stop: CancellationToken,
}

impl Site {
    async fn open(tools: Tools) -> Self {
        let server = Server { tools, ..Server::default() };
        let (made, stop) = (server.clone(), CancellationToken::new());
        let service = StreamableHttpService::new(
            move || Ok(made.clone()),
            Arc::new(LocalSessionManager::default()),
            StreamableHttpServerConfig::default(),
        );
        let guarded = axum::middleware::from_fn(
            async |request: axum::extract::Request, next: axum::middleware::Next| {
                let bearer = format!("Bearer {SECRET}");
                match request.headers().get("authorization") {
                    Some(value) if value.as_bytes() == bearer.as_bytes() => next.run(request).await,
                    _ => axum::response::IntoResponse::into_response(axum::http::StatusCode::UNAUTHORIZED),
                }
            },
        );
        let router = axum::Router::new().nest_service("/mcp", service).layer(guarded);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let stopped = stop.clone();
        tokio::spawn(async move {
            axum::serve(listener, router).with_graceful_shutdown(stopped.cancelled_owned()).await.unwrap();
        });
        Self { url, server, stop }
    }

    fn connector(&self) -> McpConnector {
        connector(&serde_json::json!({
            "type": "http", "url": self.url, "headers": {"Authorization": "Bearer ${TOKEN}"}, "medha": {"dialect": "sqlite"},
        }))
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn guard() -> Guard {
    let column = |name: &str| Column {
        name: name.to_owned(),
        declared_type: String::new(),
        kind: ColumnKind::Unknown,
        nullable: true,
        default: None,
        comment: None,
        profile: None,
    };
    let table = |name: &&str| Table {
        name: (*name).to_owned(),
        kind: TableKind::Table,
        comment: None,
        columns: vec![column("s"), column("n")],
        primary_key: Vec::new(),
        unique_keys: Vec::new(),
        foreign_keys: Vec::new(),
        indexes: Vec::new(),
        row_count: None,
        definition: None,
        partitioned_by: None,
    };
    Guard::new(
        Dialect::Sqlite,
        Arc::new(Schema { tables: TABLES.iter().map(table).collect(), ..Schema::default() }),
    )
}

fn sql(table: &str) -> GuardedSql {
    guard().check(&format!("SELECT s, n FROM {table}"), 100).unwrap()
}

async fn ask(connector: &McpConnector, table: &str) -> Result<ResultSet, ConnectorError> {
    connector.query(&sql(table), QueryOptions::default()).await?.collect().await
}

async fn refusal(connector: &McpConnector, table: &str) -> String {
    ask(connector, table).await.unwrap_err().to_string()
}

async fn reads_every_form(connector: &McpConnector) {
    let large = Value::Integer(9_007_199_254_740_993);
    for table in ["rows", "twin", "python", "lines", "structured"] {
        let answer = ask(connector, table).await.unwrap();
        let names: Vec<&str> = answer.columns.iter().map(|column| column.name.as_str()).collect();
        let x = Value::Text("x".to_owned());
        assert_eq!(names, ["s", "n"], "{table}");
        assert_eq!(answer.rows, [[x, Value::Integer(1)], [Value::Null, large.clone()]], "{table}");
    }
    let nothing = ask(connector, "nothing").await.unwrap();
    assert_eq!((nothing.columns.len(), nothing.rows.len()), (2, 0));
    connector.ping().await.unwrap();
}

async fn tells_refusals(connector: &McpConnector) {
    assert_eq!(
        refusal(connector, "refused").await,
        "the database could not run the query: no such table for <secret>"
    );
    assert_eq!(
        refusal(connector, "broken").await,
        "the database could not run the query: lost postgres://db"
    );
    assert_eq!(
        refusal(connector, "prose").await,
        "the database could not run the query: the server's answer cannot be read as rows; it begins: \
         There are two rows, x and one without a name."
    );
    assert!(!format!("{connector:?}").contains(SECRET));
    assert_eq!(
        connector.explain(&sql("refused")).await.unwrap(),
        "the server does not say how a statement is run: no such table for <secret>"
    );
    assert!(ask(connector, "rows").await.is_ok());
}

async fn refuses_what_is_too_large() {
    let child = child();
    assert_eq!(
        refusal(&child, "essay").await,
        "the database could not run the query: the server's answer is larger than 32 MiB; ask for fewer rows"
    );
    assert!(ask(&child, "rows").await.is_ok(), "it is started again");
}

async fn starts_again() {
    let child = child();
    let process = async || match ask(&child, "process").await.unwrap().rows[0][1] {
        Value::Integer(process) => process,
        ref other => panic!("{other:?}"),
    };
    let first = process().await;
    assert_eq!(first, process().await);
    let error = ask(&child, "dead").await.unwrap_err();
    assert!(matches!(error, ConnectorError::Lost { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "the connection to \"tiny\" was lost (it ended (exit status: 3); it said: started with <secret>); ask again"
    );
    assert_ne!(first, process().await);
}

async fn gives_up() {
    let site = Site::open(Tools::One).await;
    let connector = site.connector();
    let asked = Instant::now();
    let deadline = Duration::from_millis(100);
    // It is greeted first, which counts as well.
    connector.ping().await.unwrap();
    let late =
        connector.query(&sql("slow"), QueryOptions { deadline, ..Default::default() }).await.unwrap_err();
    assert!(matches!(late, ConnectorError::Deadline { after } if after == deadline), "{late:?}");
    let cancel = CancellationToken::new();
    let options = QueryOptions { cancel: cancel.clone(), ..Default::default() };
    connector.ping().await.unwrap();
    let slow = sql("slow");
    let (cancelled, ()) = tokio::join!(connector.query(&slow, options), async {
        tokio::task::yield_now().await;
        cancel.cancel();
    });
    let cancelled = cancelled.unwrap_err();
    assert!(matches!(cancelled, ConnectorError::Cancelled), "{cancelled:?}");
    connector.ping().await.unwrap();
    let dropped =
        tokio::time::timeout(Duration::from_millis(100), connector.query(&slow, QueryOptions::default()));
    assert!(dropped.await.is_err());
    // Whether the second call had left when it was cancelled, nobody knows.
    while site.server.given_up.load(Ordering::SeqCst) < 2 {
        assert!(asked.elapsed() < SOON, "the server still works");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(ask(&connector, "rows").await.is_ok());
}

async fn ends_the_child() {
    let child = child();
    let Value::Integer(process) = ask(&child, "process").await.unwrap().rows[0][1] else {
        panic!("a number")
    };
    let there = format!("/proc/{process}/stat");
    if cfg!(target_os = "linux") {
        assert!(Path::new(&there).exists());
    }
    drop(child);
    let dropped = Instant::now();
    while Path::new(&there).exists() {
        assert!(dropped.elapsed() < SOON, "the child is still there");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn keeps_the_environment() {
    let Value::Text(environment) = ask(&child(), "process").await.unwrap().rows[0][0].clone() else {
        panic!("text")
    };
    let mut names: Vec<&str> = environment.split(' ').filter_map(|pair| pair.split('=').next()).collect();
    names.sort_unstable();
    assert_eq!(names, ["PATH", "TOKEN", "TZ"], "{environment}");
    assert!(environment.contains("TZ=UTC") && environment.contains(&format!("TOKEN={SECRET}")));
}

async fn sends_headers() {
    let site = Site::open(Tools::One).await;
    assert!(ask(&site.connector(), "rows").await.is_ok());
    let locked_out = connector(&serde_json::json!({
        "url": site.url, "headers": {"Authorization": "Bearer ${TOKEN}x"}, "medha": {"dialect": "sqlite"},
    }));
    let error = locked_out.ping().await.unwrap_err().to_string();
    assert!(error.starts_with("cannot open \"mcp server tiny\": it could not be greeted"), "{error}");
    assert!(error.contains("401") && !error.contains(SECRET), "{error}");
}

async fn wants_a_tool() {
    let site = Site::open(Tools::Two).await;
    assert_eq!(
        site.connector().ping().await.unwrap_err().to_string(),
        "cannot open \"mcp server tiny\": several of its tools take SQL; say which with \"tool\": it has \"ask\", \"tell\""
    );
    let told = connector(&serde_json::json!({
        "url": site.url, "headers": {"Authorization": "Bearer ${TOKEN}"}, "medha": {"dialect": "sqlite", "tool": "tell"},
    }));
    assert!(ask(&told, "rows").await.is_ok());
}

async fn leaves_alone() {
    let gone = connector(&serde_json::json!({"command": "/nowhere/server", "medha": {"dialect": "mysql"}}));
    for _ in 0..3 {
        let error = gone.ping().await.unwrap_err().to_string();
        assert!(error.contains("\"/nowhere/server\" cannot be started"), "{error}");
    }
    let error = gone.ping().await.unwrap_err().to_string();
    assert!(error.contains("could not be reached several times in a row"), "{error}");
}

async fn opens_by_address() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mcp.json");
    let config = serde_json::json!({"mcpServers": {"tiny": program(), "other": {"command": "x", "medha": {"dialect": "mysql"}}}});
    std::fs::write(&path, config.to_string()).unwrap();
    let open = async |place: &str| {
        let config =
            ConnectionConfig::new(format!("mcp:{}{place}", path.display())).with_variables(variables());
        assert!(config.file().is_none());
        config.open().await
    };
    let tiny = open("#tiny").await.unwrap();
    assert_eq!(tiny.dialect(), Dialect::Sqlite);
    tiny.ping().await.unwrap();
    let refusal = async |place: &str| open(place).await.unwrap_err().to_string();
    let shown = path.display();
    assert_eq!(
        refusal("").await,
        format!(
            "cannot open \"mcp:{shown}\": it has 2 servers (\"other\", \"tiny\"); name one as in mcp:FILE#NAME"
        )
    );
    assert_eq!(
        refusal("#tin").await,
        format!(
            "cannot open \"mcp:{shown}#tin\": there is no server \"tin\" in it; there are \"other\", \"tiny\""
        )
    );
    let without = ConnectionConfig::new(format!("mcp:{shown}#tiny")).open().await.unwrap_err().to_string();
    assert!(without.ends_with("server \"tiny\" needs the variable TOKEN, which is not set"), "{without}");
}
