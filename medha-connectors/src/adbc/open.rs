//! From an address and its options to the source that a pool opens.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::address::{self, DuckDb};
use super::driver::Driver;
use super::failure::Hidden;
use super::pool::Source;
use crate::dialect::Dialect;
use crate::error::ConnectorError;
use crate::secret::{Secret, without_secrets};
use crate::server::Address;

/// The options of every system; those of a driver itself begin with `adbc.`.
const OPTIONS: [&str; 2] = ["driver", "entrypoint"];
/// What DuckDB may be given of the machine.
const DUCKDB_OPTIONS: [&str; 3] = ["memory_limit", "temp_directory", "threads"];
/// How a system without an address of its own is said.
const OTHER_OPTIONS: [&str; 4] = ["dialect", "uri", "username", "password"];
/// What may stand behind the question mark of Snowflake's addresses.
const SNOWFLAKE_PARAMETERS: &[&str] = &[
    "account",
    "application",
    "authenticator",
    "clientSessionKeepAlive",
    "loginTimeout",
    "ocspFailOpen",
    "passcode",
    "passcodeInPassword",
    "privateKey",
    "protocol",
    "region",
    "requestTimeout",
    "role",
    "token",
    "validateDefaultParameters",
    "warehouse",
];

const INSTALL_DUCKDB: &str = "install it with \"npm i @duckdb/node-bindings-linux-x64\", or take libduckdb from https://duckdb.org/install";
const INSTALL_SNOWFLAKE: &str =
    "install it with \"pip install adbc-driver-snowflake\", which holds libadbc_driver_snowflake.so";
const INSTALL_OTHER: &str = "install it, with pip it is called \"adbc-driver-NAME\"";

type Options = BTreeMap<String, Secret>;

/// The source of an address, with everything checked that can be without the driver.
pub(super) fn source(url: &Secret, options: &Options) -> Result<Source, ConnectorError> {
    let address = url.expose();
    if let Some(place) = address::duckdb(address) {
        return duckdb(&place, options);
    }
    if let Some(rest) = address.strip_prefix("adbc:") {
        return other(rest, options);
    }
    snowflake(url, options)
}

fn duckdb(place: &DuckDb, options: &Options) -> Result<Source, ConnectorError> {
    let name = place.path().display().to_string();
    let refuse = |reason: String| ConnectorError::Open { database: name.clone(), reason };
    known_only(options, &[&OPTIONS[..], &DUCKDB_OPTIONS].concat(), &name)?;
    if !place.path().exists() {
        return Err(refuse("there is no such file".to_owned()));
    }
    let mut told = vec![("path".to_owned(), Secret::new(":memory:"))];
    let mut settings = vec!["SET GLOBAL TimeZone = 'UTC'".to_owned()];
    let mut files = Vec::new();
    // What it would otherwise do by itself: load extensions, and write what does not fit into memory beside the file.
    for (key, value) in [
        ("autoinstall_known_extensions", "false"),
        ("autoload_known_extensions", "false"),
        ("temp_directory", ""),
    ] {
        told.push((key.to_owned(), Secret::new(value)));
    }
    match place {
        DuckDb::Database(path) => {
            let path = path.to_str().ok_or_else(|| refuse("its path is no text".to_owned()))?;
            told[0].1 = Secret::new(path);
            told.push(("access_mode".to_owned(), Secret::new("READ_ONLY")));
            told.push(("enable_external_access".to_owned(), Secret::new("false")));
        }
        DuckDb::Files(path) => {
            files = tables_of(path).map_err(&refuse)?;
            settings.extend(files.iter().filter_map(|(table, file)| view(table, file)));
            let paths: Vec<String> = files.iter().map(|(_, file)| text(&file.to_string_lossy())).collect();
            settings.push(format!("SET GLOBAL allowed_paths = [{}]", paths.join(", ")));
            settings.push("SET GLOBAL enable_external_access = false".to_owned());
        }
    }
    for key in DUCKDB_OPTIONS {
        if let Some(value) = options.get(key) {
            told.retain(|(known, _)| known != key);
            told.push((key.to_owned(), value.clone()));
        }
    }
    // From here on nothing above can be undone.
    settings.push("SET GLOBAL lock_configuration = true".to_owned());
    told.extend(of_driver(options));
    let driver = Driver {
        entrypoint: Some(said(options, "entrypoint").unwrap_or_else(|| "duckdb_adbc_init".to_owned())),
        ..driver(options, &["duckdb"], INSTALL_DUCKDB)
    };
    let hidden = hidden(options, &[]);
    Ok(Source { name, dialect: Dialect::DuckDb, driver, options: told, settings, files, hidden })
}

fn snowflake(url: &Secret, options: &Options) -> Result<Source, ConnectorError> {
    let address = Address::read(url, &["snowflake"], SNOWFLAKE_PARAMETERS)?;
    known_only(options, &OPTIONS, &address.name)?;
    let rest = url.expose().split_once("://").map_or("", |(_, rest)| rest);
    let mut told = vec![("uri".to_owned(), Secret::new(rest))];
    told.extend(of_driver(options));
    Ok(Source {
        name: address.name,
        dialect: Dialect::Snowflake,
        driver: driver(options, &["snowflake", "adbc_driver_snowflake"], INSTALL_SNOWFLAKE),
        options: told,
        settings: Vec::new(),
        files: Vec::new(),
        hidden: hidden(options, &[url.expose(), rest]),
    })
}

/// A system that the options name: a driver, what it is to open, and the SQL it speaks.
fn other(rest: &str, options: &Options) -> Result<Source, ConnectorError> {
    let uri = if rest.is_empty() { said(options, "uri") } else { Some(rest.to_owned()) };
    let name = uri.as_deref().filter(|uri| uri.contains("://")).map_or("adbc:".to_owned(), without_secrets);
    let refuse = |reason: &str| ConnectorError::Open { database: name.clone(), reason: reason.to_owned() };
    known_only(options, &[&OPTIONS[..], &OTHER_OPTIONS].concat(), &name)?;
    let Some(wanted) = said(options, "driver") else {
        return Err(refuse(
            "an address that starts with \"adbc:\" needs the option \"driver\", a path or a name",
        ));
    };
    let dialect = match said(options, "dialect") {
        Some(said) => serde_json::from_value(serde_json::Value::String(said)).map_err(|_| {
            refuse("its option \"dialect\" is one of sqlite, postgres, my_sql, duckdb, snowflake, big_query")
        })?,
        None => dialect_of(&wanted).ok_or_else(|| {
            refuse("which SQL it speaks is not known; say it with the option \"dialect\", for example \"postgres\"")
        })?,
    };
    let mut told: Vec<(String, Secret)> = of_driver(options).collect();
    told.extend(uri.clone().map(|uri| ("uri".to_owned(), Secret::new(uri))));
    for key in ["username", "password"] {
        told.extend(options.get(key).map(|value| (key.to_owned(), value.clone())));
    }
    Ok(Source {
        dialect,
        driver: driver(options, &[], INSTALL_OTHER),
        options: told,
        settings: Vec::new(),
        files: Vec::new(),
        hidden: hidden(options, &[uri.as_deref().unwrap_or_default()]),
        name,
    })
}

fn dialect_of(driver: &str) -> Option<Dialect> {
    let driver = driver.to_ascii_lowercase();
    let known = [
        ("sqlite", Dialect::Sqlite),
        ("postgres", Dialect::Postgres),
        ("mysql", Dialect::MySql),
        ("duckdb", Dialect::DuckDb),
        ("snowflake", Dialect::Snowflake),
        ("bigquery", Dialect::BigQuery),
    ];
    known.into_iter().find(|(name, _)| driver.contains(name)).map(|(_, dialect)| dialect)
}

fn driver(options: &Options, names: &[&str], install: &'static str) -> Driver {
    let names = match said(options, "driver") {
        Some(driver) => vec![driver],
        None => names.iter().map(|name| (*name).to_owned()).collect(),
    };
    Driver { names, entrypoint: said(options, "entrypoint"), install }
}

fn said(options: &Options, key: &str) -> Option<String> {
    options.get(key).map(|value| value.expose().to_owned())
}

/// What goes to the driver as it is.
fn of_driver(options: &Options) -> impl Iterator<Item = (String, Secret)> {
    let of_driver = options.iter().filter(|(key, _)| key.starts_with("adbc."));
    of_driver.map(|(key, value)| (key.clone(), value.clone()))
}

fn known_only(options: &Options, known: &[&str], database: &str) -> Result<(), ConnectorError> {
    let is_known = |key: &str| known.contains(&key) || key.starts_with("adbc.");
    let unknown: Vec<&str> = options.keys().map(String::as_str).filter(|key| !is_known(key)).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let reason = format!(
        "it does not know the options {}; it knows {} and those that start with \"adbc.\"",
        unknown.join(", "),
        known.join(", ")
    );
    Err(ConnectorError::Open { database: database.to_owned(), reason })
}

/// The options that may be secrets, the addresses, and the passwords in them.
fn hidden(options: &Options, addresses: &[&str]) -> Hidden {
    let mut hidden = Hidden::default();
    let secret = |key: &str| key.starts_with("adbc.") || matches!(key, "uri" | "username" | "password");
    // A switch is no secret, and without it no error could be read.
    let worth_hiding = |value: &str| value.len() > 5;
    for (key, value) in options {
        if key == "password" || (secret(key) && worth_hiding(value.expose())) {
            hidden.add(value.expose());
        }
    }
    for address in addresses {
        hidden.add(address);
        let rest = address.split_once("://").map_or(*address, |(_, rest)| rest);
        if let Some((user, _)) = rest.rsplit_once('@')
            && let Some((_, password)) = user.split_once(':')
        {
            hidden.add(password);
            hidden.add(&decoded(password));
        }
        let parameters = address.split_once('?').map_or("", |(_, parameters)| parameters);
        for (key, value) in parameters.split('&').filter_map(|pair| pair.split_once('=')) {
            if matches!(key, "token" | "passcode" | "privateKey" | "password") {
                hidden.add(value);
                hidden.add(&decoded(value));
            }
        }
    }
    hidden
}

/// Without the notation of addresses for signs, `%40`.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = match rest {
            [b'%', high, low, ..] => std::str::from_utf8(&[*high, *low])
                .ok()
                .and_then(|digits| u8::from_str_radix(digits, 16).ok()),
            _ => None,
        };
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &rest[3..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The tables that files become, in order: each has the name of its file.
fn tables_of(path: &Path) -> Result<Vec<(String, PathBuf)>, String> {
    let fail = |error: std::io::Error| error.to_string();
    let path = path.canonicalize().map_err(fail)?;
    let mut files = vec![path.clone()];
    if path.is_dir() {
        files = std::fs::read_dir(&path)
            .map_err(fail)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()
            .map_err(fail)?;
        files.retain(|file| file.is_file() && address::reader(file).is_some());
        files.sort();
    }
    let name = |file: &Path| file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let tables: Vec<(String, PathBuf)> =
        files.into_iter().filter_map(|file| Some((name(&file)?, file))).collect();
    for (place, (table, file)) in tables.iter().enumerate() {
        if tables[..place].iter().any(|(other, _)| other.eq_ignore_ascii_case(table)) {
            return Err(format!(
                "two files would be the table {table:?}, one is {:?}; rename it",
                file.display()
            ));
        }
        if file.to_str().is_none() || file.to_string_lossy().contains(['*', '?', '[']) {
            return Err(format!(
                "the path {:?} has signs that stand for other paths; rename it",
                file.display()
            ));
        }
    }
    if tables.is_empty() {
        return Err("there are no Parquet, CSV or JSON files in it".to_owned());
    }
    Ok(tables)
}

fn view(table: &str, file: &Path) -> Option<String> {
    let table = format!("\"{}\"", table.replace('"', "\"\""));
    let reader = address::reader(file)?;
    Some(format!("CREATE VIEW {table} AS SELECT * FROM {reader}({})", text(&file.to_string_lossy())))
}

fn text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
