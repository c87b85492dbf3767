//! Names of tables and columns, made plain: letters, digits and underscores, each once.

use std::collections::HashSet;

/// Longer names are cut.
const LONGEST: usize = 100;

/// Names that are plain and differ from each other.
#[derive(Debug, Default)]
pub(super) struct Names {
    taken: HashSet<String>,
}

impl Names {
    /// The plain form of `written`, or of `instead` if nothing is left of it.
    pub(super) fn take(&mut self, written: &str, instead: &str) -> String {
        let plain = plain(written);
        let wanted = if plain.is_empty() { instead.to_owned() } else { plain };
        let mut name = wanted.clone();
        let mut number = 2_u64;
        // SQLite tells names apart without regard to case.
        while !self.taken.insert(name.to_lowercase()) {
            name = format!("{wanted}_{number}");
            number += 1;
        }
        name
    }
}

fn plain(written: &str) -> String {
    let mut name = String::new();
    for letter in written.trim().chars().flat_map(|letter| match letter {
        '%' => "_percent".chars().collect(),
        letter => vec![letter],
    }) {
        if letter.is_alphanumeric() {
            name.push(letter);
        } else if !name.ends_with('_') {
            name.push('_');
        }
        if name.len() >= LONGEST {
            break;
        }
    }
    let trimmed = name.trim_matches('_');
    let name = if written.trim().starts_with('_') && !trimmed.is_empty() {
        format!("_{trimmed}")
    } else {
        trimmed.to_owned()
    };
    // SQLite keeps the prefix for itself, and a digit begins a number.
    if name.to_ascii_lowercase().starts_with("sqlite_") || name.starts_with(|first: char| first.is_numeric())
    {
        return format!("_{name}");
    }
    name
}

/// What is said of names that were changed.
pub(super) fn renamed<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Option<String> {
    const SHOWN: usize = 5;
    let changed: Vec<(&str, &str)> = pairs.filter(|(written, name)| written.trim() != *name).collect();
    let mut parts: Vec<String> =
        changed.iter().take(SHOWN).map(|(written, name)| format!("{written:?} is called {name}")).collect();
    if changed.len() > SHOWN {
        parts.push(format!("and {} more", changed.len() - SHOWN));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Whether a column is called as keys are: `id`, `order_id`, `orderId`, `uuid`, `key`.
pub(super) fn is_key_name(name: &str) -> bool {
    let lower = name.to_lowercase();
    ["_id", "_key", "_uuid", "_guid"].iter().any(|end| lower.ends_with(end))
        || ["id", "key", "uuid", "guid"].contains(&lower.as_str())
        || name.ends_with("Id")
        || (name.ends_with("ID") && name.len() > 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_plain_and_stay_apart() {
        let mut names = Names::default();
        for (written, name) in [
            ("id", "id"),
            ("ID", "ID_2"),
            (" Order Date ", "Order_Date"),
            ("Revenue (USD)", "Revenue_USD"),
            ("margin %", "margin_percent"),
            ("margin", "margin"),
            ("", "column_7"),
            ("???", "column_8"),
            ("2024", "_2024"),
            ("_ts", "_ts"),
            ("Größe", "Größe"),
            ("a\"b;c", "a_b_c"),
            ("sqlite_x", "_sqlite_x"),
            ("id_2", "id_2_2"),
            ("select", "select"),
        ] {
            let instead = format!("column_{}", names.taken.len() + 1);
            assert_eq!(names.take(written, &instead), name, "{written:?}");
        }
        assert!(names.take(&"x".repeat(1_000), "").len() <= LONGEST);
    }

    #[test]
    fn names_that_were_changed_are_said() {
        let said = |pairs: &[(&str, &str)]| renamed(pairs.iter().copied());
        assert_eq!(said(&[("a", "a"), (" b ", "b")]), None);
        assert_eq!(said(&[("a b", "a_b"), ("c", "c")]).unwrap(), r#""a b" is called a_b"#);
        let many = [("?", "x"); 7];
        assert!(said(&many).unwrap().ends_with("and 2 more"));
    }

    #[test]
    fn keys_are_known_by_their_names() {
        for name in ["id", "ID", "order_id", "orderId", "orderID", "uuid", "customer_key"] {
            assert!(is_key_name(name), "{name}");
        }
        for name in ["paid", "name", "grid", "monkey", "identity"] {
            assert!(!is_key_name(name), "{name}");
        }
    }
}
