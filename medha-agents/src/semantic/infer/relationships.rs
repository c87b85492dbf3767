//! Keys and joins: those that are declared, and those that names and values suggest.

use medha_connectors::{Column, ColumnKind, Schema, Table};

use super::naming::Naming;
use crate::semantic::model::{Relationship, SemanticModel};
use crate::semantic::words::{identifier_words, singular};

/// Names that say nothing about which table they belong to.
const VAGUE: &[&str] = &[
    "id",
    "name",
    "title",
    "date",
    "type",
    "status",
    "description",
    "code",
    "year",
    "value",
    "number",
    "note",
];

/// The fields that identify a row: the declared key, else a unique column that looks like one.
pub(super) fn key_of(table: &Table) -> Vec<String> {
    if !table.primary_key.is_empty() {
        return table.primary_key.clone();
    }
    if let Some(key) = table.unique_keys.first() {
        return key.clone();
    }
    let refers = |column: &Column| {
        table.foreign_keys.iter().any(|key| matches!(key.columns.as_slice(), [only] if *only == column.name))
    };
    // A link of two keys is unique in one of them by chance.
    if table.columns.len() > 1 && table.columns.iter().all(|column| looks_like_id(&column.name)) {
        return Vec::new();
    }
    let found = table
        .columns
        .iter()
        .find(|column| looks_like_id(&column.name) && is_unique(table, column) && !refers(column));
    found.map(|column| vec![column.name.clone()]).unwrap_or_default()
}

/// Whether a column holds a different value in each row, as far as was seen.
fn is_unique(table: &Table, column: &Column) -> bool {
    if matches!(table.primary_key.as_slice(), [only] if *only == column.name)
        || table.unique_keys.iter().any(|key| matches!(key.as_slice(), [only] if *only == column.name))
    {
        return true;
    }
    let Some(profile) = &column.profile else { return false };
    !profile.has_nulls && table.row_count.is_some_and(|rows| rows > 0 && profile.distinct == Some(rows))
}

/// Whether a name ends as the names of keys do.
pub(super) fn looks_like_id(name: &str) -> bool {
    let words = identifier_words(name);
    let Some(last) = words.last() else { return false };
    matches!(last.as_str(), "id" | "key" | "uuid" | "guid" | "sk")
        || (words.len() == 1 && last.len() <= 4 && last.ends_with("id"))
}

/// All joins of a schema, declared ones first.
pub(super) fn infer(schema: &Schema, model: &SemanticModel, naming: &Naming) -> Vec<Relationship> {
    let mut found: Vec<Relationship> = Vec::new();
    for table in &schema.tables {
        for key in &table.foreign_keys {
            let Some(target) = schema.table(&key.references) else { continue };
            let columns = if key.referenced_columns.is_empty() {
                target.primary_key.clone()
            } else {
                key.referenced_columns.clone()
            };
            let from = spelled(table, &key.columns);
            let to = spelled(target, &columns);
            // A reference to columns that are not there is a slip of whoever wrote the schema.
            if from.len() == key.columns.len() && to.len() == from.len() && !from.is_empty() {
                push(&mut found, relationship(table, &from, target, &to, naming, false));
            }
        }
    }
    for table in &schema.tables {
        for column in &table.columns {
            let declared = found
                .iter()
                .any(|known| known.from == table.name && known.from_columns.contains(&column.name));
            if declared {
                continue;
            }
            if let Some((target, key)) = guess(schema, table, column, naming) {
                let back = found.iter().any(|known| {
                    known.from == target.name
                        && known.to == table.name
                        && known.to_columns == [column.name.clone()]
                });
                if back {
                    continue;
                }
                let (from, to) = ([column.name.clone()], [key.name.clone()]);
                push(&mut found, relationship(table, &from, target, &to, naming, true));
            }
        }
    }
    found.retain(|known| model.dataset(&known.from).is_some() && model.dataset(&known.to).is_some());
    found
}

fn push(found: &mut Vec<Relationship>, new: Relationship) {
    let known = found
        .iter()
        .any(|known| known.from == new.from && known.to == new.to && known.from_columns == new.from_columns);
    if !known {
        found.push(new);
    }
}

/// Column names as the table spells them; shorter than asked if one is missing.
fn spelled(table: &Table, columns: &[String]) -> Vec<String> {
    columns.iter().filter_map(|name| table.column(name)).map(|column| column.name.clone()).collect()
}

fn relationship(
    table: &Table,
    from: &[String],
    target: &Table,
    to: &[String],
    naming: &Naming,
    guessed: bool,
) -> Relationship {
    let mut role: Vec<String> = match from {
        [only] => naming.column(&table.name, only),
        _ => Vec::new(),
    };
    if role.len() > 1 && role.last().is_some_and(|word| word == "id" || word == "code") {
        role.pop();
    }
    let role = role.join(" ");
    let entity = naming.entity(target).singular;
    let plain = role.is_empty()
        || role == entity
        || role == "id"
        || entity.ends_with(&format!(" {role}"))
        || from == to
        || looks_like_id(&role);
    Relationship {
        name: format!("{}_{}_to_{}", table.name, from.join("_"), target.name),
        from: table.name.clone(),
        to: target.name.clone(),
        from_columns: from.to_vec(),
        to_columns: to.to_vec(),
        role: if plain { None } else { Some(role) },
        guessed,
        ..Relationship::default()
    }
}

/// The table that a column refers to by its name, if exactly one is the best match.
fn guess<'a>(
    schema: &'a Schema,
    table: &Table,
    column: &Column,
    naming: &Naming,
) -> Option<(&'a Table, &'a Column)> {
    if matches!(
        column.kind,
        ColumnKind::Date | ColumnKind::DateTime | ColumnKind::Time | ColumnKind::Blob | ColumnKind::Boolean
    ) {
        return None;
    }
    let own_key = matches!(key_of(table).as_slice(), [only] if *only == column.name);
    let mut candidates: Vec<(u32, &Table, &Column)> = Vec::new();
    for target in schema.tables.iter().filter(|target| target.name != table.name) {
        for key in target.columns.iter().filter(|key| is_unique(target, key)) {
            let score = score(table, column, target, key, own_key, naming);
            if score > 0 && agree(column, key) {
                candidates.push((score, target, key));
            }
        }
    }
    let best = candidates.iter().map(|(score, ..)| *score).max()?;
    let mut winners = candidates.into_iter().filter(|(score, ..)| *score == best);
    let (_, target, key) = winners.next()?;
    winners.next().is_none().then_some((target, key))
}

/// How strongly names suggest that a column refers to a key; 0 for not at all.
fn score(
    table: &Table,
    column: &Column,
    target: &Table,
    key: &Column,
    own_key: bool,
    naming: &Naming,
) -> u32 {
    let words = naming.column(&table.name, &column.name);
    let entity = naming.entity(target).singular;
    let entity_words: Vec<&str> = entity.split(' ').collect();
    let declared = matches!(target.primary_key.as_slice(), [only] if *only == key.name);
    let id = looks_like_id(&column.name);
    // `user_id` for the key of `users`, whatever that key is called.
    if id && words.len() > 1 {
        let stem = &words[..words.len() - 1];
        let stem_text = stem.iter().map(|word| singular(word)).collect::<Vec<_>>().join(" ");
        let is_key = declared || (looks_like_id(&key.name) && key_of(target) == [key.name.clone()]);
        if is_key && stem_text == entity {
            return 10;
        }
        if is_key && !own_key && entity_words.last().is_some_and(|last| stem_text == *last) {
            return 7;
        }
    }
    // The same name, or the same name without its table's prefix.
    let same = column.name.eq_ignore_ascii_case(&key.name)
        || (words.len() > 1 && words == naming.full_column(&key.name));
    if !same || VAGUE.contains(&column.name.to_lowercase().as_str()) {
        return 0;
    }
    // A link's column is named after what it links, not after the link.
    let owner = key_of(target) == [key.name.clone()] && key_belongs(target, key, &entity_words);
    if own_key && (!owner || key_belongs(table, column, &[naming.entity(table).singular.as_str()])) {
        return 0;
    }
    // The owner of a shared key is not told apart by uniqueness alone: small tables are unique by chance.
    match (declared, owner, id) {
        (_, true, _) => 9,
        (true, false, true) => 6,
        (true, false, false) => 4,
        (false, false, _) if !is_unique(table, column) => 3,
        (false, false, _) => 0,
    }
}

/// Whether a key is named after its table: `author_id` or `aid` of `author`, `city_name` of `city`.
fn key_belongs(target: &Table, key: &Column, entity: &[&str]) -> bool {
    let words = identifier_words(&key.name);
    if words.iter().any(|word| entity.contains(&singular(word).as_str())) {
        return true;
    }
    let initial =
        target.name.chars().find(char::is_ascii_alphabetic).map(|letter| letter.to_ascii_lowercase());
    matches!(words.as_slice(), [only] if only.len() == 3 && only.ends_with("id") && only.chars().next() == initial)
}

/// Whether values of one column can be values of the other.
fn agree(column: &Column, key: &Column) -> bool {
    let class = |kind: ColumnKind| match kind {
        ColumnKind::Integer | ColumnKind::Decimal | ColumnKind::Float => 1,
        ColumnKind::Text => 2,
        _ => 0,
    };
    let (left, right) = (class(column.kind), class(key.kind));
    if left != 0 && right != 0 && left != right {
        return false;
    }
    match (&column.profile, &key.profile) {
        (Some(some), Some(all)) if some.complete && all.complete && !some.values.is_empty() => {
            some.values.iter().all(|value| all.values.contains(value))
        }
        _ => true,
    }
}
