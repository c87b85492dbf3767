//! From an address and its options to what is asked, by whom and for how much.

use std::collections::BTreeMap;

use google_cloud_auth::credentials::{Builder, Credentials, anonymous, service_account};

use super::cost;
use crate::error::ConnectorError;
use crate::secret::{Secret, without_secrets};
use crate::server::{Address, is_loopback};

/// What can be said beside the address.
pub(crate) const OPTIONS: &[&str] =
    &["endpoint", "credentials", "location", "maximum_bytes_billed", "profile_bytes"];

/// What one statement may be billed for, if nobody says: at 6.25 dollars a TiB about six cents.
const MAXIMUM_BYTES_BILLED: u64 = 10 * 1024 * 1024 * 1024;
/// What one look at the values of a dataset may be billed for, if nobody says: at the same price less than a fifth of a cent.
const PROFILE_BYTES: u64 = 256 * 1024 * 1024;

/// A dataset, with everything checked that can be without asking for it.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// As it may be shown.
    pub(crate) name: String,
    pub(crate) project: String,
    pub(crate) dataset: String,
    /// Where its jobs run, if that is not found out by itself.
    pub(crate) location: Option<String>,
    /// Another place than Google's, such as an emulator.
    pub(crate) endpoint: Option<String>,
    who: Who,
    pub(crate) maximum_bytes_billed: u64,
    pub(crate) profile_bytes: u64,
}

#[derive(Clone)]
enum Who {
    /// Whoever the machine is, as Google's libraries find out.
    ApplicationDefault,
    Anonymous,
    ServiceAccount(serde_json::Value),
}

impl Settings {
    /// Reads `bigquery://project/dataset?location=EU` and the options.
    pub(crate) fn read(url: &Secret, options: &BTreeMap<String, Secret>) -> Result<Self, ConnectorError> {
        let text = url.expose();
        let (place, parameters) = text.split_once('?').unwrap_or((text, ""));
        let name = place.split('#').next().unwrap_or_default().to_owned();
        let refuse = |reason: String| ConnectorError::Open { database: name.clone(), reason };
        Address::read(&Secret::from(name.as_str()), &["bigquery"], &[])?;
        let (project, dataset) = name
            .split_once("://")
            .and_then(|(_, place)| place.split_once('/'))
            .filter(|(project, dataset)| is_project(project) && is_dataset(dataset))
            .ok_or_else(|| ConnectorError::Open {
                // What is no such address may have a password in it.
                database: without_secrets(text),
                reason: "the address is \"bigquery://PROJECT/DATASET\"".to_owned(),
            })?;
        let parameters = parameters_in(parameters).map_err(&refuse)?;
        let option =
            |key: &str| match (options.get(key).map(Secret::expose), parameters.get(key).map(Secret::expose))
            {
                (Some(option), Some(there)) if option != there => Err(refuse(format!(
                    "it has two values of {key:?}, one in its address and one in its options"
                ))),
                (option, there) => Ok(option.or(there)),
            };
        let bytes = |key: &str, otherwise: u64| match option(key)? {
            None => Ok(otherwise),
            Some(text) => cost::parse(text).ok_or_else(|| {
                refuse(format!("its option {key:?} is a number of bytes, such as 1073741824 or \"1 GiB\""))
            }),
        };
        let location = option("location")?.map(str::to_owned);
        if let Some(location) = &location
            && !location.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        {
            return Err(refuse("its location is a name such as \"EU\" or \"europe-west3\"".to_owned()));
        }
        let endpoint = option("endpoint")?.map(str::to_owned);
        let who = match (option("credentials")?, &endpoint) {
            (Some("anonymous"), _) => Who::Anonymous,
            (Some(key), _) => Who::ServiceAccount(service_account_key(key).map_err(&refuse)?),
            // A token of Google's is nothing to show to somebody else.
            (None, Some(_)) => Who::Anonymous,
            (None, None) => Who::ApplicationDefault,
        };
        if let Some(endpoint) = &endpoint {
            check_endpoint(endpoint, &who).map_err(&refuse)?;
        }
        Ok(Self {
            project: project.to_owned(),
            dataset: dataset.to_owned(),
            location,
            endpoint,
            who,
            maximum_bytes_billed: bytes("maximum_bytes_billed", MAXIMUM_BYTES_BILLED)?,
            profile_bytes: bytes("profile_bytes", PROFILE_BYTES)?,
            name,
        })
    }

    /// Who asks. Application default credentials are looked for now, and not before.
    pub(crate) fn credentials(&self) -> Result<Credentials, ConnectorError> {
        let found = match &self.who {
            Who::Anonymous => return Ok(anonymous::Builder::new().build()),
            Who::ApplicationDefault => Builder::default().build(),
            Who::ServiceAccount(key) => service_account::Builder::new(key.clone()).build(),
        };
        found.map_err(|error| ConnectorError::Open {
            database: self.name.clone(),
            reason: format!(
                "there are no credentials to ask with ({error}); give the option \"credentials\", the path of a service \
                 account's key"
            ),
        })
    }
}

impl std::fmt::Debug for Who {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::ApplicationDefault => "ApplicationDefault",
            Self::Anonymous => "Anonymous",
            Self::ServiceAccount(_) => "ServiceAccount(<secret>)",
        })
    }
}

/// Names become parts of paths, so nothing else may be in them. A project may belong to a domain: `example.com:sales`.
fn is_project(name: &str) -> bool {
    !name.is_empty()
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
}

fn is_dataset(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The options that stand in the address.
fn parameters_in(query: &str) -> Result<BTreeMap<String, Secret>, String> {
    let query = query.split('#').next().unwrap_or_default();
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if !OPTIONS.contains(&key) {
            return Err(format!("its parameter {key:?} is not known; known are {}", OPTIONS.join(", ")));
        }
        let value = unescaped(value).ok_or_else(|| format!("its parameter {key:?} cannot be read"))?;
        Ok((key.to_owned(), Secret::from(value)))
    });
    pairs.collect()
}

/// A value in which `%20` is a space.
fn unescaped(value: &str) -> Option<String> {
    let mut parts = value.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(code, 16).ok()?);
        bytes.extend(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

/// The key of a service account: the JSON itself, or the file it is in.
fn service_account_key(text: &str) -> Result<serde_json::Value, String> {
    let json = if text.trim_start().starts_with('{') {
        text.to_owned()
    } else {
        std::fs::read_to_string(text).map_err(|error| {
            format!("its option \"credentials\" names a file that cannot be read ({error})")
        })?
    };
    let wrong = "its option \"credentials\" is no key of a service account";
    // What serde says may repeat what it read.
    let key: serde_json::Value =
        serde_json::from_str(&json).map_err(|_| format!("{wrong}: it is no JSON"))?;
    match key.get("type").and_then(serde_json::Value::as_str) {
        Some("service_account") => Ok(key),
        _ => Err(format!(
            "{wrong}; other kinds of credentials are found by Google's libraries where it is left out"
        )),
    }
}

fn check_endpoint(endpoint: &str, who: &Who) -> Result<(), String> {
    let (scheme, rest) = endpoint.split_once("://").unwrap_or_default();
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    let is_anonymous = matches!(who, Who::Anonymous);
    match scheme {
        _ if host.is_empty() || authority.contains('@') => {
            Err("its option \"endpoint\" is an address such as \"http://127.0.0.1:9050\"".to_owned())
        }
        "https" => Ok(()),
        "http" if is_loopback(host) || is_anonymous => Ok(()),
        "http" => {
            Err("its option \"endpoint\" is not encrypted, and credentials would be readable on their \
                       way; use \"https://\""
                .to_owned())
        }
        _ => Err("its option \"endpoint\" is an address such as \"http://127.0.0.1:9050\"".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str, options: &[(&str, &str)]) -> Result<Settings, String> {
        let options = options.iter().map(|(key, value)| ((*key).to_owned(), Secret::from(*value))).collect();
        Settings::read(&url.into(), &options).map_err(|error| error.to_string())
    }

    #[test]
    fn an_address_is_a_project_and_a_dataset() {
        let found = read("bigquery://example.com:sales-1/shop?location=EU", &[]).unwrap();
        assert_eq!((found.project.as_str(), found.dataset.as_str()), ("example.com:sales-1", "shop"));
        assert_eq!(found.location.as_deref(), Some("EU"));
        assert_eq!(found.maximum_bytes_billed, 10 << 30);
        for wrong in [
            "bigquery://p1",
            "bigquery://p1/",
            "bigquery://p1/a/b",
            "bigquery://p1/../x",
            "bigquery://p1/a-b",
        ] {
            let error = read(wrong, &[]).unwrap_err();
            assert!(error.ends_with("the address is \"bigquery://PROJECT/DATASET\""), "{error}");
        }
        let error = read("bigquery://p1/shop?lokation=EU", &[]).unwrap_err();
        assert_eq!(
            error,
            "cannot open \"bigquery://p1/shop\": its parameter \"lokation\" is not known; known are endpoint, credentials, \
             location, maximum_bytes_billed, profile_bytes"
        );
        let error = read("bigquery://p1/shop?location=EU", &[("location", "US")]).unwrap_err();
        assert_eq!(
            error,
            r#"cannot open "bigquery://p1/shop": it has two values of "location", one in its address and one in its options"#
        );
        assert!(read("bigquery://p1/shop?location=E%2FU", &[]).is_err());
        assert!(
            read("bigquery://p1/shop?location=E%2", &[])
                .unwrap_err()
                .ends_with("\"location\" cannot be read")
        );
        let found =
            read("bigquery://p1/shop?maximum_bytes_billed=1%20GiB&endpoint=http://127.0.0.1:9050", &[])
                .unwrap();
        assert_eq!(
            (found.maximum_bytes_billed, found.endpoint.as_deref()),
            (1 << 30, Some("http://127.0.0.1:9050"))
        );
        let error = read("bigquery://me:hunter2@p1/shop", &[]).unwrap_err();
        assert_eq!(
            error,
            "cannot open \"bigquery://p1/shop\": the address is \"bigquery://PROJECT/DATASET\""
        );
    }

    #[test]
    fn limits_are_bytes() {
        let limit = |text: &str| {
            read("bigquery://p1/shop", &[("maximum_bytes_billed", text)])
                .map(|found| found.maximum_bytes_billed)
        };
        assert_eq!(limit("1000"), Ok(1_000));
        assert_eq!(limit("2 TiB"), Ok(2 << 40));
        assert_eq!(
            limit("much").unwrap_err(),
            "cannot open \"bigquery://p1/shop\": its option \"maximum_bytes_billed\" is a number of bytes, such as \
             1073741824 or \"1 GiB\""
        );
    }

    #[test]
    fn credentials_are_secret_and_go_to_nobody_who_could_be_overheard() {
        let key = r#"{"type": "service_account", "private_key": "hunter2"}"#;
        let found = read("bigquery://p1/shop", &[("credentials", key)]).unwrap();
        assert!(!format!("{found:?}").contains("hunter2"));
        let error =
            read("bigquery://p1/shop", &[("credentials", key), ("endpoint", "http://db.example.com")])
                .unwrap_err();
        assert!(error.contains("would be readable on their way"), "{error}");
        assert!(read("bigquery://p1/shop", &[("endpoint", "http://127.0.0.1:9050")]).is_ok());
        for wrong in ["127.0.0.1:9050", "ftp://a", "http://", "http://me:pw@127.0.0.1"] {
            assert!(read("bigquery://p1/shop", &[("endpoint", wrong)]).is_err(), "{wrong}");
        }
        let error =
            read("bigquery://p1/shop", &[("credentials", "{\"private_key\": \"hunter2\"")]).unwrap_err();
        assert!(error.contains("it is no JSON") && !error.contains("hunter2"), "{error}");
        let error = read("bigquery://p1/shop", &[("credentials", "/nowhere/key.json")]).unwrap_err();
        assert!(error.contains("names a file that cannot be read"), "{error}");
    }

    #[test]
    fn without_credentials_an_endpoint_of_ones_own_is_asked_anonymously() {
        let who =
            |options: &[(&str, &str)]| format!("{:?}", read("bigquery://p1/shop", options).unwrap().who);
        assert_eq!(who(&[]), "ApplicationDefault");
        assert_eq!(who(&[("endpoint", "https://bigquery.example.com")]), "Anonymous");
        assert_eq!(who(&[("credentials", "anonymous")]), "Anonymous");
    }
}
