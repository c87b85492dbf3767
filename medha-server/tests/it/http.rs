//! `medha serve` through a real socket.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use medha_connectors::Value;
use serde_json::{Value as Json, json};

use crate::support::{business, medha, rows};

/// A server on a free port, killed when it is dropped.
struct Server {
    child: Child,
    address: String,
    errors: BufReader<std::process::ChildStderr>,
}

impl Server {
    fn start() -> Self {
        Self::start_with(&[])
    }

    fn start_with(arguments: &[&str]) -> Self {
        let mut child = medha(&std::env::temp_dir())
            .args(["serve", "--addr", "127.0.0.1:0", "-d"])
            .arg(business())
            .args(arguments)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut errors = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        errors.read_line(&mut line).unwrap();
        let address = line.trim().rsplit_once("http://").expect(&line).1.to_owned();
        Self { child, address, errors }
    }

    fn send(&self, head: &str, body: &[u8]) -> Response {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = if head.starts_with("GET") {
            String::new()
        } else {
            format!("content-length: {}\r\n", body.len())
        };
        let head = format!("{head}\r\nhost: {}\r\nconnection: close\r\n{length}\r\n", self.address);
        stream.write_all(head.as_bytes()).unwrap();
        // A server that refuses a large body need not read all of it.
        let _ = stream.write_all(body);
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        Response::parse(&String::from_utf8(bytes).unwrap())
    }

    fn post(&self, path: &str, headers: &str, body: &Json) -> Response {
        let head = format!("POST {path} HTTP/1.1\r\ncontent-type: application/json{headers}");
        self.send(&head, body.to_string().as_bytes())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Response {
    status: u16,
    head: String,
    body: String,
}

impl Response {
    fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").expect(text);
        let status = head[9..12].parse().unwrap();
        let head = head.to_lowercase();
        let is_chunked = head.contains("transfer-encoding: chunked");
        Self { status, head, body: if is_chunked { unchunked(body) } else { body.to_owned() } }
    }

    fn json(&self) -> Json {
        serde_json::from_str(&self.body).expect(&self.body)
    }
}

fn unchunked(mut body: &str) -> String {
    let mut out = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        out.push_str(&rest[..size]);
        body = &rest[(size + 2).min(rest.len())..];
    }
    out
}

const QUESTION: &str = "What are our total sales in May 2025?";

#[test]
fn a_question_is_answered_as_json() {
    let server = Server::start();
    let answered = server.post("/api/v1/query", "", &json!({"question": QUESTION, "now": "2025-07-01"}));
    assert_eq!(answered.status, 200, "{}", answered.body);
    let answer = answered.json();
    assert_eq!(answer["question"], QUESTION);
    let sql = "SELECT SUM(i.quantity * i.unit_price * (1 - i.discount)) FROM order_items AS i
        JOIN orders AS o ON o.order_id = i.order_id
        WHERE o.status = 'completed' AND o.ordered_at >= '2025-05-01' AND o.ordered_at < '2025-06-01'";
    let expected = rows(sql);
    let [Value::Float(expected)] = expected[0].as_slice() else { panic!("{expected:?}") };
    let got = answer["rows"][0][0].as_f64().unwrap();
    assert!((got - expected).abs() < 0.01, "{got} and {expected}");

    let dry = server.post("/api/v1/query", "", &json!({"question": QUESTION, "dry_run": true}));
    assert_eq!((dry.status, dry.json()["rows"].as_array().map(Vec::len)), (200, Some(0)), "{}", dry.body);
    assert!(dry.json()["sql"].as_str().unwrap().contains("SELECT"), "{}", dry.body);

    let unknown = server.post("/api/v1/query", "", &json!({"question": "What is the weather like?"}));
    assert_eq!(unknown.status, 200);
    assert_eq!(unknown.json()["status"], "abstained", "{}", unknown.body);
}

#[test]
fn a_question_is_answered_as_events() {
    let server = Server::start();
    let body = json!({"question": QUESTION, "now": "2025-07-01"});
    let accepted = server.post("/api/v1/query", "\r\naccept: text/event-stream", &body);
    let streamed = server.post("/api/v1/query/stream", "", &body);
    for response in [accepted, streamed] {
        assert_eq!(response.status, 200, "{}", response.body);
        assert!(response.head.contains("content-type: text/event-stream"), "{}", response.head);
        let frames: Vec<&str> =
            response.body.split("\n\n").filter(|frame| frame.contains("data: ")).collect();
        for (index, frame) in frames.iter().enumerate() {
            let field = |name: &str| {
                frame.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).expect(frame)
            };
            let data: Json = serde_json::from_str(field("data")).unwrap();
            assert_eq!(field("id"), (index + 1).to_string());
            assert_eq!((&data["seq"], &data["type"]), (&json!(index + 1), &json!(field("event"))));
        }
        assert!(frames[0].contains("event: run.started"), "{}", response.body);
        assert!(frames.last().unwrap().contains("event: run.finished"), "{}", response.body);
    }
}

#[test]
fn what_was_asked_a_moment_ago_is_answered_from_memory_unless_told_not_to() {
    for (arguments, is_kept) in [(&[][..], true), (&["--no-cache"][..], false)] {
        let server = Server::start_with(arguments);
        let body = json!({"question": QUESTION, "now": "2025-07-01"});
        let ask = || {
            let events = server.post("/api/v1/query/stream", "", &body).body;
            let data = events.lines().filter_map(|line| line.strip_prefix("data: "));
            let mut events = data.map(|data| serde_json::from_str::<Json>(data).unwrap());
            let is_step = |event: &Json| event["type"] == "step.finished" && event["step"] == "execute";
            events.find(|event| is_step(event)).expect("the query was run")["detail"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        assert_eq!(ask(), "1 row");
        assert_eq!(ask().ends_with(" s old"), is_kept, "{arguments:?}");
    }
}

#[test]
fn everything_wrong_is_said_in_one_shape() {
    let server = Server::start();
    let json = "content-type: application/json";
    let cases = [
        (format!("POST /api/v1/query HTTP/1.1\r\n{json}"), "{".to_owned(), 400, "bad_json"),
        (format!("POST /api/v1/query HTTP/1.1\r\n{json}"), "\u{0}\u{1}".to_owned(), 400, "bad_json"),
        (format!("POST /api/v1/query HTTP/1.1\r\n{json}"), "{}".to_owned(), 400, "missing_question"),
        (format!("POST /api/v1/query/stream HTTP/1.1\r\n{json}"), "{}".to_owned(), 400, "missing_question"),
        (
            format!("POST /api/v1/query HTTP/1.1\r\n{json}"),
            json!({"question": "why ".repeat(1_000)}).to_string(),
            400,
            "question_too_long",
        ),
        (
            format!("POST /api/v1/query HTTP/1.1\r\n{json}"),
            json!({"question": "why ".repeat(100_000)}).to_string(),
            413,
            "too_large",
        ),
        ("POST /api/v1/query HTTP/1.1".to_owned(), "{}".to_owned(), 415, "unsupported_media_type"),
        ("GET /api/v1/query HTTP/1.1".to_owned(), String::new(), 405, "method_not_allowed"),
        ("GET /nowhere HTTP/1.1".to_owned(), String::new(), 404, "not_found"),
    ];
    for (head, body, status, code) in cases {
        let response = server.send(&head, body.as_bytes());
        assert_eq!(response.status, status, "{head}: {}", response.body);
        let error = &response.json()["error"];
        assert_eq!(error["code"], code, "{head}: {}", response.body);
        assert!(error["message"].is_string(), "{}", response.body);
    }
    // And it still answers.
    assert_eq!(server.send("GET /health HTTP/1.1", b"").status, 200);
}

#[test]
fn health_tells_the_version_and_how_the_database_is() {
    let server = Server::start();
    let response = server.send("GET /health HTTP/1.1", b"");
    let health = response.json();
    assert_eq!((response.status, &health["status"]), (200, &json!("ok")));
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(health["database"]["name"], "business.sqlite");
    assert!(health["database"]["latency_ms"].as_f64().unwrap() >= 0.0);
}

#[cfg(unix)]
#[test]
fn a_signal_stops_it_in_good_order() {
    for signal in ["-TERM", "-INT"] {
        let mut server = Server::start();
        let pid = server.child.id().to_string();
        assert!(std::process::Command::new("kill").args([signal, &pid]).status().unwrap().success());
        assert_eq!(server.child.wait().unwrap().code(), Some(0));
        let mut told = String::new();
        server.errors.read_to_string(&mut told).unwrap();
        assert_eq!(told, "Stopping…\n");
        assert!(TcpStream::connect(&server.address).is_err());
    }
}

#[test]
fn an_address_in_use_is_named() {
    let server = Server::start();
    let second = medha(&std::env::temp_dir())
        .env("MEDHA_ADDR", &server.address)
        .args(["serve", "-d"])
        .arg(business())
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(1));
    let told = String::from_utf8(second.stderr).unwrap();
    assert!(told.contains(&server.address) && told.contains("choose another with --addr"), "{told}");
}
