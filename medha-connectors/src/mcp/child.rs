//! A server that runs as a child process: JSON-RPC messages, a line each, over its standard input and output.
//!
//! It gets a small environment, not ours, because ours may hold keys that are none of its business. It is ended with everything
//! it has started when nobody needs it any more.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rmcp::RoleClient;
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::fate::Fate;
use super::scrub::Scrub;
use crate::secret::Secret;

/// The largest message; a result that is larger is too much to read at once.
pub(super) const LARGEST_MESSAGE: usize = 32 * 1024 * 1024;
/// What a program needs to find itself and its language; nothing else of our environment reaches it.
const PASSED_ON: [&str; 12] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TERM",
    "LANG",
    "TMPDIR",
    "SYSTEMROOT",
    "APPDATA",
    "TEMP",
    "USERPROFILE",
];
/// A server that is asked to leave by the end of its input gets so long.
const TIME_TO_LEAVE: Duration = Duration::from_millis(500);
/// Of a line on standard error.
const LONGEST_LINE: u64 = 4_096;

/// How to start a server.
#[derive(Debug)]
pub(super) struct Start<'a> {
    pub(super) command: &'a str,
    pub(super) args: &'a [String],
    pub(super) env: &'a BTreeMap<String, String>,
    pub(super) cwd: Option<&'a str>,
    pub(super) variables: &'a BTreeMap<String, Secret>,
}

/// The messages to and from a child process.
pub(super) struct ChildTransport {
    process: Process,
    input: Arc<Mutex<Option<ChildStdin>>>,
    output: BufReader<ChildStdout>,
    /// A message that has not come to its end.
    line: Vec<u8>,
    fate: Arc<Fate>,
    listener: JoinHandle<()>,
}

impl Start<'_> {
    /// Starts it. What it says on standard error goes to the log, without secrets.
    #[allow(clippy::disallowed_methods, reason = "the transport owns the task and aborts it")]
    pub(super) fn spawn(&self, scrub: Scrub, fate: Arc<Fate>) -> io::Result<ChildTransport> {
        let mut command = Command::new(self.command);
        command.args(self.args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.env_clear().kill_on_drop(true);
        for name in PASSED_ON {
            if let Some(value) = self.variables.get(name) {
                command.env(name, value.expose());
            }
        }
        // A server on Node writes dates as moments in its own zone, which would move them to another day.
        command.env("TZ", "UTC").envs(self.env);
        if let Some(cwd) = self.cwd {
            command.current_dir(cwd);
        }
        // A group of its own, so that what it starts ends with it: `npx` starts a shell that starts Node.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn()?;
        let missing = || io::Error::other("its standard streams are not there");
        let input = child.stdin.take().ok_or_else(missing)?;
        let output = child.stdout.take().ok_or_else(missing)?;
        let errors = child.stderr.take().ok_or_else(missing)?;
        let listener = tokio::spawn(listen(errors, scrub, Arc::clone(&fate)));
        Ok(ChildTransport {
            process: Process(child),
            input: Arc::new(Mutex::new(Some(input))),
            output: BufReader::new(output),
            line: Vec::new(),
            fate,
            listener,
        })
    }
}

/// Notes what comes on standard error, a line at a time.
async fn listen(errors: impl AsyncRead + Unpin, scrub: Scrub, fate: Arc<Fate>) {
    let mut errors = BufReader::new(errors);
    let mut line = Vec::new();
    while let Ok(1..) = (&mut errors).take(LONGEST_LINE).read_until(b'\n', &mut line).await {
        let text = scrub.clean(String::from_utf8_lossy(&line).trim_end());
        if !text.is_empty() {
            tracing::debug!(line = text, "a server says");
            fate.said(&text);
        }
        line.clear();
    }
}

impl Transport<RoleClient> for ChildTransport {
    type Error = io::Error;

    fn name() -> Cow<'static, str> {
        "child process".into()
    }

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = Result<(), io::Error>> + Send + 'static {
        let input = Arc::clone(&self.input);
        async move {
            let mut line = serde_json::to_vec(&message)?;
            line.push(b'\n');
            // Held while writing, because half a message of each would be none.
            let mut input = input.lock().await;
            let Some(input) = input.as_mut() else { return Err(io::ErrorKind::BrokenPipe.into()) };
            input.write_all(&line).await?;
            input.flush().await
        }
    }

    /// It may be dropped at any moment: what has been read of a message stays.
    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        loop {
            let arrived = match self.output.fill_buf().await {
                Ok([]) => break,
                Ok(arrived) => arrived,
                Err(error) => {
                    self.fate.ended(format!("it could not be read from: {error}"));
                    return None;
                }
            };
            let end = arrived.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(arrived.len(), |end| end + 1);
            self.line.extend_from_slice(&arrived[..taken]);
            self.output.consume(taken);
            if self.line.len() > LARGEST_MESSAGE {
                self.fate.too_large();
                return None;
            }
            if end.is_some() {
                let line = std::mem::take(&mut self.line);
                match serde_json::from_slice(&line) {
                    Ok(message) => return Some(message),
                    // Some print greetings where only messages belong.
                    Err(error) => tracing::debug!(%error, "a line of a server is no message"),
                }
            }
        }
        let status = timeout(TIME_TO_LEAVE, self.process.0.wait()).await;
        self.fate.ended(match status {
            Ok(Ok(status)) => format!("it ended ({status})"),
            Ok(Err(_)) | Err(_) => "it closed its output".to_owned(),
        });
        None
    }

    async fn close(&mut self) -> Result<(), io::Error> {
        self.input.lock().await.take();
        let _ = timeout(TIME_TO_LEAVE, self.process.0.wait()).await;
        self.process.end();
        Ok(())
    }
}

impl Drop for ChildTransport {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

/// A process that does not outlive its owner.
struct Process(Child);

impl Process {
    /// Ends it and what it has started. The runtime takes note of its end.
    fn end(&mut self) {
        #[cfg(unix)]
        if let Some(group) =
            self.0.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw)
        {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = self.0.start_kill();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}
