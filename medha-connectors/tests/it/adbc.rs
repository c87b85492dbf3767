//! What ADBC connections say before there is a driver.

use std::collections::BTreeMap;

use medha_connectors::{AdbcConnector, ConnectionConfig, Connector, Secret};

fn options<const N: usize>(said: [(&str, &str); N]) -> BTreeMap<String, Secret> {
    said.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect()
}

async fn refusal<const N: usize>(address: &str, said: [(&str, &str); N]) -> String {
    AdbcConnector::open(address, &options(said)).await.unwrap_err().to_string()
}

#[tokio::test]
async fn without_a_driver_the_error_says_how_to_get_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.duckdb");
    std::fs::write(&path, "").unwrap();
    let path = path.to_str().unwrap();
    let error = refusal(path, [("driver", "/nowhere/libduckdb.so")]).await;
    assert!(
        error.starts_with(&format!(
            "cannot open {path:?}: its ADBC driver cannot be loaded (\"/nowhere/libduckdb.so\": "
        )),
        "{error}"
    );
    assert!(
        error.ends_with(
            "); install it with \"npm i @duckdb/node-bindings-linux-x64\", or take libduckdb from https://duckdb.org/install, \
             and say where the library is with the option \"driver\""
        ),
        "{error}"
    );
    let nowhere = options([("driver", "/nowhere/libadbc_driver_snowflake.so")]);
    let connector = AdbcConnector::open("snowflake://me:hunter2@account/db/public", &nowhere).await.unwrap();
    let error = connector.ping().await.unwrap_err().to_string();
    assert!(error.contains("pip install adbc-driver-snowflake") && !error.contains("hunter2"), "{error}");
}

#[tokio::test]
async fn what_cannot_be_understood_is_refused_before_a_driver_is_loaded() {
    assert_eq!(refusal("no.duckdb", []).await, r#"cannot open "no.duckdb": there is no such file"#);
    assert_eq!(
        refusal("no.duckdb", [("drivr", "x"), ("threads", "1")]).await,
        "cannot open \"no.duckdb\": it does not know the options drivr; it knows driver, entrypoint, memory_limit, \
         temp_directory, threads and those that start with \"adbc.\""
    );
    assert_eq!(
        refusal("snowflake://me:hunter2@account/db/public?warehose=w", []).await.split(';').next(),
        Some("cannot open \"snowflake://account/db/public\": its parameter \"warehose\" is not known")
    );
    assert_eq!(
        refusal("adbc:", []).await,
        "cannot open \"adbc:\": an address that starts with \"adbc:\" needs the option \"driver\", a path or a name"
    );
    assert_eq!(
        refusal("adbc:flight://me:hunter2@host/db", [("driver", "flightsql")]).await,
        "cannot open \"flight://host/db\": which SQL it speaks is not known; say it with the option \"dialect\", for example \
         \"postgres\""
    );
    let folder = tempfile::tempdir().unwrap();
    let empty = format!("duckdb:{}", folder.path().display());
    assert!(refusal(&empty, []).await.ends_with("there are no Parquet, CSV or JSON files in it"));
    for name in ["orders.csv", "Orders.parquet"] {
        std::fs::write(folder.path().join(name), "").unwrap();
    }
    assert!(refusal(&empty, []).await.contains("two files would be the table \"orders\""));
}

#[test]
fn a_configuration_carries_the_options_of_a_driver() {
    let config: ConnectionConfig = serde_json::from_str(
        r#"{"url": "snowflake://me@account/db", "options": {"driver": "snowflake", "adbc.snowflake.sql.auth_type": "auth_jwt"}}"#,
    )
    .unwrap();
    assert_eq!(config.options.len(), 2);
    assert!(!format!("{config:?}").contains("auth_jwt"));
}
