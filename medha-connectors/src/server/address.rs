//! The addresses of servers: how they may be shown, whether they are on this machine, what they may say.

use std::net::IpAddr;

use crate::error::ConnectorError;
use crate::secret::{Secret, without_secrets};

/// The address of a database server, with everything checked that can be without asking it.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    /// As it may be shown.
    pub(crate) name: String,
    /// As it was given.
    pub(crate) url: Secret,
    /// Whether it says by itself how TLS is used.
    pub(crate) says_tls: bool,
}

impl Address {
    /// Reads an address; `parameters` are those the system knows.
    pub(crate) fn read(url: &Secret, schemes: &[&str], parameters: &[&str]) -> Result<Self, ConnectorError> {
        let text = url.expose();
        let name = without_secrets(text);
        let refuse = |reason: String| ConnectorError::Open { database: name.clone(), reason };
        let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        if scheme.as_deref().is_none_or(|scheme| !schemes.contains(&scheme)) {
            return Err(refuse(format!("the address starts with {:?}", format!("{}://", schemes[0]))));
        }
        let mut says_tls = false;
        for key in parameter_names(text) {
            let known = parameters.iter().find(|known| match known.strip_suffix('*') {
                Some(start) => key.starts_with(start),
                None => key == **known,
            });
            if known.is_none() {
                return Err(refuse(format!(
                    "its parameter {key:?} is not known; known are {}",
                    parameters.join(", ")
                )));
            }
            says_tls |= key == "sslmode" || key == "ssl-mode";
        }
        Ok(Self { name, url: url.clone(), says_tls })
    }
}

fn parameter_names(url: &str) -> impl Iterator<Item = &str> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let query = query.split('#').next().unwrap_or_default();
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split('=').next().unwrap_or_default())
}

/// Whether a host is this machine, so that nobody else can listen.
pub(crate) fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_checked_before_anybody_is_asked() {
        let read =
            |url: &str| Address::read(&url.into(), &["postgres", "postgresql"], &["sslmode", "options*"]);
        let refusal = |url: &str| read(url).unwrap_err().to_string();
        assert_eq!(
            refusal("mysql://me:pw@host/db"),
            r#"cannot open "mysql://host/db": the address starts with "postgres://""#
        );
        assert_eq!(
            refusal("postgres://me:pw@host/db?sslmode=require&pasword=hunter2"),
            r#"cannot open "postgres://host/db": its parameter "pasword" is not known; known are sslmode, options*"#
        );
        assert!(read("postgres://me:pw@host/db?options[search_path]=a&sslmode=disable").unwrap().says_tls);
        assert!(!read("PostgreSQL://host/db").unwrap().says_tls);
        assert!(!format!("{:?}", read("postgres://me:pw@host/db")).contains("pw"));
    }

    #[test]
    fn this_machine_is_known_by_its_names() {
        for (host, is) in [
            ("localhost", true),
            ("127.0.0.5", true),
            ("::1", true),
            ("[::1]", true),
            ("10.0.0.1", false),
            ("localhost.example.com", false),
            ("db", false),
        ] {
            assert_eq!(is_loopback(host), is, "{host}");
        }
    }
}
