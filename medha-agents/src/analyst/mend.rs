//! Mending a semantic model that is older than its database: a name that is gone is replaced by the nearest real one.

use medha_connectors::{Schema, Table};
use serde::{Deserialize, Serialize};

use super::trouble::UnknownName;
use crate::semantic::{Dataset, SemanticModel, identifier_words};

/// Names nearer than this are taken for the same thing under a new name.
const NEAR: f64 = 0.72;
/// The nearest must be nearer than the next by this much, or it is a guess.
const CLEARLY: f64 = 0.05;

/// A name of the model that stands for another one of the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "of")]
pub(crate) enum Mend {
    /// A table was renamed.
    Table {
        /// As the model has it.
        from: String,
        /// As the database has it.
        to: String,
    },
    /// A column of a table was renamed.
    Column {
        /// The table, as the database has it.
        table: String,
        /// As the model has it.
        from: String,
        /// As the database has it.
        to: String,
    },
}

impl Mend {
    /// The old and the new name.
    pub(crate) fn names(&self) -> (&str, &str) {
        match self {
            Self::Table { from, to } | Self::Column { from, to, .. } => (from, to),
        }
    }

    /// Puts the new name into a copy of a model.
    pub(crate) fn apply(&self, model: &mut SemanticModel) {
        for dataset in &mut model.datasets {
            match self {
                Self::Table { from, to } => {
                    if is_table(dataset, from) {
                        dataset.source.clone_from(to);
                    }
                }
                Self::Column { table, from, to } => {
                    if !is_table(dataset, table) {
                        continue;
                    }
                    for field in &mut dataset.fields {
                        field.expression = renamed(&field.expression, from, to);
                    }
                    dataset.row_filter =
                        dataset.row_filter.as_deref().map(|filter| renamed(filter, from, to));
                }
            }
        }
    }
}

/// Finds what a missing name is called now; `None` where nothing is near enough to be sure.
pub(crate) fn find(unknown: &UnknownName, model: &SemanticModel, schema: &Schema) -> Option<Mend> {
    match unknown {
        UnknownName::Table { table } => {
            let taken = |name: &str| model.datasets.iter().any(|dataset| is_table(dataset, name));
            let free = schema.tables.iter().map(|table| table.name.as_str()).filter(|name| !taken(name));
            let to = nearest(table, free)?;
            Some(Mend::Table { from: table.clone(), to })
        }
        UnknownName::Column { column, table } => {
            let mut mends =
                tables_with(column, table.as_deref(), model, schema).filter_map(|(dataset, table)| {
                    // A column that another field already stands for has not been renamed.
                    let used =
                        |name: &str| dataset.fields.iter().any(|field| has_word(&field.expression, name));
                    let free =
                        table.columns.iter().map(|column| column.name.as_str()).filter(|name| !used(name));
                    let to = nearest(column, free)?;
                    Some(Mend::Column { table: table.name.clone(), from: column.clone(), to })
                });
            let found = mends.next()?;
            mends.next().is_none().then_some(found)
        }
    }
}

/// Datasets that speak of a column which their table does not have.
fn tables_with<'a>(
    column: &'a str,
    table: Option<&'a str>,
    model: &'a SemanticModel,
    schema: &'a Schema,
) -> impl Iterator<Item = (&'a Dataset, &'a Table)> {
    model.datasets.iter().filter_map(move |dataset| {
        let real = schema.tables.iter().find(|real| is_table(dataset, &real.name))?;
        let named = table.is_none_or(|table| table.eq_ignore_ascii_case(&real.name));
        let speaks = dataset
            .fields
            .iter()
            .map(|field| &field.expression)
            .chain(&dataset.row_filter)
            .any(|sql| has_word(sql, column));
        (named && speaks && real.column(column).is_none()).then_some((dataset, real))
    })
}

/// The one name that is near; `None` where none or several are.
fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut scored: Vec<(f64, &str)> =
        candidates.map(|candidate| (nearness(name, candidate), candidate)).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (best, candidate) = *scored.first()?;
    let next = scored.get(1).map_or(0.0, |(score, _)| *score);
    (best >= NEAR && best - next >= CLEARLY).then(|| candidate.to_owned())
}

/// How near two identifiers are, from 0 to 1: by their letters, or by the words they share.
fn nearness(a: &str, b: &str) -> f64 {
    let (a_words, b_words) = (identifier_words(a), identifier_words(b));
    let shared = a_words.iter().filter(|word| b_words.contains(word)).count();
    let longest = a_words.len().max(b_words.len()).max(1);
    let shortest = a_words.len().min(b_words.len());
    // All words of one in the other ("amount" and "total_amount") is as good as near, less so the more are added.
    let words =
        if shared > 0 && shared == shortest { 0.7 + 0.3 * shared as f64 / longest as f64 } else { 0.0 };
    let letters = strsim::normalized_damerau_levenshtein(&a.to_lowercase(), &b.to_lowercase());
    words.max(letters)
}

fn is_table(dataset: &Dataset, table: &str) -> bool {
    let name = dataset.source.rsplit('.').next().unwrap_or(&dataset.source);
    name.trim_matches(|letter| matches!(letter, '"' | '`')).eq_ignore_ascii_case(table)
}

/// Whether an expression has an identifier.
fn has_word(sql: &str, name: &str) -> bool {
    words(sql).any(|(is_name, word)| is_name && word.trim_matches(QUOTES).eq_ignore_ascii_case(name))
}

/// An expression with one identifier replaced; text in single quotes is left alone.
fn renamed(sql: &str, from: &str, to: &str) -> String {
    let plain = to.chars().enumerate().all(|(place, letter)| {
        letter == '_' || letter.is_ascii_alphabetic() || place > 0 && letter.is_ascii_digit()
    });
    let written = if plain { to.to_owned() } else { format!("\"{}\"", to.replace('"', "\"\"")) };
    words(sql)
        .map(|(is_name, word)| {
            if is_name && word.trim_matches(QUOTES).eq_ignore_ascii_case(from) {
                written.as_str()
            } else {
                word
            }
        })
        .collect()
}

const QUOTES: [char; 2] = ['"', '`'];

/// Cuts SQL into identifiers and everything else.
fn words(sql: &str) -> impl Iterator<Item = (bool, &str)> {
    let mut rest = sql;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let is_letter = |letter: char| letter.is_alphanumeric() || letter == '_';
        let (is_name, length) = match first {
            '\'' | '"' | '`' => {
                let close = rest[1..].find(first).map_or(rest.len(), |place| place + 2);
                (first != '\'', close)
            }
            letter if is_letter(letter) => {
                (true, rest.find(|letter| !is_letter(letter)).unwrap_or(rest.len()))
            }
            letter => (false, letter.len_utf8()),
        };
        let (word, after) = rest.split_at(length);
        rest = after;
        Some((is_name, word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_far_ones_are_not_guessed() {
        let cases = [
            ("amount", &["total_amount", "customer_id"][..], Some("total_amount")),
            ("amount", &["amonut", "id"], Some("amonut")),
            ("segment", &["customer_segment", "region"], Some("customer_segment")),
            ("segment", &["region", "city"], None),
            ("amount", &["amount_net", "amount_gross"], None),
        ];
        for (name, candidates, expected) in cases {
            assert_eq!(nearest(name, candidates.iter().copied()).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn a_name_is_replaced_in_an_expression_and_nowhere_else() {
        let sql = r#"CASE WHEN amount > 0 AND kind = 'amount' THEN "amount" ELSE amount_net END"#;
        assert_eq!(
            renamed(sql, "AMOUNT", "total_amount"),
            "CASE WHEN total_amount > 0 AND kind = 'amount' THEN total_amount ELSE amount_net END"
        );
        assert_eq!(renamed("a", "a", "total amount"), "\"total amount\"");
        assert_eq!(renamed("'it''s a' || a", "a", "b"), "'it''s a' || b");
    }
}
