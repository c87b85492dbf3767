//! Tests that need something from outside the project. What is not there is skipped and said so, in the list of the tests and in
//! their count; with `MEDHA_REQUIRE_SERVERS=1` it is a failure instead.

use std::any::Any;
use std::fmt::Display;
use std::net::{TcpStream, ToSocketAddrs};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::time::Duration;

use libtest_mimic::{Completion, Failed, Trial};

/// A server, a driver or a program that a test needs.
pub(crate) struct Outside {
    name: &'static str,
    find: fn() -> Result<String, String>,
    found: OnceLock<Result<String, String>>,
}

impl Outside {
    /// `find` gives what the tests need to reach it, an address or a path, or says why there is none and what to do. It is
    /// asked once.
    pub(crate) const fn new(name: &'static str, find: fn() -> Result<String, String>) -> Self {
        Self { name, find, found: OnceLock::new() }
    }

    fn found(&self) -> Result<&str, String> {
        let found = self.found.get_or_init(self.find);
        found.as_deref().map_err(|reason| format!("no {}: {reason}", self.name))
    }
}

/// A test that is given what was found of `outside`. It fails by panicking.
pub(crate) fn trial<F>(
    outside: &'static Outside,
    name: impl Into<String>,
    test: impl FnOnce(String) -> F + Send + 'static,
) -> Trial
where
    F: Future<Output = ()>,
{
    Trial::ignorable_test(name, move || match outside.found() {
        Ok(found) => completed(test(found.to_owned())),
        Err(reason) if is_required() => Err(Failed::from(reason)),
        Err(reason) => Ok(Completion::ignored_with(format!("skipped: {reason}"))),
    })
}

/// The address, if somebody listens there.
pub(crate) fn answers(url: &str) -> Result<String, String> {
    const LONG_ENOUGH: Duration = Duration::from_secs(5);
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = after_scheme.split('/').next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let sockets =
        host.to_socket_addrs().map_err(|error| format!("{host:?} is no host with a port: {error}"))?;
    let mut refused = format!("{host:?} has no address");
    for socket in sockets {
        match TcpStream::connect_timeout(&socket, LONG_ENOUGH) {
            Ok(_) => return Ok(url.to_owned()),
            Err(error) => refused = format!("nothing answers at {socket}: {error}"),
        }
    }
    Err(refused)
}

fn is_required() -> bool {
    std::env::var("MEDHA_REQUIRE_SERVERS").is_ok_and(|value| value == "1")
}

fn completed(test: impl Future<Output = ()>) -> Result<Completion, Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    match catch_unwind(AssertUnwindSafe(|| runtime.block_on(test))) {
        Ok(()) => Ok(Completion::Completed),
        Err(panicked) => Err(Failed::from(message(&*panicked))),
    }
}

fn message(panicked: &(dyn Any + Send)) -> &dyn Display {
    match (panicked.downcast_ref::<&str>(), panicked.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text,
        (None, None) => &"it panicked",
    }
}
