//! `medha connections`: what is configured, and how it is.

use std::collections::BTreeMap;

use medha_connectors::{Health, Registry, ResultColumn, ResultSet, Value};
use serde_json::{Value as Json, json};

use crate::cli::{ConnectionsArgs, Listing};
use crate::config::{self, Config};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::render::table::exact_table;
use crate::source::with_surroundings;
use crate::terminal::{Terminal, print, tell};

/// Asks every connection for a sign of life and prints what it said. Fails if one is not well.
pub(crate) async fn connections(args: &ConnectionsArgs, terminal: Terminal) -> Result<Exit, CommandError> {
    let config = config::load(args.config.as_deref())?;
    if config.connections.is_empty() {
        tell(&format!(
            "No connections are configured ({}); write them into medha.yaml, as in\nconnections:\n  shop: {{url: shop.db}}",
            config.shown()
        ));
    }
    let lines = look_at(&config).await;
    let text = match args.format {
        Listing::Text if lines.is_empty() => String::new(),
        Listing::Text => in_text(&lines, terminal.width),
        Listing::Json => format!("{:#}\n", Json::from_iter(lines.iter().map(in_json))),
    };
    print(&text).map_err(CommandError::Output)?;
    Ok(if lines.iter().all(|line| line.problem.is_none()) { Exit::Done } else { Exit::Failed })
}

/// One connection, and how it is.
struct Line {
    name: String,
    shown: String,
    is_default: bool,
    latency_ms: Option<f64>,
    problem: Option<String>,
}

async fn look_at(config: &Config) -> Vec<Line> {
    let usable = config.connections.iter().filter(|(_, connection)| connection.unset.is_empty());
    let registry = Registry::new(usable.map(|(name, connection)| {
        // Without the platform's folders there is no place for imports, which opening them says.
        let place = connection.place.clone();
        (name.clone(), with_surroundings(place.clone()).unwrap_or(place))
    }));
    let health: BTreeMap<String, Health> =
        registry.health().await.into_iter().map(|health| (health.name.clone(), health)).collect();
    let line = |(name, connection): (&String, &config::ConfiguredConnection)| {
        let health = health.get(name);
        let latency = health.map(|health| (health.latency.as_secs_f64() * 10_000.0).round() / 10.0);
        let unset = || connection.unset.join("; ");
        Line {
            name: name.clone(),
            shown: if connection.unset.is_empty() { connection.place.shown() } else { String::new() },
            is_default: config.default_connection.as_ref() == Some(name),
            latency_ms: latency,
            problem: health.map_or_else(|| Some(unset()), |health| health.problem.clone()),
        }
    };
    config.connections.iter().map(line).collect()
}

/// A table, and below it what is wrong in full.
fn in_text(lines: &[Line], space: usize) -> String {
    let column =
        |name: &str| ResultColumn { name: name.to_owned(), kind: medha_connectors::ColumnKind::Text };
    let text = |text: &str| Value::Text(text.to_owned());
    let rows = lines.iter().map(|line| {
        let name = if line.is_default { format!("{} (default)", line.name) } else { line.name.clone() };
        let latency = line.latency_ms.map(|latency| format!("{latency:.1} ms")).unwrap_or_default();
        let state = if line.problem.is_none() { "ok" } else { "unwell" };
        vec![text(&name), text(state), text(&latency), text(&line.shown)]
    });
    let columns = ["name", "state", "latency", "address"].map(column).to_vec();
    let table = ResultSet { columns, rows: rows.collect(), truncated: None };
    let ill = lines.iter().filter_map(|line| Some(format!("{}: {}\n", line.name, line.problem.as_ref()?)));
    exact_table(&table, space) + &ill.collect::<String>()
}

fn in_json(line: &Line) -> Json {
    json!({
        "name": line.name,
        "address": line.shown,
        "default": line.is_default,
        "ok": line.problem.is_none(),
        "latency_ms": line.latency_ms,
        "problem": line.problem,
    })
}
