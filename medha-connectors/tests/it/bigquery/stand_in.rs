//! A stand-in for BigQuery's REST interface that notes every request and answers as a test says.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use futures_util::StreamExt as _;
use medha_connectors::RowStream;
use serde_json::Value as Json;
use tokio::net::TcpListener;

type Answer = Box<dyn Fn(&Request, &[Request]) -> (u16, Json) + Send + Sync>;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) path: String,
    /// What follows the question mark.
    pub(crate) query: String,
    /// The header of that name.
    pub(crate) authorization: String,
    pub(crate) body: Json,
}

impl Request {
    pub(crate) fn is_dry_run(&self) -> bool {
        self.body["configuration"]["dryRun"] == true
    }

    pub(crate) fn is_insert(&self) -> bool {
        self.path.ends_with("/jobs") && !self.is_dry_run()
    }

    pub(crate) fn is_page(&self) -> bool {
        self.path.contains("/queries/")
    }

    pub(crate) fn is_cancel(&self) -> bool {
        self.path.ends_with("/cancel")
    }

    pub(crate) fn job_id(&self) -> String {
        self.body["jobReference"]["jobId"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn sql(&self) -> &str {
        self.body["configuration"]["query"]["query"].as_str().unwrap_or_default()
    }
}

struct Shared {
    answer: Answer,
    requests: Mutex<Vec<Request>>,
}

/// It listens until it is dropped.
pub(crate) struct StandIn {
    endpoint: String,
    shared: Arc<Shared>,
    server: tokio::task::JoinHandle<()>,
}

impl StandIn {
    /// `answer` is given a request and those before it.
    pub(crate) async fn start(
        answer: impl Fn(&Request, &[Request]) -> (u16, Json) + Send + Sync + 'static,
    ) -> Self {
        let shared = Arc::new(Shared { answer: Box::new(answer), requests: Mutex::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(respond).with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { endpoint, shared, server }
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }

    pub(crate) async fn wait_until(&self, enough: impl Fn(&[Request]) -> bool) {
        let started = Instant::now();
        while !enough(&self.requests()) {
            assert!(started.elapsed() < Duration::from_secs(10), "{:?}", self.requests());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits for such a request.
    pub(crate) async fn wait_for(&self, such: impl Fn(&Request) -> bool) -> Request {
        self.wait_until(|requests| requests.iter().any(&such)).await;
        self.requests().into_iter().find(such).unwrap()
    }

    /// Reads the rows until such a request has come, and drops them.
    pub(crate) async fn request(&self, mut rows: RowStream, such: impl Fn(&Request) -> bool) -> Request {
        tokio::select! {
            row = rows.next() => panic!("it ended: {row:?}"),
            request = self.wait_for(such) => request,
        }
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn respond(State(shared): State<Arc<Shared>>, request: axum::extract::Request) -> (StatusCode, String) {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let request = Request {
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        authorization: parts
            .headers
            .get("authorization")
            .map(|header| header.to_str().unwrap().to_owned())
            .unwrap_or_default(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    let mut requests = shared.requests.lock().unwrap();
    let (status, answer) = (shared.answer)(&request, &requests);
    requests.push(request);
    (StatusCode::from_u16(status).unwrap(), answer.to_string())
}
