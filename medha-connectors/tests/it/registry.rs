//! Addresses, names and secrets: what is opened, what is refused, and what is never printed.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::time::Duration;

use medha_connectors::{ConnectionConfig, Registry, Secret};

use crate::files::made;

const PASSWORD: &str = "hunter2";

/// An address of this machine where nobody listens.
fn nobody(scheme: &str) -> String {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    format!("{scheme}://me:{PASSWORD}@127.0.0.1:{port}/sales")
}

#[test]
fn a_secret_is_never_printed() {
    let url = Secret::new(nobody("postgres"));
    let config = ConnectionConfig::new(url.clone());
    let registry = Registry::new([("sales".to_owned(), config.clone())]);
    for text in [format!("{url}"), format!("{url:?}"), format!("{config:?}"), format!("{registry:?}")] {
        assert!(!text.contains(PASSWORD), "{text}");
    }
    assert!(url.expose().contains(PASSWORD));
}

#[tokio::test]
async fn connections_are_found_by_name_and_each_says_how_it_is() {
    let file = made("CREATE TABLE t (n INT)").await;
    let configured: BTreeMap<String, ConnectionConfig> = BTreeMap::from([
        ("file".to_owned(), ConnectionConfig::new(file.path.to_str().unwrap())),
        ("gone".to_owned(), ConnectionConfig::new("sqlite:/nowhere/gone.db")),
        #[cfg(feature = "postgres")]
        ("nobody".to_owned(), ConnectionConfig::new(nobody("postgres"))),
    ]);
    let registry = Registry::new(configured);
    let health = registry.health().await;
    assert_eq!((health[0].name.as_str(), health[0].problem.as_deref()), ("file", None));
    assert!(health[0].latency > Duration::ZERO);
    assert_eq!(
        health[1].problem.as_deref(),
        Some(r#"cannot open "/nowhere/gone.db": there is no such file; check the path"#)
    );
    for ill in &health[1..] {
        let problem = ill.problem.as_ref().unwrap();
        assert!(problem.starts_with("cannot open") && !problem.contains(PASSWORD), "{problem}");
    }
    let first = registry.connector("file").await.unwrap();
    assert!(std::sync::Arc::ptr_eq(&first, &registry.connector("file").await.unwrap()));
    let error = registry.connector("filé").await.unwrap_err();
    assert_eq!(error.to_string(), r#"there is no connection "filé"; did you mean "file"?"#);
}

#[test]
fn a_configuration_with_an_unknown_field_is_refused() {
    let read = serde_json::from_str::<ConnectionConfig>(r#"{"url": "a.db", "conections": 3}"#);
    let error = read.unwrap_err().to_string();
    assert!(error.starts_with("unknown field `conections`"), "{error}");
}

/// It is tried again for a moment, then left alone, and says so.
#[cfg(all(feature = "postgres", feature = "mysql"))]
#[tokio::test]
async fn a_server_that_is_not_there_is_told_at_once_and_soon_left_alone() {
    use medha_connectors::ConnectorError;
    use std::time::Instant;

    for scheme in ["postgres", "mysql"] {
        let connector = ConnectionConfig::new(nobody(scheme)).open().await.unwrap();
        for _ in 0..3 {
            let asked = Instant::now();
            let error = connector.ping().await.unwrap_err();
            assert!(matches!(error, ConnectorError::Open { .. }), "{error:?}");
            let text = error.to_string();
            assert!(text.ends_with("check the host, the port and that the server runs"), "{text}");
            assert!(!format!("{error:?}{text}").contains(PASSWORD), "{error:?}");
            assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
        }
        let asked = Instant::now();
        let error = connector.ping().await.unwrap_err().to_string();
        assert!(
            error.contains("it could not be reached several times in a row; it is tried again in"),
            "{error}"
        );
        assert!(asked.elapsed() < Duration::from_millis(20), "{:?}", asked.elapsed());
    }
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn an_address_that_cannot_be_read_is_refused_before_anybody_is_asked() {
    for (address, reason) in [
        ("postgres://me:hunter2@host/db?sslmod=require", r#"its parameter "sslmod" is not known"#),
        ("postgres://me:hunter2@host:99999/db", "invalid port number"),
    ] {
        let error = ConnectionConfig::new(address).open().await.unwrap_err().to_string();
        assert!(error.contains(reason) && !error.contains(PASSWORD), "{error}");
    }
}
