//! What a policy says: a value that is written, read, compared and kept.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::user::User;
use crate::fingerprint::{Fingerprint, Fingerprinter};

/// The version of the form below.
pub(crate) const VERSION: u32 = 1;

/// Who may read which tables, rows and columns of one database.
///
/// Every rule restricts, and holds for everybody but the roles in its `unless`; several rules of one table hold together. A
/// condition names a user's attributes with a colon, and only their values go into the tree of a statement, never into text.
///
/// ```
/// use medha_connectors::{Dialect, Guard, Policy, Schema, User};
/// use std::sync::Arc;
///
/// # let schema: Schema = serde_json::from_str(r#"{"tables":[{"name":"customers","kind":"table","comment":null,"columns":[
/// #   {"name":"id","declared_type":"INT","kind":"integer","nullable":false,"default":null,"comment":null,"profile":null},
/// #   {"name":"email","declared_type":"TEXT","kind":"text","nullable":true,"default":null,"comment":null,"profile":null},
/// #   {"name":"region","declared_type":"TEXT","kind":"text","nullable":true,"default":null,"comment":null,"profile":null}],
/// #   "primary_key":[],"unique_keys":[],"foreign_keys":[],"indexes":[],"row_count":2}]}"#)?;
/// let policy: Policy = serde_json::from_str(r#"{
///   "version": 1,
///   "tables": {
///     "customers": {
///       "rows": [{ "keep": "region = :region", "unless": ["auditor"] }],
///       "protect": { "email": { "action": { "partial": { "first": 1, "last": 0 } }, "unless": ["support"] } }
///     }
///   }
/// }"#)?;
/// policy.validate(&schema, Dialect::Sqlite)?;
///
/// let ann = User::new("ann").with_role("analyst").with_attribute("region", "EMEA");
/// let guard = Guard::new(Dialect::Sqlite, Arc::new(schema)).with_policy(&policy, &ann)?;
/// assert_eq!(
///     guard.check("SELECT count(*) FROM customers", 10)?.as_str(),
///     "SELECT count(*) FROM (SELECT id, CASE WHEN email IS NULL THEN NULL WHEN length(CAST(email AS TEXT)) <= 1 THEN '***' \
///      ELSE SUBSTR(CAST(email AS TEXT), 1, 1) || '***' END AS email, region FROM main.customers \
///      WHERE (region = 'EMEA')) AS customers LIMIT 11"
/// );
/// let error = guard.check("SELECT id FROM customers WHERE email LIKE 'a%'", 10).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     r#"the column "customers.email" is masked: it can be selected as it is, counted and tested for NULL, nothing else"#
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The version of this form; 1.
    pub version: u32,
    /// What holds for tables that are not named.
    #[serde(default)]
    pub other_tables: OtherTables,
    /// The rules of each table or view.
    #[serde(default)]
    pub tables: BTreeMap<String, TableRules>,
}

/// What holds for tables that a policy does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OtherTables {
    /// They are not there.
    #[default]
    Hide,
    /// They can be read whole.
    Allow,
}

/// The rules of one table or view.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TableRules {
    /// The roles that may read it; everybody if it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub readers: Option<BTreeSet<String>>,
    /// The columns that are there; all if it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub columns: Option<BTreeSet<String>>,
    /// Which rows are there. All of them must hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<RowRule>,
    /// Whether the rows of tables it refers to decide about its own.
    pub parents: Parents,
    /// Columns that are there but protected.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub protect: BTreeMap<String, ColumnRule>,
}

/// Whether a row is only there if the rows it refers to are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Parents {
    /// A row is there only if every restricted table it refers to by a foreign key shows the row referred to. A row that
    /// refers to nothing is not there. References of a table to itself do not count.
    #[default]
    Follow,
    /// Only its own rules decide.
    Ignore,
}

/// Which rows are there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowRule {
    /// A condition over the table's columns, in the database's SQL, as in `region = :region` or `region IN (:regions)`.
    /// Queries in it read whole tables. `:user_id` is the user's id.
    pub keep: String,
    /// The roles it does not hold for.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unless: BTreeSet<String>,
}

/// How a column is protected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnRule {
    /// What is shown instead.
    pub action: Action,
    /// The roles it does not hold for.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unless: BTreeSet<String>,
}

/// What is shown instead of a protected column.
///
/// Whatever is shown, the column can only be selected as it is, counted and tested for `NULL`; it cannot steer which rows,
/// groups or order come out. What is counted are the values that are shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Action {
    /// Nothing: a statement that selects it is refused.
    Deny,
    /// `NULL`.
    Null,
    /// The first and last characters around `***`; with none of either, or for a short text, `***`.
    Partial {
        /// How many characters at the start are shown.
        first: u32,
        /// How many at the end.
        last: u32,
    },
    /// A hash of the salt and the value, the same for the same value. The statement that is sent holds the salt, so show
    /// people the statement they asked. It is SHA-256 in hexadecimal digits. SQLite has no such function, so our connector
    /// brings one along; a SQLite file behind another program, such as an MCP server, cannot show such a column.
    Hash {
        /// What makes the hash useless to somebody who tries all values.
        salt: Salt,
    },
    /// Its sum or average over at least so many different values, else `NULL`, and its count. Only where its table stands
    /// alone in `FROM`, since a join could count one value many times. Whoever may ask often enough can still subtract two
    /// answers from each other.
    Aggregate {
        /// How many different values there must be; at least 2.
        at_least: u32,
    },
}

/// A secret that is mixed into a hash. It is not shown when a policy is printed for debugging.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Salt(String);

impl Salt {
    /// A salt of this text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, to mix it in.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Salt(***)")
    }
}

impl Policy {
    /// The rules of a table, by its name ignoring ASCII case as SQL does.
    #[must_use]
    pub fn rules(&self, table: &str) -> Option<&TableRules> {
        self.tables.iter().find(|(name, _)| name.eq_ignore_ascii_case(table)).map(|(_, rules)| rules)
    }

    /// What it lets this user read: another one for every change of a rule, and of the user's id, roles and attributes.
    #[must_use]
    pub fn fingerprint(&self, user: &User) -> Fingerprint {
        // Both are plain values with ordered maps and text for keys, so writing them cannot fail; if it ever did, no two
        // moments would share a fingerprint, as nothing else says that they may.
        let written =
            |value: serde_json::Result<String>| value.unwrap_or_else(|_| fastrand::u128(..).to_string());
        Fingerprinter::of("policy 1")
            .text(&written(serde_json::to_string(self)))
            .text(&written(serde_json::to_string(user)))
            .finish()
    }
}

impl TableRules {
    /// The rule of a column, by its name ignoring ASCII case.
    #[must_use]
    pub fn protection(&self, column: &str) -> Option<&ColumnRule> {
        self.protect.iter().find(|(name, _)| name.eq_ignore_ascii_case(column)).map(|(_, rule)| rule)
    }

    /// Whether a column is there at all.
    #[must_use]
    pub fn has_column(&self, column: &str) -> bool {
        let is_it = |name: &String| name.eq_ignore_ascii_case(column);
        self.columns.as_ref().is_none_or(|columns| columns.iter().any(is_it))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_version_is_read_and_a_word_it_does_not_know_is_an_error() {
        let written = r#"{"version":1,"other_tables":"allow","tables":{"t":{"readers":["hr"],"columns":["a"],"rows":[
            {"keep":"a = :a","unless":["boss"]}],"parents":"ignore","protect":{
            "a":{"action":"deny"},"b":{"action":"null"},"c":{"action":{"hash":{"salt":"s"}}},
            "d":{"action":{"aggregate":{"at_least":5}}},"e":{"action":{"partial":{"first":1,"last":2}},"unless":["x"]}}}}}"#;
        let policy: Policy = serde_json::from_str(written).unwrap();
        let rules = policy.rules("T").unwrap();
        assert_eq!(rules.parents, Parents::Ignore);
        assert_eq!(rules.protection("D").unwrap().action, Action::Aggregate { at_least: 5 });
        assert!(rules.has_column("A") && !rules.has_column("b"));
        let again: Policy = serde_json::from_str(&serde_json::to_string(&policy).unwrap()).unwrap();
        assert_eq!(again, policy);
        assert!(!format!("{policy:?}").contains("salt: \"s\""));
        let misspelt = r#"{"version":1,"tables":{"t":{"row":[]}}}"#;
        assert!(
            serde_json::from_str::<Policy>(misspelt).unwrap_err().to_string().contains("unknown field `row`")
        );
    }
}
