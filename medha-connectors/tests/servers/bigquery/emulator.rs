//! The emulator: one process for all tests, which ends with them, and a dataset for each.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use google_cloud_auth::credentials::anonymous;
use google_cloud_bigquery_v2::client::{DatasetService, JobService};
use google_cloud_bigquery_v2::model::{
    Dataset as Described, DatasetReference, Job, JobConfiguration, JobConfigurationQuery,
};
use libtest_mimic::Trial;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::harness::{Outside, trial};

static EMULATOR: Outside = Outside::new("bqemulator", start);
/// Kept, because it ends when what we hold of it is closed.
static PROCESS: OnceLock<Child> = OnceLock::new();
const LAUNCHER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/servers/bigquery/emulator.py");

/// A test that is given an empty dataset of its own.
pub(crate) fn with_dataset<F>(name: &str, test: impl FnOnce(Dataset) -> F + Send + 'static) -> Trial
where
    F: Future<Output = ()>,
{
    static DATASETS: AtomicUsize = AtomicUsize::new(1);
    trial(&EMULATOR, name, async move |endpoint| {
        let name = format!("d{}", DATASETS.fetch_add(1, Ordering::Relaxed));
        let dataset = Dataset { endpoint, name };
        dataset.make().await;
        test(dataset).await;
    })
}

/// A dataset of the project `p1`.
pub(crate) struct Dataset {
    endpoint: String,
    name: String,
}

impl Dataset {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    async fn make(&self) {
        let service = DatasetService::builder()
            .with_endpoint(&self.endpoint)
            .with_credentials(anonymous::Builder::new().build());
        let described = Described::new().set_dataset_reference(self.reference());
        let service = service.build().await.unwrap();
        service.insert_dataset().set_project_id("p1").set_dataset(described).send().await.unwrap();
    }

    /// Runs statements that make something, which replace what is there.
    pub(crate) async fn load(&self, statements: &[String]) {
        let service = JobService::builder()
            .with_endpoint(&self.endpoint)
            .with_credentials(anonymous::Builder::new().build());
        let service = service.build().await.unwrap();
        for sql in statements {
            let sql = sql.replacen("CREATE TABLE", "CREATE OR REPLACE TABLE", 1);
            let query = JobConfigurationQuery::new()
                .set_query(sql.clone())
                .set_use_legacy_sql(false)
                .set_default_dataset(self.reference());
            let job = Job::new().set_configuration(JobConfiguration::new().set_query(query));
            let done = service.insert_job().set_project_id("p1").set_job(job).send().await.unwrap();
            let failed = done.status.and_then(|status| status.error_result);
            assert!(failed.is_none(), "{sql}: {failed:?}");
        }
    }

    /// How many statements the emulator works on in this dataset.
    pub(crate) async fn statements_at_work(&self) -> usize {
        let authority = self.endpoint.strip_prefix("http://").unwrap();
        let mut stream = tokio::net::TcpStream::connect(authority).await.unwrap();
        let name = &self.name;
        let request =
            format!("GET /bigquery/v2/datasets-at-work/{name} HTTP/1.0\r\nHost: {authority}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer.rsplit("\r\n\r\n").next().unwrap().trim().parse().unwrap()
    }

    /// Waits until as many statements are at work.
    pub(crate) async fn wait_for_statements(&self, expected: usize) {
        let started = Instant::now();
        while self.statements_at_work().await != expected {
            assert!(started.elapsed() < Duration::from_secs(10), "not {expected} statements at work");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn reference(&self) -> DatasetReference {
        DatasetReference::new().set_project_id("p1").set_dataset_id(&self.name)
    }
}

/// Starts it, and says where it is.
fn start() -> Result<String, String> {
    let python = std::env::var("MEDHA_TEST_BIGQUERY_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let advice = "`.ci/bigquery FOLDER EXPORTS` installs it and says what to set";
    let found = Command::new(&python).args(["-c", "import bqemulator, numpy"]).stderr(Stdio::null()).status();
    if !found.is_ok_and(|status| status.success()) {
        return Err(format!(
            "{python:?} (MEDHA_TEST_BIGQUERY_PYTHON) has no bqemulator with numpy; {advice}"
        ));
    }
    let (rest, grpc) = (free_port(), free_port());
    let log = tempfile::NamedTempFile::new().map_err(|error| error.to_string())?;
    let to_log = || log.reopen().map_err(|error| error.to_string());
    let mut child = Command::new(&python)
        .args([
            LAUNCHER,
            "start",
            "--project",
            "p1",
            "--rest-port",
            &rest.to_string(),
            "--grpc-port",
            &grpc.to_string(),
        ])
        .env("BQEMU_ENABLE_FORMAT_EXTENSIONS", "false")
        .stdin(Stdio::piped())
        .stdout(to_log()?)
        .stderr(to_log()?)
        .spawn()
        .map_err(|error| format!("{python:?} cannot be started: {error}"))?;
    let started = Instant::now();
    while TcpStream::connect(("127.0.0.1", rest)).is_err() {
        let ended = child.try_wait().ok().flatten();
        if ended.is_some() || started.elapsed() > Duration::from_secs(60) {
            let said = std::fs::read_to_string(log.path()).unwrap_or_default();
            let last: Vec<&str> = said.lines().rev().take(5).collect();
            return Err(format!("it does not start ({ended:?}): {}", last.join(" | ")));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let _ = PROCESS.set(child);
    // The tests ask with a client of their own before the connector does.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(format!("http://127.0.0.1:{rest}"))
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
