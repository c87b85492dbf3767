//! A server that answers over streamable HTTP.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderName, HeaderValue};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;

use super::child::LARGEST_MESSAGE;

/// No server that can be reached takes longer to accept a connection.
const CONNECT_TIME: Duration = Duration::from_secs(10);

/// The messages to and from an address; nothing is sent yet. `Err` says what is wrong with the configuration.
pub(super) fn transport(
    url: &str,
    headers: &BTreeMap<String, String>,
) -> Result<StreamableHttpClientTransport<reqwest::Client>, String> {
    let address = reqwest::Url::parse(url).map_err(|error| format!("its url is not one: {error}"))?;
    if !matches!(address.scheme(), "http" | "https") {
        return Err("its url begins neither with \"https://\" nor with \"http://\"".to_owned());
    }
    let mut custom = HashMap::new();
    for (name, value) in headers {
        let parsed = HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_str(value).ok());
        let Some((parsed, mut value)) = parsed else {
            return Err(format!("its header {name:?} cannot be sent"));
        };
        value.set_sensitive(true);
        custom.insert(parsed, value);
    }
    let config = StreamableHttpClientTransportConfig::with_uri(url)
        .custom_headers(custom)
        .max_sse_event_size(LARGEST_MESSAGE);
    Ok(StreamableHttpClientTransport::with_client(client()?, config))
}

/// With certificates checked by what the system trusts, and without whoever else has chosen a provider of cryptography.
fn client() -> Result<reqwest::Client, String> {
    let mut trusted = rustls::RootCertStore::empty();
    trusted.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let failed = |error: &dyn std::fmt::Display| format!("no encrypted connection can be made: {error}");
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(&error))?
        .with_root_certificates(trusted)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .connect_timeout(CONNECT_TIME)
        // A header with a token must not follow to another place.
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| failed(&error))
}
