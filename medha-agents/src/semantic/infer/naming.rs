//! What tables and columns are called once the habits of a schema are stripped off their names.

use std::collections::{BTreeMap, BTreeSet};

use medha_connectors::{Schema, Table};

use crate::semantic::model::Entity;
use crate::semantic::words::{expand, identifier_words, plural, singular};

/// Words at the end of a table's name that say how it is kept, not what it holds.
const KEEPING: &[&str] = &[
    "table", "tbl", "daily", "history", "log", "fact", "dim", "snapshot", "data", "list", "details", "info",
];

/// The prefixes that a schema's names share, and the words of its tables.
#[derive(Debug)]
pub(super) struct Naming {
    schema_prefix: Vec<String>,
    column_prefixes: BTreeMap<String, usize>,
    table_words: BTreeSet<String>,
    tables: BTreeMap<String, Vec<String>>,
}

impl Naming {
    /// Looks at all names of a schema.
    pub(super) fn of(schema: &Schema) -> Self {
        let tables: Vec<Vec<String>> =
            schema.tables.iter().map(|table| identifier_words(&table.name)).collect();
        let schema_prefix = if tables.len() >= 3 { shared_prefix(&tables) } else { Vec::new() };
        let stripped: Vec<Vec<String>> =
            tables.iter().map(|words| words[schema_prefix.len().min(words.len())..].to_vec()).collect();
        let table_words = stripped.iter().flatten().map(|word| singular(word)).collect();
        let mut column_prefixes = BTreeMap::new();
        for table in &schema.tables {
            let columns: Vec<Vec<String>> =
                table.columns.iter().map(|column| identifier_words(&column.name)).collect();
            let length = if columns.len() >= 3 { shared_prefix(&columns).len() } else { 0 };
            column_prefixes.insert(table.name.clone(), length);
        }
        let names = schema.tables.iter().map(|table| table.name.clone());
        Self { schema_prefix, column_prefixes, table_words, tables: names.zip(stripped).collect() }
    }

    /// The words of a table without the schema's prefix, abbreviations spelt out.
    pub(super) fn table(&self, table: &str) -> Vec<String> {
        let words = self.tables.get(table).cloned().unwrap_or_default();
        words.iter().flat_map(|word| self.spell(word)).collect()
    }

    /// The words of a column without its table's prefix, abbreviations spelt out.
    pub(super) fn column(&self, table: &str, column: &str) -> Vec<String> {
        let words = identifier_words(column);
        let skip = self.column_prefixes.get(table).copied().unwrap_or(0);
        let rest = if skip < words.len() { &words[skip..] } else { &words[..] };
        match rest {
            // `LName` and `f_name`.
            [initial, name] if name == "name" && initial == "l" => vec!["last".into(), "name".into()],
            [initial, name] if name == "name" && initial == "f" => vec!["first".into(), "name".into()],
            rest => rest.iter().flat_map(|word| self.spell(word)).collect(),
        }
    }

    /// The words of a column without the schema's prefix alone: `sbCustId` is `customer id`.
    pub(super) fn full_column(&self, column: &str) -> Vec<String> {
        let words = identifier_words(column);
        let rest = words.strip_prefix(self.schema_prefix.as_slice()).unwrap_or(&words);
        rest.iter().flat_map(|word| self.spell(word)).collect()
    }

    /// A word spelt out: by the schema's own table names first, by common usage else.
    fn spell(&self, word: &str) -> Vec<String> {
        let longer = match expand(word) {
            _ if self.table_words.contains(word) => None,
            Some(known) => Some(known.to_owned()),
            None if word.len() >= 3 => {
                let mut named = self.table_words.iter().filter(|name| {
                    name.len() > word.len() + 1 && name.starts_with(word) && singular(word) == word
                });
                let first = named.next().filter(|_| is_clipped(word));
                if named.next().is_none() { first.cloned() } else { None }
            }
            None => None,
        };
        match longer {
            Some(longer) => longer.split(' ').map(str::to_owned).collect(),
            None => vec![word.to_owned()],
        }
    }

    /// What a row of a table is called.
    pub(super) fn entity(&self, table: &Table) -> Entity {
        let mut words = self.table(&table.name);
        while words.len() > 1 && words.last().is_some_and(|word| KEEPING.contains(&word.as_str())) {
            words.pop();
        }
        let last = words.pop().unwrap_or_else(|| table.name.to_lowercase());
        let phrase = |last: String| {
            let mut all = words.clone();
            all.push(last);
            all.join(" ")
        };
        let one = singular(&last);
        let many = plural(&one);
        Entity { singular: phrase(one), plural: phrase(many) }
    }

    /// Other words for a table: its whole name in words, and its last word where no other table has it.
    pub(super) fn table_synonyms(&self, table: &Table, entity: &Entity) -> Vec<String> {
        let mut synonyms = Vec::new();
        let whole = self.table(&table.name).join(" ");
        if whole != entity.singular && whole != entity.plural && !whole.is_empty() {
            synonyms.push(whole);
        }
        if let Some((_, last)) = entity.singular.rsplit_once(' ') {
            let elsewhere = self
                .tables
                .iter()
                .filter(|(name, _)| **name != table.name)
                .any(|(_, words)| words.iter().any(|word| singular(word) == last));
            if !elsewhere {
                synonyms.push(last.to_owned());
            }
        }
        synonyms
    }
}

/// Whether a word looks cut off: it ends in a consonant that few words end in, or is very short.
fn is_clipped(word: &str) -> bool {
    word.len() <= 4
}

/// The words that all names start with, leaving each at least one word of its own.
fn shared_prefix(names: &[Vec<String>]) -> Vec<String> {
    let Some((first, others)) = names.split_first() else { return Vec::new() };
    let longest = names.iter().map(Vec::len).min().unwrap_or(0).saturating_sub(1);
    let shared =
        (0..longest).take_while(|&place| others.iter().all(|words| words[place] == first[place])).count();
    first[..shared].to_vec()
}
