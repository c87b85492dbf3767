//! `medha schema`: what is in a database, as whoever asks may know it.

use medha_connectors::{Column, ColumnKind, ColumnProfile, Table, TableKind};

use crate::audit;
use crate::cli::{Listing, SchemaArgs};
use crate::config;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::nearest::did_you_mean;
use crate::render::text::{cut, harmless, pad_right, width};
use crate::session::Session;
use crate::source::Source;
use crate::terminal::{Paint, Terminal, print};

/// So many values of a column are shown.
const MOST_VALUES: usize = 6;
/// A value is cut to so many columns.
const WIDEST_VALUE: usize = 24;

/// Prints all tables, or one.
pub(crate) async fn schema(args: SchemaArgs, terminal: Terminal) -> Result<Exit, CommandError> {
    let config = config::load(args.database.config.as_deref())?;
    let source = Source::open(&args.database, &config).await?;
    let audit = audit::trail(&source)?;
    let mut schema = (*Session::new(source, audit)?.schema()).clone();
    if let Some(name) = &args.table {
        let Some(table) = schema.table(name).cloned() else {
            let hint = did_you_mean(name, schema.tables.iter().map(|table| &table.name));
            return Err(CommandError::NoTable { table: name.clone(), hint });
        };
        schema.tables = vec![table];
    }
    let text = match args.format {
        Listing::Text => {
            let tables: Vec<String> =
                schema.tables.iter().map(|table| described(table, terminal.paint, terminal.width)).collect();
            tables.join("\n")
        }
        Listing::Json => {
            let json = serde_json::to_string_pretty(&schema).map_err(std::io::Error::other);
            json.map_err(CommandError::Output)? + "\n"
        }
    };
    print(&text).map_err(CommandError::Output)?;
    Ok(Exit::Done)
}

/// A line about the table and one about each column.
fn described(table: &Table, paint: Paint, space: usize) -> String {
    let kind = match table.kind {
        TableKind::Table => "table",
        TableKind::View => "view",
    };
    let rows = match table.row_count {
        Some(1) => ", 1 row".to_owned(),
        Some(rows) => format!(", {rows} rows"),
        None => String::new(),
    };
    let parts = table.partitioned_by.as_ref();
    let parts = parts.map(|text| format!(", in parts by {}", harmless(text))).unwrap_or_default();
    let comment = table.comment.as_ref().map(|text| format!(": {}", harmless(text))).unwrap_or_default();
    let about = paint.dim(&format!("{kind}{rows}{parts}{comment}"));
    let mut out = format!("{}  {about}\n", paint.bold(&harmless(&table.name)));
    let widest = |of: &dyn Fn(&Column) -> String| {
        table.columns.iter().map(|column| width(&of(column))).max().unwrap_or_default()
    };
    let name = |column: &Column| harmless(&column.name);
    let declared = |column: &Column| harmless(&column.declared_type);
    let (names, types) = (widest(&name), widest(&declared));
    for column in &table.columns {
        let line = format!(
            "  {}  {}  {}",
            pad_right(&name(column), names),
            pad_right(&declared(column), types),
            facts(column, table).join("; ")
        );
        out.push_str(cut(&line, space).trim_end());
        out.push('\n');
    }
    for key in table.foreign_keys.iter().filter(|key| key.columns.len() > 1) {
        let (here, there) = (key.columns.join(", "), key.referenced_columns.join(", "));
        out.push_str(&format!(
            "  ({}) → {} ({})\n",
            harmless(&here),
            harmless(&key.references),
            harmless(&there)
        ));
    }
    out
}

/// What is worth knowing about a column, the most important first.
fn facts(column: &Column, table: &Table) -> Vec<String> {
    let is_it = |name: &String| name.eq_ignore_ascii_case(&column.name);
    let mut facts = Vec::new();
    if table.primary_key.iter().any(is_it) {
        facts.push("key".to_owned());
    } else if !column.nullable {
        facts.push("not null".to_owned());
    }
    if table.unique_keys.iter().any(|key| key.len() == 1 && key.iter().all(is_it)) {
        facts.push("unique".to_owned());
    }
    for key in table.foreign_keys.iter().filter(|key| key.columns.len() == 1 && key.columns.iter().all(is_it))
    {
        facts.push(format!(
            "→ {}.{}",
            harmless(&key.references),
            harmless(&key.referenced_columns.join(", "))
        ));
    }
    let is_time = matches!(column.kind, ColumnKind::Date | ColumnKind::DateTime | ColumnKind::Time);
    facts.extend(
        column.profile.as_ref().and_then(|profile| if is_time { range(profile) } else { values(profile) }),
    );
    facts.extend(column.comment.as_ref().map(|comment| harmless(comment)));
    facts
}

/// A few of the values, or the least and the greatest.
fn values(profile: &ColumnProfile) -> Option<String> {
    if !profile.values.is_empty() {
        let shown: Vec<String> = profile.values.iter().take(MOST_VALUES).map(|text| short(text)).collect();
        let more = profile.values.len() > MOST_VALUES || !profile.complete;
        return Some(format!("{}{}", shown.join(", "), if more { ", …" } else { "" }));
    }
    range(profile)
}

fn range(profile: &ColumnProfile) -> Option<String> {
    let (min, max) = (profile.min.as_ref()?, profile.max.as_ref()?);
    Some(format!("{} to {}", short(min), short(max)))
}

fn short(text: &str) -> String {
    cut(&harmless(text), WIDEST_VALUE)
}
