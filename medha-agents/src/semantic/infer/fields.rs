//! What a column holds and what it is for.

use medha_connectors::{Column, ColumnKind, Table};

use super::naming::Naming;
use super::relationships::looks_like_id;
use crate::plan::AggregateFunction;
use crate::semantic::model::{DataType, Dataset, Field, FieldValue, Role};
use crate::semantic::words::identifier_words;

/// Numbers under these words name or place a thing; adding them up means nothing.
const NOT_SUMMED: &[&str] = &[
    "code",
    "zip",
    "postal",
    "postcode",
    "phone",
    "fax",
    "mcc",
    "version",
    "latitude",
    "longitude",
    "level",
    "rank",
    "position",
    "line",
    "house",
    "street",
    "port",
    "epoch",
    "type",
    "month",
    "day",
    "hour",
    "week",
    "grade",
    "class",
    "status",
    "flag",
    "ssn",
    "isbn",
];
/// Numbers under these words are averaged rather than added up.
const AVERAGED: &[&str] = &[
    "price",
    "rate",
    "age",
    "rating",
    "score",
    "percent",
    "percentage",
    "average",
    "ratio",
    "temperature",
    "height",
    "weight",
    "length",
    "duration",
    "share",
    "width",
    "speed",
    "salary",
    "unit",
    "open",
    "high",
    "low",
    "close",
    "highest",
    "lowest",
    "limit",
];
/// Numbers under these words are money.
const MONEY: &[&str] = &[
    "price",
    "amount",
    "revenue",
    "cost",
    "salary",
    "fee",
    "tax",
    "commission",
    "balance",
    "spend",
    "budget",
    "bonus",
    "payment",
    "discount",
    "income",
    "profit",
    "spent",
    "charge",
];

/// Makes a field of a column.
pub(super) fn field(table: &Table, column: &Column, key: &[String], naming: &Naming) -> Field {
    let words = naming.column(&table.name, &column.name);
    let (data_type, cast) = stored_as(column);
    let pii = personal(&words);
    let is_key = key.contains(&column.name) || looks_like_id(&column.name);
    let year = is_year(column, &words);
    let role = if year {
        Role::Time
    } else {
        role(data_type, is_key && is_bare_key(column, key, data_type), &words)
    };
    let quoted = quote(&column.name);
    let cast = if role == Role::Key || year || !has(&words, NOT_SUMMED) { cast } else { None };
    let expression = match cast.filter(|_| role == Role::Measure) {
        Some(sql_type) => format!("CAST({quoted} AS {sql_type})"),
        None => quoted,
    };
    let data_type = match data_type {
        // Numbers in text that are not summed up are compared as the text they are.
        DataType::Integer | DataType::Decimal | DataType::Float
            if column.kind == ColumnKind::Text && role != Role::Measure =>
        {
            DataType::String
        }
        other => other,
    };
    let mut field = Field {
        name: column.name.clone(),
        expression,
        data_type,
        role,
        description: column.comment.clone(),
        synonyms: synonyms(&words, &column.name),
        pii,
        ..Field::default()
    };
    if role == Role::Measure {
        field.default_aggregate = Some(if has(&words, AVERAGED) && !has(&words, &["total", "amount"]) {
            AggregateFunction::Average
        } else {
            AggregateFunction::Sum
        });
        if has(&words, MONEY) {
            field.format = Some("currency".to_owned());
        }
    }
    if let Some(profile) = &column.profile
        && field.pii.is_none()
    {
        field.min.clone_from(&profile.min);
        field.max.clone_from(&profile.max);
        if matches!(data_type, DataType::String | DataType::Boolean) {
            field.values = profile
                .values
                .iter()
                .filter(|value| !value.trim().is_empty())
                .map(|value| FieldValue { value: value.clone(), synonyms: Vec::new() })
                .collect();
            field.values_complete = profile.complete;
        }
    }
    field
}

/// The data type of what a column stores, and the SQL type that text has to be cast to for it.
pub(in crate::semantic) fn stored_as(column: &Column) -> (DataType, Option<&'static str>) {
    match column.kind {
        ColumnKind::Boolean => (DataType::Boolean, None),
        ColumnKind::Integer if is_flag(column) => (DataType::Boolean, None),
        ColumnKind::Integer => (DataType::Integer, None),
        ColumnKind::Decimal => (DataType::Decimal, None),
        ColumnKind::Float => (DataType::Float, None),
        ColumnKind::Date => (DataType::Date, None),
        ColumnKind::DateTime => (DataType::DateTime, None),
        ColumnKind::Time => (DataType::Time, None),
        ColumnKind::Blob => (DataType::Opaque, None),
        ColumnKind::Text | ColumnKind::Unknown => text(column),
        _ => (DataType::Opaque, None),
    }
}

/// Whether whole numbers are 0 and 1 under a name that asks yes or no.
fn is_flag(column: &Column) -> bool {
    let words = identifier_words(&column.name);
    let asks = words.first().is_some_and(|word| ["is", "has", "if", "can", "was"].contains(&word.as_str()))
        || words.iter().any(|word| ["active", "enabled", "flag", "opt"].contains(&word.as_str()));
    let declared = column.declared_type.to_ascii_uppercase().starts_with("BOOL");
    let seen = column.profile.as_ref().is_some_and(|profile| {
        let bit = |text: &Option<String>| text.as_deref().is_some_and(|text| text == "0" || text == "1");
        bit(&profile.min) && bit(&profile.max)
    });
    declared || (asks && seen)
}

fn text(column: &Column) -> (DataType, Option<&'static str>) {
    let Some(profile) = &column.profile else { return (DataType::String, None) };
    let values = &profile.values;
    if values.is_empty() {
        return (DataType::String, None);
    }
    let all = |test: fn(&str) -> bool| values.iter().all(|value| test(value.trim()));
    const PAIRS: &[&[&str]] = &[&["t", "f"], &["y", "n"], &["yes", "no"], &["true", "false"]];
    let lower: Vec<String> = values.iter().map(|value| value.trim().to_lowercase()).collect();
    let pair = |pair: &&&[&str]| lower.iter().all(|value| pair.contains(&value.as_str()));
    if profile.complete && lower.len() <= 2 && PAIRS.iter().any(|known| pair(&known)) {
        return (DataType::Boolean, None);
    }
    // A leading zero makes a number a code.
    let plain = |value: &str| !(value.len() > 1 && value.starts_with('0') && !value.starts_with("0."));
    if all(|value| value.parse::<i64>().is_ok()) && values.iter().all(|value| plain(value)) {
        return (DataType::Integer, Some("INTEGER"));
    }
    if all(|value| value.parse::<f64>().is_ok_and(f64::is_finite)) && values.iter().all(|value| plain(value))
    {
        return (DataType::Float, Some("REAL"));
    }
    (DataType::String, None)
}

/// Whether a column holds years.
fn is_year(column: &Column, words: &[String]) -> bool {
    const BEGINNINGS: &[&str] =
        &["founded", "established", "since", "built", "start", "started", "opened", "released"];
    let named = words.iter().any(|word| word == "year");
    let begins = has(words, BEGINNINGS);
    if !(named || begins) || words.iter().any(|word| word == "years") {
        return false;
    }
    let Some(profile) = &column.profile else { return words.last().is_some_and(|word| word == "year") };
    // A name that only suggests a year needs values that cannot be much else.
    let range = if named { 1000.0..2200.0 } else { 1800.0..2100.0 };
    let within = |text: &Option<String>| {
        text.as_deref().and_then(|text| text.parse::<f64>().ok()).is_some_and(|year| range.contains(&year))
    };
    within(&profile.min) && within(&profile.max)
}

/// A key that people do not group by: a number, or text under the name of a key.
fn is_bare_key(column: &Column, key: &[String], data_type: DataType) -> bool {
    let numeric = matches!(data_type, DataType::Integer | DataType::Opaque);
    let temporal = matches!(data_type, DataType::Date | DataType::DateTime);
    if temporal {
        return false;
    }
    looks_like_id(&column.name)
        || (numeric && key.len() == 1)
        || (numeric && column.kind != ColumnKind::Integer)
}

fn role(data_type: DataType, is_key: bool, words: &[String]) -> Role {
    if is_key {
        return Role::Key;
    }
    match data_type {
        DataType::Date | DataType::DateTime | DataType::DateTimeTz => Role::Time,
        DataType::Integer | DataType::Decimal | DataType::Float if has(words, NOT_SUMMED) => Role::Dimension,
        DataType::Integer | DataType::Decimal | DataType::Float => Role::Measure,
        DataType::String | DataType::Boolean | DataType::Time | DataType::Opaque => Role::Dimension,
    }
}

fn has(words: &[String], known: &[&str]) -> bool {
    words.iter().any(|word| known.contains(&word.as_str()))
}

/// The class of personal data that a name gives away.
fn personal(words: &[String]) -> Option<String> {
    let class = words.iter().find_map(|word| match word.as_str() {
        "email" | "mail" => Some("email"),
        "phone" | "telephone" | "mobile" | "fax" => Some("phone"),
        "password" | "passwd" | "secret" | "token" | "hash" => Some("secret"),
        "key" if words.iter().any(|word| word == "api") => Some("secret"),
        "ssn" => Some("national_id"),
        "iban" => Some("bank_account"),
        _ => None,
    })?;
    // A flag or a count about an e-mail is none.
    if words.len() > 3
        || has(words, &["count", "number", "sent", "opened", "clicked", "is", "has"]) && class == "email"
    {
        return None;
    }
    Some(class.to_owned())
}

fn synonyms(words: &[String], name: &str) -> Vec<String> {
    let said = words.join(" ");
    let own = identifier_words(name).join(" ");
    let mut synonyms = Vec::new();
    if !said.is_empty() && said != own {
        synonyms.push(said);
    }
    // `num_of_staff` and `number_products` are counts of something.
    if words.first().is_some_and(|word| word == "number") && words.len() > 1 && words[1] != "of" {
        synonyms.push(format!("number of {}", words[1..].join(" ")));
    }
    synonyms
}

/// A column name as it stands in an expression.
pub(super) fn quote(name: &str) -> String {
    let plain = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        && name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
        && crate::semantic::expression::plain_column(name).is_some_and(|column| column == name);
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// The fields that name a row to a person.
pub(super) fn label_fields(dataset: &Dataset, naming: &Naming) -> Vec<String> {
    let said: Vec<(String, &Field)> = dataset
        .fields
        .iter()
        .filter(|field| field.role == Role::Dimension && field.data_type == DataType::String)
        .map(|field| (naming.column(&dataset.name, &field.name).join(" "), field))
        .collect();
    let find = |wanted: &dyn Fn(&str) -> bool| {
        said.iter().find(|(words, _)| wanted(words)).map(|(_, field)| field.name.clone())
    };
    let entity = dataset.entity.as_ref().map(|entity| entity.singular.clone()).unwrap_or_default();
    let head = entity.rsplit(' ').next().unwrap_or_default().to_owned();
    let full = find(&|words| words == "name" || words == "full name")
        .or_else(|| find(&|words| words == format!("{entity} name") || words == format!("{head} name")));
    if let Some(name) = full {
        return vec![name];
    }
    let first = find(&|words| matches!(words, "first name" | "forename" | "given name" | "firstname"));
    let last = find(&|words| matches!(words, "last name" | "surname" | "family name" | "lastname"));
    if let (Some(first), Some(last)) = (first, last) {
        return vec![first, last];
    }
    // A name of something else (a gateway's) does not tell rows apart.
    let distinct = |wanted: &dyn Fn(&str) -> bool| {
        let found = said.iter().find(|(words, field)| wanted(words) && tells_apart(dataset, field));
        found.map(|(_, field)| field.name.clone())
    };
    find(&|words| words == "title" || words == format!("{head} title"))
        .or_else(|| find(&|words| words == entity || words == head))
        .or_else(|| distinct(&|words| words.ends_with(" name")))
        .or_else(|| distinct(&|words| words.ends_with(" title")))
        .or_else(|| find(&|words| matches!(words, "username" | "symbol" | "label" | "subject" | "code")))
        .into_iter()
        .collect()
}

/// Whether a field has about as many values as there are rows.
fn tells_apart(dataset: &Dataset, field: &Field) -> bool {
    let rows = dataset.row_count.unwrap_or(0);
    let values = u64::try_from(field.values.len()).unwrap_or(u64::MAX);
    !field.values_complete || values.saturating_mul(10) >= rows.saturating_mul(9)
}

/// The time field that is meant when none is named: the moment the row is about.
pub(super) fn default_time(dataset: &Dataset, naming: &Naming) -> Option<String> {
    let entity = dataset.entity.as_ref().map(|entity| entity.singular.clone()).unwrap_or_default();
    let head = entity.rsplit(' ').next().unwrap_or_default().to_owned();
    dataset
        .fields
        .iter()
        .enumerate()
        .filter(|(_, field)| field.role == Role::Time)
        .min_by_key(|(place, field)| {
            let words = naming.column(&dataset.name, &field.name);
            let said = words.join(" ");
            let late = [
                "updated",
                "end",
                "ended",
                "due",
                "closed",
                "modified",
                "last",
                "expiry",
                "expires",
                "cancelled",
                "resolved",
                "read",
                "completed",
                "verified",
                "birth",
            ];
            let rank = if said == format!("{head} date") || said == format!("{entity} date") {
                0
            } else if matches!(said.as_str(), "date" | "date time" | "datetime" | "timestamp" | "time") {
                1
            } else if has(&words, &["created", "placed", "ordered"]) {
                2
            } else if has(&words, &late) {
                5
            } else if words.iter().any(|word| word == "year") {
                4
            } else {
                3
            };
            (rank, *place)
        })
        .map(|(_, field)| field.name.clone())
}
