//! Servers that a test starts for itself, so that it may stop them.

use std::fs::File;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::harness::Outside;

/// PostgreSQL's programs; Debian keeps them off the path.
pub(crate) static POSTGRES_PROGRAMS: Outside = Outside::new("program \"postgres\"", postgres_programs);

/// The same, where there is also what makes a certificate.
pub(crate) static POSTGRES_WITH_CERTIFICATE: Outside = Outside::new("PostgreSQL with a certificate", || {
    found_in(folders_of_the_path(), "openssl", "install the package \"openssl\"")?;
    postgres_programs()
});

/// MariaDB's programs.
pub(crate) static MARIADB_PROGRAMS: Outside = Outside::new("program \"mariadbd\"", || {
    let folders = folders_of_the_path().chain(["/usr/sbin".into()]);
    found_in(folders, "mariadbd", "install the package \"mariadb-server\"")
});

fn postgres_programs() -> Result<String, String> {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let folders = debian.map(|version| version.path().join("bin")).chain(folders_of_the_path());
    found_in(folders, "postgres", "install the package \"postgresql\"")
}

fn folders_of_the_path() -> impl Iterator<Item = PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).collect::<Vec<_>>().into_iter()
}

fn found_in(mut folders: impl Iterator<Item = PathBuf>, name: &str, advice: &str) -> Result<String, String> {
    let folder = folders.find(|folder| folder.join(name).is_file());
    let folder = folder.ok_or_else(|| format!("it is not installed; {advice}"))?;
    Ok(folder.to_string_lossy().into_owned())
}

/// A server with files of its own on a port of its own. It ends with the value.
pub(crate) struct OwnServer {
    /// Its address up to the name of a database.
    pub(crate) address: String,
    command: Command,
    running: Option<Child>,
    port: u16,
    folder: TempDir,
}

impl OwnServer {
    /// It encrypts if `openssl` is there, with a certificate that nobody has signed.
    pub(crate) fn postgres(programs: &str) -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let (programs, files) = (Path::new(programs), folder.path().join("data"));
        let account = account("postgres", folder.path());
        let mut make = as_account(Command::new(programs.join("initdb")), account);
        make.args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync", "-D"]).arg(&files);
        run(make, &folder);
        let mut command = as_account(Command::new(programs.join("postgres")), account);
        command.arg("-D").arg(&files).arg("-k").arg(folder.path()).args(["-p", &port.to_string()]);
        command.args(certificate(&files, account));
        Self::started(format!("postgres://postgres@127.0.0.1:{port}"), command, port, folder)
    }

    pub(crate) fn mariadb(programs: &str) -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let files = folder.path().join("data");
        std::fs::create_dir(&files).unwrap();
        let account = account("mysql", folder.path());
        let mut make = as_account(Command::new("mariadb-install-db"), account);
        make.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
        make.arg(format!("--datadir={}", files.display()));
        run(make, &folder);
        let mut command = as_account(Command::new(Path::new(programs).join("mariadbd")), account);
        command.args(["--no-defaults", "--bind-address=127.0.0.1", "--innodb-buffer-pool-size=16M"]);
        command.arg(format!("--port={port}")).arg(format!("--datadir={}", files.display()));
        command.arg(format!("--socket={}", folder.path().join("socket").display()));
        Self::started(format!("mysql://root@127.0.0.1:{port}"), command, port, folder)
    }

    fn started(address: String, command: Command, port: u16, folder: TempDir) -> Self {
        let mut server = Self { address, command, running: None, port, folder };
        server.start();
        server
    }

    /// Starts it, and waits until it listens.
    pub(crate) fn start(&mut self) {
        const LONG_ENOUGH: Duration = Duration::from_secs(60);
        let log = File::options().create(true).append(true).open(self.folder.path().join("log")).unwrap();
        self.command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let asked = Instant::now();
        self.running = Some(self.command.spawn().unwrap());
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let ended = self.running.as_mut().unwrap().try_wait().unwrap();
            assert!(asked.elapsed() < LONG_ENOUGH, "it does not listen: {}", log_of(&self.folder));
            if ended.is_some() {
                // What the one before has left may still be in use for a moment.
                self.running = Some(self.command.spawn().unwrap());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it as a crash would, and all it has started.
    pub(crate) fn crash(&mut self, signal: &str) {
        let Some(mut child) = self.running.take() else { return };
        let killed = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        child.wait().unwrap();
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        if let Some(mut child) = self.running.take() {
            // PostgreSQL's processes go with their first one at this signal; MariaDB ends too.
            let _ = Command::new("kill").args(["-QUIT", &child.id().to_string()]).status();
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The numbers of the account that a server wants to run as, where it would refuse ours; the folder is then its own.
fn account(name: &str, folder: &Path) -> Option<(u32, u32)> {
    let number = |kind: &str, name: Option<&str>| -> Option<u32> {
        let output = Command::new("id").arg(kind).args(name).output().ok()?;
        String::from_utf8(output.stdout).ok()?.trim().parse().ok()
    };
    if number("-u", None) != Some(0) {
        return None;
    }
    let account = (number("-u", Some(name))?, number("-g", Some(name))?);
    for path in [Some(folder.to_owned()), Some(folder.join("data")).filter(|data| data.exists())] {
        path.iter().for_each(|path| chown(path, Some(account.0), Some(account.1)).unwrap());
    }
    Some(account)
}

/// PostgreSQL's settings for a certificate of its own.
fn certificate(files: &Path, account: Option<(u32, u32)>) -> Vec<String> {
    let (certificate, key) = (files.join("medha.crt"), files.join("medha.key"));
    let mut make = as_account(Command::new("openssl"), account);
    make.args(["req", "-new", "-x509", "-days", "2", "-nodes", "-subj", "/CN=elsewhere.example.com", "-out"]);
    make.arg(&certificate).arg("-keyout").arg(&key).stdout(Stdio::null()).stderr(Stdio::null());
    if !make.status().is_ok_and(|ended| ended.success()) {
        return Vec::new();
    }
    let setting = |name: &str, value: &str| ["-c".to_owned(), format!("{name}={value}")];
    let settings = [
        setting("ssl", "on"),
        setting("ssl_cert_file", &certificate.to_string_lossy()),
        setting("ssl_key_file", &key.to_string_lossy()),
    ];
    settings.into_iter().flatten().collect()
}

fn as_account(mut command: Command, account: Option<(u32, u32)>) -> Command {
    if let Some((user, group)) = account {
        command.uid(user).gid(group);
    }
    command.current_dir("/");
    command
}

fn run(mut command: Command, folder: &TempDir) {
    let log = File::create(folder.path().join("log")).unwrap();
    let ended = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).status().unwrap();
    assert!(ended.success(), "{command:?}: {}", log_of(folder));
}

fn log_of(folder: &TempDir) -> String {
    std::fs::read_to_string(folder.path().join("log")).unwrap_or_default()
}
