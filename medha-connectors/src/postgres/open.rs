//! From an address to the way to connect.

use std::str::FromStr as _;

use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::error::ConnectorError;
use crate::secret::Secret;
use crate::server::{Address, is_loopback};

const PARAMETERS: &[&str] = &[
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options*",
];

/// How to connect, and the name to show.
pub(crate) fn options(url: &Secret) -> Result<(PgConnectOptions, String), ConnectorError> {
    let address = Address::read(url, &["postgres", "postgresql"], PARAMETERS)?;
    let read = PgConnectOptions::from_str(address.url.expose());
    let mut options = read
        .map_err(|error| ConnectorError::Open { database: address.name.clone(), reason: error.to_string() })?
        // Statements are used once; what the session remembers would not survive our cleaning.
        .statement_cache_capacity(0)
        .disable_statement_logging();
    let is_near = options.get_socket().is_some() || is_loopback(options.get_host());
    if !is_near && !address.says_tls {
        options = options.ssl_mode(PgSslMode::VerifyFull);
    }
    if options.get_application_name().is_none() {
        options = options.application_name("medha");
    }
    Ok((options, address.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn off_this_machine_tls_is_on_and_checked_unless_the_address_says_otherwise() {
        let mode = |url: &str| format!("{:?}", options(&url.into()).unwrap().0.get_ssl_mode());
        assert_eq!(mode("postgres://me@db.example.com/sales"), "VerifyFull");
        assert_eq!(mode("postgres://me@db.example.com/sales?sslmode=require"), "Require");
        assert_eq!(mode("postgres://me@db.example.com/sales?sslmode=disable"), "Disable");
        assert_eq!(mode("postgres://me@localhost/sales?host=10.0.0.1"), "VerifyFull");
        assert_eq!(mode("postgres://me@127.0.0.1/sales"), "Prefer");
        assert_eq!(mode("postgres://me@%2Frun%2Fpostgresql/sales"), "Prefer");
    }
}
