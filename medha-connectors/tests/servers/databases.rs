//! PostgreSQL and MySQL or MariaDB: each test has a database of its own.

use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use libtest_mimic::Trial;

use crate::harness::{Outside, trial};
pub(crate) use crate::servers::{Server, load};

static POSTGRES: Outside = Outside::new("PostgreSQL", || answers(&Server::Postgres.address()));
static MYSQL: Outside = Outside::new("MySQL or MariaDB", || answers(&Server::MySql.address()));

/// A test that is given the address of a database that is made for it and removed after it.
pub(crate) fn with_database<F>(
    server: Server,
    name: impl Into<String>,
    test: impl FnOnce(String) -> F + Send + 'static,
) -> Trial
where
    F: Future<Output = ()>,
{
    let outside = match server {
        Server::Postgres => &POSTGRES,
        Server::MySql => &MYSQL,
    };
    trial(outside, name, move |_| server.with_database(test))
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
