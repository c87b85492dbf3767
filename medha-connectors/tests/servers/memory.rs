//! How much memory a long stream takes.

use std::process::Command;
use std::time::Duration;

use medha_connectors::QueryOptions;

/// Says, in a process, that it was started to run one test alone.
const ALONE: &str = "MEDHA_TEST_ALONE";

/// Runs a test that looks at the memory of its process in a process of its own: what others keep is none of its business.
pub(crate) async fn alone(name: &'static str, test: impl Future<Output = ()>) {
    if std::env::var_os(ALONE).is_some() {
        return test.await;
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    let output = command.args(["--exact", name]).env(ALONE, "1").output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
}

/// More than this cannot come from a stream that keeps nothing.
const MOST: u64 = 64 * 1024 * 1024;

/// How many rows of a kilobyte are streamed: 150,000, or `MEDHA_TEST_STREAM_ROWS`.
pub(crate) fn rows_to_stream() -> i64 {
    std::env::var("MEDHA_TEST_STREAM_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(150_000)
}

pub(crate) fn unlimited() -> QueryOptions {
    QueryOptions {
        max_rows: usize::MAX,
        max_bytes: usize::MAX,
        deadline: Duration::from_secs(3_600),
        ..QueryOptions::default()
    }
}

/// Sees the rows pass and looks at the memory of the process now and then.
pub(crate) struct Watch {
    rows: i64,
    seen: i64,
    before: Option<u64>,
    most: u64,
}

impl Watch {
    pub(crate) fn begin(rows: i64) -> Self {
        Self { rows, seen: 0, before: None, most: 0 }
    }

    /// The rows come in order.
    pub(crate) fn see(&mut self, number: i64) {
        self.seen += 1;
        assert_eq!(number, self.seen);
        if self.seen == self.rows / 50 {
            self.before = resident();
        } else if self.seen % (self.rows / 50) == 0 {
            self.most = self.most.max(resident().unwrap_or_default());
        }
    }

    pub(crate) fn end(self) {
        assert_eq!(self.seen, self.rows);
        if let Some(before) = self.before {
            assert!(self.most < before + MOST, "from {before} to {} bytes", self.most);
        }
    }
}

/// What the process has in memory, where the system tells.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}
