//! From an address to the way to connect.

use std::str::FromStr as _;

use sqlx::ConnectOptions as _;
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};

use super::wire::MAX_PREPARED;
use crate::error::ConnectorError;
use crate::secret::Secret;
use crate::server::{Address, is_loopback};

const PARAMETERS: &[&str] = &[
    "sslmode",
    "ssl-mode",
    "sslca",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "socket",
    "timezone",
    "time-zone",
];

/// How to connect, and the name to show.
pub(crate) fn options(url: &Secret) -> Result<(MySqlConnectOptions, String), ConnectorError> {
    let address = Address::read(url, &["mysql", "mariadb"], PARAMETERS)?;
    let refuse = |reason: String| ConnectorError::Open { database: address.name.clone(), reason };
    let says_zone = address.url.expose().contains("zone=");
    let read = MySqlConnectOptions::from_str(address.url.expose());
    let mut options = read
        .map_err(|error| refuse(error.to_string()))?
        // The driver would change what `||` means and which zone times are in.
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        // The statement whose columns were asked for is the one that runs, and none is closed before its connection.
        .statement_cache_capacity(MAX_PREPARED + 1)
        .disable_statement_logging();
    if !says_zone {
        options = options.timezone(None);
    }
    if options.get_database().is_none() {
        return Err(refuse("it names no database; add one, as in \"mysql://host/sales\"".to_owned()));
    }
    let is_near = options.get_socket().is_some() || is_loopback(options.get_host());
    if !is_near && !address.says_tls {
        options = options.ssl_mode(MySqlSslMode::VerifyIdentity);
    }
    Ok((options, address.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn off_this_machine_tls_is_on_and_checked_unless_the_address_says_otherwise() {
        let mode = |url: &str| format!("{:?}", options(&url.into()).unwrap().0.get_ssl_mode());
        assert_eq!(mode("mysql://me@db.example.com/sales"), "VerifyIdentity");
        assert_eq!(mode("mariadb://me@db.example.com/sales?ssl-mode=REQUIRED"), "Required");
        assert_eq!(mode("mysql://me@127.0.0.1/sales"), "Preferred");
        assert_eq!(mode("mysql://me@db/sales?socket=/run/mysqld/mysqld.sock"), "Preferred");
    }

    #[test]
    fn an_address_without_a_database_is_refused() {
        let error = options(&"mysql://me:hunter2@127.0.0.1".into()).unwrap_err().to_string();
        assert_eq!(
            error,
            r#"cannot open "mysql://127.0.0.1": it names no database; add one, as in "mysql://host/sales""#
        );
    }
}
